//! A walk over the ledger, a chapter at a time: read on all cores, taken in order, judged on all cores, told in order.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use syndic_core::ports::{Entry, StoreError};

use super::Past;
use super::history::History;

/// Receipts of one chapter. Enough that cores seldom wait for one another; few enough to be in memory whole.
pub(crate) const CHAPTER: u64 = 1_024;

/// Receipts that a core reads in a row: a store keeps neighbours together.
const READ_AT_ONCE: usize = 128;

/// Items that a core takes at a time.
pub(crate) const AT_ONCE: usize = 8;

/// A receipt as it was read.
pub(crate) type Found = (u64, Arc<Entry>);

impl Past<'_> {
    /// Reads receipts, on all cores.
    pub(crate) fn entries(&self, range: RangeInclusive<u64>) -> Result<Vec<Found>, StoreError> {
        let sequences: Vec<u64> = range.collect();
        let read = |sequence: &u64| Ok((*sequence, Arc::new(crate::act::entry(&*self.reads, *sequence)?)));
        in_parallel(self.threads, READ_AT_ONCE, &sequences, read).into_iter().collect()
    }

    /// Hands every receipt of a range to `judge`, on all cores, and what it makes of them to `tell`, in order.
    pub(crate) fn walk<T: Send, E: From<StoreError>>(
        &self,
        range: RangeInclusive<u64>,
        history: &History,
        judge: impl Fn(&Found) -> Result<T, StoreError> + Sync,
        mut tell: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut from, to) = range.into_inner();
        while from <= to {
            let last = to.min(from.saturating_add(CHAPTER - 1));
            let chapter = self.entries(from..=last)?;
            history.open(chapter.iter().map(|(sequence, entry)| (*sequence, &entry.kept)));
            for judged in in_parallel(self.threads, AT_ONCE, &chapter, &judge) {
                tell(judged?)?;
            }
            history.close();
            from = last + 1;
        }
        Ok(())
    }
}

/// Does something with every item, on so many threads that take some at once, and returns what came of it in the items'
/// order.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    threads: usize,
    at_once: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(at_once, Ordering::Relaxed);
            let Some(rest) = items.get(from..).filter(|rest| !rest.is_empty()) else { return done };
            let mine = &rest[..rest.len().min(at_once)];
            done.push((from, mine.iter().map(&work).collect::<Vec<R>>()));
        }
    };
    let mut done: Vec<(usize, Vec<R>)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut done = some();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(from, _)| *from);
    done.into_iter().flat_map(|(_, results)| results).collect()
}
