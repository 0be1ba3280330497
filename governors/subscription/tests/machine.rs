//! The table against what really happens, over long random lives.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use std::collections::{BTreeMap, BTreeSet};

use syndic_governor_subscription::GOVERNOR;
use syndic_governor_subscription::table::{BEGINNINGS, MOVES, State, Trigger};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Dice, Judged, Outcome, Page, Seen, World};

const LIVES: u64 = 50;
const STEPS: u32 = 500;

/// Plans of the bundled book, one sold by the year alone, one no longer sold, and one nobody knows.
const SKUS: [&str; 7] = ["free", "starter", "pro", "enterprise", "yearly", "old", "nobody-knows"];

const README: Page = Page::new(include_str!("../README.md"));

/// What a life has shown so far.
#[derive(Default)]
struct Record {
    subs: BTreeMap<String, Value>,
    tried: BTreeSet<String>,
    begun: BTreeSet<(Trigger, State)>,
    moves: BTreeSet<(State, Trigger, State)>,
    seen: Seen,
    events: u64,
}

impl Record {
    fn observe(&mut self, world: &World, event: &Event, judged: &Judged) {
        self.events += 1;
        self.seen.note(judged);
        let sound = matches!(judged.outcome, Outcome::Completed | Outcome::Refused(_));
        assert!(sound, "{event:?}: {:?}", judged.outcome);
        let index = world.value("subscription.index");
        for n in 1..index["next"].as_u64().unwrap_or(1) {
            let id = format!("sub-{n}");
            if self.subs.get(&id).is_none_or(|sub| state(sub) != State::Archived) {
                self.observe_one(world, event, &id);
            }
        }
        self.counts(world);
    }

    fn observe_one(&mut self, world: &World, event: &Event, id: &str) {
        let after = world.value(&format!("subscription.sub.{id}"));
        let to = state(&after);
        match self.subs.get(id) {
            None => self.begins(&after),
            Some(before) if *before == after => {}
            Some(before) => {
                let on = trigger(event, state(before), to);
                continues(on, before, &after);
                self.moves.insert((state(before), on, to));
            }
        }
        let listed = world.value("subscription.index")["ids"].as_array().unwrap().contains(&json!(id));
        assert_eq!(listed, to != State::Archived, "{id}");
        assert_eq!(world.due(&format!("due-{id}")).is_some(), to != State::Archived, "{id} waits for nothing");
        self.subs.insert(id.to_owned(), after);
    }

    fn begins(&mut self, sub: &Value) {
        let on = if state(sub) == State::Trial { Trigger::Try } else { Trigger::Subscribe };
        let sku = sub["sku"].as_str().unwrap().to_owned();
        assert!(on != Trigger::Try || self.tried.insert(sku), "tried twice: {sub}");
        self.begun.insert((on, state(sub)));
    }

    /// One live subscription per plan, and the tenant counts who has it and who waits for it.
    fn counts(&self, world: &World) {
        for sku in SKUS {
            let live = || self.subs.values().filter(|sub| state(sub).is_live());
            let (have, wait) = (
                live().filter(|sub| sub["sku"] == sku).count(),
                live().filter(|sub| sub["pending_sku"] == sku).count(),
            );
            assert!(have + wait <= 1, "{have} live subscriptions of {sku}, and {wait} to come");
            let counted = world.tenant_value(&format!("shared.subscribers.{sku}")).as_u64().unwrap_or(0);
            assert_eq!(counted, (have + wait) as u64, "{sku}");
        }
    }
}

/// What carried a subscription on: the event says it, and where it led.
fn trigger(event: &Event, from: State, to: State) -> Trigger {
    let data: Value = serde_json::from_str(&event.data()).unwrap();
    let kept = if to == State::Trial { Trigger::KeepTrying } else { Trigger::Keep };
    match (event.kind(), data["action"].as_str(), data["when"].as_str()) {
        ("CustomerSubscribes", ..) => kept,
        ("CustomerUpgrades", ..) | ("SubscriptionChanged", Some("downgrade"), Some("now")) => Trigger::ChangePlan,
        ("SubscriptionChanged", Some("downgrade"), _) => Trigger::ChangePlanNext,
        ("SubscriptionChanged", Some("pause"), _) => Trigger::Pause,
        ("SubscriptionChanged", Some("resume"), _) => Trigger::Resume,
        ("SubscriptionChanged", ..) if from == State::Cancelled => Trigger::Reactivate,
        ("SubscriptionChanged", ..) => kept,
        ("CustomerCancels", _, Some("period-end")) => Trigger::CancelAtEnd,
        ("CustomerCancels", ..) => Trigger::Cancel,
        ("RenewalDue", ..) if to == State::Expired => Trigger::TrialUnpaid,
        ("RenewalDue", ..) => Trigger::Renew,
        ("TimerFired", ..) if from == State::Cancelled => Trigger::WindowCloses,
        ("TimerFired", ..) if from == State::Lapsed => Trigger::Retire,
        _ => Trigger::EndWhileHeld,
    }
}

