//! What an earlier process had begun: taken over, never forgotten, never taken for something else.

use crate::world::*;
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use syndic_core::decision::{Effect, Undo, Write};
use syndic_core::effect::{Mode, Way};
use syndic_core::ports::{Answer, Commit, Intent, NoAnswer, Question, Store, Unfinished};
use syndic_core::{Decision, Event, Fact, Outcome, Time};

const DAY: &str = "2026-01-01T00:00:00Z";

fn yes() -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted: true, body: json!({}) })
}

fn silence() -> Result<Answer, NoAnswer> {
    Err(NoAnswer { reason: "no answer within 2000 ms".into() })
}

fn first() -> Event {
    Event::from_outside(renewal("e1", DAY).to_string().as_bytes()).unwrap()
}

/// Judges the first event in a process that is killed on the way.
fn dies(stage: &Stage) {
    assert!(catch_unwind(AssertUnwindSafe(|| stage.host.submit(first()))).is_err());
}

fn authorize(amount: i64) -> Decision {
    let undo = Undo { action: "void-authorization".into(), body: json!({}).into() };
    let mut decision = approve();
    decision.effects.push(Effect {
        id: "a".into(),
        action: "authorize-payment".into(),
        mode: Mode::Reversible,
        key: "inv-1".into(),
        body: json!({"amount": amount}).into(),
        undo: Some(undo),
    });
    decision
}

/// Moves what the first event is judged on.
fn set_price(store: &Arc<dyn Store>, price: i64) {
    let value = syndic_core::fact::Held::Plain(json!(price).into());
    let (at, by, event) = (Time::from_ms(0), slot("billing"), "other".into());
    let fact = Fact { value, version: 1, receipt: 99, base: 99, by, schema: 1, event, at };
    let key = customer("billing.price").key("acme", "c1");
    commit(store, Commit { facts: vec![(key, Some(fact))], ..Commit::default() });
}

/// Plays the first event to its undo and returns the journal as a process leaves it that dies right after that.
fn journal_of_an_undone(build: impl Fn(World) -> World, answer: fn() -> Result<Answer, NoAnswer>) -> Intent {
    let left: Arc<Mutex<Option<Intent>>> = Arc::default();
    let (world, seen) = (build(World::new()), Arc::clone(&left));
    let store = Arc::clone(&world.store);
    let stage = world
        .connector(move |request| {
            if request.way == Way::Do {
                return answer();
            }
            *seen.lock().unwrap() = store.intents(&first().key()).unwrap().pop();
            yes()
        })
        .stage();
    stage.host.submit(first()).unwrap();
    let intent = left.lock().unwrap().clone().unwrap();
    Intent { undone: true, ..intent }
}

fn left_behind(store: &Arc<dyn Store>, intent: &Intent) {
    store.admit_intent(&Unfinished { event: first().canonical().to_owned(), again: None }, 0, intent).unwrap();
}

#[test]
fn an_event_whose_route_is_gone_by_the_next_start_gets_the_outcome_it_was_promised() {
    let world = World::new();
    let store = Arc::clone(&world.store);
    let mut launch = renewal("e1", DAY);
    launch["type"] = "acme.Launch".into();
    let launch = Event::from_outside(launch.to_string().as_bytes()).unwrap();
    let kept = Unfinished { event: launch.canonical().to_owned(), again: None };
    commit(&store, Commit { accepted: Some((launch.key(), Some(kept))), ..Commit::default() });
    let stage = world.governor("billing", |_| Ok(approve())).stage();
    let finished = stage.host.finish_unfinished().unwrap().remove(0);
    assert_eq!((finished.outcome, finished.receipt), (Outcome::RolledBack, Some(1)));
    assert_eq!(finished.error.unwrap().kind(), "NoGovernorsAssigned");
    assert!(stage.host.finish_unfinished().unwrap().is_empty() && store.unfinished().unwrap().is_empty());
    assert!(stage.host.known(&launch).unwrap().unwrap().duplicate, "and that is told whoever sends it again");
}

#[test]
fn an_effect_that_the_new_judgement_never_asks_for_is_undone() {
    let world = World::new();
    let store = Arc::clone(&world.store);
    let both = |asked: &Asked| Ok(if asked.is_feedback() { approve() } else { approve().check("k").reversible("r") });
    let killed = world
        .governor("billing", move |asked| match &asked.question {
            Question::Feedback(_, results) if results[0].action == "authorize-payment" => panic!("killed"),
            _ => both(asked),
        })
        .stage();
    dies(&killed);
    let stage = World::new()
        .over(Arc::clone(&store))
        .governor("billing", both)
        .connector(|request| if request.action == "kyc-check" { silence() } else { yes() })
        .stage();
    let finished = stage.host.finish_unfinished().unwrap();
    assert_eq!(finished[0].outcome, Outcome::RolledBack);
    assert_eq!(stage.asked(), ["do kyc-check", "do kyc-check", "undo void-authorization"]);
}

