//! What a receipt is made of.
//!
//! Plain data. Lists keep the order in which things happened or were decided, which is the same on every machine.
//! Every struct declares its members in the order RFC 8785 writes them; [`Receipt::leaf`](crate::Receipt::leaf)
//! relies on that, and a test holds it.
//!
//! Where a field is a [`Hash`] and its comment says *commitment*, it was made with the [`Salt`](crate::Salt) of the
//! subject, or of the tenant where it concerns a tenant fact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use crate::hash::{Digest, Hash};

/// What a receipt is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Kind {
    /// An event that was judged. Written `event`.
    Event,
    /// An administrative act, by its name: `install`, `promote`, `settle`, `release`.
    Act(String),
}

impl From<String> for Kind {
    fn from(name: String) -> Self {
        if name == "event" { Self::Event } else { Self::Act(name) }
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Event => "event".to_owned(),
            Kind::Act(name) => name,
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Event => "event",
            Self::Act(name) => name,
        })
    }
}

/// The event that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Commitment to the canonical JSON of the whole event.
    pub hash: Hash,
    /// The sender's id, in the clear.
    pub id: String,
    /// Commitment to the source, which may be a person's.
    pub source: Hash,
    /// The CloudEvents type, in the clear.
    pub r#type: String,
}

/// The earlier receipt this one follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// How it follows.
    pub relation: Relation,
    /// That receipt's sequence, always smaller than this one's.
    pub sequence: u64,
}

/// How one receipt follows from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// A governor raised this event there.
    Raised,
    /// A governor set there the timer that fired.
    Timer,
    /// A deferred effect asked for there came to its end.
    Settled,
    /// What was referred there is decided here.
    Resolves,
    /// What was rolled back there is tried again here.
    Retries,
    /// What could not be undone there is undone here.
    Undoes,
    /// What nobody answered there is sent again here.
    Resends,
    /// What was quarantined there is let through from here on.
    Releases,
    /// The case's step before this one.
    Continues,
}

/// One governor's part. In an administrative act: the version the act concerns, with fuel 0 and no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governor {
    /// The code of a refusal, referral or fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The component's bytes.
    pub digest: Digest,
    /// The fuel all its calls for this event burnt. 0 where it was not called, and where the clock ended the call,
    /// because then the fuel would be a measurement.
    pub fuel: u64,
    /// The state schema that its facts had before it carried them over for this event; absent where it had nothing to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated: Option<u32>,
    /// Commitment to the canonical JSON of its decision; absent where it gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Hash>,
    /// Where it is installed.
    pub slot: String,
    /// Its last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Its semantic version.
    pub version: String,
}

/// What a governor answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// Nothing to say.
    Abstain,
    /// No.
    Refuse,
    /// A person decides.
    Refer,
    /// No usable answer: a fault of its own, a trap, fuel or time spent, a decision out of bounds. The code says
    /// which.
    Fault,
}

/// Whose fact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The customer's.
    Customer,
    /// The tenant's.
    Tenant,
}

/// A fact the decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Commitment to the value's canonical JSON; absent where the fact was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// The fact.
    pub name: String,
    /// Whose.
    pub scope: Scope,
    /// The version that was read; 0 where the fact was never written.
    pub version: u64,
}

/// A fact that is different afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Commitment to the new value's canonical JSON; absent where the fact was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Hash>,
    /// Commitment to the old value's; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Hash>,
    /// The fact.
    pub name: String,
    /// Whose.
    pub scope: Scope,
    /// The version the change made.
    pub version: u64,
}

/// A timer that was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// Commitment to the canonical JSON of the timer: its due time and its data.
    pub hash: Hash,
    /// Its name.
    pub name: String,
    /// The slot that set it.
    pub slot: String,
}

/// An event that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raised {
    /// Commitment to the canonical JSON of its data.
    pub hash: Hash,
    /// The slot that raised it.
    pub slot: String,
    /// Its CloudEvents type.
    pub r#type: String,
}

