//! Ports: what the core needs from the world, in the core's own types.
//!
//! `engine` is handed one implementation of each. The store and the governors' runtime have never heard of each other.

mod acts;
mod connector;
mod governor;
mod records;
mod store;

pub use acts::{Act, Again, DeadLetter, POISON_TRAPS, Parked, Poison, PoisonKey, REASON_MAX_BYTES, Verb};
pub use connector::{Answer, Answering, Connector, NoAnswer, Request};
pub use governor::{
    Called, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime, Installed, Question, ReadError,
};
pub use records::{
    Claim, Commit, DedupRecord, Deferred, Entry, Head, Intent, Kept, Lineage, Raised, Tally, Timer, TimerKey,
    Unfinished,
};
pub use store::{Admitted, Decide, Reads, Store, StoreError, Ticket};

use crate::time::Time;

/// The host's time. In `play` the events drive it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}
