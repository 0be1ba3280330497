//! Lanes: one event at a time per customer, many customers at once, and a door that says no in time.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};

use serde_json::{Value, json};
use syndic_core::decision::Write;
use syndic_core::ports::{Answer, Answering, Connector, Request, Store};
use syndic_core::{Event, FactName, Outcome, Report, Scope, State, Time};
use syndic_engine::{Bounds, Halt, Lanes, Pending};

use crate::world::*;

const DAY: &str = "2026-01-01T00:00:00Z";

pub fn of(tenant: &str, customer: &str, event: Value) -> Event {
    let mut event = event;
    (event["tenant"], event["subject"]) = (tenant.into(), customer.into());
    Event::from_outside(event.to_string().as_bytes()).unwrap()
}

pub fn bounds(workers: usize) -> Bounds {
    Bounds { workers, ..Bounds::default() }
}

pub fn lanes(stage: &Stage, workers: usize) -> Lanes {
    Lanes::start(&stage.host, bounds(workers)).unwrap()
}

fn all(pending: Vec<Pending>) -> Vec<Report> {
    pending.into_iter().map(|pending| pending.wait().unwrap()).collect()
}

pub fn tenant(name: &str) -> FactName {
    FactName { scope: Scope::Tenant, name: name.into() }
}

/// A service that answers when the story lets it.
#[derive(Default)]
pub struct Gate {
    open: Mutex<(bool, Vec<Waker>)>,
    pub asked: AtomicU32,
}

impl Gate {
    pub fn open(&self) {
        let mut open = self.open.lock().unwrap();
        open.0 = true;
        open.1.drain(..).for_each(Waker::wake);
    }
}

impl Connector for Gate {
    fn call<'a>(&'a self, _: &'a Request) -> Answering<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(poll_fn(|cx| {
            let mut open = self.open.lock().unwrap();
            if open.0 {
                return Poll::Ready(Ok(Answer { accepted: true, body: json!({}) }));
            }
            open.1.push(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// Whoever is called `slow` asks the service; the others ask nobody.
fn slow_ones_ask(world: World) -> World {
    world.governor("billing", |asked| {
        let slow = asked.context().subject.starts_with("slow");
        Ok(if slow && !asked.is_feedback() { approve().check("k") } else { approve() })
    })
}

#[test]
fn two_customers_are_judged_at_once_and_one_customer_is_not() {
    let both = Arc::new(Barrier::new(2));
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (inside, seen) = (Arc::clone(&now), Arc::clone(&most));
    let stage = World::new()
        .governor("billing", move |asked| {
            if asked.context().id.starts_with("pair") {
                // Passes only where the other customer's event is being judged too.
                both.wait();
            } else {
                seen.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(approve())
        })
        .stage();
    let lanes = lanes(&stage, 2);
    let pair = ["a", "b"].map(|who| lanes.submit(of("acme", who, renewal(&format!("pair-{who}"), DAY))).unwrap());
    all(pair.into());
    all((0..200).map(|n| lanes.submit(of("acme", "a", renewal(&format!("e{n}"), DAY))).unwrap()).collect());
    assert_eq!(most.load(Ordering::SeqCst), 1, "one customer's events never overlap");
}

#[test]
fn from_many_callers_every_lane_keeps_its_order_and_the_ledger_has_no_gap() {
    let stage = World::new()
        .governor("billing", |asked| {
            let before = asked.fact("billing.seen").unwrap_or_else(|| "\"\"".into());
            let before: String = serde_json::from_str(&before).unwrap();
            Ok(approve().set("billing.seen", json!(format!("{before} {}", asked.context().id))))
        })
        .stage();
    let lanes = lanes(&stage, 2);
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let lanes = &lanes;
            scope.spawn(move || {
                let who = format!("c{caller}");
                let sent =
                    (0..50).map(|n| lanes.submit(of("acme", &who, renewal(&format!("{who}-{n}"), DAY))).unwrap());
                let reports = all(sent.collect());
                assert!(reports.iter().all(|report| report.outcome == Outcome::Completed));
                assert!(reports.is_sorted_by_key(|report| report.receipt), "a caller is answered in its lane's order");
            });
        }
    });
    for caller in 0..4 {
        let key = customer("billing.seen").key("acme", &format!("c{caller}"));
        let seen = stage.store.fact(&key).unwrap().unwrap().value.read();
        let expected: String = (0..50).map(|n| format!(" c{caller}-{n}")).collect();
        assert_eq!(seen, json!(expected));
    }
    assert_eq!(stage.store.head().unwrap().frontier.size(), 200);
    stage.check_ledger();
}

