//! The published table is exactly what the governor does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syndic_governor_product_catalog::GOVERNOR;
use syndic_governor_product_catalog::table::{MOVES, State, Trigger};
use syndic_sdk::Event;
use syndic_sdk::testing::{Page, World, reached};

const STATES: [(State, &str); 6] = [
    (State::Absent, ""),
    (State::Draft, "draft"),
    (State::Published, "published"),
    (State::Featured, "featured"),
    (State::Deprecated, "deprecated"),
    (State::Archived, "archived"),
];

const TRIGGERS: [(Trigger, &str); 5] = [
    (Trigger::Draft, "draft"),
    (Trigger::Publish, "published"),
    (Trigger::Feature, "featured"),
    (Trigger::Deprecate, "deprecated"),
    (Trigger::Archive, "archived"),
];

type Move = (State, Trigger, State);

#[test]
fn what_happens_is_what_the_table_says() {
    let mut seen = BTreeSet::new();
    for (from, before) in STATES {
        for (on, asked) in TRIGGERS {
            let at_once = ends_as(before, asked, false).map(|to| (from, on, to));
            let in_time = ends_as(before, asked, true).map(|to| (from, on, to));
            assert_eq!(at_once, in_time, "a change that waits makes the same move");
            seen.extend(at_once);
        }
    }
    assert_eq!(seen, MOVES.iter().copied().collect::<BTreeSet<Move>>());
}

#[test]
fn every_state_can_be_reached_and_only_the_end_is_closed() {
    assert_eq!(reached(MOVES, [State::Absent]), STATES.map(|(state, _)| state).into());
    let closed = STATES.iter().filter(|(state, _)| MOVES.iter().all(|(from, ..)| from != state));
    assert_eq!(closed.map(|(state, _)| *state).collect::<Vec<_>>(), [State::Archived]);
}

#[test]
fn the_readme_prints_the_table() {
    let readme = Page::new(include_str!("../README.md"));
    let moves: Vec<String> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(readme.rows("Moves"), moves);
}

/// Where a SKU ends up when a status is asked of it, at once or after a wait; none where it is refused.
fn ends_as(before: &str, asked: &str, waits: bool) -> Option<State> {
    let fact = "product-catalog.sku.gold";
    let mut world = World::new(&GOVERNOR).now("2026-01-01T00:00:00Z");
    if !before.is_empty() {
        world.set_tenant_fact(fact, json!({"sku": "gold", "name": "Gold", "status": before}));
    }
    let at = waits.then_some("2026-02-01T00:00:00Z");
    let data = json!({"sku": "gold", "name": "Gold", "status": asked, "prices": {}, "effective_at": at});
    let event = Event::parse("ProductChanged", &data.to_string()).expect("a change the host lets in");
    if !world.judge(event).is_completed() {
        return None;
    }
    world.run_until("2026-02-01T00:00:00Z");
    let Value::String(after) = &world.tenant_value(fact)["status"] else { panic!("an entry has a status") };
    STATES.iter().find(|(_, status)| status == after).map(|(state, _)| *state)
}
