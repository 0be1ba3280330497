//! Cancellations, refunds, disputes, overage, service credits.

use syndic_sdk::prelude::*;

use super::street::{Street, subscribes};

fn refund(invoice: &str, amount: Option<i64>) -> RefundRequested {
    RefundRequested { invoice_id: invoice.into(), amount, reason: "not what I wanted".into() }
}

fn paid() -> Street {
    let mut street = Street::new();
    street.subscribe("starter");
    street
}

#[test]
fn a_cancellation_credits_what_was_not_used_and_refunds_it() {
    let mut street = paid();
    street.wait_until("2026-01-11T00:00:00Z");
    let judged = street.cancel();
    assert_eq!(street.line("inv-1"), "paid 2999 967 2032 0", "21 of 31 days");
    assert!(judged.effects[0].body.contains("key:evt-1/billing/capture-inv-1"), "to the capture it came from");
    let books = street.books();
    assert_eq!((books.refunded, books.unapplied), (2032, 0));
    let invoice = street.invoice("inv-1");
    assert_eq!(invoice.credit_notes[0].number, Some(1), "a credit note has a number of its own");
    assert!(street.cancel().is_silent());
}

#[test]
fn at_the_periods_end_nothing_is_left_to_give_back() {
    let mut street = paid();
    let at_end = CustomerCancels { when: When::PeriodEnd, ..CustomerCancels::default() };
    assert!(street.tell(at_end).is_silent());
    street.wait_until("2026-02-01T00:00:00Z");
    street.cancel();
    assert_eq!((street.line("inv-1").as_str(), street.books().refunded), ("paid 2999 2999 0 0", 0));
}

#[test]
fn debts_are_paid_before_money_goes_back() {
    let mut street = Street::new();
    street.tell(CustomerSubscribes { billing_cycle: Cycle::Annual, ..subscribes("starter") });
    street.subscribe("pro");
    street.wait_until("2026-02-01T00:00:00Z");
    street.pay_by("sandbox:declined");
    street.renew("sub-2");
    assert_eq!(street.line("inv-3"), "past-due 9999 0 0 0");
    street.tell(CustomerCancels { subscription_id: Some("sub-1".into()), ..CustomerCancels::default() });
    assert_eq!(street.line("inv-1"), "paid 32389 2751 29638 0", "31 of 365 days were used");
    assert_eq!((street.line("inv-3").as_str(), street.access()), ("paid 9999 9999 0 0", Value::Null));
    assert_eq!(street.books().refunded, 29_638 - 9_999);
}

#[test]
fn a_transfer_that_paid_is_credit_and_not_refunded_by_a_cancellation() {
    let mut street = Street::new();
    street.pay(2_999);
    street.subscribe("starter");
    street.cancel();
    let books = street.books();
    assert_eq!((books.refunded, books.unapplied), (0, 2_999), "only captured money goes back by itself");
}

#[test]
fn a_refund_never_exceeds_what_is_held() {
    let mut street = paid();
    assert_eq!(street.tell(refund("inv-9", None)).code(), Some("invoice-unknown"));
    assert_eq!(street.tell(refund("inv-1", Some(3_000))).code(), Some("not-refundable"));
    street.tell(refund("inv-1", Some(1_000)));
    assert_eq!(street.tell(refund("inv-1", Some(2_000))).code(), Some("not-refundable"));
    street.tell(refund("inv-1", None));
    assert_eq!(street.line("inv-1"), "credited 2999 0 2999 0");
    assert_eq!(street.tell(refund("inv-1", None)).code(), Some("not-refundable"));
    assert_eq!(street.books().refunded, 2_999);
    street.cancel();
    assert_eq!(street.books().refunded, 2_999, "and a cancellation finds nothing more");
}

#[test]
fn a_late_refund_is_a_persons_to_grant() {
    let mut street = paid();
    street.wait_days(15);
    assert_eq!(street.tell(refund("inv-1", None)).code(), Some("refund-too-late"));
    let ruling = |decision, amount| OperatorDecided {
        about: About::Refund,
        id: Some("inv-1".into()),
        decision,
        amount,
        actor: "ann".into(),
    };
    street.tell(ruling(Ruling::Reject, None));
    assert_eq!(street.books().refunded, 0);
    street.tell(ruling(Ruling::Accept, Some(500)));
    assert_eq!(street.books().refunded, 500);
    let nothing = OperatorDecided { id: None, ..ruling(Ruling::Accept, None) };
    assert_eq!(street.tell(nothing).code(), Some("nothing-to-decide"));
}

#[test]
fn a_refund_that_fails_is_credit_again_and_a_person_sees_to_it() {
    let mut street = paid();
    street.just(refund("inv-1", Some(1_000)));
    let judged = street.settle("refund-inv-1-1", Settled::Failed);
    assert_eq!(judged.effects[0].action, "ticket");
    let books = street.books();
    assert_eq!((books.refunded, books.unapplied), (0, 1_000));
}

