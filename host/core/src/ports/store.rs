//! The store, documented by what survives a crash.
//!
//! Writing has two moments. What is *admitted* has its place in the one order of all writes, and judging goes on from
//! it; what is *durable* survives a power cut, and only then may anything of it leave the process: an answer to a
//! caller, or a call to an outside service. Writes become durable in the order in which they were admitted, so what was
//! judged on the ground of another write is never durable without it.

use std::task::{Poll, Waker};

use syndic_ledger::Hash;

use crate::event::{DedupKey, Lane};
use crate::fact::{Fact, FactKey};
use crate::ports::{
    CaseCounts, CaseKey, CaseRecord, Claim, Commit, DeadLetter, DedupRecord, Deferred, Entry, Head, Intent, Parked,
    Poison, PoisonKey, Raised, Timer, TimerKey, Unfinished, WorkKey, WorkRow,
};
use crate::slot::Slot;
use crate::text::Text;
use crate::time::Time;

/// The store could not do what was asked. Nothing of it was done, or whether it was cannot be known: the process must
/// stop and recover.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or reached.
    #[error("{0}")]
    Unreachable(String),
    /// What it holds is damaged.
    #[error("{0}")]
    Corrupt(String),
}

/// A place in the order in which the store writes. What was admitted up to it is durable when it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What became of a commit that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its place.
    pub ticket: Ticket,
    /// The number of the first event it queued in `raised`; the others follow.
    pub raised: u64,
    /// The number of the first effect it queued in `outbox`; the others follow.
    pub outbox: u64,
}

/// Everything the host knows, to read.
pub trait Reads: Send + Sync {
    /// Where the ledger ends.
    ///
    /// # Errors
    /// As all methods: the store is unreachable or corrupt.
    fn head(&self) -> Result<Head, StoreError>;
    /// One fact.
    fn fact(&self, key: &FactKey) -> Result<Option<Fact>, StoreError>;
    /// The receipt that wrote a fact; 0 where there is none. Two reads with equal stamps read the same.
    fn stamp(&self, key: &FactKey) -> Result<u64, StoreError> {
        Ok(self.fact(key)?.map_or(0, |fact| fact.receipt))
    }
    /// Every fact of a customer, or of the tenant, by name.
    fn facts(&self, tenant: &str, customer: Option<&str>) -> Result<Vec<(String, Fact)>, StoreError>;
    /// The last time a lane judged at.
    fn lane_now(&self, lane: &Lane) -> Result<Option<Time>, StoreError>;
    /// The first `limit` timers due at or before a time, in (due, tenant, customer, slot, name) order.
    fn due(&self, until: Time, limit: usize) -> Result<Vec<Timer>, StoreError>;
    /// The timer that waits under a key.
    fn timer(&self, key: &TimerKey) -> Result<Option<Timer>, StoreError>;
    /// How many timers a slot's governor has waiting in a lane.
    fn timers_of(&self, lane: &Lane, slot: &Slot) -> Result<u64, StoreError>;
    /// How many timers wait.
    fn timers(&self) -> Result<u64, StoreError>;
    /// The first `limit` raised events that wait and have a number above `after`.
    fn raised(&self, after: u64, limit: usize) -> Result<Vec<(u64, Raised)>, StoreError>;
    /// The first `limit` deferred effects that wait and have a number above `after`.
    fn deferred(&self, after: u64, limit: usize) -> Result<Vec<(u64, Deferred)>, StoreError>;
    /// What is known of an event.
    fn dedup(&self, key: &DedupKey) -> Result<Option<DedupRecord>, StoreError>;
    /// The events of an id, over all tenants and sources.
    fn events_of_id(&self, id: &str) -> Result<Vec<DedupKey>, StoreError>;
    /// Who claimed a key.
    fn claim(&self, tenant: &str, key: &str) -> Result<Option<Claim>, StoreError>;
    /// The last number of a series; 0 before the first.
    fn last_number(&self, tenant: &str, series: &str) -> Result<u64, StoreError>;
    /// A receipt.
    fn receipt(&self, sequence: u64) -> Result<Option<Entry>, StoreError>;
    /// Kept content.
    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError>;
    /// Events that reached an effect but no outcome.
    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError>;
    /// The intents of an event, in the order they were written.
    fn intents(&self, event: &DedupKey) -> Result<Vec<Intent>, StoreError>;
    /// Parked events.
    fn parked(&self) -> Result<Vec<(DedupKey, Parked)>, StoreError>;
    /// What is parked of an event.
    fn parked_event(&self, event: &DedupKey) -> Result<Option<Parked>, StoreError>;
    /// The first `limit` dead letters that have a number above `after`.
    fn dead_letters(&self, after: u64, limit: usize) -> Result<Vec<(u64, DeadLetter)>, StoreError>;
    /// How often a version trapped on an event fingerprint.
    fn poison(&self, key: &PoisonKey) -> Result<Option<Poison>, StoreError>;
    /// Every fingerprint that some version trapped on.
    fn poisons(&self) -> Result<Vec<(PoisonKey, Poison)>, StoreError>;
    /// What a register of the host's own says under a key.
    fn register(&self, register: &str, key: &str) -> Result<Option<Text>, StoreError>;
    /// The first `limit` entries of a register whose keys come after `after`, by key. Nothing comes before every key.
    fn registers(&self, register: &str, after: &str, limit: usize) -> Result<Vec<(String, Text)>, StoreError>;
    /// A case.
    fn case(&self, key: &CaseKey) -> Result<Option<CaseRecord>, StoreError>;
    /// The first `limit` cases after one, of a tenant or of all of them, by tenant and id. `after` need not exist.
    fn cases(&self, tenant: Option<&str>, after: Option<&CaseKey>, limit: usize) -> Result<Cases, StoreError>;
    /// The first `limit` cases in which something is due at or before a time, in (due, tenant, id) order.
    fn cases_due(&self, until: Time, limit: usize) -> Result<Vec<(Time, CaseKey)>, StoreError>;
    /// How many cases and open work items there are. It is counted as they are written: asking costs nothing.
    fn case_counts(&self) -> Result<CaseCounts, StoreError>;
    /// The row of a work item that is open.
    fn work(&self, key: &WorkKey) -> Result<Option<WorkRow>, StoreError>;
    /// The first `limit` open work items after one, of a tenant or of all of them, by tenant, case, task and attempt.
    fn works(&self, tenant: Option<&str>, after: Option<&WorkKey>, limit: usize) -> Result<Works, StoreError>;
    /// Every open work item of a case, by task and attempt.
    fn works_of(&self, case: &CaseKey) -> Result<Works, StoreError>;
}