/// A period follows the last without a gap, unless nothing was used in between; no other move shifts it.
fn continues(on: Trigger, before: &Value, after: &Value) {
    let afresh = before["suspended_period_ended"] == true || state(before) == State::Expired;
    let time = |sub: &Value, field: &str| Time::parse(sub[field].as_str().unwrap()).unwrap();
    assert!(time(after, "start") < time(after, "end"), "{after}");
    match on {
        Trigger::Renew if afresh => assert!(time(before, "end") <= time(after, "start"), "{before} {after}"),
        Trigger::Renew => assert_eq!(after["start"], before["end"]),
        Trigger::Reactivate => {}
        _ => assert_eq!((&after["start"], &after["end"]), (&before["start"], &before["end"]), "{on:?}"),
    }
}

fn state(sub: &Value) -> State {
    serde_json::from_value(sub["status"].clone()).unwrap()
}

/// What anybody may ask.
fn anything(dice: &mut Dice, subs: usize) -> (&'static str, Value) {
    let (sku, other) = (dice.pick(&SKUS), dice.pick(&SKUS));
    let when = dice.pick(&["now", "period-end"]);
    let id = format!("sub-{}", 1 + dice.below(subs + 1));
    match dice.below(13) {
        0..=2 => ("CustomerSubscribes", json!({ "sku": sku, "trial": dice.once_in(2) })),
        3 => ("CustomerSubscribes", json!({ "sku": sku, "billing_cycle": "annual" })),
        4 => ("CustomerUpgrades", json!({ "old_sku": sku, "new_sku": other })),
        5 => ("SubscriptionChanged", json!({ "action": "downgrade", "new_sku": sku, "when": when })),
        6 => ("SubscriptionChanged", json!({ "action": dice.pick(&["pause", "resume", "downgrade"]) })),
        7 => ("SubscriptionChanged", json!({ "action": "reactivate", "subscription_id": id })),
        8 => ("CustomerCancels", json!({ "when": when, "subscription_id": id })),
        9 => ("CustomerCancels", json!({ "when": when })),
        10 => ("SuspensionLifted", json!({ "cause": "admin", "actor": "ann" })),
        _ => ("RenewalDue", json!({ "subscription_id": id })),
    }
}

/// What the other slots do meanwhile.
fn surroundings(dice: &mut Dice, world: &mut World) {
    match dice.below(10) {
        0 => world.set_fact("shared.suspensions", json!(["admin"])),
        1..=3 => world.set_fact("shared.suspensions", Value::Null),
        4 => world.set_fact("billing.account", json!({ "payment_method": "card" })),
        5 => world.set_fact("billing.account", Value::Null),
        _ => {}
    }
}

fn entry(sku: &str, status: &str, cycle: &str) -> Value {
    let prices = json!({ cycle: { "minor_units": 5_000, "currency": "USD" } });
    json!({ "sku": sku, "name": sku, "status": status, "prices": prices })
}

/// A random life, and after it three years in which nobody asks for anything.
fn life(seed: u64) -> Record {
    let (mut dice, mut record, mut now) = (Dice::new(seed), Record::default(), Time::from_date(2026, 1, 31));
    let mut world = World::new(&GOVERNOR)
        .now(now)
        .tenant_fact("product-catalog.sku.yearly", entry("yearly", "published", "annual"))
        .tenant_fact("product-catalog.sku.old", entry("old", "deprecated", "monthly"));
    for _ in 0..STEPS {
        surroundings(&mut dice, &mut world);
        let (kind, data) = anything(&mut dice, record.subs.len());
        world.play(Event::Custom { kind: kind.to_owned(), data }, |world, event, judged| {
            record.observe(world, event, judged);
        });
        let days = if dice.once_in(3) { 16 } else { 3 };
        now = now.plus_hours(dice.below(24 * days) as i64);
        world.play_until(now, |world, event, judged| record.observe(world, event, judged));
    }
    let held = dice.once_in(2);
    world.set_fact("shared.suspensions", if held { json!(["admin"]) } else { Value::Null });
    world.play_until(now.plus_days(3 * 365), |world, event, judged| record.observe(world, event, judged));
    let ends = |sub: &Value| state(sub) == State::Archived || (state(sub) == State::Active && !held);
    assert!(record.subs.values().all(ends), "time alone does not end this: {:?}", record.subs);
    record
}

#[test]
fn what_happens_in_long_lives_is_what_the_table_says_and_time_ends_every_wait() {
    let lives: Vec<_> = (1..=LIVES).map(life).collect();
    let moves: BTreeSet<_> = lives.iter().flat_map(|life| life.moves.clone()).collect();
    let begun: BTreeSet<_> = lives.iter().flat_map(|life| life.begun.clone()).collect();
    assert_eq!(moves, MOVES.iter().copied().collect());
    assert_eq!(begun, BEGINNINGS.iter().copied().collect());
    assert!(lives.iter().map(|life| life.events).sum::<u64>() > 20_000);
    let seen: Seen = lives.into_iter().map(|life| life.seen).collect();
    README.tells("Facts", &seen.facts);
    README.tells("Effects", &seen.effects);
    README.tells("Codes", &seen.codes);
}

#[test]
fn a_move_has_one_end_and_archived_has_none() {
    let starts: BTreeSet<_> = MOVES.iter().map(|&(from, on, _)| (from, on)).collect();
    assert_eq!(starts.len(), MOVES.len());
    assert!(MOVES.iter().all(|&(from, ..)| from != State::Archived));
}

#[test]
fn the_readme_prints_the_table_and_the_effects() {
    let moves: Vec<_> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(README.rows("The life of a subscription"), moves);
    assert_eq!(README.names("Effects"), GOVERNOR.effects.iter().copied().collect());
}
