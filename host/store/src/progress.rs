//! Progress: how far the store is with making durable what it admitted, and who waits for that.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use syndic_core::ports::{StoreError, Ticket};

/// Bytes that may be admitted and not on their way to disk: 64 MiB. Whoever comes then waits for room.
const QUEUED_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Who waits for what. Its lock is the innermost: nothing else is locked, and no waker called, while it is held.
#[derive(Default)]
pub(crate) struct Progress {
    now: Mutex<Now>,
    /// Something was admitted, or the store closes.
    work: Condvar,
    /// Something became durable, or will never be; or there is room again.
    done: Condvar,
}

#[derive(Default)]
struct Now {
    admitted: Ticket,
    durable: Ticket,
    queued_bytes: usize,
    failed: Option<StoreError>,
    closing: bool,
    waiting: BTreeMap<Ticket, Vec<Waker>>,
}

impl Progress {
    /// A panic in here is our own bug, and leaves nothing half done.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room to admit more.
    pub(crate) fn room(&self) -> Result<(), StoreError> {
        let full = |now: &mut Now| now.failed.is_none() && now.queued_bytes >= QUEUED_MAX_BYTES;
        let now = self.done.wait_while(self.now(), full).unwrap_or_else(PoisonError::into_inner);
        now.failed.clone().map_or(Ok(()), Err)
    }

    /// Whether the store has failed; then nothing more is admitted.
    pub(crate) fn sound(&self) -> Result<(), StoreError> {
        self.now().failed.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn admitted(&self, ticket: Ticket, bytes: usize) {
        let mut now = self.now();
        now.admitted = ticket;
        now.queued_bytes += bytes;
        drop(now);
        self.work.notify_one();
    }

    /// What was admitted is on its way to disk.
    pub(crate) fn taken(&self, bytes: usize) {
        let mut now = self.now();
        now.queued_bytes = now.queued_bytes.saturating_sub(bytes);
        drop(now);
        self.done.notify_all();
    }

    pub(crate) fn durable(&self, ticket: Ticket) {
        let mut now = self.now();
        now.durable = ticket;
        let later = now.waiting.split_off(&Ticket(ticket.0.saturating_add(1)));
        let woken = std::mem::replace(&mut now.waiting, later);
        drop(now);
        self.wake(woken);
    }

    /// What was admitted and is not durable will never be.
    pub(crate) fn failed(&self, why: StoreError) {
        let mut now = self.now();
        now.failed.get_or_insert(why);
        let woken = std::mem::take(&mut now.waiting);
        drop(now);
        self.wake(woken);
    }

    fn wake(&self, woken: BTreeMap<Ticket, Vec<Waker>>) {
        self.done.notify_all();
        woken.into_values().flatten().for_each(Waker::wake);
    }

    pub(crate) fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        let pending = |now: &mut Now| now.failed.is_none() && now.durable < ticket;
        let now = self.done.wait_while(self.now(), pending).unwrap_or_else(PoisonError::into_inner);
        now.standing(ticket)
    }

    pub(crate) fn poll(&self, ticket: Ticket, waker: &Waker) -> Poll<Result<(), StoreError>> {
        let mut now = self.now();
        if now.durable >= ticket || now.failed.is_some() {
            return Poll::Ready(now.standing(ticket));
        }
        let waiting = now.waiting.entry(ticket).or_default();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        Poll::Pending
    }

    /// Waits until there is something to write. False where there is nothing and never will be.
    pub(crate) fn next_work(&self) -> bool {
        let idle = |now: &mut Now| now.failed.is_none() && !now.closing && now.durable >= now.admitted;
        let now = self.work.wait_while(self.now(), idle).unwrap_or_else(PoisonError::into_inner);
        now.failed.is_none() && now.durable < now.admitted
    }

    /// Nothing more will be admitted.
    pub(crate) fn close(&self) {
        self.now().closing = true;
        self.work.notify_all();
    }
}

impl Now {
    fn standing(&self, ticket: Ticket) -> Result<(), StoreError> {
        match &self.failed {
            Some(why) if self.durable < ticket => Err(why.clone()),
            _ => Ok(()),
        }
    }
}
