//! Strict JSON: what may cross the door.
//!
//! Every number is an integer within ±(2^53 − 1), written without fraction or exponent, because some guest languages
//! and some producers silently round others. No object names a member twice, because two readers would then see two
//! events. Lone surrogates are refused by the parser itself.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::map::Entry;
use serde_json::{Map, Value};
use syndic_ledger::{canonical, try_canonical};

/// The largest integer every guest language holds exactly: 2^53 − 1.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// How deep values may nest. What comes in is kept inside records of ours, a few levels deeper, and has to be readable
/// there; parsers stop at 128.
pub const DEPTH_MAX: usize = 64;

/// Reads one JSON text under the rules of this module.
///
/// # Errors
/// A sentence with line and column where the text is not JSON or breaks a rule.
pub fn strict(text: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

/// Reads one JSON text under the rules of this module, and writes it canonically as it goes, without making a value of
/// it in between.
///
/// # Errors
/// As [`strict`].
pub fn strict_canonical(text: &str) -> Result<String, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let passing = Passing { from: Cell::new(Some(&mut reader)), depth: 0 };
    match try_canonical(&passing) {
        Ok(canonical) if reader.end().is_ok() => Ok(canonical),
        // Read again for the sentence.
        _ => strict(text.as_bytes()).map(|value| canonical(&value)),
    }
}

/// Holds a value that is already parsed to the same rules.
///
/// # Errors
/// A sentence that names the rule.
pub fn check(value: &Value) -> Result<(), String> {
    if keeps_the_rules(value, 0) {
        return Ok(());
    }
    // Read as if it came in, so that the sentence is the same.
    strict(value.to_string().as_bytes()).map(|_| ())
}

fn keeps_the_rules(value: &Value, depth: usize) -> bool {
    depth <= DEPTH_MAX
        && match value {
            Value::Null | Value::Bool(_) | Value::String(_) => true,
            Value::Number(number) => number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_SAFE_INTEGER as u64),
            Value::Array(items) => items.iter().all(|item| keeps_the_rules(item, depth + 1)),
            Value::Object(members) => members.values().all(|member| keeps_the_rules(member, depth + 1)),
        }
}

/// One value, so many levels deep.
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format!("a value is nested more than {DEPTH_MAX} levels deep")));
        }
        deserializer.deserialize_any(StrictVisitor { inside: self.depth + 1 })
    }
}

struct StrictVisitor {
    /// The depth of what is inside.
    inside: usize,
}

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value < -MAX_SAFE_INTEGER {
            return Err(E::custom(format!("the number {value} is below −(2^53 − 1)")));
        }
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) if value <= MAX_SAFE_INTEGER => Ok(value.into()),
            _ => Err(E::custom(format!("the number {value} is above 2^53 − 1"))),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number is not an integer within ±(2^53 − 1) written without fraction or exponent"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict { depth: self.inside })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            match members.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(map.next_value_seed(Strict { depth: self.inside })?);
                }
                Entry::Occupied(twice) => {
                    return Err(A::Error::custom(format!("the member `{}` appears twice", twice.key())));
                }
            }
        }
        Ok(Value::Object(members))
    }
}

/// A value on its way from a reader to a writer, so many levels deep. It is passed on once.
struct Passing<D> {
    from: Cell<Option<D>>,
    depth: usize,
}

impl<'de, D: Deserializer<'de>> Serialize for Passing<D> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let from = self.from.take().filter(|_| self.depth <= DEPTH_MAX);
        let from = from.ok_or_else(|| S::Error::custom("a value is nested too deep, or passed on twice"))?;
        from.deserialize_any(Through { to, inside: self.depth + 1 }).map_err(S::Error::custom)
    }
}

/// What is read is written, where it keeps the rules.
struct Through<S> {
    to: S,
    /// The depth of what is inside.
    inside: usize,
}

