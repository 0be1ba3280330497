//! The life of a grant, as a table. What is not in it cannot happen.

use serde::{Deserialize, Serialize};

use State::{Active, Archived, Cancelled, Expired, PendingApproval};
use Trigger::{
    ApprovalExpires, Approve, AskAgain, AskApproval, Cancel, ChangePlan, Expire, Grant, Reactivate, Reject, Renew,
    Retire,
};

/// Where a grant stands in its life. "Suspended" is none of these: it is a property of access, and has causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A person says yes first, within a day.
    PendingApproval,
    /// The customer may use the plan.
    Active,
    /// Its time is over; a renewal brings it back.
    Expired,
    /// The subscription ended; it may be taken up again.
    Cancelled,
    /// Kept as a record.
    Archived,
}

/// What happens to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// CustomerSubscribes.
    Grant,
    /// CustomerSubscribes for a plan that requires approval.
    AskApproval,
    /// OperatorDecided{approval, accept}.
    Approve,
    /// OperatorDecided{approval, reject}.
    Reject,
    /// Nobody decided within a day.
    ApprovalExpires,
    /// RenewalDue.
    Renew,
    /// CustomerUpgrades, or a downgrade now.
    ChangePlan,
    /// The time granted is over, or a trial that nobody pays for.
    Expire,
    /// CustomerCancels{when: now}.
    Cancel,
    /// SubscriptionChanged{reactivate}.
    Reactivate,
    /// The same, for a plan that requires approval.
    AskAgain,
    /// Thirty days expired or cancelled.
    Retire,
}

/// How a grant begins.
#[rustfmt::skip]
pub const BEGINNINGS: &[(Trigger, State)] = &[
    (Grant,       Active),
    (AskApproval, PendingApproval),
];

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── a person says yes first ─────────────────────────────────────────
    (PendingApproval, Approve,         Active),
    (PendingApproval, Reject,          Cancelled),
    (PendingApproval, ApprovalExpires, Cancelled),
    (PendingApproval, ChangePlan,      PendingApproval),
    (PendingApproval, Renew,           PendingApproval),
    (PendingApproval, Cancel,          Cancelled),
    // ── in use ──────────────────────────────────────────────────────────
    (Active,          ChangePlan,      Active),
    (Active,          Renew,           Active),
    (Active,          Expire,          Expired),
    (Active,          Cancel,          Cancelled),
    // ── its time is over ────────────────────────────────────────────────
    (Expired,         Renew,           Active),
    (Expired,         ChangePlan,      Expired),
    (Expired,         Cancel,          Cancelled),
    (Expired,         Retire,          Archived),
    // ── the subscription ended ──────────────────────────────────────────
    (Cancelled,       Reactivate,      Active),
    (Cancelled,       AskAgain,        PendingApproval),
    (Cancelled,       Retire,          Archived),
];

/// Where a grant goes; none where the table has no such move.
pub fn next(from: State, on: Trigger) -> Option<State> {
    MOVES.iter().find(|(state, trigger, _)| (*state, *trigger) == (from, on)).map(|&(_, _, to)| to)
}

/// Where a new grant begins.
pub fn begin(on: Trigger) -> Option<State> {
    BEGINNINGS.iter().find(|(trigger, _)| *trigger == on).map(|&(_, to)| to)
}
