//! Ports: what the core needs from the world, in the core's own types.
//!
//! `engine` is handed one implementation of each. The store and the governors' runtime have never heard of each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_ledger::{Frontier, Hash};

use crate::config::SlotConfig;
use crate::decision::{Decision, Effect, Manifest};
use crate::effect::Way;
use crate::event::{DedupKey, Lane};
use crate::fact::{Fact, FactKey, FactName, Read, Seen};
use crate::outcome::{Outcome, Report};
use crate::slot::Slot;
use crate::time::Time;

// ── the clock ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// The host's time. In `play` the events drive it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}

// ── governors ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// A governor version that is installed in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The slot.
    pub slot: Slot,
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of the component's bytes.
    pub digest: Hash,
}

/// What a governor judges, beside the facts it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The event's id.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// Its subject.
    pub subject: String,
    /// Its time.
    pub time: Time,
    /// Its data as canonical JSON.
    pub data: String,
    /// The lane's time.
    pub now: Time,
    /// A number below 2^53 derived from the event.
    pub seed: u64,
}

/// A blocking effect's answer, as its governor hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectResult {
    /// The effect's id.
    pub id: String,
    /// Its action.
    pub action: String,
    /// The connector key it was done under.
    pub key: Hash,
    /// Yes or no.
    pub accepted: bool,
    /// The answer's body as canonical JSON.
    pub body: String,
}

/// What a governor is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Judge this.
    Evaluate(Context),
    /// Hear the answers of your own effects.
    Feedback(Context, Vec<EffectResult>),
}

/// What one call gave.
#[derive(Clone, Debug)]
pub struct Called {
    /// The decision, unchecked, or why there is none.
    pub answer: Result<Decision, Failure>,
    /// Fuel burned.
    pub fuel: u64,
}

/// How a call can fail. The name goes into receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// It burned all its fuel.
    OutOfFuel,
    /// It ran into the wall-clock deadline. Not repeatable, and never replayed as a decision.
    Deadline,
    /// Its stack overflowed.
    StackOverflow,
    /// It asked for more memory than its slot allows.
    OutOfMemory,
    /// It executed `unreachable`: a panic, in most languages.
    Unreachable,
    /// Another trap.
    Trap,
    /// Its answer breaks a rule of the contract.
    BadAnswer,
    /// It read a fact it does not declare.
    UndeclaredRead,
    /// It reported a fault: broken facts or broken code.
    Fault,
}

impl FailureClass {
    /// The name on the wire and in receipts.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfFuel => "out-of-fuel",
            Self::Deadline => "deadline",
            Self::StackOverflow => "stack-overflow",
            Self::OutOfMemory => "out-of-memory",
            Self::Unreachable => "unreachable",
            Self::Trap => "trap",
            Self::BadAnswer => "bad-answer",
            Self::UndeclaredRead => "undeclared-read",
            Self::Fault => "fault",
        }
    }
}

/// Why a call gave no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// A sentence, with function and line where the component carries them.
    pub reason: String,
}

/// What a governor may read during one call. Each call gets its own; it notes what was read.
pub trait Facts: Send + Sync {
    /// Reads a fact of the snapshot; none where it is absent.
    ///
    /// # Errors
    /// The name is not declared, or the store cannot be read.
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError>;

    /// Reads the slot's configuration.
    fn config(&self, key: &str) -> Option<String>;
}

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The manifest does not declare it.
    #[error("it read `{0}`, which its manifest does not declare")]
    Undeclared(String),
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(String),
}

/// Runs governors.
pub trait GovernorRuntime: Send + Sync {
    /// The version installed in a slot.
    fn installed(&self, slot: &Slot) -> Option<Arc<Installed>>;

    /// Every installed version, in slot order.
    fn all_installed(&self) -> Vec<Arc<Installed>>;

    /// What besides component, configuration and inputs a decision and its fuel depend on: engine version and settings.
    fn engine_hash(&self) -> Hash;

    /// Asks the governor in a slot, in a fresh instance, within the slot's limits.
    fn call(&self, slot: &Slot, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called;
}

// ── connectors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// One try of one effect at an outside service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The tenant.
    pub tenant: String,
    /// The customer.
    pub subject: String,
    /// The action.
    pub action: String,
    /// The body, an object.
    pub body: Value,
    /// The connector key: the same for every try of one attempt.
    pub key: Hash,
    /// Doing or undoing.
    pub way: Way,
    /// The connector key of what is being undone.
    pub undoes: Option<Hash>,
    /// How long the caller waits, in milliseconds.
    pub timeout_ms: u64,
}

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes or no.
    pub accepted: bool,
    /// Its body, an object.
    pub body: Value,
}

/// The service did not answer in time, or could not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoAnswer {
    /// Why.
    pub reason: String,
}

/// The host's door to outside services.
pub trait Connector: Send + Sync {
    /// Carries out one try. The same key twice is the same effect once.
    ///
    /// # Errors
    /// No answer within the request's time.
    fn call(&self, request: &Request) -> Result<Answer, NoAnswer>;
}

// ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────────

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

/// A deadline that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Which one.
    pub key: TimerKey,
    /// When it is due.
    pub due: Time,
    /// What comes back with it.
    pub data: Option<Value>,
    /// The receipt of the event that set it.
    pub cause: u64,
    /// The subject of the event that set it.
    pub subject: String,
    /// What led to it.
    pub lineage: Lineage,
}

