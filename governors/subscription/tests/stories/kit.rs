//! The words the stories are told in.

use syndic_governor_subscription::GOVERNOR;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, World};

pub(crate) const DAY_ONE: &str = "2026-01-10T12:00:00Z";

pub(crate) fn world() -> World {
    World::new(&GOVERNOR).now(DAY_ONE)
}

pub(crate) fn subscribes(sku: &str) -> Event {
    custom("CustomerSubscribes", json!({ "sku": sku }))
}

pub(crate) fn tries(sku: &str) -> Event {
    custom("CustomerSubscribes", json!({ "sku": sku, "trial": true }))
}

pub(crate) fn upgrades(old: &str, new: &str) -> Event {
    custom("CustomerUpgrades", json!({ "old_sku": old, "new_sku": new }))
}

pub(crate) fn changes(action: &str) -> Event {
    custom("SubscriptionChanged", json!({ "action": action }))
}

pub(crate) fn downgrades(new: &str, when: &str) -> Event {
    custom("SubscriptionChanged", json!({ "action": "downgrade", "new_sku": new, "when": when }))
}

pub(crate) fn cancels(when: &str) -> Event {
    custom("CustomerCancels", json!({ "when": when }))
}

pub(crate) fn renewal(id: &str) -> Event {
    custom("RenewalDue", json!({ "subscription_id": id }))
}

pub(crate) fn lifts(cause: &str) -> Event {
    custom("SuspensionLifted", json!({ "cause": cause, "actor": "ann" }))
}

/// As the door hands it over: with the data as the customer wrote it.
pub(crate) fn custom(kind: &str, data: Value) -> Event {
    Event::Custom { kind: kind.to_owned(), data }
}

#[track_caller]
pub(crate) fn done(world: &mut World, event: Event) -> Judged {
    let judged = world.judge(event);
    assert!(judged.is_completed(), "{:?}", judged.outcome);
    judged
}

#[track_caller]
pub(crate) fn refused(world: &mut World, event: Event, code: &str) {
    assert_eq!(world.judge(event).code(), Some(code));
}

/// Lets time pass, and judges what the timers raise.
pub(crate) fn run(world: &mut World, until: &str) {
    while let Some(name) = world.due_timers(until).first().map(|name| (*name).to_owned()) {
        let mut raised = vec![world.fire(&name)];
        while let Some(judged) = raised.pop() {
            raised.extend(world.follow(&judged));
        }
    }
    world.set_now(until);
}

pub(crate) fn sub(world: &World, id: &str) -> Value {
    world.value(&format!("subscription.sub.{id}"))
}

pub(crate) fn status(world: &World, id: &str) -> Value {
    sub(world, id)["status"].clone()
}

pub(crate) fn end(world: &World, id: &str) -> Value {
    sub(world, id)["end"].clone()
}
