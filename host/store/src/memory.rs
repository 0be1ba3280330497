//! A space in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use syndic_core::ports::StoreError;
use syndic_ledger::Master;

use crate::records::Records;
use crate::space::{Pairs, Space, Writes};

/// A space that ends with its process.
#[derive(Debug, Default)]
pub struct Memory(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Space for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let start = Bound::Included(from.max(prefix));
        let within = map.range::<[u8], _>((start, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        Ok(within.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn write(&self, _: u64, writes: Writes) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn barrier(&self, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn acknowledged(&self) -> u64 {
        0
    }
}

impl Records<Memory> {
    /// An empty store. What is admitted is durable at once, for as long as the process lives.
    pub fn new(master: Master) -> Self {
        Self::over(Memory::default(), master).expect("memory that is empty is not damaged")
    }

    /// An empty store that is [held](Self::held).
    pub fn new_held(master: Master) -> Self {
        Self::held(Memory::default(), master).expect("memory that is empty is not damaged")
    }

    /// What a crash would leave at this moment, as a store of its own that writes as this one does.
    ///
    /// # Errors
    /// The store is corrupt.
    pub fn after_crash(&self) -> Result<Self, StoreError> {
        let heart = self.heart();
        let left = self.look(|view| view.space.scan(&[], &[], usize::MAX))?;
        let memory = Memory(RwLock::new(left.into_iter().collect()));
        Self::written_by(heart.by, memory, Master::new(*heart.master.reveal()))
    }
}
