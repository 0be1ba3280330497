//! What the stories share: customers with plans, and the words to ask about them.

use syndic_governor_quota_sla::GOVERNOR;
use syndic_governor_quota_sla::table::State;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, World};

/// A customer who never subscribed, on 15 January 2026.
pub(crate) fn stranger() -> World {
    World::new(&GOVERNOR).now("2026-01-15T12:00:00Z")
}

/// A customer who took up a plan on 15 January 2026.
pub(crate) fn customer_of(sku: &str) -> World {
    let mut world = stranger();
    subscribe(&mut world, sku);
    hold(&mut world, &[("sub-1", sku, "active")]);
    world
}

/// Asks for a plan, now.
pub(crate) fn subscribe(world: &mut World, sku: &str) -> Judged {
    world.judge(Event::Custom { kind: "CustomerSubscribes".into(), data: json!({ "sku": sku }) })
}

/// What the slot `subscription` has on record: id, plan and status, each for the month from 15 January.
pub(crate) fn hold(world: &mut World, subs: &[(&str, &str, &str)]) {
    let ids: Vec<_> = subs.iter().map(|(id, ..)| *id).collect();
    world.set_fact("subscription.index", json!({ "next": ids.len() + 1, "ids": ids }));
    for (id, sku, status) in subs {
        let sub = json!({
            "id": id, "sku": sku, "seats": 1, "cycle": "monthly", "status": status, "anchor_day": 15,
            "start": "2026-01-15T12:00:00Z", "end": "2026-02-15T12:00:00Z",
        });
        world.set_fact(&format!("subscription.sub.{id}"), sub);
    }
}

/// Puts a plan of one resource on sale.
pub(crate) fn sell(world: &mut World, sku: &str, limits: Value) {
    let entry = json!({ "sku": sku, "name": sku, "status": "published", "prices": {}, "limits": limits });
    world.set_tenant_fact(&format!("product-catalog.sku.{sku}"), entry);
}

/// A meter reads this much, now, in the month of the clock.
pub(crate) fn report(world: &mut World, resource: &str, quantity: i64) -> Judged {
    world.judge(UsageReported { resource: resource.into(), quantity, period: "2026-01".into() })
}

/// Reads a meter, and judges what that raises.
pub(crate) fn use_up(world: &mut World, resource: &str, quantity: i64) {
    let judged = report(world, resource, quantity);
    world.follow(&judged);
}

/// Where a resource stands; an absent one is within its limit.
pub(crate) fn status(world: &World, resource: &str) -> String {
    let usage = world.value(&format!("quota-sla.usage.{resource}"));
    usage["status"].as_str().unwrap_or("within").to_owned()
}

/// A state as it is written in facts.
pub(crate) fn name(state: State) -> String {
    json!(state).as_str().unwrap_or_default().to_owned()
}

/// What this slot makes of the customer's access, and the causes that stand.
pub(crate) fn standing(world: &World) -> (Value, Value) {
    (world.value("shared.access"), world.value("shared.suspensions"))
}
