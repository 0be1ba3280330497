//! The store over any space: core's port for writing, and what the command line reads besides.

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};

use syndic_core::ports::{
    Admitted, Commit, Decide, DedupRecord, Entry, Intent, Observer, Reads, Store, StoreError, Ticket, Unfinished,
};
use syndic_core::{DedupKey, Time};
use syndic_ledger::{Hash, Master};

use crate::draft::Draft;
use crate::heart::{Heart, Writer};
use crate::key::{Key, Table};
use crate::pack::Unpack;
use crate::reads::{known_event_of, numbered, told};
use crate::space::Space;
use crate::view::View;

/// Core's records in a [`Space`]. Read directly, it shows what is durable; its [`front`](Store::front) shows what is
/// admitted.
pub struct Records<S> {
    front: Front<S>,
    /// What writes for a store on disk; dropped first, when it has written everything.
    thread: Option<JoinHandle<()>>,
}

/// What is admitted.
pub(crate) struct Front<S>(Arc<Heart<S>>);

impl<S: Space> Records<S> {
    /// The store in a space. What is admitted is durable at once.
    ///
    /// # Errors
    /// What the space holds is damaged, or less than was acknowledged.
    pub fn over(space: S, master: Master) -> Result<Self, StoreError> {
        Self::written_by(Writer::Admitter, space, master)
    }

    /// The store in a space, which makes nothing durable but by [`write_out`](Self::write_out), or where somebody
    /// [waits](Self::wait): for tests that look at what is admitted and not durable.
    ///
    /// # Errors
    /// As [`over`](Self::over).
    pub fn held(space: S, master: Master) -> Result<Self, StoreError> {
        Self::written_by(Writer::Hand, space, master)
    }

    pub(crate) fn written_by(by: Writer, space: S, master: Master) -> Result<Self, StoreError> {
        Ok(Self { front: Front(Arc::new(Heart::over(space, master, by)?)), thread: None })
    }

    /// Makes durable what is admitted so far, as one group, without waiting for whoever else would.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn write_out(&self) -> Result<(), StoreError> {
        self.heart().write_out()
    }

    /// What all salts of this store are derived from.
    pub fn master(&self) -> &Master {
        &self.heart().master
    }

    /// Has somebody hear, from now on, how long barriers take. There is one at most, and the first stays.
    pub fn observed_by(&self, observer: Arc<dyn Observer>) {
        let _ = self.heart().observer.set(observer);
    }

    /// Writes a commit. It is durable on return.
    ///
    /// # Errors
    /// The store is unreachable or corrupt, or a receipt is not the next one: nothing was written.
    pub fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.commit_all(vec![commit])
    }

    /// Writes several commits as one, after a crash all of them or none. Each sees what those before it write.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_all(&self, commits: Vec<Commit>) -> Result<(), StoreError> {
        self.write(|draft| commits.into_iter().try_for_each(|commit| draft.commit(commit)))
    }

    /// Waits until what was admitted up to a ticket is durable.
    ///
    /// # Errors
    /// It will never be: the store failed.
    pub fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        self.heart().wait(ticket)
    }

    /// Up to `limit` receipts from a sequence on.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn receipts(&self, from: u64, limit: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        self.look(|view| numbered(view, Table::Receipts, from, limit))
    }

    /// Up to `limit` dedup records after a key, by id, tenant and source; the first ones where there is no key.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn events(&self, after: Option<&DedupKey>, limit: usize) -> Result<Vec<(DedupKey, DedupRecord)>, StoreError> {
        let table = Key::of(Table::Dedup);
        let from = after.map_or_else(|| table.clone(), Key::dedup);
        self.look(|view| {
            let found = view.some(&table, &from, limit.saturating_add(1))?;
            let events = found.into_iter().map(|(key, known)| Ok((known_event_of(&key)?, told(view, known)?)));
            let later = events.filter(|event| !matches!((event, after), (Ok((key, _)), Some(after)) if key == after));
            later.take(limit).collect()
        })
    }

    /// How many lanes have judged an event.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn lanes(&self) -> Result<u64, StoreError> {
        self.look(|view| view.count(&Key::of(Table::Lanes)))
    }

    /// Drafts and writes what is drafted. It is durable on return.
    pub(crate) fn write(
        &self,
        fill: impl FnOnce(&mut Draft<'_, S>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let admitted = self.heart().admit(|draft| fill(draft).map(Some))?;
        admitted.map_or(Ok(()), |(ticket, ())| self.wait(ticket))
    }

    pub(crate) fn heart(&self) -> &Arc<Heart<S>> {
        &self.front.0
    }

    /// The first of a table that goes by due times, up to a time.
    pub(crate) fn first_due<T: Unpack>(
        &self,
        table: Table,
        until: Time,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        self.look(|view| view.due(table, &mut Key::of(table), until, limit))
    }

    /// Looks at what is durable.
    pub(crate) fn look<T>(&self, answer: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.heart().look_at_durable(answer)
    }
}

