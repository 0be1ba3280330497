//! Fields: one table of a net file, read key by key.
//!
//! Reading never stops at a mistake: it notes it and goes on, so that a file is put right in one go. Where each key
//! stands is noted too, for what only turns out later, when the whole net is there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Mistake, TOLD_MAX};
use crate::words::{list, nearest};

/// The text, and what was found in it.
pub(super) struct Source<'s> {
    pub text: &'s str,
    /// Where, what, and what to do.
    mistakes: RefCell<Vec<(usize, String, String)>>,
    places: RefCell<BTreeMap<String, usize>>,
}

impl<'s> Source<'s> {
    pub fn new(text: &'s str) -> Self {
        Self { text, mistakes: RefCell::default(), places: RefCell::default() }
    }

    pub fn mistake(&self, at: usize, what: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.borrow_mut().push((at, what.into(), hint.into()));
    }

    /// Notes a mistake under a path: where the path stands, or else the longest part of it that stands anywhere.
    pub fn mistake_under(&self, path: &str, what: String, hint: String) {
        let mut part = path;
        let at = loop {
            if let Some(at) = self.places.borrow().get(part) {
                break *at;
            }
            match part.rsplit_once('.') {
                Some((shorter, _)) => part = shorter,
                None => break 0,
            }
        };
        self.mistake(at, what, hint);
    }

    pub fn stands(&self, path: String, at: usize) {
        self.places.borrow_mut().insert(path, at);
    }

    /// The mistakes, in the order of the text; of very many, the first.
    pub fn mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(at, ..)| *at);
        mistakes.truncate(TOLD_MAX);
        mistakes.into_iter().map(|(at, what, hint)| Mistake::at(self.text, at, what, hint)).collect()
    }
}

/// One key of a table.
#[derive(Clone, Copy)]
pub(super) struct Field<'t> {
    pub key: &'t str,
    pub value: &'t Spanned<DeValue<'t>>,
}

/// One table of the file.
pub(super) struct Fields<'t> {
    pub source: &'t Source<'t>,
    pub path: String,
    pub at: usize,
    table: &'t DeTable<'t>,
}

impl<'t> Fields<'t> {
    /// A table under this path, which stands here.
    pub fn new(source: &'t Source<'t>, path: String, at: usize, table: &'t DeTable<'t>) -> Self {
        source.stands(path.clone(), at);
        for (key, value) in table {
            source.stands(join(&path, key.get_ref()), key.span().start);
            let words = match value.get_ref() {
                DeValue::Array(words) => words.iter().collect(),
                _ => vec![value],
            };
            for word in words {
                let name = word.get_ref().as_str().unwrap_or_default();
                source.stands(format!("{}.{name}", join(&path, key.get_ref())), word.span().start);
            }
        }
        Self { source, path, at, table }
    }

    /// Refuses every key that is not among these.
    pub fn only(&self, known: &[&str]) {
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let hint = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", list(known).replace(" or ", " and ")),
                };
                self.source.mistake(key.span().start, format!("`{name}` is not a key here"), hint);
            }
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Every key, in the order of the text.
    pub fn all(&self) -> Vec<Field<'t>> {
        let mut all: Vec<_> = self.table.iter().map(|(key, value)| (key.span().start, key.get_ref(), value)).collect();
        all.sort_by_key(|(at, ..)| *at);
        all.into_iter().map(|(_, key, value)| Field { key, value }).collect()
    }

    pub fn mistake(&self, what: impl Into<String>, hint: impl Into<String>) {
        self.source.mistake(self.at, what, hint);
    }

    pub fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    fn other(&self, value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, hint: &str) {
        let what = format!("`{key}` is {}, and should be {wanted}", kind(value.get_ref()));
        self.source.mistake(value.span().start, what, hint);
    }

    /// A text, if the key is there.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.other(value, key, "a text", &format!("write {key} = \"…\""));
                None
            }
        }
    }

    /// A text that has to be there.
    pub fn needed(&self, key: &str, hint: &str) -> Option<String> {
        if !self.has(key) {
            self.mistake(format!("`{key}` is missing"), hint);
        }
        self.text(key)
    }

    /// A list of texts; one text alone is a list of one.
    pub fn names(&self, key: &str) -> Vec<String> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let wanted = "a name or a list of names";
        let hint = format!("write {key} = [\"…\", \"…\"]");
        match value.get_ref() {
            DeValue::String(name) => vec![name.to_string()],
            DeValue::Array(names) => {
                let name = |name: &Spanned<DeValue<'_>>| match name.get_ref().as_str() {
                    Some(name) => Some(name.to_owned()),
                    None => {
                        self.other(name, key, wanted, &hint);
                        None
                    }
                };
                names.iter().filter_map(name).collect()
            }
            _ => {
                self.other(value, key, wanted, &hint);
                Vec::new()
            }
        }
    }

    /// A whole number from 0 up.
    pub fn number(&self, key: &str) -> Option<u32> {
        let value = self.get(key)?;
        let number = whole(value.get_ref()).and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.other(value, key, "a whole number", &format!("write {key} = 3"));
        }
        number
    }

    /// A text with a meaning of its own.
    pub fn parsed<T: FromStr<Err: ToString>>(&self, key: &str, hint: &str) -> Option<T> {
        let text = self.text(key)?;
        let parsed = text.parse().map_err(|error: T::Err| {
            let at = self.get(key).map_or(self.at, |value| value.span().start);
            self.source.mistake(at, error.to_string(), hint);
        });
        parsed.ok()
    }

    /// A table below this one.
    pub fn below(&self, key: &str) -> Option<Fields<'t>> {
        let value = self.get(key)?;
        let below = self.table_of(Field { key: self.table.get_key_value(key)?.0.get_ref(), value });
        if below.is_none() {
            self.other(value, key, "a table", &format!("write [{key}], or {key} = {{ … }}"));
        }
        below
    }

    /// One key's value as a table.
    pub fn table_of(&self, field: Field<'t>) -> Option<Fields<'t>> {
        let table = field.value.get_ref().as_table()?;
        let at = self.table.get_key_value(field.key).map_or(self.at, |(key, _)| key.span().start);
        Some(Fields::new(self.source, join(&self.path, field.key), at, table))
    }
}

/// A whole number within the bounds of money.
pub(super) fn whole(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
