//! Subscribing, changing, renewing: what is charged, and when nothing is.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Outcome, World};

use super::street::{Street, subscribes};
use crate::GOVERNOR;
use crate::table::Status;

#[test]
fn a_subscription_is_invoiced_reserved_captured_and_paid() {
    let mut street = Street::new();
    let judged = street.just(CustomerSubscribes { payment_method: Some("card".into()), ..subscribes("starter") });
    let asked: Vec<_> = judged.effects.iter().map(|effect| effect.id.as_str()).collect();
    assert_eq!(asked, ["authorize-inv-1", "capture-inv-1"]);
    assert!(
        judged.effects[1].body.contains("key:evt-1/billing/authorize-inv-1"),
        "the capture names its authorisation"
    );
    assert_eq!(street.invoice("inv-1").status, Status::Capturing);

    street.carry_out();
    let invoice = street.invoice("inv-1");
    assert_eq!(street.line("inv-1"), "paid 2999 2999 0 0");
    assert_eq!((invoice.number, invoice.capture.as_deref()), (Some(1), Some("key:evt-1/billing/capture-inv-1")));
    assert_eq!(street.books().received, 2999);
    assert_eq!(street.world.value("billing.account")["payment_method"], "card");
}

#[test]
fn a_declined_subscription_is_refused_and_leaves_nothing() {
    let mut street = Street::new();
    for method in ["sandbox:declined", "sandbox:lost_card"] {
        let judged = street.tell(CustomerSubscribes { payment_method: Some(method.into()), ..subscribes("pro") });
        assert_eq!(judged.code(), Some("payment-declined"));
    }
    assert!(street.world.facts().is_empty());
}

