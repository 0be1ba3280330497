//! Layers: what was changed and is not in the space yet, newest first over it.
//!
//! A layer files its changes as the space does, so that both are in one order and a walk over all of them is a merge.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::iter::Peekable;
use std::ops::Bound;
use std::vec::IntoIter;

use syndic_core::ports::StoreError;

use crate::key::Key;
use crate::space::Space;
use crate::value::Record;

/// Pairs fetched from a space at a time, so that a store is never in memory whole.
const PAIRS_AT_ONCE: usize = 512;

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

    /// Takes in what came after it.
    pub(crate) fn absorb(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
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

    fn from(&self, start: &[u8]) -> Peekable<Range<'_, Vec<u8>, Change>> {
        self.0.range::<[u8], _>((Bound::Included(start), Bound::Unbounded)).peekable()
    }
}

impl Change {
    fn key(&self, stored: &[u8]) -> Cow<'_, Key> {
        self.whole.as_ref().map_or_else(|| Cow::Owned(Key::from_bytes(stored)), Cow::Borrowed)
    }
}

/// A walk over layers and the space under them, in the order of stored keys: each record once, as the newest layer
/// has it, and none that is removed.
pub(crate) struct Walk<'a> {
    layers: Vec<Peekable<Range<'a, Vec<u8>, Change>>>,
    stored: Stored<'a>,
    prefix: &'a [u8],
}

impl<'a> Walk<'a> {
    /// A walk over everything that begins with `prefix` and is not below `from`, both as stored. About `expected`
    /// records will be taken.
    pub(crate) fn new(
        layers: &[&'a Layer],
        space: &'a dyn Space,
        prefix: &'a [u8],
        from: &'a [u8],
        expected: usize,
    ) -> Self {
        let start = from.max(prefix);
        let layers = layers.iter().map(|layer| layer.from(start)).collect();
        Self { layers, stored: Stored::new(space, prefix, start, expected), prefix }
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<(Key, Cow<'a, [u8]>)>, StoreError> {
        loop {
            let changed = self.layers.iter_mut().filter_map(|layer| layer.peek().map(|&(stored, _)| stored.as_slice()));
            let Some(changed) = changed.min().filter(|stored| stored.starts_with(self.prefix)) else {
                return self.stored.take();
            };
            match self.stored.peek()?.map(|kept| kept.cmp(changed)) {
                Some(Ordering::Less) => return self.stored.take(),
                Some(Ordering::Equal) => self.stored.skip(),
                Some(Ordering::Greater) | None => {}
            }
            let mut newest = None;
            for layer in &mut self.layers {
                let found = layer.next_if(|(stored, _)| stored.as_slice() == changed);
                newest = newest.or(found);
            }
            let Some((stored, change)) = newest else { continue };
            if let Some(payload) = &change.payload {
                return Ok(Some((change.key(stored).into_owned(), Cow::Borrowed(payload))));
            }
        }
    }
}

/// The records of a space in their order, fetched a page at a time.
struct Stored<'a> {
    space: &'a dyn Space,
    prefix: &'a [u8],
    /// Where the next page begins; none after the last.
    next: Option<Vec<u8>>,
    page: Peekable<IntoIter<(Vec<u8>, Vec<u8>)>>,
    size: usize,
}

impl<'a> Stored<'a> {
    fn new(space: &'a dyn Space, prefix: &'a [u8], start: &[u8], expected: usize) -> Self {
        let size = expected.clamp(1, PAIRS_AT_ONCE);
        Self { space, prefix, next: Some(start.to_vec()), page: Vec::new().into_iter().peekable(), size }
    }

    /// The next key.
    fn peek(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.page.len() == 0
            && let Some(start) = self.next.take()
        {
            let page = self.space.scan(self.prefix, &start, self.size)?;
            if page.len() == self.size {
                // The next key there can be.
                self.next = page.last().map(|(key, _)| [key.as_slice(), &[0]].concat());
            }
            self.page = page.into_iter().peekable();
        }
        Ok(self.page.peek().map(|(key, _)| key.as_slice()))
    }

    fn skip(&mut self) {
        self.page.next();
    }

    /// The next record, whole.
    fn take<'b>(&mut self) -> Result<Option<(Key, Cow<'b, [u8]>)>, StoreError> {
        self.peek()?;
        let Some((stored, value)) = self.page.next() else { return Ok(None) };
        let record = Record::read(&stored, &value)?;
        let payload = record.payload(|piece| self.space.get(piece))?;
        Ok(Some((record.key, Cow::Owned(payload))))
    }
}
