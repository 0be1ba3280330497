//! Lanes while something waits: a stuck event's undo, a lane on hold, an effect that nobody answers yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use syndic_core::config::StuckLane;
use syndic_core::effect::Way;
use syndic_core::ports::{Act, Answer, Clock, Connector, NoAnswer, Request, Verb};
use syndic_core::{DedupKey, Error, Outcome, Report, Time};
use syndic_engine::{Bounds, Denied, Order, Pending, Stepped, Target};

use crate::lanes::{bounds, of};
use crate::world::*;

const DAY: &str = "2026-01-01T00:00:00Z";

fn says(accepted: bool) -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted, body: json!({}) })
}

fn silence() -> Result<Answer, NoAnswer> {
    Err(NoAnswer { reason: "no answer within 2000 ms".into() })
}

/// Lanes that a story takes step by step, with a service that is down until it is up.
struct Waiting {
    lanes: Stepped,
    clock: Arc<HandClock>,
    store: Arc<dyn syndic_core::ports::Store>,
    connector: Arc<Telltale>,
    is_up: Arc<AtomicBool>,
}

impl Waiting {
    /// `fails` says what the service leaves unanswered while it is down.
    fn new(mut world: World, fails: fn(&Request) -> bool, stuck_lane: StuckLane, bounds: Bounds) -> Self {
        let is_up = Arc::new(AtomicBool::new(false));
        let up = Arc::clone(&is_up);
        world.config.stuck_lane = stuck_lane;
        let answer = Box::new(
            move |request: &Request| {
                if fails(request) && !up.load(Ordering::SeqCst) { silence() } else { says(true) }
            },
        );
        let connector =
            Arc::new(Telltale { asked: std::sync::Mutex::default(), answer, while_asked: std::sync::Mutex::default() });
        let (clock, store) = (Arc::clone(&world.clock), Arc::clone(&world.store));
        clock.move_by(Time::parse(DAY).unwrap().ms());
        let host = world.host(Arc::clone(&connector) as Arc<dyn Connector>);
        Self { lanes: Stepped::start(&host, bounds).unwrap(), clock, store, connector, is_up }
    }

    fn send(&self, event: serde_json::Value) -> Pending {
        self.lanes.submit(of("acme", "c1", event)).unwrap()
    }

    fn rest(&self) {
        while self.lanes.step(&mut |_| 0).unwrap() {}
        self.lanes.tell();
    }

    fn pass(&self, ms: i64) {
        self.clock.move_by(ms);
        self.lanes.time_passes(self.clock.now()).unwrap();
        self.rest();
    }

    /// What was asked, as `do capture of m1`.
    fn asked(&self) -> Vec<String> {
        let asked = self.connector.asked.lock().unwrap();
        let way = |way| if way == Way::Do { "do" } else { "undo" };
        let what =
            |request: &Request| format!("{} {}", way(request.way), request.body.value()["id"].as_str().unwrap_or("it"));
        asked.iter().map(what).collect()
    }
}

fn outcome(pending: &mut Pending) -> Option<Outcome> {
    pending.try_answer().map(|answer| answer.unwrap().outcome)
}

fn refuses_after_one(asked: &Asked) -> Result<syndic_core::Decision, syndic_core::ports::Failure> {
    Ok(match (asked.context().kind.as_str(), asked.is_feedback()) {
        ("RenewalDue", false) => approve().reversible("r"),
        ("RenewalDue", true) => refuse("no"),
        _ => approve(),
    })
}

fn undoes(request: &Request) -> bool {
    request.way == Way::Undo
}

fn order(id: &str, verb: Verb) -> Order {
    let key = DedupKey { tenant: "acme".into(), source: "/shop".into(), id: id.into() };
    Order { target: Target::Event(key), act: Act { verb, by: "ann".into(), reason: "the bank is back".into() } }
}

#[test]
fn a_stuck_event_is_undone_in_the_background_at_growing_intervals() {
    let world = World::new().governor("billing", refuses_after_one);
    let story = Waiting::new(world, undoes, StuckLane::GoOn, bounds(1));
    let mut sent = story.send(renewal("e1", DAY));
    story.rest();
    assert_eq!(outcome(&mut sent), Some(Outcome::Stuck));
    let tries = || story.asked().len();
    let before = tries();
    let mut at = Vec::new();
    for second in 1..=40 {
        let had = tries();
        story.pass(1_000);
        if tries() > had {
            at.push(second);
        }
    }
    let gaps: Vec<i32> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.is_sorted() && gaps.len() >= 3 && gaps[gaps.len() - 1] >= 8, "{at:?}");
    assert_eq!(tries() - before, at.len(), "one try at a time");
    let parked = &story.store.parked().unwrap()[0].1;
    assert_eq!(parked.tries as usize, at.len());
    story.is_up.store(true, Ordering::SeqCst);
    story.pass(60_000);
    assert!(story.store.parked().unwrap().is_empty());
    let mut again = story.send(renewal("e1", DAY));
    story.rest();
    assert_eq!(outcome(&mut again), Some(Outcome::Refused), "it came to what it was to come to");
}

