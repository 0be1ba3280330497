//! What must hold after any history, over long random ones.

use std::collections::BTreeSet;

use crate::README;
use crate::scene::{hold, name, sell, stranger};
use syndic_governor_quota_sla::table::{MOVES, State, Trigger};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Dice, Judged, Outcome, Seen, World};

const LIVES: u64 = 50;
const STEPS: u32 = 500;
const UNITS: &str = "units";
const SKUS: [&str; 5] = ["hard", "soft", "large", "without-units", "starter"];
const STATUSES: [&str; 8] = ["trial", "active", "cancelling", "paused", "expired", "cancelled", "lapsed", "archived"];

/// What a life has shown so far.
#[derive(Default)]
struct Record {
    before: Facts,
    moves: BTreeSet<(State, Trigger, State)>,
    seen: Seen,
    events: u64,
}

/// What the governor keeps, as it reads from outside.
#[derive(Default, Clone)]
struct Facts {
    period: Value,
    limits: Value,
    usage: Value,
    status: State,
}

impl Facts {
    fn of(world: &World) -> Facts {
        let usage = world.value("quota-sla.usage.units");
        let status = State::ALL.into_iter().find(|state| usage["status"] == name(*state)).unwrap_or_default();
        let value = |fact: &str| world.value(&format!("quota-sla.{fact}"));
        Facts { period: value("period"), limits: value("limits"), usage, status }
    }

    /// How much there is, and whether it is a hard limit; none where there is no limit.
    fn units(&self) -> Option<(i64, bool)> {
        let units = &self.limits[UNITS];
        Some((units["limit"].as_i64()?, units["hard"] == true))
    }
}

impl Record {
    fn observe(&mut self, world: &World, event: &Event, judged: &Judged) {
        self.events += 1;
        self.seen.note(judged);
        let refused = matches!(&judged.outcome, Outcome::Refused(why) if why.code == "not-suspended");
        assert!(judged.is_completed() || refused, "{event:?}: {:?}", judged.outcome);
        let (before, after) = (std::mem::take(&mut self.before), Facts::of(world));
        if !judged.is_silent() && !refused {
            self.move_seen(event, &before, &after);
        }
        limits_never_fall_within_a_period(&before, &after);
        what_stands_follows_from_what_is_kept(world, &after);
        self.before = after;
    }

    fn move_seen(&mut self, event: &Event, before: &Facts, after: &Facts) {
        let trigger = trigger(event, before, after);
        match trigger {
            Some(on) => _ = self.moves.insert((before.status, on, after.status)),
            None => assert_eq!(before.status, after.status, "{event:?}"),
        }
    }
}

/// What the event meant for the units; none where it says nothing about them.
fn trigger(event: &Event, before: &Facts, after: &Facts) -> Option<Trigger> {
    let data: Value = event.data().parse().unwrap_or_default();
    let (limit, hard) = after.units().unwrap_or((i64::MAX, false));
    let band = |quantity: i64| match quantity {
        over if over > limit => Trigger::Over,
        near if near > 0 && near * 10 >= limit.saturating_mul(8) => Trigger::High,
        _ => Trigger::Low,
    };
    let over = if hard { Trigger::HardLimit } else { Trigger::SoftLimit };
    match event.kind() {
        "UsageReported" => data["quantity"].as_i64().map(band),
        "UsageExceedsQuota" => match band(data["current_usage"].as_i64()?) {
            Trigger::Over => Some(over),
            band => Some(band),
        },
        "TimerFired" if data["name"] == "reset" => Some(Trigger::Reset),
        "SuspensionLifted" if data["cause"] == "quota" => {
            (before.status == State::Throttled).then_some(Trigger::Lifted)
        }
        "CustomerSubscribes" | "CustomerUpgrades" | "SubscriptionChanged" => {
            match band(before.usage["quantity"].as_i64()?) {
                Trigger::Over if !hard && before.status == State::Throttled => Some(Trigger::SoftLimit),
                band => Some(band),
            }
        }
        _ => None,
    }
}

fn limits_never_fall_within_a_period(before: &Facts, after: &Facts) {
    if before.period != after.period || before.period.is_null() {
        return;
    }
    for (resource, was) in before.limits.as_object().into_iter().flatten() {
        let is = &after.limits[resource];
        let higher = is["limit"].as_i64().is_none_or(|is| was["limit"].as_i64().is_some_and(|was| was <= is));
        assert!(higher, "{resource} fell from {was} to {is}");
    }
}

