//! The published table is exactly what the governor does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syndic_governor_multi_tenant::GOVERNOR;
use syndic_governor_multi_tenant::table::{MOVES, State, Trigger};
use syndic_sdk::Event;
use syndic_sdk::testing::{Reply, World, reached};

use crate::README;

use State::*;
use Trigger::*;

const LOAD: &[State] = &[Unseen, Counted, Slowed];
const LOAD_ON: &[Trigger] = &[WithinShare, AboveShare, AboveShareAndQuota, PeriodOver];
const ISOLATION: &[State] = &[Open, Unproven, Isolated, Leaking];
const ISOLATION_ON: &[Trigger] = &[Suspended, WallsHold, WallMissing, Undecided, StillUndecided, AllCausesLifted];

type Move = (State, Trigger, State);

#[test]
fn what_happens_is_what_the_table_says() {
    let mut seen = BTreeSet::new();
    for (states, triggers) in [(LOAD, LOAD_ON), (ISOLATION, ISOLATION_ON)] {
        for (&state, &trigger) in states.iter().flat_map(|state| triggers.iter().map(move |trigger| (state, trigger))) {
            seen.extend(happens(state, trigger));
        }
    }
    assert_eq!(seen, MOVES.iter().copied().collect::<BTreeSet<Move>>());
}

#[test]
fn every_state_can_be_reached_and_left() {
    let all: BTreeSet<State> = [LOAD, ISOLATION].concat().into_iter().collect();
    assert_eq!(reached(MOVES, [Unseen, Open]), all);
    assert!(all.iter().all(|state| MOVES.iter().any(|(from, _, to)| from == state && to != state)));
}

#[test]
fn the_readme_prints_the_table() {
    let moves: Vec<String> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(README.rows("Moves"), moves);
}

/// Puts the governor into a state, makes the trigger happen, and tells the move; none where nothing was done. A wall that
/// counts as missing is never undecided for the first day.
fn happens(state: State, trigger: Trigger) -> Option<Move> {
    if (state, trigger) == (Leaking, Undecided) {
        return None;
    }
    let load = LOAD.contains(&state);
    let (fact, initial) = if load { ("multi-tenant.load.requests", Unseen) } else { ("multi-tenant.isolation", Open) };
    let answer = match trigger {
        Undecided | StillUndecided => json!({"status": "pending"}),
        _ => json!({"isolated": trigger == WallsHold}),
    };
    let mut world = World::new(&GOVERNOR)
        .now(if trigger == PeriodOver { "2026-02-01T00:00:00Z" } else { "2026-01-10T00:00:00Z" })
        .fact("subscription.index", json!({"next": 2}))
        .tenant_fact("multi-tenant.load.2026-01.requests", 1_000)
        .tenant_fact("multi-tenant.customers.2026-01.requests", 3)
        .answers(move |_| Some(Reply::Yes(answer.clone())));
    if state != initial {
        world.set_fact(fact, before(state, load, trigger));
    }
    let judged = world.judge(event(trigger));
    let acted = judged.is_completed() && !judged.writes.is_empty();
    acted.then(|| {
        let after = match world.value(fact) {
            Value::Null => initial,
            kept => serde_json::from_value(kept["state"].clone()).expect("a state is written as one"),
        };
        (state, trigger, after)
    })
}

fn before(state: State, load: bool, trigger: Trigger) -> Value {
    let at = if trigger == Undecided { "2026-01-09T00:00:01Z" } else { "2026-01-09T00:00:00Z" };
    if load {
        json!({"state": state, "period": "2026-01", "quantity": 10, "at": at})
    } else {
        json!({"state": state, "checked_at": at})
    }
}

fn event(trigger: Trigger) -> Event {
    let (kind, data) = match trigger {
        WithinShare => ("UsageReported", json!({"resource": "requests", "quantity": 11, "period": "2026-01"})),
        AboveShare => ("UsageReported", json!({"resource": "requests", "quantity": 9_000, "period": "2026-01"})),
        AboveShareAndQuota => {
            ("UsageExceedsQuota", json!({"resource": "requests", "current_usage": 9_000, "limit": 1}))
        }
        PeriodOver => ("TimerFired", json!({"name": "period.requests", "due": "2026-02-01T00:00:00Z"})),
        WallsHold | WallMissing | Undecided | StillUndecided => {
            ("TimerFired", json!({"name": "isolation.ask", "due": "2026-01-10T00:00:00Z"}))
        }
        Suspended => ("ManualSuspension", json!({"reason": "r", "cause": "fraud"})),
        AllCausesLifted => ("SuspensionLifted", json!({"cause": "fraud", "actor": "ann"})),
    };
    Event::parse(kind, &data.to_string()).expect("a trigger is an event the host lets in")
}
