//! Payments that arrive, captures that do not, approvals.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::Outcome;

use super::street::{Street, payment, subscribes};

#[test]
fn money_nobody_asked_for_is_kept_as_credit() {
    let mut street = Street::new();
    let judged = street.pay(500);
    assert!(judged.is_completed());
    assert_eq!((street.credit(), street.books().received), (500, 500));
}

#[test]
fn a_payment_counts_once() {
    let mut street = Street::new();
    street.tell(payment(500, "k"));
    assert_eq!(street.tell(payment(500, "k")).outcome, Outcome::Duplicate);
    assert_eq!(street.tell(payment(501, "k")).outcome, Outcome::Violation);
    assert_eq!(street.credit(), 500);
}

#[test]
fn less_is_partial_and_more_is_credit() {
    let mut street = Street::behind("sandbox:declined");
    street.pay(1_000);
    assert_eq!(street.line("inv-2"), "partial 2999 1000 0 0");
    assert_eq!(street.access(), "grace", "the rest is still past due");
    street.pay(2_000);
    assert_eq!((street.line("inv-2").as_str(), street.credit()), ("paid 2999 2999 0 0", 1));
    assert_eq!(street.access(), Value::Null);
}

#[test]
fn not_a_cent_is_tolerated_away() {
    let mut street = Street::behind("sandbox:declined");
    street.pay(2_998);
    assert_eq!(street.line("inv-2"), "partial 2999 2998 0 0");
}

#[test]
fn a_payment_for_a_named_invoice_goes_nowhere_else() {
    let mut street = Street::behind("sandbox:declined");
    let named = |id: &str, key: &str| PaymentProcessed { invoice_id: Some(id.into()), ..payment(2_999, key) };
    street.tell(named("inv-1", "to-a-paid-one"));
    street.tell(named("inv-77", "to-an-unknown-one"));
    assert_eq!((street.line("inv-2").as_str(), street.credit()), ("past-due 2999 0 0 0", 5_998));
    street.tell(named("inv-2", "to-the-open-one"));
    assert_eq!((street.line("inv-2").as_str(), street.credit()), ("paid 2999 2999 0 0", 5_998));
}

#[test]
fn another_currency_is_kept_and_never_summed() {
    let mut street = Street::behind("sandbox:declined");
    let currency = "EUR".parse().ok();
    street.tell(PaymentProcessed { currency, ..payment(2_999, "euros") });
    assert_eq!(street.line("inv-2"), "past-due 2999 0 0 0");
    assert_eq!(street.world.value("billing.account")["unapplied"]["EUR"], 2_999);
    street.books();
}

#[test]
fn a_payment_that_names_no_currency_has_its_invoices() {
    let mut street = Street::behind("sandbox:declined");
    street.pay(2_999);
    street.sell("euro", json!({ "prices": { "monthly": { "minor_units": 5_000, "currency": "EUR" } } }));
    street.tell(CustomerSubscribes { order_id: Some("order-1".into()), ..subscribes("euro") });
    street.wait_until("2026-03-01T00:00:00Z");
    street.renew("sub-2");
    assert_eq!(street.line("inv-4"), "past-due 5000 0 0 0");
    street.tell(payment(5_000, "k"));
    assert_eq!(street.line("inv-4"), "paid 5000 5000 0 0", "the only one that is open is in euros");
    assert_eq!(street.tell(payment(5_000, "k")).outcome, Outcome::Duplicate, "and told again it still is");
    let named = |id: &str| PaymentProcessed { invoice_id: Some(id.into()), ..payment(10, id) };
    street.tell(named("inv-3"));
    street.tell(named("inv-1"));
    assert_eq!(street.world.value("billing.account")["unapplied"], json!({ "EUR": 10, "USD": 10 }));
}

#[test]
fn a_payment_in_another_currency_leaves_the_invoice_it_names() {
    let mut street = Street::behind("sandbox:declined");
    let invoice_id = Some("inv-2".to_owned());
    street.tell(PaymentProcessed { currency: "KWD".parse().ok(), invoice_id, ..payment(2_999, "dinars") });
    assert_eq!((street.line("inv-2").as_str(), street.access()), ("past-due 2999 0 0 0", json!("grace")));
    assert_eq!(street.world.value("billing.account")["unapplied"]["KWD"], 2_999);
}

