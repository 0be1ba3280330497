//! Values: a record's bytes, sealed so that damage shows.
//!
//! Every stored value begins with a CRC-32 over its key and everything after the checksum, then the number of the
//! commit that wrote it: a flipped byte, a torn write and a value under another's key all read as corrupt. The checksum
//! is for accidents; against an adversary stands the ledger's tree.
//!
//! A value is at most 16 KiB, because sled moves larger ones to files of their own, which its flush does not cover.
//! What is longer is cut into pieces under keys of their own, each sealed, all of one commit.

use syndic_core::ports::StoreError;

use crate::key::Key;
use crate::space::{Head, Writes};

/// Bytes a stored value may have. A leaf of sled's holds up to 19 pairs for a moment, with keys of 1 KiB: that is
/// below the quarter of a segment (512 KiB) at which sled would use a file of its own.
const VALUE_MAX_BYTES: usize = 16 * 1024;

/// Checksum and commit number.
const SEAL_BYTES: usize = 4 + 8;

/// A value's first part: what is known before any piece is read.
pub(crate) struct Record<'a> {
    /// The key, as stored or as kept.
    pub(crate) key: Key,
    /// What stands for it in sums and counts.
    pub(crate) seal: Seal,
    commit: u64,
    body: &'a [u8],
}

/// What is known of a sealed record without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    /// How many pieces it was cut into; 0 where the body is all of it.
    pub(crate) pieces: u32,
    /// Its checksum, that of the pieces not included.
    pub(crate) checksum: u32,
}

impl Seal {
    /// The seal a value begins with. Whether the value is sound, only reading all of it tells.
    pub(crate) fn of(head: Head) -> Self {
        let word = |from: usize| u32::from_le_bytes(std::array::from_fn(|nth| head[from + nth]));
        Self { pieces: word(SEAL_BYTES), checksum: word(0) }
    }
}

/// Seals a payload under a key: adds the value and its pieces to what is written.
pub(crate) fn seal(key: &Key, commit: u64, payload: &[u8], writes: &mut Writes) -> Seal {
    let stored = key.stored();
    let kept_key = if key.is_long() { key.bytes() } else { &[] };
    let head = SEAL_BYTES + 4 + 4 + kept_key.len();
    let whole = head + payload.len() <= VALUE_MAX_BYTES;
    let pieces: Vec<&[u8]> = if whole { Vec::new() } else { payload.chunks(VALUE_MAX_BYTES - SEAL_BYTES).collect() };
    let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);

    let key_bytes = u32::try_from(kept_key.len()).unwrap_or(u32::MAX);
    let body = if whole { payload } else { &[] };
    let value = sealed(&stored, commit, &[&count.to_le_bytes(), &key_bytes.to_le_bytes(), kept_key, body]);
    let seal = Seal { pieces: count, checksum: checksum_of(&value) };
    writes.insert(stored.into_owned(), Some(value));
    for (nth, piece) in (0..).zip(pieces) {
        let piece_key = key.piece(nth);
        let value = sealed(&piece_key, commit, &[piece]);
        writes.insert(piece_key, Some(value));
    }
    seal
}

impl<'a> Record<'a> {
    /// Reads a value's first part.
    pub(crate) fn read(stored: &[u8], value: &'a [u8]) -> Result<Self, StoreError> {
        let named = || Key::from_bytes(stored);
        let (commit, rest) = unsealed(stored, value).map_err(|why| damaged(&named(), why))?;
        let head = rest.split_first_chunk().and_then(|(pieces, rest)| {
            let (key_bytes, rest) = rest.split_first_chunk()?;
            let key_bytes = usize::try_from(u32::from_le_bytes(*key_bytes)).ok()?;
            let (kept_key, body) = rest.split_at_checked(key_bytes)?;
            Some((u32::from_le_bytes(*pieces), kept_key, body))
        });
        let (pieces, kept_key, body) = head.ok_or_else(|| damaged(&named(), "it is cut short"))?;
        let key = if kept_key.is_empty() { named() } else { Key::from_bytes(kept_key) };
        if *key.stored() != *stored {
            return Err(damaged(&named(), "it belongs to another key"));
        }
        Ok(Self { key, seal: Seal { pieces, checksum: checksum_of(value) }, commit, body })
    }

    /// The payload, for which `get` fetches the pieces.
    pub(crate) fn payload(
        &self,
        get: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut payload = self.body.to_vec();
        for nth in 0..self.seal.pieces {
            let piece_key = self.key.piece(nth);
            let piece = get(&piece_key)?.ok_or_else(|| damaged(&self.key, "a piece of it is missing"))?;
            let (commit, bytes) = unsealed(&piece_key, &piece).map_err(|why| damaged(&self.key, why))?;
            if commit != self.commit {
                return Err(damaged(&self.key, "its pieces are of different commits"));
            }
            payload.extend_from_slice(bytes);
        }
        Ok(payload)
    }
}

