//! What customer-account does, told as the customer's story.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::World;

use crate::scene::{
    asked, banned_customer, cancel, customer, decide, hold, leave, lift, standing, status, stranger, subscribe,
    suspend, suspended_customer,
};

fn payment() -> PaymentProcessed {
    PaymentProcessed { amount: 2_999, currency: None, idempotency_key: "k-1".into(), invoice_id: None }
}

fn failure() -> PaymentFailed {
    PaymentFailed { reason: "declined".into(), decline_code: None, invoice_id: None }
}

fn over(resource: &str, current_usage: i64, limit: i64) -> UsageExceedsQuota {
    UsageExceedsQuota { resource: resource.into(), current_usage, limit }
}

// ── coming and going ────────────────────────────────────────────────────

#[test]
fn the_first_subscription_opens_the_account_and_is_welcomed_once() {
    let mut world = stranger();
    assert_eq!(asked(&subscribe(&mut world)), ["mail-welcome"]);
    assert_eq!(status(&world), "active");
    assert!(subscribe(&mut world).is_silent());
}

#[test]
fn the_last_cancellation_closes_the_account_and_the_archive_follows_a_month_later() {
    let mut world = customer();
    leave(&mut world);
    assert_eq!(status(&world), "closed");
    world.run_until("2026-02-14T12:00:00Z");
    assert_eq!(status(&world), "closed", "at this instant the last subscription may still be taken up again");
    world.run_until("2026-02-14T12:00:00.001Z");
    assert_eq!(status(&world), "archived");
}

#[test]
fn an_account_with_another_subscription_stays_open() {
    let mut world = customer();
    hold(&mut world, &["active", "active"]);
    let judged = world.judge(CustomerCancels { subscription_id: Some("sub-2".into()), ..Default::default() });
    assert_eq!(asked(&judged), ["mail-subscription-cancelled"]);
    assert_eq!(status(&world), "active");
}

#[test]
fn a_cancellation_for_the_periods_end_changes_nothing_yet() {
    let mut world = customer();
    assert!(world.judge(CustomerCancels { when: When::PeriodEnd, ..Default::default() }).is_silent());
}

#[test]
fn whatever_is_held_keeps_the_account_and_time_asks_again() {
    for held in ["dispute:inv-1", "refund:inv-1", "suspension:admin"] {
        let mut world = customer();
        leave(&mut world);
        world.set_fact("compliance.hold", json!([held]));
        world.run_until("2026-03-01T00:00:00Z");
        assert_eq!(status(&world), "closed", "{held}");
        world.set_fact("compliance.hold", Value::Null);
        world.run_until("2026-03-17T00:00:00Z");
        assert_eq!(status(&world), "archived", "{held}");
    }
}

#[test]
fn whoever_comes_back_within_the_month_keeps_the_account() {
    let mut world = customer();
    leave(&mut world);
    assert_eq!(asked(&subscribe(&mut world)), ["mail-welcome-back"]);
    hold(&mut world, &["cancelled", "active"]);
    world.run_until("2026-06-01T00:00:00Z");
    assert_eq!(status(&world), "active");
}

#[test]
fn a_reactivation_is_seen_although_no_event_tells_of_it() {
    let mut world = customer();
    leave(&mut world);
    hold(&mut world, &["active"]);
    world.run_until("2026-06-01T00:00:00Z");
    assert_eq!(status(&world), "active");
    leave(&mut world);
    assert_eq!(status(&world), "closed");
}

#[test]
fn whoever_comes_back_after_the_archive_gets_a_new_account() {
    let mut world = customer();
    leave(&mut world);
    world.run_until("2026-06-01T00:00:00Z");
    assert_eq!(asked(&subscribe(&mut world)), ["mail-welcome"]);
    assert_eq!(world.value("customer-account.account")["number"], 2);
    assert_eq!(world.value("customer-account.former.1")["status"], "archived");
}

// ── suspended ───────────────────────────────────────────────────────────

