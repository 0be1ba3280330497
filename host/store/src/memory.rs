//! A space in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use syndic_core::ports::StoreError;

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

    fn apply(&self, _: u64, writes: Writes) -> Result<(), StoreError> {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }
    fn acknowledged(&self) -> u64 {
        0
    }
}
