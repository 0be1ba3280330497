//! One text for one value: RFC 8785, the JSON Canonicalization Scheme.
//!
//! Hashes are only worth something if everybody hashes the same bytes. The scheme orders members, drops white space
//! and fixes how strings and numbers are spelt.
//!
//! Numbers are doubles in RFC 8785: an integer beyond ±(2^53 − 1) would be written as its nearest double, and two
//! values could share one text. Such integers are turned away at the door (`core::json`), not here.
//!
//! Everything the host keeps goes through here, so it is written in one pass into one buffer: `serde_json` spells
//! strings and small integers as the scheme does, members mostly come in order, and an object is put in order only
//! where they do not. A part that has its text already (`serde_json`'s raw values) is taken as it is. What is left, numbers that are no small integers, is spelt by the RFC 8785 library, and a test
//! holds every text to that library's.

use std::cmp::Ordering;
use std::io::{self, Error, ErrorKind, Write};
use std::mem;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::hash::{Hash, sha256};

/// The canonical text of a value.
///
/// # Panics
/// Where the value has no JSON text at all: a map whose keys are not strings, or twice the same. A
/// `serde_json::Value` always has one.
pub fn canonical(value: &impl Serialize) -> String {
    try_canonical(value).expect("what is written has a JSON text")
}

/// The canonical text of what may have none.
///
/// # Errors
/// It has none: a map's keys are not strings, or twice the same, or it does not serialise.
pub fn try_canonical(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(String::from_utf8(written(Vec::with_capacity(256), value)?).expect("JSON is UTF-8"))
}

/// Adds the canonical text of a value to a text.
///
/// # Panics
/// As [`canonical`].
pub fn canonical_onto(text: &mut String, value: &impl Serialize) {
    let written = written(mem::take(text).into_bytes(), value).expect("what is written has a JSON text");
    *text = String::from_utf8(written).expect("JSON is UTF-8");
}

/// The SHA-256 of the canonical text. Not a commitment: whoever can guess the value can check the guess. For what a
/// person said or is, use [`Salt::commit`](crate::Salt::commit).
pub fn canonical_hash(value: &impl Serialize) -> Hash {
    sha256(&written(Vec::with_capacity(256), value).expect("what is hashed has a JSON text"))
}

fn written(out: Vec<u8>, value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut page = Page { out, members: Vec::new(), objects: Vec::new() };
    let mut writer = Serializer::with_formatter(io::sink(), Canonical(&mut page));
    value.serialize(&mut writer)?;
    Ok(page.out)
}

/// What is written so far, and where in it the members of the objects stand that are still open.
struct Page {
    out: Vec<u8>,
    members: Vec<Member>,
    objects: Vec<Open>,
}

/// An object that is still open.
struct Open {
    /// The place of its first member among all members.
    first: usize,
    /// Whether its members came in order up to here.
    in_order: bool,
}

/// One member of an object: where its text begins, where its key ends, where it ends.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    colon: usize,
    end: usize,
}

impl Page {
    /// The key as it is written, without its quotes.
    fn key(&self, member: Member) -> &[u8] {
        &self.out[member.start + 1..member.colon - 1]
    }

    fn end_key(&mut self) -> io::Result<()> {
        let colon = self.out.len();
        let (Some(open), Some((this, before))) = (self.objects.last(), self.members.split_last_mut()) else {
            return Err(out_of_place());
        };
        this.colon = colon;
        if open.in_order
            && let (this, Some(&last)) = (*this, before[open.first..].last())
            && order(self.key(last), self.key(this)) != Ordering::Less
        {
            self.objects.last_mut().ok_or_else(out_of_place)?.in_order = false;
        }
        Ok(())
    }

    fn end_object(&mut self) -> io::Result<()> {
        let open = self.objects.pop().ok_or_else(out_of_place)?;
        if !open.in_order {
            self.put_in_order(open.first)?;
        }
        self.members.truncate(open.first);
        self.out.push(b'}');
        Ok(())
    }

