//! Reads an event's data field by field.
//!
//! A derived reader per event kind made the smallest governor 100 KiB larger, because every governor can be handed
//! every kind. Here the data is parsed once, by one parser that builds what the kind knows and skips the rest (`shape`),
//! and each field is looked up and checked by code that all kinds share; the error names the field for free.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::shape::Shape;

/// Why data does not have its kind's shape: where, and what belongs there.
#[derive(Debug)]
pub(crate) struct Broken {
    path: String,
    expected: &'static str,
}

/// A value that a field can hold.
pub(crate) trait FromJson: Sized {
    /// What of its JSON the type reads.
    const SHAPE: &'static Shape = &Shape::Scalar;

    /// The value of an optional field that is absent; none where a field of this type is required.
    fn absent() -> Option<Self> {
        None
    }

    /// The value, or what belongs there instead.
    fn from_json(value: Value) -> Result<Self, Broken>;
}

/// The members of an object, each of which can be taken once.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn of(value: Value) -> Result<Self, Broken> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Broken::expected("an object")),
        }
    }

    /// A field's value; where it is absent the default, and without one whatever its type says.
    pub(crate) fn take<T: FromJson>(&mut self, name: &str, default: Option<T>) -> Result<T, Broken> {
        match self.0.get_mut(name) {
            Some(value) => T::from_json(value.take()).map_err(|broken| broken.under(name)),
            None => default.or_else(T::absent).ok_or_else(|| Broken::expected("present").under(name)),
        }
    }
}

impl Broken {
    pub(crate) fn expected(expected: &'static str) -> Self {
        Self { path: String::new(), expected }
    }

    fn under(mut self, name: &str) -> Self {
        if !self.path.is_empty() {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, name);
        self
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the data has to be {}", self.expected),
            path => write!(f, "`{path}` has to be {}", self.expected),
        }
    }
}

impl FromJson for Value {
    const SHAPE: &'static Shape = &Shape::Any;

    fn from_json(value: Value) -> Result<Self, Broken> {
        Ok(value)
    }
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, Broken> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Broken::expected("a string")),
        }
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, Broken> {
        value.as_bool().ok_or_else(|| Broken::expected("true or false"))
    }
}

impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, Broken> {
        value.as_i64().ok_or_else(|| Broken::expected("an integer"))
    }
}

impl FromJson for u32 {
    fn from_json(value: Value) -> Result<Self, Broken> {
        let number = value.as_u64().and_then(|number| Self::try_from(number).ok());
        number.ok_or_else(|| Broken::expected("an integer from 0 to 4294967295"))
    }
}

impl FromJson for u8 {
    fn from_json(value: Value) -> Result<Self, Broken> {
        let number = value.as_u64().and_then(|number| Self::try_from(number).ok());
        number.ok_or_else(|| Broken::expected("an integer from 0 to 255"))
    }
}

/// An optional field may be absent, or null.
impl<T: FromJson> FromJson for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn from_json(value: Value) -> Result<Self, Broken> {
        match value {
            Value::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }
}

// Loops, where `collect` would read better: it brings a sort and an adapter for every type, several KiB each.

impl<T: FromJson> FromJson for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn from_json(value: Value) -> Result<Self, Broken> {
        let Value::Array(items) = value else { return Err(Broken::expected("an array")) };
        let mut list = Self::new();
        for item in items {
            list.push(T::from_json(item)?);
        }
        Ok(list)
    }
}

impl<K: FromStr + Ord, V: FromJson> FromJson for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(V::SHAPE);

    fn from_json(value: Value) -> Result<Self, Broken> {
        let Value::Object(members) = value else { return Err(Broken::expected("an object")) };
        let mut map = Self::new();
        for (name, value) in members {
            let Ok(key) = name.parse() else {
                return Err(Broken::expected("absent: nothing has that name").under(&name));
            };
            map.insert(key, V::from_json(value).map_err(|broken| broken.under(&name))?);
        }
        Ok(map)
    }
}

/// Types that are one word in JSON: `FromJson` out of `FromStr`.
macro_rules! from_word {
    ($($name:ty: $expected:expr),* $(,)?) => {
        $(impl $crate::fields::FromJson for $name {
            fn from_json(value: serde_json::Value) -> Result<Self, $crate::fields::Broken> {
                let word = value.as_str().and_then(|word| word.parse().ok());
                word.ok_or_else(|| $crate::fields::Broken::expected($expected))
            }
        })*
    };
}
pub(crate) use from_word;

from_word! {
    crate::Currency: "three upper-case letters",
    crate::Time: "an RFC 3339 time",
}

impl FromJson for crate::Money {
    const SHAPE: &'static Shape = &Shape::Object(&[("minor_units", i64::SHAPE), ("currency", crate::Currency::SHAPE)]);

    fn from_json(value: Value) -> Result<Self, Broken> {
        let mut fields = Fields::of(value)?;
        Ok(Self { minor_units: fields.take("minor_units", None)?, currency: fields.take("currency", None)? })
    }
}
