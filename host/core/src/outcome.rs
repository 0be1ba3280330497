//! Outcomes: what became of an event, as the caller is told and as the dedup record keeps it.

use serde::{Deserialize, Serialize};

use crate::effect::Mode;
use crate::error::Error;
use crate::ports::CaseStatus;
use crate::slot::Slot;
use crate::states::State;

/// What became of an event. Every accepted event reaches exactly one; `Invalid` is for what was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything is done and committed.
    Completed,
    /// A governor said no; nothing of it remains but the receipt.
    Refused,
    /// A person decides; the event is kept.
    Referred,
    /// Something failed; nothing of it remains but the receipt.
    RolledBack,
    /// Something failed and an effect could not be undone; an operator must look.
    Stuck,
    /// Turned away at the door: no receipt.
    Invalid,
}

impl Outcome {
    /// All six, in the order they are counted and printed.
    pub const ALL: [Outcome; 6] = [
        Outcome::Completed,
        Outcome::Refused,
        Outcome::Referred,
        Outcome::RolledBack,
        Outcome::Stuck,
        Outcome::Invalid,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Referred => "referred",
            Self::RolledBack => "rolled-back",
            Self::Stuck => "stuck",
            Self::Invalid => "invalid",
        }
    }
}

/// What one governor answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// The slot.
    pub slot: Slot,
    /// The installed version.
    pub version: String,
    /// The component's digest, `sha256:…`.
    pub digest: String,
    /// approve · abstain · refuse · refer, or `failed` where there was no answer.
    pub verdict: String,
    /// The refusal's or referral's code, or the class of failure.
    pub code: Option<String>,
    /// The sentence that goes with it.
    pub message: Option<String>,
    /// The governor's remark.
    pub note: Option<String>,
    /// Fuel burned, evaluate and feedback together.
    pub fuel: u64,
}

/// How an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectStatus {
    /// Waits in the outbox.
    Pending,
    /// Done.
    Done,
    /// The service said no, or gave no answer.
    Failed,
    /// Done, or possibly done, and undone.
    Undone,
}

impl EffectStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }
}

/// One effect of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectReport {
    /// `slot/id`.
    pub id: String,
    /// The action.
    pub action: String,
    /// Its mode.
    pub mode: Mode,
    /// How it stands.
    pub status: EffectStatus,
}

/// One conflict and how it was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The fact, or `action key`.
    pub fact: String,
    /// Who disagreed.
    pub slots: Vec<Slot>,
    /// The policy.
    pub policy: String,
    /// What came of it: `rolled-back`, `referred`, `judged-again`, `dropped`, or the slot that won.
    pub settlement: String,
}

/// Everything the caller is told of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The event's id.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether this is the stored outcome of an earlier event.
    pub duplicate: bool,
    /// The receipt's sequence.
    pub receipt: Option<u64>,
    /// The states the lane went through.
    pub state_path: Vec<State>,
    /// What each routed governor answered, in slot order.
    pub governors: Vec<Opinion>,
    /// Conflicts and their settlement.
    pub conflicts: Vec<Conflict>,
    /// Effects, in the order they were asked for.
    pub effects: Vec<EffectReport>,
    /// What went wrong.
    pub error: Option<Error>,
    /// What became of a case, where this is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseStep>,
}

/// One step of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseStep {
    /// The case.
    pub id: String,
    /// Its net, by name.
    pub net: String,
    /// What it is at afterwards.
    pub status: CaseStatus,
    /// The transitions that fired, in order.
    pub fired: Vec<String>,
    /// What else happened, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

impl Report {
    /// The report of an event that was turned away.
    pub fn turned_away(id: impl Into<String>, error: Error) -> Self {
        Self {
            id: id.into(),
            outcome: Outcome::Invalid,
            duplicate: false,
            receipt: None,
            state_path: Vec::new(),
            governors: Vec::new(),
            conflicts: Vec::new(),
            effects: Vec::new(),
            error: Some(error),
            case: None,
        }
    }
}
