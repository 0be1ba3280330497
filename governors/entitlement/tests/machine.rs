//! The table against what really happens, over long random lives.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use std::collections::{BTreeMap, BTreeSet};

use syndic_governor_entitlement::GOVERNOR;
use syndic_governor_entitlement::table::{BEGINNINGS, MOVES, State};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, World};

const LIVES: u64 = 20;
const STEPS: u32 = 400;
const SKUS: [&str; 3] = ["starter", "pro", "vetted"];
const STATUSES: [&str; 8] = ["trial", "active", "cancelling", "paused", "expired", "cancelled", "lapsed", "archived"];

/// A small generator (Knuth's MMIX constants): the same lives in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

struct Life {
    world: World,
    dice: Dice,
    now: Time,
    grants: BTreeMap<String, Value>,
    seen: BTreeSet<(State, State)>,
    begun: BTreeSet<State>,
}

impl Life {
    fn new(seed: u64) -> Life {
        let vetted = json!({
            "sku": "vetted", "name": "Vetted", "status": "published", "requires_approval": true,
            "prices": { "monthly": { "minor_units": 500, "currency": "USD" } }, "features": ["vault"],
        });
        let now = Time::from_date(2026, 1, 31);
        let world = World::new(&GOVERNOR).now(now).tenant_fact("product-catalog.sku.vetted", vetted);
        Life { world, dice: Dice(seed), now, grants: BTreeMap::new(), seen: BTreeSet::new(), begun: BTreeSet::new() }
    }

    /// One event. The slot subscription is not here, so its facts say anything at all: nothing may break.
    fn anything(&mut self) -> (&'static str, Value) {
        let id = format!("sub-{}", 1 + self.dice.below(3));
        match self.dice.below(9) {
            0 | 1 => ("CustomerSubscribes", json!({ "sku": self.dice.pick(&SKUS), "trial": self.dice.below(3) == 0 })),
            2 => ("CustomerUpgrades", json!({ "old_sku": self.dice.pick(&SKUS), "new_sku": self.dice.pick(&SKUS) })),
            3 => {
                let data = json!({ "action": "downgrade", "when": "now", "new_sku": "starter", "subscription_id": id });
                ("SubscriptionChanged", data)
            }
            4 => ("SubscriptionChanged", json!({ "action": "reactivate", "subscription_id": id })),
            5 => ("CustomerCancels", json!({ "subscription_id": id })),
            6 => {
                let decision = self.dice.pick(&["accept", "reject"]);
                ("OperatorDecided", json!({ "about": "approval", "decision": decision, "actor": "ann" }))
            }
            _ => ("RenewalDue", json!({ "subscription_id": id })),
        }
    }

    fn subscriptions(&mut self) {
        let next = 1 + self.dice.below(3);
        for n in 1..=3 {
            let (id, sku, status) = (format!("sub-{n}"), self.dice.pick(&SKUS), self.dice.pick(&STATUSES));
            let (start, end) = (self.now.minus_days(1), self.now.plus_days(20));
            let sub = json!({
                "id": id, "sku": sku, "seats": 1, "cycle": "monthly", "status": status, "anchor_day": 31,
                "start": start, "end": end,
            });
            self.world.set_fact(&format!("subscription.sub.{id}"), sub);
        }
        self.world.set_fact("subscription.index", json!({ "next": next, "ids": ["sub-1", "sub-2", "sub-3"] }));
    }

    fn step(&mut self) {
        self.subscriptions();
        let (kind, data) = self.anything();
        let judged = self.world.judge(Event::Custom { kind: kind.to_owned(), data });
        self.check(&judged, kind == "CustomerSubscribes");
        self.now = self.now.plus_hours(self.dice.below(24 * 12) as i64);
        while let Some(name) = self.world.due_timers(self.now).first().map(|name| (*name).to_owned()) {
            let fired = self.world.fire(&name);
            self.check(&fired, false);
        }
        self.world.set_now(self.now);
    }

    fn check(&mut self, judged: &Judged, begins: bool) {
        assert!(judged.is_completed() || judged.code() == Some("nothing-to-decide"), "{:?}", judged.outcome);
        for id in ["sub-1", "sub-2", "sub-3"] {
            let now = self.world.value(&format!("entitlement.grant.{id}"));
            if now.is_null() {
                continue;
            }
            let to = state(&now);
            match self.grants.get(id) {
                Some(before) if *before == now => {}
                // A new subscription under an old id is this test's doing, not the product's.
                Some(before) if !begins => _ = self.seen.insert((state(before), to)),
                _ => _ = self.begun.insert(to),
            }
            assert_eq!(self.world.due(&format!("due-{id}")).is_some(), to != State::Archived, "{id} waits for nothing");
            self.grants.insert(id.to_owned(), now);
        }
        self.access();
    }

    /// Full exactly while a grant is active and unexpired, and the features are exactly those plans'.
    fn access(&self) {
        let now = self.world.value("shared.access");
        let active: Vec<_> = self.grants.values().filter(|grant| state(grant) == State::Active).collect();
        if self.grants.is_empty() {
            return assert!(now.is_null());
        }
        assert_eq!(now, if active.is_empty() { "blocked" } else { "full" });
        let features = active.iter().flat_map(|grant| grant["features"].as_array().unwrap());
        let features: BTreeSet<_> = features.map(|feature| feature.as_str().unwrap()).collect();
        assert_eq!(self.world.value("entitlement.features"), json!(features));
    }
}

fn state(grant: &Value) -> State {
    serde_json::from_value(grant["status"].clone()).unwrap()
}

#[test]
fn what_happens_in_long_lives_is_what_the_table_says() {
    let (mut seen, mut begun) = (BTreeSet::new(), BTreeSet::new());
    for seed in 1..=LIVES {
        let mut life = Life::new(seed);
        (0..STEPS).for_each(|_| life.step());
        seen.extend(life.seen);
        begun.extend(life.begun);
    }
    assert_eq!(seen, MOVES.iter().map(|&(from, _, to)| (from, to)).collect());
    assert_eq!(begun, BEGINNINGS.iter().map(|&(_, to)| to).collect());
}

#[test]
fn a_move_has_one_end_and_archived_has_none() {
    let starts: BTreeSet<_> = MOVES.iter().map(|&(from, on, _)| (from, on)).collect();
    assert_eq!(starts.len(), MOVES.len());
    assert!(MOVES.iter().all(|&(from, ..)| from != State::Archived));
}

#[test]
fn the_readme_prints_the_table() {
    let readme = include_str!("../README.md");
    for (from, on, to) in MOVES {
        let row = format!("| {from:?} | {on:?} | {to:?} |");
        assert!(readme.contains(&row), "the README lacks the row {row}");
    }
}
