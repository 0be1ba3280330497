//! What customers may use, and until when.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use syndic_governor_entitlement::GOVERNOR;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, World};

const DAY_ONE: &str = "2026-01-10T12:00:00Z";
const PERIOD_END: &str = "2026-02-10T12:00:00Z";

fn world() -> World {
    World::new(&GOVERNOR).now(DAY_ONE)
}

fn event(kind: &str, data: Value) -> Event {
    Event::Custom { kind: kind.to_owned(), data }
}

fn subscribes(sku: &str) -> Event {
    event("CustomerSubscribes", json!({ "sku": sku }))
}

fn decides(decision: &str) -> Event {
    event("OperatorDecided", json!({ "about": "approval", "decision": decision, "actor": "ann" }))
}

/// What the slot subscription would have written by now.
fn subscribed(world: &mut World, plans: &[(&str, &str)]) {
    let ids: Vec<_> = (1..=plans.len()).map(|n| format!("sub-{n}")).collect();
    for (id, (sku, status)) in ids.iter().zip(plans) {
        let sub = json!({
            "id": id, "sku": sku, "seats": 1, "cycle": "monthly", "status": status, "anchor_day": 10,
            "start": DAY_ONE, "end": PERIOD_END, "cancelled_at": DAY_ONE,
        });
        world.set_fact(&format!("subscription.sub.{id}"), sub);
    }
    world.set_fact("subscription.index", json!({ "next": plans.len() + 1, "ids": ids }));
}

/// A customer with these plans, granted one after the other.
fn customer(plans: &[&str]) -> World {
    let mut world = world();
    for n in 0..plans.len() {
        done(&mut world, subscribes(plans[n]));
        let so_far: Vec<_> = plans[..=n].iter().map(|sku| (*sku, "active")).collect();
        subscribed(&mut world, &so_far);
    }
    world
}

/// A plan that a person has to approve.
fn vetted() -> Value {
    json!({
        "sku": "vetted", "name": "Vetted", "status": "published", "requires_approval": true,
        "prices": { "monthly": { "minor_units": 500, "currency": "USD" } }, "features": ["vault"],
    })
}

fn waiting() -> World {
    let mut world = world().tenant_fact("product-catalog.sku.vetted", vetted());
    done(&mut world, subscribes("vetted"));
    subscribed(&mut world, &[("vetted", "active")]);
    world
}

#[track_caller]
fn done(world: &mut World, event: impl Into<Event>) -> Judged {
    let judged = world.judge(event);
    assert!(judged.is_completed(), "{:?}", judged.outcome);
    judged
}

fn grant(world: &World, id: &str) -> Value {
    world.value(&format!("entitlement.grant.{id}"))
}

fn status(world: &World, id: &str) -> Value {
    grant(world, id)["status"].clone()
}

fn access(world: &World) -> Value {
    world.value("shared.access")
}

#[test]
fn subscribing_grants_the_plan_at_once_and_until_the_period_ends() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    let expected = json!({
        "sku": "starter", "seats": 1, "status": "active", "expires_at": PERIOD_END,
        "features": ["community-support", "email-support"],
    });
    assert_eq!(grant(&world, "sub-1"), expected);
    assert_eq!(access(&world), "full");
    assert_eq!(world.pending(), ["provision-sub-1"]);
}

#[test]
fn several_plans_give_what_any_of_them_gives() {
    let mut world = customer(&["starter", "pro", "free"]);
    assert_eq!(world.value("entitlement.features"), json!(["community-support", "email-support", "sso"]));
    done(&mut world, event("CustomerCancels", json!({ "subscription_id": "sub-2" })));
    assert_eq!(world.value("entitlement.features"), json!(["community-support", "email-support"]));
    assert_eq!(access(&world), "full");
    done(&mut world, event("CustomerCancels", json!({})));
    assert_eq!(world.value("entitlement.features"), json!([]));
    assert_eq!(access(&world), "blocked");
}

#[test]
fn a_plan_that_needs_approval_opens_nothing_before_it() {
    let mut world = waiting();
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("pending_approval"), json!("blocked")));
    assert!(world.pending().is_empty());
    assert_eq!(
        world
            .judge(event(
                "OperatorDecided",
                json!({ "about": "approval", "id": "sub-9", "decision": "accept", "actor": "ann" })
            ))
            .code(),
        Some("nothing-to-decide")
    );
    done(&mut world, decides("accept"));
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("active"), json!("full")));
    assert_eq!(world.pending(), ["provision-sub-1"]);
    assert_eq!(world.value("entitlement.features"), json!(["vault"]));
    assert_eq!(world.judge(decides("accept")).code(), Some("nothing-to-decide"));
}

