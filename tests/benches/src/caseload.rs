//! A host of cases in this process: one net, people who work on its cases, and nobody who judges. Cases ask no governors
//! here, so nothing is measured but cases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use syndic_connect::Sandbox;
use syndic_core::config::SlotConfig;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Called, CaseKey, Clock, Facts, GovernorRuntime, Installed, Migrated, Question, Store, Waiting,
};
use syndic_core::{Config, Error, Event, Outcome, Slot, Time};
use syndic_engine::{Bounds, Cause, Host, Lanes, Lineup, Pending, Ports};
use syndic_ledger::{Hash, Master, sha256};

const NET: &str = include_str!("../scenes/ticket.toml");

/// When everything here happens but what is due.
const NOW: Time = Time::from_ms(1_768_187_045_000);

/// When what is urgent is due.
const SOON: Time = NOW.plus_ms(2_000);

/// Commands under way at once.
const UNDER_WAY: usize = 512;

/// Commands that bring a conversation back to where it was.
pub const ROUND: u32 = 6;

/// A clock that is put forward by hand.
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now(&self) -> Time {
        Time::from_ms(self.0.load(Ordering::SeqCst))
    }

    fn wait_until(&self, _: Time) -> Waiting<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// Nobody is asked.
struct NoGovernors;

impl GovernorRuntime for NoGovernors {
    fn load(&self, slot: &Slot, _: &[u8], _: &SlotConfig) -> Result<Arc<Installed>, Error> {
        unreachable!("nobody is installed in {slot}")
    }

    fn engine_hash(&self) -> Hash {
        sha256(b"no governors")
    }

    fn call(&self, version: &Installed, _: &SlotConfig, _: Question, _: Arc<dyn Facts>) -> Called {
        unreachable!("nobody is asked in {}", version.slot)
    }

    fn migrate(&self, version: &Installed, _: &SlotConfig, _: u32, _: Vec<Seen>) -> Migrated {
        unreachable!("nobody is asked in {}", version.slot)
    }
}

/// A host with cases, and what puts commands to it.
pub struct Desk {
    host: Arc<Host>,
    lanes: Lanes,
    clock: Arc<ByHand>,
}

impl Desk {
    /// Over a store. The net is loaded.
    ///
    /// # Panics
    /// The store cannot be written.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ByHand(AtomicI64::new(NOW.ms())));
        let ports = Ports { store, runtime: Arc::new(NoGovernors), connector: Arc::new(Sandbox), clock: clock.clone() };
        let host = Host::new(ports, Config::default(), Master::from_seed(0), Lineup::of([]));
        let host = Arc::new(host.expect("the store can be written"));
        let cause = Cause { by: "ada".into(), reason: "bench".into(), at: NOW, id: None };
        host.load_net(NET, &cause).expect("the store can be written").expect("the net is sound");
        let room = Bounds { tenant_max: UNDER_WAY * 8, host_max: UNDER_WAY * 8, workers: 2, ..Bounds::default() };
        let lanes = Lanes::start(&host, room).expect("the host goes on");
        Self { host, lanes, clock }
    }

    /// What is kept.
    pub fn store(&self) -> &dyn Store {
        &*self.host.ports().store
    }

    /// Has one command carried out, and waits until its outcome may be told.
    ///
    /// # Panics
    /// It is not carried out.
    pub fn put(&self, command: Event) {
        completed(self.lanes.submit(command).expect("the host goes on"));
    }

    /// Puts commands as fast as they are taken, and returns when all of them are durable.
    ///
    /// # Panics
    /// One is not carried out.
    pub fn put_all(&self, commands: impl Iterator<Item = Event>) {
        let mut under_way = std::collections::VecDeque::with_capacity(UNDER_WAY);
        for command in commands {
            if under_way.len() >= UNDER_WAY {
                under_way.pop_front().into_iter().for_each(completed);
            }
            under_way.push_back(self.lanes.submit(command).expect("the host goes on"));
        }
        under_way.into_iter().for_each(completed);
    }

    /// Lets what is urgent become due, and returns when all of it has happened and is durable.
    ///
    /// # Panics
    /// The store cannot be written.
    pub fn time_passes(&self) {
        self.clock.0.store(SOON.ms(), Ordering::SeqCst);
        self.lanes.time_passes(SOON).expect("the host goes on");
        self.lanes.rest().expect("the host goes on");
    }

    /// Looks for what is due when nothing is.
    ///
    /// # Panics
    /// The store cannot be read.
    pub fn look(&self) {
        let due = self.store().front().cases_due(NOW, 64).expect("the store can be read");
        assert_eq!(due, [], "nothing is due");
    }
}

fn completed(pending: Pending) {
    let report = pending.wait().expect("the host goes on");
    assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
}

/// The key of a case, by its number.
pub fn key(nth: usize) -> CaseKey {
    CaseKey { tenant: "acme".into(), id: format!("ticket-{nth:07}") }
}

/// Somebody asks. What is urgent is due soon.
pub fn launches(nth: usize, urgent: bool) -> Event {
    let data = json!({"customer_id": format!("customer-{nth:07}"), "urgency": if urgent { "high" } else { "low" }});
    command(&key(nth).id, &format!("{nth}"), "case.launch", json!({"net": "ticket", "data": data}))
}

/// The next command of a case after so many: an agent takes the answer, begins and asks back, a customer takes the reply,
/// begins and is done.
pub fn works(nth: usize, after: u32) -> Event {
    let (by, task) = if after % ROUND < 3 { ("ada", "T_Answer") } else { ("ben", "T_Reply") };
    let roles = ["agent", "customer"];
    let (verb, data) = match after % 3 {
        0 => ("work.take", json!({"by": by, "roles": roles})),
        1 => ("work.start", json!({"by": by, "roles": roles})),
        _ if task == "T_Reply" => ("work.complete", json!({"by": by, "roles": roles})),
        _ => ("work.complete", json!({"by": by, "roles": roles, "outcome": "ask"})),
    };
    let item = format!("{}/{task}/{}", key(nth).id, after / ROUND + 1);
    command(&item, &format!("{nth}-{after}"), verb, data)
}

fn command(subject: &str, id: &str, kind: &str, data: Value) -> Event {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/desk", "type": format!("syndic.{kind}"), "tenant": "acme",
        "subject": subject, "time": NOW, "data": data,
    });
    Event::from_outside(event.to_string().as_bytes()).expect("the command is valid")
}
