//! What follows from a commit, and in which order.

use crate::world::*;
use serde_json::json;
use syndic_core::Outcome;
use syndic_core::ports::{Answer, Request};
use syndic_engine::{PlayClock, Played, Player, StreamRules, Trigger};

const DAY: &str = "2026-01-01T00:00:00Z";

fn cancel() -> serde_json::Value {
    json!({"reason": "unpaid"})
}

#[test]
fn raised_events_come_first_then_effects_each_with_its_end_then_timers_in_due_order() {
    let stage = World::new()
        .governor("billing", |asked| {
            Ok(match asked.context().kind.as_str() {
                "RenewalDue" => approve()
                    .mail("m1")
                    .mail("m2")
                    .timer("late", "2026-01-03T00:00:00Z")
                    .timer("early", "2026-01-02T00:00:00Z")
                    .raise("CustomerCancels", cancel()),
                "EffectSettled" if asked.context().data.contains("m1") => approve().raise("CustomerCancels", cancel()),
                _ => approve(),
            })
        })
        .stage();
    stage.submit(renewal("e1", DAY));
    let follows = stage.follow(Some("2026-01-05T00:00:00Z"));
    let ids: Vec<&str> = follows.iter().map(|follow| follow.report.id.as_str()).collect();
    assert_eq!(
        ids,
        ["1/billing/r:1", "1/billing/e:m1", "3/billing/r:1", "1/billing/e:m2", "1/billing/t:early", "1/billing/t:late"]
    );
    assert!(matches!(&follows[4].trigger, Trigger::Timer { name, .. } if name == "early"));
    assert_eq!(follows[4].time.to_string(), "2026-01-02T00:00:00Z", "a timer's time is its due time");
    assert_eq!(stage.receipt(2).parent.unwrap().sequence, 1);
    stage.check_ledger();
}

#[test]
fn a_timer_fires_once_for_its_governor_alone_and_setting_its_name_again_replaces_it() {
    let stage = World::new()
        .governor("billing", |asked| {
            Ok(match asked.context().id.as_str() {
                "e1" => approve().timer("retry", "2026-01-02T00:00:00Z"),
                "e2" => approve().timer("retry", "2026-01-04T00:00:00Z"),
                _ => approve(),
            })
        })
        .governor("subscription", |asked| {
            assert_ne!(asked.context().kind, "TimerFired");
            Ok(approve())
        })
        .stage();
    stage.submit(renewal("e1", DAY));
    stage.submit(renewal("e2", DAY));
    assert!(stage.follow(Some("2026-01-03T00:00:00Z")).is_empty(), "it was replaced");
    assert_eq!(stage.follow(Some("2026-01-04T00:00:00Z")).len(), 1);
    assert!(stage.follow(Some("2027-01-01T00:00:00Z")).is_empty());
}

#[test]
fn an_effect_that_is_refused_or_never_answered_settles_too() {
    for (answer, status) in [(Some(true), "done"), (Some(false), "failed"), (None, "expired")] {
        let stage = World::new()
            .governor("billing", |asked| {
                let data: serde_json::Value = serde_json::from_str(&asked.context().data).unwrap();
                Ok(match asked.context().kind.as_str() {
                    "EffectSettled" => approve().set("billing.settled", data["status"].clone()),
                    _ => approve().mail("m"),
                })
            })
            .connector(move |_: &Request| match answer {
                Some(accepted) => Ok(Answer { accepted, body: json!({}) }),
                None => Err(syndic_core::ports::NoAnswer { reason: "silence".into() }),
            })
            .stage();
        stage.submit(renewal("e1", DAY));
        stage.follow(None);
        assert_eq!(stage.fact("billing.settled"), Some(json!(status)));
        assert!(stage.store.deferred(0, 1).unwrap().is_empty());
    }
}

