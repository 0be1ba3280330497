//! Ports: what the core needs from the world, in the core's own types.
//!
//! `engine` is handed one implementation of each. The store and the governors' runtime have never heard of each other.

use std::pin::Pin;

mod acts;
mod cases;
mod connector;
mod governor;
mod observer;
mod records;
mod store;

pub use acts::{Act, Again, DeadLetter, POISON_TRAPS, Parked, Poison, PoisonKey, REASON_MAX_BYTES, Verb};
pub use cases::{CaseCounts, CaseKey, CaseRecord, CaseStatus, WorkKey, WorkRow, WorkState};
pub use connector::{Answer, Answering, Connector, NoAnswer, Request};
pub use governor::{
    COMPONENT_MAX_BYTES, Called, Code, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime, Installed,
    Migrated, Question, ReadError,
};
pub use observer::{Observer, Source};
pub use records::{
    Claim, Commit, DedupRecord, Deferred, Entry, Head, Intent, Kept, Lineage, Raised, Tally, Timer, TimerKey,
    Unfinished,
};
pub use store::{Admitted, Cases, Decide, Reads, Store, StoreError, Ticket, Works};

use crate::time::Time;

/// The passing of time, up to a moment.
pub type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The host's time. In `play` the events drive it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;

    /// Ready when it is that time, or later. In `play` waiting takes no time: it is ready at once.
    fn wait_until(&self, at: Time) -> Waiting<'_>;
}
