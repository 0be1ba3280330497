//! Effects: written down before they are done, heard, and undone in reverse order when anything stops the event.

use crate::world::*;
use serde_json::json;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use syndic_core::effect::Way;
use syndic_core::outcome::EffectStatus;
use syndic_core::ports::{Answer, Answering, Clock, Connector, Failure, FailureClass, NoAnswer, Request};
use syndic_core::{Event, Outcome, State};
use syndic_ledger as ledger;

const DAY: &str = "2026-01-01T00:00:00Z";

fn says(accepted: bool) -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted, body: json!({}) })
}

fn silence() -> Result<Answer, NoAnswer> {
    Err(NoAnswer { reason: "no answer within 2000 ms".into() })
}

fn panics() -> Failure {
    Failure { class: FailureClass::Unreachable, reason: "it panicked".into() }
}

/// When a service was asked, and how often somebody stopped listening to it.
#[derive(Default)]
struct Slow {
    asked_at: Mutex<Vec<i64>>,
    given_up: AtomicU32,
}

/// A service that says yes, and to one way of asking nothing, for ever.
struct Timed {
    clock: Arc<HandClock>,
    service: Arc<Slow>,
    silent: Way,
}

impl Connector for Timed {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        self.service.asked_at.lock().unwrap().push(self.clock.now().ms());
        if request.way != self.silent {
            return Box::pin(async { says(true) });
        }
        let listening = Listening(Arc::clone(&self.service));
        Box::pin(async move {
            let _listening = listening;
            pending().await
        })
    }
}

struct Listening(Arc<Slow>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn checks_come_before_reversible_effects_in_slot_order_and_each_round_is_heard() {
    let stage = World::new()
        .governor(
            "entitlement",
            |asked| if asked.is_feedback() { Ok(approve()) } else { Ok(approve().reversible("r1")) },
        )
        .governor("billing", |asked| {
            if asked.is_feedback() { Ok(approve()) } else { Ok(approve().check("c").reversible("r2")) }
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::Completed);
    assert_eq!(stage.asked(), ["do kyc-check", "do authorize-payment", "do authorize-payment"]);
    assert!(report.effects.iter().all(|effect| effect.status == EffectStatus::Done));
}

#[test]
fn a_no_is_heard_and_may_become_a_refusal_and_everything_done_is_undone() {
    let decline = |request: &Request| says(request.body.value()["id"] != "r2");
    let stage = World::new()
        .governor(
            "entitlement",
            |asked| if asked.is_feedback() { Ok(approve()) } else { Ok(approve().reversible("r1")) },
        )
        .governor("billing", |asked| match (asked.is_feedback(), asked.accepted()) {
            (false, _) => Ok(approve().reversible("r2")),
            (true, true) => Ok(approve()),
            (true, false) => Ok(refuse("payment-declined")),
        })
        .connector(decline)
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::Refused);
    assert_eq!(stage.asked(), ["do authorize-payment", "do authorize-payment", "undo void-authorization"]);
    let statuses: Vec<EffectStatus> = report.effects.iter().map(|effect| effect.status).collect();
    assert_eq!(statuses, [EffectStatus::Undone, EffectStatus::Failed]);
    assert!(report.state_path.iter().any(|state| state.name() == "ErrorRecovery"));
}

#[test]
fn a_trap_in_feedback_undoes_in_reverse_order() {
    let stage = World::new()
        .governor("billing", |asked| {
            if asked.is_feedback() { Err(panics()) } else { Ok(approve().reversible("first").reversible("second")) }
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    let asked = stage.connector.asked.lock().unwrap();
    let undone: Vec<String> = asked
        .iter()
        .filter(|r| r.way == Way::Undo)
        .filter_map(|r| Some(r.body.value()["of"].as_str()?.to_owned()))
        .collect();
    assert_eq!(undone, ["second", "first"]);
    let done = |id: &str| asked.iter().find(|r| r.way == Way::Do && r.body.value()["id"] == id).unwrap().key;
    let undo = asked.iter().find(|r| r.way == Way::Undo && r.body.value()["of"] == "first").unwrap();
    assert_eq!(undo.undoes, Some(done("first")), "an undo names what it undoes by its key");
}

#[test]
fn an_effect_without_an_answer_is_tried_twice_then_undone_like_a_done_one() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().reversible("r")))
        .connector(|request| if request.way == Way::Do { silence() } else { says(true) })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(report.error.unwrap().to_string(), "effect `billing/r` gave no answer: no answer within 2000 ms");
    assert_eq!(stage.asked(), ["do authorize-payment", "do authorize-payment", "undo void-authorization"]);
    assert_eq!(report.effects[0].status, EffectStatus::Undone);
}

