//! The published table and the governor are the same thing: every pair of state and trigger is tried on the governor
//! itself, through the event that brings it about.

use std::collections::BTreeSet;

use crate::README;
use crate::scene::{hold, name, report, sell, status, stranger, subscribe};
use syndic_governor_quota_sla::GOVERNOR;
use syndic_governor_quota_sla::table::{MOVES, State, Trigger, next};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{World, reached};

#[test]
fn the_governor_does_what_the_table_says_and_nothing_else() {
    for state in State::ALL {
        for trigger in Trigger::ALL {
            let mut world = standing_at(state, trigger == Trigger::HardLimit || trigger == Trigger::Lifted);
            bring_about(&mut world, trigger);
            let expected = next(state, trigger).unwrap_or(state);
            assert_eq!(status(&world, "units"), name(expected), "{state:?} on {trigger:?}");
        }
    }
}

#[test]
fn every_state_is_reached_and_every_state_is_left_when_the_period_ends() {
    assert_eq!(reached(MOVES, [State::Within]), State::ALL.into());
    assert!(State::ALL.iter().all(|state| next(*state, Trigger::Reset) == Some(State::Within)));
}

#[test]
fn no_pair_is_listed_twice() {
    let pairs: BTreeSet<_> = MOVES.iter().map(|(from, on, _)| (from, on)).collect();
    assert_eq!(pairs.len(), MOVES.len());
}

#[test]
fn the_readme_shows_the_table_and_the_effects() {
    let row = |(from, on, to): &(State, Trigger, State)| format!("| {} | {on:?} | {} |", name(*from), name(*to));
    assert_eq!(README.rows("Table: one metered resource"), MOVES.iter().map(row).collect::<Vec<_>>());
    assert_eq!(README.names("Effects"), GOVERNOR.effects.iter().copied().collect());
}

/// A customer whose `units`, 100 of them, already stand somewhere.
fn standing_at(state: State, hard: bool) -> World {
    let mut world = stranger();
    sell(&mut world, "plan", json!({ "units": { "limit": 100, "hard": hard } }));
    subscribe(&mut world, "plan");
    hold(&mut world, &[("sub-1", "plan", "active")]);
    let usage = json!({
        "since": "2026-01-15T12:00:00Z", "status": name(state), "quantity": 0, "peak": 0, "warned": false,
        "reported_at": "2026-01-15T12:00:00Z",
    });
    world.set_fact("quota-sla.usage.units", usage);
    if state == State::Throttled {
        world.set_fact("quota-sla.stance", json!({ "paused": false, "throttled": ["units"] }));
        world.set_fact("shared.suspensions", json!(["quota"]));
    }
    world
}

fn bring_about(world: &mut World, trigger: Trigger) {
    match trigger {
        Trigger::Low => drop(report(world, "units", 79)),
        Trigger::High => drop(report(world, "units", 80)),
        Trigger::Over => drop(report(world, "units", 101)),
        Trigger::SoftLimit | Trigger::HardLimit => {
            world.judge(UsageExceedsQuota { resource: "units".into(), current_usage: 101, limit: 100 });
        }
        Trigger::Lifted => drop(world.judge(SuspensionLifted { cause: Cause::Quota, actor: "ann".into() })),
        Trigger::Reset => drop(world.fire("reset")),
    }
}
