//! Multi-tenant as a table: a customer's part in the tenant's load, and whether the tenant's walls hold.
//!
//! Two small machines share it. *Load* is one per customer and resource, and lives no longer than the period it
//! counts. *Isolation* is one per customer and is only looked at while the customer is suspended. A move that is
//! not here does not happen.

use serde::{Deserialize, Serialize};

/// Where a load or an isolation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Load: nothing reported in this period.
    Unseen,
    /// Load: counted, and left alone.
    Counted,
    /// Load: over quota with more than half of the tenant's load; has a rate of its own.
    Slowed,
    /// Isolation: not asked about.
    Open,
    /// Isolation: asked, and not decided yet.
    Unproven,
    /// Isolation: checked, the customer is walled off.
    Isolated,
    /// Isolation: checked, and a wall is missing, or nobody can say that it is there.
    Leaking,
}

/// What moves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// A report that leaves the customer with at most half of the load, or among fewer than three.
    WithinShare,
    /// `UsageReported` above half of the load: within what they paid for, so nothing is taken from them.
    AboveShare,
    /// `UsageExceedsQuota` above half of the load.
    AboveShareAndQuota,
    /// The period's timer, or the first report of a later period.
    PeriodOver,
    /// `ManualSuspension`: it is asked.
    Suspended,
    /// `verify-isolation` said yes.
    WallsHold,
    /// `verify-isolation` said no.
    WallMissing,
    /// `verify-isolation` said, within a day of the suspension, that it does not know yet.
    Undecided,
    /// A day later it does not know either, or has not answered.
    StillUndecided,
    /// `SuspensionLifted` of the only cause that stood.
    AllCausesLifted,
}

use State::*;
use Trigger::*;

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── load ────────────────────────────────────────────────────────────
    (Unseen,   WithinShare,        Counted),
    (Unseen,   AboveShare,         Counted),
    (Unseen,   AboveShareAndQuota, Slowed),
    (Counted,  WithinShare,        Counted),
    (Counted,  AboveShare,         Counted),
    (Counted,  AboveShareAndQuota, Slowed),
    (Counted,  PeriodOver,         Unseen),
    (Slowed,   WithinShare,        Counted),
    (Slowed,   AboveShare,         Slowed),    // still the noisy one: the rate stays until the share falls
    (Slowed,   AboveShareAndQuota, Slowed),
    (Slowed,   PeriodOver,         Unseen),
    // ── isolation ───────────────────────────────────────────────────────
    (Open,     Suspended,          Unproven),
    (Unproven, Suspended,          Unproven),
    (Unproven, WallsHold,          Isolated),
    (Unproven, WallMissing,        Leaking),
    (Unproven, Undecided,          Unproven),
    (Unproven, StillUndecided,     Leaking),   // a wall that nobody can show is none
    (Unproven, AllCausesLifted,    Open),
    (Isolated, Suspended,          Unproven),
    (Isolated, AllCausesLifted,    Open),
    (Leaking,  Suspended,          Leaking),   // until somebody shows a wall
    (Leaking,  WallsHold,          Isolated),
    (Leaking,  WallMissing,        Leaking),
    (Leaking,  StillUndecided,     Leaking),
    (Leaking,  AllCausesLifted,    Open),
];

/// Where the move leads; none where there is no such move.
pub fn next(state: State, trigger: Trigger) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (state, trigger)).map(|&(_, _, to)| to)
}