#[test]
fn a_service_that_is_silent_is_given_its_time_twice_and_no_longer() {
    let (world, service) = (World::new(), Arc::new(Slow::default()));
    let clock = Arc::clone(&world.clock);
    let host = world.governor("billing", |_| Ok(approve().reversible("r"))).host(Arc::new(Timed {
        clock: Arc::clone(&clock),
        service: Arc::clone(&service),
        silent: Way::Do,
    }));
    let report = host.submit(Event::from_outside(renewal("e1", DAY).to_string().as_bytes()).unwrap()).unwrap();
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert_eq!(report.error.unwrap().to_string(), "effect `billing/r` gave no answer: no answer within 2000 ms");
    assert_eq!(*service.asked_at.lock().unwrap(), [0, 2_000, 4_000], "twice, and then it is undone");
    assert_eq!(service.given_up.load(Ordering::SeqCst), 2, "what it would say later nobody hears");
}

#[test]
fn an_undo_is_tried_with_growing_pauses_for_as_long_as_there_is_time() {
    let asked_at =
        |silent: Option<Way>| {
            let (world, service) = (World::new(), Arc::new(Slow::default()));
            let (clock, heard) = (Arc::clone(&world.clock), Arc::clone(&service));
            let world = world.governor("billing", |asked| {
                if asked.is_feedback() { Err(panics()) } else { Ok(approve().reversible("r")) }
            });
            let host = match silent {
                Some(silent) => world.host(Arc::new(Timed { clock: Arc::clone(&clock), service: heard, silent })),
                None => {
                    let seen = Arc::clone(&clock);
                    let refusing = move |request: &Request| {
                        heard.asked_at.lock().unwrap().push(seen.now().ms());
                        says(request.way == Way::Do || heard.asked_at.lock().unwrap().len() > 4)
                    };
                    world.connector(refusing).stage().host
                }
            };
            let report = host.submit(Event::from_outside(renewal("e1", DAY).to_string().as_bytes()).unwrap()).unwrap();
            let asked_at = service.asked_at.lock().unwrap().clone();
            (report.outcome, asked_at, clock.now().ms())
        };
    let silent = [0, 0, 2_100, 4_300, 6_700, 9_500].to_vec();
    assert_eq!(asked_at(Some(Way::Undo)), (Outcome::Stuck, silent, 10_000));
    assert_eq!(asked_at(None), (Outcome::RolledBack, [0, 0, 100, 300, 700].to_vec(), 700), "a no may become a yes");
}

#[test]
fn an_undo_that_does_not_succeed_parks_the_event_as_stuck() {
    let stage = World::new()
        .governor("billing", |asked| if asked.is_feedback() { Err(panics()) } else { Ok(approve().reversible("r")) })
        .connector(|request| if request.way == Way::Undo { silence() } else { says(true) })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!((report.outcome, report.receipt), (Outcome::Stuck, Some(1)));
    assert_eq!(report.error.unwrap().kind(), "RollbackFailed");
    assert_eq!(stage.asked().len(), 1 + 5, "ten seconds of tries, two seconds each");
    let parked = stage.store.parked().unwrap();
    assert_eq!((parked.len(), parked[0].1.remaining.len()), (1, 1));
    assert_eq!(stage.receipt(1).effects[0].status, ledger::EffectStatus::UndoFailed);
    assert_eq!(stage.submit(renewal("e2", DAY)).outcome, Outcome::Stuck, "the lane goes on");
}