#[test]
fn a_refund_that_is_sent_again_and_comes_through_takes_the_credit_back() {
    let mut street = paid();
    street.just(refund("inv-1", Some(1_000)));
    street.settle("refund-inv-1-1", Settled::Expired);
    assert_eq!((street.books().refunded, street.books().unapplied), (0, 1_000));
    assert!(street.resend("refund-inv-1-1", Settled::Done).effects.is_empty());
    assert_eq!((street.books().refunded, street.books().unapplied), (1_000, 0));
}

#[test]
fn a_refund_that_comes_through_after_its_credit_was_spent_is_told_to_a_person() {
    let mut street = paid();
    street.just(refund("inv-1", Some(2_999)));
    street.settle("refund-inv-1-1", Settled::Expired);
    street.renew("sub-1");
    assert_eq!(street.books().unapplied, 0, "the next period was paid with it");
    let judged = street.resend("refund-inv-1-1", Settled::Done);
    assert!(judged.effects[0].action == "ticket" && judged.effects[0].body.contains("refund-twice"));
    assert_eq!(street.books().refunded, 0);
}

fn dispute(amount: i64) -> DisputeOpened {
    DisputeOpened { invoice_id: "inv-1".into(), amount, reason: "unknown charge".into() }
}

fn closed(status: DisputeStatus) -> DisputeClosed {
    DisputeClosed { invoice_id: "inv-1".into(), status }
}

#[test]
fn a_dispute_freezes_refunds_until_the_bank_has_decided() {
    let mut street = paid();
    street.tell(dispute(2_999));
    assert_eq!(street.tell(refund("inv-1", None)).code(), Some("disputed"));
    assert!(street.tell(dispute(2_999)).is_silent(), "it is open already");
    street.tell(closed(DisputeStatus::Won));
    assert_eq!(street.line("inv-1"), "paid 2999 2999 0 0");
    assert!(street.tell(closed(DisputeStatus::Lost)).is_silent(), "there is none any more");
}

#[test]
fn a_lost_dispute_takes_the_money_and_every_bodys_part() {
    let mut street = Street::new();
    street.sell("tool", json!({ "vendor_id": "v-1", "commission_bp": 1_500 }));
    street.subscribe("tool");
    street.tell(dispute(50_000));
    let payout = |street: &Street| json!(street.invoice("inv-1").split.expect("paid").payout);
    street.wait_days(20);
    assert_eq!(payout(&street), "frozen", "its fourteen days are over, and it is held all the same");
    street.tell(closed(DisputeStatus::Lost));
    assert_eq!(street.line("inv-1"), "charged-back 10000 0 0 10000");
    let reversed = street.invoice("inv-1").split.expect("paid").reversed;
    assert_eq!((reversed.commission.minor_units, reversed.vendor_net.minor_units), (1_500, 8_500));
    assert_eq!(street.books().charged_back, 10_000, "never more than was held");
}

