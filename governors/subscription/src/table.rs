//! The life of a subscription, as a table. What is not in it cannot happen.

pub use syndic_book::Status as State;

use State::{Active, Archived, Cancelled, Cancelling, Expired, Lapsed, Paused, Trial};
use Trigger::{
    Cancel, CancelAtEnd, ChangePlan, ChangePlanNext, EndWhileHeld, Keep, KeepTrying, Pause, Reactivate, Renew, Resume,
    Retire, Subscribe, TrialUnpaid, Try, WindowCloses,
};

/// What happens to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// CustomerSubscribes with a trial.
    Try,
    /// CustomerSubscribes.
    Subscribe,
    /// RenewalDue.
    Renew,
    /// RenewalDue at the end of a trial, with no way to pay.
    TrialUnpaid,
    /// CustomerUpgrades, or a downgrade now.
    ChangePlan,
    /// A downgrade with the next period.
    ChangePlanNext,
    /// SubscriptionChanged{pause}.
    Pause,
    /// SubscriptionChanged{resume}, by the customer or by the ninety days.
    Resume,
    /// The period ends while a cause holds the renewal back.
    EndWhileHeld,
    /// CustomerCancels{when: now}.
    Cancel,
    /// CustomerCancels{when: period-end}.
    CancelAtEnd,
    /// The cancellation is taken back: CustomerSubscribes for the same SKU, or SubscriptionChanged{reactivate}.
    Keep,
    /// The same, within a trial.
    KeepTrying,
    /// SubscriptionChanged{reactivate} within thirty days.
    Reactivate,
    /// The thirty days are over.
    WindowCloses,
    /// The ninety days of a lapsed subscription are over.
    Retire,
}

/// How a subscription begins.
#[rustfmt::skip]
pub const BEGINNINGS: &[(Trigger, State)] = &[
    (Try,       Trial),
    (Subscribe, Active),
];

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── a good life ─────────────────────────────────────────────────────
    (Trial,      Renew,          Active),
    (Trial,      ChangePlan,     Trial),
    (Trial,      ChangePlanNext, Trial),
    (Active,     Renew,          Active),
    (Active,     ChangePlan,     Active),
    (Active,     ChangePlanNext, Active),
    // ── at rest ─────────────────────────────────────────────────────────
    (Active,     Pause,          Paused),
    (Paused,     Resume,         Active),
    (Trial,      EndWhileHeld,   Trial),
    (Active,     EndWhileHeld,   Active),
    // ── a trial nobody pays for ─────────────────────────────────────────
    (Trial,      TrialUnpaid,    Expired),
    (Expired,    Renew,          Active),
    (Expired,    Cancel,         Cancelled),
    // ── leaving, and second thoughts ────────────────────────────────────
    (Trial,      CancelAtEnd,    Cancelling),
    (Active,     CancelAtEnd,    Cancelling),
    (Paused,     CancelAtEnd,    Cancelling),
    (Cancelling, KeepTrying,     Trial),
    (Cancelling, Keep,           Active),
    (Trial,      Cancel,         Cancelled),
    (Active,     Cancel,         Cancelled),
    (Cancelling, Cancel,         Cancelled),
    (Paused,     Cancel,         Cancelled),
    (Cancelled,  Reactivate,     Active),
    // ── gone ────────────────────────────────────────────────────────────
    (Cancelled,  WindowCloses,   Lapsed),
    (Lapsed,     Retire,         Archived),
];

/// Where a subscription goes; none where the table has no such move.
pub fn next(from: State, on: Trigger) -> Option<State> {
    MOVES.iter().find(|(state, trigger, _)| (*state, *trigger) == (from, on)).map(|&(_, _, to)| to)
}

/// Where a new subscription begins.
pub fn begin(on: Trigger) -> Option<State> {
    BEGINNINGS.iter().find(|(trigger, _)| *trigger == on).map(|&(_, to)| to)
}
