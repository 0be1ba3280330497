//! The life of an account, as a table. What is not in it cannot happen.
//!
//! `Archived` is the end of an account, not of the person: whoever subscribes again afterwards opens the next one.

use serde::{Deserialize, Serialize};

/// Where an account stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is none; where everybody begins.
    #[default]
    Absent,
    /// In use.
    Active,
    /// Held while a cause other than payment or quota stands.
    Locked,
    /// Locked for good, unless it is reinstated.
    Banned,
    /// Nothing is subscribed any more; kept for the retention.
    Closed,
    /// Over.
    Archived,
}

/// What carries an account from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// `CustomerSubscribes`.
    Subscribed,
    /// `CustomerCancels` ended the last subscription.
    Left,
    /// A subscription lives again: a reactivation, which no event tells us of.
    Returned,
    /// `ManualSuspension`, a fraud score above 90, a failed KYC.
    Suspended,
    /// The last cause that locks is gone.
    Lifted,
    /// The same, and nothing is subscribed any more.
    LiftedAfterLeaving,
    /// `OperatorDecided{reinstatement or appeal, reject}`.
    Rejected,
    /// `OperatorDecided{reinstatement, accept}`: raises `SuspensionLifted` for what still stands.
    Reinstated,
    /// The retention is over, and no legal hold stands.
    RetentionOver,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::Absent, State::Active, State::Locked, State::Banned, State::Closed, State::Archived];

    /// Whether there is an account that events are about.
    pub fn is_open(self) -> bool {
        !matches!(self, State::Absent | State::Archived)
    }
}

impl Trigger {
    /// All of them.
    pub const ALL: [Trigger; 9] = [
        Trigger::Subscribed,
        Trigger::Left,
        Trigger::Returned,
        Trigger::Suspended,
        Trigger::Lifted,
        Trigger::LiftedAfterLeaving,
        Trigger::Rejected,
        Trigger::Reinstated,
        Trigger::RetentionOver,
    ];
}

use State::{Absent, Active, Archived, Banned, Closed, Locked};
use Trigger::{Left, Lifted, LiftedAfterLeaving, Reinstated, Rejected, RetentionOver, Returned, Subscribed, Suspended};

/// Every legal move: in this state, on this, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── a good life ─────────────────────────────────────────────────────
    (Absent, Subscribed,         Active),
    (Active, Subscribed,         Active),
    (Active, Left,               Closed),
    (Closed, Subscribed,         Active),
    (Closed, Returned,           Active),
    (Closed, RetentionOver,      Archived),
    // ── suspended, and lifted ───────────────────────────────────────────
    (Active, Suspended,          Locked),
    (Closed, Suspended,          Locked),
    (Locked, Suspended,          Locked),
    (Locked, Left,               Locked),      // remembered: lifting leads to Closed
    (Locked, Lifted,             Active),
    (Locked, LiftedAfterLeaving, Closed),
    // ── banned, and reinstated ──────────────────────────────────────────
    (Locked, Rejected,           Banned),
    (Banned, Suspended,          Banned),
    (Banned, Left,               Banned),
    (Banned, Rejected,           Banned),
    (Banned, Reinstated,         Locked),      // and SuspensionLifted unlocks it
];

/// Where a trigger leads; none where the table has no such move.
pub fn next(state: State, trigger: Trigger) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (state, trigger)).map(|&(_, _, to)| to)
}