#[test]
fn what_a_bank_asks_beyond_what_is_held_is_a_ticket() {
    let mut street = Street::new();
    street.subscribe("pro");
    street.change(ChangeAction::Downgrade, When::Now);
    assert_eq!((street.line("inv-1").as_str(), street.credit()), ("paid 9999 2999 7000 0", 7_000));
    let asked = street.tell(dispute(9_999));
    let ticket = asked.effect("disputed-beyond-inv-1").expect("a person has to know");
    assert!(ticket.body.contains(r#""held":2999"#), "{}", ticket.body);
    street.tell(closed(DisputeStatus::Lost));
    assert_eq!((street.books().charged_back, street.credit()), (2_999, 7_000));
    assert_eq!(street.tell(dispute(9_999)).effects.len(), 1, "nothing is held any more");
    assert_eq!(street.line("inv-1"), "charged-back 9999 0 7000 2999");
}

#[test]
fn a_dispute_lost_in_part_leaves_the_rest_paid() {
    let mut street = paid();
    street.tell(dispute(1_000));
    street.tell(closed(DisputeStatus::Lost));
    assert_eq!(street.line("inv-1"), "paid 2999 1999 0 1000");
}

#[test]
fn what_a_cancellation_frees_waits_for_the_dispute() {
    let mut street = paid();
    street.tell(dispute(2_999));
    street.cancel();
    assert_eq!(street.books().refunded, 0);
    street.tell(closed(DisputeStatus::Won));
    assert_eq!((street.line("inv-1").as_str(), street.books().refunded), ("credited 2999 0 2999 0", 2_999));
}

#[test]
fn a_dispute_of_120_days_is_a_ticket() {
    let mut street = paid();
    street.tell(dispute(2_999));
    let fired = street.wait_days(120);
    assert_eq!(fired.last().map(|judged| judged.effects[0].action.as_str()), Some("ticket"));
}

fn metered() -> Street {
    let mut street = Street::new();
    let rate = json!({ "requests": { "minor_units": 5, "currency": "USD", "per": 1_000 } });
    street.sell("api", json!({ "overage": rate }));
    street.subscribe("api");
    street
}

fn over(resource: &str, current_usage: i64) -> UsageExceedsQuota {
    UsageExceedsQuota { resource: resource.into(), current_usage, limit: 1_000_000 }
}

#[test]
fn overage_is_one_line_per_resource_billed_when_the_period_closes() {
    let mut street = metered();
    street.tell(over("requests", 1_200_000));
    street.tell(over("requests", 1_500_500));
    assert!(street.tell(over("requests", 1_400_000)).is_silent(), "only the highest use counts");
    street.tell(over("storage_gb", 2_000_000));
    assert_eq!(street.account().invoices, 1);
    street.wait_until("2026-02-01T00:00:00Z");
    assert_eq!(street.line("inv-2"), "paid 2502 2502 0 0", "500,500 at 5 a thousand, half to even");
    assert_eq!(street.invoice("inv-2").lines.len(), 1, "no rate, no line");
    street.wait_until("2026-03-02T00:00:00Z");
    assert_eq!(street.account().invoices, 2, "once");
}

#[test]
fn overage_of_a_vendors_product_is_the_vendors_too() {
    let mut street = metered();
    let rate = |resource: &str| json!({ resource: { "minor_units": 1, "currency": "USD", "per": 1_000 } });
    street.sell("mill", json!({ "overage": rate("bags"), "vendor_id": "v-1", "commission_bp": 1_500 }));
    street.subscribe("mill");
    street.tell(over("requests", 1_200_000));
    street.tell(over("bags", 2_000_000));
    street.wait_until("2026-02-01T00:00:00Z");
    let parts = |id: &str| street.invoice(id).split.map(|split| (split.parts.commission, split.parts.vendor_net));
    let usd = |minor_units| Money::new(minor_units, Currency::USD);
    assert_eq!(parts("inv-3"), Some((usd(1_000), usd(0))), "our own");
    assert_eq!(parts("inv-4"), Some((usd(150), usd(850))), "one invoice for each vendor");
    street.books();
}

#[test]
fn the_limit_in_the_facts_rules_and_not_the_meters() {
    let mut street = metered();
    let limits = json!({ "requests": { "limit": 1_400_000, "hard": false }, "storage_gb": { "hard": false } });
    street.world.set_fact("quota-sla.limits", limits);
    assert!(street.tell(over("requests", 1_300_000)).is_silent(), "within what was sold");
    assert!(street.tell(over("storage_gb", 9_000_000)).is_silent(), "unlimited");
    assert!(street.tell(over(&"r".repeat(101), 9_000_000)).is_silent());
    street.tell(over("requests", 1_500_000));
    street.wait_until("2026-02-01T00:00:00Z");
    assert_eq!(street.line("inv-2"), "paid 500 500 0 0");
}

#[test]
fn use_that_costs_more_than_can_be_counted_keeps_nobody_from_leaving() {
    let mut street = Street::new();
    let rate = |minor_units: i64| json!({ "minor_units": minor_units, "currency": "USD", "per": 1 });
    street.sell("api", json!({ "overage": { "requests": rate(syndic_sdk::SAFE_MAX), "storage_gb": rate(1) } }));
    street.subscribe("api");
    street.tell(over("requests", 1_500_000));
    street.tell(over("storage_gb", 1_000_007));
    street.cancel();
    assert_eq!(street.invoice("inv-2").gross.minor_units, 7);
}

#[test]
fn a_customer_who_leaves_pays_for_overage_from_what_comes_back() {
    let mut street = metered();
    street.tell(over("requests", 2_000_000));
    street.cancel();
    assert_eq!(street.line("inv-2"), "paid 5000 5000 0 0");
    assert_eq!(street.books().refunded, 5_000, "10,000 unused less 5,000 owed");
    street.wait_until("2026-03-01T00:00:00Z");
    assert_eq!(street.account().invoices, 2);
}

#[test]
fn overage_that_is_declined_is_chased_like_anything_else() {
    let mut street = metered();
    street.tell(over("requests", 2_000_000));
    street.pay_by("sandbox:declined");
    street.wait_until("2026-02-01T00:00:00Z");
    assert_eq!((street.line("inv-2").as_str(), street.access()), ("past-due 5000 0 0 0", json!("grace")));
}

#[test]
fn overage_is_issued_even_when_nobody_answers() {
    let mut street = metered();
    street.tell(over("requests", 2_000_000));
    street.pay_by("sandbox:timeout");
    street.wait_until("2026-02-02T00:00:00Z");
    assert_eq!(street.line("inv-2"), "past-due 5000 0 0 0");
}

#[test]
fn a_month_is_credited_once() {
    let mut street = paid();
    let measured = |period: &str| SlaMeasured { period: period.into(), uptime_ppm: 900_000, p99_ms: 1, error_ppm: 0 };
    street.tell(measured("2026-01"));
    assert_eq!((street.line("inv-1").as_str(), street.credit()), ("paid 2999 2249 750 0", 750));
    assert!(street.tell(measured("2026-01")).is_silent());
    assert!(street.tell(measured("2025-12")).is_silent(), "before the customer came");
}
