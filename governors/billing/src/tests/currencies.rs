//! Money of every kind: no currency has cents, until it has. The same life in yen, dollars and fils.

use syndic_sdk::prelude::*;

use super::street::{Street, subscribes};

/// Somebody who has paid for January of a vendor's small plan.
fn january(currency: &str, small: i64, big: i64) -> Street {
    let mut street = Street::new();
    for (sku, minor_units) in [("small", small), ("big", big)] {
        let price = |months: i64| json!({ "minor_units": minor_units * months, "currency": currency });
        let prices = json!({ "monthly": price(1), "annual": price(10) });
        street.sell(sku, json!({ "prices": prices, "vendor_id": "v-1", "commission_bp": 1_500 }));
    }
    street.subscribe("small");
    street
}

/// The same, when half of the month is over.
fn half_of_january(currency: &str, small: i64, big: i64) -> Street {
    let mut street = january(currency, small, big);
    street.wait_until("2026-01-16T12:00:00Z");
    street
}

fn down(street: &mut Street) {
    let new_sku = Some("small".to_owned());
    let action = ChangeAction::Downgrade;
    street.tell(SubscriptionChanged { action, new_sku, when: When::Now, subscription_id: None });
}

fn refund(street: &mut Street, amount: i64) {
    street.tell(RefundRequested { invoice_id: "inv-1".into(), amount: Some(amount), reason: "no".into() });
}

/// What went back of the commission and the vendor's part of the first invoice.
fn reversed(street: &Street) -> (i64, i64) {
    let reversed = street.invoice("inv-1").split.expect("it was paid").reversed;
    (reversed.commission.minor_units, reversed.vendor_net.minor_units)
}

#[track_caller]
fn check_up_and_back(currency: &str, (small, big): (i64, i64), net: i64) {
    let mut street = half_of_january(currency, small, big);
    street.upgrade("small", "big");
    assert_eq!(street.line("inv-2"), format!("paid {net} {net} 0 0"));
    down(&mut street);
    assert_eq!(street.line("inv-2"), format!("credited {net} 0 {net} 0"));
    assert_eq!(street.line("inv-1"), format!("paid {small} {small} 0 0"));
    let currency = currency.parse().expect("a currency");
    let books = street.books_in(currency);
    assert_eq!((books.unapplied, books.paid), (net, small), "to the minor unit");
}

#[test]
fn up_and_straight_back_nets_to_zero_in_any_currency() {
    check_up_and_back("JPY", (1_001, 2_500), 1_250 - 500); // 500.5 to even
    check_up_and_back("USD", (2_999, 9_999), 5_000 - 1_500); // 4999.5 and 1499.5
    check_up_and_back("KWD", (12_345, 45_679), 22_840 - 6_172); // 22839.5 and 6172.5
    check_up_and_back("JPY", (1, 3), 2); // 0.5 to 0, 1.5 to 2
}

#[track_caller]
fn check_reversal(currency: &str, price: i64, refunds: &[i64], (commission, vendor): (i64, i64)) {
    let mut street = january(currency, price, 2 * price);
    refunds.iter().for_each(|amount| refund(&mut street, *amount));
    assert_eq!(reversed(&street), (commission, vendor));
    assert_eq!(commission + vendor, refunds.iter().sum::<i64>());
    street.books();
}

#[test]
fn a_vendors_part_goes_back_in_proportion_however_many_refunds_there_are() {
    check_reversal("JPY", 1_001, &[333], (50, 283)); // of 150 and 851
    check_reversal("JPY", 1_001, &[111, 111, 111], (50, 283));
    check_reversal("JPY", 1_001, &[1, 1_000], (150, 851));
    check_reversal("KWD", 12_345, &[4_115, 8_230], (1_852, 10_493));
    check_reversal("USD", 2_999, &[1, 1], (0, 2));
}

#[test]
fn a_bank_takes_yen_and_the_rest_comes_back_with_the_end() {
    let mut street = january("JPY", 1_001, 2_500);
    refund(&mut street, 101);
    street.tell(DisputeOpened { invoice_id: "inv-1".into(), amount: 5_000, reason: "no".into() });
    street.tell(DisputeClosed { invoice_id: "inv-1".into(), status: DisputeStatus::Lost });
    assert_eq!(street.line("inv-1"), "charged-back 1001 0 101 900", "no more than was still held");
    assert_eq!(reversed(&street), (150, 851));
    street.cancel();
    let books = street.books_in("JPY".parse().expect("a currency"));
    assert_eq!((books.received, books.refunded, books.charged_back, books.unapplied), (1_001, 101, 900, 0));
}

#[test]
fn a_year_for_several_seats_is_changed_and_ended_to_the_minor_unit() {
    let mut street = half_of_january("KWD", 1_111, 3_333);
    let year = CustomerSubscribes { seats: 7, billing_cycle: Cycle::Annual, ..subscribes("small") };
    street.cancel();
    street.tell(year);
    assert_eq!(street.line("inv-2"), "paid 77770 77770 0 0");
    street.wait_until("2026-07-18T00:00:00Z"); // 182.5 of 365 days are left
    street.upgrade("small", "big");
    assert_eq!(street.line("inv-3"), "paid 77770 77770 0 0", "half of 233310 less half of 77770");
    street.wait_until("2026-10-17T06:00:00Z"); // and now a quarter
    street.cancel();
    let books = street.books_in("KWD".parse().expect("a currency"));
    assert_eq!(books.refunded, 556 + 58_328, "half to even of January, and a quarter of 233310");
}

#[test]
fn a_trial_is_paid_in_its_own_currency() {
    let mut street = Street::new();
    street.sell("small", json!({ "prices": { "monthly": { "minor_units": 3_000, "currency": "JPY" } } }));
    street.tell(CustomerSubscribes { trial: true, payment_method: Some("card".into()), ..subscribes("small") });
    street.pay(1_000);
    assert_eq!(street.world.value("billing.account")["unapplied"], json!({ "JPY": 1_000 }), "no currency was named");
    street.wait_days(14);
    let judged = street.renew("sub-1");
    assert!(judged.effects[0].body.contains(r#""minor_units":2000"#), "{}", judged.effects[0].body);
    assert_eq!(street.line("inv-1"), "paid 3000 3000 0 0");
}
