//! The caseload: carries out what cases decide.
//!
//! [`cases`](crate::cases) says what a command, a moment or an answer makes of a case, and does nothing; here that is
//! committed, and services are asked. One step is one commit with one receipt: the case, its work items, and the
//! events that it raises. A step is computed beside the store and held against the case once more when it is admitted;
//! where the case has moved meanwhile, it is computed again.
//!
//! A service that is to be asked is in the case before it is asked, and stays there until its answer is: whoever dies
//! in between leaves a case that is due, and the next process asks again, under the same key.
//!
//! Not here: in which order cases go (`play`, `lanes`).

mod calls;
mod commit;
mod look;
mod raised;
mod sealed;
mod wanted;

use syndic_core::Time;
use syndic_core::outcome::Report;
use syndic_core::ports::{CaseKey, CaseRecord, Ticket};

pub use look::{CaseHistory, CaseLook, look_at_case, verify_cases};

pub(crate) use calls::{Next, lane_of_call};
pub(crate) use raised::raised_by;

use crate::cases::{CallId, CaseRefused};
use crate::turn::After;

/// What one step of a case came to.
pub(crate) struct Moved {
    /// May be told once the ticket is durable.
    pub(crate) report: Report,
    pub(crate) ticket: Ticket,
    pub(crate) after: After,
    /// The moment that it counts as of.
    pub(crate) at: Time,
}

/// Names one call of one case, so that nobody makes it twice at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallKey {
    pub(crate) case: CaseKey,
    pub(crate) task: String,
    pub(crate) attempt: u32,
    pub(crate) undo: bool,
}

impl CallKey {
    pub(crate) fn new(case: &CaseKey, call: &CallId) -> Self {
        let CallId { task, attempt, undo } = call.clone();
        Self { case: case.clone(), task, attempt, undo }
    }
}

/// Why a command was not carried out: what the case says, and what there is to say before there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Case(#[from] CaseRefused),
    #[error("no net is loaded as `{0}`")]
    NoSuchNet(String),
    #[error("there is no case `{0}`")]
    NoSuchCase(String),
    #[error("the case `{0}` has begun already")]
    CaseExists(String),
    #[error("services are not rehearsed here: `rehearse` is for the sandbox")]
    NoRehearsal,
}

/// Every code that a command may be refused with, beside those of the cases themselves, and when it is.
#[rustfmt::skip]
pub const REFUSALS: &[(&str, &str)] = &[
    ("no-such-net",  "no net is loaded under that name"),
    ("no-such-case", "no case of that tenant has this id"),
    ("case-exists",  "a case of that tenant has this id already; an id is used once"),
    ("no-rehearsal", "the launch scripts services, and these here are real"),
];

impl Refused {
    /// Its stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Case(refused) => refused.code(),
            Self::NoSuchNet(_) => "no-such-net",
            Self::NoSuchCase(_) => "no-such-case",
            Self::CaseExists(_) => "case-exists",
            Self::NoRehearsal => "no-rehearsal",
        }
    }
}

/// What a case is known by between two looks at it: equal receipts, equal record.
fn stamp(record: Option<&CaseRecord>) -> Option<u64> {
    record.map(|record| record.receipt)
}