#[test]
fn an_approval_that_does_not_come_ends_the_subscription() {
    let mut rejected = waiting();
    let no = done(&mut rejected, decides("reject"));
    let mut forgotten = waiting();
    assert_eq!(forgotten.due_timers("2026-01-11T12:00:00Z"), ["due-sub-1"]);
    let late = forgotten.fire("due-sub-1");
    for (mut world, judged, reason) in [(rejected, no, "approval-rejected"), (forgotten, late, "approval-expired")] {
        let expected =
            CustomerCancels { reason: Some(reason.into()), when: When::Now, subscription_id: Some("sub-1".into()) };
        assert_eq!(judged.raised(), [Event::CustomerCancels(expected)]);
        assert_eq!(status(&world, "sub-1"), "cancelled");
        assert!(world.follow(&judged)[0].is_silent());
        assert!(world.pending().is_empty(), "what was never set up is not taken down");
        assert_eq!(world.judge(decides("accept")).code(), Some("nothing-to-decide"));
    }
}

#[test]
fn what_was_not_approved_is_cancelled_however_often_that_is_rolled_back() {
    let mut world = waiting();
    done(&mut world, decides("reject"));
    for _ in 0..3 {
        let again = world.fire("due-sub-1"); // the subscription is active still
        assert!(
            matches!(&again.raised()[..], [Event::CustomerCancels(cancel)] if cancel.reason.as_deref() == Some("not-approved"))
        );
    }
    subscribed(&mut world, &[("vetted", "cancelled")]);
    assert!(world.fire("due-sub-1").raises.is_empty());
    assert_eq!(world.due("due-sub-1").map(|due| due.to_string()), Some("2026-02-09T12:00:00.001Z".into()));
    world.fire("due-sub-1");
    assert_eq!((status(&world, "sub-1"), world.due("due-sub-1")), (json!("archived"), None));
}

#[test]
fn what_an_operator_decides_about_anything_else_is_not_ours() {
    let mut world = world();
    for about in ["refund", "reinstatement", "appeal", "remediation"] {
        let decided = event("OperatorDecided", json!({ "about": about, "decision": "accept", "actor": "ann" }));
        assert!(world.judge(decided).is_silent());
    }
}

#[test]
fn a_higher_plan_gives_its_features_at_once_and_a_lower_one_takes_them() {
    let mut world = customer(&["starter"]);
    done(&mut world, event("CustomerUpgrades", json!({ "old_sku": "starter", "new_sku": "professional" })));
    assert_eq!(grant(&world, "sub-1")["features"], json!(["community-support", "email-support", "sso"]));
    assert_eq!(grant(&world, "sub-1")["expires_at"], PERIOD_END);
    subscribed(&mut world, &[("pro", "active")]);
    let later = json!({ "action": "downgrade", "new_sku": "free" });
    assert!(done(&mut world, event("SubscriptionChanged", later)).is_silent());
    let now = json!({ "action": "downgrade", "new_sku": "free", "when": "now" });
    done(&mut world, event("SubscriptionChanged", now));
    assert_eq!(world.value("entitlement.features"), json!(["community-support"]));
}

#[test]
fn a_renewal_extends_the_grant_and_brings_the_plan_that_was_asked_for() {
    let mut world = customer(&["pro"]);
    let mut sub = world.value("subscription.sub.sub-1");
    sub["pending_sku"] = json!("starter");
    world.set_fact("subscription.sub.sub-1", sub);
    world.set_now(PERIOD_END);
    assert!(world.due_timers(PERIOD_END).is_empty(), "the renewal raised at this very instant goes first");
    done(&mut world, event("RenewalDue", json!({ "subscription_id": "sub-1" })));
    let after = grant(&world, "sub-1");
    assert_eq!((&after["expires_at"], &after["sku"]), (&json!("2026-03-10T12:00:00Z"), &json!("starter")));
    assert_eq!(after["features"], json!(["community-support", "email-support"]));
}

#[test]
fn what_is_not_renewed_expires_and_a_late_renewal_brings_it_back() {
    let mut world = customer(&["pro"]);
    world.run_until("2026-02-10T12:00:01Z");
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("expired"), json!("blocked")));
    // Suspended for months: the grant waits as long as the subscription does.
    world.run_until("2026-05-01T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "expired");
    done(&mut world, event("RenewalDue", json!({ "subscription_id": "sub-1" })));
    assert_eq!(status(&world, "sub-1"), "active");
}

#[test]
fn a_trial_that_nobody_pays_for_expires_and_is_archived_with_its_subscription() {
    let mut world = world();
    done(&mut world, event("CustomerSubscribes", json!({ "sku": "pro", "trial": true })));
    assert_eq!(grant(&world, "sub-1")["expires_at"], "2026-01-24T12:00:00Z");
    subscribed(&mut world, &[("pro", "trial")]);
    world.set_now(PERIOD_END);
    done(&mut world, event("RenewalDue", json!({ "subscription_id": "sub-1" })));
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("expired"), json!("blocked")));
    subscribed(&mut world, &[("pro", "lapsed")]);
    world.run_until("2026-03-13T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "archived");
    assert!(world.due_timers("2100-01-01T00:00:00Z").is_empty());
}

