//! The error kinds: stable names with typed fields.
//!
//! A refusal is not an error: it is the design working. An error says that the event, a governor, an effect or the
//! host did something it must not, or could not. Scripts and alerts may rely on [`Error::kind`].

use serde::{Deserialize, Serialize};

use crate::slot::Slot;

/// What went wrong, in a form that is stored, printed and alarmed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Error {
    /// A move that is not in the nine-state table: our bug.
    #[error("no move leads from {from} to {to} on {event}")]
    InvalidTransition {
        /// The state the lane was in.
        from: String,
        /// The state it should have gone to, or `none`.
        to: String,
        /// The cue.
        event: String,
    },
    /// A governor was not healthy in time at start.
    #[error("governor `{governor}` was not healthy within {timeout_secs} s")]
    GovernorStartupFailed {
        /// The slot.
        governor: Slot,
        /// The limit, in seconds.
        timeout_secs: u64,
    },
    /// A phase of an event outlived its limit.
    #[error("the phase {phase} outlived its limit")]
    CoordinationTimeout {
        /// The state that took too long.
        phase: String,
    },
    /// A governor trapped, ran out of fuel or time, reported a fault or gave an answer that breaks a rule.
    #[error("governor `{governor}`: {reason}")]
    GovernorError {
        /// The slot.
        governor: Slot,
        /// What it did, with the function and line where the component carries them.
        reason: String,
    },
    /// Decisions disagree, or a fact they were made on kept moving.
    #[error("`{fact}` is in conflict between {}", names(governors))]
    ConflictDetected {
        /// The fact, or `action key` of the effect, they disagree on.
        fact: String,
        /// Who disagrees.
        governors: Vec<Slot>,
    },
    /// An effect could not be undone in time.
    #[error("effect `{effect}` could not be undone: {reason}")]
    RollbackFailed {
        /// `slot/id` of the effect.
        effect: String,
        /// Why.
        reason: String,
    },
    /// A key that stands for one thing was used for another.
    #[error("{reason}")]
    IdempotencyViolation {
        /// The id of the event that used it.
        event_id: String,
        /// Which key, and what it stands for.
        reason: String,
    },
    /// The event is not one.
    #[error("{reason}")]
    EventValidationFailed {
        /// What is wrong with it, naming the member.
        reason: String,
    },
    /// Nobody judges this kind of event.
    #[error("no governor is assigned to events of type `{event_type}`")]
    NoGovernorsAssigned {
        /// The event's id.
        event_id: String,
        /// Its type.
        event_type: String,
    },
    /// A blocking effect gave no answer.
    #[error("effect `{effect}` gave no answer: {reason}")]
    EffectFailed {
        /// `slot/id` of the effect.
        effect: String,
        /// Why.
        reason: String,
    },
    /// The queue is full.
    #[error("the queue is full; try again in {retry_after_ms} ms")]
    Overloaded {
        /// When to try again, in milliseconds.
        retry_after_ms: u64,
    },
    /// A case does not do what it was asked.
    #[error("{reason}")]
    CommandRefused {
        /// Why, by a stable name.
        code: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// A command is given in a role that whoever gives it does not have.
    #[error("`{by}` does not have the work role `{role}`")]
    RoleNotHeld {
        /// Who gives it.
        by: String,
        /// The role.
        role: String,
    },
    /// A component may not be installed.
    #[error("governor `{governor}` was not loaded: {reason}")]
    ComponentRejected {
        /// The slot it was meant for.
        governor: Slot,
        /// What is wrong with it, and what to do.
        reason: String,
    },
}

fn names(slots: &[Slot]) -> String {
    let names: Vec<String> = slots.iter().map(|slot| format!("`{slot}`")).collect();
    names.join(" and ")
}

impl Error {
    /// Shorthand for [`Error::EventValidationFailed`].
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::EventValidationFailed { reason: reason.into() }
    }

    /// Shorthand for [`Error::GovernorError`].
    pub fn governor(slot: &Slot, reason: impl Into<String>) -> Self {
        Self::GovernorError { governor: slot.clone(), reason: reason.into() }
    }

    /// The stable name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidTransition { .. } => "InvalidTransition",
            Self::GovernorStartupFailed { .. } => "GovernorStartupFailed",
            Self::CoordinationTimeout { .. } => "CoordinationTimeout",
            Self::GovernorError { .. } => "GovernorError",
            Self::ConflictDetected { .. } => "ConflictDetected",
            Self::RollbackFailed { .. } => "RollbackFailed",
            Self::IdempotencyViolation { .. } => "IdempotencyViolation",
            Self::EventValidationFailed { .. } => "EventValidationFailed",
            Self::NoGovernorsAssigned { .. } => "NoGovernorsAssigned",
            Self::EffectFailed { .. } => "EffectFailed",
            Self::Overloaded { .. } => "Overloaded",
            Self::CommandRefused { .. } => "CommandRefused",
            Self::RoleNotHeld { .. } => "RoleNotHeld",
            Self::ComponentRejected { .. } => "ComponentRejected",
        }
    }
}
