//! Signs of fraud, tickets, holds and retention, told as stories.

use serde_json::{Value, json};
use syndic_sdk::Verdict;
use syndic_sdk::payload::Settled;
use syndic_sdk::testing::Judged;

use crate::scene::{assert_stands, decide, event, leave, lift, payment_fails, score, subscribed, suspend, world};

#[test]
fn a_score_is_ignored_shown_or_acted_on() {
    let mut world = world();
    assert!(score(&mut world, 70).is_silent());
    assert_eq!(score(&mut world, 71).effects[0].action, "ticket");
    assert!(score(&mut world, 90).raises.is_empty());
    assert_stands(&world, &[]);

    let high = score(&mut world, 91);
    assert_eq!((high.effects[0].action.as_str(), high.raises[0].kind.as_str()), ("ticket", "ManualSuspension"));
    assert_stands(&world, &["fraud"]);
    assert!(score(&mut world, 99).raises.is_empty(), "the cause stands already");
    assert!(score(&mut world, 0).is_silent(), "a low score lifts nothing");
    assert_stands(&world, &["fraud"]);
}

#[test]
fn the_sixth_failure_of_a_day_opens_one_ticket() {
    let mut world = subscribed();
    for _ in 0..5 {
        assert!(payment_fails(&mut world).effects.is_empty());
    }
    assert_eq!(payment_fails(&mut world).effects[0].action, "ticket");
    assert!(payment_fails(&mut world).effects.is_empty(), "one ticket a day is enough");
    assert_eq!(world.value("compliance.failures")["times"].as_array().map(Vec::len), Some(6), "bounded");
    assert_stands(&world, &[]);
}

#[test]
fn the_window_of_failures_slides() {
    let mut world = subscribed();
    for hour in ["00", "05", "10", "15", "20"] {
        world.set_now(format!("2026-01-01T{hour}:00:00Z").as_str());
        payment_fails(&mut world);
    }
    world.set_now("2026-01-02T00:00:00Z");
    assert!(payment_fails(&mut world).effects.is_empty(), "the first was 24 hours ago");
    world.set_now("2026-01-02T04:59:59Z");
    assert_eq!(payment_fails(&mut world).effects.len(), 1, "the second was not yet");
}

#[test]
fn failures_are_counted_by_when_they_happened() {
    let mut world = subscribed();
    for hour in ["20", "05", "15", "10", "18"] {
        world.set_now(format!("2026-01-01T{hour}:00:00Z").as_str());
        assert!(payment_fails(&mut world).effects.is_empty());
    }
    world.set_now("2025-12-31T20:00:00Z");
    assert!(payment_fails(&mut world).effects.is_empty(), "24 hours before the latest is another day");
    world.set_now("2025-12-31T20:00:00.001Z");
    assert_eq!(payment_fails(&mut world).effects.len(), 1);
}

