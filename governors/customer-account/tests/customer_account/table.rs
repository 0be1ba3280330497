//! The published table and the governor are the same thing: every pair of state and trigger is tried on the governor
//! itself, through the event that brings it about.

use std::collections::BTreeSet;

use syndic_governor_customer_account::table::{MOVES, State, Trigger, next};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{World, reached};

use crate::README;
use crate::scene::{cancel, decide, hold, lift, stranger, subscribe, suspend};

#[test]
fn the_governor_does_what_the_table_says_and_nothing_else() {
    for state in State::ALL {
        for trigger in Trigger::ALL {
            let mut world = standing_at(state, trigger == Trigger::LiftedAfterLeaving);
            bring_about(&mut world, trigger);
            let expected = next(state, trigger).unwrap_or(state);
            assert_eq!(status_of_first(&world), name(expected), "{state:?} on {trigger:?}");
        }
    }
}

#[test]
fn every_state_is_reached_and_only_the_archive_is_never_left() {
    assert_eq!(reached(MOVES, [State::Absent]), State::ALL.into());
    let never_left = |state: &State| !MOVES.iter().any(|(from, _, to)| from == state && to != state);
    assert_eq!(State::ALL.into_iter().filter(never_left).collect::<Vec<_>>(), [State::Archived]);
}

#[test]
fn no_pair_is_listed_twice() {
    let pairs: BTreeSet<_> = MOVES.iter().map(|(from, on, _)| (from, on)).collect();
    assert_eq!(pairs.len(), MOVES.len());
}

#[test]
fn the_readme_shows_the_table() {
    let row = |(from, on, to): &(State, Trigger, State)| format!("| {} | {on:?} | {} |", name(*from), name(*to));
    assert_eq!(README.rows("Table: an account"), MOVES.iter().map(row).collect::<Vec<_>>());
}

/// A customer whose account stands somewhere already.
fn standing_at(state: State, has_left: bool) -> World {
    let mut world = stranger();
    if state == State::Absent {
        return world;
    }
    let mut account = json!({
        "number": 1, "status": state, "since": "2026-01-15T12:00:00Z", "opened_at": "2026-01-15T12:00:00Z",
    });
    let is_over = has_left || matches!(state, State::Closed | State::Archived);
    if is_over {
        account["left_at"] = json!("2026-01-15T12:00:00Z");
    }
    world.set_fact("customer-account.account", account);
    hold(&mut world, &[if is_over { "cancelled" } else { "active" }]);
    if matches!(state, State::Locked | State::Banned) {
        world.set_fact("shared.suspensions", json!(["admin"]));
        world.set_fact("shared.access", "blocked");
    }
    world
}

fn bring_about(world: &mut World, trigger: Trigger) {
    let retention = || TimerFired { name: "retention".into(), due: Time::from_date(2026, 1, 15), data: None };
    match trigger {
        Trigger::Subscribed => subscribe(world),
        Trigger::Left => cancel(world),
        Trigger::Returned => {
            hold(world, &["active"]);
            world.judge(retention())
        }
        Trigger::Suspended => suspend(world, Cause::Fraud),
        Trigger::Lifted | Trigger::LiftedAfterLeaving => lift(world, Cause::Admin),
        Trigger::Rejected => decide(world, About::Reinstatement, Ruling::Reject),
        Trigger::Reinstated => decide(world, About::Reinstatement, Ruling::Accept),
        Trigger::RetentionOver => world.judge(retention()),
    };
}

/// Where the customer's first account stands: an archived one makes room for the next.
fn status_of_first(world: &World) -> String {
    let former = world.value("customer-account.former.1");
    let account = if former.is_null() { world.value("customer-account.account") } else { former };
    account["status"].as_str().unwrap_or("absent").to_owned()
}

fn name(state: State) -> String {
    json!(state).as_str().unwrap_or_default().to_owned()
}