impl<S: Space + 'static> Records<S> {
    /// The store in a space, with a thread that writes for it: all that is queued as one group, again and again.
    ///
    /// # Errors
    /// As [`over`](Self::over), or there is no thread to be had.
    pub fn with_thread(space: S, master: Master) -> Result<Self, StoreError> {
        let mut records = Self::written_by(Writer::Thread, space, master)?;
        let heart = Arc::clone(records.heart());
        let work = move || while heart.progress.next_work() && heart.write_out().is_ok() {};
        let thread = thread::Builder::new().name("store".into()).spawn(work);
        records.thread =
            Some(thread.map_err(|why| StoreError::Unreachable(format!("no thread to write with: {why}")))?);
        Ok(records)
    }
}

impl<S: Space> Front<S> {
    pub(crate) fn look<T>(&self, answer: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.look_at_front(None, answer)
    }

    pub(crate) fn first_due<T: Unpack>(
        &self,
        table: Table,
        until: Time,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        self.0.first_due(table, until, limit)
    }
}

impl<S: Space> Store for Records<S> {
    fn front(&self) -> &dyn Reads {
        &self.front
    }

    fn admit(&self, decide: &mut Decide<'_>) -> Result<Option<Admitted>, StoreError> {
        let admitted = self.heart().admit(|draft| {
            let Some(commit) = decide(&self.front)? else { return Ok(None) };
            let first = (draft.counters.raised + 1, draft.counters.outbox + 1);
            draft.commit(commit).map(|()| Some(first))
        })?;
        Ok(admitted.map(|(ticket, (raised, outbox))| Admitted { ticket, raised, outbox }))
    }

    fn admit_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<Ticket, StoreError> {
        self.heart().always(|draft| {
            draft.write_intent(event, nth, intent);
            Ok(())
        })
    }

    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<Ticket, StoreError> {
        self.heart().always(|draft| draft.keep(blobs))
    }

    fn last(&self) -> Ticket {
        self.heart().last()
    }

    fn poll_durable(&self, ticket: Ticket, waker: &Waker) -> Poll<Result<(), StoreError>> {
        self.heart().progress.poll(ticket, waker)
    }

    fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError> {
        self.heart().forget(before, limit)
    }
}

impl<S> Drop for Records<S> {
    /// Writes what is queued and lets go of the space, so that who dropped a store may open it again.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.front.0.progress.close();
            // Whoever it wakes may hold the last of the store, and so drop it there. A panic of the thread's was told to
            // everyone who waited for it.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl<S: Space> Heart<S> {
    /// Admits what `fill` drafts.
    fn always(&self, fill: impl FnOnce(&mut Draft<'_, S>) -> Result<(), StoreError>) -> Result<Ticket, StoreError> {
        match self.admit(|draft| fill(draft).map(Some))? {
            Some((ticket, ())) => Ok(ticket),
            None => unreachable!("what is always drafted is always admitted"),
        }
    }
}
