//! Values as text: written once, and shared from then on.
//!
//! What the host keeps of a value is its canonical text and nothing else. It is what governors are shown, what receipts
//! commit to, and what tells two values apart; the value itself is parsed again only for people and for the few who
//! look into it.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::{fmt, marker::PhantomData};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use syndic_ledger::canonical;

/// A JSON value as its canonical text (RFC 8785): equal values have equal texts. A copy costs a reference count. Where
/// it is kept, it is a plain string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
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

/// How many bytes something has as compact JSON, without keeping one of them.
pub(crate) fn json_bytes(of: &impl Serialize) -> usize {
    struct Count(usize);

    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    serde_json::to_writer(&mut count, of).map_or(usize::MAX, |()| count.0)
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
        assert_eq!(json_bytes(&value), value.to_string().len());
    }
}
