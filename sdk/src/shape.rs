//! What of a JSON text is read. The rest is skipped where it stands.
//!
//! A sender may put anything into an event's data beside what its kind knows, tens of KiB of it, and every governor
//! the event goes to would pay for a tree of all that out of its fuel. So each type that can be in an event says, as
//! data, which members it reads, and one parser for all of them builds nothing else. What a skipped member holds is
//! never looked at: no more is asked of it than that it is JSON.
//!
//! Not here: whether what was read is right. That is `fields`, which can name the field.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What of a value is read. An object or array where none belongs is read as an empty one: enough to refuse it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A string, a number, or true or false.
    Scalar,
    /// The members of these names, each by its own shape.
    Object(&'static [(&'static str, &'static Shape)]),
    /// Every member, whatever its name.
    Map(&'static Shape),
    /// Every item.
    List(&'static Shape),
    /// All of it.
    Any,
}

impl Shape {
    /// Reads a text: the one parser of all that arrives in an event.
    #[inline(never)]
    pub(crate) fn read(&'static self, text: &str) -> serde_json::Result<Value> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut json)?;
        json.end().map(|()| value)
    }

    fn of_member(&self, name: &str) -> Option<&'static Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape),
            Self::Map(shape) => Some(shape),
            Self::Any => Some(&Self::Any),
            Self::Scalar | Self::List(_) => None,
        }
    }

    fn of_item(&self) -> Option<&'static Self> {
        match self {
            Self::List(shape) => Some(shape),
            Self::Any => Some(&Self::Any),
            Self::Scalar | Self::Object(_) | Self::Map(_) => None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for &'static Shape {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &'static Shape {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.deserialize(from)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match self.of_item() {
            Some(shape) => {
                while let Some(item) = from.next_element_seed(shape)? {
                    items.push(item);
                }
            }
            None => while from.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(member) = from.next_key_seed(Name(self))? {
            match member {
                Some((name, shape)) => {
                    members.insert(name, from.next_value_seed(shape)?);
                }
                None => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(members))
    }
}

/// A member's name, kept only where the member is.
struct Name(&'static Shape);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<(String, &'static Shape)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<(String, &'static Shape)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.of_member(name).map(|shape| (name.to_owned(), shape)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: Shape = Shape::Object(&[("kept", &Shape::Scalar)]);
    const OUTER: Shape = Shape::Object(&[
        ("word", &Shape::Scalar),
        ("inner", &INNER),
        ("map", &Shape::Map(&INNER)),
        ("list", &Shape::List(&INNER)),
        ("any", &Shape::Any),
    ]);

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(OUTER.read(text).expect("this is JSON").to_string(), expected);
    }

    #[test]
    fn nothing_but_the_members_a_shape_names_is_built_at_any_depth() {
        check(r#"{"word":"w","other":{"word":[1,{"a":null}]}}"#, r#"{"word":"w"}"#);
        check(r#"{"inner":{"kept":1,"word":2,"inner":{"kept":3}}}"#, r#"{"inner":{"kept":1}}"#);
        check(r#"{"map":{"a":{"kept":true,"b":[]},"c":{"d":0}}}"#, r#"{"map":{"a":{"kept":true},"c":{}}}"#);
        check(r#"{"list":[{"kept":-1.5,"b":{}},{"d":0},null]}"#, r#"{"list":[{"kept":-1.5},{},null]}"#);
        check(r#"{"any":[{"a":{"b":[1,null]}}]}"#, r#"{"any":[{"a":{"b":[1,null]}}]}"#);
    }

    #[test]
    fn what_does_not_belong_is_read_as_far_as_refusing_it_takes() {
        check(r#"{"word":{"kept":1},"inner":[1,2],"map":[3],"list":{"kept":4}}"#, {
            r#"{"inner":[],"list":{},"map":[],"word":{}}"#
        });
    }

    #[test]
    fn of_two_members_of_one_name_the_last_counts_and_an_escaped_name_is_the_same() {
        check(r#"{"word":1,"wor\u0064":2}"#, r#"{"word":2}"#);
    }

    #[test]
    fn a_skipped_member_has_to_be_json_and_nothing_may_follow_the_text() {
        for text in [r#"{"other":[1,}"#, r#"{"other":tru}"#, r#"{"other":1"#, "{} {}", "{", ""] {
            assert!(OUTER.read(text).is_err(), "`{text}` is not JSON");
        }
    }
}
