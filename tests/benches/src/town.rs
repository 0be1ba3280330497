//! A host as the daemon has it, in this process: the eight governors, a store in a directory, the sandbox; and customers
//! who keep it busy.

use std::collections::VecDeque;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

use syndic_connect::Sandbox;
use syndic_core::ports::{Clock, Store, Waiting};
use syndic_core::{Config, Event, Outcome, Time};
use syndic_engine::{Bounds, Host, Lanes, Pending, Ports};
use syndic_ledger::Master;
use syndic_store::{MasterWanted, SledStore};
use syndic_tests::stage::{self, Governors};

/// When everything here happens. No timer fires.
const NOW: &str = "2026-01-12T03:04:05Z";

/// Events under way at once: many times what one barrier takes along, and far from what the door turns away.
const UNDER_WAY: usize = 512;

/// A clock that stands still.
struct Still(Time);

impl Clock for Still {
    fn now(&self) -> Time {
        self.0
    }

    fn wait_until(&self, _: Time) -> Waiting<'_> {
        Box::pin(pending())
    }
}

/// Starts a runtime with the eight. A folder for compiled code spares the next one the compiling.
///
/// # Panics
/// This machine cannot run them.
pub fn eight(compiled: &Path) -> Governors {
    stage::eight(compiled, &Config::default())
}

/// Opens the store in a directory.
///
/// # Panics
/// It does not open.
pub fn store(dir: &Path) -> Arc<SledStore> {
    Arc::new(SledStore::open(dir, MasterWanted::Seed(0)).expect("the store opens"))
}

/// A host over a store.
///
/// # Panics
/// The store cannot be written.
pub fn host(store: Arc<dyn Store>, governors: Governors) -> Arc<Host> {
    let Governors { runtime, lineup } = governors;
    let clock = Arc::new(Still(Time::parse(NOW).expect("it is a time")));
    let ports = Ports { store, runtime, connector: Arc::new(Sandbox), clock };
    Arc::new(Host::new(ports, Config::default(), Master::from_seed(0), lineup).expect("the store can be written"))
}

/// Takes up a plan: six governors, a check, a payment, and three deferred effects with what follows from them.
pub fn subscribes(customer: usize) -> Event {
    event(customer, &format!("sub-{customer}"), "CustomerSubscribes", r#"{"sku":"pro","seats":3}"#)
}

/// Pays: three governors, and a claim. What a customer's facts hold of it does not grow.
pub fn pays(customer: usize, nth: usize) -> Event {
    let data = format!(r#"{{"amount":100,"idempotency_key":"pay-{nth}"}}"#);
    event(customer, &format!("pay-{nth}"), "PaymentProcessed", &data)
}

fn event(customer: usize, id: &str, kind: &str, data: &str) -> Event {
    let text = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/shop","type":"marketplace.{kind}","tenant":"acme","subject":"customer-{customer:07}","time":"{NOW}","data":{data}}}"#
    );
    Event::from_outside(text.as_bytes()).expect("the event is valid")
}

/// Sends events as fast as they are taken, by so many workers, and returns when all of them, and what follows from
/// them, are durable.
///
/// # Panics
/// An event is not completed.
pub fn keep_busy(host: &Arc<Host>, workers: usize, events: impl Iterator<Item = Event>) {
    let room = Bounds { lane_max: UNDER_WAY, tenant_max: UNDER_WAY * 8, host_max: UNDER_WAY * 8, ..Bounds::default() };
    let lanes = Lanes::start(host, Bounds { workers, ..room }).expect("the host goes on");
    let mut under_way = VecDeque::with_capacity(UNDER_WAY);
    for event in events {
        if under_way.len() >= UNDER_WAY {
            under_way.pop_front().into_iter().for_each(completed);
        }
        under_way.push_back(lanes.submit(event).expect("the host goes on"));
    }
    under_way.into_iter().for_each(completed);
    lanes.rest().expect("the host goes on");
    everything_durable(&*host.ports().store);
}

/// Waits for what followed from the last events, which nobody was told of.
fn everything_durable(store: &dyn Store) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while store.poll_durable(store.last(), &waker).map(|durable| durable.expect("the store writes")).is_pending() {
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn completed(pending: Pending) {
    let report = pending.wait().expect("the host goes on");
    assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
}
