//! What waits for an operator, and what one did about it.
//!
//! An event has one outcome at a time, and three of them are not the end of it: `referred` waits for a person, `stuck`
//! for an undo that succeeds, and `rolled-back` may be tried again. What is done then leaves a receipt of its own that
//! names the first, and from then on the event's outcome is that one's.

use serde::{Deserialize, Serialize};
use syndic_ledger::Hash;

use crate::error::Error;
use crate::event::DedupKey;
use crate::outcome::Outcome;
use crate::ports::{Deferred, Intent};
use crate::slot::Slot;
use crate::time::Time;

/// What is done to an event after its first outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A referred event is judged again, on the facts of now.
    Resolve {
        /// The slot that is right where slots disagree and the policy is that an operator decides.
        winner: Option<Slot>,
    },
    /// A referred event is refused.
    Refuse,
    /// A rolled-back event is judged again.
    Retry,
    /// What could not be undone was undone by hand.
    Settle,
    /// What could not be undone is undone.
    Undo,
    /// A deferred effect that nobody answered is tried again.
    Resend,
    /// An event that a governor trapped on is let through to it again.
    Release,
}

impl Verb {
    /// The name on the wire and in receipts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "resolve",
            Self::Refuse => "refuse",
            Self::Retry => "retry",
            Self::Settle => "settle",
            Self::Undo => "undo",
            Self::Resend => "resend",
            Self::Release => "release",
        }
    }
}

/// One thing that was done, by whom and why. It stands beside the receipt, which commits to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What.
    pub verb: Verb,
    /// Who; the host itself where it goes on undoing.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// The longest reason, in bytes of UTF-8: it is kept for ever.
pub const REASON_MAX_BYTES: usize = 1_024;

/// The act that gave an event another outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The receipt of the outcome before.
    pub first: u64,
    /// The act.
    pub act: Act,
}

/// An event whose undo did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The receipt that says `stuck`.
    pub receipt: u64,
    /// What is still to be undone, in the order to undo it.
    pub remaining: Vec<Intent>,
    /// What the event comes to once that is undone.
    pub meant: Outcome,
    /// What went wrong before the undo did, if anything had.
    pub error: Option<Error>,
    /// How often the host has tried since.
    pub tries: u32,
    /// When it tries again; none where it has given up, and only an operator can.
    pub next: Option<Time>,
}

/// A deferred effect that nobody answered for as long as it was tried. It is filed under the number it had in the
/// outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The effect, with its connector key.
    pub deferred: Deferred,
    /// How often an operator has tried since, in vain.
    pub resent: u32,
}

/// One governor version and one event fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PoisonKey {
    /// The slot.
    pub slot: Slot,
    /// SHA-256 of the component: another version is asked again.
    pub digest: Hash,
    /// SHA-256 of the event's type, tenant, subject and data: the same thing under another id is the same poison.
    pub fingerprint: Hash,
}

/// How often one governor version trapped on one event fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poison {
    /// How often.
    pub traps: u32,
    /// The last event it trapped on.
    pub event: DedupKey,
    /// That one's receipt.
    pub receipt: u64,
}

/// Traps after which a version is no longer asked about an event fingerprint.
pub const POISON_TRAPS: u32 = 3;

impl Poison {
    /// Whether the version is asked no more.
    pub fn is_quarantined(&self) -> bool {
        self.traps >= POISON_TRAPS
    }
}
