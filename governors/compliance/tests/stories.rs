//! What compliance does, told as stories.

use serde_json::{Value, json};
use syndic_governor_compliance::GOVERNOR;
use syndic_sdk::payload::*;
use syndic_sdk::testing::{Judged, Reply, World};
use syndic_sdk::{Event, Verdict};

const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

fn world() -> World {
    World::new(&GOVERNOR).now(NEW_YEAR)
}

/// A world whose customer has a subscription and one invoice.
fn subscribed() -> World {
    let sub = json!({
        "id": "sub-1", "sku": "pro", "seats": 1, "cycle": "monthly", "status": "active",
        "start": NEW_YEAR, "end": "2026-02-01T00:00:00Z", "anchor_day": 1,
    });
    world()
        .fact("subscription.index", json!({"next": 2, "ids": ["sub-1"]}))
        .fact("subscription.sub.sub-1", sub)
        .fact("billing.invoice.inv-1", json!({"number": 1}))
}

fn event(kind: &str, data: Value) -> Event {
    Event::parse(kind, &data.to_string()).expect("a story uses events that the host lets in")
}

fn subscribes(world: &mut World) -> Judged {
    world.judge(event("CustomerSubscribes", json!({"sku": "pro"})))
}

fn kyc(world: &mut World, status: &str) -> Judged {
    world.judge(event("KycDecided", json!({ "status": status })))
}

fn suspend(world: &mut World, cause: &str) -> Judged {
    world.judge(event("ManualSuspension", json!({"reason": "looks wrong", "cause": cause})))
}

fn lift(world: &mut World, cause: &str) -> Judged {
    world.judge(event("SuspensionLifted", json!({"cause": cause, "actor": "ann"})))
}

fn decide(world: &mut World, about: &str, decision: &str, id: Option<&str>) -> Judged {
    world.judge(event("OperatorDecided", json!({"about": about, "decision": decision, "id": id, "actor": "ann"})))
}

fn score(world: &mut World, score: u8) -> Judged {
    world.judge(FraudScored { score })
}

fn payment_fails(world: &mut World) -> Judged {
    world.judge(event("PaymentFailed", json!({"reason": "no money"})))
}

#[track_caller]
fn assert_stands(world: &World, causes: &[&str]) {
    let (access, held) = if causes.is_empty() { (Value::Null, Value::Null) } else { (json!("blocked"), json!(causes)) };
    assert_eq!((world.value("shared.access"), world.value("shared.suspensions")), (access, held));
}

// ── identity ────────────────────────────────────────────────────────────────

#[test]
fn an_unknown_customer_is_checked_once_a_year() {
    let mut world = world();
    assert!(subscribes(&mut world).effect("kyc-check").is_some());
    assert_eq!(world.value("compliance.kyc"), json!({"status": "pass", "until": "2027-01-01T00:00:00Z"}));

    let again = subscribes(&mut world);
    assert_eq!((again.verdict.clone(), again.effects.len()), (Verdict::Approve, 0));
}

#[test]
fn a_failed_check_refuses_and_a_pending_one_refers() {
    let mut failing = world().customer("kyc-fail-7");
    assert_eq!(subscribes(&mut failing).code(), Some("kyc-failed"));
    let mut slow = world().customer("kyc-slow-7");
    assert_eq!(subscribes(&mut slow).code(), Some("kyc-pending"));

    kyc(&mut slow, "pass");
    assert!(subscribes(&mut slow).is_completed(), "what a person decided needs no check");
}

#[test]
fn a_decided_fail_blocks_and_refuses_and_a_pass_takes_it_back() {
    let mut world = subscribed();
    let failed = kyc(&mut world, "fail");
    assert_stands(&world, &["compliance"]);
    let told = world.follow(&failed);
    assert_eq!(failed.raises[0].kind, "ManualSuspension", "the other slots hear of it");
    assert!(told[0].is_silent(), "to us it is no news");
    assert_eq!(subscribes(&mut world).code(), Some("kyc-failed"));

    let passed = kyc(&mut world, "pass");
    world.follow(&passed);
    assert_stands(&world, &[]);
    assert!(subscribes(&mut world).is_completed());
}

