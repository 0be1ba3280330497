//! Looking ahead: reading lines, and asking governors about them, while earlier lines are still being judged.
//!
//! Nothing here changes anything. An answer given too early is noticed when the line's turn comes, and given again; see
//! [`Foreseen`]. So how far this gets, and on how many threads, shows in the time a run takes and nowhere else.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use syndic_core::ports::Timer;
use syndic_core::{Error, Event, Lane, Report};

use crate::foresight::Foreseen;
use crate::host::Host;

/// Something to look at.
pub(crate) enum Sight {
    /// A line of a stream.
    Line(Result<Vec<u8>, Error>),
    /// A timer that will fire.
    Timer(Timer),
}

/// What was seen.
pub(crate) struct Seen {
    /// The event of a line, or why it is turned away.
    pub(crate) event: Option<Result<Event, Box<Report>>>,
    pub(crate) foreseen: Option<Foreseen>,
}

/// One look, which whoever needs it first carries out.
pub(crate) struct Look {
    state: Mutex<State>,
    seen: Condvar,
}

enum State {
    Waiting(Sight),
    Begun,
    Seen(Box<Seen>),
    Taken,
}

/// The threads that look ahead.
pub(crate) struct Ahead {
    host: Arc<Host>,
    /// Lanes that something unplayed was seen in: a second look there would be in vain.
    lanes: Arc<Mutex<HashSet<Lane>>>,
    looks: Option<Sender<Arc<Look>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Ahead {
    pub(crate) fn new(host: &Arc<Host>, threads: usize) -> Self {
        let (looks, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let lanes = Arc::default();
        let threads = (0..threads).map(|_| {
            let (host, lanes, waiting) = (Arc::clone(host), Arc::clone(&lanes), Arc::clone(&waiting));
            std::thread::spawn(move || look_ahead(&host, &lanes, &waiting))
        });
        Self { host: Arc::clone(host), threads: threads.collect(), lanes, looks: Some(looks) }
    }

    /// Has something looked at. Without a thread for it, it waits until it is needed.
    pub(crate) fn look(&self, at: Sight) -> Arc<Look> {
        let look = Arc::new(Look { state: Mutex::new(State::Waiting(at)), seen: Condvar::new() });
        if let (Some(looks), false) = (&self.looks, self.threads.is_empty()) {
            // Where the threads are gone, the look waits until it is needed.
            let _ = looks.send(Arc::clone(&look));
        }
        look
    }

    /// What was seen, or can be seen without asking governors.
    pub(crate) fn take(&self, look: &Look) -> Seen {
        let mut state = lock(&look.state);
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Waiting(Sight::Line(line)) => return Seen { event: Some(read(line)), foreseen: None },
                State::Waiting(Sight::Timer(_)) | State::Taken => return Seen { event: None, foreseen: None },
                State::Begun => {
                    *state = State::Begun;
                    state = look.seen.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Seen(seen) => return *seen,
            }
        }
    }

    /// A lane moved on: what is seen in it from now on may hold.
    pub(crate) fn played(&self, event: &Event) {
        lock(&self.lanes).remove(&event.lane(&self.host.tenant_kinds));
    }

    /// The same for a timer.
    pub(crate) fn fired(&self, lane: &Lane) {
        lock(&self.lanes).remove(lane);
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.looks = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn look_ahead(host: &Host, lanes: &Mutex<HashSet<Lane>>, waiting: &Mutex<Receiver<Arc<Look>>>) {
    loop {
        let Ok(look) = lock(waiting).recv() else { return };
        let State::Waiting(at) = begin(&look) else { continue };
        let seen = see(host, lanes, at);
        *lock(&look.state) = State::Seen(Box::new(seen));
        look.seen.notify_one();
    }
}

fn begin(look: &Look) -> State {
    let mut state = lock(&look.state);
    match std::mem::replace(&mut *state, State::Begun) {
        State::Waiting(at) => State::Waiting(at),
        other => std::mem::replace(&mut *state, other),
    }
}

/// A store that fails here fails again when it counts.
fn see(host: &Host, lanes: &Mutex<HashSet<Lane>>, at: Sight) -> Seen {
    match at {
        Sight::Line(line) => {
            let event = read(line);
            let foreseen = event.as_ref().ok().and_then(|event| {
                let first = lock(lanes).insert(event.lane(&host.tenant_kinds));
                if first { unless_panicked(|| host.foresee(event.clone()).ok().flatten()) } else { None }
            });
            Seen { event: Some(event), foreseen }
        }
        Sight::Timer(timer) => {
            let first = lock(lanes).insert(timer.key.lane.clone());
            let foreseen = if first { unless_panicked(|| host.foresee_timer(timer).ok()) } else { None };
            Seen { event: None, foreseen }
        }
    }
}

/// What panics here panics again when it counts, where it is told.
fn unless_panicked(look: impl FnOnce() -> Option<Foreseen>) -> Option<Foreseen> {
    catch_unwind(AssertUnwindSafe(look)).ok().flatten()
}

fn read(line: Result<Vec<u8>, Error>) -> Result<Event, Box<Report>> {
    let line = line.map_err(|error| Box::new(Report::turned_away("", error)))?;
    Event::from_outside(&line).map_err(|error| Box::new(Report::turned_away(id_of(&line).unwrap_or_default(), error)))
}

/// The id of a line that is no event, where it can be read at all: it helps to find the line.
fn id_of(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let id = value.get("id")?.as_str()?;
    Some(id.chars().take(256).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
