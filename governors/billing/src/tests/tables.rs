//! The two tables: the life of an invoice, and the ladder.

use syndic_sdk::testing::reached;

use crate::dunning::LADDER;
use crate::table::{MOVES, Status};

#[test]
fn no_move_is_written_twice() {
    for (at, (from, on, _)) in MOVES.iter().enumerate() {
        assert!(MOVES[..at].iter().all(|(f, o, _)| (f, o) != (from, on)), "{from:?} on {on:?}");
    }
}

#[test]
fn terminal_states_are_closed_and_every_other_has_a_way_out() {
    for status in Status::ALL {
        let out = MOVES.iter().any(|(from, _, to)| *from == status && *to != status);
        assert_eq!(out, !status.terminal(), "{status:?}");
    }
}

#[test]
fn every_state_is_reached_from_a_new_invoice() {
    let reached = reached(MOVES, [Status::Open]);
    assert!(Status::ALL.iter().all(|status| reached.contains(status)));
}

#[test]
fn only_what_is_owed_can_become_past_due_or_be_given_up() {
    for (from, on, to) in MOVES {
        if matches!(to, Status::PastDue | Status::WrittenOff) {
            assert!(from.owing(), "{from:?} on {on:?}");
        }
    }
}

#[test]
fn the_ladder_only_climbs() {
    for column in [|rung: &(_, Option<i64>, Option<i64>)| rung.1, |rung: &(_, _, Option<i64>)| rung.2] {
        let hours: Vec<_> = LADDER.iter().filter_map(column).collect();
        assert!(hours.is_sorted(), "{hours:?}");
    }
}
