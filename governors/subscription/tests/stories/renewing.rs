//! Periods, and what holds them back.

use syndic_sdk::prelude::*;

use crate::kit::{cancels, changes, custom, done, end, lifts, refused, renewal, run, status, sub, subscribes, world};

#[test]
fn a_subscription_of_the_31st_stays_one() {
    let mut world = world().now("2027-12-31T08:00:00Z");
    done(&mut world, subscribes("starter"));
    let mut ends = vec![end(&world, "sub-1")];
    for until in ["2028-01-31T08:00:00Z", "2028-02-29T08:00:00Z", "2028-03-31T08:00:00Z"] {
        run(&mut world, until);
        ends.push(end(&world, "sub-1"));
    }
    let expected = ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"];
    assert_eq!(ends, expected.map(|day| format!("{day}T08:00:00Z")));
}

#[test]
fn longer_cycles_of_a_leap_day_come_back_to_it() {
    for (cycle, expected) in [
        ("annual", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"].as_slice()),
        ("two-year", &["2030-02-28", "2032-02-29"]),
        ("three-year", &["2031-02-28", "2034-02-28", "2037-02-28", "2040-02-29"]),
    ] {
        let mut world = world().now("2028-02-29T08:00:00Z");
        done(&mut world, custom("CustomerSubscribes", json!({ "sku": "starter", "billing_cycle": cycle })));
        for day in expected {
            let due = format!("{day}T08:00:00Z");
            assert_eq!(end(&world, "sub-1"), due, "{cycle}");
            run(&mut world, &due);
        }
    }
}

#[test]
fn who_has_a_plan_that_is_no_longer_sold_keeps_it() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    let entry = json!({ "sku": "pro", "name": "Pro", "status": "deprecated", "prices": {} });
    world.set_tenant_fact("product-catalog.sku.pro", entry);
    run(&mut world, "2026-02-10T12:00:00Z");
    assert_eq!((status(&world, "sub-1"), end(&world, "sub-1")), (json!("active"), json!("2026-03-10T12:00:00Z")));
    done(&mut world, cancels("period-end"));
    done(&mut world, subscribes("pro")); // takes its own cancellation back
    done(&mut world, cancels("now"));
    refused(&mut world, changes("reactivate"), "sku-not-for-sale");
}

#[test]
fn a_renewal_is_refused_in_this_order() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    world.set_fact("shared.suspensions", json!(["admin"]));
    refused(&mut world, renewal("sub-2"), "subscription-unknown");
    refused(&mut world, renewal("sub-1"), "suspended"); // and too early as well
    world.set_fact("shared.suspensions", Value::Null);
    refused(&mut world, renewal("sub-1"), "not-due");
    world.set_now("2026-02-03T11:59:59.999Z");
    refused(&mut world, renewal("sub-1"), "not-due");
    world.set_now("2026-02-03T12:00:00Z");
    done(&mut world, renewal("sub-1"));
    assert_eq!(end(&world, "sub-1"), "2026-03-10T12:00:00Z"); // nothing of the old period is lost
    refused(&mut world, renewal("sub-1"), "not-due");
    world.set_now("2026-03-09T00:00:00Z");
    done(&mut world, changes("pause"));
    refused(&mut world, renewal("sub-1"), "suspended");
}

#[test]
fn a_customer_is_reminded_seven_days_before_and_not_after_leaving() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    run(&mut world, "2026-02-03T12:00:00Z");
    assert_eq!(world.pending(), ["mail-notice-sub-1"]);
    run(&mut world, "2026-02-20T12:00:00Z");
    done(&mut world, cancels("period-end"));
    run(&mut world, "2026-03-09T00:00:00Z");
    assert_eq!(world.pending(), ["mail-notice-sub-1"]);
}

#[test]
fn a_renewal_that_leaves_nothing_behind_is_asked_for_daily_and_given_up_after_a_week() {
    let mut world = world();
    done(&mut world, subscribes("starter"));
    world.run_until("2026-02-10T12:00:00Z"); // what is raised is rolled back
    for _ in 0..6 {
        assert!(matches!(world.fire("due-sub-1").raised()[..], [Event::RenewalDue(_)]));
    }
    let [Event::CustomerCancels(given_up)] = &world.fire("due-sub-1").raised()[..] else { panic!("goes on") };
    assert_eq!(given_up.reason.as_deref(), Some("not-renewed"));
}

#[test]
fn a_period_that_ended_under_suspension_is_renewed_from_the_lift() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    world.set_fact("shared.suspensions", json!(["admin", "fraud", "payment"]));
    run(&mut world, "2026-03-01T09:00:00Z");
    assert_eq!(end(&world, "sub-1"), "2026-02-10T12:00:00Z");
    assert!(done(&mut world, lifts("admin")).is_silent()); // fraud stands
    world.set_fact("shared.suspensions", json!(["fraud", "payment"]));
    let lifted = done(&mut world, lifts("fraud"));
    assert_eq!(lifted.raised(), [Event::RenewalDue(RenewalDue { subscription_id: "sub-1".into() })]);
    world.set_fact("shared.suspensions", json!(["payment"]));
    world.follow(&lifted);
    let after = sub(&world, "sub-1");
    assert_eq!((&after["start"], &after["end"]), (&json!("2026-03-01T09:00:00Z"), &json!("2026-04-01T09:00:00Z")));
    assert_eq!(after["suspended_period_ended"], Value::Null);
}

#[test]
fn a_lift_renews_more_than_one_decision_may_raise() {
    let mut world = world();
    let prices = json!({ "monthly": { "minor_units": 100, "currency": "USD" } });
    for n in 1..=10 {
        let name = format!("plan-{n}");
        let sku = json!({ "sku": name, "name": name, "status": "published", "prices": prices });
        world.set_tenant_fact(&format!("product-catalog.sku.{name}"), sku);
        done(&mut world, subscribes(&name));
    }
    world.set_fact("shared.suspensions", json!(["admin"]));
    run(&mut world, "2026-03-01T09:00:00Z");
    let lifted = done(&mut world, lifts("admin"));
    world.set_fact("shared.suspensions", Value::Null);
    world.follow(&lifted);
    run(&mut world, "2026-03-01T09:00:00Z");
    assert!((1..=10).all(|n| sub(&world, &format!("sub-{n}"))["start"] == "2026-03-01T09:00:00Z"));
}

#[test]
fn a_lift_within_the_period_changes_nothing() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    world.set_fact("shared.suspensions", json!(["admin"]));
    world.set_now("2026-01-20T00:00:00Z");
    assert!(world.judge(lifts("admin")).is_silent());
}

#[test]
fn a_cause_that_goes_unannounced_is_noticed_the_next_day() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    world.set_fact("shared.suspensions", json!(["compliance"]));
    run(&mut world, "2026-02-20T00:00:00Z");
    world.set_fact("shared.suspensions", Value::Null); // a KYC passed
    run(&mut world, "2026-02-20T12:00:00Z");
    assert_eq!(sub(&world, "sub-1")["start"], "2026-02-20T12:00:00Z");
}

#[test]
fn a_subscription_held_for_ninety_days_is_let_go() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    world.set_fact("shared.suspensions", json!(["admin"]));
    run(&mut world, "2026-05-12T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "cancelled");
    assert_eq!(sub(&world, "sub-1")["cancel_reason"], "suspended");
}
