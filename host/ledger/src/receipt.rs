//! The receipt of one outcome or one administrative act, and its one encoding: the leaf.
//!
//! A leaf is hashed once and checked for ever, so its format never changes under it: `v` is 1, members that do not
//! apply are absent, lists are always there. Checkpoints and proofs stand beside leaves, not in them.
//!
//! Writing trusts the host, which made the receipt. Reading trusts nobody: a leaf may come from a stranger, and two
//! spellings of one receipt would be two leaves.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::canonical;
use crate::hash::Hash;
use crate::merkle;
use crate::parts::{
    Case, Change, Claim, Conflict, Effect, ErrorRecord, Event, Governor, Kind, Number, Outcome, Parent, Raised, Read,
    Timer,
};

/// What was judged, by whom, on what, and what came of it. Members are declared in the order RFC 8785 writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Commitment to the canonical JSON of the act that this is the receipt of: what, by whom, why. Absent where it is
    /// of an event's first outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Hash>,
    /// The step of a case that this is the receipt of: one that somebody's command made, or one that the host made by
    /// itself. Absent where no case moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
    /// Facts that are different afterwards.
    pub changes: Vec<Change>,
    /// Keys claimed for ever.
    pub claims: Vec<Claim>,
    /// SHA-256 of the canonical configuration in force: routes, policies, limits, slot configuration.
    pub configuration: Hash,
    /// Disagreements and staleness, and how they were settled.
    pub conflicts: Vec<Conflict>,
    /// Commitment to the canonical JSON `[source, id]`: equal for what claims to be the same event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<Hash>,
    /// Actions on the outside world, in the order they were settled.
    pub effects: Vec<Effect>,
    /// Names the engine that ran the governors: equal engine, equal fuel.
    pub engine: Hash,
    /// Why it failed; refusals and referrals are no errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorRecord>,
    /// The event; absent for an administrative act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// Every routed governor, in slot order.
    pub governors: Vec<Governor>,
    /// An event, or an administrative act.
    pub kind: Kind,
    /// Gapless numbers that were allotted.
    pub numbers: Vec<Number>,
    /// How it ended.
    pub outcome: Outcome,
    /// The receipt this one follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Events that follow.
    pub raises: Vec<Raised>,
    /// Facts the decision rests on, absent ones too.
    pub read_set: Vec<Read>,
    /// The place in the ledger, from 1: the leaf's index in the tree and one.
    pub sequence: u64,
    /// The states the lane went through, by name.
    pub state_path: Vec<String>,
    /// Commitment to the subject: one pseudonym for one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Hash>,
    /// The tenant, in the clear; absent where an act concerns the whole host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The event's time, or the due time of the timer that fired: RFC 3339, UTC, at most milliseconds, without
    /// trailing zeros. Never the time of writing.
    pub time: String,
    /// Timers that were set.
    pub timers: Vec<Timer>,
    /// The format.
    pub v: V1,
}

/// Bytes that most leaves fit in, so that they are written without moving them.
const LEAF_BYTES: usize = 8 * 1024;

/// Format 1 of a receipt, written `1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V1;

/// Why bytes are not a receipt this program can vouch for.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Not JSON, or not these members with these types.
    #[error("the bytes are not a receipt: {0}")]
    NotAReceipt(#[from] serde_json::Error),
    /// A format this program does not know.
    #[error("the receipt has format {v}, and this program reads format 1")]
    OtherFormat {
        /// The format it names.
        v: u64,
    },
    /// The same receipt has another spelling, and only that one is a leaf.
    #[error("receipt {sequence} is not in canonical form (RFC 8785)")]
    NotCanonical {
        /// The place it names.
        sequence: u64,
    },
    /// Sequences start at 1, and parents come before.
    #[error("receipt {sequence} has no place in a ledger: sequences start at 1, and a parent's is smaller")]
    NoPlace {
        /// The place it names.
        sequence: u64,
    },
    /// The time is written otherwise.
    #[error("`{time}` is not RFC 3339 in UTC with at most milliseconds, like 2026-01-02T03:04:05.25Z")]
    OtherTime {
        /// The time as written.
        time: String,
    },
}

impl Receipt {
    /// A receipt with nothing in it yet but what every receipt has.
    pub fn new(sequence: u64, time: String, kind: Kind, outcome: Outcome, configuration: Hash, engine: Hash) -> Self {
        Self {
            act: None,
            case: None,
            changes: Vec::new(),
            claims: Vec::new(),
            configuration,
            conflicts: Vec::new(),
            dedup: None,
            effects: Vec::new(),
            engine,
            error: None,
            event: None,
            governors: Vec::new(),
            kind,
            numbers: Vec::new(),
            outcome,
            parent: None,
            raises: Vec::new(),
            read_set: Vec::new(),
            sequence,
            state_path: Vec::new(),
            subject: None,
            tenant: None,
            time,
            timers: Vec::new(),
            v: V1,
        }
    }

    /// The canonical bytes: what the tree hashes and the store keeps.
    ///
    /// Serialised as it is declared, a receipt is canonical already, and that is many times faster than ordering it
    /// again. [`parse`](Self::parse) goes by the RFC 8785 library, so each of the two holds the other to it.
    pub fn leaf(&self) -> Vec<u8> {
        let mut leaf = Vec::with_capacity(LEAF_BYTES);
        serde_json::to_writer(&mut leaf, self).expect("a receipt has a JSON text");
        leaf
    }

    /// The leaf's hash in the tree.
    pub fn leaf_hash(&self) -> Hash {
        merkle::leaf_hash(&self.leaf())
    }

    /// Reads a leaf.
    ///
    /// # Errors
    /// Where the bytes are anything but exactly what [`leaf`](Self::leaf) writes for some receipt: unknown, missing or
    /// repeated members, another format, another spelling, an impossible sequence or time.
    pub fn parse(leaf: &[u8]) -> Result<Self, ReceiptError> {
        let FormatOnly { v } = serde_json::from_slice(leaf)?;
        if v != 1 {
            return Err(ReceiptError::OtherFormat { v });
        }
        let receipt: Self = serde_json::from_slice(leaf)?;
        let sequence = receipt.sequence;
        if canonical(&receipt).as_bytes() != leaf {
            return Err(ReceiptError::NotCanonical { sequence });
        }
        if sequence == 0 || receipt.parent.as_ref().is_some_and(|parent| !(1..sequence).contains(&parent.sequence)) {
            return Err(ReceiptError::NoPlace { sequence });
        }
        if !is_utc_milliseconds(&receipt.time) {
            return Err(ReceiptError::OtherTime { time: receipt.time });
        }
        Ok(receipt)
    }
}

/// A glance at the format before anything else is believed, so that a newer receipt is called newer and not broken.
#[derive(Deserialize)]
struct FormatOnly {
    v: u64,
}

/// Whether a time has the one spelling leaves use. Whether the 30th of February exists is the host's business.
fn is_utc_milliseconds(time: &str) -> bool {
    let shaped = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(is, like)| match like {
                b'0' => is.is_ascii_digit(),
                like => is == like,
            })
    };
    let Some(moment) = time.strip_suffix('Z') else {
        return false;
    };
    let (seconds, fraction) = moment.split_once('.').unwrap_or((moment, "1"));
    shaped(seconds, "0000-00-00T00:00:00")
        && ["0", "00", "000"].iter().any(|shape| shaped(fraction, shape))
        && !fraction.ends_with('0')
}

impl Serialize for V1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for V1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            v => Err(serde::de::Error::custom(format_args!("format {v}, expected 1"))),
        }
    }
}
