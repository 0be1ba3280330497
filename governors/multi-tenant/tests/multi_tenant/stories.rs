//! What multi-tenant does, told as stories.

use serde_json::{Value, json};
use syndic_governor_multi_tenant::GOVERNOR;
use syndic_sdk::Event;
use syndic_sdk::payload::*;
use syndic_sdk::testing::{Judged, Reply, World};

const TOTAL: &str = "multi-tenant.load.2026-01.requests";
const CUSTOMERS: &str = "multi-tenant.customers.2026-01.requests";

/// A subscribed customer, beside others who together have used so much.
fn beside(customers: i64, load: i64) -> World {
    let world = World::new(&GOVERNOR).now("2026-01-10T00:00:00Z").fact("subscription.index", json!({"next": 2}));
    if customers == 0 { world } else { world.tenant_fact(TOTAL, load).tenant_fact(CUSTOMERS, customers) }
}

fn reports(world: &mut World, quantity: i64, period: &str) -> Judged {
    world.judge(UsageReported { resource: "requests".into(), quantity, period: period.into() })
}

fn exceeds(world: &mut World, current_usage: i64) -> Judged {
    world.judge(UsageExceedsQuota { resource: "requests".into(), current_usage, limit: 1 })
}

/// A suspension, and the question that it asks.
fn suspended(world: &mut World) -> Judged {
    assert!(world.judge(ManualSuspension { reason: "looks wrong".into(), cause: Cause::Fraud }).is_completed());
    world.fire("isolation.ask")
}

fn lifted(world: &mut World) -> Judged {
    world.judge(SuspensionLifted { cause: Cause::Fraud, actor: "ann".into() })
}

#[track_caller]
fn assert_load(world: &World, total: i64, customers: i64) {
    assert_eq!((world.tenant_value(TOTAL), world.tenant_value(CUSTOMERS)), (json!(total), json!(customers)));
}

fn is_slowed(world: &World) -> bool {
    !world.value("multi-tenant.rate.requests").is_null()
}

// ── load ────────────────────────────────────────────────────────────────────

#[test]
fn cumulative_reports_add_up_to_the_tenant_s_load() {
    let mut world = beside(2, 100);
    reports(&mut world, 10, "2026-01");
    reports(&mut world, 25, "2026-01");
    reports(&mut world, 25, "2026-01");
    assert_load(&world, 125, 3);
    reports(&mut world, 0, "2026-01");
    assert_load(&world, 100, 2);
}

#[test]
fn an_excess_is_a_reading_too_and_is_not_counted_twice() {
    let mut world = beside(2, 100);
    reports(&mut world, 40, "2026-01");
    exceeds(&mut world, 40);
    assert_load(&world, 140, 3);
}

#[test]
fn over_quota_with_more_than_half_of_the_load_gets_a_rate_of_its_own() {
    let mut world = beside(2, 100);
    exceeds(&mut world, 100);
    assert!(!is_slowed(&world), "half is not more than half");
    exceeds(&mut world, 101);
    let rate = json!({"percent": 50, "period": "2026-01", "since": "2026-01-10T00:00:00Z"});
    assert_eq!(world.value("multi-tenant.rate.requests"), rate);
}

#[test]
fn a_lone_customer_or_one_of_two_is_never_slowed() {
    for (others, load) in [(0, 0), (1, 1)] {
        let mut world = beside(others, load);
        exceeds(&mut world, 1_000_000);
        assert!(!is_slowed(&world), "beside {others}");
    }
}

#[test]
fn who_stays_within_quota_is_never_slowed() {
    let mut world = beside(5, 10);
    reports(&mut world, 1_000_000, "2026-01");
    assert!(!is_slowed(&world));
}

#[test]
fn the_rate_goes_when_the_share_falls() {
    let mut world = beside(2, 100);
    exceeds(&mut world, 900);
    world.set_tenant_fact(TOTAL, 5_000);
    reports(&mut world, 900, "2026-01");
    assert!(!is_slowed(&world));
}

#[test]
fn the_rate_goes_with_the_month_although_nothing_more_is_reported() {
    let mut world = beside(2, 100);
    exceeds(&mut world, 900);
    world.run_until("2026-01-31T23:59:59Z");
    assert!(is_slowed(&world));
    world.run_until("2026-02-01T00:00:00Z");
    assert!(!is_slowed(&world));
    assert_eq!(world.value("multi-tenant.load.requests"), Value::Null);
    assert_load(&world, 1_000, 3);
}

