//! Commands: everything that can be asked of a case, and everything that can happen to one.

use std::collections::BTreeMap;

use serde_json::Value;
use syndic_core::Time;
use syndic_core::ports::{Answer, NoAnswer};

use super::CallId;

/// What is asked of a case, or happens to it. Who may ask is the host's to know; who asked, and why, is in the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The earliest of what is due comes to pass: a timer, the end of a lease, lateness. One happening, and then what
    /// follows from it by itself. It counts as of its own moment, however late the host is.
    Due,
    /// A call has ended.
    Answered {
        /// Which.
        call: CallId,
        /// With what.
        answer: Result<Answer, NoAnswer>,
    },
    /// The event that a call stands for is in the orchestrator's queue; its outcome is looked for at this moment.
    Raised {
        /// Which call.
        call: CallId,
        /// When to look.
        look: Time,
    },
    /// The case ends: open work is withdrawn, and what was done is undone, newest first.
    Cancel,
    /// Nothing moves until it is resumed. Deadlines run on.
    Suspend,
    /// It goes on; what became due meanwhile is due now.
    Resume,
    /// An operator puts right what is wrong.
    Repair(Repair),
    /// Something is done with a work item.
    Work {
        /// The task, as the item is called: `T_ReviewIdentity`, `T_UndoBilling.manual`, `undo/T_ProcessPayment`.
        task: String,
        /// Which time.
        attempt: u32,
        /// Who asks.
        by: String,
        /// The roles of whoever asks.
        roles: Vec<String>,
        /// What is asked.
        verb: WorkVerb,
    },
}

/// What an operator puts right, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// Variables and what they hold from now on; `null` takes the value away.
    pub data: BTreeMap<String, Value>,
    /// A task that is to be tried anew: its service is asked again, its work item offered again.
    pub retry: Option<String>,
    /// A transition that is to fire, whoever's it is: `T_VerifyIdentity.pass`. Guards are not asked, tokens are.
    pub fire: Option<String>,
}

/// What is done with a work item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkVerb {
    /// It is mine. A lease ends it, unless a heartbeat comes; 15 minutes if nothing is said.
    Take {
        /// How long, in milliseconds.
        lease_ms: Option<i64>,
    },
    /// I am at it.
    Start {
        /// How long, in milliseconds.
        lease_ms: Option<i64>,
    },
    /// It is done.
    Complete {
        /// The outcome, where no guards decide it.
        outcome: Option<String>,
        /// What it found out.
        data: BTreeMap<String, Value>,
    },
    /// It cannot be done.
    Fail {
        /// Why.
        reason: String,
    },
    /// Somebody else may have it.
    Release,
    /// It is laid aside.
    Suspend,
    /// It is taken up again.
    Resume,
    /// It is somebody else's.
    Delegate {
        /// Whose.
        to: String,
        /// The roles of that one, where they are known.
        to_roles: Option<Vec<String>>,
    },
    /// I am still at it: the lease begins anew.
    Heartbeat {
        /// How long, in milliseconds.
        lease_ms: Option<i64>,
    },
    /// It is more urgent, or less.
    Prioritise {
        /// The higher, the sooner.
        priority: i32,
    },
}

impl WorkVerb {
    /// As it is called in commands.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Take { .. } => "take",
            Self::Start { .. } => "start",
            Self::Complete { .. } => "complete",
            Self::Fail { .. } => "fail",
            Self::Release => "release",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Delegate { .. } => "delegate",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Prioritise { .. } => "prioritise",
        }
    }
}
