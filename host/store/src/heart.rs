//! The heart of the store: what is admitted, and how it gets to disk.
//!
//! Four locks, always taken in this order:
//! 1. `turn`: one is admitted at a time. Held while a committer decides, and while its commit is drafted.
//! 2. `writer`: one writes at a time, from taking a group to making it durable.
//! 3. `gate`: shared by those who read what is durable; the writer has it alone from its batch to the end of its
//!    barrier, so that nobody acts on what a crash could still take back.
//! 4. `front`: shared by those who read what is admitted. Held alone only to publish an admission, to take a group, and
//!    to let go of one that is durable; never during a batch or a barrier. A group that is being written stays in a
//!    layer over the space until it is durable, so what a batch changes is never read from the space meanwhile.
//!
//! [`Progress`] has a lock of its own, under which no other is taken.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use syndic_core::ports::{Head, Observer, StoreError, Ticket};
use syndic_core::{Time, failpoint};
use syndic_ledger::Master;

use crate::counters::{Counters, Written};
use crate::draft::Draft;
use crate::firsts::Firsts;
use crate::key::{Key, Table};
use crate::layer::Layer;
use crate::pack::{Pack, Unpack};
use crate::progress::Progress;
use crate::space::{Space, Writes};
use crate::value::{Seal, seal};
use crate::view::View;

/// Who makes durable what is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A thread of the store's own.
    Thread,
    /// Whoever admits, before it returns.
    Admitter,
    /// Whoever says so, and when.
    Hand,
}

pub(crate) struct Heart<S> {
    pub(crate) space: S,
    pub(crate) master: Master,
    pub(crate) progress: Progress,
    pub(crate) by: Writer,
    turn: Mutex<()>,
    writer: Mutex<Standing>,
    gate: RwLock<()>,
    front: RwLock<Front>,
    /// Who hears how long barriers take, if anybody does.
    pub(crate) observer: OnceLock<Arc<dyn Observer>>,
}

/// What the last batch left.
struct Standing {
    counters: Counters,
    head: Head,
}

/// What is admitted.
struct Front {
    /// Is being collected.
    queued: Layer,
    queued_bytes: usize,
    /// Is on its way to disk.
    writing: Arc<Layer>,
    counters: Counters,
    head: Head,
    /// The last one given out.
    ticket: Ticket,
    /// The last one that was taken to be written.
    taken: Ticket,
    firsts: Firsts,
}

/// What is written as one.
struct Group {
    changes: Arc<Layer>,
    counters: Counters,
    head: Head,
    ticket: Ticket,
}

impl<S: Space> Heart<S> {
    /// The store in a space, which must reach as far as was ever acknowledged.
    pub(crate) fn over(space: S, master: Master, by: Writer) -> Result<Self, StoreError> {
        let stored = View::of(&space);
        let (counters, head) = (stored.counters()?, stored.head()?);
        let (found, acknowledged) = (counters.written.batches, space.acknowledged());
        if found < acknowledged {
            return Err(StoreError::Corrupt(format!(
                "its log ends with batch {found}, and batch {acknowledged} was acknowledged: what came after is lost"
            )));
        }
        let front = Front {
            queued: Layer::default(),
            queued_bytes: 0,
            writing: Arc::default(),
            counters: counters.clone(),
            head: head.clone(),
            ticket: Ticket(0),
            taken: Ticket(0),
            firsts: Firsts::default(),
        };
        let (writer, front) = (Mutex::new(Standing { counters, head }), RwLock::new(front));
        let (turn, gate, progress) = (Mutex::default(), RwLock::default(), Progress::default());
        Ok(Self { space, master, progress, by, turn, writer, gate, front, observer: OnceLock::new() })
    }

    /// Looks at what is durable.
    pub(crate) fn look_at_durable<T>(
        &self,
        answer: impl FnOnce(&View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _still = self.gate.read().map_err(broken_off)?;
        answer(&View::of(&self.space))
    }

    /// Looks at what is admitted, and what is drafted on top of it.
    pub(crate) fn look_at_front<T>(
        &self,
        draft: Option<&Layer>,
        answer: impl FnOnce(&View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let front = self.front();
        let layers = draft.into_iter().chain([&front.queued, &*front.writing]).collect();
        answer(&View { space: &self.space, layers, newest: Some((&front.counters, &front.head)) })
    }

    /// The first that are admitted of a table that goes by due times, up to a time.
    pub(crate) fn first_due<T: Unpack>(
        &self,
        table: Table,
        until: Time,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        let front = self.front();
        let view = View { space: &self.space, layers: vec![&front.queued, &*front.writing], newest: None };
        // Nobody publishes meanwhile, so what is found first holds.
        front.firsts.looking(table, |first| view.due(table, first, until, limit))
    }

    /// Admits what `fill` drafts, alone; nothing where it answers none.
    pub(crate) fn admit<T>(
        &self,
        fill: impl FnOnce(&mut Draft<'_, S>) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<(Ticket, T)>, StoreError> {
        // A committer that panicked has admitted nothing.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match self.by {
            Writer::Thread => self.progress.room()?,
            Writer::Admitter | Writer::Hand => self.progress.sound()?,
        }
        let (counters, head) = {
            let front = self.front();
            (front.counters.clone(), front.head.clone())
        };
        let mut draft = Draft::new(self, counters, head);
        let Some(told) = fill(&mut draft)? else { return Ok(None) };
        let Draft { changes, counters, head, .. } = draft;
        failpoint!("store.admit.drafted");
        let ticket = self.publish(changes, counters, head);
        drop(turn);
        failpoint!("store.admit.published");
        if self.by == Writer::Admitter {
            self.write_out()?;
        }
        Ok(Some((ticket, told)))
    }

    fn publish(&self, changes: Layer, counters: Counters, head: Head) -> Ticket {
        let bytes = changes.bytes();
        let kept = Firsts::kept_of(&changes);
        let mut front = self.front_alone();
        front.firsts.come_down_to(kept);
        front.queued.absorb(changes);
        front.queued_bytes += bytes;
        front.ticket.0 += 1;
        (front.counters, front.head) = (counters, head);
        let ticket = front.ticket;
        // Before anybody can take it: what is taken is subtracted from what was admitted.
        self.progress.admitted(ticket, bytes);
        drop(front);
        ticket
    }

    /// Makes durable what is admitted, as one group.
    pub(crate) fn write_out(&self) -> Result<(), StoreError> {
        let mut standing = self.writer.lock().map_err(broken_off)?;
        self.progress.sound()?;
        let Some(group) = self.take() else { return Ok(()) };
        let ticket = group.ticket;
        let written = catch_unwind(AssertUnwindSafe(|| self.write(group, &mut standing)));
        match written {
            Ok(Ok(())) => {}
            Ok(Err(why)) => {
                self.progress.failed(why.clone());
                return Err(why);
            }
            Err(panic) => {
                self.progress.failed(not_known());
                resume_unwind(panic);
            }
        }
        // The layer goes only when its records can be read beneath it. It is large, so it is freed outside the lock.
        let durable = mem::take(&mut self.front_alone().writing);
        self.progress.durable(ticket);
        drop(durable);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.space.tidy())) {
            self.progress.failed(not_known());
            resume_unwind(panic);
        }
        Ok(())
    }

