//! Reading: records by key and by prefix, from a space that stands still meanwhile.

use std::sync::RwLockReadGuard;

use serde::de::DeserializeOwned;
use syndic_core::ports::StoreError;

use crate::key::{Key, Table};
use crate::space::Space;
use crate::value::{Record, Seal, damaged};

/// Records read at a time where all are read, so that a store is never in memory whole.
const RECORDS_AT_ONCE: usize = 512;

/// A space that nobody writes to while this lives. That is why readers see only what is durable, and never a value and
/// its pieces from two commits.
pub(crate) struct View<'a, S> {
    space: &'a S,
    _still: RwLockReadGuard<'a, ()>,
}

impl<'a, S: Space> View<'a, S> {
    pub(crate) fn new(space: &'a S, still: RwLockReadGuard<'a, ()>) -> Self {
        Self { space, _still: still }
    }

    /// A record.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.bytes(key)?.map(|payload| read(key, &payload)).transpose()
    }

    /// A record's bytes.
    pub(crate) fn bytes(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(value) = self.space.get(&key.stored())? else { return Ok(None) };
        let record = Record::read(&key.stored(), &value)?;
        record.payload(|piece| self.space.get(piece)).map(Some)
    }

    /// A record's seal; none where there is no record.
    pub(crate) fn seal(&self, key: &Key) -> Result<Option<Seal>, StoreError> {
        let value = self.space.get(&key.stored())?;
        value.map(|value| Record::read(&key.stored(), &value).map(|record| record.seal)).transpose()
    }

    /// Reads every record whole, and calls `each` with its key and seal.
    pub(crate) fn each(&self, mut each: impl FnMut(&Key, Seal)) -> Result<(), StoreError> {
        let mut from = Vec::new();
        loop {
            let batch = self.space.scan(&[], &from, RECORDS_AT_ONCE)?;
            let Some((last, _)) = batch.last() else { return Ok(()) };
            // The next key there can be.
            from = [last.as_slice(), &[0]].concat();
            for (stored_key, value) in batch {
                if stored_key.first() == Some(&(Table::Pieces as u8)) {
                    continue;
                }
                let record = Record::read(&stored_key, &value)?;
                record.payload(|piece| self.space.get(piece))?;
                each(&record.key, record.seal);
            }
        }
    }

    /// Every record whose key begins with `prefix`, in order.
    pub(crate) fn all<T: DeserializeOwned>(&self, prefix: &Key) -> Result<Vec<(Key, T)>, StoreError> {
        self.some(prefix, prefix, usize::MAX)
    }

    /// The first of them.
    pub(crate) fn first<T: DeserializeOwned>(&self, prefix: &Key) -> Result<Option<(Key, T)>, StoreError> {
        Ok(self.some(prefix, prefix, 1)?.pop())
    }

    /// The first `limit` of them that are not below `from`.
    pub(crate) fn some<T: DeserializeOwned>(
        &self,
        prefix: &Key,
        from: &Key,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        let payloads = self.payloads(prefix, from, limit)?;
        payloads.into_iter().map(|(key, payload)| Ok((key.clone(), read(&key, &payload)?))).collect()
    }

    /// A prefix longer than stored keys show is looked for in the keys that values keep.
    fn payloads(&self, prefix: &Key, from: &Key, limit: usize) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        let shown = prefix.stored_prefix();
        let cut = shown.len() < prefix.bytes().len();
        let stored = self.space.scan(shown, from.stored_prefix(), if cut { usize::MAX } else { limit })?;
        let mut found = Vec::with_capacity(stored.len());
        for (stored_key, value) in stored {
            let record = Record::read(&stored_key, &value)?;
            if found.len() < limit && record.key.bytes().starts_with(prefix.bytes()) {
                let payload = record.payload(|piece| self.space.get(piece))?;
                found.push((record.key, payload));
            }
        }
        Ok(found)
    }
}

fn read<T: DeserializeOwned>(key: &Key, payload: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(payload).map_err(|why| damaged(key, why))
}
