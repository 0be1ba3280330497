//! The observer: who counts and measures what a host does, and changes nothing of it.
//!
//! It is told in the midst of work, on the thread that does it, so it counts and returns. What it is told is measured by
//! the machine's own clock and never finds its way into a decision or a receipt.

use std::time::Duration;

use crate::outcome::Report;
use crate::slot::Slot;

/// Where a judged event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Somebody sent it.
    Sent,
    /// A governor raised it.
    Raised,
    /// A deferred effect came to its end.
    Settled,
    /// A timer fired.
    Timer,
    /// It had an outcome before, and was judged again.
    Again,
}

impl Source {
    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Raised => "raised",
            Self::Settled => "settled",
            Self::Timer => "timer",
            Self::Again => "again",
        }
    }
}

/// Hears what a host does. Whoever does not care for something leaves it out.
pub trait Observer: Send + Sync {
    /// An event was judged; of a duplicate it turned out only then.
    fn judged(&self, _source: Source, _report: &Report) {}
    /// A sender was told, durably, what became of its event, so long after it was let in.
    fn told(&self, _took: Duration) {}
    /// A governor was called; `failed` names the class of its failure.
    fn called(&self, _slot: &Slot, _fuel: u64, _failed: Option<&'static str>, _took: Duration) {}
    /// A service was asked for an action, and answered `yes`, `no` or, in its time, `none`.
    fn reached(&self, _action: &str, _answer: &'static str, _took: Duration) {}
    /// An outcome was admitted, which had the store to itself for so long, or waited for that.
    fn admitted(&self, _took: Duration) {}
    /// A group of what was admitted is durable: its barrier took so long.
    fn synced(&self, _took: Duration) {}
    /// A timer fires, so long after it was due by the host's clock.
    fn fired(&self, _late: Duration) {}
}

/// Nobody listens.
impl Observer for () {}
