//! Words: what fits on a line without being opened up.
//!
//! Money is written as people write it. Text comes from outside, and none of it may move the cursor.

use serde_json::Value;

use crate::plain::plain;

/// Hex digits in a row that nobody reads to the end; an event's id or a sequence never has as many.
const HASH_MIN: usize = 32;

/// How many of them tell one hash from another.
const HASH_SHOWN: usize = 8;

/// A sum of money: its amount in the currency's own units, and the currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) is_zero: bool,
}

/// The value in a word, a list of words at most; none where it has to be opened up.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("none".into()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(shown(text)),
        Value::Array(items) if items.is_empty() => Some("none".into()),
        Value::Array(items) => {
            let words: Option<Vec<String>> = items.iter().map(scalar).collect();
            Some(words?.join(", "))
        }
        Value::Object(members) if members.is_empty() => Some("none".into()),
        Value::Object(_) => rate(value).or_else(|| purse(value)).or_else(|| Some(told(&money(value)?))),
    }
}

fn scalar(value: &Value) -> Option<String> {
    if value.is_array() { None } else { word(value) }
}

/// `{minor_units, currency}` and nothing else.
pub(super) fn money(value: &Value) -> Option<Sum> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    Some(sum(members.get("minor_units")?.as_i64()?, currency(members.get("currency")?.as_str()?)?))
}

/// Money for so many of something: `{minor_units, currency, per}`.
fn rate(value: &Value) -> Option<String> {
    let members = value.as_object().filter(|members| members.len() == 3)?;
    let price = sum(members.get("minor_units")?.as_i64()?, currency(members.get("currency")?.as_str()?)?);
    Some(format!("{} per {}", told(&price), members.get("per")?.as_i64()?))
}

/// Money of several currencies: `{"USD": 2999, "EUR": 0}`.
fn purse(value: &Value) -> Option<String> {
    let sums = value.as_object()?.iter().map(|(name, units)| Some(told(&sum(units.as_i64()?, currency(name)?))));
    Some(sums.collect::<Option<Vec<String>>>()?.join(", "))
}

pub(super) fn sum(minor_units: i64, currency: &str) -> Sum {
    let places = exponent(currency);
    let digits = format!("{:0>width$}", minor_units.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let sign = if minor_units < 0 { "-" } else { "" };
    let point = if places == 0 { "" } else { "." };
    Sum { amount: format!("{sign}{whole}{point}{part}"), currency: currency.to_owned(), is_zero: minor_units == 0 }
}

pub(super) fn told(sum: &Sum) -> String {
    format!("{} {}", sum.amount, sum.currency)
}

fn currency(code: &str) -> Option<&str> {
    (code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
}

/// How many decimal places a person writes (ISO 4217).
fn exponent(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Text as it is shown: clean, and without the ends of hashes.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let hash = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let run = if hash >= HASH_MIN { hash } else { hash + next_char(rest, hash) };
        match hash >= HASH_MIN {
            true => shown.extend([&rest[..HASH_SHOWN], "…"]),
            false => shown.push_str(&plain(&rest[..run])),
        }
        rest = &rest[run..];
    }
    shown
}

fn next_char(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// How many columns a text takes, for the scripts that facts are written in.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Text in at most so many columns.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let begins: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", begins.trim_end())
}

/// Text in lines of at most so many columns, broken between words where there is a word to break at.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let fits = lines.last().is_none_or(|line| line.is_empty() || width(line) + 1 + word.len() <= most);
        if !fits {
            lines.push(String::new());
        }
        while let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            let room = most.saturating_sub(width(line)).max(1).min(word.len());
            line.extend(word.drain(..room));
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_is_written_with_its_currencys_places() {
        for (minor_units, currency, expected) in [
            (2_999, "USD", "29.99 USD"),
            (5, "EUR", "0.05 EUR"),
            (-5, "EUR", "-0.05 EUR"),
            (2_999, "JPY", "2999 JPY"),
            (0, "JPY", "0 JPY"),
            (2_999, "KWD", "2.999 KWD"),
            (i64::MIN, "KWD", "-9223372036854775.808 KWD"),
        ] {
            assert_eq!(word(&json!({"minor_units": minor_units, "currency": currency})).as_deref(), Some(expected));
        }
        assert_eq!(word(&json!({"USD": 2_999, "JPY": 5})).as_deref(), Some("5 JPY, 29.99 USD"));
        let rate = json!({"minor_units": 1, "currency": "USD", "per": 1_000});
        assert_eq!(word(&rate).as_deref(), Some("0.01 USD per 1000"));
    }

    #[test]
    fn what_only_looks_like_money_is_opened_up() {
        for value in [
            json!({"minor_units": 1, "currency": "dollars"}),
            json!({"minor_units": "1", "currency": "USD"}),
            json!({"minor_units": 1, "currency": "USD", "note": "x"}),
            json!({"USD": "a lot"}),
            json!({"usd": 1}),
        ] {
            assert_eq!(word(&value), None, "{value}");
        }
    }

    #[test]
    fn a_hash_is_shortened_wherever_it_stands() {
        let hash = "e4bf2a3e40dc84608e72e5c00592fd27b9375d301da079aadb8ccf0b4aa35831";
        assert_eq!(shown(hash), "e4bf2a3e…");
        assert_eq!(shown(&format!("billing.capture.{hash}")), "billing.capture.e4bf2a3e…");
        assert_eq!(shown(&format!("é{hash} {hash}é")), "ée4bf2a3e… e4bf2a3e…é");
        assert_eq!(shown("cafe 1/billing/e:capture"), "cafe 1/billing/e:capture");
    }

    #[test]
    fn no_text_moves_the_cursor() {
        assert_eq!(shown("a\u{1b}[2Jb\r\nc\u{202e}d"), "a\\u{1b}[2Jb\\r\\nc\\u{202e}d");
    }

    #[test]
    fn lines_break_between_words_or_where_they_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