    /// Looks at where the ledger durably ends, while nothing is written. Whoever writes waits.
    pub(crate) fn between_batches<T>(&self, look: impl FnOnce(&Head) -> T) -> Result<T, StoreError> {
        let standing = self.writer.lock().map_err(broken_off)?;
        self.progress.sound()?;
        Ok(look(&standing.head))
    }

    /// Takes everything that is queued.
    fn take(&self) -> Option<Group> {
        let mut front = self.front_alone();
        if front.taken == front.ticket {
            return None;
        }
        front.taken = front.ticket;
        front.writing = Arc::new(mem::take(&mut front.queued));
        let bytes = mem::take(&mut front.queued_bytes);
        let (changes, ticket) = (Arc::clone(&front.writing), front.ticket);
        let group = Group { changes, counters: front.counters.clone(), head: front.head.clone(), ticket };
        drop(front);
        self.progress.taken(bytes);
        Some(group)
    }

    /// One batch and one barrier.
    fn write(&self, group: Group, standing: &mut Standing) -> Result<(), StoreError> {
        let Group { changes, mut counters, head, .. } = group;
        counters.written = standing.counters.written;
        if changes.is_empty() && counters == standing.counters && head == standing.head {
            return Ok(());
        }
        let writes = self.sealed(&changes, &mut counters, (head != standing.head).then_some(&head))?;
        failpoint!("store.group.sealed");
        let alone = self.gate.write().map_err(broken_off)?;
        failpoint!("store.group.write", self.space.write(counters.written.batches, writes)?);
        let observed = self.observer.get().map(|observer| (observer, Instant::now()));
        failpoint!("store.group.barrier", self.space.barrier(counters.written.batches)?);
        if let Some((observer, began)) = observed {
            observer.synced(began.elapsed());
        }
        failpoint!("store.group.durable");
        drop(alone);
        *standing = Standing { counters, head };
        Ok(())
    }

    /// A group as a batch, and what the counters are after it. What a record no longer needs of its pieces goes with
    /// it. A record that came and went within the group is no part of it.
    fn sealed(&self, changes: &Layer, counters: &mut Counters, head: Option<&Head>) -> Result<Writes, StoreError> {
        let Written { batches, records } = &mut counters.written;
        *batches += 1;
        let number = *batches;
        let mut writes = Writes::new();
        let mut seal_one = |key: &Key, payload: Option<&[u8]>| {
            let new = payload.is_some() && key.is_written_once();
            let before = if new { None } else { self.space.head(&key.stored())?.map(Seal::of) };
            let after = payload.map(|payload| seal(key, number, payload, &mut writes));
            if let (Some(_), None) = (before, after) {
                writes.insert(key.stored().into_owned(), None);
            }
            before.into_iter().for_each(|seal| records.subtract(seal));
            after.into_iter().for_each(|seal| records.add(seal));
            let pieces = |seal: Option<Seal>| seal.map_or(0, |seal| seal.pieces);
            writes.extend((pieces(after)..pieces(before)).map(|nth| (key.piece(nth), None)));
            Ok::<(), StoreError>(())
        };
        changes.changes().try_for_each(|(key, payload)| seal_one(&key, payload))?;
        if let Some(head) = head {
            seal_one(&Key::of(Table::Head), Some(&head.pack()))?;
        }
        seal(&Key::of(Table::Counters), number, &counters.pack(), &mut writes);
        Ok(writes)
    }

    /// The last ticket given out.
    pub(crate) fn last(&self) -> Ticket {
        self.front().ticket
    }

    /// What is published under these locks is published whole, so a panic elsewhere leaves nothing half done.
    fn front(&self) -> RwLockReadGuard<'_, Front> {
        self.front.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn front_alone(&self) -> RwLockWriteGuard<'_, Front> {
        self.front.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until what was admitted up to a ticket is durable.
    pub(crate) fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        if self.by == Writer::Hand {
            self.write_out()?;
        }
        self.progress.wait(ticket)
    }
}

/// A writer panicked: what it left is whole, but whether it is durable nobody knows.
fn broken_off<T>(_: PoisonError<T>) -> StoreError {
    not_known()
}

fn not_known() -> StoreError {
    StoreError::Unreachable("an earlier write was broken off: open the store again".into())
}