#[test]
fn a_pass_does_not_lift_what_an_operator_suspended() {
    let mut world = subscribed();
    suspend(&mut world, "compliance");
    kyc(&mut world, "fail");
    assert!(kyc(&mut world, "pass").raises.is_empty());
    assert_stands(&world, &["compliance"]);
    assert_eq!(world.value("compliance.incident.compliance")["grounds"], json!(["operator"]));
}

#[test]
fn the_year_ends_in_a_new_check_for_those_who_stayed() {
    let mut world = subscribed();
    subscribes(&mut world);
    world.run_until("2027-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.kyc")["until"], json!("2028-01-01T00:00:00Z"));

    let mut world = world.answers(|_| Some(Reply::No(json!({"status": "fail"}))));
    world.run_until("2028-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.kyc"), json!({"status": "fail"}));
    assert_stands(&world, &["compliance"]);
}

#[test]
fn the_year_ends_in_forgetting_for_those_who_left() {
    let mut world = world();
    subscribes(&mut world);
    let fired = world.run_until("2027-01-01T00:00:00Z");
    assert!(fired[0].effects.is_empty(), "a person who left is not looked up");
    assert_eq!(world.value("compliance.kyc"), json!({"status": "unknown"}));
}

#[test]
fn a_yearly_check_without_an_answer_waits_a_month_and_then_asks_a_person() {
    let mut world = subscribed().answers(|_| Some(Reply::Yes(json!({"status": "pending"}))));
    kyc(&mut world, "pass");
    world.run_until("2027-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.kyc"), json!({"status": "pending", "until": "2027-01-31T00:00:00Z"}));
    world.run_until("2027-01-31T00:00:00Z");
    assert_eq!(world.value("compliance.kyc"), json!({"status": "unknown"}));
    assert_eq!(world.pending(), ["ticket-kyc-unanswered"]);
}

// ── fraud ───────────────────────────────────────────────────────────────────

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
fn a_stranger_s_failed_payment_leaves_nothing() {
    let mut world = world();
    assert!(payment_fails(&mut world).is_silent());
    assert!(world.facts().is_empty());
}

// ── suspensions ─────────────────────────────────────────────────────────────

#[test]
fn our_causes_block_with_an_incident_and_a_hold_until_they_are_lifted() {
    let mut world = world();
    suspend(&mut world, "fraud");
    suspend(&mut world, "compliance");
    assert_stands(&world, &["compliance", "fraud"]);
    assert_eq!(world.value("compliance.hold"), json!(["suspension:compliance", "suspension:fraud"]));
    assert_eq!(world.value("compliance.incident.fraud")["reason"], json!("looks wrong"));

    lift(&mut world, "fraud");
    assert_stands(&world, &["compliance"]);
    lift(&mut world, "compliance");
    assert_stands(&world, &[]);
    assert_eq!(world.value("compliance.hold"), Value::Null);
    assert_eq!(world.value("compliance.incident.fraud")["closed"]["actor"], json!("ann"));
}

#[test]
fn an_admin_suspension_is_only_recorded() {
    let mut world = world().added("customer-account", "shared.suspensions", "admin");
    suspend(&mut world, "admin");
    assert_eq!((world.value("shared.access"), world.value("shared.suspensions")), (Value::Null, json!(["admin"])));
    assert_eq!(world.value("compliance.hold"), json!(["suspension:admin"]));

    let lifted = lift(&mut world, "admin");
    assert_eq!(lifted.verdict, Verdict::Abstain, "the cause is not ours to lift");
    assert_eq!((world.value("shared.suspensions"), world.value("compliance.hold")), (json!(["admin"]), Value::Null));
}

#[test]
fn what_does_not_stand_cannot_be_lifted_and_what_is_not_ours_is_not_refused() {
    let mut world = world();
    assert_eq!(lift(&mut world, "fraud").code(), Some("not-suspended"));
    suspend(&mut world, "fraud");
    assert_eq!(lift(&mut world, "compliance").code(), Some("not-suspended"));
    for cause in ["admin", "payment", "quota"] {
        assert!(lift(&mut world, cause).is_silent(), "{cause}");
    }
}

