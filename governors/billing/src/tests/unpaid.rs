//! Dunning: the ladder, what stops it, and where it ends.

use std::cell::Cell;
use std::rc::Rc;

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Reply, World};

use super::street::{Street, payment, subscribes};
use crate::GOVERNOR;

/// The days after the first failure on which the card is tried, until the ladder ends.
#[track_caller]
fn check_retries(method: &str, days: &[i64]) {
    let mut street = Street::behind(method);
    let first = street.now;
    let mut tried = Vec::new();
    for day in 0..=11 {
        for judged in street.wait_until(first.plus_days(day)) {
            tried.extend(judged.results.iter().map(|_| day));
        }
    }
    assert_eq!(tried, days);
}

#[test]
fn a_soft_decline_is_tried_again_after_1_3_and_7_days() {
    check_retries("sandbox:declined", &[1, 3, 7]);
}

#[test]
fn a_lost_card_is_never_tried_again() {
    check_retries("sandbox:lost_card", &[]);
}

#[test]
fn a_stolen_card_stays_stolen_however_its_next_failure_is_reported() {
    let mut street = Street::behind("sandbox:lost_card");
    street.tell(PaymentFailed { reason: "declined".into(), decline_code: None, invoice_id: None });
    let dunning = street.invoice("inv-2").dunning.expect("chased");
    assert_eq!((dunning.hard, dunning.failures), (true, 2));
    assert!(street.wait_days(7).iter().all(|judged| judged.results.is_empty()), "and nobody charges it");
}

#[test]
fn a_service_that_never_answers_breaks_no_rung_but_its_own() {
    let silent = Rc::new(Cell::new(false));
    let answers = silent.clone();
    let world = World::new(&GOVERNOR)
        .answers(move |effect| (answers.get() && effect.action == "authorize-payment").then_some(Reply::Silence));
    let mut street = Street::of(world);
    street.subscribe("starter");
    street.wait_until("2026-02-01T00:00:00Z");
    street.pay_by("sandbox:declined");
    street.renew("sub-1");
    silent.set(true);
    street.wait_days(7);
    assert_eq!(street.causes(), json!(["payment"]));
    street.wait_days(3);
    assert_eq!(street.line("inv-2").split(' ').next(), Some("written-off"));
}

