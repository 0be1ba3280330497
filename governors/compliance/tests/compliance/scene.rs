//! What the stories share: customers, and the words to ask about them.

use serde_json::{Value, json};
use syndic_governor_compliance::GOVERNOR;
use syndic_sdk::Event;
use syndic_sdk::payload::*;
use syndic_sdk::testing::{Judged, World};

pub(crate) const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

pub(crate) fn world() -> World {
    World::new(&GOVERNOR).now(NEW_YEAR)
}

/// A world whose customer has a subscription and one invoice.
pub(crate) fn subscribed() -> World {
    let sub = json!({
        "id": "sub-1", "sku": "pro", "seats": 1, "cycle": "monthly", "status": "active",
        "start": NEW_YEAR, "end": "2026-02-01T00:00:00Z", "anchor_day": 1,
    });
    world()
        .fact("subscription.index", json!({"next": 2, "ids": ["sub-1"]}))
        .fact("subscription.sub.sub-1", sub)
        .fact("billing.invoice.inv-1", json!({"number": 1}))
}

pub(crate) fn event(kind: &str, data: Value) -> Event {
    Event::parse(kind, &data.to_string()).expect("a story uses events that the host lets in")
}

pub(crate) fn subscribes(world: &mut World) -> Judged {
    world.judge(event("CustomerSubscribes", json!({"sku": "pro"})))
}

pub(crate) fn kyc(world: &mut World, status: &str) -> Judged {
    world.judge(event("KycDecided", json!({ "status": status })))
}

pub(crate) fn suspend(world: &mut World, cause: &str) -> Judged {
    world.judge(event("ManualSuspension", json!({"reason": "looks wrong", "cause": cause})))
}

pub(crate) fn lift(world: &mut World, cause: &str) -> Judged {
    world.judge(event("SuspensionLifted", json!({"cause": cause, "actor": "ann"})))
}

pub(crate) fn decide(world: &mut World, about: &str, decision: &str, id: Option<&str>) -> Judged {
    world.judge(event("OperatorDecided", json!({"about": about, "decision": decision, "id": id, "actor": "ann"})))
}

pub(crate) fn score(world: &mut World, score: u8) -> Judged {
    world.judge(FraudScored { score })
}

/// What the slot `subscription` does for whoever leaves.
pub(crate) fn leave(world: &mut World) {
    let mut sub = world.value("subscription.sub.sub-1");
    sub["status"] = json!("cancelled");
    world.set_fact("subscription.sub.sub-1", sub);
}

pub(crate) fn payment_fails(world: &mut World) -> Judged {
    world.judge(event("PaymentFailed", json!({"reason": "no money"})))
}

#[track_caller]
pub(crate) fn assert_stands(world: &World, causes: &[&str]) {
    let (access, held) = if causes.is_empty() { (Value::Null, Value::Null) } else { (json!("blocked"), json!(causes)) };
    assert_eq!((world.value("shared.access"), world.value("shared.suspensions")), (access, held));
}
