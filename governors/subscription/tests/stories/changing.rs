//! Another plan, and a pause.

use syndic_book::first_instant_after;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::World;

use crate::kit::{
    cancels, changes, done, downgrades, end, refused, renewal, run, status, sub, subscribes, tries, upgrades, world,
};

#[test]
fn a_suspended_customer_starts_and_changes_nothing_but_may_leave() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    world.set_fact("shared.suspensions", json!(["fraud"]));
    refused(&mut world, subscribes("pro"), "suspended");
    refused(&mut world, upgrades("starter", "pro"), "suspended");
    refused(&mut world, changes("pause"), "suspended");
    refused(&mut world, downgrades("free", "now"), "suspended");
    world.set_fact("shared.suspensions", json!(["payment", "quota"]));
    done(&mut world, upgrades("starter", "pro"));
    world.set_fact("shared.suspensions", json!(["fraud"]));
    done(&mut world, cancels("now"));
}

#[test]
fn an_upgrade_keeps_the_period_and_goes_up_only() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    world.set_now("2026-01-20T00:00:00Z");
    refused(&mut world, upgrades("pro", "enterprise"), "wrong-old-sku");
    refused(&mut world, upgrades("starter", "gold"), "sku-unknown");
    refused(&mut world, upgrades("starter", "free"), "not-an-upgrade");
    refused(&mut world, upgrades("starter", "starter"), "not-an-upgrade");
    done(&mut world, upgrades("starter", "professional"));
    let after = sub(&world, "sub-1");
    assert_eq!(
        (&after["sku"], &after["end"], &after["anchor_day"]),
        (&json!("pro"), &json!("2026-02-10T12:00:00Z"), &json!(10))
    );
    assert_eq!(world.tenant_value("shared.subscribers.starter"), 0);
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 1);
    done(&mut world, subscribes("starter"));
    refused(&mut world, downgrades("starter", "now"), "already-subscribed");
    done(&mut world, upgrades("pro", "enterprise"));
    refused(&mut world, upgrades("enterprise", "pro"), "not-an-upgrade");
}

#[test]
fn a_downgrade_waits_for_the_next_period_unless_asked_now() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    refused(&mut world, downgrades("enterprise", "period-end"), "not-a-downgrade");
    done(&mut world, downgrades("starter", "period-end"));
    assert_eq!(sub(&world, "sub-1")["sku"], "pro");
    let counted =
        |world: &World| ["pro", "starter"].map(|sku| world.tenant_value(&format!("shared.subscribers.{sku}")));
    assert_eq!(counted(&world), [json!(1), json!(1)], "what is waited for is not archived");
    refused(&mut world, subscribes("starter"), "already-subscribed");
    run(&mut world, "2026-02-10T12:00:00Z");
    assert_eq!(sub(&world, "sub-1")["sku"], "starter");
    assert_eq!(sub(&world, "sub-1")["pending_sku"], Value::Null);
    assert_eq!(counted(&world), [json!(0), json!(1)]);
    done(&mut world, downgrades("free", "now"));
    assert_eq!(sub(&world, "sub-1")["sku"], "free");
    refused(&mut world, changes("downgrade"), "not-a-downgrade");
}

#[test]
fn a_downgrade_that_names_no_plan_means_the_next_below() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, changes("downgrade"));
    assert_eq!(sub(&world, "sub-1")["pending_sku"], "starter");
}

#[test]
fn a_pause_lasts_ninety_days_of_a_year_at_most() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    world.set_now("2026-01-11T00:00:00Z");
    done(&mut world, changes("pause"));
    refused(&mut world, changes("pause"), "suspended");
    refused(&mut world, upgrades("starter", "pro"), "suspended");
    world.set_now("2026-01-20T06:00:00Z");
    done(&mut world, changes("resume"));
    assert_eq!(sub(&world, "sub-1")["paused_days_used"], 10); // started days
    assert_eq!(end(&world, "sub-1"), "2026-02-10T12:00:00Z");
    done(&mut world, changes("pause"));
    run(&mut world, "2026-04-10T06:00:00Z");
    assert_eq!(status(&world, "sub-1"), "paused");
    run(&mut world, "2026-04-10T06:00:01Z");
    let after = sub(&world, "sub-1");
    assert_eq!((&after["status"], &after["paused_days_used"]), (&json!("active"), &json!(90)));
    assert_eq!(after["start"], "2026-04-10T06:00:00.001Z"); // the period had ended meanwhile
    refused(&mut world, changes("pause"), "not-due");
    run(&mut world, "2027-01-11T00:00:00Z");
    done(&mut world, changes("pause"));
}