#[test]
fn the_providers_echo_of_our_own_capture_counts_nothing() {
    let mut street = Street::new();
    street.just(subscribes("starter"));
    let key = "key:evt-1/billing/capture-inv-1";
    street.carry_out();
    assert!(street.tell(payment(2_999, key)).is_silent());
    assert_eq!(street.books().received, 2_999);
}

#[test]
fn an_echo_that_comes_before_the_capture_settles_counts_once() {
    let mut street = Street::new();
    street.just(subscribes("starter"));
    street.just(payment(2_999, "key:evt-1/billing/capture-inv-1"));
    assert_eq!(street.line("inv-1"), "capturing 2999 0 0 0", "its money is on the way already");
    street.carry_out();
    assert_eq!((street.line("inv-1").as_str(), street.books().received), ("paid 2999 2999 0 0", 2_999));
}

#[test]
fn no_key_stands_in_a_facts_name() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.tell(payment(500, "ann@example.com 4242"));
    let names: Vec<_> = street.world.facts().into_iter().map(|(fact, _)| fact.name.clone()).collect();
    assert!(names.iter().all(|name| !name.contains("ann") && !name.contains("key:")), "{names:?}");
    let digest = "14b9cd7da44abbc77a40b3f7b0b4ff9e33abfb20670851b33c2d919377a1aa69";
    assert!(names.iter().any(|name| *name == format!("billing.payment.{digest}")), "{names:?}");
}

#[test]
fn an_early_echo_that_names_no_currency_has_the_captures() {
    let mut street = Street::new();
    street.subscribe("starter");
    street.sell("euro", json!({ "prices": { "monthly": { "minor_units": 5_000, "currency": "EUR" } } }));
    street.just(subscribes("euro"));
    let capture = street.world.pending().concat();
    assert_eq!(capture, "capture-inv-2");
    street.just(payment(5_000, "key:evt-3/billing/capture-inv-2"));
    street.carry_out();
    assert_eq!(street.line("inv-2"), "paid 5000 5000 0 0");
    assert_eq!(street.account().received, [("EUR".parse().expect("a currency"), 5_000), (Currency::USD, 2_999)].into());
}

#[test]
fn a_lost_capture_is_given_back_and_authorised_once_more_and_then_past_due() {
    for lost in [Settled::Failed, Settled::Expired] {
        let mut street = Street::new();
        let judged = street
            .just(CustomerSubscribes { payment_method: Some("sandbox:capture-fails".into()), ..subscribes("starter") });
        assert!(judged.is_completed());
        let again = street.settle("capture-inv-1", lost);
        let asked: Vec<_> = again.effects.iter().map(|effect| effect.id.as_str()).collect();
        assert_eq!(asked, ["authorize-inv-1", "void-inv-1", "capture-inv-1"], "{lost:?}");
        street.carry_out();
        assert_eq!((street.line("inv-1").as_str(), street.access()), ("past-due 2999 0 0 0", json!("grace")));
    }
}

#[test]
fn a_reservation_that_is_not_given_back_is_a_ticket() {
    for (status, tickets) in [(Settled::Done, 0), (Settled::Failed, 1), (Settled::Expired, 1)] {
        let mut street = approval_street();
        street.just(CustomerCancels { subscription_id: Some("sub-1".into()), ..CustomerCancels::default() });
        let judged = street.settle("void-inv-1", status);
        assert_eq!(
            judged.effects.iter().filter(|effect| effect.id == "ticket-void-inv-1").count(),
            tickets,
            "{status:?}"
        );
    }
}

#[test]
fn a_capture_that_finds_the_card_stolen_is_not_tried_again() {
    let mut street = Street::new();
    street.just(CustomerSubscribes { payment_method: Some("card".into()), ..subscribes("starter") });
    let settled = EffectSettled {
        effect: "capture-inv-1".into(),
        action: "capture".into(),
        key: "k".into(),
        status: Settled::Failed,
        amount: None,
        decline_code: Some("stolen_card".into()),
        resent: false,
    };
    let judged = street.world.judge(settled);
    assert!(judged.results.is_empty() && judged.effect("method-inv-1").is_some(), "another method is asked for");
    assert_eq!(street.line("inv-1"), "past-due 2999 0 0 0");
}