    /// Writes the members of the innermost object again, in order; they end where the page does.
    fn put_in_order(&mut self, first: usize) -> io::Result<()> {
        let start = self.members[first].start;
        let mut members = self.members.split_off(first);
        members.sort_by(|a, b| order(self.key(*a), self.key(*b)));
        if members.windows(2).any(|pair| order(self.key(pair[0]), self.key(pair[1])) == Ordering::Equal) {
            return Err(Error::new(ErrorKind::InvalidData, "an object has a member twice"));
        }
        let mut ordered = Vec::with_capacity(self.out.len() - start);
        for member in members {
            ordered.extend_from_slice(&self.out[member.start..member.end]);
            ordered.push(b',');
        }
        ordered.pop();
        self.out.truncate(start);
        self.out.extend_from_slice(&ordered);
        Ok(())
    }

    /// An integer a double holds exactly is written as it is.
    fn integer(&mut self, number: i128) -> io::Result<()> {
        const EXACT: i64 = (1 << 53) - 1;
        match i64::try_from(number) {
            Ok(number) if (-EXACT..=EXACT).contains(&number) => CompactFormatter.write_i64(&mut self.out, number),
            _ => self.float(number as f64),
        }
    }

    fn float(&mut self, number: f64) -> io::Result<()> {
        serde_json_canonicalizer::to_writer(&number, &mut self.out).map_err(Error::from)
    }
}

/// The order of two keys as they are written: that of their UTF-16.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    if a.contains(&b'\\') || b.contains(&b'\\') {
        return order_of_text(&unescaped(a), &unescaped(b));
    }
    order_of_text(a, b)
}

/// UTF-8 is ordered as UTF-16 is, but for characters beyond U+FFFF: UTF-16 writes them as surrogates, which come before
/// U+E000. In UTF-8, both kinds show in a character's first byte.
fn order_of_text(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte };
    match a.iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => rank(*a).cmp(&rank(*b)),
        None => a.len().cmp(&b.len()),
    }
}

fn unescaped(key: &[u8]) -> Vec<u8> {
    let text: Result<String, _> = serde_json::from_slice(&[b"\"", key, b"\""].concat());
    text.expect("it was written as a JSON string").into_bytes()
}

fn out_of_place() -> Error {
    Error::new(ErrorKind::InvalidData, "an object is written out of place")
}

/// Hands everything to the page. `serde_json` gives a formatter whatever its own writer would get, in order.
struct Canonical<'p>(&'p mut Page);

macro_rules! integers {
    ($($name:ident $integer:ty),*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, _: &mut W, value: $integer) -> io::Result<()> {
            self.0.integer(i128::from(value))
        }
    )*};
}

/// What is written as it is.
macro_rules! marks {
    ($($name:ident $mark:literal),*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
            self.0.out.extend_from_slice($mark);
            Ok(())
        }
    )*};
}