#[test]
fn whom_a_cause_keeps_out_stays_paused_until_it_is_lifted() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    done(&mut world, changes("pause"));
    for cause in ["admin", "fraud", "compliance"] {
        world.set_fact("shared.suspensions", json!([cause]));
        refused(&mut world, changes("resume"), "suspended");
    }
    world.set_fact("shared.suspensions", json!(["payment", "quota"]));
    done(&mut world, changes("resume"));
    assert_eq!(status(&world, "sub-1"), "active");
}

#[test]
fn a_pause_that_is_over_is_over_and_a_cause_holds_the_renewal_back() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    done(&mut world, changes("pause"));
    world.set_fact("shared.suspensions", json!(["fraud"]));
    run(&mut world, "2026-04-10T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "paused");
    run(&mut world, "2026-04-10T12:00:01Z");
    let after = sub(&world, "sub-1");
    assert_eq!((&after["status"], &after["suspended_period_ended"]), (&json!("active"), &json!(true)));
    assert_eq!(end(&world, "sub-1"), "2026-02-10T12:00:00Z");
}

#[test]
fn a_pause_over_the_turn_of_its_year_leaves_the_next_year_what_it_did_not_use() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    done(&mut world, changes("pause"));
    world.set_now("2026-01-20T12:00:00Z");
    done(&mut world, changes("resume"));
    run(&mut world, "2026-12-31T12:00:00Z");
    done(&mut world, changes("pause"));
    assert_eq!(world.due("due-sub-1"), Some(first_instant_after("2027-03-21T12:00:00Z".parse().unwrap()))); // 80 days are left
    run(&mut world, "2027-01-30T12:00:00Z");
    done(&mut world, changes("resume"));
    let after = sub(&world, "sub-1");
    assert_eq!((&after["pause_year"], &after["paused_days_used"]), (&json!("2027-01-10T12:00:00Z"), &json!(20)));
}

#[test]
fn only_a_paused_subscription_resumes_and_no_trial_is_paused() {
    let mut world = world();
    done(&mut world, tries("starter"));
    refused(&mut world, changes("pause"), "no-subscription");
    refused(&mut world, changes("resume"), "no-subscription");
}

#[test]
fn a_plan_for_the_next_period_waits_for_it_however_early_the_renewal() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, downgrades("starter", "period-end"));
    world.set_now("2026-02-10T11:59:59Z");
    refused(&mut world, renewal("sub-1"), "not-due");
    world.set_now("2026-02-10T12:00:00Z");
    done(&mut world, renewal("sub-1"));
    assert_eq!(sub(&world, "sub-1")["sku"], "starter");
}

#[test]
fn two_currencies_do_not_compare_and_billing_says_whether_they_net() {
    let mut world = world();
    for (name, minor_units) in [("gold", 500), ("nothing", 0)] {
        let prices = json!({ "monthly": { "minor_units": minor_units, "currency": "EUR" } });
        let entry = json!({ "sku": name, "name": name, "status": "published", "prices": prices });
        world.set_tenant_fact(&format!("product-catalog.sku.{name}"), entry);
    }
    done(&mut world, subscribes("free"));
    done(&mut world, upgrades("free", "gold"));
    refused(&mut world, upgrades("gold", "nothing"), "not-an-upgrade");
    done(&mut world, subscribes("starter"));
    refused(&mut world, downgrades("starter", "now"), "not-a-downgrade");
    done(&mut world, upgrades("gold", "pro"));
}
