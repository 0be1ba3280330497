//! Values of keys, and where each came from.

use std::fmt;
use std::path::PathBuf;

use toml::de::DeValue;

use crate::settings::keys::Kind;

/// A value, of the kind its key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Texts(Vec<String>),
    Count(u64),
}

/// As it would be typed in a file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Self::Texts(texts) => {
                let texts: Vec<String> =
                    texts.iter().map(|text| toml::Value::from(text.as_str()).to_string()).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl Value {
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Texts(texts) => texts.as_slice().into(),
            Self::Count(count) => (*count).into(),
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a file.
    File(PathBuf, usize),
    /// An environment variable.
    Env(String),
    /// A flag, as it is typed.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Env(name) => write!(f, "${name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A value that was typed as a word, in a flag or the environment.
///
/// # Errors
/// What was expected.
pub(crate) fn of_word(word: &str, kind: Kind) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::Path | Kind::Choice(_) => held(Value::Text(word.to_owned()), kind),
        Kind::Texts => {
            let words = word.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Texts(words.map(str::to_owned).collect()))
        }
        Kind::Count(..) => {
            let digits = word.trim().replace('_', "");
            let count = digits.parse().map_err(|_| format!("`{word}` is no whole number"))?;
            held(Value::Count(count), kind)
        }
    }
}

/// A value that stands in a file.
///
/// # Errors
/// What was expected, and what was found.
pub(crate) fn of_toml(found: &DeValue<'_>, kind: Kind) -> Result<Value, String> {
    let other = || Err(format!("{} is expected, not {}", in_a_file(kind), found.type_str()));
    match (kind, found) {
        (Kind::Text | Kind::Path | Kind::Choice(_), DeValue::String(text)) => {
            held(Value::Text(text.clone().into_owned()), kind)
        }
        (Kind::Texts, DeValue::String(text)) => Ok(Value::Texts(vec![text.clone().into_owned()])),
        (Kind::Texts, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| text_of(item.get_ref()));
            texts.collect::<Option<Vec<_>>>().map(Value::Texts).map_or_else(other, Ok)
        }
        (Kind::Count(..), DeValue::Integer(number)) => {
            let count = u64::from_str_radix(number.as_str(), number.radix());
            let count = count.map_err(|_| format!("`{}` is no whole number that fits", number.as_str()))?;
            held(Value::Count(count), kind)
        }
        _ => other(),
    }
}

/// A text in a list. TOML has days of its own, and whoever writes one without quotes means the same.
fn text_of(item: &DeValue<'_>) -> Option<String> {
    match item {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Datetime(day) => Some(day.to_string()),
        _ => None,
    }
}

fn in_a_file(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Path | Kind::Choice(_) => "a string",
        Kind::Texts => "a list of strings",
        Kind::Count(..) => "an integer",
    }
}

/// The value, if it is one that its kind allows.
fn held(value: Value, kind: Kind) -> Result<Value, String> {
    match (&value, kind) {
        (Value::Text(word), Kind::Choice(words)) if !words.contains(&word.as_str()) => {
            let near = nearest(word, words.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            Err(format!("`{word}` is not one of {}{}", words.join(", "), near.unwrap_or_default()))
        }
        (Value::Count(count), Kind::Count(unit, least, most)) if !(least..=most).contains(count) => {
            Err(format!("{count} is not within {least} to {most} {unit}"))
        }
        _ => Ok(value),
    }
}

/// What was probably meant: of these words the one that is nearest, if any is near.
pub(crate) fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let word = word.to_lowercase();
    let far = |it: &str| {
        let begun = word.len() > 2 && it.starts_with(&word);
        if begun { 1 } else { strsim::damerau_levenshtein(&word, it) }
    };
    let near = words.map(|it| (far(it), it)).min_by_key(|(far, _)| *far);
    near.filter(|(far, it)| *far <= 1 + it.len() / 4).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_told_where_it_is_near() {
        let words = ["coordination_ms", "feedback_ms", "effect_ms"];
        for (word, meant) in [
            ("cordination_ms", Some("coordination_ms")),
            ("feed", Some("feedback_ms")),
            ("efect_ms", Some("effect_ms")),
            ("Effect_ms", Some("effect_ms")),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, words.into_iter()), meant, "{word}");
        }
    }

    #[test]
    fn a_word_is_read_as_its_kind_asks() {
        let ms = Kind::Count("milliseconds", 1, 1_000);
        assert_eq!(of_word("1_000", ms), Ok(Value::Count(1_000)));
        assert_eq!(of_word("1001", ms), Err("1001 is not within 1 to 1000 milliseconds".into()));
        assert_eq!(of_word("soon", ms), Err("`soon` is no whole number".into()));
        assert_eq!(of_word("a, b,", Kind::Texts), Ok(Value::Texts(vec!["a".into(), "b".into()])));
        assert_eq!(
            of_word("jsn", Kind::Choice(&["pretty", "json"])),
            Err("`jsn` is not one of pretty, json; did you mean `json`?".into())
        );
    }
}