#[test]
fn a_new_month_begins_at_nothing_even_before_its_timer() {
    let mut world = beside(2, 100);
    exceeds(&mut world, 900);
    world.set_now("2026-02-01T00:00:00Z");
    reports(&mut world, 7, "2026-02");
    assert_load(&world, 1_000, 3);
    assert_eq!(world.tenant_value("multi-tenant.load.2026-02.requests"), json!(7));
    assert!(!is_slowed(&world));
    assert!(world.run_until("2026-02-28T23:59:59Z").iter().all(Judged::is_silent), "the old timer was replaced");
}

#[test]
fn what_is_late_early_or_out_of_order_counts_for_nothing() {
    let mut world = beside(2, 100);
    assert!(reports(&mut world, 10, "2025-12").is_silent());
    assert!(reports(&mut world, 10, "2026-02").is_silent());
    reports(&mut world, 10, "2026-01");
    world.set_now("2026-01-09T00:00:00Z");
    assert!(reports(&mut world, 9, "2026-01").is_silent());
    assert_load(&world, 110, 3);
}

#[test]
fn a_stranger_s_usage_leaves_nothing() {
    let mut world = World::new(&GOVERNOR);
    assert!(reports(&mut world, 10, "2026-01").is_silent());
    assert!(exceeds(&mut world, 10).is_silent());
    assert!(world.facts().is_empty());
}

#[test]
fn a_load_too_large_to_count_is_remarked_on() {
    let mut world = beside(2, (1 << 53) - 2);
    let judged = reports(&mut world, 2, "2026-01");
    assert!(judged.is_silent() && judged.note.is_some());
    let long = UsageReported { resource: "r".repeat(1_024), quantity: 1, period: "2026-01".into() };
    assert!(world.judge(long).is_silent(), "nor is a name that no fact can have");
}

// ── isolation ───────────────────────────────────────────────────────────────

#[test]
fn a_suspension_asks_whether_the_walls_hold() {
    let mut world = beside(0, 0).added("compliance", "shared.suspensions", "fraud");
    assert_eq!(suspended(&mut world).results[0].action, "verify-isolation");
    assert_eq!(world.value("multi-tenant.isolation")["state"], json!("isolated"));
    lifted(&mut world);
    assert_eq!(world.value("multi-tenant.isolation"), Value::Null);
}

#[test]
fn a_service_that_is_silent_holds_up_no_suspension() {
    let mut world = beside(0, 0).answers(|_| Some(Reply::Silence));
    assert!(!suspended(&mut world).is_completed(), "what is rolled back is the question alone");
    assert_eq!(world.value("multi-tenant.isolation")["state"], json!("unproven"));
    world.run_until("2026-01-12T00:00:00Z");
    assert_eq!((world.value("multi-tenant.isolation")["state"].clone(), world.pending().len()), (json!("leaking"), 1));
}

#[test]
fn a_missing_wall_is_a_ticket_and_is_looked_at_every_day() {
    let mut world = beside(0, 0).answers(|_| Some(Reply::No(json!({"isolated": false}))));
    assert!(suspended(&mut world).is_completed(), "a report is never refused");
    world.run_until("2026-01-13T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-isolation"], "one ticket, however long it takes");

    let mut world = world.answers(|_| None);
    world.run_until("2026-01-14T00:00:00Z");
    assert_eq!(world.value("multi-tenant.isolation")["state"], json!("isolated"));
    assert!(world.run_until("2026-02-14T00:00:00Z").iter().all(Judged::is_silent));
}

#[test]
fn only_a_plain_yes_is_a_wall() {
    for (reply, state) in [
        (Reply::Yes(json!({})), "isolated"),
        (Reply::Yes(json!({"isolated": true})), "isolated"),
        (Reply::Yes(json!({"isolated": false})), "leaking"),
        (Reply::Yes(json!({"isolated": false, "status": "pending"})), "leaking"),
        (Reply::Yes(json!({"status": "pending"})), "unproven"),
        (Reply::Yes(json!({"isolated": "mostly"})), "unproven"),
        (Reply::No(json!({"status": "pending"})), "unproven"),
        (Reply::No(json!({})), "leaking"),
        (Reply::No(json!({"isolated": true})), "leaking"),
    ] {
        let answer = reply.clone();
        let mut world = beside(0, 0).answers(move |_| Some(answer.clone()));
        assert!(suspended(&mut world).is_completed());
        assert_eq!(world.value("multi-tenant.isolation")["state"], json!(state), "{reply:?}");
        assert_eq!(world.pending().len(), usize::from(state == "leaking"), "{reply:?}");
    }
}

