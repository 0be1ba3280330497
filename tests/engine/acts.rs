//! What is not over: stuck, referred and rolled-back events, effects nobody answered, and what is done about each.

use crate::world::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use syndic_core::config::{Disagreement, SharedPolicy, Staleness};
use syndic_core::decision::Write;
use syndic_core::effect::Way;
use syndic_core::outcome::EffectStatus;
use syndic_core::ports::{Act, Answer, Failure, FailureClass, NoAnswer, Verb};
use syndic_core::{DedupKey, Outcome, Report, Time};
use syndic_engine::{Denied, Order, Target};
use syndic_ledger as ledger;

const DAY: &str = "2026-01-01T00:00:00Z";

fn says(accepted: bool) -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted, body: json!({}) })
}

fn silence() -> Result<Answer, NoAnswer> {
    Err(NoAnswer { reason: "no answer within 2000 ms".into() })
}

fn traps() -> Failure {
    Failure { class: FailureClass::Unreachable, reason: "it panicked".into() }
}

fn event_key(id: &str) -> DedupKey {
    DedupKey { tenant: "acme".into(), source: "/shop".into(), id: id.into() }
}

fn act(verb: Verb) -> Act {
    Act { verb, by: "ann".into(), reason: "the bank called".into() }
}

fn resolve() -> Verb {
    Verb::Resolve { winner: None }
}

impl Stage {
    fn order(&self, id: &str, verb: Verb) -> Result<Report, Denied> {
        let ordered = self.host.order(Order { target: Target::Event(event_key(id)), act: act(verb) }).unwrap();
        self.check_ledger();
        ordered
    }

    fn resend(&self, number: u64) -> Result<Report, Denied> {
        self.host.order(Order { target: Target::Letter(number), act: act(Verb::Resend) }).unwrap()
    }

    fn stuck(&self) -> Vec<String> {
        self.store.parked().unwrap().into_iter().map(|(key, _)| key.id).collect()
    }
}

/// A switch that a story flips.
fn switch() -> (Arc<AtomicBool>, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    (Arc::clone(&switch), switch)
}

/// Asks for two effects and then refuses, so that both are undone.
fn refuses_after_two(asked: &Asked) -> Result<syndic_core::Decision, Failure> {
    Ok(if asked.is_feedback() { refuse("no") } else { approve().reversible("first").reversible("second") })
}

