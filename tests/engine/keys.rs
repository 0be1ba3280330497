//! Keys: the same event twice is one event, the same claim twice is one claim.

use crate::world::*;
use serde_json::json;
use syndic_core::Outcome;
use syndic_core::decision::Write;

const DAY: &str = "2026-01-01T00:00:00Z";

fn claims_payments() -> Stage {
    World::new()
        .governor("billing", |asked| {
            let data: serde_json::Value = serde_json::from_str(&asked.context().data).unwrap();
            let key = format!("payment:{}", data["idempotency_key"].as_str().unwrap());
            let content = json!({"amount": data["amount"]});
            Ok(approve()
                .write(Write::Claim { key, content: content.into() })
                .write(Write::Increase { fact: customer("billing.received"), by: data["amount"].as_i64().unwrap() }))
        })
        .stage()
}

#[test]
fn the_same_event_again_gets_the_stored_outcome() {
    let stage = World::new().governor("billing", |_| Ok(approve().set("billing.n", json!(1)))).stage();
    let first = stage.submit(renewal("e1", DAY));
    let again = stage.submit(renewal("e1", DAY));
    assert!(again.duplicate && !first.duplicate);
    assert_eq!((again.outcome, again.receipt), (first.outcome, first.receipt));
    assert_eq!(stage.store.head().unwrap().frontier.size(), 1);
}

#[test]
fn the_same_id_with_other_content_is_a_violation_without_a_receipt() {
    let stage = World::new().governor("billing", |_| Ok(approve())).stage();
    stage.submit(renewal("e1", DAY));
    let other = stage.submit(renewal("e1", "2026-01-02T00:00:00Z"));
    assert_eq!((other.outcome, other.receipt), (Outcome::Invalid, None));
    assert_eq!(other.error.unwrap().kind(), "IdempotencyViolation");
    assert_eq!(stage.store.head().unwrap().frontier.size(), 1);
}

#[test]
fn a_payment_reported_twice_under_two_ids_is_received_once() {
    let stage = claims_payments();
    let first = stage.submit(payment("e1", "pay-1", 500));
    let again = stage.submit(payment("e2", "pay-1", 500));
    assert!(again.duplicate);
    assert_eq!((again.id.as_str(), again.outcome, again.receipt), ("e2", Outcome::Completed, first.receipt));
    assert_eq!(stage.fact("billing.received"), Some(json!(500)));
    assert!(stage.submit(payment("e2", "pay-1", 500)).duplicate, "its own dedup record is stored");
}

#[test]
fn a_payment_key_used_for_another_amount_is_a_violation() {
    let stage = claims_payments();
    stage.submit(payment("e1", "pay-1", 500));
    let other = stage.submit(payment("e2", "pay-1", 501));
    assert_eq!((other.outcome, other.receipt), (Outcome::Invalid, None));
    assert_eq!(other.error.unwrap().kind(), "IdempotencyViolation");
    assert_eq!(stage.fact("billing.received"), Some(json!(500)));
}

#[test]
fn numbers_are_gapless_and_an_undone_event_takes_none() {
    let stage = World::new()
        .governor("billing", |asked| {
            let name = format!("billing.invoice.{}", asked.context().id);
            let number = Write::Number { series: "invoice".into(), fact: customer(&name), pointer: "/number".into() };
            Ok(approve().set(&name, json!({"total": 5})).write(number))
        })
        .governor("subscription", |asked| Ok(if asked.context().id == "e2" { refuse("not-due") } else { approve() }))
        .stage();
    for id in ["e1", "e2", "e3"] {
        stage.submit(renewal(id, DAY));
    }
    assert_eq!(stage.fact("billing.invoice.e1"), Some(json!({"number": 1, "total": 5})));
    assert_eq!(stage.fact("billing.invoice.e2"), None);
    assert_eq!(stage.fact("billing.invoice.e3"), Some(json!({"number": 2, "total": 5})));
    assert_eq!(stage.receipt(3).numbers[0].number, 2);
}