/// What is said of a record that cannot be believed.
pub(crate) fn damaged(key: &Key, why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{key} is damaged: {why}"))
}

fn sealed(stored_key: &[u8], commit: u64, parts: &[&[u8]]) -> Vec<u8> {
    let mut value = Vec::with_capacity(SEAL_BYTES + parts.iter().map(|part| part.len()).sum::<usize>());
    value.extend([0; 4]);
    value.extend(commit.to_le_bytes());
    parts.iter().for_each(|part| value.extend_from_slice(part));
    let checksum = checksum(stored_key, &value[4..]);
    value[..4].copy_from_slice(&checksum.to_le_bytes());
    value
}

/// The checksum a value says it has.
fn checksum_of(value: &[u8]) -> u32 {
    value.first_chunk().copied().map_or(0, u32::from_le_bytes)
}

fn unsealed<'a>(stored_key: &[u8], value: &'a [u8]) -> Result<(u64, &'a [u8]), &'static str> {
    let (expected, after) = value.split_first_chunk().ok_or("it is cut short")?;
    let (commit, rest) = after.split_first_chunk().ok_or("it is cut short")?;
    if checksum(stored_key, after) != u32::from_le_bytes(*expected) {
        return Err("its checksum is wrong");
    }
    Ok((u64::from_le_bytes(*commit), rest))
}

/// Over the key, and everything that follows the checksum.
fn checksum(stored_key: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(stored_key);
    hasher.update(rest);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Table;

    fn read_back(key: &Key, writes: &Writes) -> Result<Vec<u8>, StoreError> {
        let get = |key: &[u8]| Ok(writes.get(key).cloned().flatten());
        let value = get(&key.stored())?.unwrap();
        Record::read(&key.stored(), &value)?.payload(get)
    }

    fn keys() -> [Key; 2] {
        [Key::of(Table::Claims).text("acme").text("k"), Key::of(Table::Claims).text("acme").text(&"k".repeat(2000))]
    }

    #[test]
    fn a_payload_of_any_length_is_cut_to_values_of_16_kib_and_read_back() {
        for key in keys() {
            for length in [0, 1, 14_000, 16_363, 16_364, 16_365, 16_384, 100_000] {
                let payload: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
                let mut writes = Writes::new();
                let pieces = seal(&key, 7, &payload, &mut writes).pieces;
                assert_eq!(writes.len(), 1 + usize::try_from(pieces).unwrap());
                assert!(writes.values().flatten().all(|value| value.len() <= VALUE_MAX_BYTES), "{length}");
                assert_eq!(read_back(&key, &writes).unwrap(), payload, "{length}");
            }
        }
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_corrupt_and_names_the_record() {
        for key in keys() {
            let mut whole = Writes::new();
            seal(&key, 7, &[b'x'; 17_000], &mut whole);
            for (stored, value) in &whole {
                let value = value.clone().unwrap();
                for at in (0..value.len()).step_by(if value.len() > 3000 { 1009 } else { 1 }) {
                    let mut flipped = value.clone();
                    flipped[at] ^= 0x10;
                    for bad in [flipped, value[..at].to_vec()] {
                        let mut writes = whole.clone();
                        writes.insert(stored.clone(), Some(bad));
                        let StoreError::Corrupt(why) = read_back(&key, &writes).unwrap_err() else { panic!() };
                        assert!(why.starts_with("the claim acme/"), "{why}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_under_anothers_key_and_pieces_of_two_commits_are_corrupt() {
        let [key, _] = keys();
        let other = Key::of(Table::Claims).text("acme").text("other");
        let (mut old, mut new) = (Writes::new(), Writes::new());
        seal(&key, 7, &[b'x'; 40_000], &mut old);
        seal(&key, 8, &[b'x'; 40_000], &mut new);
        let mut mixed = new.clone();
        mixed.insert(key.piece(1), old[&key.piece(1)].clone());
        assert!(read_back(&key, &mixed).unwrap_err().to_string().ends_with("its pieces are of different commits"));
        new.remove(&key.piece(2));
        assert!(read_back(&key, &new).unwrap_err().to_string().ends_with("a piece of it is missing"));
        let moved = Writes::from([(other.stored().to_vec(), old[&*key.stored()].clone())]);
        assert!(read_back(&other, &moved).unwrap_err().to_string().ends_with("its checksum is wrong"));
    }
}