impl Formatter for Canonical<'_> {
    integers!(write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_i128 i128);
    integers!(write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64);

    marks!(write_null b"null", begin_string b"\"", end_string b"\"");
    marks!(begin_array b"[", end_array b"]", begin_object_value b":");

    fn write_u128<W: ?Sized + Write>(&mut self, writer: &mut W, value: u128) -> io::Result<()> {
        match u64::try_from(value) {
            Ok(value) => self.write_u64(writer, value),
            Err(_) => self.0.float(value as f64),
        }
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        self.0.float(f64::from(value))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        self.0.float(value)
    }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, value: &str) -> io::Result<()> {
        self.0.float(value.parse().map_err(|_| Error::new(ErrorKind::InvalidData, "a number is none"))?)
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.0.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.0.out.extend_from_slice(fragment.as_bytes());
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        CompactFormatter.write_char_escape(&mut self.0.out, escape)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        if !first {
            self.0.out.push(b',');
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.out.push(b'{');
        self.0.objects.push(Open { first: self.0.members.len(), in_order: true });
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        if !first {
            self.0.out.push(b',');
        }
        let start = self.0.out.len();
        self.0.members.push(Member { start, colon: start, end: start });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.end_key()
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.members.last_mut().ok_or_else(out_of_place)?.end = self.0.out.len();
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.end_object()
    }

    /// A part that is already written. Who hands one in has it from here: it is the scheme's text.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.0.out.extend_from_slice(fragment.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::{hash_map, vec};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn members_are_ordered_by_utf_16_and_white_space_is_gone() {
        // The example of RFC 8785 §3.2.3, whose order differs from that of the UTF-8 bytes.
        let value: Value =
            serde_json::from_str(r#"{ "€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\u0080": 6, "ö": 7 }"#).unwrap();
        assert_eq!(canonical(&value), "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
    }

    #[test]
    fn integers_up_to_2_to_the_53_keep_every_digit() {
        let most = 9_007_199_254_740_991_i64;
        assert_eq!(canonical(&json!([most, -most, 0])), "[9007199254740991,-9007199254740991,0]");
    }

    #[test]
    fn the_order_of_writing_does_not_reach_the_hash() {
        assert_eq!(
            canonical_hash(&json!({"a": 1, "b": {"c": "d", "e": []}})),
            canonical_hash(&json!({"b": {"e": [], "c": "d"}, "a": 1}))
        );
    }

    /// Every kind of key and number there is, in arrays and objects, some deep and some empty.
    fn any_value() -> impl Strategy<Value = Value> {
        let key = || "[a-c_\\\\\"\u{0}\u{1f}\u{7f}\n/é\u{d7ff}\u{e000}\u{fb33}\u{ffff}\u{10000}😀]{0,4}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (-3_i64..3, prop_oneof![Just(1_i64 << 53), Just(-1 << 53)]).prop_map(|(near, edge)| json!(edge + near)),
            any::<f64>().prop_map(Value::from),
            key().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::from),
                hash_map(key(), inner.clone(), 0..8).prop_map(|members| members.into_iter().collect()),
                hash_map(any::<String>(), inner, 0..4).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// A map that is written in the order it was made in, keys and all.
    struct Pairs<'a>(&'a [(String, Value)]);

    impl Serialize for Pairs<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_text_is_the_librarys(value in any_value()) {
            let text = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(&canonical(&value), &text);
            prop_assert_eq!(canonical_hash(&value), sha256(text.as_bytes()));
        }

        #[test]
        fn members_in_any_order_are_put_in_the_librarys(members in hash_map(any::<String>(), any_value(), 0..12)) {
            let pairs: Vec<(String, Value)> = members.into_iter().collect();
            let nested = json!({"z": 0, "a": [1]});
            let text = serde_json_canonicalizer::to_string(&(Pairs(&pairs), &nested)).unwrap();
            prop_assert_eq!(canonical(&(Pairs(&pairs), &nested)), text);
        }
    }

    #[test]
    fn whatever_serialises_has_the_librarys_text() {
        #[derive(Serialize)]
        enum Shape {
            Unit,
            New(u8),
            Two(i128, u128),
            Named { z: f32, a: Option<char> },
        }

        #[derive(Serialize)]
        struct All<'a> {
            zulu: [Shape; 4],
            alpha: BTreeMap<i64, &'a str>,
            huge: (u128, i128, u128),
            empty: BTreeMap<bool, ()>,
            mike: Pairs<'a>,
        }

        let pairs = [("b\n".to_owned(), json!(0.1)), ("b".to_owned(), json!(1e30)), (String::new(), json!({}))];
        let all = All {
            zulu: [Shape::Unit, Shape::New(7), Shape::Two(-5, 1 << 70), Shape::Named { z: 0.5, a: Some('ü') }],
            alpha: BTreeMap::from([(-1, "one"), (10, "ten"), (9, "nine"), (i64::MAX, "most")]),
            huge: (u128::MAX, i128::MIN, 12),
            empty: BTreeMap::new(),
            mike: Pairs(&pairs),
        };
        assert_eq!(canonical(&all), serde_json_canonicalizer::to_string(&all).unwrap());
    }

    #[test]
    fn a_member_that_appears_twice_has_no_text() {
        let twice = [("a".to_owned(), json!(1)), ("b".to_owned(), json!(2)), ("a".to_owned(), json!(1))];
        assert!(std::panic::catch_unwind(|| canonical(&Pairs(&twice))).is_err());
    }
}
