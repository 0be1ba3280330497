//! The overlay: what is in the journal and not in the tree yet.
//!
//! It has two parts: the one that takes in every batch, and a frozen one that is being folded. What is frozen leaves
//! only when all of it can be read beneath, so whoever looks here first and beneath then finds everything.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use syndic_core::ports::StoreError;

use crate::merge::{Found, Merge};
use crate::space::{Head, Pairs, Writes, head_of};

/// What a pair costs in memory beside its bytes, more or less.
const PAIR_BYTES: usize = 100;

#[derive(Default)]
pub(super) struct Overlay(RwLock<Parts>);

#[derive(Default)]
struct Parts {
    active: Writes,
    /// About what `active` takes.
    bytes: usize,
    frozen: Arc<Writes>,
}

impl Overlay {
    /// Takes in a batch.
    pub(super) fn take_in(&self, writes: Writes) {
        let mut parts = self.alone();
        for (key, value) in writes {
            let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
            let (key_bytes, value_bytes) = (key.len(), length(&value));
            let before = parts.active.insert(key, value).map(|before| PAIR_BYTES + key_bytes + length(&before));
            parts.bytes += PAIR_BYTES + key_bytes + value_bytes;
            parts.bytes -= before.unwrap_or(0);
        }
    }

    /// About how much memory what is not frozen takes.
    pub(super) fn bytes(&self) -> usize {
        self.parts().bytes
    }

    /// What is changed of a key, if anything.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let parts = self.parts();
        parts.active.get(key).or_else(|| parts.frozen.get(key)).cloned()
    }

    /// The same, of the beginning of its value.
    pub(super) fn head(&self, key: &[u8]) -> Option<Option<Head>> {
        let parts = self.parts();
        let change = parts.active.get(key).or_else(|| parts.frozen.get(key))?;
        Some(change.as_deref().map(head_of))
    }

    /// The first `limit` pairs that begin with `prefix` and are not below `from`, of here and of what `page` fetches
    /// from beneath.
    pub(super) fn scan(
        &self,
        (prefix, from): (&[u8], &[u8]),
        limit: usize,
        page: impl FnMut(&[u8], usize) -> Result<Pairs, StoreError>,
    ) -> Result<Pairs, StoreError> {
        let parts = self.parts();
        let mut merge = Merge::new([&parts.active, &*parts.frozen], prefix, from, limit, page);
        let mut found = Pairs::new();
        while found.len() < limit
            && let Some(next) = merge.next()?
        {
            match next {
                Found::Changed(key, Some(value)) => found.push((key.to_vec(), value.clone())),
                Found::Changed(_, None) => {}
                Found::Stored(key, value) => found.push((key, value)),
            }
        }
        Ok(found)
    }

    /// Freezes what there is; nothing is frozen before.
    pub(super) fn freeze(&self) {
        let mut parts = self.alone();
        parts.bytes = 0;
        parts.frozen = Arc::new(mem::take(&mut parts.active));
    }

    /// What is frozen.
    pub(super) fn frozen(&self) -> Arc<Writes> {
        Arc::clone(&self.parts().frozen)
    }

    /// Lets go of what is frozen: all of it can be read beneath.
    pub(super) fn thaw(&self) {
        let folded = mem::take(&mut self.alone().frozen);
        // Large, so it is freed outside the lock.
        drop(folded);
    }

    /// No code of others runs under this lock, and what runs leaves it whole.
    fn parts(&self) -> RwLockReadGuard<'_, Parts> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> RwLockWriteGuard<'_, Parts> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