#[test]
fn a_suspension_is_reviewed_every_thirty_days_and_never_unlocks_by_itself() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert!(world.run_until("2026-01-30T23:59:59Z").is_empty());
    world.run_until("2026-01-31T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-review-fraud"]);
    world.run_until("2026-03-02T00:00:00Z");
    assert_eq!(world.pending().len(), 2);
    assert_stands(&world, &["fraud"]);

    lift(&mut world, "fraud");
    assert!(world.run_until("2027-01-01T00:00:00Z").iter().all(Judged::is_silent), "nothing is left to review");
}

#[test]
fn an_accepted_appeal_lifts_through_an_event_that_every_slot_sees() {
    let mut world = world();
    suspend(&mut world, "fraud");
    let accepted = decide(&mut world, "appeal", "accept", None);
    assert_eq!(accepted.raised(), [event("SuspensionLifted", json!({"cause": "fraud", "actor": "ann"}))]);
    world.follow(&accepted);
    assert_stands(&world, &[]);
}

#[test]
fn a_rejected_appeal_is_final_until_it_is_reviewed_a_year_later() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert!(decide(&mut world, "appeal", "reject", None).is_completed());
    assert_eq!(decide(&mut world, "appeal", "accept", None).code(), Some("nothing-to-decide"));
    assert!(world.run_until("2026-12-31T23:59:59Z").is_empty());
    world.run_until(NEW_YEAR.replace("2026", "2027").as_str());
    assert!(decide(&mut world, "appeal", "accept", None).is_completed());
}

#[test]
fn a_remediation_is_about_the_cause_compliance_alone() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert_eq!(decide(&mut world, "remediation", "accept", None).code(), Some("nothing-to-decide"));
    suspend(&mut world, "compliance");
    decide(&mut world, "remediation", "reject", None);
    assert_stands(&world, &["compliance", "fraud"]);
    let accepted = decide(&mut world, "remediation", "accept", None);
    world.follow(&accepted);
    assert_stands(&world, &["fraud"]);
}

#[test]
fn an_appeal_names_its_cause_or_means_the_oldest() {
    let mut world = world();
    suspend(&mut world, "compliance");
    world.set_now("2026-01-02T00:00:00Z");
    suspend(&mut world, "fraud");
    assert!(decide(&mut world, "appeal", "accept", Some("fraud")).raises[0].data.contains("fraud"));
    assert!(decide(&mut world, "appeal", "accept", Some("appeal-7")).raises[0].data.contains("compliance"));
}

#[test]
fn an_appeal_against_the_cause_admin_is_left_to_its_owner() {
    let mut world = world().added("customer-account", "shared.suspensions", "admin");
    suspend(&mut world, "admin");
    world.set_fact("customer-account.account", json!({"status": "locked"}));
    assert!(decide(&mut world, "appeal", "accept", None).is_silent());
    world.set_fact("customer-account.account", json!({"status": "banned"}));
    assert_eq!(decide(&mut world, "appeal", "accept", None).code(), Some("nothing-to-decide"), "nobody hears a ban");
}

#[test]
fn what_others_decide_about_is_left_to_them() {
    let mut world = world();
    for about in ["approval", "refund", "reinstatement"] {
        assert!(decide(&mut world, about, "accept", None).is_silent(), "{about}");
    }
}

// ── holds and retention ─────────────────────────────────────────────────────

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
    assert_eq!(world.value("compliance.retention")["invoices_until"], json!("2036-01-01T00:00:00Z"));
    world.run_until("2036-01-01T00:00:00Z");
    assert_eq!(world.value("compliance.retention"), Value::Null);
}

#[test]
fn a_stranger_s_cancellation_leaves_nothing() {
    assert!(world().judge(event("CustomerCancels", json!({}))).is_silent());
}

#[test]
fn a_ticket_that_cannot_be_opened_is_remarked_on() {
    let mut world = world();
    score(&mut world, 80);
    let settled = world.settle("ticket-fraud-score", Settled::Failed, None);
    assert!(settled.is_silent());
    assert_eq!(settled.note.as_deref(), Some("`ticket-fraud-score` was not opened"));
}