#[test]
fn cancelling_takes_the_plan_down_and_coming_back_sets_it_up_again() {
    let mut world = customer(&["pro"]);
    assert!(done(&mut world, event("CustomerCancels", json!({ "when": "period-end" }))).is_silent());
    done(&mut world, event("CustomerCancels", json!({})));
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("cancelled"), json!("blocked")));
    assert_eq!(world.pending(), ["provision-sub-1", "revoke-sub-1"]);
    subscribed(&mut world, &[("pro", "cancelled")]);
    world.run_until("2026-02-09T12:00:00Z");
    done(&mut world, event("SubscriptionChanged", json!({ "action": "reactivate" })));
    let after = grant(&world, "sub-1");
    assert_eq!((&after["status"], &after["expires_at"]), (&json!("active"), &json!("2026-03-09T12:00:00Z")));
    assert_eq!(access(&world), "full");
}

#[test]
fn coming_back_to_a_plan_that_needs_approval_asks_again() {
    let mut world = waiting();
    done(&mut world, decides("reject"));
    subscribed(&mut world, &[("vetted", "cancelled")]);
    done(&mut world, event("SubscriptionChanged", json!({ "action": "reactivate" })));
    assert_eq!((status(&world, "sub-1"), access(&world)), (json!("pending_approval"), json!("blocked")));
}

#[test]
fn a_cancelled_grant_is_archived_after_the_return_window() {
    let mut world = customer(&["pro"]);
    done(&mut world, event("CustomerCancels", json!({})));
    subscribed(&mut world, &[("pro", "lapsed")]);
    world.run_until("2026-02-10T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "archived");
}

#[test]
fn taking_a_cancellation_back_grants_nothing_new() {
    let mut world = customer(&["pro"]);
    subscribed(&mut world, &[("pro", "cancelling")]);
    assert!(done(&mut world, subscribes("pro")).is_silent());
}

#[test]
fn money_suspensions_and_disputes_move_no_grant() {
    let mut world = customer(&["pro"]);
    let before = grant(&world, "sub-1");
    for (kind, data) in [
        ("PaymentProcessed", json!({ "amount": 1, "idempotency_key": "k" })),
        ("PaymentFailed", json!({ "reason": "no funds" })),
        ("UsageExceedsQuota", json!({ "resource": "requests", "current_usage": 2, "limit": 1 })),
        ("RefundRequested", json!({ "invoice_id": "inv-1", "reason": "why not" })),
        ("DisputeOpened", json!({ "invoice_id": "inv-1", "amount": 1, "reason": "not mine" })),
        ("DisputeClosed", json!({ "invoice_id": "inv-1", "status": "lost" })),
        ("ManualSuspension", json!({ "reason": "odd", "cause": "fraud" })),
        ("SuspensionLifted", json!({ "cause": "fraud", "actor": "ann" })),
    ] {
        let judged = done(&mut world, event(kind, data));
        assert!(judged.writes.is_empty() && judged.effects.is_empty(), "{kind}");
        assert_eq!(judged.note.is_some(), kind.contains("Suspension"), "{kind}");
    }
    assert_eq!((grant(&world, "sub-1"), access(&world)), (before, json!("full")));
}

#[test]
fn who_never_subscribed_moves_nothing() {
    let mut world = world();
    for (kind, data) in [
        ("CustomerSubscribes", json!({ "sku": "nobody-knows" })),
        ("CustomerUpgrades", json!({ "old_sku": "starter", "new_sku": "pro" })),
        ("SubscriptionChanged", json!({ "action": "reactivate" })),
        ("CustomerCancels", json!({})),
        ("RenewalDue", json!({ "subscription_id": "sub-1" })),
        ("ManualSuspension", json!({ "reason": "odd" })),
        ("SuspensionLifted", json!({ "cause": "admin", "actor": "ann" })),
    ] {
        assert!(world.judge(event(kind, data)).is_silent(), "{kind}");
    }
}

#[test]
fn what_cannot_be_set_up_needs_a_person_once() {
    let mut world = customer(&["pro"]);
    let failed = world.settle("provision-sub-1", Settled::Failed, None);
    assert!(failed.effect("ticket-provision-sub-1").is_some());
    assert!(world.settle("ticket-provision-sub-1", Settled::Failed, None).is_silent());
    done(&mut world, event("CustomerCancels", json!({})));
    assert!(world.settle("revoke-sub-1", Settled::Done, None).is_silent());
}

#[test]
fn a_timer_that_no_longer_matters_is_abstained_from() {
    let mut world = customer(&["pro"]);
    for name in ["due-sub-1", "due-sub-7", "who-knows"] {
        let fired = TimerFired { name: name.into(), due: DAY_ONE.parse().unwrap(), data: None };
        assert!(done(&mut world, fired).is_silent(), "{name}");
    }
}
