//! Layers: what was changed and is not in the space yet, newest first over it.
//!
//! A layer files its changes as the space does, so that both are in one order and a walk over all of them is a merge.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use syndic_core::ports::StoreError;

use crate::key::Key;
use crate::merge::{Found, Merge};
use crate::space::Space;
use crate::value::Record;

/// What is changed of one record.
#[derive(Debug)]
pub(crate) struct Change {
    /// The whole key, where it is filed under a hash.
    whole: Option<Key>,
    /// The record's bytes, or none where it is removed.
    pub(crate) payload: Option<Vec<u8>>,
}

/// Changes by what a space files them under. A later one of a record replaces an earlier one.
#[derive(Debug, Default)]
pub(crate) struct Layer(BTreeMap<Vec<u8>, Change>);

impl Layer {
    /// Changes a record: new bytes, or none to remove it.
    pub(crate) fn change(&mut self, key: Key, payload: Option<Vec<u8>>) {
        let (stored, whole) = key.filed();
        self.0.insert(stored, Change { whole, payload });
    }

    /// What it changes of a record, if anything.
    pub(crate) fn get(&self, stored: &[u8]) -> Option<Option<&[u8]>> {
        self.0.get(stored).map(|change| change.payload.as_deref())
    }

    /// The first record that begins with a prefix and that it does not remove.
    pub(crate) fn first_kept(&self, prefix: &Key) -> Option<Key> {
        let from = self.0.range::<[u8], _>((Bound::Included(prefix.bytes()), Bound::Unbounded));
        let mut within = from.take_while(|(stored, _)| stored.starts_with(prefix.bytes()));
        let (stored, change) = within.find(|(_, change)| change.payload.is_some())?;
        Some(change.key(stored).into_owned())
    }

    /// Takes in what came after it.
    pub(crate) fn absorb(&mut self, later: Self) {
        // Not `append`, which makes the whole map anew.
        self.0.extend(later.0);
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|(stored, change)| 100 + stored.len() + change.payload.as_ref().map_or(0, Vec::len)).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every change with its key, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (Cow<'_, Key>, Option<&[u8]>)> {
        self.0.iter().map(|(stored, change)| (change.key(stored), change.payload.as_deref()))
    }
}

impl Change {
    fn key(&self, stored: &[u8]) -> Cow<'_, Key> {
        self.whole.as_ref().map_or_else(|| Cow::Owned(Key::from_bytes(stored)), Cow::Borrowed)
    }
}

/// A record and its bytes.
pub(crate) type Taken<'a> = (Key, Cow<'a, [u8]>);

/// Walks over layers and the space under them, in the order of stored keys: hands each record that begins with
/// `prefix` and is not below `from`, as the newest layer has it, to `each`, until that says it is enough. About
/// `expected` records will be taken.
pub(crate) fn walk(
    (layers, space): (&[&Layer], &dyn Space),
    (prefix, from): (&[u8], &[u8]),
    expected: usize,
    mut each: impl FnMut(Taken<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let maps = layers.iter().map(|layer| &layer.0);
    let mut merge = Merge::new(maps, prefix, from, expected, |start, limit| space.scan(prefix, start, limit));
    while let Some(found) = merge.next()? {
        let taken = match found {
            Found::Changed(_, Change { payload: None, .. }) => continue,
            Found::Changed(stored, change @ Change { payload: Some(payload), .. }) => {
                (change.key(stored).into_owned(), Cow::Borrowed(payload.as_slice()))
            }
            Found::Stored(stored, value) => {
                let record = Record::read(&stored, &value)?;
                let payload = record.payload(|piece| space.get(piece))?;
                (record.key, Cow::Owned(payload))
            }
        };
        if !each(taken)? {
            break;
        }
    }
    Ok(())
}
