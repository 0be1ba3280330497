//! Races: what two threads, or a process and the one after it, could do to each other in the lanes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::json;
use syndic_core::decision::Write;
use syndic_core::ports::{Reads, Store};
use syndic_core::{Decision, Outcome, Time};
use syndic_engine::{Bounds, Lanes};
use syndic_ledger::Master;
use syndic_store::MemoryStore;

use crate::lanes::{Gate, bounds, lanes, of, tenant};
use crate::world::*;

const DAY: &str = "2026-01-01T00:00:00Z";
const DUE: &str = "2026-01-02T00:00:00Z";

fn after_due() -> Time {
    Time::parse("2026-01-03T00:00:00Z").unwrap()
}

fn was_asked(gate: &Gate) {
    while gate.asked.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
}

/// Sets timers, as many as it is told to.
fn timers(count: u32) -> Decision {
    (0..count).fold(approve(), |decision, nth| decision.timer(&format!("t{nth}"), DUE))
}

#[test]
fn a_timer_fires_once_however_often_time_passes() {
    let fires = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&fires);
    let stage = World::new()
        .governor("billing", move |asked| {
            if asked.context().kind != "TimerFired" {
                return Ok(timers(16));
            }
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(approve())
        })
        .stage();
    let lanes = lanes(&stage, 2);
    for customer in 0..100 {
        lanes.submit(of("acme", &format!("c{customer}"), renewal(&format!("e{customer}"), DAY))).unwrap();
    }
    lanes.rest().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while stage.store.timers().unwrap() > 0 {
                    lanes.time_passes(after_due()).unwrap();
                }
            });
        }
    });
    lanes.rest().unwrap();
    assert_eq!((fires.load(Ordering::SeqCst), stage.store.head().unwrap().frontier.size()), (1_600, 1_700));
}

#[test]
fn what_was_firing_when_the_process_died_is_finished_before_its_lane_goes_on() {
    let script = |asked: &Asked| {
        Ok(match asked.context().id.as_str() {
            "set" => approve().timer("t", DUE),
            "again" => approve().timer("t", "2026-02-01T00:00:00Z"),
            _ if asked.is_feedback() => approve(),
            _ => approve().reversible("pay"),
        })
    };
    let over = |store: &Arc<MemoryStore>, gate: &Arc<Gate>| {
        let world = World::new().governor("billing", script).over(Arc::clone(store) as Arc<dyn Store>);
        Lanes::start(&world.gated(gate), bounds(1)).unwrap()
    };
    let (store, gate) = (Arc::new(MemoryStore::new(Master::from_seed(0))), Arc::new(Gate::default()));
    let killed = over(&store, &gate);
    killed.submit(of("acme", "c1", renewal("set", DAY))).unwrap().wait().unwrap();
    killed.time_passes(after_due()).unwrap();
    was_asked(&gate);
    let left = Arc::new(store.after_crash().unwrap());
    gate.open();
    drop(killed);
    assert_eq!(left.unfinished().unwrap().len(), 1, "the intent of the timer's effect is durable");
    let lanes = over(&left, &gate);
    lanes.submit(of("acme", "c1", renewal("again", DAY))).unwrap().wait().unwrap();
    lanes.rest().unwrap();
    assert!(left.unfinished().unwrap().is_empty());
    assert_eq!(left.head().unwrap().frontier.size(), 3);
}

#[test]
fn one_tenants_timers_do_not_shut_the_door_for_another() {
    let gate = Arc::new(Gate::default());
    let world = World::new().governor("billing", |asked| {
        Ok(match asked.context().kind.as_str() {
            "TimerFired" if asked.is_feedback() => approve(),
            "TimerFired" => approve().check("k"),
            _ => timers(4),
        })
    });
    let host = world.gated(&gate);
    let lanes = Lanes::start(&host, Bounds { lane_max: 2, tenant_max: 2, host_max: 3, ..bounds(1) }).unwrap();
    lanes.submit(of("big", "c1", renewal("set", DAY))).unwrap().wait().unwrap();
    lanes.time_passes(after_due()).unwrap();
    was_asked(&gate);
    let small = lanes.submit(of("small", "c1", renewal("s", DAY))).unwrap();
    gate.open();
    assert_eq!(small.wait().unwrap().outcome, Outcome::Completed);
}

#[test]
fn two_facts_that_are_written_together_are_never_seen_apart() {
    let (saw, wait) = (mpsc::sync_channel::<()>(0), mpsc::sync_channel::<()>(0));
    let (first_saw, first_wait) = (Mutex::new(saw.0), Mutex::new(wait.1));
    let judged = AtomicU32::new(0);
    let both = ["a", "b"].map(|name| tenant(&format!("product-catalog.{name}")));
    let [a, b] = both.clone();
    let stage = World::new()
        .governor("product-catalog", move |_| {
            let set = |fact: &syndic_core::FactName| Write::Set { fact: fact.clone(), value: json!(1).into() };
            Ok(both.iter().fold(approve(), |decision, fact| decision.write(set(fact))))
        })
        .governor("billing", move |asked| {
            let one = asked.facts.read(&a).unwrap().map(|seen| seen.value);
            if judged.fetch_add(1, Ordering::SeqCst) == 0 {
                first_saw.lock().unwrap().send(()).unwrap();
                first_wait.lock().unwrap().recv().unwrap();
            }
            let other = asked.facts.read(&b).unwrap().map(|seen| seen.value);
            Ok(if one == other { approve() } else { refuse("torn") })
        })
        .stage();
    let lanes = lanes(&stage, 2);
    let first = lanes.submit(of("acme", "c1", renewal("first", DAY))).unwrap();
    saw.1.recv().unwrap();
    let product = json!({"sku": "a", "name": "A", "status": "published", "prices": {}});
    lanes.submit(of("acme", "catalogue", event("p", "ProductChanged", DAY, product))).unwrap().wait().unwrap();
    wait.0.send(()).unwrap();
    assert_eq!(first.wait().unwrap().outcome, Outcome::Completed);
}