impl<'de, S: Serializer> Visitor<'de> for Through<S> {
    type Value = S::Ok;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<S::Ok, E> {
        self.to.serialize_unit().map_err(E::custom)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<S::Ok, E> {
        self.to.serialize_bool(value).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<S::Ok, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() {
            return Err(E::custom("a number is too large"));
        }
        self.to.serialize_i64(value).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<S::Ok, E> {
        self.visit_i64(i64::try_from(value).map_err(E::custom)?)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<S::Ok, E> {
        self.to.serialize_str(value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<S::Ok, A::Error> {
        let mut to = self.to.serialize_seq(None).map_err(A::Error::custom)?;
        while from.next_element_seed(Item { to: &mut to, depth: self.inside })?.is_some() {}
        to.end().map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<S::Ok, A::Error> {
        let mut to = self.to.serialize_map(None).map_err(A::Error::custom)?;
        while from.next_key_seed(Name { to: &mut to })?.is_some() {
            from.next_value_seed(Member { to: &mut to, depth: self.inside })?;
        }
        to.end().map_err(A::Error::custom)
    }
}

/// An item of an array that is passed on.
struct Item<'a, S> {
    to: &'a mut S,
    depth: usize,
}

impl<'de, S: SerializeSeq> DeserializeSeed<'de> for Item<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let passing = Passing { from: Cell::new(Some(from)), depth: self.depth };
        self.to.serialize_element(&passing).map_err(D::Error::custom)
    }
}

/// A member's name that is passed on. That none appears twice is the writer's to see.
struct Name<'a, S> {
    to: &'a mut S,
}

impl<'de, S: SerializeMap> DeserializeSeed<'de> for Name<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl<S: SerializeMap> Visitor<'_> for Name<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        self.to.serialize_key(name).map_err(E::custom)
    }
}

/// A member's value that is passed on.
struct Member<'a, S> {
    to: &'a mut S,
    depth: usize,
}

impl<'de, S: SerializeMap> DeserializeSeed<'de> for Member<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let passing = Passing { from: Cell::new(Some(from)), depth: self.depth };
        self.to.serialize_value(&passing).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_within_2_to_the_53_pass_exactly() {
        let text = br#"{"a":[9007199254740991,-9007199254740991,0],"b":{"c":null,"d":true}}"#;
        assert_eq!(serde_json::to_vec(&strict(text).unwrap()).unwrap(), text);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for text in [
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551616",
            "1.0",
            "1e3",
            "-0",
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#""\ud800""#,
            r#"{"a":1} x"#,
            "",
            "{",
        ] {
            assert!(strict(text.as_bytes()).is_err(), "{text}");
            assert_eq!(strict_canonical(text), strict(text.as_bytes()).map(|_| String::new()), "{text}");
        }
        assert!(strict(b"\"\xff\"").is_err());
        assert!(strict("[".repeat(100_000).as_bytes()).is_err());
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(strict(nested(DEPTH_MAX + 1).as_bytes()).is_ok());
        assert!(strict(nested(DEPTH_MAX + 2).as_bytes()).is_err());
        assert!(strict_canonical(&nested(DEPTH_MAX + 1)).is_ok());
        assert!(strict_canonical(&nested(DEPTH_MAX + 2)).is_err());
    }

    #[test]
    fn what_is_written_as_it_is_read_is_what_would_be_written_of_the_value() {
        for text in [
            " {\"b\" : [1, -9007199254740991, {\"z\":\"\\u0041\\n\",\"a\":null} ], \"a\":true, \"\\u0061a\":{} } ",
            r#"{"€":1,"\r":2,"\ufb33":3,"1":4,"😀":5,"ö":7,"\ud83d\ude00a":[]}"#,
            "\"é\"",
            "0",
            "[]",
        ] {
            let value = strict(text.as_bytes()).unwrap();
            assert_eq!(strict_canonical(text).unwrap(), canonical(&value), "{text}");
        }
    }
}