#[test]
fn feedback_may_not_block_again() {
    let stage = World::new()
        .governor("billing", |asked| {
            Ok(if asked.is_feedback() { approve().reversible("more") } else { approve().reversible("r") })
        })
        .stage();
    let report = stage.submit(renewal("e1", DAY));
    assert_eq!(report.outcome, Outcome::RolledBack);
    assert!(report.error.unwrap().to_string().contains("another blocking effect, `more`"));
    assert_eq!(stage.asked(), ["do authorize-payment", "undo void-authorization"]);
}

#[test]
fn the_intent_with_event_and_undo_is_durable_before_the_effect_is_done() {
    let world = World::new();
    let store = Arc::clone(&world.store);
    let looked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&looked);
    let stage = world
        .governor("billing", |asked| Ok(if asked.is_feedback() { approve() } else { approve().reversible("r") }))
        .connector(move |_| {
            let unfinished = store.unfinished().unwrap();
            let event = Event::from_store(&unfinished[0].event).unwrap();
            let intents = store.intents(&event.key()).unwrap();
            seen.store(intents[0].effect.undo.is_some() && intents[0].answer.is_none(), Ordering::SeqCst);
            says(true)
        })
        .stage();
    stage.submit(renewal("e1", DAY));
    assert!(looked.load(Ordering::SeqCst));
    assert!(stage.store.unfinished().unwrap().is_empty(), "an outcome ends the intent");
}

#[test]
fn what_a_killed_process_left_unfinished_is_completed_without_doing_an_effect_twice() {
    let judged = |world: World| {
        world.governor("billing", |asked| {
            Ok(if asked.is_feedback() {
                approve().set("billing.paid", json!(asked.accepted()))
            } else {
                approve().reversible("r")
            })
        })
    };
    let undisturbed = judged(World::new()).stage();
    undisturbed.submit(renewal("e1", DAY));

    // A first process does the effect, writes down its answer, and dies in the middle of its feedback.
    let world = World::new();
    let store = Arc::clone(&world.store);
    let stage = world
        .governor("billing", |asked| if asked.is_feedback() { panic!("killed") } else { Ok(approve().reversible("r")) })
        .stage();
    let event = Event::from_outside(renewal("e1", DAY).to_string().as_bytes()).unwrap();
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stage.host.submit(event)));
    assert!(died.is_err() && stage.asked() == ["do authorize-payment"]);

    let stage = judged(World::new()).over(Arc::clone(&store)).stage();
    let finished = stage.host.finish_unfinished().unwrap();
    assert_eq!(finished[0].outcome, Outcome::Completed);
    assert!(stage.asked().is_empty(), "its answer was written down");
    assert_eq!(stage.fact("billing.paid"), Some(json!(true)));
    assert_eq!(store.head().unwrap().frontier.root(), undisturbed.store.head().unwrap().frontier.root());
}

#[test]
fn an_event_that_takes_too_long_to_weigh_what_to_undo_is_undone_however_little_there_seems_to_be() {
    let mut world = World::new();
    let limits = &mut world.config.limits;
    (limits.coordination_ms, limits.feedback_ms) = (60_000, 60_000);
    let clock = Arc::clone(&world.clock);
    let stage = world.governor("billing", |_| Ok(refuse("no"))).stage();
    let path = |id: &str| {
        let report = stage.submit(renewal(id, DAY));
        assert_eq!((report.outcome, report.error), (Outcome::Refused, None), "that it was late changes nothing of it");
        report.state_path
    };
    assert!(!path("e1").contains(&State::ErrorRecovery));
    clock.race(5_001);
    assert_eq!(
        path("e2")[2..],
        [State::AwaitingFeedback, State::ErrorDetected, State::ErrorRecovery, State::ResumeOperation, State::Idle]
    );
}
