//! What is not as it was, by name.

use std::fmt;

use syndic_core::FactName;
use syndic_ledger::Hash;

/// Which of a governor's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// It judged.
    Evaluate,
    /// It heard what its checks came to.
    AfterChecks,
    /// It heard what its reversible effects came to.
    AfterReversible,
}

impl Call {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::AfterChecks => "feedback-after-checks",
            Self::AfterReversible => "feedback-after-reversible",
        }
    }
}

/// The first thing that is not as it was, and in which call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The call.
    pub call: Call,
    /// The thing.
    pub what: What,
}

/// How something that was kept is lacking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It is not there.
    Missing,
    /// It is there, and is something else.
    Other,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is not kept any more",
            Self::Other => "is kept, and is not what its hash says",
        })
    }
}

/// What is not as it was: an input that cannot be had again, or an answer that is another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// The event.
    #[error("the event is kept, and is not what the receipt commits to")]
    Event,
    /// The configuration.
    #[error("configuration sha256:{digest} {lack}")]
    Configuration {
        /// Its digest.
        digest: Hash,
        /// How it is lacking.
        lack: Lack,
    },
    /// The component.
    #[error("component sha256:{digest} {lack}")]
    Component {
        /// Its digest.
        digest: Hash,
        /// How it is lacking.
        lack: Lack,
    },
    /// The component is what it was, and this host does not take it.
    #[error("component sha256:{digest} does not load: {reason}")]
    NotLoaded {
        /// Its digest.
        digest: Hash,
        /// Why.
        reason: String,
    },
    /// A value that was read.
    #[error("fact `{fact}` was read as receipt {receipt} wrote it, and that {lack}")]
    Value {
        /// The fact.
        fact: FactName,
        /// The receipt that wrote it.
        receipt: u64,
        /// How it is lacking.
        lack: Lack,
    },
    /// It reads what nobody read then.
    #[error("it reads fact `{fact}`, which nobody read then")]
    Read {
        /// The fact.
        fact: FactName,
    },
    /// It reads what nobody read then, and what that was cannot be found out.
    #[error("it reads fact `{fact}`, and what that was then is not known")]
    Unknown {
        /// The fact.
        fact: FactName,
    },
    /// Its slot's facts had another schema, and which there were is not known.
    #[error(
        "its facts had schema {had} then, it has schema {has}, and which facts there were to carry over is not known"
    )]
    Schema {
        /// What they had.
        had: u32,
        /// What it has.
        has: u32,
    },
    /// What a service answered.
    #[error("the answer to effect `{effect}` {lack}")]
    Answer {
        /// `slot/id`.
        effect: String,
        /// How it is lacking.
        lack: Lack,
    },
    /// It decides otherwise.
    #[error("it said {then} then, and says {now} now")]
    Verdict {
        /// Verdict and code.
        then: String,
        /// Verdict and code.
        now: String,
    },
    /// Its verdict is the same, and something else of its decision is not.
    #[error("its verdict is the same, and its decision is another: it has another hash")]
    Output,
    /// It burns another amount.
    #[error("it burnt {then} fuel then, and burns {now} now")]
    Fuel {
        /// What the receipt says.
        then: u64,
        /// What it was now.
        now: u64,
    },
    /// The engine is another, and something else is too.
    #[error("engine {then} ran it then, and engine {now} does now: {and}")]
    Engine {
        /// The engine hash of the receipt.
        then: Hash,
        /// This host's.
        now: Hash,
        /// What differs.
        and: Box<What>,
    },
    /// The clock stopped it.
    #[error("the clock stopped it, and what the clock did cannot be repeated")]
    Deadline,
}

impl What {
    /// A stable name, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Configuration { .. } => "configuration",
            Self::Component { .. } => "component",
            Self::NotLoaded { .. } => "not-loaded",
            Self::Value { .. } => "value",
            Self::Read { .. } => "read",
            Self::Unknown { .. } => "unknown",
            Self::Schema { .. } => "schema",
            Self::Answer { .. } => "answer",
            Self::Verdict { .. } => "verdict",
            Self::Output => "output",
            Self::Fuel { .. } => "fuel",
            Self::Engine { .. } => "engine",
            Self::Deadline => "deadline",
        }
    }
}