#[test]
fn a_week_unpaid_blocks_and_three_days_later_it_is_over() {
    let mut street = Street::behind("sandbox:declined");
    street.wait_days(6);
    assert_eq!((street.access(), street.causes()), (json!("grace"), Value::Null));
    street.wait_days(1);
    assert_eq!((street.access(), street.causes()), (json!("blocked"), json!(["payment"])));
    let last = street.wait_days(3).pop().expect("the last rung");
    assert_eq!(last.raised()[0].data(), r#"{"reason":"unpaid","when":"now","subscription_id":"sub-1"}"#);
    assert_eq!(street.line("inv-2"), "written-off 2999 0 1928 1071", "ten days of 28 were used, and are written off");
    assert_eq!((street.access(), street.causes()), (Value::Null, Value::Null));
    assert!(!street.subs()[0].status.is_live());
    street.books();
}

#[test]
fn nobody_is_shut_out_over_money_that_lies_here() {
    let mut street = Street::behind("sandbox:lost_card");
    street.tell(PaymentProcessed { invoice_id: Some("inv-1".into()), ..payment(3_000, "for-a-paid-one") });
    assert_eq!((street.line("inv-2").as_str(), street.credit()), ("past-due 2999 0 0 0", 3_000));
    street.wait_days(7);
    assert_eq!((street.line("inv-2").as_str(), street.credit()), ("paid 2999 2999 0 0", 1));
    assert_eq!((street.access(), street.causes()), (Value::Null, Value::Null));
}

#[test]
fn a_vendor_gets_a_part_of_what_was_paid_before_the_rest_was_given_up() {
    let mut street = Street::new();
    street.sell("tool", json!({ "vendor_id": "v-1", "commission_bp": 1_500 }));
    street.subscribe("tool");
    street.wait_until("2026-02-01T00:00:00Z");
    street.pay_by("sandbox:lost_card");
    street.renew("sub-1");
    street.pay(1_000);
    street.wait_days(10);
    assert_eq!(street.line("inv-2"), "written-off 10000 1000 6429 2571");
    let parts = street.invoice("inv-2").split.expect("money is held").parts;
    assert_eq!((parts.commission.minor_units, parts.vendor_net.minor_units), (150, 850));
    street.books();
}

#[test]
fn a_new_method_is_tried_at_once_and_ends_the_chase() {
    let mut street = Street::behind("sandbox:lost_card");
    street.wait_days(8);
    assert_eq!(street.causes(), json!(["payment"]));
    street.pay_by("card");
    assert_eq!(street.line("inv-2"), "paid 2999 2999 0 0");
    assert_eq!((street.access(), street.causes()), (Value::Null, Value::Null));
    assert!(street.wait_days(30).iter().all(|judged| judged.is_silent()), "what is left of the ladder does nothing");
}

#[test]
fn a_new_method_that_is_declined_is_kept_and_the_chase_goes_on() {
    let mut street = Street::behind("sandbox:lost_card");
    assert!(street.pay_by("sandbox:declined").is_completed());
    let dunning = street.invoice("inv-2").dunning.expect("still chased");
    assert_eq!((dunning.hard, dunning.failures), (false, 2), "and now there are retries");
    assert!(street.world.due("retry-1-inv-2").is_some());
}

#[test]
fn a_payment_lifts_no_cause_but_payment() {
    let mut street = Street::behind("sandbox:declined");
    street.wait_days(7);
    street.world = std::mem::replace(&mut street.world, World::new(&GOVERNOR))
        .added("compliance", "shared.suspensions", "fraud")
        .stands("compliance", "shared.access", "blocked");
    assert_eq!(street.causes(), json!(["fraud", "payment"]));
    street.pay(2_999);
    assert_eq!((street.access(), street.causes()), (json!("blocked"), json!(["fraud"])));
}

#[test]
fn while_suspended_nobody_is_chased() {
    let mut street = Street::behind("sandbox:declined");
    let cause = |street: &mut Street, causes: Value| street.world.set_fact("shared.suspensions", causes);
    street.wait_days(2);
    street.tell(ManualSuspension { reason: "asked".into(), cause: Cause::Admin });
    cause(&mut street, json!(["admin"]));
    let quiet = street.wait_days(40);
    assert!(quiet.iter().all(|judged| judged.results.is_empty()), "no card is charged");
    assert_eq!(street.line("inv-2"), "past-due 2999 0 0 0");

    street.tell(SuspensionLifted { cause: Cause::Admin, actor: "ann".into() });
    cause(&mut street, Value::Null);
    let resumed = street.invoice("inv-2").dunning.expect("chased again");
    assert_eq!(resumed.since, Time::from_date(2026, 2, 1).plus_days(40), "later by as long as it stood still");
    street.wait_days(4);
    assert_eq!(street.causes(), Value::Null, "day 6 of the ladder");
    street.wait_days(1);
    assert_eq!(street.causes(), json!(["payment"]), "day 7");
}

#[test]
fn a_suspension_lifted_where_billing_is_not_told_is_noticed_within_a_day() {
    let mut street = Street::behind("sandbox:declined");
    street.world.set_fact("shared.suspensions", json!(["compliance"]));
    street.wait_days(20);
    street.world.set_fact("shared.suspensions", Value::Null);
    street.wait_days(2);
    assert!(street.invoice("inv-2").dunning.expect("chased").paused_at.is_none());
    assert_eq!(street.line("inv-2"), "past-due 2999 0 0 0", "the ladder goes on where it stood, it does not catch up");
}

#[test]
fn only_billing_lifts_its_own_cause_and_the_debt_stays() {
    let lift = || SuspensionLifted { cause: Cause::Payment, actor: "ann".into() };
    let mut street = Street::behind("sandbox:declined");
    assert_eq!(street.tell(lift()).code(), Some("not-suspended"));
    street.wait_days(7);
    street.tell(lift());
    assert_eq!((street.access(), street.causes()), (json!("grace"), Value::Null));
    assert_eq!(street.line("inv-2"), "past-due 2999 0 0 0");
}

#[test]
fn a_reported_failure_needs_an_invoice_that_is_owed() {
    let mut street = Street::new();
    let failed = || PaymentFailed { reason: "no funds".into(), decline_code: None, invoice_id: None };
    assert!(street.tell(failed()).is_silent());
    street.subscribe("starter");
    assert!(street.tell(failed()).is_silent(), "it is paid");
    let mut street = Street::behind("sandbox:declined");
    let stolen = PaymentFailed { decline_code: Some("stolen_card".into()), ..failed() };
    street.tell(stolen);
    assert!(street.invoice("inv-2").dunning.expect("chased").hard, "from now on nobody tries");
    assert!(street.wait_days(7).iter().all(|judged| judged.results.is_empty()));
}

#[test]
fn five_debts_are_charged_three_and_then_two() {
    let mut street = Street::new();
    for sku in ["a", "b", "c", "d", "e"] {
        street.sell(sku, json!({}));
        street.subscribe(sku);
    }
    street.wait_until("2026-02-01T00:00:00Z");
    street.pay_by("sandbox:declined");
    for n in 1..=5 {
        street.renew(&format!("sub-{n}"));
    }
    assert_eq!(street.account().past_due.len(), 5);
    street.pay_by("card");
    assert_eq!(street.account().past_due, ["inv-9", "inv-10"]);
    street.wait_days(0);
    assert!(street.account().past_due.is_empty());
    assert_eq!(street.access(), Value::Null);
}

#[test]
fn many_subscriptions_end_within_what_a_decision_may_hold() {
    let mut street = Street::new();
    for n in 0..8 {
        let sku = format!("plan-{n}");
        street.sell(&sku, json!({}));
        street.tell(CustomerSubscribes { order_id: Some(format!("order-{n}")), ..subscribes(&sku) });
    }
    street.cancel();
    street.wait_days(0);
    let books = street.books();
    assert_eq!((books.refunded, books.unapplied, books.credited), (80_000, 0, 80_000));
}

#[test]
fn many_invoices_go_back_within_what_a_decision_may_hold() {
    let mut street = Street::new();
    for n in 0..6 {
        for (tier, minor_units) in [("low", 1_000), ("mid", 2_000), ("top", 3_000)] {
            let price = json!({ "monthly": { "minor_units": minor_units, "currency": "USD" } });
            street.sell(&format!("{tier}-{n}"), json!({ "prices": price }));
        }
        street.subscribe(&format!("low-{n}"));
        street.upgrade(&format!("low-{n}"), &format!("mid-{n}"));
        street.upgrade(&format!("mid-{n}"), &format!("top-{n}"));
    }
    assert_eq!(street.account().invoices, 18);
    street.cancel();
    street.wait_days(0);
    let books = street.books();
    assert_eq!((books.refunded, books.unapplied), (18_000, 0), "eighteen refunds, and no decision asks for so many");
}
