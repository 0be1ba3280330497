//! The lanes without a thread: every step is somebody's choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use syndic_core::Outcome;
use syndic_core::ports::{Act, Answer, NoAnswer, Reads, Store, Verb};
use syndic_engine::{Denied, Halt, Order, Pending, Stepped, Target};
use syndic_ledger::Master;
use syndic_store::MemoryStore;

use crate::lanes::{bounds, of};
use crate::world::*;

const DAY: &str = "2026-01-01T00:00:00Z";

#[test]
fn whoever_holds_the_lanes_chooses_who_goes_and_nobody_is_told_before_it_is_durable() {
    let store = Arc::new(MemoryStore::new_held(Master::from_seed(0)));
    let world = World::new().governor("billing", |_| Ok(approve())).over(Arc::clone(&store) as Arc<dyn Store>);
    let lanes = Stepped::start(&world.stage().host, bounds(1)).unwrap();
    let send = |tenant: &str| lanes.submit(of(tenant, "c1", renewal(tenant, DAY))).unwrap();
    let mut sent = ["a", "b", "c"].map(send);
    let answered = |pending: &mut Pending| pending.try_answer().map(|answer| answer.unwrap().outcome);
    let mut last_of = |count: usize| count - 1;
    while lanes.step(&mut last_of).unwrap() {}
    assert_eq!((lanes.waiting(), lanes.tell(), answered(&mut sent[0])), (0, 0, None), "admitted, and not durable");
    assert!(!lanes.is_at_rest());
    store.write_out().unwrap();
    assert_eq!((lanes.tell(), answered(&mut sent[0])), (3, Some(Outcome::Completed)));
    assert!(lanes.is_at_rest());
    let tenants: Vec<String> =
        store.receipts(1, 3).unwrap().into_iter().map(|(_, entry)| entry.kept.key.tenant).collect();
    assert_eq!(tenants, ["c", "b", "a"]);
}

#[test]
fn who_drops_the_lanes_leaves_what_a_killed_process_leaves() {
    let store = Arc::new(MemoryStore::new_held(Master::from_seed(0)));
    let over = |store: &Arc<MemoryStore>| {
        let script = |asked: &Asked| Ok(if asked.is_feedback() { approve() } else { approve().reversible("r") });
        let world = World::new().governor("billing", script).over(Arc::clone(store) as Arc<dyn Store>);
        Stepped::start(&world.stage().host, bounds(1)).unwrap()
    };
    let lanes = over(&store);
    let mut sent = lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap();
    assert!(lanes.step(&mut |_| 0).unwrap(), "to where the intent has to be durable");
    store.write_out().unwrap();
    drop(lanes);
    assert!(sent.try_answer().unwrap().is_err(), "nobody knows, and recovery will");
    let left = Arc::new(store.after_crash().unwrap());
    let lanes = over(&left);
    while !lanes.is_at_rest() {
        lanes.step(&mut |_| 0).unwrap();
        left.write_out().unwrap();
        lanes.tell();
    }
    assert_eq!(left.head().unwrap().frontier.size(), 1);
}

#[test]
fn who_ordered_something_is_told_that_the_host_stopped() {
    let script = |asked: &Asked| if asked.context().id == "bad" { panic!("a bug") } else { Ok(refer("who")) };
    let stage = World::new().governor("billing", script).stage();
    stage.submit(renewal("e1", DAY));
    let lanes = Stepped::start(&stage.host, bounds(1)).unwrap();
    let mut ordered = lanes.order(order(Verb::Refuse)).unwrap();
    let mut sent = lanes.submit(of("other", "c1", renewal("bad", DAY))).unwrap();
    let mut last_of = |count: usize| count - 1;
    assert!(matches!(lanes.step(&mut last_of), Err(Halt::Panicked(_))), "the order waits in its lane");
    assert!(matches!(sent.try_answer(), Some(Err(Halt::Panicked(_)))));
    assert!(matches!(ordered.try_answer(), Some(Err(Halt::Panicked(_)))));
}

fn order(verb: Verb) -> Order {
    let act = Act { verb, by: "olga".into(), reason: "she looked at it".into() };
    Order { target: Target::Event(of("acme", "c1", renewal("e1", DAY)).key()), act }
}

/// Runs until nothing is left to do, and everything is durable and told.
fn run(lanes: &Stepped, store: &MemoryStore) {
    while !lanes.is_at_rest() {
        lanes.step(&mut |_| 0).unwrap();
        store.write_out().unwrap();
        lanes.tell();
    }
}

#[test]
fn an_outcome_that_an_order_changed_is_told_to_nobody_before_it_is_durable() {
    let store = Arc::new(MemoryStore::new_held(Master::from_seed(0)));
    let world = World::new().governor("billing", |_| Ok(refer("ask"))).over(Arc::clone(&store) as Arc<dyn Store>);
    let lanes = Stepped::start(&world.stage().host, bounds(1)).unwrap();
    lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap();
    run(&lanes, &store);
    lanes.order(order(Verb::Refuse)).unwrap();
    assert!(lanes.step(&mut |_| 0).unwrap(), "it is refused now, and a crash would take that back");
    let mut again = lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap();
    lanes.tell();
    assert!(again.try_answer().is_none());
    run(&lanes, &store);
    assert_eq!(again.try_answer().unwrap().unwrap().outcome, Outcome::Refused);
}

#[test]
fn a_retry_that_a_crash_broke_off_comes_before_what_is_ordered_then() {
    let asked = Arc::new(AtomicU32::new(0));
    let over = |store: &Arc<MemoryStore>| {
        let asked = Arc::clone(&asked);
        let script = |asked: &Asked| Ok(if asked.is_feedback() { approve() } else { approve().reversible("r") });
        let world = World::new().governor("billing", script).over(Arc::clone(store) as Arc<dyn Store>);
        let world = world.connector(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(NoAnswer { reason: "nobody is there".into() }),
            _ => Ok(Answer { accepted: true, body: json!({}) }),
        });
        Stepped::start(&world.stage().host, bounds(1)).unwrap()
    };
    let store = Arc::new(MemoryStore::new_held(Master::from_seed(0)));
    let lanes = over(&store);
    lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap();
    run(&lanes, &store);
    lanes.order(order(Verb::Retry)).unwrap();
    assert!(lanes.step(&mut |_| 0).unwrap(), "to where the intent has to be durable");
    store.write_out().unwrap();
    drop(lanes);

    let left = Arc::new(store.after_crash().unwrap());
    let lanes = over(&left);
    let mut ordered = lanes.order(order(Verb::Retry)).unwrap();
    run(&lanes, &left);
    assert!(matches!(ordered.try_answer().unwrap().unwrap(), Err(Denied::Otherwise { is: Outcome::Completed, .. })));
    assert_eq!(left.head().unwrap().frontier.size(), 2, "it was rolled back, and then completed once");
}
