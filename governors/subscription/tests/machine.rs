//! The table against what really happens, over a long random life.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use std::collections::{BTreeMap, BTreeSet};

use syndic_governor_subscription::GOVERNOR;
use syndic_governor_subscription::table::{BEGINNINGS, MOVES, State};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Outcome, World};

const SKUS: [&str; 4] = ["free", "starter", "pro", "enterprise"];
const LIVES: u64 = 30;
const STEPS: u32 = 300;

/// A small generator (Knuth's MMIX constants): the same life in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

struct Life {
    world: World,
    dice: Dice,
    now: Time,
    subs: BTreeMap<String, Value>,
    seen: BTreeSet<(State, State)>,
    begun: BTreeSet<State>,
}

impl Life {
    fn anything(&mut self) -> (&'static str, Value) {
        let (sku, other) = (self.dice.pick(&SKUS), self.dice.pick(&SKUS));
        let when = self.dice.pick(&["now", "period-end"]);
        let id = format!("sub-{}", 1 + self.dice.below(self.subs.len() as u64 + 1));
        match self.dice.below(12) {
            0..=2 => ("CustomerSubscribes", json!({ "sku": sku, "trial": self.dice.below(2) == 0 })),
            3 => ("CustomerUpgrades", json!({ "old_sku": sku, "new_sku": other })),
            4 => ("SubscriptionChanged", json!({ "action": "downgrade", "new_sku": sku, "when": when })),
            5 => ("SubscriptionChanged", json!({ "action": self.dice.pick(&["pause", "resume", "downgrade"]) })),
            6 => ("SubscriptionChanged", json!({ "action": "reactivate", "subscription_id": id })),
            7 => ("CustomerCancels", json!({ "when": when, "subscription_id": id })),
            8 => ("CustomerCancels", json!({ "when": when })),
            9 => ("SuspensionLifted", json!({ "cause": "admin", "actor": "ann" })),
            _ => ("RenewalDue", json!({ "subscription_id": id })),
        }
    }

    /// What the other slots do meanwhile.
    fn surroundings(&mut self) {
        match self.dice.below(10) {
            0 => self.world.set_fact("shared.suspensions", json!(["admin"])),
            1..=3 => self.world.set_fact("shared.suspensions", Value::Null),
            4 => self.world.set_fact("billing.account", json!({ "payment_method": "card" })),
            5 => self.world.set_fact("billing.account", Value::Null),
            // A tenant forgets who tried what, so that a long life has more than four trials.
            6 => self.world.set_fact("subscription.trials", Value::Null),
            _ => {}
        }
    }

    fn judge(&mut self, event: Event) {
        let judged = self.world.judge(event);
        self.check(&judged.outcome);
        for raised in judged.raised() {
            self.judge(raised);
        }
    }

    fn pass_time(&mut self) {
        let days = if self.dice.below(3) == 0 { 16 } else { 3 };
        self.now = self.now.plus_hours(self.dice.below(24 * days) as i64);
        while let Some(name) = self.world.due_timers(self.now).first().map(|name| (*name).to_owned()) {
            let fired = self.world.fire(&name);
            self.check(&fired.outcome);
            for raised in fired.raised() {
                self.judge(raised);
            }
        }
        self.world.set_now(self.now);
    }

    fn check(&mut self, outcome: &Outcome) {
        assert!(matches!(outcome, Outcome::Completed | Outcome::Refused(_)), "{outcome:?}");
        let index: Value = self.world.value("subscription.index");
        for n in 1..index["next"].as_u64().unwrap_or(1) {
            let id = format!("sub-{n}");
            if self.subs.get(&id).is_none_or(|sub| state(sub) != State::Archived) {
                self.observe(&id, &index);
            }
        }
        self.counts();
    }

    fn observe(&mut self, id: &str, index: &Value) {
        let now = self.world.value(&format!("subscription.sub.{id}"));
        let to = state(&now);
        match self.subs.get(id) {
            None => _ = self.begun.insert(to),
            Some(before) if *before != now => _ = self.seen.insert((state(before), to)),
            Some(_) => {}
        }
        let listed = index["ids"].as_array().is_some_and(|ids| ids.contains(&json!(id)));
        assert_eq!(listed, to != State::Archived, "{id}");
        assert_eq!(self.world.due(&format!("due-{id}")).is_some(), to != State::Archived, "{id} waits for nothing");
        self.subs.insert(id.to_owned(), now);
    }

    /// One live subscription per plan, and the tenant's count agrees.
    fn counts(&self) {
        for sku in SKUS {
            let live = self.subs.values().filter(|sub| sub["sku"] == sku && state(sub).is_live()).count();
            let counted = self.world.tenant_value(&format!("shared.subscribers.{sku}")).as_u64().unwrap_or(0);
            assert!(live <= 1, "{live} live subscriptions of {sku}");
            assert_eq!(counted, live as u64, "{sku}");
        }
    }
}

fn state(sub: &Value) -> State {
    serde_json::from_value(sub["status"].clone()).unwrap()
}

impl Life {
    fn new(seed: u64) -> Life {
        let now = Time::from_date(2026, 1, 31);
        let world = World::new(&GOVERNOR).now(now);
        Life { world, dice: Dice(seed), now, subs: BTreeMap::new(), seen: BTreeSet::new(), begun: BTreeSet::new() }
    }

    fn lived(mut self) -> Life {
        for _ in 0..STEPS {
            self.surroundings();
            let (kind, data) = self.anything();
            self.judge(Event::Custom { kind: kind.to_owned(), data });
            self.pass_time();
        }
        self
    }
}

#[test]
fn what_happens_in_long_lives_is_what_the_table_says() {
    let lives: Vec<_> = (1..=LIVES).map(|seed| Life::new(seed).lived()).collect();
    let seen: BTreeSet<_> = lives.iter().flat_map(|life| life.seen.clone()).collect();
    let begun: BTreeSet<_> = lives.iter().flat_map(|life| life.begun.clone()).collect();
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
    let rows = readme.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 2);
    assert!(rows.count() >= MOVES.len());
}
