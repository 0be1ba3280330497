//! Hashes, and how they are written.
//!
//! SHA-256 everywhere, written as 64 lower-case hex digits. One spelling, because hashes are compared as text by
//! people and scripts.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// 32 bytes that stand for more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// A text that is not 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is written as 64 lower-case hex digits")]
pub struct NotAHash;

impl Hash {
    /// Writes the digits at the end of a text and lends it: leaves hold hundreds of hashes.
    fn spell(self, text: &mut [u8]) -> &str {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let start = text.len() - 64;
        for (pair, byte) in text[start..].chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        std::str::from_utf8(text).expect("hex digits are ASCII")
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spell(&mut [0; 64]))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        if text.len() != 64 {
            return Err(NotAHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn digit(character: u8) -> Result<u8, NotAHash> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        _ => Err(NotAHash),
    }
}

/// The digest of a component, written with its algorithm: `sha256:…`, as registries write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub Hash);

/// How a digest begins.
const ALGORITHM: &str = "sha256:";

impl Digest {
    /// Writes algorithm and digits and lends them.
    fn spell(self, text: &mut [u8]) -> &str {
        text[..ALGORITHM.len()].copy_from_slice(ALGORITHM.as_bytes());
        self.0.spell(text)
    }

    /// The digest of a component's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.spell(&mut [0; ALGORITHM.len() + 64]))
    }
}

impl FromStr for Digest {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        text.strip_prefix(ALGORITHM).ok_or(NotAHash)?.parse().map(Self)
    }
}

/// Reads a text without owning it.
struct Spelt<T>(PhantomData<T>);

impl<T: FromStr<Err = NotAHash>> Visitor<'_> for Spelt<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Both are JSON strings, spelt as they print.
macro_rules! as_text {
    ($($name:ty, $bytes:expr);*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.spell(&mut [0; $bytes]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Spelt(PhantomData))
            }
        }
    )*};
}

as_text!(Hash, 64; Digest, ALGORITHM.len() + 64);

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn sha256_is_the_one_of_fips_180() {
        assert_eq!(sha256(b"abc").to_string(), ABC);
    }

    #[test]
    fn a_hash_reads_as_it_prints_and_in_no_other_spelling() {
        assert_eq!(ABC.parse(), Ok(sha256(b"abc")));
        for text in ["", &ABC[1..], &ABC.to_uppercase(), &format!("{ABC}0"), &ABC.replace('b', "g"), &"é".repeat(32)] {
            assert_eq!(text.parse::<Hash>(), Err(NotAHash), "{text}");
        }
    }

    #[test]
    fn a_digest_names_its_algorithm() {
        let text = format!("sha256:{ABC}");
        assert_eq!(Digest::of(b"abc").to_string(), text);
        assert_eq!(serde_json::from_str::<Digest>(&format!("\"{text}\"")).unwrap(), Digest::of(b"abc"));
        assert_eq!(ABC.parse::<Digest>(), Err(NotAHash));
    }
}
