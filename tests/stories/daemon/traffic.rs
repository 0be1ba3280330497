//! Callers who send events to a daemon without a pause, and remember what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use super::Daemon;
use super::doors::{said, subscribes, tcp};
use crate::syndic::text;

/// An event, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) customer: String,
    pub(super) told: Value,
    /// Between which turns of the story it was sent and answered.
    pub(super) turns: [usize; 2],
}

impl Sent {
    /// The outcome, and the version of billing that judged it.
    pub(super) fn billed(&self) -> (String, String) {
        let governors = self.told["governors"].as_array().unwrap();
        let billing: Vec<&Value> = governors.iter().filter(|governor| governor["slot"] == "billing").collect();
        assert_eq!(billing.len(), 1, "one version judges: {}", self.told);
        (text(&self.told["outcome"]), text(&billing[0]["version"]))
    }
}

#[derive(Default)]
struct Shared {
    next: AtomicUsize,
    turn: AtomicUsize,
    over: AtomicBool,
    sent: Mutex<Vec<Sent>>,
    more: Condvar,
}

/// Several callers. Each is somebody new with every event.
pub(super) struct Traffic {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<()>>,
}

impl Traffic {
    pub(super) fn begin(daemon: &Daemon, token: &str, callers: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let caller = || {
            let (shared, place) = (Arc::clone(&shared), tcp(daemon).peer_addr().unwrap());
            let bearer = format!("authorization: Bearer {token}");
            std::thread::spawn(move || {
                while !shared.over.load(Ordering::SeqCst) {
                    let nth = shared.next.fetch_add(1, Ordering::SeqCst);
                    let (id, customer) = (format!("e{nth}"), format!("c{nth}"));
                    let event = subscribes("acme", &id, &customer).to_string();
                    let began = shared.turn.load(Ordering::SeqCst);
                    let headers = ["content-type: application/cloudevents+json", &bearer];
                    let stream = std::net::TcpStream::connect(place).unwrap();
                    let (status, told) = said(stream, "POST /v1/events", &headers, &event);
                    let turns = [began, shared.turn.load(Ordering::SeqCst)];
                    assert_eq!(status, 201, "{told}");
                    let told = serde_json::from_str(&told).unwrap();
                    shared.sent.lock().unwrap().push(Sent { id, customer, told, turns });
                    shared.more.notify_all();
                }
            })
        };
        let callers = (0..callers).map(|_| caller()).collect();
        Self { shared, callers }
    }

    /// Waits until so many more events were answered.
    pub(super) fn goes_on_for(&self, many: usize) {
        let sent = self.shared.sent.lock().unwrap();
        let until = sent.len() + many;
        drop(self.shared.more.wait_while(sent, |sent| sent.len() < until).unwrap());
    }

    /// Something is about to change, or has. Says which turn of the story it is.
    pub(super) fn turns(&self) -> usize {
        self.shared.turn.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Ends it. Every event that was sent, by its id.
    pub(super) fn ends(self) -> BTreeMap<String, Sent> {
        self.shared.over.store(true, Ordering::SeqCst);
        self.callers.into_iter().for_each(|caller| caller.join().unwrap());
        let sent = std::mem::take(&mut *self.shared.sent.lock().unwrap());
        assert_eq!(sent.len(), self.shared.next.load(Ordering::SeqCst), "each is answered");
        sent.into_iter().map(|sent| (sent.id.clone(), sent)).collect()
    }
}
