//! What quota-sla does, told as the customer's story.

use crate::scene::{customer_of, hold, report, sell, standing, status, stranger, subscribe, use_up};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::World;

const GB: &str = "storage_gb";

fn limit(world: &World, resource: &str) -> Value {
    world.value("quota-sla.limits")[resource]["limit"].clone()
}

fn change(action: &str) -> Event {
    Event::Custom { kind: "SubscriptionChanged".into(), data: json!({ "action": action, "when": "now" }) }
}

fn upgrade(old_sku: &str, new_sku: &str) -> CustomerUpgrades {
    CustomerUpgrades { old_sku: old_sku.into(), new_sku: new_sku.into(), contract_price: None }
}

fn suspension(cause: Cause) -> ManualSuspension {
    ManualSuspension { reason: "chargebacks".into(), cause }
}

fn lifting(cause: Cause) -> SuspensionLifted {
    SuspensionLifted { cause, actor: "ann".into() }
}

// ── limits and the period ───────────────────────────────────────────────

#[test]
fn a_plan_brings_its_limits_and_a_month_from_the_anchor_whatever_is_paid_by() {
    let mut world = stranger().now("2026-01-31T10:00:00Z");
    let yearly = json!({ "sku": "professional", "billing_cycle": "annual" });
    world.judge(Event::Custom { kind: "CustomerSubscribes".into(), data: yearly });
    hold(&mut world, &[("sub-1", "pro", "active")]);
    assert_eq!(
        world.value("quota-sla.limits"),
        json!({
            "concurrent": { "limit": 1_000, "hard": true },
            "requests": { "limit": 10_000_000, "hard": false },
            "storage_gb": { "limit": 1_000, "hard": true },
        })
    );
    assert_eq!(world.value("quota-sla.period")["end"], "2026-02-28T10:00:00Z");
    world.fire("reset");
    assert_eq!(world.value("quota-sla.period")["end"], "2026-03-31T10:00:00Z");
}

#[test]
fn several_plans_add_up_and_what_one_leaves_unlimited_is_unlimited() {
    let mut world = customer_of("starter");
    sell(&mut world, "seats-only", json!({ "seats": { "limit": 5 }, "storage_gb": { "limit": 20 } }));
    subscribe(&mut world, "pro");
    assert_eq!(limit(&world, GB), 1_100);
    hold(&mut world, &[("sub-1", "starter", "active"), ("sub-2", "pro", "active")]);
    subscribe(&mut world, "seats-only");
    assert_eq!(limit(&world, GB), 1_120);
    assert_eq!((limit(&world, "requests"), limit(&world, "seats")), (Value::Null, Value::Null));
}

#[test]
fn taking_a_cancellation_back_counts_a_plan_once() {
    let mut world = customer_of("pro");
    hold(&mut world, &[("sub-1", "pro", "cancelling")]);
    assert!(subscribe(&mut world, "pro").is_silent());
    assert_eq!(limit(&world, GB), 1_000);
}

#[test]
fn a_trial_has_a_period_of_its_own_and_the_months_begin_where_it_ends() {
    let mut world = stranger().now("2026-01-31T10:00:00Z");
    world.judge(Event::Custom { kind: "CustomerSubscribes".into(), data: json!({ "sku": "pro", "trial": true }) });
    hold(&mut world, &[("sub-1", "pro", "active")]);
    let mut ends = Vec::new();
    for _ in 0..3 {
        ends.push(world.value("quota-sla.period")["end"].clone());
        world.fire("reset");
    }
    assert_eq!(ends, ["2026-02-14T10:00:00Z", "2026-03-14T10:00:00Z", "2026-04-14T10:00:00Z"]);
}

#[test]
fn limits_rise_at_once_and_fall_only_with_the_next_period() {
    let mut world = customer_of("starter");
    world.judge(upgrade("starter", "pro"));
    hold(&mut world, &[("sub-1", "pro", "active")]);
    assert_eq!(limit(&world, GB), 1_000);

    let down = json!({ "action": "downgrade", "new_sku": "free", "when": "now" });
    assert!(world.judge(Event::Custom { kind: "SubscriptionChanged".into(), data: down }).is_silent());
    hold(&mut world, &[("sub-1", "free", "active")]);
    world.fire("reset");
    assert_eq!(limit(&world, GB), 1);
}

