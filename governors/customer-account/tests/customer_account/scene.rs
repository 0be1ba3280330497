//! What the stories share: customers with subscriptions, and the words to ask about them.

use syndic_governor_customer_account::GOVERNOR;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, World};

/// A customer who never subscribed, on 15 January 2026.
pub(crate) fn stranger() -> World {
    World::new(&GOVERNOR).now("2026-01-15T12:00:00Z")
}

/// A customer with a subscription from 15 January 2026, welcomed.
pub(crate) fn customer() -> World {
    let mut world = stranger();
    subscribe(&mut world);
    hold(&mut world, &["active"]);
    world
}

/// A customer whom an operator suspended.
pub(crate) fn suspended_customer() -> World {
    let mut world = customer();
    suspend(&mut world, Cause::Admin);
    world
}

/// A customer whose appeal was rejected.
pub(crate) fn banned_customer() -> World {
    let mut world = suspended_customer();
    decide(&mut world, About::Appeal, Ruling::Reject);
    world
}

/// Asks for a subscription, now.
pub(crate) fn subscribe(world: &mut World) -> Judged {
    world.judge(Event::Custom { kind: "CustomerSubscribes".into(), data: json!({ "sku": "pro" }) })
}

/// Gives up everything, now.
pub(crate) fn cancel(world: &mut World) -> Judged {
    world.judge(CustomerCancels::default())
}

/// Gives up everything, and the slot `subscription` does its part.
pub(crate) fn leave(world: &mut World) {
    cancel(world);
    hold(world, &["cancelled"]);
}

/// What the slot `subscription` has on record: `sub-1`, `sub-2`, … with these statuses.
pub(crate) fn hold(world: &mut World, statuses: &[&str]) {
    let ids: Vec<_> = (1..=statuses.len()).map(|n| format!("sub-{n}")).collect();
    world.set_fact("subscription.index", json!({ "next": ids.len() + 1, "ids": ids }));
    for (id, status) in ids.iter().zip(statuses) {
        let sub = json!({
            "id": id, "sku": "pro", "seats": 1, "cycle": "monthly", "status": status, "anchor_day": 15,
            "start": "2026-01-15T12:00:00Z", "end": "2026-02-15T12:00:00Z",
        });
        world.set_fact(&format!("subscription.sub.{id}"), sub);
    }
}

/// An operator suspends.
pub(crate) fn suspend(world: &mut World, cause: Cause) -> Judged {
    world.judge(ManualSuspension { reason: "chargebacks".into(), cause })
}

/// An operator lifts.
pub(crate) fn lift(world: &mut World, cause: Cause) -> Judged {
    world.judge(SuspensionLifted { cause, actor: "ann".into() })
}

/// An operator decides.
pub(crate) fn decide(world: &mut World, about: About, decision: Ruling) -> Judged {
    world.judge(OperatorDecided { about, id: None, decision, amount: None, actor: "ann".into() })
}

/// Where the account stands; absent where there is none.
pub(crate) fn status(world: &World) -> String {
    world.value("customer-account.account")["status"].as_str().unwrap_or("absent").to_owned()
}

/// What this slot makes of the customer's access, and the causes that stand.
pub(crate) fn standing(world: &World) -> (Value, Value) {
    (world.value("shared.access"), world.value("shared.suspensions"))
}

/// The ids of the effects an event asked for.
pub(crate) fn asked(judged: &Judged) -> Vec<&str> {
    judged.effects.iter().map(|effect| effect.id.as_str()).collect()
}
