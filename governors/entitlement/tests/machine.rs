//! The table against what really happens, over long random lives.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use std::collections::{BTreeMap, BTreeSet};

use syndic_governor_entitlement::GOVERNOR;
use syndic_governor_entitlement::table::{BEGINNINGS, MOVES, State, Trigger};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Dice, Judged, Page, Seen, World};

const README: Page = Page::new(include_str!("../README.md"));
const LIVES: u64 = 50;
const STEPS: u32 = 400;
const IDS: [&str; 3] = ["sub-1", "sub-2", "sub-3"];
const SKUS: [&str; 3] = ["starter", "pro", "vetted"];
const STATUSES: [&str; 8] = ["trial", "active", "cancelling", "paused", "expired", "cancelled", "lapsed", "archived"];

/// What a life has shown so far.
struct Record {
    now: Time,
    grants: BTreeMap<String, Value>,
    moves: BTreeSet<(State, Trigger, State)>,
    begun: BTreeSet<(Trigger, State)>,
    seen: Seen,
    events: u64,
}

impl Record {
    fn from(now: Time) -> Record {
        let (moves, begun) = (BTreeSet::new(), BTreeSet::new());
        Record { now, grants: BTreeMap::new(), moves, begun, seen: Seen::default(), events: 0 }
    }

    fn observe(&mut self, world: &World, event: &Event, judged: &Judged) {
        self.events += 1;
        self.seen.note(judged);
        assert!(judged.is_completed() || judged.code() == Some("nothing-to-decide"), "{:?}", judged.outcome);
        for id in IDS {
            let after = world.value(&format!("entitlement.grant.{id}"));
            if !after.is_null() {
                self.observe_one(event, id, &after);
                let waits = world.due(&format!("due-{id}")).is_some();
                assert_eq!(waits, state(&after) != State::Archived, "{id} waits for nothing");
                self.grants.insert(id.to_owned(), after);
            }
        }
        // A timer is on time, and every other event comes when the clock stands still.
        if let Event::TimerFired(timer) = event {
            self.now = timer.due;
        }
        self.access(world);
    }

    fn observe_one(&mut self, event: &Event, id: &str, after: &Value) {
        let to = state(after);
        match self.grants.get(id) {
            Some(before) if before == after => {}
            // A new subscription under an old id is this test's doing, not the product's.
            Some(before) if event.kind() != "CustomerSubscribes" => {
                self.moves.insert((state(before), trigger(event, state(before), to), to));
            }
            _ => {
                let asked = to == State::PendingApproval;
                self.begun.insert((if asked { Trigger::AskApproval } else { Trigger::Grant }, to));
            }
        }
    }

    /// Full exactly while a grant is active and unexpired, and the features are exactly those plans'.
    fn access(&self, world: &World) {
        let access = world.value("shared.access");
        let unexpired = |grant: &Value| Time::parse(grant["expires_at"].as_str().unwrap()).unwrap() >= self.now;
        let in_force = |grant: &&Value| state(grant) == State::Active && unexpired(grant);
        let active: Vec<_> = self.grants.values().filter(in_force).collect();
        if self.grants.is_empty() {
            return assert!(access.is_null());
        }
        assert_eq!(access, if active.is_empty() { "blocked" } else { "full" });
        let features: BTreeSet<_> = active.iter().flat_map(|grant| features_of(&grant["sku"])).collect();
        assert_eq!(world.value("entitlement.features"), json!(features));
    }
}

fn features_of(sku: &Value) -> &'static [&'static str] {
    match sku.as_str().unwrap() {
        "starter" => &["community-support", "email-support"],
        "pro" => &["community-support", "email-support", "sso"],
        _ => &["vault"],
    }
}

/// What carried a grant on: the event says it, and where it led.
fn trigger(event: &Event, from: State, to: State) -> Trigger {
    let data: Value = event.data().parse().unwrap();
    match (event.kind(), from) {
        ("OperatorDecided", _) if data["decision"] == "accept" => Trigger::Approve,
        ("OperatorDecided", _) => Trigger::Reject,
        ("SubscriptionChanged", State::Cancelled) if to == State::PendingApproval => Trigger::AskAgain,
        ("SubscriptionChanged", State::Cancelled) => Trigger::Reactivate,
        ("SubscriptionChanged" | "CustomerUpgrades", _) => Trigger::ChangePlan,
        ("CustomerCancels", _) => Trigger::Cancel,
        ("RenewalDue", _) if to == State::Expired => Trigger::Expire,
        ("RenewalDue", _) => Trigger::Renew,
        ("TimerFired", State::PendingApproval) => Trigger::ApprovalExpires,
        ("TimerFired", State::Active) => Trigger::Expire,
        ("TimerFired", _) => Trigger::Retire,
        (kind, _) => panic!("{kind} moves no grant from {from:?} to {to:?}"),
    }
}

