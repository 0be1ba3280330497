//! Work: the life of a work item, as a table.
//!
//! What is not in the table cannot happen. The same table is printed in `host/README.md`.

use serde::{Deserialize, Serialize};
use syndic_core::ports::WorkState;

use Stage::*;

/// Where a work item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It can be done, by anybody.
    Enabled,
    /// Whoever has the role may take it.
    Offered,
    /// It is somebody's, who has not begun.
    Allocated,
    /// Somebody is at it.
    Started,
    /// Whoever is at it has laid it aside.
    Suspended,
    /// It is done.
    Completed,
    /// It cannot be done.
    Failed,
    /// Its token went another way.
    Withdrawn,
}

/// What moves a work item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// There are roles to offer it to.
    Offer,
    /// Somebody takes it.
    Take,
    /// Somebody begins.
    Start,
    /// It is done.
    Complete,
    /// It cannot be done.
    Fail,
    /// It is given back.
    Release,
    /// It is laid aside.
    Suspend,
    /// It is taken up again.
    Resume,
    /// It is given to somebody else.
    Delegate,
    /// Nobody was heard of in time.
    LeaseEnds,
    /// Its token went another way.
    Withdraw,
}

/// Every legal move: in this stage, on this, go there. What goes back to `Offered` goes to `Enabled` where it has no
/// roles. A heartbeat moves a lease and no item; priority moves neither.
#[rustfmt::skip]
pub const MOVES: &[(Stage, On, Stage)] = &[
    // ── a good day ────────────────────────────────────────────────────────
    (Enabled,   On::Offer,     Offered),
    (Enabled,   On::Take,      Allocated),
    (Offered,   On::Take,      Allocated),
    (Enabled,   On::Start,     Started),
    (Offered,   On::Start,     Started),
    (Allocated, On::Start,     Started),
    (Allocated, On::Complete,  Completed),
    (Started,   On::Complete,  Completed),
    // ── not now, or not by me ─────────────────────────────────────────────
    (Started,   On::Suspend,   Suspended),
    (Suspended, On::Resume,    Started),
    (Allocated, On::Delegate,  Allocated),
    (Started,   On::Delegate,  Allocated),
    (Suspended, On::Delegate,  Allocated),
    (Allocated, On::Release,   Offered),
    (Started,   On::Release,   Offered),
    (Suspended, On::Release,   Offered),
    (Allocated, On::LeaseEnds, Offered),
    (Started,   On::LeaseEnds, Offered),
    (Suspended, On::LeaseEnds, Offered),
    // ── not at all ────────────────────────────────────────────────────────
    (Allocated, On::Fail,      Failed),
    (Started,   On::Fail,      Failed),
    (Enabled,   On::Withdraw,  Withdrawn),
    (Offered,   On::Withdraw,  Withdrawn),
    (Allocated, On::Withdraw,  Withdrawn),
    (Started,   On::Withdraw,  Withdrawn),
    (Suspended, On::Withdraw,  Withdrawn),
];

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [Enabled, Offered, Allocated, Started, Suspended, Completed, Failed, Withdrawn];

    /// What the store keeps of it; nothing where the item is over.
    pub fn open(self) -> Option<WorkState> {
        match self {
            Enabled => Some(WorkState::Enabled),
            Offered => Some(WorkState::Offered),
            Allocated => Some(WorkState::Allocated),
            Started => Some(WorkState::Started),
            Suspended => Some(WorkState::Suspended),
            Completed | Failed | Withdrawn => None,
        }
    }

    /// As it is called in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Enabled => "enabled",
            Offered => "offered",
            Allocated => "allocated",
            Started => "started",
            Suspended => "suspended",
            Completed => "completed",
            Failed => "failed",
            Withdrawn => "withdrawn",
        }
    }
}

/// The one legal move from a stage; none where the table has no such row.
pub fn next(from: Stage, on: On) -> Option<Stage> {
    MOVES.iter().find(|(stage, cue, _)| (*stage, *cue) == (from, on)).map(|&(_, _, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_this_table() {
        let row = |(from, on, to): &(Stage, On, Stage)| format!("| {from:?} | {on:?} | {to:?} |");
        let table: Vec<String> = MOVES.iter().map(row).collect();
        let table = format!("<!-- work -->\n| From | On | To |\n|---|---|---|\n{}\n<!-- /work -->", table.join("\n"));
        assert!(include_str!("../../../README.md").contains(&table), "host/README.md should have:\n{table}");
    }

    #[test]
    fn what_is_over_stays_over_and_what_is_open_can_always_be_withdrawn() {
        for stage in Stage::ALL {
            let moves = MOVES.iter().filter(|(from, ..)| *from == stage).count();
            assert_eq!(moves > 0, stage.open().is_some(), "{stage:?}");
            assert_eq!(next(stage, On::Withdraw).is_some(), stage.open().is_some(), "{stage:?}");
        }
    }

    #[test]
    fn no_move_is_ambiguous_and_every_held_item_comes_free_by_itself() {
        for (at, (from, on, _)) in MOVES.iter().enumerate() {
            assert!(!MOVES[..at].iter().any(|(other, cue, _)| (other, cue) == (from, on)), "{from:?} {on:?} twice");
        }
        for held in [Allocated, Started, Suspended] {
            assert_eq!(next(held, On::LeaseEnds), Some(Offered));
        }
    }
}
