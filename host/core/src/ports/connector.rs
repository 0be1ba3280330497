//! Reaching out: one try of one effect, and its answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_ledger::Hash;

use crate::effect::Way;

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