#[test]
fn a_decline_after_a_lost_capture_is_past_due_and_not_a_refusal() {
    let mut street = Street::new();
    street.just(CustomerSubscribes { payment_method: Some("card".into()), ..subscribes("starter") });
    street.just(PaymentMethodUpdated { payment_method: "sandbox:lost_card".into() });
    let judged = street.settle("capture-inv-1", Settled::Expired);
    assert!(judged.is_completed());
    assert!(street.world.pending().contains(&"method-inv-1"), "another method is asked for");
    assert_eq!(street.line("inv-1"), "past-due 2999 0 0 0");
}

#[test]
fn a_capture_of_less_than_was_reserved_leaves_the_rest_owed() {
    let mut street = Street::new();
    street.just(subscribes("starter"));
    street.world.settle("capture-inv-1", Settled::Done, Some(2_000));
    assert_eq!((street.line("inv-1").as_str(), street.access()), ("past-due 2999 2000 0 0", json!("grace")));
    street.pay(999);
    assert_eq!((street.line("inv-1").as_str(), street.books().received), ("paid 2999 2999 0 0", 2_999));
}

#[test]
fn a_capture_that_settles_after_the_end_pays_debts_before_it_goes_back() {
    let mut street = Street::behind("sandbox:declined");
    street.pay_by("sandbox:declined");
    street.just(CustomerSubscribes { payment_method: Some("card".into()), ..subscribes("pro") });
    street.just(CustomerCancels { subscription_id: Some("sub-2".into()), ..CustomerCancels::default() });
    assert_eq!(
        (street.line("inv-3").as_str(), street.line("inv-2").as_str()),
        ("capturing 9999 0 9999 0", "past-due 2999 0 0 0")
    );
    street.carry_out();
    assert_eq!(
        (street.line("inv-3").as_str(), street.line("inv-2").as_str()),
        ("void 9999 0 9999 0", "paid 2999 2999 0 0")
    );
    assert_eq!((street.books().refunded, street.access()), (7_000, Value::Null));
}

#[test]
fn a_capture_that_never_settles_counts_as_lost_after_a_week() {
    let mut street = Street::new();
    street.just(subscribes("starter"));
    let fired = street.world.run_until("2026-01-08T00:00:00Z");
    assert!(fired.len() == 1 && fired[0].effect("void-inv-1").is_some(), "what was reserved is given back");
    assert_eq!(street.line("inv-1"), "past-due 2999 0 0 0");
    street.settle("capture-inv-1", Settled::Done);
    assert_eq!(street.line("inv-1"), "paid 2999 2999 0 0", "and if it was done after all, it pays");
}

fn approval_street() -> Street {
    let mut street = Street::new();
    street.sell("vault", json!({ "requires_approval": true, "vendor_id": "v-1", "commission_bp": 1_500 }));
    street.subscribe("vault");
    street
}

fn approved(decision: Ruling) -> OperatorDecided {
    let id = Some("sub-1".to_owned());
    OperatorDecided { about: About::Approval, id, decision, amount: None, actor: "ann".into() }
}

#[test]
fn what_needs_approval_is_only_reserved_until_it_is_given() {
    let mut street = approval_street();
    assert_eq!(street.line("inv-1"), "authorised 10000 0 0 0");
    assert!(street.tell(approved(Ruling::Reject)).is_silent());
    street.tell(approved(Ruling::Accept));
    assert_eq!(street.line("inv-1"), "paid 10000 10000 0 0");
    assert!(street.tell(approved(Ruling::Accept)).is_silent());
}

#[test]
fn an_approval_that_names_nothing_is_for_the_grant_that_waits() {
    let mut street = approval_street();
    let unnamed = || OperatorDecided { id: None, ..approved(Ruling::Accept) };
    assert!(street.tell(unnamed()).is_silent());
    street.world.set_fact("entitlement.grant.sub-1", json!({ "status": "pending_approval" }));
    street.tell(unnamed());
    assert_eq!(street.line("inv-1"), "paid 10000 10000 0 0");
}