#[test]
fn what_customers_share_is_counted_once_for_each_and_numbered_without_a_gap() {
    let stage = World::new()
        .governor("billing", |asked| {
            // Its own tenant's counter, not exactly: that others step it is no reason to judge again.
            asked.facts.read(&tenant("billing.total")).unwrap();
            let name = format!("billing.invoice.{}", asked.context().id);
            let number = Write::Number { series: "invoice".into(), fact: customer(&name), pointer: "/number".into() };
            Ok(approve()
                .write(Write::Increase { fact: tenant("billing.total"), by: 1 })
                .set(&name, json!({"total": 5}))
                .write(number))
        })
        .stage();
    let lanes = lanes(&stage, 2);
    // The first makes the counter, and what appears is no step.
    all(vec![lanes.submit(of("acme", "first", renewal("first", DAY))).unwrap()]);
    let sent = (1..300).map(|n| lanes.submit(of("acme", &format!("c{n}"), renewal(&format!("e{n}"), DAY))).unwrap());
    let reports = all(sent.collect());
    assert!(reports.iter().all(|report| report.outcome == Outcome::Completed && report.conflicts.is_empty()));
    let total = stage.store.fact(&tenant("billing.total").key("acme", "")).unwrap().unwrap();
    assert_eq!(total.value.read(), json!(300));
    let numbers: Vec<u64> = (1..=300).map(|sequence| stage.receipt(sequence).numbers[0].number).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<u64>>(), "in the order of the ledger");
}

#[test]
fn governors_see_one_moment_of_what_the_tenants_own_lane_sets_meanwhile() {
    let (saw, wait) = (mpsc::sync_channel::<()>(0), mpsc::sync_channel::<()>(0));
    let (first_saw, first_wait) = (Mutex::new(saw.0), Mutex::new(wait.1));
    let judged = AtomicU32::new(0);
    let price = || tenant("product-catalog.price");
    let stage = World::new()
        .governor("product-catalog", move |_| Ok(approve().write(Write::Set { fact: price(), value: json!(7).into() })))
        .governor("billing", move |asked| {
            let price = asked.facts.read(&price()).unwrap().map(|seen| seen.value);
            if judged.fetch_add(1, Ordering::SeqCst) == 0 {
                first_saw.lock().unwrap().send(()).unwrap();
                first_wait.lock().unwrap().recv().unwrap();
            }
            Ok(approve().set("billing.paid", json!(price)))
        })
        .stage();
    let lanes = lanes(&stage, 2);
    let first = lanes.submit(of("acme", "payer", renewal("first", DAY))).unwrap();
    saw.1.recv().unwrap();
    let product = json!({"sku": "a", "name": "A", "status": "published", "prices": {}});
    lanes.submit(of("acme", "catalogue", event("p", "ProductChanged", DAY, product))).unwrap().wait().unwrap();
    wait.0.send(()).unwrap();
    let report = first.wait().unwrap();
    assert_eq!(report.outcome, Outcome::Completed);
    let paid = stage.store.fact(&customer("billing.paid").key("acme", "payer")).unwrap().unwrap();
    assert_eq!(paid.value.read(), json!("7"));
}