#[test]
fn a_period_that_ends_with_the_last_plan_closes_the_quota() {
    let mut world = customer_of("pro");
    use_up(&mut world, GB, 5_000);
    // The slot `subscription` ends the plan at this very instant, and has its turn after this one.
    hold(&mut world, &[("sub-1", "pro", "cancelling")]);
    world.fire("reset");
    for fact in ["limits", "period", "rates", "stance", "usage.storage_gb"] {
        assert_eq!(world.value(&format!("quota-sla.{fact}")), Value::Null, "{fact}");
    }
    assert_eq!(standing(&world), (Value::Null, Value::Null));
    assert!(world.due("reset").is_none());
}

#[test]
fn a_plan_taken_up_again_opens_a_quota_that_had_closed() {
    let mut world = customer_of("pro");
    hold(&mut world, &[("sub-1", "pro", "cancelled")]);
    world.fire("reset");
    world.set_now("2026-02-20T00:00:00Z");
    world.judge(change("reactivate"));
    assert_eq!(limit(&world, GB), 1_000);
    assert_eq!(world.value("quota-sla.period")["start"], "2026-02-20T00:00:00Z");
}

// ── use ─────────────────────────────────────────────────────────────────

#[test]
fn at_eighty_percent_the_customer_is_warned_once_and_metering_goes_on() {
    let mut world = customer_of("starter");
    assert!(report(&mut world, GB, 79).effects.is_empty());
    let warned = report(&mut world, GB, 80);
    assert_eq!(warned.effect("warn-storage_gb").map(|mail| mail.action.as_str()), Some("mail"));
    for quantity in [85, 90, 90, 100, 70, 95] {
        let judged = report(&mut world, GB, quantity);
        assert!(judged.is_completed() && judged.effects.is_empty() && judged.raises.is_empty(), "{quantity}");
    }
    assert_eq!(status(&world, GB), "warning");
}

#[test]
fn a_warning_that_could_not_be_delivered_is_sent_again() {
    let mut world = customer_of("starter");
    report(&mut world, GB, 80);
    world.settle("warn-storage_gb", Settled::Failed, None);
    assert_eq!(report(&mut world, GB, 81).effects.len(), 1);
    assert!(world.settle("warn-storage_gb", Settled::Done, None).is_silent());
}

#[test]
fn over_the_limit_a_reading_raises_the_event_once_for_each_new_height() {
    let mut world = customer_of("starter");
    let raised = report(&mut world, "requests", 1_200_000).raised();
    assert_eq!(
        raised,
        [UsageExceedsQuota { resource: "requests".into(), current_usage: 1_200_000, limit: 1_000_000 }.into()]
    );
    world.judge(raised[0].clone());
    assert!(report(&mut world, "requests", 1_200_000).raises.is_empty());
    assert_eq!(report(&mut world, "requests", 1_300_000).raises.len(), 1);
}

#[test]
fn a_soft_limit_exceeded_takes_nothing_away() {
    let mut world = customer_of("starter");
    use_up(&mut world, "requests", 1_200_000);
    assert_eq!(status(&world, "requests"), "exceeded");
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn a_hard_limit_exceeded_leaves_reading_until_use_falls() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 101);
    assert_eq!(standing(&world), (json!("read-only"), json!(["quota"])));
    report(&mut world, GB, 100);
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn a_hard_limit_holds_as_often_as_it_is_exceeded() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 120);
    use_up(&mut world, GB, 50);
    use_up(&mut world, GB, 101); // less than before, and too much again
    assert_eq!(standing(&world), (json!("read-only"), json!(["quota"])));
}

#[test]
fn what_becomes_a_soft_limit_no_longer_holds() {
    let mut world = stranger();
    sell(&mut world, "hard", json!({ "units": { "limit": 100, "hard": true } }));
    sell(&mut world, "soft", json!({ "units": { "limit": 100, "hard": false } }));
    subscribe(&mut world, "hard");
    hold(&mut world, &[("sub-1", "hard", "active")]);
    use_up(&mut world, "units", 101);
    world.judge(upgrade("hard", "soft"));
    assert_eq!((status(&world, "units"), standing(&world)), ("exceeded".into(), (Value::Null, Value::Null)));
}

