//! Double entry: what each kind of decision writes, and that one which does not balance is never let out.

use syndic_sdk::prelude::*;

use super::street::{Street, payment, subscribes};
use crate::account::Account;
use crate::books;

/// The entries from number `from` on, in words.
fn entries(street: &Street, from: u64) -> Vec<String> {
    (from..=street.account().entries).map(|n| entry(&street.world.value(&format!("billing.entry.{n}")))).collect()
}

fn entry(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let side = |side: &str| {
        let lines = entry["lines"].as_array().into_iter().flatten().filter(|line| line["side"] == side);
        let told = lines.map(|line| format!("{} {}", text(&line["account"]), line["amount"]["minor_units"]));
        told.collect::<Vec<_>>().join(", ")
    };
    let why = [&entry["why"]["event"], &entry["why"]["of"]].map(text).join(" ");
    format!("{}: {} = {}", why.trim(), side("debit"), side("credit"))
}

#[track_caller]
fn check(street: &Street, from: u64, expected: &[&str]) {
    assert_eq!(entries(street, from), expected);
    street.books();
}

fn refund(amount: i64) -> RefundRequested {
    RefundRequested { invoice_id: "inv-1".into(), amount: Some(amount), reason: "no".into() }
}

#[test]
fn the_life_of_a_vendors_invoice_in_entries() {
    let mut street = Street::new();
    street.sell("tool", json!({ "vendor_id": "v-1", "commission_bp": 1_500 }));
    street.subscribe("tool");
    street.tell(refund(1_000));
    street.tell(DisputeOpened { invoice_id: "inv-1".into(), amount: 500, reason: "no".into() });
    street.tell(DisputeClosed { invoice_id: "inv-1".into(), status: DisputeStatus::Lost });
    check(
        &street,
        1,
        &[
            "CustomerSubscribes: receivable 10000 = revenue 10000",
            "EffectSettled capture-inv-1: cash 10000, revenue 10000 = receivable 10000, commission 1500, vendor-payable 8500",
            "RefundRequested: commission 150, vendor-payable 850 = refunds-due 1000",
            "EffectSettled refund-inv-1-1: refunds-due 1000 = cash 1000",
            "DisputeClosed: commission 75, vendor-payable 425, chargebacks 500 = cash 500, revenue 500",
        ],
    );
    let entry = street.world.value("billing.entry.5");
    assert_eq!((&entry["at"], &entry["why"]["invoices"]), (&json!("2026-01-01T00:00:00Z"), &json!(["inv-1"])));
}

#[test]
fn credit_that_is_used_and_debts_that_are_given_up_in_entries() {
    let mut street = Street::behind("sandbox:declined");
    let before = street.account().entries;
    street.tell(payment(1_000, "a-part"));
    let euros = PaymentProcessed { currency: "EUR".parse().ok(), ..payment(70, "euros") };
    street.tell(euros);
    street.wait_days(10);
    check(
        &street,
        before + 1,
        &[
            "PaymentProcessed: cash 1000 = receivable 1000",
            "PaymentProcessed: cash 70 = customer-credit 70",
            // 18 of 28 days were not used.
            "TimerFired give-up-inv-2: revenue 1928, write-offs 71 = receivable 1999",
        ],
    );
}

#[test]
fn where_no_money_moves_there_is_no_entry() {
    let mut street = Street::behind("sandbox:lost_card");
    let before = street.account().entries;
    street.tell(PaymentFailed { reason: "no".into(), decline_code: None, invoice_id: None });
    street.tell(PaymentMethodUpdated { payment_method: "sandbox:declined".into() });
    street.tell(CustomerSubscribes { trial: true, ..subscribes("pro") });
    street.tell(DisputeOpened { invoice_id: "inv-1".into(), amount: 500, reason: "no".into() });
    assert_eq!(street.account().entries, before);
}

#[test]
fn money_from_nowhere_is_a_fault() {
    let mut after = Account::default();
    after.receive(Currency::USD, 500);
    let lines = books::lines(&Account::default(), &after, [].into_iter()).expect("it lies there as credit");
    assert_eq!(lines.len(), 2);
    after.apply(Currency::USD, 1);
    let fault = books::lines(&Account::default(), &after, [].into_iter()).expect_err("a cent is in no invoice");
    assert_eq!(
        (fault.code.as_str(), fault.message.as_str()),
        ("broken-books", "USD: money came from nowhere, or went there")
    );
    after.apply(Currency::USD, -1);
    after.charge_back(Currency::USD, 1);
    let fault = books::lines(&Account::default(), &after, [].into_iter()).expect_err("of which invoice?");
    assert_eq!(fault.code, "broken-books");
    after.charge_back(Currency::USD, -1);
    after.apply(Currency::USD, 501);
    let fault = books::lines(&Account::default(), &after, [].into_iter()).expect_err("and now there is too little");
    assert_eq!(fault.message, "USD: more credit was used than there is");
}
