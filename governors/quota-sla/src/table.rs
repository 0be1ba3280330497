//! The life of one metered resource, as a table. What is not in it cannot happen.
//!
//! A reading alone never carries a resource over its limit: it raises `UsageExceedsQuota`, and that event does, so that
//! billing, multi-tenant and the customer hear of it at the same moment. A reading alone does carry it back.

use serde::{Deserialize, Serialize};

/// Where the use of a resource stands within its period.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Below 80 % of the limit; where every resource begins.
    #[default]
    Within,
    /// 80 % or more, and not yet over.
    Warning,
    /// Over a soft limit, or let through over a hard one by an operator.
    Exceeded,
    /// Over a hard limit: the customer may read and no more.
    Throttled,
}

/// What carries a resource from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Use is known to be below 80 % of the limit, or there is no limit any more.
    Low,
    /// Use is known to be at 80 % to 100 % of the limit.
    High,
    /// A reading is over the limit.
    Over,
    /// `UsageExceedsQuota` on a soft limit.
    SoftLimit,
    /// `UsageExceedsQuota` on a hard limit.
    HardLimit,
    /// `SuspensionLifted` for the cause `quota`.
    Lifted,
    /// The quota period ended.
    Reset,
}

impl State {
    /// All of them, in the order of rising use.
    pub const ALL: [State; 4] = [State::Within, State::Warning, State::Exceeded, State::Throttled];

    /// Whether it is known to be over its limit. What comes here from below is announced, however high it was before.
    pub const fn is_over(self) -> bool {
        matches!(self, State::Exceeded | State::Throttled)
    }
}

impl Trigger {
    /// All of them.
    pub const ALL: [Trigger; 7] = [
        Trigger::Low,
        Trigger::High,
        Trigger::Over,
        Trigger::SoftLimit,
        Trigger::HardLimit,
        Trigger::Lifted,
        Trigger::Reset,
    ];
}

use State::{Exceeded, Throttled, Warning, Within};
use Trigger::{HardLimit, High, Lifted, Low, Over, Reset, SoftLimit};

/// Every legal move: in this state, on this, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── what a reading says ─────────────────────────────────────────────
    (Within,    Low,       Within),
    (Within,    High,      Warning),
    (Within,    Over,      Warning),      // and raises UsageExceedsQuota
    (Warning,   Low,       Within),
    (Warning,   High,      Warning),
    (Warning,   Over,      Warning),      // and raises UsageExceedsQuota
    (Exceeded,  Low,       Within),
    (Exceeded,  High,      Warning),
    (Exceeded,  Over,      Exceeded),     // and raises it again where use is higher than ever
    (Throttled, Low,       Within),
    (Throttled, High,      Warning),
    (Throttled, Over,      Throttled),
    // ── over the limit ──────────────────────────────────────────────────
    (Within,    SoftLimit, Exceeded),
    (Warning,   SoftLimit, Exceeded),
    (Exceeded,  SoftLimit, Exceeded),
    (Throttled, SoftLimit, Exceeded),     // the new plan's limit is a soft one
    (Within,    HardLimit, Throttled),
    (Warning,   HardLimit, Throttled),
    (Exceeded,  HardLimit, Throttled),
    (Throttled, HardLimit, Throttled),
    // ── the ways out that no reading takes ──────────────────────────────
    (Throttled, Lifted,    Exceeded),     // forgiven until use rises again
    (Within,    Reset,     Within),
    (Warning,   Reset,     Within),
    (Exceeded,  Reset,     Within),
    (Throttled, Reset,     Within),
];

/// Where a trigger leads; none where the table has no such move.
pub fn next(state: State, trigger: Trigger) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (state, trigger)).map(|&(_, _, to)| to)
}
