//! Data: the variables of a case, and the domains over which guards are checked.
//!
//! A type here is a promise about values, so that guards can be judged before any case runs: an enumeration names all
//! its words, a number its range. Text and money have no such end; guards over them are judged at run time.

use std::fmt;

/// A variable of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// As guards name it.
    pub name: String,
    /// What it may hold.
    pub kind: Type,
}

/// What a variable may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// One of these words.
    Enum(Vec<String>),
    /// A whole number, both ends included.
    Range {
        /// The least; where a counter begins.
        low: i64,
        /// The greatest.
        high: i64,
    },
    /// Any text.
    Text,
    /// Minor units of the case's currency.
    Money,
}

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Of [`Type::Bool`].
    Bool(bool),
    /// Of [`Type::Range`] and [`Type::Money`].
    Number(i64),
    /// Of [`Type::Enum`] and [`Type::Text`].
    Text(String),
}

impl Type {
    /// Whether a variable of this type may hold this.
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool, Value::Bool(_)) | (Self::Text, Value::Text(_)) | (Self::Money, Value::Number(_)) => true,
            (Self::Enum(words), Value::Text(word)) => words.contains(word),
            (Self::Range { low, high }, Value::Number(number)) => (low..=high).contains(&number),
            _ => false,
        }
    }

    /// How many values there are; `None` where there is no end of them.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Bool => Some(2),
            Self::Enum(words) => Some(words.len() as u64),
            Self::Range { low, high } => Some(high.abs_diff(*low).saturating_add(1)),
            Self::Text | Self::Money => None,
        }
    }

    /// The value at this index, below [`Type::size`].
    pub(crate) fn nth(&self, index: u64) -> Option<Value> {
        match self {
            Self::Bool => Some(Value::Bool(index == 1)),
            Self::Enum(words) => words.get(usize::try_from(index).ok()?).cloned().map(Value::Text),
            Self::Range { low, .. } => low.checked_add_unsigned(index).map(Value::Number),
            Self::Text | Self::Money => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => out.write_str("bool"),
            Self::Enum(words) => write!(out, "one of {}", words.join(", ")),
            Self::Range { low, high } => write!(out, "{low}..={high}"),
            Self::Text => out.write_str("text"),
            Self::Money => out.write_str("money"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => write!(out, "{flag}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => write!(out, "{text:?}"),
        }
    }
}