#[test]
fn the_cause_stands_until_the_last_resource_is_back_in_its_limit() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 101);
    use_up(&mut world, "concurrent", 101);
    report(&mut world, GB, 50);
    assert_eq!(standing(&world), (json!("read-only"), json!(["quota"])));
    report(&mut world, "concurrent", 50);
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn a_new_period_forgets_what_was_used() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 101);
    world.fire("reset");
    assert_eq!(standing(&world), (Value::Null, Value::Null));
    assert_eq!(world.value("quota-sla.usage.storage_gb"), Value::Null);
}

#[test]
fn an_upgrade_relieves_at_once_and_is_warned_about_anew() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 101);
    world.judge(upgrade("starter", "pro"));
    assert_eq!(standing(&world), (Value::Null, Value::Null));
    assert_eq!(report(&mut world, GB, 800).effects.len(), 1);
}

#[test]
fn the_limit_of_the_fact_rules_and_not_the_meters() {
    let mut world = customer_of("starter");
    let low = UsageExceedsQuota { resource: GB.into(), current_usage: 60, limit: 50 };
    world.judge(low);
    assert_eq!(status(&world, GB), "within");
    let high = UsageExceedsQuota { resource: GB.into(), current_usage: 600, limit: 500 };
    world.judge(high);
    assert_eq!(status(&world, GB), "throttled");
}

#[test]
fn an_older_reading_and_one_of_another_period_change_nothing() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 101);
    world.set_now("2026-01-14T00:00:00Z");
    assert!(report(&mut world, GB, 1).is_silent());
    world.set_now("2026-01-20T00:00:00Z");
    let december = UsageReported { resource: GB.into(), quantity: 1, period: "2025-12".into() };
    assert!(world.judge(december).is_silent());
    let february = UsageReported { resource: GB.into(), quantity: 1, period: "2026-02".into() };
    assert!(!world.judge(february).is_silent(), "the period from 15 January has days in February");
}

#[test]
fn nothing_at_all_is_too_much_of_a_limit_of_zero() {
    let mut world = stranger();
    sell(&mut world, "no-storage", json!({ "storage_gb": { "limit": 0, "hard": true } }));
    subscribe(&mut world, "no-storage");
    assert!(report(&mut world, GB, 0).effects.is_empty());
    use_up(&mut world, GB, 1);
    assert_eq!(status(&world, GB), "throttled");
}

#[test]
fn nobody_is_held_to_limits_they_do_not_have() {
    let mut world = stranger();
    assert!(report(&mut world, GB, 1_000).is_silent());
    assert!(world.judge(UsageExceedsQuota { resource: GB.into(), current_usage: 2, limit: 1 }).is_silent());
    let mut world = customer_of("enterprise");
    assert!(report(&mut world, "requests", 1 << 52).is_silent());
    assert!(report(&mut world, &"x".repeat(2_000), 1).is_silent());
}

// ── pauses and suspensions ──────────────────────────────────────────────