#[test]
fn what_is_stuck_goes_on_where_it_stopped_and_comes_to_what_it_was_to_come_to() {
    let (bank, is_back) = switch();
    let undone_ids = |stage: &Stage| -> Vec<String> {
        let asked = stage.connector.asked.lock().unwrap();
        let undos = asked.iter().filter(|request| request.way == Way::Undo);
        undos.map(|request| request.body.value()["of"].as_str().unwrap().to_owned()).collect()
    };
    let stage = World::new()
        .governor("billing", refuses_after_two)
        .connector(move |request| match request.way {
            Way::Undo if request.body.value()["of"] == "first" && !bank.load(Ordering::SeqCst) => silence(),
            _ => says(true),
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::Stuck);
    assert_eq!(stage.stuck(), ["e1"]);
    assert_eq!(undone_ids(&stage), ["second", "first", "first", "first", "first", "first"], "newest first");

    let Err(Denied::StillStuck { effect, .. }) = stage.order("e1", Verb::Undo) else { panic!("the bank is silent") };
    assert_eq!(effect, "billing/first");
    is_back.store(true, Ordering::SeqCst);
    let settled = stage.order("e1", Verb::Undo).unwrap();
    assert_eq!((settled.outcome, settled.receipt, settled.error), (Outcome::Refused, Some(2), None));
    assert!(settled.effects.iter().all(|effect| effect.status == EffectStatus::Undone));
    assert_eq!(undone_ids(&stage).last().unwrap(), "first");
    assert_eq!(undone_ids(&stage).iter().filter(|id| *id == "second").count(), 1, "what was undone stays so");
    assert!(stage.stuck().is_empty());

    let receipt = stage.receipt(2);
    assert_eq!(receipt.kind, ledger::Kind::Act("undo".into()));
    assert_eq!(receipt.parent, Some(ledger::Parent { relation: ledger::Relation::Undoes, sequence: 1 }));
    assert!(receipt.act.is_some() && receipt.effects.iter().all(|e| e.status == ledger::EffectStatus::Undone));
    let again = stage.submit(renewal("e1", DAY));
    assert_eq!((again.outcome, again.receipt, again.duplicate), (Outcome::Refused, Some(2), true));
    assert!(matches!(stage.order("e1", Verb::Undo), Err(Denied::Otherwise { is: Outcome::Refused, .. })));
    assert!(matches!(stage.order("e2", Verb::Undo), Err(Denied::Unknown { .. })));
}

#[test]
fn a_person_may_say_that_it_was_undone_by_hand() {
    let stage = World::new()
        .governor("billing", refuses_after_two)
        .connector(|request| if request.way == Way::Undo { silence() } else { says(true) })
        .stage();
    stage.submit(renewal("e1", DAY));
    let asked = stage.asked().len();
    assert!(matches!(
        stage.host.order(Order {
            target: Target::Event(event_key("e1")),
            act: Act { verb: Verb::Settle, by: "ann".into(), reason: " ".into() }
        }),
        Ok(Err(Denied::Senseless(_)))
    ));
    assert_eq!(stage.order("e1", Verb::Settle).unwrap().outcome, Outcome::Refused);
    assert_eq!(stage.asked().len(), asked, "nobody is asked");
    assert_eq!(stage.store.receipt(2).unwrap().unwrap().kept.again.unwrap().act.reason, "the bank called");
}

#[test]
fn a_referred_event_is_judged_again_on_the_facts_of_now() {
    let stage = World::new()
        .governor("billing", |asked| match (asked.is_feedback(), asked.context().kind.as_str()) {
            (_, "CustomerCancels") => Ok(approve().set("billing.granted", json!(true))),
            (false, _) => Ok(approve().check("kyc")),
            (true, _) if asked.fact("billing.granted").is_some() => Ok(approve().set("billing.paid", json!(1))),
            (true, _) => Ok(refer("ask-somebody")),
        })
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Referred);
    assert_eq!(stage.order("e1", resolve()).unwrap().outcome, Outcome::Referred, "nothing has changed");
    assert!(matches!(stage.order("e1", Verb::Retry), Err(Denied::Otherwise { .. })), "it is not rolled back");
    stage.submit(event("e2", "CustomerCancels", DAY, json!({"effective": "immediate"})));
    let resolved = stage.order("e1", resolve()).unwrap();
    assert_eq!((resolved.outcome, resolved.receipt), (Outcome::Completed, Some(4)));
    assert_eq!(stage.fact("billing.paid"), Some(json!(1)));
    let receipt = stage.receipt(4);
    assert_eq!(receipt.parent, Some(ledger::Parent { relation: ledger::Relation::Resolves, sequence: 2 }));
    assert_eq!(receipt.effects[0].attempt, 3, "an answer of before is not the answer of now");
    let keys: Vec<_> = stage.connector.asked.lock().unwrap().iter().map(|request| request.key).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    assert_eq!(stage.submit(renewal("e1", DAY)).receipt, Some(4), "the same event again has the last outcome");
}

#[test]
fn a_referred_event_may_be_refused_by_a_person() {
    let stage = World::new().governor("billing", |_| Ok(refer("ask-somebody"))).stage();
    stage.submit(renewal("e1", DAY));
    let refused = stage.order("e1", Verb::Refuse).unwrap();
    assert_eq!((refused.outcome, refused.receipt), (Outcome::Refused, Some(2)));
    assert!(matches!(stage.order("e1", resolve()), Err(Denied::Otherwise { is: Outcome::Refused, .. })));
}

#[test]
fn where_slots_disagree_and_a_person_decides_the_named_slot_is_right() {
    let mut world = World::new()
        .governor("billing", |_| Ok(approve().set("shared.tier", json!("gold"))))
        .governor("subscription", |_| Ok(approve().set("shared.tier", json!("silver"))));
    let manual = SharedPolicy { disagreement: Disagreement::Manual, staleness: Staleness::Optimistic };
    world.config.shared.insert("shared.tier".into(), manual);
    let stage = world.stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Referred);
    assert_eq!(stage.order("e1", resolve()).unwrap().outcome, Outcome::Referred, "nobody was named");
    let other = Verb::Resolve { winner: Some(slot("compliance")) };
    assert_eq!(stage.order("e1", other).unwrap().outcome, Outcome::Referred, "it was no part of it");
    let winner = Verb::Resolve { winner: Some(slot("subscription")) };
    let resolved = stage.order("e1", winner).unwrap();
    assert_eq!((resolved.outcome, stage.fact("shared.tier")), (Outcome::Completed, Some(json!("silver"))));
    let conflict = &stage.receipt(4).conflicts[0];
    assert_eq!((conflict.policy, conflict.settlement.as_str()), (ledger::Policy::Manual, "subscription"));
}