#[test]
fn a_key_claimed_by_two_lanes_at_once_stands_for_the_first() {
    let meet = Barrier::new(2);
    let stage = World::new()
        .governor("billing", move |asked| {
            meet.wait();
            let data: Value = serde_json::from_str(&asked.context().data).unwrap();
            Ok(approve().write(Write::Claim { key: "k".into(), content: data["amount"].clone().into() }))
        })
        .stage();
    let lanes = lanes(&stage, 2);
    let two = [("a", 5), ("b", 6)];
    let reports =
        all(two.map(|(who, amount)| lanes.submit(of("acme", who, payment(who, "k", amount))).unwrap()).into());
    let mut outcomes: Vec<Outcome> = reports.iter().map(|report| report.outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes, [Outcome::Completed, Outcome::Invalid]);
    assert_eq!(stage.store.head().unwrap().frontier.size(), 1);
}

#[test]
fn an_event_sent_again_while_it_is_under_way_is_answered_with_the_first() {
    let gate = Arc::new(Gate::default());
    let host = slow_ones_ask(World::new()).gated(&gate);
    let lanes = Lanes::start(&host, bounds(1)).unwrap();
    let event = || of("acme", "slow", renewal("e1", DAY));
    let (first, again) = (lanes.submit(event()).unwrap(), lanes.submit(event()).unwrap());
    let other = lanes.submit(of("acme", "other", renewal("e1", DAY))).unwrap();
    assert!(other.is_beside_another() && !again.is_beside_another(), "nobody keeps it under the first one's id");
    gate.open();
    // Told when the first is durable: had the power failed before, this would have been the first.
    assert_eq!(other.wait().unwrap().error.unwrap().kind(), "IdempotencyViolation", "one id, two events");
    let (first, again) = (first.wait().unwrap(), again.wait().unwrap());
    assert_eq!((first.duplicate, again.duplicate), (false, true));
    assert_eq!((first.receipt, again.receipt), (Some(1), Some(1)));
    assert!(lanes.submit(event()).unwrap().wait().unwrap().duplicate);
    assert_eq!(gate.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_slow_service_holds_its_customer_and_no_worker() {
    let gate = Arc::new(Gate::default());
    let host = slow_ones_ask(World::new()).gated(&gate);
    let lanes = Lanes::start(&host, bounds(1)).unwrap();
    let slow: Vec<Pending> = (0..100)
        .map(|n| lanes.submit(of("acme", &format!("slow-{n}"), renewal(&format!("s{n}"), DAY))).unwrap())
        .collect();
    let quick = lanes.submit(of("acme", "quick", renewal("q", DAY))).unwrap().wait().unwrap();
    assert_eq!(quick.receipt, Some(1), "it did not wait for a hundred slow ones");
    let states = |known| lanes.states(known).into_iter().filter(|(_, lanes)| *lanes > 0).collect::<Vec<_>>();
    assert_eq!(states(1), [(State::Idle, 1), (State::AwaitingFeedback, 100)]);
    assert_eq!((lanes.taken(), lanes.waiting()), (100, 0));
    gate.open();
    assert!(all(slow).iter().all(|report| report.outcome == Outcome::Completed));
    lanes.rest().unwrap();
    assert_eq!((states(101), lanes.taken()), (vec![(State::Idle, 101)], 0));
}

#[test]
fn a_full_queue_turns_away_with_a_time_and_takes_again_when_there_is_room() {
    let gate = Arc::new(Gate::default());
    let host = slow_ones_ask(World::new()).gated(&gate);
    let tight = Bounds { lane_max: 2, tenant_max: 5, host_max: 8, ..bounds(1) };
    let lanes = Lanes::start(&host, tight).unwrap();
    let mut sent = Vec::new();
    let crowd = [("t1", "slow-a"), ("t1", "slow-b"), ("t1", "slow-c"), ("t2", "slow-a"), ("t2", "slow-b")];
    for (lane, (tenant, who)) in (1..).zip(crowd) {
        for n in 0..4 {
            sent.push(lanes.submit(of(tenant, who, renewal(&format!("{who}-{n}"), DAY))).unwrap());
            // The first of each lane is begun before the others come, and no longer waits.
            while gate.asked.load(Ordering::SeqCst) < lane {
                std::thread::yield_now();
            }
        }
    }
    assert_eq!(lanes.waiting(), 8);
    gate.open();
    let turned_away: Vec<Option<syndic_core::Error>> = all(sent).into_iter().map(|report| report.error).collect();
    let full: Vec<usize> = turned_away.chunks(4).map(|lane| lane.iter().flatten().count()).collect();
    assert_eq!(full, [1, 1, 2, 1, 2], "a lane is full, then a tenant, then the host");
    for error in turned_away.into_iter().flatten() {
        let syndic_core::Error::Overloaded { retry_after_ms } = error else { panic!("{error}") };
        assert!((50..=30_000).contains(&retry_after_ms));
    }
    lanes.rest().unwrap();
    let after = lanes.submit(of("t1", "slow-a", renewal("after", DAY))).unwrap().wait().unwrap();
    assert_eq!(after.outcome, Outcome::Completed, "what was turned away leaves no trace");
}

#[test]
fn what_follows_comes_before_the_lanes_next_event_and_timers_fire_once() {
    let stage = World::new()
        .governor("billing", |asked| {
            let context = asked.context();
            let seen = asked.fact("billing.seen").map_or(String::new(), |text| serde_json::from_str(&text).unwrap());
            let decision = approve().set("billing.seen", json!(format!("{seen} {}", context.id)));
            Ok(match context.id.as_str() {
                "e1" => decision
                    .raise("CustomerCancels", json!({"subscription_id": "s", "when": "now"}))
                    .mail("m")
                    .timer("t", "2026-01-02T00:00:00Z"),
                _ => decision,
            })
        })
        .stage();
    let lanes = lanes(&stage, 2);
    let sent = ["e1", "e2"].map(|id| lanes.submit(of("acme", "c1", renewal(id, DAY))).unwrap());
    all(sent.into());
    lanes.rest().unwrap();
    let due = Time::parse("2026-01-03T00:00:00Z").unwrap();
    lanes.time_passes(due).unwrap();
    lanes.time_passes(due).unwrap();
    lanes.rest().unwrap();
    assert_eq!(stage.fact("billing.seen"), Some(json!(" e1 1/billing/r:1 1/billing/e:m e2 1/billing/t:t")));
}

#[test]
fn an_event_is_known_by_its_key_for_thirty_days() {
    let stage = World::new().governor("billing", |_| Ok(approve())).stage();
    let lanes = lanes(&stage, 1);
    let send = || lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap().wait().unwrap();
    assert_eq!((send().duplicate, send().duplicate), (false, true));
    let thirty_days = 30 * 86_400_000;
    lanes.time_passes(Time::from_ms(thirty_days)).unwrap();
    assert!(send().duplicate);
    lanes.time_passes(Time::from_ms(thirty_days + 1)).unwrap();
    let anew = send();
    assert_eq!((anew.duplicate, anew.receipt), (false, Some(2)));
    assert!(stage.store.receipt(1).unwrap().is_some(), "receipts stay");
}

#[test]
fn a_timer_that_is_set_again_while_it_waits_in_its_lane_fires_once_and_as_set_last() {
    let gate = Arc::new(Gate::default());
    let world = World::new().governor("billing", |asked| {
        let context = asked.context();
        Ok(match context.id.as_str() {
            "sets" => approve().timer("t", "2026-01-02T00:00:00Z"),
            "again" if asked.is_feedback() => approve().timer("t", "2026-03-01T00:00:00Z"),
            "again" => approve().check("k"),
            _ => approve(),
        })
    });
    let store: Arc<dyn Store> = Arc::clone(&world.store);
    let host = world.gated(&gate);
    let lanes = Lanes::start(&host, bounds(1)).unwrap();
    lanes.submit(of("acme", "c1", renewal("sets", DAY))).unwrap().wait().unwrap();
    let again = lanes.submit(of("acme", "c1", renewal("again", "2026-01-03T00:00:00Z"))).unwrap();
    while gate.asked.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let due = Time::parse("2026-01-04T00:00:00Z").unwrap();
    lanes.time_passes(due).unwrap();
    gate.open();
    again.wait().unwrap();
    lanes.rest().unwrap();
    assert_eq!(store.head().unwrap().frontier.size(), 2, "it did not fire as it had been set first");
    for _ in 0..100 {
        lanes.time_passes(Time::parse("2026-03-02T00:00:00Z").unwrap()).unwrap();
    }
    lanes.rest().unwrap();
    assert_eq!((store.head().unwrap().frontier.size(), store.timers().unwrap()), (3, 0), "and once as it was set last");
}

#[test]
fn a_claim_outlives_the_key_of_the_event_that_made_it() {
    let claims = || approve().write(Write::Claim { key: "k".into(), content: json!(1).into() });
    let stage = World::new().governor("billing", move |_| Ok(claims())).stage();
    let lanes = lanes(&stage, 1);
    let first = lanes.submit(of("acme", "c1", renewal("e1", DAY))).unwrap().wait().unwrap();
    lanes.time_passes(Time::from_ms(40 * 86_400_000)).unwrap();
    let again = lanes.submit(of("acme", "c2", renewal("e2", DAY))).unwrap().wait().unwrap();
    assert!(again.duplicate);
    assert_eq!((again.outcome, again.receipt), (first.outcome, first.receipt));
}

#[test]
fn a_turn_that_panics_stops_the_host_and_everyone_who_waits_is_told() {
    let gate = Arc::new(Gate::default());
    let world = World::new().governor("billing", |asked| match asked.context().subject.as_str() {
        "bad" => panic!("the roof is on fire"),
        _ if asked.is_feedback() => Ok(approve()),
        _ => Ok(approve().check("k")),
    });
    let host = world.gated(&gate);
    let lanes = Lanes::start(&host, bounds(2)).unwrap();
    let waits = lanes.submit(of("acme", "waits", renewal("w", DAY))).unwrap();
    let bad = lanes.submit(of("acme", "bad", renewal("b", DAY))).unwrap();
    let halt = Halt::Panicked("the roof is on fire".into());
    assert_eq!(bad.wait().unwrap_err(), halt);
    assert_eq!(waits.wait().unwrap_err(), halt);
    assert_eq!(lanes.rest().unwrap_err(), halt);
    assert_eq!(lanes.submit(of("acme", "late", renewal("l", DAY))).unwrap_err(), halt);
}

#[test]
fn a_host_that_stops_leaves_what_it_accepted_to_the_next() {
    let gate = Arc::new(Gate::default());
    let world = slow_ones_ask(World::new());
    let store: Arc<dyn Store> = Arc::clone(&world.store);
    let host = world.gated(&gate);
    let lanes = Lanes::start(&host, bounds(1)).unwrap();
    let begun = lanes.submit(of("acme", "slow", renewal("begun", DAY))).unwrap();
    while gate.asked.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let waits = lanes.submit(of("acme", "slow", renewal("waits", DAY))).unwrap();
    let closing = std::thread::spawn(move || drop(lanes));
    gate.open();
    closing.join().unwrap();
    assert_eq!(begun.wait().unwrap().outcome, Outcome::Completed, "a turn under way is finished");
    let waits = waits.wait();
    assert!(matches!(&waits, Err(Halt::Closed)) || waits.is_ok_and(|report| report.outcome == Outcome::Completed));
    assert!(store.head().unwrap().frontier.size() <= 2);
}
