//! Folding: bringing what is frozen into the archive and the tree, in a thread of its own.
//!
//! The order makes it safe to stop anywhere: first the archive, synced; then the tree; then the note of how far both
//! are, synced. Without the note all of it is folded again from the journal, and comes out the same.

use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use syndic_core::failpoint;

use super::tree::State;
use super::{ARCHIVED, Shelf};
use crate::space::Writes;

/// Folds what is frozen, of which the last batch has number `last`.
pub(super) fn fold(shelf: &Shelf, last: u64) -> io::Result<()> {
    failpoint!("store.fold.begun");
    let frozen = shelf.overlay.frozen();
    let State { archive, .. } = shelf.state();
    let archive = shelf.archive.append(archive, receipts(&frozen, archive.count)?.into_iter())?;
    failpoint!("store.fold.archived");
    let state = State { folded: last, archive };
    shelf.tree.change(&frozen, ARCHIVED, state)?;
    failpoint!("store.fold.noted");
    *shelf.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    drop(frozen);
    shelf.overlay.thaw();
    failpoint!("store.fold.done");
    Ok(())
}

/// The receipts among what is frozen: those that come next after the ones that are archived, and no others.
fn receipts(frozen: &Writes, archived: u64) -> io::Result<Vec<&Vec<u8>>> {
    let bounds = (Bound::Included([ARCHIVED].as_slice()), Bound::Excluded([ARCHIVED + 1].as_slice()));
    let next = frozen.range::<[u8], _>(bounds).zip(archived + 1..).map(|((key, value), next)| {
        let expected = key.get(1..) == Some(&next.to_be_bytes());
        let value = value.as_ref().filter(|_| expected);
        value.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "receipts are only ever added, in order"))
    });
    next.collect()
}

/// The thread that folds, one fold at a time.
pub(super) struct Folder {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    /// The last batch of what is to be folded; none while there is nothing to do.
    order: Mutex<Order>,
    changed: Condvar,
}

#[derive(Default)]
struct Order {
    last: Option<u64>,
    closing: bool,
}

impl Folder {
    pub(super) fn new(shelf: &Arc<Shelf>) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let (orders, shelf) = (Arc::clone(&desk), Arc::clone(shelf));
        let work = move || {
            while let Some(last) = orders.next() {
                // sled panics on some kinds of damage. Whoever waits for this fold would wait for ever.
                let folded = catch_unwind(AssertUnwindSafe(|| fold(&shelf, last)));
                let folded = folded.unwrap_or_else(|_| Err(io::Error::other("sled panicked")));
                folded.unwrap_or_else(|why| shelf.give_up(&why));
                orders.done();
            }
        };
        let thread = Some(thread::Builder::new().name("fold".into()).spawn(work)?);
        Ok(Self { desk, thread })
    }

    /// Waits until the last fold is done.
    pub(super) fn wait(&self) {
        drop(self.desk.idle());
    }

    /// Whether no fold is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.desk.order().last.is_none()
    }

    /// Folds what was frozen, of which the last batch has this number. The last fold is done.
    pub(super) fn begin(&self, last: u64) {
        self.desk.order().last = Some(last);
        self.desk.changed.notify_all();
    }
}

impl Desk {
    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Order> {
        let busy = |order: &mut Order| order.last.is_some();
        self.changed.wait_while(self.order(), busy).unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<u64> {
        let nothing = |order: &mut Order| order.last.is_none() && !order.closing;
        self.changed.wait_while(self.order(), nothing).unwrap_or_else(PoisonError::into_inner).last
    }

    fn done(&self) {
        self.order().last = None;
        self.changed.notify_all();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.desk.order().closing = true;
        self.desk.changed.notify_all();
        // What it panicked with, if it did, ended the process; but for tests.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