#[test]
fn a_rolled_back_event_is_judged_again_under_new_keys() {
    let traps_now = Arc::new(AtomicBool::new(true));
    let trapping = Arc::clone(&traps_now);
    let stage = World::new()
        .governor("billing", move |asked| match asked.is_feedback() {
            false => Ok(approve().reversible("a")),
            true if trapping.load(Ordering::SeqCst) => Err(traps()),
            true => Ok(approve().set("billing.paid", json!(1))),
        })
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::RolledBack);
    traps_now.store(false, Ordering::SeqCst);
    let retried = stage.order("e1", Verb::Retry).unwrap();
    assert_eq!((retried.outcome, retried.receipt), (Outcome::Completed, Some(2)));
    let receipt = stage.receipt(2);
    assert_eq!(receipt.parent, Some(ledger::Parent { relation: ledger::Relation::Retries, sequence: 1 }));
    assert_eq!(receipt.effects[0].attempt, 2, "the first was undone");
    assert_eq!(stage.asked(), ["do authorize-payment", "undo void-authorization", "do authorize-payment"]);
    assert!(matches!(stage.order("e1", Verb::Retry), Err(Denied::Otherwise { is: Outcome::Completed, .. })));
}

#[test]
fn what_a_version_traps_on_three_times_it_is_not_asked_again_until_it_is_released() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let stage = World::new()
        .governor("billing", move |asked| {
            counted.fetch_add(1, Ordering::SeqCst);
            if asked.context().kind == "RenewalDue" { Err(traps()) } else { Ok(approve()) }
        })
        .governor("subscription", |_| Ok(approve()))
        .stage();
    for id in ["e1", "e2", "e3"] {
        assert_eq!(stage.submit(renewal(id, DAY)).governors[0].code.as_deref(), Some("unreachable"));
    }
    let fourth = stage.submit(renewal("e4", DAY));
    assert_eq!((fourth.outcome, calls.load(Ordering::SeqCst)), (Outcome::RolledBack, 3));
    assert_eq!(fourth.governors[0].code.as_deref(), Some("quarantined"));
    assert_eq!(stage.submit(payment("p", "k", 5)).outcome, Outcome::Completed, "other events are judged");
    assert_eq!(calls.load(Ordering::SeqCst), 4);

    assert!(matches!(stage.order("p", Verb::Release), Err(Denied::Otherwise { .. })));
    assert_eq!(stage.order("e4", Verb::Release).unwrap().outcome, Outcome::Completed, "the act is");
    let receipt = stage.receipt(6);
    assert_eq!((receipt.kind, receipt.governors.len()), (ledger::Kind::Act("release".into()), 1));
    assert_eq!(stage.submit(renewal("e4", DAY)).outcome, Outcome::RolledBack, "what it came to is as it was");
    assert!(matches!(stage.order("e4", Verb::Release), Err(Denied::NotQuarantined { .. })));
    assert_eq!(stage.order("e4", Verb::Retry).unwrap().governors[0].code.as_deref(), Some("unreachable"));
    assert_eq!(stage.store.poisons().unwrap()[0].1.traps, 1, "it is counted anew");
}

#[test]
fn an_effect_nobody_answers_is_a_dead_letter_until_somebody_does() {
    let (post, is_open) = switch();
    let mut world = World::new()
        .governor("billing", |asked| match asked.context().kind.as_str() {
            "EffectSettled" => {
                let data: serde_json::Value = serde_json::from_str(&asked.context().data).unwrap();
                Ok(approve().set("billing.mail", data["status"].clone()))
            }
            _ => Ok(approve().mail("m")),
        })
        .connector(move |_| if post.load(Ordering::SeqCst) { says(true) } else { silence() });
    world.config.limits.deferred_tries_max = 4;
    let stage = world.stage();
    stage.submit(renewal("e1", DAY));
    assert_eq!(stage.follow(None).len(), 1);
    assert_eq!(stage.asked().len(), 4);
    assert_eq!(stage.fact("billing.mail"), Some(json!("expired")));
    let letters = stage.store.dead_letters(0, 9).unwrap();
    assert_eq!((letters.len(), letters[0].0, letters[0].1.resent), (1, 1, 0));

    assert!(matches!(stage.resend(1), Err(Denied::Undelivered { .. })));
    assert_eq!(stage.store.dead_letters(0, 9).unwrap()[0].1.resent, 1);
    is_open.store(true, Ordering::SeqCst);
    assert_eq!(stage.resend(1).unwrap().outcome, Outcome::Completed);
    assert_eq!(stage.fact("billing.mail"), Some(json!("done")));
    let keys: Vec<_> = stage.connector.asked.lock().unwrap().iter().map(|request| request.key).collect();
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "one effect, one key");
    assert_eq!(stage.receipt(3).parent, Some(ledger::Parent { relation: ledger::Relation::Resends, sequence: 1 }));
    assert!(stage.store.dead_letters(0, 9).unwrap().is_empty());
    assert!(matches!(stage.resend(1), Err(Denied::NoLetter { number: 1 })));
}

