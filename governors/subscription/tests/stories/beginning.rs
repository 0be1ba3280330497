//! Subscribing, and trying.

use syndic_sdk::prelude::*;

use crate::kit::{
    DAY_ONE, cancels, changes, custom, done, end, lifts, refused, renewal, run, status, sub, subscribes, tries,
    upgrades, world,
};

#[test]
fn a_subscription_begins_with_its_period_its_deadlines_and_its_count() {
    let mut world = world();
    done(&mut world, subscribes("professional"));
    let expected = json!({
        "id": "sub-1", "sku": "pro", "seats": 1, "cycle": "monthly", "status": "active",
        "start": DAY_ONE, "end": "2026-02-10T12:00:00Z", "anchor_day": 10,
    });
    assert_eq!(sub(&world, "sub-1"), expected);
    assert_eq!(world.value("subscription.index"), json!({ "next": 2, "ids": ["sub-1"] }));
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 1);
    assert_eq!(world.due_timers("2026-02-10T12:00:00Z"), ["notice-sub-1", "due-sub-1"]);
}

#[test]
fn what_is_not_sold_is_not_subscribed() {
    let own = |status: &str| {
        let prices = json!({ "annual": { "minor_units": 50_000, "currency": "EUR" } });
        json!({ "sku": "gold", "name": "Gold", "status": status, "prices": prices })
    };
    let mut world = world().tenant_fact("product-catalog.sku.gold", own("deprecated"));
    refused(&mut world, subscribes("nobody-knows"), "sku-unknown");
    refused(&mut world, subscribes(&"x".repeat(60_000)), "sku-unknown");
    refused(&mut world, subscribes("gold"), "sku-not-for-sale");
    world.set_tenant_fact("product-catalog.sku.gold", own("published"));
    refused(&mut world, subscribes("gold"), "cycle-not-offered");
    done(&mut world, custom("CustomerSubscribes", json!({ "sku": "gold", "billing_cycle": "annual" })));
    refused(
        &mut world,
        custom("CustomerSubscribes", json!({ "sku": "gold", "billing_cycle": "annual" })),
        "already-subscribed",
    );
    done(&mut world, subscribes("free"));
    assert_eq!(world.value("subscription.index")["ids"], json!(["sub-1", "sub-2"]));
}

#[test]
fn who_never_subscribed_is_told_so() {
    let mut world = world();
    refused(&mut world, upgrades("starter", "pro"), "no-subscription");
    for action in ["downgrade", "pause", "resume", "reactivate"] {
        refused(&mut world, changes(action), "no-subscription");
    }
    refused(&mut world, cancels("now"), "no-subscription");
    refused(&mut world, cancels("period-end"), "no-subscription");
    refused(&mut world, renewal("sub-1"), "subscription-unknown");
    refused(&mut world, custom("CustomerCancels", json!({ "subscription_id": "sub-9" })), "subscription-unknown");
    let suspension = custom("ManualSuspension", json!({ "reason": "asked to" }));
    assert!(done(&mut world, suspension).is_silent());
    assert!(world.judge(lifts("admin")).is_silent());
}

#[test]
fn a_plan_is_tried_once() {
    let mut world = world();
    done(&mut world, tries("pro"));
    assert_eq!(end(&world, "sub-1"), "2026-01-24T12:00:00Z");
    refused(&mut world, tries("pro"), "already-subscribed");
    done(&mut world, cancels("now"));
    refused(&mut world, tries("pro"), "trial-used");
    done(&mut world, tries("starter"));
    refused(&mut world, upgrades("starter", "pro"), "trial-used");
    done(&mut world, subscribes("pro"));
    assert_eq!(world.value("subscription.trials"), json!({ "pro": true, "starter": true }));
}

#[test]
fn a_trial_that_can_be_paid_goes_over_into_a_paid_period() {
    let mut world = world();
    done(&mut world, tries("pro"));
    world.set_fact("billing.account", json!({ "payment_method": "card-1" }));
    run(&mut world, "2026-01-24T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "active");
    assert_eq!(sub(&world, "sub-1")["start"], "2026-01-24T12:00:00Z");
    assert_eq!(end(&world, "sub-1"), "2026-02-24T12:00:00Z");
}

#[test]
fn a_trial_nobody_pays_for_ends_after_three_more_days() {
    let mut world = world();
    done(&mut world, tries("pro"));
    run(&mut world, "2026-01-26T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "expired");
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 0);
    run(&mut world, "2026-01-27T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "cancelled");
    assert_eq!(sub(&world, "sub-1")["cancel_reason"], "trial-ended");
}

#[test]
fn a_payment_method_named_within_those_days_saves_the_trial() {
    let mut world = world();
    done(&mut world, tries("pro"));
    run(&mut world, "2026-01-26T00:00:00Z");
    world.set_fact("billing.account", json!({ "payment_method": "card-1" }));
    run(&mut world, "2026-01-27T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "active");
    assert_eq!(sub(&world, "sub-1")["start"], "2026-01-27T12:00:00Z");
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 1);
}

#[test]
fn a_free_plan_is_tried_and_kept_without_a_payment_method() {
    let mut world = world();
    done(&mut world, tries("free"));
    run(&mut world, "2026-01-25T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "active");
}

#[test]
fn a_timer_that_no_longer_matters_is_abstained_from() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    for name in ["due-sub-1", "due-sub-7", "notice-sub-7", "who-knows", "due-"] {
        let fired = TimerFired { name: name.into(), due: DAY_ONE.parse().unwrap(), data: Some(json!([1])) };
        assert!(world.judge(fired).is_silent(), "{name}");
    }
}
