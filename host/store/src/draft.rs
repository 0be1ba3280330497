//! Writing: what a batch will change, readable before it is written.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use syndic_core::ports::StoreError;

use crate::key::{Key, Table};
use crate::space::{Space, Writes};
use crate::value::{Seal, seal};
use crate::view::View;

/// What the store counts. Numbers run on for ever: a spent one is not given again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// Batches written; each value names the one that wrote it.
    pub(crate) batches: u64,
    /// The last raised event's number.
    pub(crate) raised: u64,
    /// The last deferred effect's number.
    pub(crate) outbox: u64,
    /// Timers that wait.
    pub(crate) timers: u64,
    /// Every record but the counters themselves.
    pub(crate) records: Sum,
}

/// What a set of records adds up to, in whatever order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    checksums: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, seal: Seal) {
        self.count = self.count.wrapping_add(1);
        self.checksums = self.checksums.wrapping_add(seal.checksum.into());
    }

    fn subtract(&mut self, seal: Seal) {
        self.count = self.count.wrapping_sub(1);
        self.checksums = self.checksums.wrapping_sub(seal.checksum.into());
    }
}

/// A batch in the making, over the view it starts from.
pub(crate) struct Draft<'a, S> {
    view: View<'a, S>,
    changes: BTreeMap<Key, Option<Vec<u8>>>,
    pub(crate) counters: Counters,
}

impl<'a, S: Space> Draft<'a, S> {
    pub(crate) fn new(view: View<'a, S>, counters: Counters) -> Self {
        Self { view, changes: BTreeMap::new(), counters }
    }

    /// A record as it will be.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        match self.changes.get(key) {
            None => self.view.get(key),
            Some(None) => Ok(None),
            Some(Some(payload)) => Ok(Some(serde_json::from_slice(payload).expect("a draft reads what it wrote"))),
        }
    }

    /// Whether there will be a record.
    pub(crate) fn has(&self, key: &Key) -> Result<bool, StoreError> {
        match self.changes.get(key) {
            None => Ok(self.view.seal(key)?.is_some()),
            Some(change) => Ok(change.is_some()),
        }
    }

    pub(crate) fn put(&mut self, key: Key, record: &impl Serialize) {
        let payload = serde_json::to_vec(record).expect("core's records are plain data with text for keys");
        self.put_bytes(key, payload);
    }

    pub(crate) fn put_bytes(&mut self, key: Key, payload: Vec<u8>) {
        self.changes.insert(key, Some(payload));
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.changes.insert(key, None);
    }

    /// Removes every record whose key begins with `prefix`.
    pub(crate) fn remove_all<T: DeserializeOwned>(&mut self, prefix: &Key) -> Result<(), StoreError> {
        let drafted = self.changes.range_mut(prefix.clone()..);
        for (_, change) in drafted.take_while(|(key, _)| key.bytes().starts_with(prefix.bytes())) {
            *change = None;
        }
        for (key, _) in self.view.all::<T>(prefix)? {
            self.remove(key);
        }
        Ok(())
    }

    /// The batch, and what the counters are after it. What a record no longer needs of its pieces goes with it.
    pub(crate) fn sealed(mut self) -> Result<(Writes, Counters), StoreError> {
        self.counters.batches += 1;
        let number = self.counters.batches;
        let mut writes = Writes::new();
        for (key, change) in &self.changes {
            let before = self.view.seal(key)?;
            let after = change.as_ref().map(|payload| seal(key, number, payload, &mut writes));
            if let (Some(_), None) = (before, after) {
                writes.insert(key.stored().into_owned(), None);
            }
            before.into_iter().for_each(|seal| self.counters.records.subtract(seal));
            after.into_iter().for_each(|seal| self.counters.records.add(seal));
            let pieces = |seal: Option<Seal>| seal.map_or(0, |seal| seal.pieces);
            writes.extend((pieces(after)..pieces(before)).map(|nth| (key.piece(nth), None)));
        }
        let counters = serde_json::to_vec(&self.counters).expect("counters are numbers");
        seal(&Key::of(Table::Counters), number, &counters, &mut writes);
        Ok((writes, self.counters))
    }
}
