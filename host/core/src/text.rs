//! Values as text: written once, and shared from then on.
//!
//! What the host keeps of a value is its canonical text and nothing else. It is what governors are shown, what receipts
//! commit to, and what tells two values apart; the value itself is parsed again only for people and for the few who
//! look into it.

use std::ops::Deref;
use std::sync::Arc;
use std::{fmt, marker::PhantomData};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use syndic_ledger::canonical;

use crate::json;

/// A JSON value as its canonical text (RFC 8785): equal values have equal texts. A copy costs a reference count. Where
/// it is kept, it is a plain string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// What came from outside, as its canonical text.
    ///
    /// # Errors
    /// A sentence: it breaks a rule of [`json`].
    pub fn strict(text: &str) -> Result<Self, String> {
        json::strict_canonical(text).map(|canonical| Self(canonical.into()))
    }

    /// What is ours, as its canonical text.
    pub fn of(value: &impl Serialize) -> Self {
        Self(canonical(value).into())
    }

    /// The text of what has its canonical one by construction.
    pub(crate) fn of_canonical(text: String) -> Self {
        Self(text.into())
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        &*self.0 == "null"
    }

    /// Whether the value is an object.
    pub fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }

    /// The value as a part of another: not a string that holds it, as by itself.
    pub fn embedded(&self) -> Embedded<'_> {
        Embedded(self)
    }

    /// The value, parsed anew.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("it was written from a value")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&Value> for Text {
    fn from(value: &Value) -> Self {
        Self(canonical(value).into())
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({self})")
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_str(deserializer, |text| Ok(Self(text.into())))
    }
}

/// A text that is written as the value it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Embedded<'a>(&'a Text);

impl Serialize for Embedded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: &RawValue = serde_json::from_str(self.0).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

/// Members that are written as the values they stand for.
pub(crate) mod embedded {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
        text.embedded().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        Value::deserialize(deserializer).map(Text::from)
    }
}

/// The same for members that may be absent, which `null` stands for.
pub(crate) mod embedded_if_any {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(text: &Option<Text>, serializer: S) -> Result<S::Ok, S::Error> {
        text.as_ref().map(Text::embedded).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
        Ok(Option::<Value>::deserialize(deserializer)?.map(Text::from))
    }
}

/// Makes something of a string without owning the string in between.
pub(crate) fn read_str<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    make: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct FromStr<F, T>(F, PhantomData<T>);

    impl<F: FnOnce(&str) -> Result<T, String>, T> Visitor<'_> for FromStr<F, T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(FromStr(make, PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_the_same_for_equal_values_and_reads_back_as_kept() {
        let value = json!({"b": "é\n", "a": [1, null]});
        let text = Text::from(&value);
        assert_eq!(&*text, "{\"a\":[1,null],\"b\":\"é\\n\"}");
        assert_eq!(text.value(), value);
        let kept = serde_json::to_string(&text).unwrap();
        assert_eq!(serde_json::from_str::<Text>(&kept).unwrap(), text);
        let part = serde_json::json!({"part": text.embedded().0.value()});
        assert_eq!(
            canonical(&[("part", text.embedded())].into_iter().collect::<std::collections::BTreeMap<_, _>>()),
            part.to_string()
        );
    }
}