#[test]
fn the_next_day_of_failures_is_another_ticket() {
    let mut world = subscribed();
    let mut tickets = Vec::new();
    for hour in 0..48 {
        world.set_now(format!("2026-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24).as_str());
        tickets.extend((!payment_fails(&mut world).effects.is_empty()).then_some(hour));
    }
    assert_eq!(tickets, [5, 29]);
}

#[test]
fn a_stranger_s_failed_payment_leaves_nothing() {
    let mut world = world();
    assert!(payment_fails(&mut world).is_silent());
    assert!(world.facts().is_empty());
}

#[test]
fn a_dispute_holds_records_until_it_is_closed() {
    let mut world = subscribed();
    world.judge(event("DisputeOpened", json!({"invoice_id": "inv-1", "amount": 5, "reason": "not mine"})));
    assert_eq!(world.value("compliance.hold"), json!(["dispute:inv-1"]));
    world.judge(event("DisputeClosed", json!({"invoice_id": "inv-1", "status": "lost"})));
    assert_eq!(world.value("compliance.hold"), Value::Null);
    assert!(world.run_until("2029-01-01T00:00:00Z").iter().all(Judged::is_silent));
}

#[test]
fn a_dispute_that_nobody_closes_holds_records_for_540_days() {
    let mut world = subscribed();
    world.set_now("2026-02-01T00:00:00Z");
    world.judge(event("DisputeOpened", json!({"invoice_id": "inv-1", "amount": 5, "reason": "not mine"})));
    world.run_until("2027-07-25T23:59:59Z");
    assert_eq!(world.value("compliance.hold"), json!(["dispute:inv-1"]));
    world.run_until("2027-07-26T00:00:00Z");
    assert_eq!(world.value("compliance.hold"), Value::Null);
}

#[test]
fn a_refund_holds_records_while_it_can_become_a_dispute() {
    let mut world = subscribed();
    let asked = world.judge(event("RefundRequested", json!({"invoice_id": "inv-1", "reason": "too slow"})));
    assert_eq!(asked.verdict, Verdict::Abstain, "whether it is paid is billing's question");
    assert_eq!(world.value("compliance.hold"), json!(["refund:inv-1"]));
    world.run_until("2026-05-01T00:00:00Z");
    assert_eq!(world.value("compliance.hold"), Value::Null);
}

#[test]
fn nobody_s_invoice_holds_nothing() {
    let mut world = subscribed();
    let long = "x".repeat(1_000);
    for invoice in ["inv-9", long.as_str()] {
        let opened = json!({"invoice_id": invoice, "amount": 5, "reason": "not mine"});
        assert!(world.judge(event("DisputeOpened", opened)).is_silent());
        let closed = json!({"invoice_id": invoice, "status": "won"});
        assert!(world.judge(event("DisputeClosed", closed)).is_silent());
    }
}

#[test]
fn a_cancellation_keeps_invoices_for_ten_years() {
    let mut world = subscribed();
    assert!(world.judge(event("CustomerCancels", json!({"when": "period-end"}))).is_silent());
    world.judge(event("CustomerCancels", json!({})));
    leave(&mut world);
    assert_eq!(world.value("compliance.retention")["invoices_until"], json!("2036-01-01T00:00:00Z"));
    world.run_until("2035-12-31T23:59:59.999Z");
    assert_eq!(world.value("compliance.retention")["since"], json!("2026-01-01T00:00:00Z"));
    world.run_until("2036-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.retention"), Value::Null);
}

#[test]
fn whoever_still_subscribes_after_ten_years_has_younger_invoices() {
    let mut world = subscribed();
    world.judge(event("CustomerCancels", json!({"subscription_id": "sub-7"})));
    world.run_until("2036-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.retention")["invoices_until"], json!("2046-01-01T00:00:00Z"));
}

#[test]
fn a_legal_hold_outlasts_the_ten_years() {
    let mut world = subscribed();
    world.judge(event("CustomerCancels", json!({})));
    leave(&mut world);
    suspend(&mut world, "fraud");
    world.run_until("2036-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.retention")["invoices_until"], json!("2036-01-31T00:00:00Z"));
    lift(&mut world, "fraud");
    world.run_until("2036-01-31T00:00:00Z");
    assert_eq!(world.value("compliance.retention"), Value::Null);
}

#[test]
fn a_stranger_s_cancellation_leaves_nothing() {
    assert!(world().judge(event("CustomerCancels", json!({}))).is_silent());
}

#[test]
fn a_ticket_that_cannot_be_opened_is_remarked_on_and_asked_for_again() {
    let mut world = world();
    score(&mut world, 80);
    let settled = world.settle("ticket-fraud-score", Settled::Failed, None);
    assert_eq!(settled.note.as_deref(), Some("`ticket-fraud-score` was not opened"));
    world.run_until("2026-01-02T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-fraud-score"], "and asked for again the next day");
    assert!(world.settle("ticket-fraud-score", Settled::Done, None).is_silent());
}

#[test]
fn a_review_that_could_not_be_asked_for_is_asked_for_again_while_it_is_waited_for() {
    let mut world = world();
    suspend(&mut world, "fraud");
    world.fire("review.fraud");
    world.settle("ticket-review-fraud", Settled::Expired, None);
    world.run_until("2026-02-01T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-review-fraud"]);
    world.settle("ticket-review-fraud", Settled::Expired, None);
    decide(&mut world, "appeal", "reject", None);
    assert!(world.run_until("2026-02-02T00:00:00Z").iter().all(Judged::is_silent), "it has been decided");
}