#[test]
fn an_admin_suspension_locks_blocks_and_tells_once() {
    let mut world = customer();
    assert_eq!(asked(&suspend(&mut world, Cause::Admin)), ["mail-account-locked"]);
    assert_eq!(status(&world), "locked");
    assert_eq!(standing(&world), (json!("blocked"), json!(["admin"])));
    assert!(suspend(&mut world, Cause::Admin).is_silent());
}

#[test]
fn lifting_unlocks_and_takes_back_what_the_suspension_did() {
    let mut world = suspended_customer();
    assert_eq!(asked(&lift(&mut world, Cause::Admin)), ["mail-account-unlocked"]);
    assert_eq!(status(&world), "active");
    assert_eq!(standing(&world), (Value::Null, Value::Null));
    assert_eq!(lift(&mut world, Cause::Admin).code(), Some("not-suspended"));
}

#[test]
fn the_account_is_locked_until_the_last_cause_is_lifted() {
    let mut world = suspended_customer().added("compliance", "shared.suspensions", "fraud");
    lift(&mut world, Cause::Admin);
    assert_eq!(status(&world), "locked");
    lift(&mut world, Cause::Fraud);
    assert_eq!(status(&world), "active");
}

#[test]
fn a_payment_unlocks_nothing() {
    let mut world = suspended_customer().added("billing", "shared.suspensions", "payment");
    world.judge(payment());
    lift(&mut world, Cause::Payment);
    assert_eq!(status(&world), "locked");
    assert_eq!(standing(&world).0, "blocked");
}