#[test]
fn an_answer_to_other_content_is_not_taken_for_an_answer() {
    let world = World::new();
    let store = Arc::clone(&world.store);
    dies(&world.governor("billing", |a| if a.is_feedback() { panic!("killed") } else { Ok(authorize(1)) }).stage());
    let stage = World::new()
        .over(store)
        .governor("billing", |a| Ok(if a.is_feedback() { approve() } else { authorize(1_000) }))
        .stage();
    assert_eq!(stage.host.finish_unfinished().unwrap()[0].outcome, Outcome::Completed);
    assert_eq!(stage.asked(), ["undo void-authorization", "do authorize-payment"]);
    let asked = stage.connector.asked.lock().unwrap();
    assert_ne!(asked[0].undoes, Some(asked[1].key), "the attempt rose after the undo");
}

#[test]
fn a_judgement_made_again_with_other_content_undoes_the_first_before_it_asks_anew() {
    let world = World::new();
    let (store, calls) = (Arc::clone(&world.store), AtomicU32::new(0));
    let stage = world
        .governor("billing", |asked| {
            let price = asked.fact("billing.price").map_or(1, |text| text.parse().unwrap());
            Ok(if asked.is_feedback() { approve() } else { authorize(price) })
        })
        .connector(move |_| {
            if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                set_price(&store, 2);
            }
            yes()
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::Completed);
    assert_eq!(report.conflicts[0].settlement, "judged-again");
    assert_eq!(stage.asked(), ["do authorize-payment", "undo void-authorization", "do authorize-payment"]);
    let asked = stage.connector.asked.lock().unwrap();
    assert_eq!((asked[0].body.value(), asked[2].body.value()), (json!({"amount": 1}), json!({"amount": 2})));
    assert_ne!(asked[0].key, asked[2].key);
}

#[test]
fn what_a_process_was_undoing_when_it_died_is_not_taken_for_done() {
    let world = World::new();
    let store = Arc::clone(&world.store);
    let killed = world
        .governor("billing", |asked| Ok(if asked.is_feedback() { refuse("no") } else { approve().reversible("r") }))
        .connector(|request| if request.way == Way::Undo { panic!("killed") } else { yes() })
        .stage();
    dies(&killed);
    let stage = World::new()
        .over(store)
        .governor("billing", |asked| Ok(if asked.is_feedback() { approve() } else { approve().reversible("r") }))
        .stage();
    assert_eq!(stage.host.finish_unfinished().unwrap()[0].outcome, Outcome::Completed);
    assert_eq!(stage.asked(), ["undo void-authorization", "do authorize-payment"], "the service may have undone it");
    assert_ne!(killed.connector.asked.lock().unwrap()[0].key, stage.connector.asked.lock().unwrap()[1].key);
}

#[test]
fn other_content_after_a_no_is_asked_for_under_another_key() {
    let world = World::new();
    let (store, calls) = (Arc::clone(&world.store), AtomicU32::new(0));
    let stage = world
        .governor("billing", |asked| {
            let price = asked.fact("billing.price").map_or(1, |text| text.parse().unwrap());
            Ok(if asked.is_feedback() { approve() } else { authorize(price) })
        })
        .connector(move |_| {
            if calls.fetch_add(1, Ordering::SeqCst) > 0 {
                return yes();
            }
            set_price(&store, 2);
            Ok(Answer { accepted: false, body: json!({}) })
        })
        .stage();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::Completed);
    assert_eq!(stage.asked(), ["do authorize-payment", "do authorize-payment"]);
    let asked = stage.connector.asked.lock().unwrap();
    assert_ne!(asked[0].key, asked[1].key, "a service answers one key alike for ever");
}

#[test]
fn a_process_killed_after_its_last_undo_ends_in_the_same_root() {
    let refusing = |world: World| {
        world.governor("billing", |a| Ok(if a.is_feedback() { refuse("no") } else { approve().reversible("r") }))
    };
    let undisturbed = refusing(World::new()).stage();
    undisturbed.submit(renewal("e1", DAY));
    let stage = refusing(World::new()).stage();
    left_behind(&stage.store, &journal_of_an_undone(refusing, yes));
    stage.host.finish_unfinished().unwrap();
    assert!(stage.asked().is_empty(), "it was done and undone");
    assert_eq!(stage.receipt(1).state_path, undisturbed.receipt(1).state_path);
    assert_eq!(stage.store.head().unwrap().frontier.root(), undisturbed.store.head().unwrap().frontier.root());
}

