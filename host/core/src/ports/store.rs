//! The store, documented by what survives a crash.

use syndic_ledger::Hash;

use crate::event::{DedupKey, Lane};
use crate::fact::{Fact, FactKey};
use crate::ports::{Claim, Commit, DedupRecord, Deferred, Entry, Head, Intent, Parked, Raised, Timer, Unfinished};
use crate::slot::Slot;
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

/// Keeps everything the host knows. Every method that writes returns only when what it wrote survives a power cut;
/// what was never returned from may survive or not, but a [`Commit`] does so whole. Readers see only what is durable.
pub trait Store: Send + Sync {
    /// Where the ledger ends.
    ///
    /// # Errors
    /// As all methods: the store is unreachable or corrupt.
    fn head(&self) -> Result<Head, StoreError>;
    /// One fact.
    fn fact(&self, key: &FactKey) -> Result<Option<Fact>, StoreError>;
    /// Every fact of a customer, or of the tenant, by name.
    fn facts(&self, tenant: &str, customer: Option<&str>) -> Result<Vec<(String, Fact)>, StoreError>;
    /// The last time a lane judged at.
    fn lane_now(&self, lane: &Lane) -> Result<Option<Time>, StoreError>;
    /// The first timer due at or before a time, in (due, tenant, customer, slot, name) order.
    fn next_timer(&self, until: Time) -> Result<Option<Timer>, StoreError>;
    /// How many timers a slot's governor has waiting in a lane.
    fn timers_of(&self, lane: &Lane, slot: &Slot) -> Result<u64, StoreError>;
    /// How many timers wait.
    fn timers(&self) -> Result<u64, StoreError>;
    /// The raised event that is next, with its number.
    fn next_raised(&self) -> Result<Option<(u64, Raised)>, StoreError>;
    /// The deferred effect that is next, with its number.
    fn next_deferred(&self) -> Result<Option<(u64, Deferred)>, StoreError>;
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
    /// Writes an intent, or what became of it, with the whole event. Durable on return.
    fn write_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<(), StoreError>;
    /// Writes everything at once. Durable on return.
    fn commit(&self, commit: Commit) -> Result<(), StoreError>;
    /// Keeps content outside of any commit: components and configurations. Durable on return.
    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<(), StoreError>;
}
