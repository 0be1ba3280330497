//! Items: what waits in a case, and for whom.
//!
//! One for each task that is enabled, and one for each thing that has yet to be undone.

use serde::{Deserialize, Serialize};
use syndic_core::Time;

use super::people::Work;

/// A task that is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// Which time it is enabled, from 1: as often as its task was. Kept there.
    #[serde(skip)]
    pub attempt: u32,
    /// Since when.
    pub since: Time,
    /// From when on it is late, where something is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Time>,
    /// Whether its lateness was told.
    #[serde(default, skip_serializing_if = "is_not")]
    pub told: bool,
    /// The key of its call, filled in when it was enabled; where that raises an event, its attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A service may have done it and nobody knows: it was asked, and did not answer.
    #[serde(default, skip_serializing_if = "is_not")]
    pub unsure: bool,
    /// Who is at it.
    pub doing: Doing,
    /// It was made in this step, so nobody has been asked about it yet. Not kept.
    #[serde(skip)]
    pub fresh: bool,
}

/// Who is at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Doing {
    /// The engine, at once. It waits only in a case that is stopped.
    Auto,
    /// The clock; without a moment where the data that decides it is missing.
    Timer(Option<Time>),
    /// A service.
    Service(Asking),
    /// A person: a user task, or a service's fallback.
    Person(Work),
    /// Nobody: whoever was at it says that it cannot be done.
    Failed,
}

/// A call under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    /// How often it was tried, and not answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// What it is at.
    pub at: Asked,
}

/// What a call is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Asked {
    /// It is to be called at this moment.
    Due(Time),
    /// It is an event in the orchestrator's queue, and its outcome is looked for at this moment.
    Raised(Time),
    /// It is an event that is not over: it was referred, or what it did could not be undone. An operator ends it.
    Awaited,
    /// It was tried as often as it may be, and nobody answered.
    Unanswered,
    /// The answer was no, and decided nothing.
    Denied,
}

/// A step that was done and can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done {
    /// The task.
    pub task: usize,
    /// Which time.
    pub attempt: u32,
    /// Under which key.
    pub key: String,
}

/// Something that is to be undone, or may have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Debt {
    /// What was done.
    pub done: Done,
    /// Since when it is owed.
    pub since: Time,
    /// How far it is.
    pub phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Its token is gone, and nobody knows yet whether it was done: the call is heard out.
    Listening(Asking),
    /// The undo is called.
    Undoing(Asking),
    /// Nobody answered that either: a person sees to it.
    ByHand(Work),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_not(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Item {
    /// Whether anything can still come of it by itself or by somebody.
    pub fn lives(&self) -> bool {
        match &self.doing {
            Doing::Timer(due) => due.is_some(),
            Doing::Service(asking) => asking.is_open(),
            Doing::Auto | Doing::Person(_) => true,
            Doing::Failed => false,
        }
    }

    /// When it is told to be late.
    pub fn lateness(&self) -> Option<Time> {
        self.late.filter(|_| !self.told)
    }
}

impl Asking {
    /// A call that is to be made now.
    pub fn from(at: Time) -> Self {
        Self { tries: 0, at: Asked::Due(at) }
    }

    /// When there is something to call or to look for.
    pub fn due(&self) -> Option<Time> {
        match self.at {
            Asked::Due(at) | Asked::Raised(at) => Some(at),
            Asked::Awaited | Asked::Unanswered | Asked::Denied => None,
        }
    }

    /// Whether it is an event that was raised.
    pub fn is_raised(&self) -> bool {
        matches!(self.at, Asked::Raised(_) | Asked::Awaited)
    }

    /// Whether an answer may still come.
    pub fn is_open(&self) -> bool {
        match self.at {
            Asked::Due(_) | Asked::Raised(_) | Asked::Awaited => true,
            Asked::Unanswered | Asked::Denied => false,
        }
    }
}

impl Debt {
    /// The call, while it is one.
    pub fn asking(&self) -> Option<&Asking> {
        match &self.phase {
            Phase::Listening(asking) | Phase::Undoing(asking) => Some(asking),
            Phase::ByHand(_) => None,
        }
    }
}