#[test]
fn the_undo_of_a_reservation_names_the_method_as_the_reservation_does() {
    let mut street = Street::new();
    let judged = street.just(CustomerSubscribes { payment_method: Some("card".into()), ..subscribes("pro") });
    let undo = judged.effects[0].undo.as_ref().expect("a reservation can be undone");
    assert_eq!(undo.action, "void-authorization");
    assert!(undo.body.contains(r#""payment_method":"card""#), "{}", undo.body);
}

#[test]
fn a_payment_service_that_does_not_answer_undoes_the_reservation() {
    let mut street = Street::new();
    let judged =
        street.tell(CustomerSubscribes { payment_method: Some("sandbox:timeout".into()), ..subscribes("pro") });
    assert_eq!((judged.code(), judged.undone.len()), (Some("EffectFailed"), 1));
    assert!(street.world.facts().is_empty());
}

#[test]
fn questions_of_other_slots_are_left_to_them() {
    let mut street = Street::new();
    assert!(street.subscribe("no-such-plan").is_silent());
    assert!(street.upgrade("starter", "pro").is_silent());
    assert!(street.renew("sub-9").is_silent());
    assert!(street.cancel().is_silent());
    assert!(street.change(ChangeAction::Downgrade, When::Now).is_silent());
}

#[test]
fn free_plans_and_trials_cost_nothing_yet() {
    let mut street = Street::new();
    street.subscribe("free");
    street.tell(CustomerSubscribes { trial: true, ..subscribes("pro") });
    assert_eq!(street.account().invoices, 0);
}

#[test]
fn a_plan_sold_by_contract_needs_a_price() {
    let mut street = Street::new();
    assert_eq!(street.subscribe("enterprise").code(), Some("no-contract-price"));
    let contract_price = Some(Money::new(1_000_000, "EUR".parse().expect("a currency")));
    street.tell(CustomerSubscribes { contract_price, seats: 40, ..subscribes("enterprise") });
    assert_eq!(street.invoice("inv-1").gross.to_string(), "10000.00 EUR", "the whole period, all seats");
}

#[test]
fn a_year_of_three_seats_is_one_line_rounded_once() {
    let mut street = Street::new();
    street.tell(CustomerSubscribes { seats: 3, billing_cycle: Cycle::Annual, ..subscribes("starter") });
    assert_eq!(street.line("inv-1"), "paid 97168 97168 0 0");
}

#[test]
fn an_order_has_paid_already() {
    let mut street = Street::new();
    let judged = street.tell(CustomerSubscribes { order_id: Some("order-7".into()), ..subscribes("starter") });
    assert!(judged.effects.is_empty(), "nothing is authorised or captured again");
    assert_eq!(street.line("inv-1"), "paid 2999 2999 0 0");
    let judged = street.cancel();
    assert!(judged.effects[0].body.contains(r#""order":"order-7""#), "the refund goes back to the order");
}

#[test]
fn an_order_pays_for_a_plan_once() {
    let mut street = Street::new();
    let ordered = |seats| CustomerSubscribes { order_id: Some("order-7".into()), seats, ..subscribes("starter") };
    street.tell(ordered(1));
    street.cancel();
    assert_eq!(street.world.judge(ordered(1)).outcome, Outcome::Duplicate);
    assert_eq!(street.world.judge(ordered(2)).outcome, Outcome::Violation);
    assert_eq!(street.account().invoices, 1);
}

#[test]
fn no_text_from_outside_fills_a_fact() {
    let mut street = Street::new();
    let long = "\u{1}\"ä".repeat(15_000);
    let method = CustomerSubscribes { payment_method: Some(long.clone()), ..subscribes("pro") };
    assert_eq!(street.tell(method).code(), Some("payment-declined"));
    let order = CustomerSubscribes { order_id: Some(long.clone()), ..subscribes("pro") };
    assert_eq!(street.tell(order).code(), Some("payment-declined"));
    street.subscribe("pro");
    assert_eq!(street.pay_by(&long).code(), Some("payment-declined"));
    let refund = |_| RefundRequested { invoice_id: "inv-1".into(), amount: Some(1), reason: long.clone() };
    (0..100).map(refund).for_each(|refund| drop(street.tell(refund)));
    street.tell(DisputeOpened { invoice_id: "inv-1".into(), amount: 1, reason: long.clone() });
    street.wait_until("2026-02-01T00:00:00Z");
    street.pay_by("sandbox:declined");
    street.renew("sub-1");
    let failed = PaymentFailed { reason: long.clone(), decline_code: Some(long.clone()), invoice_id: None };
    street.tell(failed);
    let sizes = street.world.facts().into_iter().map(|(fact, value)| (value.to_string().len(), fact.name.clone()));
    let largest = sizes.max().expect("there are facts");
    assert!(largest.0 < 48 << 10, "a hundred corrections, and room for what comes: {largest:?}");
}

#[test]
fn credit_is_used_before_the_card() {
    let mut street = Street::new();
    street.pay(1_000);
    let judged = street.subscribe("starter");
    assert!(judged.effects[0].body.contains(r#""minor_units":1999"#), "{}", judged.effects[0].body);
    assert_eq!((street.line("inv-1").as_str(), street.credit()), ("paid 2999 2999 0 0", 0));
    street.pay(20_000);
    assert!(street.subscribe("pro").effects.is_empty(), "covered");
    assert_eq!(street.credit(), 10_001);
}

#[test]
fn tax_is_a_part_of_every_line() {
    let mut street = Street::of(World::new(&GOVERNOR).config("tax_bp", "1900").config("tax_code", "DE-19"));
    street.subscribe("starter");
    let invoice = street.invoice("inv-1");
    assert_eq!((invoice.tax.minor_units, invoice.gross.minor_units), (570, 3569));
    assert_eq!(invoice.lines[0].tax_code.as_deref(), Some("DE-19"));
    let split = invoice.split.expect("paid");
    assert_eq!((split.parts.tax.minor_units, split.parts.commission.minor_units), (570, 2999));
}

#[test]
fn what_is_credited_carries_the_tax_it_was_charged_with() {
    let mut street = Street::of(World::new(&GOVERNOR).config("tax_bp", "1900"));
    street.subscribe("starter");
    street.world = std::mem::replace(&mut street.world, World::new(&GOVERNOR)).config("tax_bp", "700");
    street.upgrade("starter", "pro");
    let taxes: Vec<_> = street.invoice("inv-2").lines.iter().map(|line| line.tax.minor_units).collect();
    assert_eq!(taxes, [-570, 700], "19 % back, and 7 % on the new plan");
    street.cancel();
    let books = street.books();
    assert_eq!((books.paid, books.unapplied, books.refunded), (0, 0, 9_999 + 700), "all of it, and not a cent more");
}

#[test]
fn an_upgrade_charges_the_difference_for_the_time_that_is_left() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.wait_until("2026-01-16T12:00:00Z"); // half of January
    street.upgrade("starter", "pro");
    let nets: Vec<_> = street.invoice("inv-2").lines.iter().map(|line| line.net.minor_units).collect();
    assert_eq!(nets, [-1500, 5000], "half of each line, half to even");
    assert_eq!(street.line("inv-2"), "paid 3500 3500 0 0");
}

#[test]
fn up_and_straight_back_nets_to_zero() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.wait_until("2026-01-11T07:08:09.123Z");
    street.upgrade("starter", "pro");
    let charged = street.invoice("inv-2").gross.minor_units;
    street.change(ChangeAction::Downgrade, When::Now);
    assert_eq!(street.credit(), charged);
    assert_eq!(street.line("inv-2"), format!("credited {charged} 0 {charged} 0"));
    assert_eq!(street.line("inv-1"), "paid 2999 2999 0 0");
    assert!(street.upgrade("starter", "pro").effects.is_empty(), "the credit pays for going up again");
    assert_eq!(street.books().received, 2999 + charged);
}

#[test]
fn a_declined_upgrade_leaves_the_old_plan_as_it_was() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.pay_by("sandbox:declined");
    let before = street.world.value("billing.plan.sub-1");
    assert_eq!(street.upgrade("starter", "pro").code(), Some("payment-declined"));
    assert_eq!((street.world.value("billing.plan.sub-1"), street.account().invoices), (before, 1));
}

#[test]
fn two_currencies_are_never_netted() {
    let mut street = Street::new();
    street.sell("gold", json!({ "prices": { "monthly": { "minor_units": 50_000, "currency": "EUR" } } }));
    street.subscribe("starter");
    assert_eq!(street.upgrade("starter", "gold").code(), Some("currency-mismatch"));
}

#[test]
fn a_change_to_a_contract_costs_what_was_agreed() {
    let mut street = Street::new();
    street.subscribe("pro");
    let to_contract =
        |contract_price| CustomerUpgrades { old_sku: "pro".into(), new_sku: "enterprise".into(), contract_price };
    assert_eq!(street.tell(to_contract(None)).code(), Some("no-contract-price"));
    let euros = Money::new(500_000, "EUR".parse().expect("a currency"));
    assert_eq!(street.tell(to_contract(Some(euros))).code(), Some("currency-mismatch"));
    street.wait_until("2026-01-16T12:00:00Z");
    street.tell(to_contract(Some(Money::new(500_000, Currency::USD))));
    assert_eq!(street.line("inv-2"), "paid 245000 245000 0 0", "half of it, less half of 9999, half to even");
    street.cancel();
    assert_eq!(street.books().refunded, 250_000);
}

#[test]
fn a_customer_keeps_the_price_of_the_period() {
    let mut street = Street::new();
    street.sell("gold", json!({}));
    street.subscribe("gold");
    street.sell("gold", json!({ "prices": { "monthly": { "minor_units": 15_000, "currency": "USD" } } }));
    street.wait_until("2026-02-01T00:00:00Z");
    street.renew("sub-1");
    assert_eq!(street.line("inv-2"), "paid 15000 15000 0 0", "the new price from the new period on");
    street.sell("gold", json!({}));
    street.cancel();
    assert_eq!(street.line("inv-2"), "credited 15000 0 15000 0", "what was paid comes back, not what it costs now");
}

#[test]
fn a_declined_renewal_is_grace_and_not_a_refusal() {
    let street = Street::behind("sandbox:declined");
    assert_eq!(street.line("inv-2"), "past-due 2999 0 0 0");
    assert_eq!((street.access(), street.causes()), (json!("grace"), Value::Null));
    assert_eq!(street.subs()[0].end, Time::from_date(2026, 3, 1), "the period goes on");
}

#[test]
fn a_trial_that_nobody_can_pay_waits_for_a_method() {
    let mut street = Street::new();
    street.tell(CustomerSubscribes { trial: true, ..subscribes("pro") });
    street.wait_days(14);
    assert!(street.renew("sub-1").is_silent(), "no method, no invoice: the trial just ends");
    let judged = street.pay_by("card");
    assert_eq!(judged.raises.len(), 1, "RenewalDue");
    assert_eq!(street.line("inv-1"), "paid 9999 9999 0 0");
}

#[test]
fn a_trial_that_ends_in_a_decline_has_three_days() {
    let mut street = Street::new();
    street.tell(CustomerSubscribes {
        trial: true,
        payment_method: Some("sandbox:declined".into()),
        ..subscribes("pro")
    });
    street.wait_days(14);
    street.renew("sub-1");
    assert_eq!(street.line("inv-1"), "past-due 9999 0 0 0");
    street.wait_days(3);
    assert_eq!(street.line("inv-1"), "written-off 9999 0 9031 968", "three days of 31 were used");
    assert_eq!((street.subs()[0].status.is_live(), street.access()), (false, Value::Null));
}

#[test]
fn reactivation_is_a_new_period() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.cancel();
    assert_eq!(street.world.value("billing.plan.sub-1"), Value::Null);
    street.wait_days(5);
    street.change(ChangeAction::Reactivate, When::Now);
    assert_eq!(street.line("inv-2"), "paid 2999 2999 0 0");
    street.cancel();
    street.pay_by("sandbox:declined");
    let judged = street.change(ChangeAction::Reactivate, When::Now);
    assert!(matches!(judged.outcome, Outcome::Refused(_)));
}

#[test]
fn an_early_renewal_forgets_nothing_that_is_still_the_customers() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.wait_until("2026-01-31T00:00:00Z");
    street.renew("sub-1");
    street.cancel();
    assert_eq!(street.line("inv-2"), "credited 2999 0 2999 0");
    // One of January's 31 days is left.
    assert_eq!(street.line("inv-1"), "paid 2999 2902 97 0");
}

#[test]
fn after_an_early_renewal_up_and_straight_back_still_nets_to_zero() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.wait_until("2026-01-29T00:00:00Z");
    street.renew("sub-1");
    street.upgrade("starter", "pro");
    // 3 of 31 days and the whole of February, each at the difference of 7000.
    assert_eq!(street.line("inv-3"), "paid 7678 7678 0 0");
    street.change(ChangeAction::Downgrade, When::Now);
    assert_eq!((street.line("inv-3").as_str(), street.credit()), ("credited 7678 0 7678 0", 7_678));
}