/// What two governors, or a governor and time, could not both have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// The fact; for a disagreement over an effect its action, over a claimed key `claim`.
    pub fact: String,
    /// The rule it was settled by.
    pub policy: Policy,
    /// How it was settled, by a stable name: `rolled-back`, `referred`, `judged-again`, `dropped`, or the
    /// slot that won.
    pub settlement: String,
    /// The slots concerned, in slot order.
    pub slots: Vec<String>,
}

/// The rule for a conflict, chosen by configuration for each name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Undo everything.
    Compensate,
    /// A declared order of slots.
    SlotOrder,
    /// A declared order of values.
    Strictest,
    /// A person decides.
    Manual,
    /// Judge again on what is stored now.
    Optimistic,
    /// A write older than the fact is dropped.
    LastWriteWins,
}

/// An action on the outside world, and how far it came by the time of this receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// The action: `authorize-payment`.
    pub action: String,
    /// Commitment to the answer's canonical JSON, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Hash>,
    /// From 1; rises only after an undo.
    pub attempt: u32,
    /// The id its governor gave it.
    pub id: String,
    /// The connector key: what makes the provider do it once.
    pub key: Hash,
    /// When it happens, and what may be done about it.
    pub mode: Mode,
    /// Commitment to the canonical JSON `[key, body, undo]` of what was asked.
    pub request: Hash,
    /// The slot that asked.
    pub slot: String,
    /// How far it came.
    pub status: EffectStatus,
}

/// When an effect happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Before the commit; changes nothing.
    Check,
    /// Before the commit; can be undone.
    Reversible,
    /// After the commit.
    Deferred,
}

/// How far an effect came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectStatus {
    /// Written down to be done after the commit.
    Pending,
    /// Done.
    Done,
    /// The service answered no.
    Declined,
    /// The service did not answer.
    Failed,
    /// Done, then undone.
    Undone,
    /// To be undone, and the undo did not succeed in time.
    UndoFailed,
}

/// A gapless number that was allotted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The number.
    pub number: u64,
    /// The tenant's series: `invoice`.
    pub series: String,
}

/// A key that was claimed for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Commitment to the canonical JSON of what the key stands for.
    pub content: Hash,
    /// Commitment to the key.
    pub key: Hash,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything was committed.
    Completed,
    /// A governor said no.
    Refused,
    /// A person decides.
    Referred,
    /// Something failed, and nothing of it remains.
    RolledBack,
    /// Something failed, and not all of it could be undone.
    Stuck,
}

/// One step of a case: what happened in it, and what it is at afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The transitions that fired, in order, as the net names them: `T_VerifyIdentity.pass`.
    pub fired: Vec<String>,
    /// The case's id, in the clear, as an event's is.
    pub id: String,
    /// The net's text.
    pub net: Digest,
    /// Its marking, data and work after the step, as they are kept: *commitment* under the salt of the case's id. Receipts
    /// of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Hash>,
    /// What it is at.
    pub status: CaseStatus,
}

/// What a case is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    /// It goes on.
    Running,
    /// Nothing in it moves until it is resumed.
    Suspended,
    /// It cannot go on until somebody repairs it.
    Stopped,
    /// It came to its end.
    Completed,
    /// Somebody ended it.
    Cancelled,
}

impl CaseStatus {
    /// The name in leaves and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why it failed: a stable kind and its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRecord {
    /// Fields with ASCII names whose values are the same on every machine and say nothing of a person: slots, facts,
    /// limits; never a provider's or a governor's sentence.
    pub fields: BTreeMap<String, ErrorField>,
    /// The kind: `GovernorError`.
    pub kind: String,
}

/// A value in an error. No floats: they have no place in a leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ErrorField {
    /// A count or a limit.
    Number(u64),
    /// A name.
    Text(String),
    /// Several names.
    Names(Vec<String>),
}