#[test]
fn what_gave_no_answer_and_was_undone_is_not_done_again_under_the_undone_key() {
    let asking = |world: World| {
        world.governor("billing", |a| Ok(if a.is_feedback() { approve() } else { approve().reversible("r") }))
    };
    let stage = asking(World::new()).stage();
    left_behind(&stage.store, &journal_of_an_undone(asking, silence));
    assert_eq!(stage.host.finish_unfinished().unwrap()[0].outcome, Outcome::RolledBack);
    assert!(stage.asked().is_empty());
}

#[test]
fn a_stuck_undo_is_parked_even_where_a_claim_was_taken() {
    let claim = || approve().write(Write::Claim { key: "k".into(), content: json!(1).into() });
    let stage = World::new()
        .governor("billing", move |asked| {
            let asks = asked.context().id != "e1" && !asked.is_feedback();
            Ok(if asks { approve().reversible("r") } else { claim() })
        })
        .connector(|request| if request.way == Way::Undo { silence() } else { yes() })
        .stage();
    stage.submit(renewal("e1", DAY));
    let report = stage.submit(renewal("e2", DAY));
    assert_eq!((report.outcome, report.duplicate), (Outcome::Stuck, false));
    assert_eq!(stage.store.parked().unwrap().len(), 1);
}

#[test]
fn an_event_raised_at_the_bound_of_its_size_is_a_bad_answer_and_never_a_halt() {
    let padded = |pad: usize| json!({"subscription_id": "s", "more": "x".repeat(pad)});
    let mut outcomes = Vec::new();
    for pad in (65_536 - 520..65_536).step_by(4) {
        let stage = World::new().governor("billing", move |_| Ok(approve().raise("RenewalDue", padded(pad)))).stage();
        outcomes.push(stage.submit(renewal("e1", DAY)).outcome);
    }
    assert!(outcomes.contains(&Outcome::Completed) && outcomes.contains(&Outcome::RolledBack));
}

#[test]
fn timers_cannot_breed() {
    let stage = World::new()
        .governor("billing", |asked| {
            let context = asked.context();
            let stem = &context.data[..context.data.len().min(40)];
            let name = |nth: u32| {
                format!("{nth}-{:x}", syndic_ledger::sha256(format!("{}{stem}", context.id).as_bytes()).0[0])
            };
            Ok((0..16).fold(approve(), |all, nth| {
                all.timer(&format!("{}{}", name(nth), context.seed), &context.now.to_string())
            }))
        })
        .stage();
    stage.submit(renewal("e1", DAY));
    let mut stopped = 0;
    for _ in 0..2_000 {
        let Some(follow) = stage.host.next_consequence(Some(Time::parse(DAY).unwrap())).unwrap() else {
            break;
        };
        let error = follow.report.error.map_or_else(String::new, |error| error.to_string());
        stopped += u32::from(error.contains("more than 1024 timers of its would wait for one customer"));
        assert!(stage.store.timers().unwrap() <= 1_024);
    }
    assert!(stopped > 0, "the bound was never met");
}

#[test]
fn a_leaf_names_no_key_of_a_claim_or_effect() {
    let claims =
        |amount: i64| approve().write(Write::Claim { key: "iban:DE89 jane".into(), content: json!(amount).into() });
    let stage = World::new()
        .governor("billing", move |_| Ok(claims(1)))
        .governor("subscription", move |_| Ok(claims(2)))
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.error.unwrap().kind(), "ConflictDetected");
    let leaf = stage.store.receipt(1).unwrap().unwrap().leaf;
    assert!(!leaf.contains("jane"), "{leaf}");
}

#[test]
fn a_service_that_answers_what_no_record_can_hold_has_not_answered() {
    for body in [json!([]), json!({"rate": 0.5}), json!({"big": u64::MAX}), Value::Null] {
        let stage = World::new()
            .governor("billing", |a| Ok(if a.is_feedback() { approve() } else { approve().check("k") }))
            .connector(move |_| Ok(Answer { accepted: true, body: body.clone() }))
            .stage();
        assert_eq!(stage.submit(renewal("e1", DAY)).error.unwrap().kind(), "EffectFailed");
    }
}