fn what_stands_follows_from_what_is_kept(world: &World, facts: &Facts) {
    let throttled = facts.status == State::Throttled;
    let paused = world.value("quota-sla.stance")["paused"] == true;
    let access = if throttled || paused { json!("read-only") } else { Value::Null };
    assert_eq!(world.value("shared.access"), access, "throttled: {throttled}, paused: {paused}");
    let causes = world.value("shared.suspensions");
    let stands = causes.as_array().is_some_and(|causes| causes.contains(&json!("quota")));
    assert_eq!(stands, throttled);
    let ends = world.due("reset").map_or(Value::Null, |due| json!(due));
    assert_eq!(facts.period["end"], ends, "a period ends by time alone");
}

/// What anybody may say. The slot subscription is not here, so its facts say anything at all: nothing may break.
fn anything(dice: &mut Dice, now: Time) -> (&'static str, Value) {
    let (sku, other) = (dice.pick(&SKUS), dice.pick(&SKUS));
    let quantity = dice.pick(&[0, 50, 79, 80, 90, 100, 101, 120, 160, 161, 260]);
    match dice.below(13) {
        0 => ("CustomerSubscribes", json!({ "sku": sku })),
        1 => ("CustomerUpgrades", json!({ "old_sku": sku, "new_sku": other })),
        2 => ("SubscriptionChanged", json!({ "action": "downgrade", "new_sku": sku, "when": "now" })),
        3 => ("SubscriptionChanged", json!({ "action": dice.pick(&["pause", "resume", "reactivate"]) })),
        4 => ("UsageExceedsQuota", json!({ "resource": UNITS, "current_usage": quantity + 1, "limit": quantity })),
        5 => ("ManualSuspension", json!({ "reason": "odd", "cause": dice.pick(&["admin", "fraud"]) })),
        12 => ("SlaMeasured", json!({ "period": now.month(), "uptime_ppm": 960_000, "p99_ms": 1, "error_ppm": 0 })),
        6 | 7 => ("SuspensionLifted", json!({ "cause": dice.pick(&["quota", "admin"]), "actor": "ann" })),
        _ => ("UsageReported", json!({ "resource": UNITS, "quantity": quantity, "period": now.month() })),
    }
}

fn subscriptions(dice: &mut Dice, world: &mut World) {
    let subs = ["sub-1", "sub-2"].map(|id| (id, dice.pick(&SKUS), dice.pick(&STATUSES)));
    hold(world, &subs);
}

/// A random life, and after it a quarter in which the customer holds nothing and nobody says anything.
fn life(seed: u64) -> Record {
    let (mut dice, mut record, mut now) = (Dice::new(seed), Record::default(), Time::from_date(2026, 1, 31));
    let mut world = stranger().now(now);
    for (sku, units, hard) in [("hard", 100, true), ("soft", 60, false), ("large", 160, true)] {
        sell(&mut world, sku, json!({ UNITS: { "limit": units, "hard": hard } }));
    }
    sell(&mut world, "without-units", json!({ "other": { "limit": 5, "hard": true } }));
    for _ in 0..STEPS {
        if dice.once_in(4) {
            subscriptions(&mut dice, &mut world);
        }
        let (kind, data) = anything(&mut dice, now);
        world.play(Event::Custom { kind: kind.to_owned(), data }, |world, event, judged| {
            record.observe(world, event, judged);
        });
        now = now.plus_hours(dice.below(24 * 4) as i64);
        world.play_until(now, |world, event, judged| record.observe(world, event, judged));
    }
    hold(&mut world, &[("sub-1", "hard", "archived")]);
    world.play_until(now.plus_days(90), |world, event, judged| record.observe(world, event, judged));
    assert_eq!((record.before.period.clone(), world.value("shared.access")), (Value::Null, Value::Null));
    assert!(world.due_timers("2100-01-01T00:00:00Z").is_empty());
    record
}

#[test]
fn what_happens_in_long_lives_is_what_the_table_says_and_time_ends_every_wait() {
    let lives: Vec<_> = (1..=LIVES).map(life).collect();
    let moves: BTreeSet<_> = lives.iter().flat_map(|life| life.moves.clone()).collect();
    assert_eq!(moves, MOVES.iter().copied().collect());
    assert!(lives.iter().map(|life| life.events).sum::<u64>() > 20_000);
    README.tells_of(&lives.into_iter().map(|life| life.seen).collect());
}
