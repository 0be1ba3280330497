//! What a governor answers: a verdict with its decision, or a fault.
//!
//! A refusal is the design working and a fault is something broken, so they are different types: `?` can only ever
//! produce a fault, and nobody turns a customer away by accident.

use std::fmt;

use crate::Decision;

/// What `evaluate` and `feedback` return.
pub type Answer = Result<Decision, Fault>;

/// Why, in a form for programs and one for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable code in lower case with hyphens: `payment-declined`.
    pub code: String,
    /// A sentence for the person who asked.
    pub message: String,
}

/// A governor's answer to "may this happen?".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Yes, with the writes and effects of the decision.
    Approve,
    /// Nothing to say. The writes and effects of the decision still count.
    #[default]
    Abstain,
    /// No. Nothing of the event remains but its receipt.
    Refuse(Reason),
    /// A person decides. The event is kept and judged again when they have.
    Refer(Reason),
}

/// Broken facts or broken code; never what a customer got wrong, which is a refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// A stable code: `broken-fact`.
    pub code: String,
    /// A sentence for the person on call.
    pub message: String,
}

impl Reason {
    /// A reason with a code for programs and a sentence for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl Fault {
    /// A fault with a code for programs and a sentence for the person on call.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    pub(crate) fn broken_fact(name: &str, why: impl fmt::Display) -> Self {
        Self::new("broken-fact", format!("fact `{name}`: {why}"))
    }
}

/// JSON that a governor parses by hand came out of a fact, so a text that does not parse is a broken fact.
impl From<serde_json::Error> for Fault {
    fn from(why: serde_json::Error) -> Self {
        Self::new("broken-fact", why.to_string())
    }
}

/// Sums that leave the range, or mix currencies without a check, are broken code.
impl From<crate::MoneyError> for Fault {
    fn from(why: crate::MoneyError) -> Self {
        Self::new("broken-money", why.to_string())
    }
}

/// A time that does not parse came out of a fact.
impl From<crate::BadTime> for Fault {
    fn from(why: crate::BadTime) -> Self {
        Self::new("broken-fact", why.to_string())
    }
}

/// Yes, and nothing else.
pub fn approve() -> Answer {
    Ok(Decision::approve())
}

/// Nothing to say.
pub fn abstain() -> Answer {
    Ok(Decision::abstain())
}

/// No: a stable code, and a sentence for the person who asked.
pub fn refuse(code: impl Into<String>, message: impl Into<String>) -> Answer {
    Ok(Decision::refuse(code, message))
}

/// A person decides: a stable code, and a sentence that says what they have to decide.
pub fn refer(code: impl Into<String>, message: impl Into<String>) -> Answer {
    Ok(Decision::refer(code, message))
}