/// How long a chain of the host's own events led to something, so that no governor can keep the host busy for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Events raised and effects settled, one from another, since a caller or a timer began.
    pub depth: u32,
    /// Timers, each due within a second of the moment that set it.
    pub timers: u32,
}

impl Lineage {
    /// The lineage of what is raised here, or of an effect of here that settles.
    pub fn raise(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// The lineage of a timer set at `now`. One that lets time pass begins anew.
    pub fn timer(self, now: Time, due: Time) -> Self {
        let at_once = due.ms() < now.ms().saturating_add(1_000);
        Self { depth: 0, timers: if at_once { self.timers + 1 } else { 0 } }
    }
}

/// Names a timer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimerKey {
    /// Whose lane.
    pub lane: Lane,
    /// Who set it.
    pub slot: Slot,
    /// Its name.
    pub name: String,
}

/// An event that a governor raised and that waits to be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The event as canonical JSON.
    pub event: String,
    /// The receipt of its cause.
    pub cause: u64,
    /// What led to it.
    pub lineage: Lineage,
}

/// A deferred effect that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferred {
    /// The lane it was asked in.
    pub lane: Lane,
    /// The subject of the event that asked.
    pub subject: String,
    /// The slot that asked.
    pub slot: Slot,
    /// The effect.
    pub effect: Effect,
    /// The connector key.
    pub key: Hash,
    /// The receipt of the event that asked.
    pub cause: u64,
    /// The lane's time when it was asked.
    pub now: Time,
    /// What led to it.
    pub lineage: Lineage,
}

/// A blocking effect's intent and what came of it: durable before the effect is done, and again after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The event, by its dedup key.
    pub event: DedupKey,
    /// The slot that asked.
    pub slot: Slot,
    /// The effect, with its undo.
    pub effect: Effect,
    /// The connector key of doing it.
    pub key: Hash,
    /// Rises only after an undo.
    pub attempt: u32,
    /// What the service answered; none while that is not known.
    pub answer: Option<Answer>,
    /// Whether it was undone.
    pub undone: bool,
}

/// An event that reached an effect, but no outcome yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The event as canonical JSON.
    pub event: String,
}

/// What the host knows of an accepted event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DedupRecord {
    /// SHA-256 of the event's canonical JSON; the event itself is the blob of that name.
    pub hash: Hash,
    /// What became of it.
    pub report: Report,
}

/// A key that stands for one thing in a tenant for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// SHA-256 of the content's canonical JSON.
    pub content: Hash,
    /// The event that claimed it.
    pub event: DedupKey,
}

/// A receipt as it is kept: the leaf, and what a replay needs beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The leaf's bytes: a canonical [`syndic_ledger::Receipt`].
    pub leaf: String,
    /// What is kept beside it.
    pub kept: Kept,
}

/// What stands beside a receipt, for people and for replay; its values are blobs by hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The event's dedup key.
    pub key: DedupKey,
    /// The event.
    pub event: Hash,
    /// The lane's time that governors saw.
    pub now: Time,
    /// What was read, and where the values are.
    pub reads: Vec<Read>,
    /// The configuration.
    pub config: Hash,
    /// The components, in slot order.
    pub components: Vec<Hash>,
    /// What was answered to blocking effects, in order, so that `feedback` can be asked again.
    pub intents: Vec<Intent>,
    /// What the caller was told.
    pub report: Report,
}

/// An event whose undo did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The receipt that says `stuck`.
    pub receipt: u64,
    /// What is still to be undone, in the order to undo it.
    pub remaining: Vec<Intent>,
}

/// Counts over the store's whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Outcomes with a receipt, by name.
    pub outcomes: std::collections::BTreeMap<Outcome, u64>,
    /// Conflicts recorded.
    pub conflicts: u64,
}

/// Where the ledger ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The Merkle tree's right edge; its size is the number of receipts.
    pub frontier: Frontier,
    /// Counts.
    pub tally: Tally,
}

/// One atomic, durable unit: all of it survives a crash, or none.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Facts to write, or with none to delete.
    pub facts: Vec<(FactKey, Option<Fact>)>,
    /// The lane's new time.
    pub lane: Option<(Lane, Time)>,
    /// Timers to keep; one of the same key is replaced.
    pub timers_set: Vec<Timer>,
    /// A timer that fired.
    pub timer_spent: Option<TimerKey>,
    /// Raised events to queue, in order.
    pub raised: Vec<Raised>,
    /// The queued event that this commit spends, by its number.
    pub raised_spent: Option<u64>,
    /// Deferred effects to queue, in order.
    pub outbox: Vec<Deferred>,
    /// The deferred effect that this commit settles, by its number.
    pub outbox_spent: Option<u64>,
    /// The event's dedup record. Ends its [`Unfinished`] and [`Intent`] records too.
    pub dedup: Option<(DedupKey, DedupRecord)>,
    /// The receipt and the head that includes it.
    pub receipt: Option<(u64, Entry, Head)>,
    /// The last number allotted, per tenant and series.
    pub numbers: Vec<(String, String, u64)>,
    /// Claims, per tenant and key.
    pub claims: Vec<(String, String, Claim)>,
    /// Content to keep, by its SHA-256.
    pub blobs: Vec<(Hash, Vec<u8>)>,
    /// An event to park.
    pub parked: Option<(DedupKey, Parked)>,
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
