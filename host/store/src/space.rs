//! A space: an ordered map from bytes to bytes. It is all that sled and a `BTreeMap` have to offer the store.

use std::collections::BTreeMap;

use syndic_core::ports::StoreError;

/// What one batch changes: keys with their new values, or with none to remove them.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Keys with their values, in the order of the keys.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// What [`Space::head`] tells of a value.
pub const HEAD_BYTES: usize = 16;

/// The beginning of a value, filled up with zeros.
pub type Head = [u8; HEAD_BYTES];

/// The beginning of a value.
pub(crate) fn head_of(value: &[u8]) -> Head {
    std::array::from_fn(|nth| value.get(nth).copied().unwrap_or_default())
}

/// An ordered map from bytes to bytes. Keys are at most 1 KiB and values at most 16 KiB; [`Records`](crate::Records)
/// sees to both. One writes at a time, and what a batch does not change may be read while it is written.
pub trait Space: Send + Sync {
    /// The value under a key.
    ///
    /// # Errors
    /// As all methods: the space is unreachable or corrupt.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first [`HEAD_BYTES`] of the value under a key, or fewer where it is shorter.
    ///
    /// # Errors
    /// See [`get`](Space::get).
    fn head(&self, key: &[u8]) -> Result<Option<Head>, StoreError> {
        Ok(self.get(key)?.map(|value| head_of(&value)))
    }

    /// The first `limit` pairs whose keys begin with `prefix` and are not below `from`.
    ///
    /// # Errors
    /// See [`get`](Space::get).
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError>;

    /// Writes everything or nothing, as the batch of this number; numbers run on by one. A power cut may still take it
    /// back, whole.
    ///
    /// # Errors
    /// See [`get`](Space::get).
    fn write(&self, number: u64, writes: Writes) -> Result<(), StoreError>;

    /// On return, everything up to the batch of this number survives a power cut, in a space that survives anything.
    ///
    /// # Errors
    /// See [`get`](Space::get).
    fn barrier(&self, number: u64) -> Result<(), StoreError>;

    /// Called after a barrier, when nobody waits for it but the next batch: time to tidy up, where that is needed.
    fn tidy(&self) {}

    /// The number of a [`barrier`](Space::barrier) that has certainly returned, in this process or an earlier one: the
    /// last, or at least not a later one. 0 where that is not known.
    fn acknowledged(&self) -> u64;
}