#[test]
fn events_that_raise_each_other_for_ever_are_stopped_at_a_depth() {
    let stage = World::new().governor("billing", |_| Ok(approve().raise("CustomerCancels", cancel()))).stage();
    stage.submit(renewal("e1", DAY));
    let follows = stage.follow(None);
    assert_eq!(follows.len(), 8);
    assert_eq!(follows[7].report.outcome, Outcome::RolledBack);
    assert!(follows[7].report.error.clone().unwrap().to_string().contains("8 deep"));
}

#[test]
fn timers_that_set_each_other_at_once_are_stopped_and_ones_that_let_time_pass_are_not() {
    let stage = World::new()
        .governor("billing", |asked| {
            let now = asked.context().now;
            let wait = if asked.context().id.starts_with("e-slow") || asked.context().data.contains("slow") {
                1_000
            } else {
                0
            };
            let name = if wait > 0 { "slow" } else { "fast" };
            Ok(approve().timer(name, &now.plus_ms(wait).to_string()))
        })
        .stage();
    stage.submit(renewal("e-fast", DAY));
    let follows = stage.follow(Some("2026-01-02T00:00:00Z"));
    assert_eq!(follows.len(), 64);
    assert!(follows[63].report.error.clone().unwrap().to_string().contains("64 in a row"));
    stage.submit(renewal("e-slow", DAY));
    assert_eq!(stage.follow(Some("2026-01-01T00:03:20Z")).len(), 200);
}

#[test]
fn a_stream_fires_timers_before_the_event_that_passes_them_and_its_clock_never_goes_back() {
    let stage = World::new()
        .governor("billing", |asked| {
            let starts = asked.context().id == "e1";
            Ok(if starts { approve().timer("t", "2026-02-01T00:00:00Z") } else { approve() })
        })
        .stage();
    let clock = std::sync::Arc::<PlayClock>::default();
    let mut player = Player::new(&stage.host, &clock, StreamRules::default(), 1).unwrap();
    let mut told = Vec::new();
    let mut tell = |played: Played| {
        told.push(match played {
            Played::Line(_, report) => report.error.map_or(report.id, |error| error.kind().to_owned()),
            Played::Consequence(follow) => format!("timer {}", follow.report.id),
            Played::Ordered(report) | Played::Recovered(report) => format!("recovered {}", report.id),
        });
    };
    let lines = [
        renewal("e1", "2026-01-01T00:00:00Z"),
        renewal("e2", "2026-02-02T00:00:00Z"),
        renewal("late", "2026-01-15T00:00:00Z"),
        renewal("far", "2027-06-01T00:00:00Z"),
        renewal("e3", "2026-02-03T00:00:00Z"),
    ];
    for (number, line) in (1..).zip(lines) {
        player.line(number, Ok(line.to_string().into_bytes()), &mut tell).unwrap();
    }
    player.settle(&mut tell).unwrap();
    assert_eq!(told, ["e1", "timer 1/billing/t:t", "e2", "late", "EventValidationFailed", "e3"]);
}

#[test]
fn a_timer_due_at_once_waits_for_the_next_event_in_a_run_that_is_repeated_too() {
    let stage = World::new()
        .governor("billing", |asked| {
            let starts = asked.context().id == "e1";
            Ok(if starts { approve().timer("t", "2026-01-01T00:00:00Z") } else { approve() })
        })
        .stage();
    let play = |lines: &[serde_json::Value]| {
        let clock = std::sync::Arc::<PlayClock>::default();
        let mut player = Player::new(&stage.host, &clock, StreamRules::default(), 1).unwrap();
        for (number, line) in (1..).zip(lines) {
            player.line(number, Ok(line.to_string().into_bytes()), &mut |_| ()).unwrap();
        }
        player.settle(&mut |_| ()).unwrap();
        stage.store.head().unwrap().frontier.size()
    };
    let first = renewal("e1", "2026-01-01T00:00:00Z");
    assert_eq!(play(std::slice::from_ref(&first)), 1);
    assert_eq!(play(std::slice::from_ref(&first)), 1, "the same stream again is the same run");
    assert_eq!(play(&[first, renewal("e2", "2026-01-01T00:00:00Z")]), 3);
}