#[test]
fn a_person_is_asked_to_review_after_thirty_days_and_the_account_stays_locked() {
    let mut world = suspended_customer();
    let asked_in = |world: &mut World, until: &str| {
        let fired = world.run_until(until);
        fired.iter().flat_map(|judged| asked(judged)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(asked_in(&mut world, "2026-02-14T11:59:59Z").is_empty());
    assert_eq!(asked_in(&mut world, "2026-02-14T12:00:00Z"), ["ticket-review"]);
    assert_eq!(status(&world), "locked");
    lift(&mut world, Cause::Admin);
    assert!(asked_in(&mut world, "2027-01-01T00:00:00Z").is_empty());
}

#[test]
fn a_review_that_could_not_be_asked_for_is_asked_for_the_next_day() {
    let mut world = suspended_customer();
    world.fire("review");
    world.settle("ticket-review", Settled::Failed, None);
    assert_eq!(world.due("review"), Some(Time::from_date(2026, 2, 15).plus_hours(12)));
}

#[test]
fn fraud_and_a_failed_identity_lock_and_their_cause_is_compliances() {
    for (event, expected) in [
        (Event::from(FraudScored { score: 90 }), "active"),
        (FraudScored { score: 91 }.into(), "locked"),
        (KycDecided { status: KycStatus::Fail, reason: None }.into(), "locked"),
        (KycDecided { status: KycStatus::Pass, reason: None }.into(), "active"),
    ] {
        let mut world = customer();
        world.judge(event);
        assert_eq!(status(&world), expected);
        assert_eq!(standing(&world), (Value::Null, Value::Null));
    }
}

#[test]
fn a_stranger_is_suspended_before_there_is_an_account() {
    let mut world = stranger();
    assert!(suspend(&mut world, Cause::Admin).is_completed());
    assert_eq!(standing(&world), (json!("blocked"), json!(["admin"])));
    assert_eq!(status(&world), "absent");
    lift(&mut world, Cause::Admin);
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn whoever_leaves_while_locked_is_closed_when_unlocked_and_archived_in_time() {
    let mut world = suspended_customer();
    leave(&mut world);
    world.run_until("2026-04-01T00:00:00Z");
    assert_eq!(status(&world), "locked");
    lift(&mut world, Cause::Admin);
    assert_eq!(status(&world), "closed");
    world.run_until("2026-05-01T00:00:00.001Z");
    assert_eq!(status(&world), "archived");
}

// ── banned ──────────────────────────────────────────────────────────────

#[test]
fn a_rejected_appeal_bans_and_a_banned_customer_may_not_subscribe() {
    let mut world = banned_customer();
    assert_eq!(status(&world), "banned");
    assert_eq!(subscribe(&mut world).code(), Some("account-banned"));
    assert_eq!(lift(&mut world, Cause::Admin).code(), Some("account-banned"));
    assert!(world.fire("review").is_silent(), "a ban has been decided");
}

#[test]
fn a_ban_outlasts_the_retention() {
    let mut world = banned_customer();
    leave(&mut world);
    world.run_until("2036-01-01T00:00:00Z");
    assert_eq!(status(&world), "banned");
    assert_eq!(subscribe(&mut world).code(), Some("account-banned"));
}

#[test]
fn a_ban_for_fraud_stands_when_the_fraud_is_lifted() {
    let mut world = customer().added("compliance", "shared.suspensions", "fraud");
    suspend(&mut world, Cause::Fraud);
    decide(&mut world, About::Appeal, Ruling::Reject);
    lift(&mut world, Cause::Fraud);
    assert_eq!(status(&world), "banned");
    assert_eq!(standing(&world).0, "blocked");
}

#[test]
fn a_reinstatement_has_every_cause_lifted_by_its_owner() {
    let mut world = banned_customer().added("compliance", "shared.suspensions", "fraud");
    let judged = decide(&mut world, About::Reinstatement, Ruling::Accept);
    let lifting = |cause| Event::from(SuspensionLifted { cause, actor: "ann".into() });
    assert_eq!(judged.raised(), [lifting(Cause::Admin), lifting(Cause::Fraud)]);
    world.follow(&judged);
    assert_eq!(status(&world), "active");
}

#[test]
fn a_reinstatement_may_be_rejected_and_asked_for_again() {
    let mut world = banned_customer();
    assert_eq!(asked(&decide(&mut world, About::Reinstatement, Ruling::Reject)), ["mail-reinstatement-rejected"]);
    assert_eq!(status(&world), "banned");
    let judged = decide(&mut world, About::Reinstatement, Ruling::Accept);
    world.follow(&judged);
    assert_eq!(status(&world), "active");
    assert_eq!(decide(&mut world, About::Reinstatement, Ruling::Accept).code(), Some("not-banned"));
}

#[test]
fn an_accepted_appeal_lifts_our_cause_and_leaves_the_others_to_their_owner() {
    let mut world = suspended_customer().added("compliance", "shared.suspensions", "fraud");
    let judged = decide(&mut world, About::Appeal, Ruling::Accept);
    assert_eq!(judged.raised(), [SuspensionLifted { cause: Cause::Admin, actor: "ann".into() }.into()]);
}

#[test]
fn an_appeal_is_about_the_cause_it_names() {
    let mut world = suspended_customer().added("compliance", "shared.suspensions", "compliance");
    let about = |cause: &str, decision| OperatorDecided {
        about: About::Appeal,
        id: Some(cause.into()),
        decision,
        amount: None,
        actor: "ann".into(),
    };
    assert!(world.judge(about("compliance", Ruling::Reject)).is_silent());
    assert_eq!(world.judge(about("admin", Ruling::Accept)).raised().len(), 1);
    world.judge(about("admin", Ruling::Reject));
    assert_eq!(status(&world), "banned");
}

#[test]
fn whoever_has_no_account_may_appeal_too_and_cannot_be_banned() {
    let mut world = stranger();
    suspend(&mut world, Cause::Admin);
    assert!(decide(&mut world, About::Appeal, Ruling::Reject).is_completed());
    assert_eq!((status(&world).as_str(), standing(&world).0), ("absent", json!("blocked")));
    let judged = decide(&mut world, About::Appeal, Ruling::Accept);
    world.follow(&judged);
    assert_eq!(standing(&world), (Value::Null, Value::Null));
}

#[test]
fn a_reinstatement_whose_lifting_came_to_nothing_is_reviewed_in_time() {
    let mut world = banned_customer();
    world.fire("review");
    decide(&mut world, About::Reinstatement, Ruling::Accept);
    assert_eq!(status(&world), "locked");
    let fired = world.run_until("2026-04-01T00:00:00Z");
    assert!(fired.iter().any(|judged| asked(judged) == ["ticket-review"]));
}

#[test]
fn what_is_not_ours_to_decide_is_left_alone() {
    let mut world = customer().added("compliance", "shared.suspensions", "compliance");
    for about in [About::Approval, About::Refund, About::Remediation, About::Appeal] {
        assert!(decide(&mut world, about, Ruling::Reject).is_silent(), "{about}");
    }
}

// ── paying, and letters ─────────────────────────────────────────────────

#[test]
fn failures_are_counted_and_a_payment_marks_the_method_good() {
    let mut world = customer();
    assert_eq!(asked(&world.judge(failure())), ["mail-payment-failed"]);
    world.judge(failure());
    let counted = world.value("customer-account.payments");
    assert_eq!((&counted["method"], &counted["failures"]), (&json!("failing"), &json!(2)));
    world.judge(payment());
    let counted = world.value("customer-account.payments");
    assert_eq!((&counted["method"], &counted["failures"]), (&json!("good"), &json!(0)));
    assert_eq!(counted["failures_total"], 2);
}

#[test]
fn an_older_failure_that_arrives_later_does_not_make_the_method_bad() {
    let mut world = customer();
    world.judge(payment());
    world.set_now("2026-01-15T11:00:00Z");
    world.judge(failure());
    let counted = world.value("customer-account.payments");
    assert_eq!((&counted["method"], &counted["failures_total"]), (&json!("good"), &json!(1)));
}

#[test]
fn a_new_method_is_unproven_and_the_customer_hears_of_it() {
    let mut world = customer();
    world.judge(failure());
    let judged = world.judge(PaymentMethodUpdated { payment_method: "card-2".into() });
    assert_eq!(asked(&judged), ["mail-payment-method-updated"]);
    assert!(judged.effects.iter().all(|effect| !effect.body.contains("card-2")));
    assert_eq!(world.value("customer-account.payments")["method"], "unproven");
}

#[test]
fn an_exceeded_limit_is_told_once_for_each_resource_and_period() {
    let mut world = customer()
        .fact("quota-sla.limits", json!({ "requests": { "limit": 100, "hard": false }, "users": { "hard": true } }))
        .fact("quota-sla.period", json!({ "start": "2026-01-15T12:00:00Z" }));
    assert_eq!(asked(&world.judge(over("requests", 101, 100))), ["mail-quota-exceeded"]);
    assert!(world.judge(over("requests", 150, 100)).is_silent());
    assert!(world.judge(over("requests", 60, 50)).is_silent(), "the limit in the facts rules");
    assert!(world.judge(over("users", 60, 50)).is_silent(), "there is no limit on it");
    world.set_fact("quota-sla.period", json!({ "start": "2026-02-15T12:00:00Z" }));
    assert_eq!(asked(&world.judge(over("requests", 101, 100))), ["mail-quota-exceeded"]);
}

#[test]
fn letters_that_do_not_arrive_are_counted_until_one_does() {
    let mut world = customer();
    world.judge(failure());
    world.settle("mail-welcome", Settled::Failed, None);
    world.settle("mail-payment-failed", Settled::Expired, None);
    assert_eq!(world.value("customer-account.undelivered"), 2);
    cancel(&mut world);
    world.settle("mail-subscription-cancelled", Settled::Done, None);
    assert_eq!(world.value("customer-account.undelivered"), Value::Null);
}

#[test]
fn nobody_hears_of_an_account_they_do_not_have() {
    let mut archived = customer();
    leave(&mut archived);
    archived.run_until("2026-06-01T00:00:00Z");
    for world in [&mut stranger(), &mut archived] {
        assert!(world.judge(payment()).is_silent());
        assert!(world.judge(failure()).is_silent());
        assert!(world.judge(PaymentMethodUpdated { payment_method: "card".into() }).is_silent());
        assert!(world.judge(over("requests", 2, 1)).is_silent());
        assert!(world.judge(FraudScored { score: 99 }).is_silent());
        assert!(cancel(world).is_silent());
    }
}
