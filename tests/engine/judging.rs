//! Many answers, one outcome.

use crate::world::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use syndic_core::Outcome;
use syndic_core::ports::{Failure, FailureClass};

const DAY: &str = "2026-01-01T00:00:00Z";

fn states(report: &syndic_core::Report) -> String {
    report.state_path.iter().map(|state| state.name()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_event_all_approve_is_committed_whole_with_one_receipt() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().set("billing.n", json!(1))))
        .governor("subscription", |_| Ok(approve().set("subscription.n", json!(2))))
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!((report.outcome, report.receipt), (Outcome::Completed, Some(1)));
    assert_eq!(states(&report), "ProcessingEvent CoordinatingFsms AwaitingFeedback CompletingAction Idle");
    assert_eq!((stage.fact("billing.n"), stage.fact("subscription.n")), (Some(json!(1)), Some(json!(2))));
    let receipt = stage.receipt(1);
    assert_eq!(receipt.changes.len(), 2);
    assert_eq!(receipt.governors.len(), 2, "a slot without a governor has no say");
}

#[test]
fn one_refusal_leaves_nothing_but_a_receipt() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().set("billing.n", json!(1)).mail("m").timer("t", DAY)))
        .governor("subscription", |_| Ok(refuse("not-due")))
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!((report.outcome, report.receipt, report.error.clone()), (Outcome::Refused, Some(1), None));
    assert_eq!(states(&report), "ProcessingEvent CoordinatingFsms AwaitingFeedback ErrorDetected ResumeOperation Idle");
    assert_eq!(stage.fact("billing.n"), None);
    assert!(stage.follow(Some("2030-01-01T00:00:00Z")).is_empty());
}

#[test]
fn a_referral_waits_for_a_person_and_a_trap_outweighs_it() {
    let trap = || Failure { class: FailureClass::Unreachable, reason: "it panicked".into() };
    let stage = World::new().governor("billing", |_| Ok(refer("no-contract-price"))).stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Referred);

    let stage = World::new()
        .governor("billing", |_| Ok(refer("no-contract-price")))
        .governor("subscription", move |_| Err(trap()))
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(report.error.unwrap().kind(), "GovernorError");
    assert_eq!(report.governors.len(), 2, "all answers are in the receipt, the trapped one's too");
}

#[test]
fn no_governor_sees_anothers_answer() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().set("shared.mark", json!("seen"))))
        .governor("subscription", |asked| {
            assert_eq!(asked.fact("shared.mark"), None);
            Ok(approve())
        })
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Completed);
    assert_eq!(stage.fact("shared.mark"), Some(json!("seen")));
}

#[test]
fn disagreement_is_a_conflict_and_rolls_back() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().set("shared.tier", json!(1))))
        .governor("subscription", |_| Ok(approve().set("shared.tier", json!(2))))
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(report.error.unwrap().to_string(), "`shared.tier` is in conflict between `billing` and `subscription`");
    assert_eq!(stage.receipt(1).conflicts.len(), 1);
}

#[test]
fn an_answer_that_breaks_a_bound_is_the_governors_error() {
    for (decision, says) in [
        (approve().set("subscription.n", json!(1)), "it may not write `subscription.n`"),
        (approve().raise("RenewalDue", json!({})), "that does not validate"),
        (approve().raise("TimerFired", json!({})), "the host alone"),
        (approve().raise("acme.Unknown", json!({})), "no governor is assigned"),
        ((0..65).fold(approve(), |all, n| all.set(&format!("billing.{n}"), json!(n))), "65 writes, over 64"),
        ((0..17).fold(approve(), |all, n| all.mail(&n.to_string())), "17 effects, over 16"),
        (approve().mail("m").mail("m"), "two effects have the id `m`"),
        (approve().set("billing.big", json!("x".repeat(70_000))), "over 65536"),
    ] {
        let stage = World::new().governor("billing", move |_| Ok(decision.clone())).stage();
        let report = stage.submit(renewal("e1", DAY));
        assert_eq!(report.outcome, Outcome::RolledBack);
        let error = report.error.unwrap();
        assert!(error.kind() == "GovernorError" && error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_fact_that_moved_before_the_commit_is_judged_again_and_only_the_last_judgement_counts() {
    let moving = |times: u32| {
        let world = World::new();
        let store = Arc::clone(&world.store);
        let judged = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&judged);
        let stage = world
            .governor("billing", move |asked| {
                let saw = asked.fact("billing.n");
                // Another lane writes the fact between this judgement and its commit.
                if judged.fetch_add(1, Ordering::SeqCst) < times {
                    let key = customer("billing.n").key("acme", "c1");
                    let fact = store.fact(&key).unwrap();
                    let version = fact.map_or(1, |fact| fact.version + 1);
                    let value = syndic_core::fact::Held::Plain(json!(version).into());
                    let at = syndic_core::Time::from_ms(0);
                    let (by, event, receipt) = (slot("billing"), "other".into(), 100 + version);
                    let fact = syndic_core::Fact { value, version, receipt, base: receipt, by, schema: 1, event, at };
                    commit(&store, syndic_core::ports::Commit { facts: vec![(key, Some(fact))], ..Default::default() });
                }
                Ok(approve().set("billing.saw", json!(saw)))
            })
            .stage();
        let report = stage.submit(renewal("e1", DAY));
        (stage, report, counted.load(Ordering::SeqCst))
    };

    let (stage, report, judged) = moving(2);
    assert_eq!((report.outcome, judged), (Outcome::Completed, 3));
    assert_eq!(stage.fact("billing.saw"), Some(json!("2")));
    assert_eq!(stage.store.head().unwrap().frontier.size(), 1);
    assert!(states(&report).contains("CompletingAction CoordinatingFsms"));

    let (_, report, judged) = moving(u32::MAX);
    assert_eq!((report.outcome, judged), (Outcome::RolledBack, 4), "judged, and judged again three times");
    assert_eq!(report.error.unwrap().kind(), "ConflictDetected");
}

#[test]
fn a_phase_that_outlives_its_limit_is_rolled_back() {
    let world = World::new();
    let clock = Arc::clone(&world.clock);
    let stage = world
        .governor("billing", move |_| {
            clock.move_by(5_001);
            Ok(approve())
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(report.error.unwrap().to_string(), "the phase CoordinatingFsms outlived its limit");
}

#[test]
fn a_route_whose_slots_hold_no_governor_is_rolled_back_with_a_receipt() {
    let report = World::new().governor("compliance", |_| Ok(approve())).stage().submit(renewal("e1", DAY));
    assert_eq!((report.outcome, report.receipt), (Outcome::RolledBack, Some(1)));
    assert_eq!(report.error.unwrap().kind(), "NoGovernorsAssigned");
    assert_eq!(report.state_path.len(), 4);
}

#[test]
fn a_lane_never_goes_back_in_time() {
    let stage =
        World::new().governor("billing", |asked| Ok(approve().set("billing.now", json!(asked.context().now)))).stage();
    stage.submit(renewal("e1", "2026-03-01T00:00:00Z"));
    stage.submit(renewal("late", "2026-02-01T00:00:00Z"));
    assert_eq!(stage.fact("billing.now"), Some(json!("2026-03-01T00:00:00Z")));
}