#[test]
fn a_pause_leaves_reading_and_resuming_gives_the_rest_back() {
    let mut world = customer_of("pro");
    world.judge(change("pause"));
    hold(&mut world, &[("sub-1", "pro", "paused")]);
    assert_eq!(standing(&world), (json!("read-only"), Value::Null));
    world.judge(change("resume"));
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn one_pause_among_several_plans_takes_nothing_away() {
    let mut world = customer_of("pro");
    hold(&mut world, &[("sub-1", "pro", "active"), ("sub-2", "starter", "active")]);
    assert!(world.judge(change("pause")).is_completed());
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn what_is_paused_is_all_there_is_once_the_rest_is_cancelled() {
    let mut world = customer_of("pro");
    hold(&mut world, &[("sub-1", "pro", "active"), ("sub-2", "starter", "active")]);
    world.judge(change("pause"));
    hold(&mut world, &[("sub-1", "pro", "paused"), ("sub-2", "starter", "cancelled")]); // which is not shown here
    world.fire("look");
    assert_eq!(standing(&world), (json!("read-only"), Value::Null));
    hold(&mut world, &[("sub-1", "pro", "cancelling"), ("sub-2", "starter", "cancelled")]);
    world.fire("look");
    assert_eq!((standing(&world), world.due("look")), ((Value::Null, Value::Null), None));
}

#[test]
fn rates_follow_a_cause_that_comes_unannounced_with_the_next_reading() {
    let mut world = customer_of("starter").added("compliance", "shared.suspensions", "fraud");
    report(&mut world, GB, 1);
    assert_eq!(world.value("quota-sla.rates")["requests"], 0);
}

#[test]
fn a_suspension_stops_all_use_and_keeps_the_limits() {
    let mut world = customer_of("starter");
    world.judge(suspension(Cause::Admin));
    assert_eq!(world.value("quota-sla.rates"), json!({ "concurrent": 0, "requests": 0, "storage_gb": 0 }));
    assert_eq!(limit(&world, GB), 100);
}

#[test]
fn the_last_suspension_lifted_gives_the_rates_back() {
    let mut world = customer_of("starter")
        .added("customer-account", "shared.suspensions", "admin")
        .added("compliance", "shared.suspensions", "fraud")
        .added("billing", "shared.suspensions", "payment");
    world.judge(suspension(Cause::Fraud));
    assert!(world.judge(lifting(Cause::Admin)).is_silent());
    assert_eq!(world.value("quota-sla.rates")["requests"], 0);
    let mut world = customer_of("starter").added("compliance", "shared.suspensions", "fraud");
    world.judge(suspension(Cause::Fraud));
    world.judge(lifting(Cause::Fraud));
    assert_eq!(world.value("quota-sla.rates")["requests"], 1_000_000);
}

#[test]
fn an_operator_lets_a_throttled_customer_go_on_until_use_rises() {
    let mut world = customer_of("starter");
    use_up(&mut world, GB, 120);
    world.judge(lifting(Cause::Quota));
    assert_eq!(standing(&world), (Value::Null, Value::Null));
    use_up(&mut world, GB, 120);
    assert_eq!(status(&world, GB), "exceeded");
    use_up(&mut world, GB, 121);
    assert_eq!(standing(&world), (json!("read-only"), json!(["quota"])));
}

#[test]
fn only_a_cause_that_stands_is_lifted() {
    assert_eq!(customer_of("starter").judge(lifting(Cause::Quota)).code(), Some("not-suspended"));
    assert!(customer_of("starter").judge(lifting(Cause::Admin)).is_silent(), "the owner answers for the other causes");
}

// ── the service's own promise ───────────────────────────────────────────

#[track_caller]
fn check_sla(sku: &str, (uptime_ppm, p99_ms, error_ppm): (i64, i64, i64), expected: Value) {
    let mut world = customer_of(sku);
    let judged = world.judge(SlaMeasured { period: "2026-01".into(), uptime_ppm, p99_ms, error_ppm });
    assert!(judged.is_completed());
    assert_eq!(world.value("quota-sla.sla.2026-01")["breaches"], expected);
}

#[test]
fn a_breach_is_worth_a_tenth_for_every_started_point_and_a_quarter_at_most() {
    let missed = |missed: &[&str], credit: i64| json!([{ "subscription": "sub-1", "sku": "pro", "missed": missed, "credit_percent": credit }]);
    check_sla("pro", (999_000, 500, 1_000), json!([]));
    check_sla("pro", (998_999, 500, 1_000), missed(&["uptime"], 10));
    check_sla("pro", (989_000, 500, 1_000), missed(&["uptime"], 10));
    check_sla("pro", (988_999, 500, 1_000), missed(&["uptime"], 20));
    check_sla("pro", (0, 9_000, 1_000_000), missed(&["uptime", "p99", "errors"], 25));
    check_sla("pro", (999_500, 501, 1_001), missed(&["p99", "errors"], 0));
    check_sla("free", (0, 9_000, 1_000_000), Value::Null);
}

#[test]
fn a_breach_on_record_is_not_measured_away() {
    let mut world = customer_of("starter");
    let measured = |uptime_ppm| SlaMeasured { period: "2026-01".into(), uptime_ppm, p99_ms: 1, error_ppm: 1 };
    world.judge(measured(1_000_000));
    world.judge(measured(900_000));
    assert!(world.judge(measured(1_000_000)).is_silent());
    assert_eq!(world.value("quota-sla.sla.2026-01")["breaches"][0]["credit_percent"], 25);
}

#[test]
fn a_limit_under_a_name_that_cannot_be_kept_counts_for_nothing() {
    for name in ["any*".to_owned(), "r".repeat(101)] {
        let mut world = stranger();
        sell(&mut world, "odd", json!({ (name.as_str()): { "limit": 1, "hard": true } }));
        subscribe(&mut world, "odd");
        assert!(report(&mut world, &name, 2).is_silent());
        assert!(world.judge(UsageExceedsQuota { resource: name, current_usage: 2, limit: 1 }).is_silent());
    }
}
