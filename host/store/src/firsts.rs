//! What comes first of the tables that go by due times, so that looking for it costs the same whatever was before.
//!
//! What is due leaves from the front of its table, and what left stays in layers as a removal for some time: who looked
//! for the next from the table's beginning would pass all of it again.

use std::sync::{Mutex, PoisonError};

use syndic_core::ports::StoreError;

use crate::key::{Key, Table};
use crate::layer::Layer;

/// The tables that go by due times.
const BY_DUE: [Table; 2] = [Table::TimersByDue, Table::CasesByDue];

/// Of each of them a key that nothing of it comes before.
pub(crate) struct Firsts([Mutex<Key>; BY_DUE.len()]);

impl Default for Firsts {
    fn default() -> Self {
        Self(BY_DUE.map(|table| Mutex::new(Key::of(table))))
    }
}

impl Firsts {
    /// Hands a table's key to somebody who knows more, and may put a later one in its place. They have it alone.
    pub(crate) fn looking<T>(
        &self,
        table: Table,
        look: impl FnOnce(&mut Key) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut first = match BY_DUE.iter().position(|by_due| *by_due == table) {
            Some(place) => self.0[place].lock().unwrap_or_else(PoisonError::into_inner),
            None => return look(&mut Key::of(table)),
        };
        look(&mut first)
    }

    /// What a layer keeps that is the first of a table for all that it knows.
    pub(crate) fn kept_of(changes: &Layer) -> [Option<Key>; BY_DUE.len()] {
        BY_DUE.map(|table| changes.first_kept(&Key::of(table)))
    }

    /// Something was kept that may come before.
    pub(crate) fn come_down_to(&mut self, kept: [Option<Key>; BY_DUE.len()]) {
        for (first, kept) in self.0.iter_mut().zip(kept) {
            let first = first.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = kept.filter(|kept| kept < first) {
                *first = kept;
            }
        }
    }
}
