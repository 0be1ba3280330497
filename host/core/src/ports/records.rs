//! What the store keeps: plain records, and the commit that writes them together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_ledger::{Frontier, Hash};

use crate::decision::Effect;
use crate::effect::Mode;
use crate::event::{DedupKey, Lane};
use crate::fact::{Fact, FactKey, FactName, Read};
use crate::outcome::{Outcome, Report};
use crate::ports::{Again, Answer, CaseKey, CaseRecord, DeadLetter, Parked, Poison, PoisonKey, WorkKey, WorkRow};
use crate::slot::Slot;
use crate::text::{Text, embedded_if_any};
use crate::time::Time;

/// A deadline that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Which one.
    pub key: TimerKey,
    /// When it is due.
    pub due: Time,
    /// What comes back with it.
    #[serde(with = "embedded_if_any")]
    pub data: Option<Text>,
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
    /// Rises after an undo, and where other content is asked for after a no.
    pub attempt: u32,
    /// What the service answered; none while that is not known.
    pub answer: Option<Answer>,
    /// Whether undoing it was begun: from then on it may be undone, whatever the service answered to it before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undoing: bool,
    /// Whether it was undone.
    pub undone: bool,
}

impl Intent {
    /// Whether it may have changed the world and has not been changed back.
    pub fn needs_undo(&self) -> bool {
        let declined = self.answer.as_ref().is_some_and(|answer| !answer.accepted);
        self.effect.mode == Mode::Reversible && !self.undone && !declined
    }
}

/// An event that reached an effect, but no outcome yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The event as canonical JSON.
    pub event: String,
    /// The act that has it judged again; none where this is its first judgement.
    pub again: Option<Again>,
}

/// What the host knows of an accepted event.
#[derive(Clone, Debug, PartialEq)]
pub struct DedupRecord {
    /// SHA-256 of the event's canonical JSON. The event itself stands with its receipt; where it left none, it is the
    /// blob of this name.
    pub hash: Hash,
    /// When it was taken, by the host's clock. After the time for which keys are kept it may be forgotten.
    pub taken: Time,
    /// What became of it. Where it has a receipt, this is the receipt's report.
    pub report: Report,
}

/// A key that stands for one thing in a tenant for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// SHA-256 of the content's canonical JSON.
    pub content: Hash,
    /// The event that claimed it.
    pub event: DedupKey,
    /// That event's receipt: it stays when the event's key is forgotten.
    pub receipt: u64,
}

/// A receipt as it is kept: the leaf, and what a replay needs beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The leaf's bytes: a canonical [`syndic_ledger::Receipt`].
    pub leaf: String,
    /// What is kept beside it.
    pub kept: Kept,
}

/// What stands beside a receipt, for people and for replay. The configuration and the components that the leaf names
/// are blobs; the values that were read stand with the receipts that wrote them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The event's dedup key.
    pub key: DedupKey,
    /// The event as canonical JSON.
    pub event: String,
    /// The lane's time that governors saw.
    pub now: Time,
    /// What was read, and where the values are.
    pub reads: Vec<Read>,
    /// What the facts read as that this event wrote; none where it deleted one.
    pub writes: Vec<(FactName, Option<Text>)>,
    /// What was answered to blocking effects, in order, so that `feedback` can be asked again.
    pub intents: Vec<Intent>,
    /// What led to the event; some bounds depend on it.
    pub lineage: Lineage,
    /// What the caller was told.
    pub report: Report,
    /// The act that this is the receipt of; none where it is of an event's first outcome.
    pub again: Option<Again>,
}

/// Counts over the store's whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Outcomes with a receipt, by name.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Conflicts recorded.
    pub conflicts: u64,
    /// Of the outcomes, those that are no event's first: it was judged again, or it was an act and no event at all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond: u64,
}

impl Tally {
    /// Events that have an outcome, each counted once.
    pub fn events(&self) -> u64 {
        self.outcomes.values().sum::<u64>().saturating_sub(self.beyond)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
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
    /// An event that is kept before it is judged, because its sender does not wait for the outcome; or with none, that
    /// it is kept no more. Whatever gives it an outcome ends it too.
    pub accepted: Option<(DedupKey, Option<Unfinished>)>,
    /// The event's dedup record. Ends its [`Unfinished`] and [`Intent`] records too.
    pub dedup: Option<(DedupKey, DedupRecord)>,
    /// The receipt. Its sequence is the ledger's next; the store adds it to the tree and to the tally.
    pub receipt: Option<(u64, Entry)>,
    /// The last number allotted, per tenant and series.
    pub numbers: Vec<(String, String, u64)>,
    /// Claims, per tenant and key.
    pub claims: Vec<(String, String, Claim)>,
    /// Content to keep, by its SHA-256.
    pub blobs: Vec<(Hash, Vec<u8>)>,
    /// An event to park, or with none to take from the park.
    pub parked: Option<(DedupKey, Option<Parked>)>,
    /// A dead letter to keep, or with none to drop, by its number.
    pub dead: Option<(u64, Option<DeadLetter>)>,
    /// How often versions trapped, or with none that it counts no more.
    pub poison: Vec<(PoisonKey, Option<Poison>)>,
    /// What the host writes of itself: which versions are in its slots, who may come in. The register, the key, and its
    /// entry as JSON, or none to drop it. Registers are small and seldom written; what there is one of per event has a
    /// place of its own above.
    pub registers: Vec<(String, String, Option<Text>)>,
    /// Cases to write, or with none to forget, with every row of their work.
    pub cases: Vec<(CaseKey, Option<CaseRecord>)>,
    /// Rows of open work items, or with none that it is open no more.
    pub works: Vec<(WorkKey, Option<WorkRow>)>,
}