#[test]
fn a_retry_that_a_crash_broke_off_is_finished_as_a_retry() {
    let dies = Arc::new(AtomicI64::new(0));
    let fate = Arc::clone(&dies);
    let script = |asked: &Asked| Ok(if asked.is_feedback() { approve() } else { approve().reversible("a") });
    let silent = Arc::new(AtomicBool::new(true));
    let bank = Arc::clone(&silent);
    let first = World::new()
        .governor("billing", script)
        .connector(move |request| {
            assert!(request.way == Way::Undo || fate.fetch_add(1, Ordering::SeqCst) != 2, "it is killed here");
            if request.way == Way::Do && bank.load(Ordering::SeqCst) { silence() } else { says(true) }
        })
        .stage();
    assert_eq!(first.submit(renewal("e1", DAY)).outcome, Outcome::RolledBack);
    silent.store(false, Ordering::SeqCst);
    let order = || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| first.order("e1", Verb::Retry)));
    assert!(order().is_err());

    // The host may have been away for so long that the event's key is forgotten.
    assert_eq!(first.store.forget(Time::from_ms(i64::MAX), 9).unwrap(), 1);
    let second = World::new().governor("billing", script).over(Arc::clone(&first.store)).stage();
    let finished = second.host.finish_unfinished().unwrap();
    assert_eq!((finished[0].outcome, finished[0].receipt), (Outcome::Completed, Some(2)));
    assert_eq!(second.receipt(2).parent.unwrap().relation, ledger::Relation::Retries);
    let before = first.connector.asked.lock().unwrap().last().unwrap().key;
    assert_eq!(second.connector.asked.lock().unwrap()[0].key, before, "the same attempt, under its key");
    assert!(second.store.unfinished().unwrap().is_empty());
}

#[test]
fn a_lane_with_a_stuck_event_goes_on() {
    let stage = World::new()
        .governor("billing", |asked| match asked.context().kind.as_str() {
            "RenewalDue" => refuses_after_two(asked),
            _ => Ok(approve()),
        })
        .connector(|request| if request.way == Way::Undo { silence() } else { says(true) })
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Stuck);
    assert_eq!(stage.submit(payment("p", "k", 5)).outcome, Outcome::Completed);
    let parked = stage.store.parked_event(&event_key("e1")).unwrap().unwrap();
    let a_second_later = Time::parse("2026-01-01T00:00:01Z").unwrap();
    assert_eq!((parked.next, parked.meant, parked.remaining.len()), (Some(a_second_later), Outcome::Refused, 2));
}

#[test]
fn a_retry_of_what_somebody_else_has_done_meanwhile_is_rolled_back_with_a_receipt() {
    let traps_now = Arc::new(AtomicBool::new(true));
    let trapping = Arc::clone(&traps_now);
    let stage = World::new()
        .governor("billing", move |asked| {
            let data: serde_json::Value = serde_json::from_str(&asked.context().data).unwrap();
            let claim = Write::Claim { key: "payment".into(), content: data["amount"].clone().into() };
            if trapping.swap(false, Ordering::SeqCst) { Err(traps()) } else { Ok(approve().write(claim)) }
        })
        .stage();
    assert_eq!(stage.submit(payment("e1", "k", 5)).outcome, Outcome::RolledBack);
    assert_eq!(stage.submit(payment("e2", "k", 5)).outcome, Outcome::Completed);
    let retried = stage.order("e1", Verb::Retry).unwrap();
    assert_eq!((retried.outcome, retried.receipt), (Outcome::RolledBack, Some(3)));
    assert_eq!(retried.error.unwrap().kind(), "IdempotencyViolation");
    assert_eq!(stage.receipt(3).parent.unwrap().relation, ledger::Relation::Retries);
}
