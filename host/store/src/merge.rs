//! A merge: one walk over changes and over what lies under them, in the order of keys.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::iter::Peekable;
use std::ops::Bound;
use std::vec::IntoIter;

use syndic_core::ports::StoreError;

use crate::space::Pairs;

/// Pairs fetched from below at a time, so that a store is never in memory whole. A few more than are wanted, because
/// some may be removed above.
const PAIRS_AT_ONCE: std::ops::RangeInclusive<usize> = 8..=512;

/// What a walk finds under one key.
pub(crate) enum Found<'a, V> {
    /// The newest change of it.
    Changed(&'a [u8], &'a V),
    /// No change, but this.
    Stored(Vec<u8>, Vec<u8>),
}

/// A walk over layers, the newest first, and over pairs that `page` fetches: so many, from a key on.
pub(crate) struct Merge<'a, V, F> {
    layers: Vec<Peekable<Range<'a, Vec<u8>, V>>>,
    prefix: &'a [u8],
    below: Pages<F>,
}

impl<'a, V, F: FnMut(&[u8], usize) -> Result<Pairs, StoreError>> Merge<'a, V, F> {
    /// A walk over everything that begins with `prefix` and is not below `from`. About `expected` pairs will be taken.
    pub(crate) fn new(
        layers: impl IntoIterator<Item = &'a BTreeMap<Vec<u8>, V>>,
        prefix: &'a [u8],
        from: &[u8],
        expected: usize,
        page: F,
    ) -> Self {
        let start = from.max(prefix);
        let range = |layer: &'a BTreeMap<Vec<u8>, V>| {
            layer.range::<[u8], _>((Bound::Included(start), Bound::Unbounded)).peekable()
        };
        let size = expected.clamp(*PAIRS_AT_ONCE.start(), *PAIRS_AT_ONCE.end());
        let below = Pages { page, next: Some(start.to_vec()), size, left: Vec::new().into_iter().peekable() };
        Self { layers: layers.into_iter().map(range).collect(), prefix, below }
    }

    /// What is next.
    pub(crate) fn next(&mut self) -> Result<Option<Found<'a, V>>, StoreError> {
        let changed = self.layers.iter_mut().filter_map(|layer| layer.peek().map(|&(key, _)| key.as_slice()));
        let Some(changed) = changed.min().filter(|key| key.starts_with(self.prefix)) else {
            return self.below.next();
        };
        match self.below.peek()?.map(|stored| stored.cmp(changed)) {
            Some(Ordering::Less) => return self.below.next(),
            Some(Ordering::Equal) => drop(self.below.next::<V>()?),
            Some(Ordering::Greater) | None => {}
        }
        let mut newest = None;
        for layer in &mut self.layers {
            let found = layer.next_if(|(key, _)| key.as_slice() == changed);
            newest = newest.or(found);
        }
        Ok(newest.map(|(key, value)| Found::Changed(key, value)))
    }
}

/// Pairs, fetched a page at a time.
struct Pages<F> {
    page: F,
    /// Where the next page begins; none after the last.
    next: Option<Vec<u8>>,
    size: usize,
    left: Peekable<IntoIter<(Vec<u8>, Vec<u8>)>>,
}

impl<F: FnMut(&[u8], usize) -> Result<Pairs, StoreError>> Pages<F> {
    fn peek(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.left.len() == 0
            && let Some(start) = self.next.take()
        {
            let page = (self.page)(&start, self.size)?;
            if page.len() == self.size {
                // The next key there can be.
                self.next = page.last().map(|(key, _)| [key.as_slice(), &[0]].concat());
                // Who comes again finds much removed above, or wants much.
                self.size = (self.size * 2).min(*PAIRS_AT_ONCE.end());
            }
            self.left = page.into_iter().peekable();
        }
        Ok(self.left.peek().map(|(key, _)| key.as_slice()))
    }

    fn next<'a, V>(&mut self) -> Result<Option<Found<'a, V>>, StoreError> {
        self.peek()?;
        Ok(self.left.next().map(|(key, value)| Found::Stored(key, value)))
    }
}
