//! One text for one value: RFC 8785, the JSON Canonicalization Scheme.
//!
//! Hashes are only worth something if everybody hashes the same bytes. The scheme orders members, drops white space
//! and fixes how strings and numbers are spelt.
//!
//! Numbers are doubles in RFC 8785: an integer beyond ±(2^53 − 1) would be written as its nearest double, and two
//! values could share one text. Such integers are turned away at the door (`core::json`), not here.

use serde::Serialize;

use crate::hash::{Hash, sha256};

/// The canonical text of a value.
///
/// # Panics
/// Where the value has no JSON text at all: a map whose keys are not strings, or twice the same; a float that is not
/// finite. A `serde_json::Value` always has one.
pub fn canonical(value: &impl Serialize) -> String {
    serde_json_canonicalizer::to_string(value).expect("what is hashed has a JSON text")
}

/// The SHA-256 of the canonical text. Not a commitment: whoever can guess the value can check the guess. For what a
/// person said or is, use [`Salt::commit`](crate::Salt::commit).
pub fn canonical_hash(value: &impl Serialize) -> Hash {
    sha256(canonical(value).as_bytes())
}

#[cfg(test)]
mod tests {
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
}
