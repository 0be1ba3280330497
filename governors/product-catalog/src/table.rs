//! The life of a SKU as a table.
//!
//! A `ProductChanged` names the status the SKU shall have, so the status *is* the trigger. Naming the status it
//! already has edits it. A change that waits for its `effective_at` makes the same move, when its time has come. A
//! move that is not here is refused with `wrong-state`.

use std::fmt;

/// Where a SKU stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody has heard of it.
    Absent,
    /// Written down, not for sale.
    Draft,
    /// For sale.
    Published,
    /// For sale, and shown first.
    Featured,
    /// No longer sold; those who have it keep it.
    Deprecated,
    /// Over. Terminal.
    Archived,
}

/// What is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Status `draft`.
    Draft,
    /// Status `published`.
    Publish,
    /// Status `featured`.
    Feature,
    /// Status `deprecated`.
    Deprecate,
    /// Status `archived`; only while nobody has it.
    Archive,
}

use State::{Absent, Archived, Deprecated, Featured, Published};
use Trigger::{Archive, Deprecate, Feature, Publish};

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── it begins ───────────────────────────────────────────────────────
    (Absent,       Trigger::Draft, State::Draft),
    (Absent,       Publish,        Published),
    (State::Draft, Trigger::Draft, State::Draft),
    (State::Draft, Publish,        Published),
    // ── it sells ────────────────────────────────────────────────────────
    (Published,    Publish,        Published),
    (Published,    Feature,        Featured),
    (Published,    Deprecate,      Deprecated),
    (Featured,     Publish,        Published),
    (Featured,     Feature,        Featured),
    (Featured,     Deprecate,      Deprecated),
    // ── it ends ─────────────────────────────────────────────────────────
    (Deprecated,   Deprecate,      Deprecated),
    (Deprecated,   Archive,        Archived),
];

/// Where the move leads; none where there is no such move.
pub fn next(state: State, trigger: Trigger) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (state, trigger)).map(|&(_, _, to)| to)
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Absent => "new",
            State::Draft => "draft",
            State::Published => "published",
            State::Featured => "featured",
            State::Deprecated => "deprecated",
            State::Archived => "archived",
        })
    }
}
