//! Reaching out: one try of one effect, and its answer.

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_ledger::Hash;

use crate::effect::Way;
use crate::text::Text;

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
    pub body: Text,
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

/// What a service answers, in its time.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send + 'a>>;

/// The host's door to outside services.
pub trait Connector: Send + Sync {
    /// Carries out one try. The same key twice is the same effect once. Whoever calls listens for the request's time, and
    /// then drops what is returned here: what was done by then may have happened.
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a>;

    /// Whether a call reaches out of this process. Where none does, and answers depend on the request alone, as in a
    /// rehearsal, nothing has to be durable before it is asked: after a crash it is asked again and answers the same.
    fn reaches_out(&self) -> bool {
        true
    }
}