#[test]
fn after_a_day_the_host_gives_up_and_a_person_can_settle_it() {
    let world = World::new().governor("billing", refuses_after_one);
    let story = Waiting::new(world, undoes, StuckLane::GoOn, bounds(1));
    story.send(renewal("e1", DAY));
    story.rest();
    (0..200).for_each(|_| story.pass(900_000));
    let parked = story.store.parked().unwrap().remove(0).1;
    assert_eq!((parked.next, parked.tries), (None, 104), "waits of a day");
    let mut settled = story.lanes.order(order("e1", Verb::Settle)).unwrap();
    story.rest();
    let report: Report = settled.try_answer().unwrap().unwrap().unwrap();
    assert_eq!((report.outcome, story.store.parked().unwrap().len()), (Outcome::Refused, 0));
}

#[test]
fn a_lane_on_hold_waits_for_its_stuck_event_and_then_goes_on() {
    let world = World::new().governor("billing", refuses_after_one);
    let small = Bounds { lane_max: 1, ..bounds(1) };
    let story = Waiting::new(world, undoes, StuckLane::Hold, small);
    let mut stuck = story.send(renewal("e1", DAY));
    story.rest();
    assert_eq!(outcome(&mut stuck), Some(Outcome::Stuck));
    let mut waits = story.send(payment("p", "k", 5));
    let mut other = story.lanes.submit(of("acme", "c2", payment("q", "k2", 5))).unwrap();
    story.rest();
    assert_eq!((outcome(&mut waits), outcome(&mut other)), (None, Some(Outcome::Completed)));
    assert!(story.lanes.is_at_rest(), "nothing can be done before time passes");
    let mut full = story.send(payment("r", "k3", 5));
    let turned_away = full.try_answer().unwrap().unwrap();
    assert!(matches!(turned_away.error, Some(Error::Overloaded { .. })), "its queue is bounded");

    let mut denied = story.lanes.order(order("e1", Verb::Undo)).unwrap();
    story.rest();
    assert!(denied.try_answer().unwrap().unwrap().is_err());
    assert_eq!(outcome(&mut waits), None);
    story.is_up.store(true, Ordering::SeqCst);
    let mut settled = story.lanes.order(order("e1", Verb::Undo)).unwrap();
    story.rest();
    assert_eq!(settled.try_answer().unwrap().unwrap().unwrap().outcome, Outcome::Refused);
    assert_eq!(outcome(&mut waits), Some(Outcome::Completed), "the lane goes on by itself");
}

#[test]
fn a_lane_on_hold_is_on_hold_in_the_next_process_too() {
    let world = World::new().governor("billing", refuses_after_one);
    let first = Waiting::new(world, undoes, StuckLane::Hold, bounds(1));
    first.send(renewal("e1", DAY));
    first.rest();
    let world = World::new().governor("billing", refuses_after_one).over(Arc::clone(&first.store));
    drop(first.lanes);
    let second = Waiting::new(world, undoes, StuckLane::Hold, bounds(1));
    let mut waits = second.send(payment("p", "k", 5));
    second.rest();
    assert_eq!(outcome(&mut waits), None);
    second.is_up.store(true, Ordering::SeqCst);
    second.pass(2_000);
    assert_eq!(outcome(&mut waits), Some(Outcome::Completed));
}

#[test]
fn deferred_effects_are_tried_in_order_while_the_lane_goes_on() {
    let world = World::new().governor("billing", |asked| match asked.context().kind.as_str() {
        "EffectSettled" => Ok(approve()),
        _ => Ok(approve().mail(&asked.context().id)),
    });
    let story = Waiting::new(world, |request| request.body.value()["id"] == "m1", StuckLane::GoOn, bounds(1));
    let mut sent = ["m1", "m2"].map(|id| story.send(renewal(id, DAY)));
    story.rest();
    assert_eq!(sent.each_mut().map(outcome), [Some(Outcome::Completed); 2], "events are judged meanwhile");
    assert_eq!(story.asked(), ["do m1"], "and what is asked later waits behind what was asked first");
    story.pass(999);
    assert_eq!(story.asked().len(), 1);
    story.pass(1);
    assert_eq!(story.asked(), ["do m1", "do m1"]);
    story.is_up.store(true, Ordering::SeqCst);
    story.pass(2_000);
    assert_eq!(story.asked(), ["do m1", "do m1", "do m1", "do m2"]);
    assert!(story.store.deferred(0, 9).unwrap().is_empty() && story.lanes.is_at_rest());
}

#[test]
fn an_order_about_an_event_without_an_outcome_is_turned_away_at_once() {
    let world = World::new().governor("billing", refuses_after_one);
    let story = Waiting::new(world, undoes, StuckLane::GoOn, bounds(1));
    let mut sent = story.send(renewal("e1", DAY));
    let mut early = story.lanes.order(order("e1", Verb::Undo)).unwrap();
    assert!(matches!(early.try_answer(), Some(Ok(Err(Denied::Unknown { .. })))), "it waits in no lane");
    story.rest();
    assert_eq!(outcome(&mut sent), Some(Outcome::Stuck));
}
