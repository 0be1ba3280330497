//! Conflicts: what each policy makes of one, and what the receipt says of it.

use crate::world::*;
use serde_json::json;
use std::sync::Arc;
use syndic_core::config::{Disagreement, SharedPolicy, Staleness};
use syndic_core::decision::Write;
use syndic_core::fact::Held;
use syndic_core::ports::{Answer, Commit, Store};
use syndic_core::{Decision, Fact, FactKey, Outcome, Time};
use syndic_ledger::Policy;

const DAY: &str = "2026-01-01T00:00:00Z";

fn stands(value: &str) -> Decision {
    approve().write(Write::Stand { fact: customer("shared.access"), value: Some(value.into()) })
}

/// A world in which billing and subscription set the tier differently, and billing has reserved money before.
fn disagreeing(policy: Disagreement) -> Stage {
    let mut world = World::new()
        .governor("billing", |asked| {
            Ok(if asked.is_feedback() {
                approve()
            } else {
                approve().reversible("a").set("shared.tier", json!("gold"))
            })
        })
        .governor("subscription", |_| {
            Ok(approve().set("shared.tier", json!("silver")).set("subscription.n", json!(1)))
        });
    let staleness = Staleness::Optimistic;
    world.config.shared.insert("shared.tier".into(), SharedPolicy { disagreement: policy, staleness });
    world.stage()
}

#[test]
fn two_slots_that_set_one_name_differently_are_settled_by_the_names_policy() {
    let order = ["subscription", "billing"].map(slot);
    for (policy, outcome, tier, record, settlement) in [
        (Disagreement::Compensate, Outcome::RolledBack, None, Policy::Compensate, "rolled-back"),
        (Disagreement::SlotOrder(order.into()), Outcome::Completed, Some("silver"), Policy::SlotOrder, "subscription"),
        (
            Disagreement::SlotOrder(vec![slot("billing")]),
            Outcome::Completed,
            Some("gold"),
            Policy::SlotOrder,
            "billing",
        ),
        (Disagreement::Manual, Outcome::Referred, None, Policy::Manual, "referred"),
    ] {
        let stage = disagreeing(policy.clone());
        let report = stage.submit(renewal("e1", DAY));
        assert_eq!((report.outcome, stage.fact("shared.tier")), (outcome, tier.map(|tier| json!(tier))), "{policy:?}");
        let completed = outcome == Outcome::Completed;
        assert_eq!(stage.fact("subscription.n").is_some(), completed, "all of it or none");
        let kind = report.error.as_ref().map(|error| error.kind());
        assert_eq!(kind, (outcome == Outcome::RolledBack).then_some("ConflictDetected"));
        let asked: &[&str] = if completed { &["do authorize-payment"] } else { &[] };
        assert_eq!(stage.asked(), asked, "nothing is done outside before slots agree");
        let conflict = &stage.receipt(1).conflicts[0];
        assert_eq!((conflict.policy, conflict.settlement.as_str()), (record, settlement));
        assert_eq!(
            (conflict.fact.as_str(), conflict.slots.as_slice()),
            ("shared.tier", &["billing".to_owned(), "subscription".into()][..])
        );
    }
}

#[test]
fn a_disagreement_that_feedback_brings_undoes_what_was_done() {
    let stage = World::new()
        .governor("billing", |asked| {
            Ok(if asked.is_feedback() {
                approve().set("shared.tier", json!("gold"))
            } else {
                approve().reversible("a")
            })
        })
        .governor("subscription", |_| Ok(approve().set("shared.tier", json!("silver"))))
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::RolledBack);
    assert_eq!(stage.asked(), ["do authorize-payment", "undo void-authorization"]);
}

#[test]
fn where_slots_stand_for_different_values_the_strictest_reads_and_the_receipt_says_who_stood_for_what() {
    let stage = World::new()
        .governor("entitlement", |_| Ok(stands("full")))
        .governor("billing", |asked| Ok(stands(if asked.context().id == "e1" { "read-only" } else { "full" })))
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Completed);
    assert_eq!(stage.fact("shared.access"), Some(json!("read-only")));
    let conflict = &stage.receipt(1).conflicts[0];
    assert_eq!(
        (conflict.policy, conflict.settlement.as_str(), conflict.slots.len()),
        (Policy::Strictest, "read-only", 2)
    );
    stage.submit(renewal("e2", DAY));
    assert_eq!(stage.fact("shared.access"), Some(json!("full")));
    assert!(stage.receipt(2).conflicts.is_empty(), "who agrees is in no conflict");
}

#[test]
fn one_action_on_one_key_asked_differently_is_a_disagreement() {
    let ask = |key: &'static str| {
        move |_: &Asked| {
            let mut decision = approve().mail(key);
            decision.effects[0].key = "welcome".into();
            Ok(decision)
        }
    };
    let stage = World::new().governor("billing", ask("one")).governor("subscription", ask("other")).stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!((report.outcome, report.conflicts[0].fact.as_str()), (Outcome::RolledBack, "mail welcome"));
    assert_eq!(stage.receipt(1).conflicts[0].fact, "mail", "a key may name a person");
}

/// A fact of the customer's, written past the engine by an event of that time.
fn written(value: serde_json::Value, at: &str, receipt: u64) -> Commit {
    let key = FactKey { tenant: "acme".into(), customer: None, name: "shared.note".into() };
    let fact = Fact {
        value: Held::Plain(value.into()),
        version: receipt,
        receipt,
        base: receipt,
        schema: 1,
        by: slot("billing"),
        event: "other".into(),
        at: Time::parse(at).unwrap(),
    };
    Commit { facts: vec![(key, Some(fact))], ..Commit::default() }
}

#[test]
fn under_last_write_wins_the_write_of_the_older_event_is_dropped_and_recorded() {
    for (at, note, dropped) in [("2026-01-02T00:00:00Z", "theirs", true), ("2025-12-31T00:00:00Z", "ours", false)] {
        let note_name = || syndic_core::FactName { scope: syndic_core::Scope::Tenant, name: "shared.note".into() };
        let store: Arc<dyn Store> = World::new().store;
        let other = Arc::clone(&store);
        let mut world = World::new()
            .over(Arc::clone(&store))
            .governor("product-catalog", move |asked| {
                asked.facts.read(&note_name()).unwrap();
                let writes = approve().write(Write::Set { fact: note_name(), value: json!("ours").into() });
                Ok(if asked.is_feedback() { writes } else { writes.reversible("a") })
            })
            .connector(move |_| {
                commit(&other, written(json!("theirs"), at, 7));
                Ok(Answer { accepted: true, body: json!({}) })
            });
        let policy = SharedPolicy { disagreement: Disagreement::Compensate, staleness: Staleness::LastWriteWins };
        world.config.shared.insert("shared.note".into(), policy);
        let stage = world.stage();
        let product = json!({"sku": "pro", "name": "Pro", "status": "draft", "prices": {}});
        let report = stage.submit(event("e1", "ProductChanged", DAY, product));
        assert_eq!(report.outcome, Outcome::Completed, "{:?}", report.error);
        let key = note_name().key("acme", "");
        assert_eq!(store.fact(&key).unwrap().unwrap().value.read(), json!(note));
        let records: Vec<Policy> = stage.receipt(1).conflicts.iter().map(|conflict| conflict.policy).collect();
        assert_eq!(records, if dropped { vec![Policy::LastWriteWins] } else { vec![] });
    }
}