fn state(grant: &Value) -> State {
    serde_json::from_value(grant["status"].clone()).unwrap()
}

/// Everything this slot is sent.
fn anything(dice: &mut Dice) -> (&'static str, Value) {
    let id = dice.pick(&IDS);
    match dice.below(12) {
        0 | 1 => ("CustomerSubscribes", json!({ "sku": dice.pick(&SKUS), "trial": dice.once_in(3) })),
        2 => ("CustomerUpgrades", json!({ "old_sku": dice.pick(&SKUS), "new_sku": dice.pick(&SKUS) })),
        3 => {
            let data = json!({ "action": "downgrade", "when": "now", "new_sku": "starter", "subscription_id": id });
            ("SubscriptionChanged", data)
        }
        4 => ("SubscriptionChanged", json!({ "action": "reactivate", "subscription_id": id })),
        5 => ("CustomerCancels", json!({ "subscription_id": id })),
        6 | 7 => {
            let decision = dice.pick(&["accept", "reject"]);
            ("OperatorDecided", json!({ "about": "approval", "decision": decision, "actor": "ann" }))
        }
        8 => ("ManualSuspension", json!({ "reason": "odd" })),
        9 => ("PaymentProcessed", json!({ "amount": 1, "idempotency_key": "k" })),
        _ => ("RenewalDue", json!({ "subscription_id": id })),
    }
}

/// The slot subscription is not here, so its facts say anything at all: nothing may break.
fn subscriptions(dice: &mut Dice, world: &mut World, now: Time) {
    for id in IDS {
        let (sku, status) = (dice.pick(&SKUS), dice.pick(&STATUSES));
        let sub = json!({
            "id": id, "sku": sku, "seats": 1, "cycle": "monthly", "status": status, "anchor_day": 31,
            "start": now.minus_days(1), "end": now.plus_days(20),
        });
        world.set_fact(&format!("subscription.sub.{id}"), sub);
    }
    world.set_fact("subscription.index", json!({ "next": 1 + dice.below(3), "ids": IDS }));
    world.set_fact("billing.account", dice.pick(&[None, Some("card")]).map(|card| json!({ "payment_method": card })));
}

/// A random life, and after it a quarter in which all has ended and nobody asks for anything.
fn life(seed: u64) -> Record {
    let (mut dice, mut now) = (Dice::new(seed), Time::from_date(2026, 1, 31));
    let mut record = Record::from(now);
    let vetted = json!({
        "sku": "vetted", "name": "Vetted", "status": "published", "requires_approval": true,
        "prices": { "monthly": { "minor_units": 500, "currency": "USD" } }, "features": ["vault"],
    });
    let mut world = World::new(&GOVERNOR).now(now).tenant_fact("product-catalog.sku.vetted", vetted);
    for _ in 0..STEPS {
        subscriptions(&mut dice, &mut world, now);
        let (kind, data) = anything(&mut dice);
        world.play(Event::Custom { kind: kind.to_owned(), data }, |world, event, judged| {
            record.observe(world, event, judged);
        });
        let hours = if dice.once_in(3) { 6 } else { 24 * 12 };
        now = now.plus_hours(dice.below(hours) as i64);
        world.play_until(now, |world, event, judged| record.observe(world, event, judged));
        record.now = now;
    }
    for id in IDS {
        world.set_fact(&format!("subscription.sub.{id}"), Value::Null);
    }
    world.play_until(now.plus_days(120), |world, event, judged| record.observe(world, event, judged));
    assert!(record.grants.values().all(|grant| state(grant) == State::Archived), "time alone ends every wait");
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
    assert_eq!(README.untold("Effects", &seen.effects), [""; 0]);
    assert_eq!(README.unseen("Effects", &seen.effects), ["ticket"], "nothing fails here; what fails is a story");
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
    assert_eq!(README.rows("The life of a grant"), moves);
    assert_eq!(README.names("Effects"), GOVERNOR.effects.iter().copied().collect());
}