#[test]
fn a_change_of_what_is_not_approved_yet_is_only_reserved_too() {
    let mut street = approval_street();
    street.sell("bigger-vault", json!({ "prices": { "monthly": { "minor_units": 20_000, "currency": "USD" } } }));
    street.upgrade("vault", "bigger-vault");
    assert_eq!(street.line("inv-2"), "authorised 10000 0 0 0");
    street.cancel();
    assert_eq!(street.books().received, 0, "nothing was charged");
}

#[test]
fn what_was_not_approved_is_voided_and_never_refunded() {
    let mut street = approval_street();
    let judged = street.tell(CustomerCancels { subscription_id: Some("sub-1".into()), ..CustomerCancels::default() });
    let asked: Vec<_> = judged.effects.iter().map(|effect| effect.action.as_str()).collect();
    assert_eq!(asked, ["void-authorization"]);
    assert_eq!((street.line("inv-1").as_str(), street.books().received), ("void 10000 0 10000 0", 0));
}

#[test]
fn credit_that_comes_free_leaves_what_is_only_reserved() {
    let mut street = approval_street();
    street.subscribe("pro");
    street.tell(CustomerCancels { subscription_id: Some("sub-2".into()), ..CustomerCancels::default() });
    assert_eq!(street.line("inv-1"), "authorised 10000 0 0 0", "nobody owes what nobody approved");
    assert_eq!(street.books().refunded, 9_999);
}

#[test]
fn an_approval_nobody_gives_lapses_with_the_reservation() {
    let mut street = approval_street();
    street.wait_days(6);
    assert_eq!(street.line("inv-1"), "void 10000 0 10000 0");
}

#[test]
fn a_reserved_invoice_that_is_paid_otherwise_is_voided_not_captured() {
    let mut street = approval_street();
    let judged = street.pay(10_000);
    assert_eq!(judged.effects[0].action, "void-authorization");
    assert_eq!(street.line("inv-1"), "paid 10000 10000 0 0");

    let mut street = approval_street();
    assert_eq!(street.pay(4_000).effects[0].action, "void-authorization");
    assert_eq!(street.line("inv-1"), "partial 10000 4000 0 0");
    assert_eq!(street.access(), Value::Null, "nothing is past due yet");
    street.tell(approved(Ruling::Accept));
    assert_eq!(street.line("inv-1"), "paid 10000 10000 0 0");
}

#[test]
fn the_vendors_part_is_held_for_fourteen_days() {
    let mut street = approval_street();
    street.tell(approved(Ruling::Accept));
    let parts = |street: &Street| {
        let split = street.invoice("inv-1").split.expect("paid");
        (split.parts.commission.minor_units, split.parts.vendor_net.minor_units, json!(split.payout))
    };
    assert_eq!(parts(&street), (1_500, 8_500, json!("held")));
    street.wait_days(14);
    assert_eq!(parts(&street), (1_500, 8_500, json!("released")));
}

#[test]
fn nobody_is_charged_or_credited_more_than_can_be_counted() {
    let mut street = Street::new();
    let most = syndic_sdk::SAFE_MAX;
    street.sell("moon", json!({ "prices": { "monthly": { "minor_units": most, "currency": "USD" } } }));
    let many = CustomerSubscribes { seats: 2, ..subscribes("moon") };
    assert_eq!(street.tell(many).code(), Some("payment-declined"), "no money is as much as that");
    street.pay(most);
    assert!(street.pay(1).is_silent(), "a report is never refused, and a sum never wrong");
    street.subscribe("moon");
    assert_eq!((street.line("inv-1").starts_with("paid"), street.credit()), (true, 0));
    assert_eq!(street.subscribe("pro").code(), Some("payment-declined"), "and it could not be booked");
    assert_eq!(street.books().received, most);
}

#[test]
fn a_payment_key_may_be_any_text() {
    let mut street = Street::new();
    let long = "ä*".repeat(340);
    for key in ["*", "a b", &long] {
        street.tell(payment(100, key));
    }
    assert_eq!(street.tell(payment(100, &long)).outcome, Outcome::Duplicate);
    assert_eq!(street.tell(payment(100, &format!("{long}!"))).outcome, Outcome::Violation);
    assert_eq!(street.credit(), 300);
}