/// Some cases, in order.
pub type Cases = Vec<(CaseKey, CaseRecord)>;

/// Some open work items, in order.
pub type Works = Vec<(WorkKey, WorkRow)>;

/// What a committer does while nobody else is admitted: looks at everything admitted before it, and says what it
/// writes; nothing, where it thinks better of it.
pub type Decide<'a> = dyn FnMut(&dyn Reads) -> Result<Option<Commit>, StoreError> + 'a;

/// Keeps everything the host knows. Read directly, it shows what is durable and nothing else.
pub trait Store: Reads {
    /// What is admitted, durable or not: for judging alone. Nothing that was read here may leave the process before
    /// the last ticket given out is durable.
    fn front(&self) -> &dyn Reads;

    /// Runs a committer, alone, and admits what it returns: all of it survives a crash, or none.
    ///
    /// # Errors
    /// The committer's own, or its commit does not fit: a receipt that is not the next one. Nothing was admitted.
    fn admit(&self, decide: &mut Decide<'_>) -> Result<Option<Admitted>, StoreError>;

    /// Admits an intent, or what became of it, with the whole event.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    fn admit_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<Ticket, StoreError>;

    /// Keeps content outside of any commit, components and configurations, by its SHA-256.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<Ticket, StoreError>;

    /// The last ticket given out.
    fn last(&self) -> Ticket;

    /// Ready when what was admitted up to a ticket is durable; until then, wakes the waker once it is.
    ///
    /// # Errors
    /// It will never be: the store failed. Where it would be unsafe to go on, the process has ended instead.
    fn poll_durable(&self, ticket: Ticket, waker: &Waker) -> Poll<Result<(), StoreError>>;

    /// Forgets dedup records of events taken before a time, the oldest first and at most `limit` of them, and says how
    /// many there were. Receipts stay.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError>;
}
