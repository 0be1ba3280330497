//! Who the customer is, told as stories.

use serde_json::json;
use syndic_sdk::Verdict;
use syndic_sdk::testing::Reply;

use crate::scene::{assert_stands, kyc, lift, subscribed, subscribes, suspend, world};

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
    kyc(&mut slow, "fail");
    assert_eq!(subscribes(&mut slow).code(), Some("kyc-failed"), "and a fail is no longer asked about");
}

#[test]
fn only_a_plain_yes_is_a_pass() {
    for (reply, code) in [
        (Reply::Yes(json!({})), None),
        (Reply::Yes(json!({"status": "pass"})), None),
        (Reply::Yes(json!({"status": "fail"})), Some("kyc-failed")),
        (Reply::Yes(json!({"status": "manual-review"})), Some("kyc-pending")),
        (Reply::Yes(json!({"status": null})), Some("kyc-pending")),
        (Reply::No(json!({})), Some("kyc-failed")),
        (Reply::No(json!({"status": "pass"})), Some("kyc-failed")),
        (Reply::No(json!({"status": "pending"})), Some("kyc-pending")),
    ] {
        let answer = reply.clone();
        let mut world = world().answers(move |_| Some(answer.clone()));
        assert_eq!(subscribes(&mut world).code(), code, "{reply:?}");
        assert_eq!(world.value("compliance.kyc").is_null(), code.is_some(), "a no leaves nothing behind: {reply:?}");
    }
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

#[test]
fn a_provider_that_is_not_there_is_asked_every_day_for_a_month() {
    let mut world = subscribed().answers(|_| Some(Reply::Silence));
    kyc(&mut world, "pass");
    let fired = world.run_until("2027-01-10T12:00:00Z");
    let unanswered = fired.iter().filter(|judged| judged.code() == Some("EffectFailed"));
    assert_eq!(unanswered.count(), 10, "each of these is rolled back, and its timer spent");
    assert_eq!(world.value("compliance.kyc")["status"], "pass", "a silent provider accuses nobody");

    world.run_until("2027-01-31T00:00:00Z");
    assert_eq!(world.value("compliance.kyc"), json!({"status": "unknown"}));
    assert_eq!(world.pending(), ["ticket-kyc-unanswered"]);
    let mut world = world.answers(|_| None);
    assert!(world.run_until("2028-01-01T00:00:00Z").iter().all(|judged| judged.is_silent()));
    assert!(subscribes(&mut world).effect("kyc-check").is_some(), "the next subscription asks");

    let mut back = subscribed().answers(|_| Some(Reply::Silence));
    kyc(&mut back, "pass");
    back.run_until("2027-01-10T12:00:00Z");
    let mut back = back.answers(|_| None);
    back.run_until("2027-01-11T00:00:00Z");
    assert_eq!(back.value("compliance.kyc"), json!({"status": "pass", "until": "2028-01-11T00:00:00Z"}));
}

#[test]
fn whoever_lifts_a_failed_identity_lets_it_be_asked_again() {
    let mut world = subscribed();
    kyc(&mut world, "fail");
    lift(&mut world, "compliance");
    assert_stands(&world, &[]);
    assert_eq!(world.value("compliance.kyc"), json!({"status": "unknown"}));
    assert!(subscribes(&mut world).effect("kyc-check").is_some());

    suspend(&mut world, "compliance");
    lift(&mut world, "compliance");
    assert_eq!(world.value("compliance.kyc")["status"], "pass", "what another reason stood for proves nothing new");
}
