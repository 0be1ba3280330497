//! Order: which members of a value are read first, and what it comes to in one line.

use serde_json::{Map, Value};

use super::members;
use super::words::{Sum, money, sum, told, word};

/// What a thing is called, read first.
const NAMES: [&str; 4] = ["id", "number", "name", "sku"];

/// Where it stands, read next.
const STATES: [&str; 2] = ["status", "state"];

/// How an invoice adds up: what is asked, and what became of it.
const SUMS: [&str; 7] = ["net", "gross", "tax", "paid", "credited", "written_off", "open"];

/// One member of an object, and how it is shown.
pub(super) struct Member<'a> {
    pub(super) name: String,
    pub(super) shown: Shown<'a>,
}

/// How a member is shown.
pub(super) enum Shown<'a> {
    Word(String),
    Money(Sum),
    Opened(&'a Value),
}

/// An object's members in the order in which they are read: names, states, other words, times as they passed, money, and
/// last what has to be opened up.
pub(super) fn in_order(object: &Map<String, Value>) -> Vec<Member<'_>> {
    let mut all: Vec<Member> = object.iter().map(|(name, value)| Member::of(name, value)).collect();
    all.extend(owed(object).map(|open| Member { name: "open".into(), shown: Shown::Money(open) }));
    all.sort_by_cached_key(Member::rank);
    all
}

impl<'a> Member<'a> {
    fn of(name: &str, value: &'a Value) -> Self {
        let shown = match (money(value), word(value)) {
            (Some(sum), _) => Shown::Money(sum),
            (None, Some(word)) => Shown::Word(word),
            (None, None) => Shown::Opened(value),
        };
        Self { name: super::words::shown(name), shown }
    }

    /// Where it is read: among what, and which of those.
    fn rank(&self) -> (Kind, usize, String) {
        let place = |names: &[&str]| names.iter().position(|name| *name == self.name);
        match &self.shown {
            Shown::Word(word) => match (place(&NAMES), place(&STATES)) {
                (Some(at), _) => (Kind::Name, at, String::new()),
                (_, Some(at)) => (Kind::State, at, String::new()),
                _ if is_time(word) => (Kind::Time, 0, word.clone()),
                _ => (Kind::Word, 0, String::new()),
            },
            Shown::Money(_) => (Kind::Money, place(&SUMS).unwrap_or(SUMS.len()), String::new()),
            Shown::Opened(_) => (Kind::Opened, 0, String::new()),
        }
    }
}

/// What a member is, in the order in which documents have them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Name,
    State,
    Word,
    Time,
    Money,
    Opened,
}

/// The same in one line, where there may be no room for the last.
const SUMMARY: [Kind; 6] = [Kind::State, Kind::Money, Kind::Name, Kind::Word, Kind::Opened, Kind::Time];

/// `2026-01-02T03:04:05Z`, and whatever else begins as a time does.
fn is_time(word: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        _ => byte.is_ascii_digit(),
    };
    word.len() >= 20 && word.bytes().enumerate().take(13).all(shape)
}

/// What is still owed of something that is paid, credited and written off: nobody stores a difference.
fn owed(object: &Map<String, Value>) -> Option<Sum> {
    let of = |name: &str| {
        let value = object.get(name).filter(|value| money(value).is_some())?;
        Some((value["minor_units"].as_i64()?, value["currency"].as_str()?))
    };
    let (gross, currency) = of("gross")?;
    let mut open = gross;
    for name in ["paid", "credited", "written_off"] {
        let (part, same) = of(name)?;
        open = open.checked_sub(part).filter(|_| same == currency)?;
    }
    (!object.contains_key("open")).then(|| sum(open, currency))
}

/// What a value comes to, in one line of any length: where it stands and what is owed first, and nothing that is none,
/// zero or a hash.
pub(super) fn summary(value: &Value) -> String {
    if let Some(word) = word(value) {
        return word;
    }
    match (value, members(value)) {
        (Value::Array(items), _) => items.iter().map(summary).collect::<Vec<_>>().join("; "),
        (_, Some(object)) => {
            let mut members = in_order(object);
            let place = |member: &Member| SUMMARY.iter().position(|kind| *kind == member.rank().0);
            members.sort_by_key(|member| (place(member), member.name != "open"));
            let parts: Vec<String> = members.iter().filter_map(part).collect();
            if parts.is_empty() { "nothing set".into() } else { parts.join(", ") }
        }
        _ => String::new(),
    }
}

/// A member in a summary; an id is what the fact is called already.
fn part(member: &Member) -> Option<String> {
    let name = &member.name;
    match &member.shown {
        Shown::Word(word) if STATES.contains(&name.as_str()) => Some(word.clone()),
        Shown::Word(word) if name == "id" || word == "none" || word == "false" || word.ends_with('…') => None,
        Shown::Word(word) if word == "true" => Some(name.clone()),
        Shown::Word(word) => Some(format!("{name} {word}")),
        Shown::Money(sum) if sum.is_zero => None,
        Shown::Money(sum) => Some(format!("{name} {}", told(sum))),
        Shown::Opened(Value::Array(items)) => Some(format!("{name} ({})", items.len())),
        Shown::Opened(value) => Some(format!("{name} ({})", summary(value))),
    }
}
