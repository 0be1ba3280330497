//! Strict JSON: what may cross the door.
//!
//! Every number is an integer within ±(2^53 − 1), written without fraction or exponent, because some guest languages
//! and some producers silently round others. No object names a member twice, because two readers would then see two
//! events. Lone surrogates are refused by the parser itself.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

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
        }
        assert!(strict(b"\"\xff\"").is_err());
        assert!(strict("[".repeat(100_000).as_bytes()).is_err());
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(strict(nested(DEPTH_MAX + 1).as_bytes()).is_ok());
        assert!(strict(nested(DEPTH_MAX + 2).as_bytes()).is_err());
    }
}
