//! The ledger: receipts, and the tree that vouches for them.
//!
//! Every accepted event ends in exactly one outcome, and every outcome leaves one [`Receipt`]: refusals and roll-backs
//! too, because an audit that shows only successes is an advertisement. A receipt's canonical bytes are a *leaf*; the
//! leaves form an RFC 9162 Merkle tree, so that one hash, the root, stands for the whole history.
//!
//! A leaf vouches for
//! - what was judged: the event, as a commitment to its canonical bytes, and the link to what caused it;
//! - who judged, and how: each governor's version and digest, its verdict, its output, and the fuel it burnt;
//! - on what: every fact that was read, with its version, the configuration and the engine;
//! - what came of it: facts changed, effects asked and answered, timers, numbers, claims, conflicts, the outcome.
//!
//! A leaf refuses
//! - anything measured: no duration, no wall time, no random id, no path. The same events, governors and seed give
//!   the same root on every machine;
//! - personal data: subjects, event content, fact values, effect bodies and claim keys enter as commitments under a
//!   [`Salt`]. In the clear are the tenant, event ids, and names that programmers chose: slots, facts, codes;
//! - a second spelling: one receipt has one encoding (RFC 8785), and [`Receipt::parse`] takes no other.
//!
//! A root proves nothing against the one who computed it until someone else has kept it.
//!
//! This crate reads no clock and no file, and builds for a browser. Not here: bytes on disk (`host/store`), what the
//! fields mean while an event is judged (`host/core`, which depends on this crate, never the reverse).

mod canonical;
mod hash;
mod merkle;
mod parts;
mod receipt;
mod salt;

pub use canonical::{canonical, canonical_hash, canonical_onto, try_canonical};
pub use hash::{Digest, Hash, NotAHash, sha256};
pub use merkle::{Frontier, NotAFrontier, leaf_hash, node_hash};
pub use parts::{
    Case, CaseStatus, Change, Claim, Conflict, Effect, EffectStatus, ErrorField, ErrorRecord, Event, Governor, Kind,
    Mode, Number, Outcome, Parent, Policy, Raised, Read, Relation, Scope, Timer, Verdict,
};
pub use receipt::{Receipt, ReceiptError, V1};
pub use salt::{Master, Salt};