#[test]
fn a_wall_that_nobody_can_show_for_a_day_counts_as_missing() {
    let mut world = beside(0, 0).answers(|_| Some(Reply::Yes(json!({"status": "pending"}))));
    suspended(&mut world);
    suspended(&mut world);
    world.run_until("2026-01-10T23:59:59Z");
    assert!(world.pending().is_empty());
    world.run_until("2026-01-11T00:00:00Z");
    assert_eq!((world.value("multi-tenant.isolation")["state"].clone(), world.pending().len()), (json!("leaking"), 1));
}

#[test]
fn a_service_that_falls_silent_is_asked_every_day_and_shows_nothing() {
    let mut world = beside(0, 0).answers(|_| Some(Reply::Yes(json!({"status": "pending"}))));
    suspended(&mut world);
    let mut world = world.answers(|_| Some(Reply::Silence));
    world.run_until("2026-01-11T00:00:00Z");
    assert_eq!(world.value("multi-tenant.isolation")["state"], json!("unproven"));
    world.run_until("2026-01-12T00:00:00Z");
    assert_eq!((world.value("multi-tenant.isolation")["state"].clone(), world.pending().len()), (json!("leaking"), 1));
    world.run_until("2026-02-12T00:00:00Z");
    let mut world = world.answers(|_| None);
    world.run_until("2026-02-13T00:00:00Z");
    assert_eq!(world.value("multi-tenant.isolation")["state"], json!("isolated"), "it is still asked a month later");
}

#[test]
fn the_walls_are_watched_until_the_last_suspension_is_lifted() {
    let mut world = beside(0, 0)
        .added("compliance", "shared.suspensions", "fraud")
        .added("customer-account", "shared.suspensions", "admin")
        .added("billing", "shared.suspensions", "payment");
    suspended(&mut world);
    assert!(lifted(&mut world).is_silent(), "admin still stands");
    world.set_fact("shared.suspensions", json!(["fraud", "payment"]));
    lifted(&mut world);
    assert_eq!(world.value("multi-tenant.isolation"), Value::Null, "an unpaid bill needs no wall");
}

#[test]
fn a_lift_without_an_isolation_is_none_of_ours() {
    assert!(lifted(&mut beside(0, 0)).is_silent());
}

#[test]
fn a_ticket_that_cannot_be_opened_is_remarked_on_and_asked_for_again() {
    let mut world = beside(0, 0).answers(|_| Some(Reply::No(json!({}))));
    suspended(&mut world);
    let settled = world.settle("ticket-isolation", Settled::Expired, None);
    assert_eq!(settled.note.as_deref(), Some("`ticket-isolation` was not opened"));
    world.run_until("2026-01-11T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-isolation"], "and asked for again the next day");
    world.settle("ticket-isolation", Settled::Failed, None);
    let mut world = world.answers(|_| None);
    world.run_until("2026-01-12T00:00:00Z");
    assert!(world.pending().is_empty(), "while the wall is missing");
    assert!(world.judge(Event::Custom { kind: "vendor.Other".into(), data: json!({}) }).is_silent());
}

#[test]
fn whether_a_quota_is_exceeded_is_for_the_facts_to_say_and_not_for_the_meter() {
    let mut world = beside(2, 100).fact("quota-sla.limits", json!({"requests": {"limit": 600, "hard": false}}));
    exceeds(&mut world, 500);
    assert!(!is_slowed(&world), "within what was sold, however large the share");
    exceeds(&mut world, 601);
    assert!(is_slowed(&world));
}

#[test]
fn five_hundred_resources_of_a_customer_are_counted_in_a_month_and_no_more() {
    let mut world = beside(2, 100);
    let report =
        |nth: u32, period: &str| UsageReported { resource: format!("r{nth}"), quantity: 1, period: period.into() };
    for nth in 0..500 {
        assert!(!world.judge(report(nth, "2026-01")).is_silent());
    }
    let one_too_many = world.judge(report(500, "2026-01"));
    assert!(one_too_many.is_silent() && one_too_many.note.is_some());
    assert!(!world.judge(report(7, "2026-01")).is_silent(), "what is counted goes on being counted");
    world.run_until("2026-02-01T00:00:00Z");
    assert_eq!(world.value("multi-tenant.resources"), Value::Null);
    assert!(!world.judge(report(500, "2026-02")).is_silent());
}

#[test]
fn what_cannot_be_named_is_not_counted() {
    for resource in ["any*".to_owned(), "r".repeat(101)] {
        let mut world = beside(2, 100);
        assert!(world.judge(UsageReported { resource, quantity: 1, period: "2026-01".into() }).is_silent());
    }
}
