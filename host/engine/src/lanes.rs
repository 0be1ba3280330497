//! Lanes: events of many callers, one at a time per customer and many customers at once.
//!
//! A lane is the queue of one (tenant, customer). Its turns run one after another, each with what follows from it; turns
//! of different lanes run side by side on one worker per core, and a turn that waits for a service or for the disk holds
//! no worker. A lane's next turn begins when the last one is admitted; callers are answered when it is durable.
//!
//! Workers go round the tenants, and round the lanes of each, one step at a time, so that no tenant waits for another's
//! backlog. Every queue is bounded: what does not fit is turned away at the door with a time to come back, and nothing
//! that was taken is dropped.
//!
//! Not here: how an event is judged (`turn`), the order of the ledger (whoever the store admits first).

use std::any::Any;
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use syndic_core::ports::{Ticket, Timer, TimerKey};
use syndic_core::{DedupKey, Error, Event, Lane, Report, Time};
use syndic_ledger::Hash;

use crate::consequence::{Following, timer_event};
use crate::door::{Bounds, Pace};
use crate::host::{Halt, Host, reused_id};
use crate::queues::{Queues, Task, Todo};
use crate::turn::{After, Finished};

/// The answer to one event, when it comes. It can be awaited, or waited for with [`Pending::wait`].
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Report, Halt>>);

impl Pending {
    /// Waits for the answer in this thread.
    ///
    /// # Errors
    /// [`Halt`]: the outcome is not known, and will be after recovery.
    pub fn wait(self) -> Result<Report, Halt> {
        pollster::block_on(self)
    }

    /// The answer, if it is there. It is given once.
    pub fn try_answer(&mut self) -> Option<Result<Report, Halt>> {
        self.0.try_recv().unwrap_or(Some(Err(Halt::Closed)))
    }
}

impl Future for Pending {
    type Output = Result<Report, Halt>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(Halt::Closed)))
    }
}

type Answer = oneshot::Sender<Result<Report, Halt>>;
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Step, Halt>> + Send>>;

/// What one turn came to, for its lane.
pub(crate) struct Step {
    /// What a caller is told once the ticket is durable.
    told: Option<(Ticket, DedupKey, Report)>,
    /// The timer that fired.
    timer: Option<TimerKey>,
    after: After,
}

/// An event that was taken and not answered yet.
struct Flight {
    hash: Hash,
    /// Whether it was taken before anybody of now asked.
    recovered: bool,
    answers: Vec<Answer>,
    /// Who sent another event under the same id meanwhile, and what is told then.
    others: Vec<(Answer, Report)>,
}

impl Flight {
    /// Answers all who sent the event: the first, unless it was taken before, and those who sent it again.
    fn answer(mut self, report: Report) {
        for (answer, report) in self.others {
            let _ = answer.send(Ok(report));
        }
        let last = self.answers.pop();
        let others = self.answers.len();
        for (nth, answer) in self.answers.into_iter().enumerate() {
            // Who went away does not want to know.
            let _ = answer.send(Ok(told_to(nth, self.recovered, report.clone())));
        }
        if let Some(last) = last {
            let _ = last.send(Ok(told_to(others, self.recovered, report)));
        }
    }
}

fn told_to(nth: usize, recovered: bool, report: Report) -> Report {
    Report { duplicate: report.duplicate || nth > 0 || recovered, ..report }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) queues: Queues<Running>,
    flights: HashMap<DedupKey, Flight>,
    /// Timers that wait in a lane, or fire.
    timers: HashSet<TimerKey>,
    /// Turns that are admitted, each with what has to be durable before its caller is told.
    admitted: VecDeque<(Ticket, DedupKey, Report)>,
    pace: Pace,
    pub(crate) halted: Option<Halt>,
    closing: bool,
    /// Workers that wait for work. To wake somebody is a system call, even where nobody sleeps.
    idle: usize,
    /// Whether the teller waits for something to tell.
    teller_idle: bool,
}

impl State {
    fn is_over(&self) -> bool {
        self.halted.is_some() || (self.closing && !self.queues.is_anything_begun())
    }

    /// Puts a timer into its lane, unless it is there.
    fn fire(&mut self, timer: Timer) {
        if self.timers.insert(timer.key.clone()) {
            self.queues.put(timer.key.lane.clone(), Todo::Follow(Box::new(Following::Timer(timer))));
        }
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.queues.is_empty() && self.admitted.is_empty()
    }
}

/// Timers looked at, at a time.
const TIMERS_AT_ONCE: usize = 1_024;

/// Keys forgotten at a time, so that the committer is not held for long.
const KEYS_FORGOTTEN: usize = 1_024;

/// Many lanes over one host.
pub struct Lanes {
    inner: Arc<Inner>,
    threads: Vec<JoinHandle<()>>,
}

pub(crate) struct Inner {
    pub(crate) host: Arc<Host>,
    bounds: Bounds,
    state: Mutex<State>,
    /// A lane can go on, or everything is over.
    work: Condvar,
    /// A turn was admitted, or everything is over.
    told: Condvar,
    /// A lane came to rest.
    rest: Condvar,
}

impl Lanes {
    /// Starts the workers, and goes on with what an earlier process left: unfinished events, raised events, deferred
    /// effects. Timers fire when [time passes](Self::time_passes).
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn start(host: &Arc<Host>, bounds: Bounds) -> Result<Self, Halt> {
        let inner = Inner::recovered(host, bounds)?;
        let mut threads = Vec::new();
        for _ in 0..bounds.workers.max(1) {
            let inner = Arc::clone(&inner);
            threads.push(std::thread::spawn(move || inner.work()));
        }
        let teller = Arc::clone(&inner);
        threads.push(std::thread::spawn(move || teller.tell()));
        Ok(Self { inner, threads })
    }

    /// Takes an event: puts it into its lane's queue, or turns it away. An event that is known or under way already is
    /// answered with the outcome of the first.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped. That a queue is full is the event's outcome, `invalid` with
    /// [`Error::Overloaded`], and no error.
    pub fn submit(&self, event: Event) -> Result<Pending, Halt> {
        self.inner.submit(event)
    }

    /// Lets time pass: timers due by now go into their lanes, and keys that were kept long enough are forgotten, some
    /// at a time. To be called every second or so.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn time_passes(&self, now: Time) -> Result<(), Halt> {
        self.inner.time_passes(now)
    }

    /// Waits until no lane has anything to do and everything is durable.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped.
    pub fn rest(&self) -> Result<(), Halt> {
        let mut state = self.inner.lock();
        loop {
            if let Some(halt) = &state.halted {
                return Err(halt.clone());
            }
            if state.is_at_rest() {
                drop(state);
                // Of what followed no caller was told, so nobody waited for it yet.
                return pollster::block_on(self.inner.host.durable(self.inner.host.ports().store.last()));
            }
            state = self.inner.rest.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Events that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.inner.lock().queues.all_waiting()
    }
}

impl Drop for Lanes {
    /// Turns under way are finished; what waits is taken up by the next process, if it was accepted.
    fn drop(&mut self) {
        self.inner.lock().closing = true;
        self.inner.work.notify_all();
        self.inner.told.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Inner {
    /// Lanes with what an earlier process left in them.
    pub(crate) fn recovered(host: &Arc<Host>, bounds: Bounds) -> Result<Arc<Self>, Halt> {
        let (work, told, rest) = (Condvar::new(), Condvar::new(), Condvar::new());
        let inner = Self { host: Arc::clone(host), bounds, state: Mutex::default(), work, told, rest };
        inner.recover()?;
        Ok(Arc::new(inner))
    }

    pub(crate) fn submit(&self, event: Event) -> Result<Pending, Halt> {
        let (answer, pending) = oneshot::channel();
        self.let_in(event, answer)?;
        Ok(Pending(pending))
    }

    pub(crate) fn time_passes(&self, now: Time) -> Result<(), Halt> {
        self.fire_due(now)?;
        self.host.ports().store.forget(now.plus_ms(-self.bounds.keys_kept_ms), KEYS_FORGOTTEN)?;
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_in(&self, event: Event, answer: Answer) -> Result<(), Halt> {
        let (key, hash) = (event.key(), event.hash());
        let mut state = self.lock();
        if let Some(halt) = &state.halted {
            return Err(halt.clone());
        }
        if let Some(flight) = state.flights.get_mut(&key) {
            if flight.hash == hash {
                flight.answers.push(answer);
            } else {
                // It is the first one's id only once the first one is durable.
                flight.others.push((answer, Report::turned_away(event.id.clone(), reused_id(&event))));
            }
            return Ok(());
        }
        // Asked while the door is locked, so that of two equal events only one is let in. What is admitted and not yet
        // durable is in flight, and was found above.
        if let Some(report) = self.host.known(&event)? {
            let _ = answer.send(Ok(report));
            return Ok(());
        }
        let lane = event.lane(&self.host.tenant_kinds);
        if let Some(fullness) = self.bounds.exceeded(state.queues.waiting(&lane)) {
            let retry_after_ms = state.pace.retry_after_ms(fullness);
            let _ = answer.send(Ok(Report::turned_away(event.id, Error::Overloaded { retry_after_ms })));
            return Ok(());
        }
        state.flights.insert(key, Flight { hash, recovered: false, answers: vec![answer], others: Vec::new() });
        state.queues.put(lane, Todo::Event(Box::new(event)));
        self.wake_worker(&state);
        Ok(())
    }

    fn wake_worker(&self, state: &State) {
        if state.idle > 0 && state.queues.can_anyone_go_on() {
            self.work.notify_one();
        }
    }

    /// Timers are not bounded at the door: each was let in with the decision that set it, and none is dropped.
    fn fire_due(&self, now: Time) -> Result<(), Halt> {
        let mut some = TIMERS_AT_ONCE;
        loop {
            let due = self.host.due(now, some)?;
            let all = due.len() < some;
            let mut state = self.lock();
            let before = state.timers.len();
            due.into_iter().for_each(|timer| state.fire(timer));
            // Where all of these wait in their lanes already, those behind them are looked at.
            if all || state.timers.len() > before {
                drop(state);
                self.work.notify_all();
                return Ok(());
            }
            some = some.saturating_mul(4);
        }
    }

    /// Puts into lanes what waits in the store.
    fn recover(&self) -> Result<(), Halt> {
        let mut state = self.lock();
        // What an earlier process was firing goes first in its lane: it may have reached out already.
        if let Some(until) = self.host.unfinished_timer()? {
            for timer in self.host.due(until, usize::MAX)? {
                if self.host.was_begun(&timer_event(&timer)?.key()) {
                    state.fire(timer);
                }
            }
        }
        for following in self.host.queued(usize::MAX)? {
            state.queues.follow(self.host.lane_of(&following)?, following);
        }
        for event in self.host.unfinished()? {
            // The host's own events still wait in their queues and are finished from there.
            if event.made_by().is_none() {
                let (hash, answers, others) = (event.hash(), Vec::new(), Vec::new());
                let flight = Flight { hash, recovered: true, answers, others };
                state.flights.insert(event.key(), flight);
                state.queues.put(event.lane(&self.host.tenant_kinds), Todo::Event(Box::new(event)));
            }
        }
        Ok(())
    }

    /// A worker: takes a lane that can go on, takes it one step, and so on.
    fn work(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.is_over() {
            let closing = state.closing;
            let Some((lane, task)) = state.queues.next(closing) else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            // Another may take the next one meanwhile.
            self.wake_worker(&state);
            drop(state);
            state = self.step(&lane, task);
        }
        self.work.notify_all();
        self.told.notify_all();
    }

    /// Takes a lane one step: to where its turn waits for something, or is over. Nobody else has the lane meanwhile.
    pub(crate) fn step(self: &Arc<Self>, lane: &Lane, task: Task<Running>) -> MutexGuard<'_, State> {
        let mut running = match task {
            Task::Begin(todo) => self.turn(todo),
            Task::GoOn(running) => running,
        };
        let waker = Waker::from(Arc::new(LaneWaker { inner: Arc::downgrade(self), lane: lane.clone() }));
        let poll = || running.as_mut().poll(&mut Context::from_waker(&waker));
        let polled = catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))));
        let mut state = self.lock();
        let stepped = match polled {
            Poll::Pending => {
                state.queues.pause(lane, running);
                Ok(())
            }
            Poll::Ready(step) => step.and_then(|step| self.stepped(&mut state, lane, step)),
        };
        if let Err(halt) = stepped {
            self.halt(&mut state, halt);
        }
        if state.is_at_rest() {
            self.rest.notify_all();
        }
        state
    }

    fn turn(&self, todo: Todo) -> Running {
        let host = Arc::clone(&self.host);
        Box::pin(async move {
            match todo {
                Todo::Event(event) => {
                    let key = event.key();
                    let Finished { report, ticket, after } = host.take(*event, None).await?;
                    Ok(Step { told: Some((ticket, key, report)), timer: None, after })
                }
                Todo::Follow(following) => {
                    let timer = match &*following {
                        Following::Timer(timer) => Some(timer.key.clone()),
                        _ => None,
                    };
                    // It may have fired, or been set again, while it waited here. Only its own lane does that.
                    if let Following::Timer(due) = &*following
                        && host.ports().store.front().timer(&due.key)?.as_ref() != Some(due)
                    {
                        return Ok(Step { told: None, timer, after: After::default() });
                    }
                    let (_, _, after) = host.follow(*following, None).await?;
                    Ok(Step { told: None, timer, after })
                }
            }
        })
    }

    /// A turn was admitted: its caller waits for it to be durable, its lane goes on with what follows.
    fn stepped(&self, state: &mut State, lane: &Lane, step: Step) -> Result<(), Halt> {
        let Step { told, timer, after } = step;
        if let Some(timer) = timer {
            state.timers.remove(&timer);
        }
        if let Some(told) = told {
            state.admitted.push_back(told);
            if state.teller_idle {
                self.told.notify_one();
            }
        }
        state.pace.finished(self.host.ports().clock.now());
        for following in after.following {
            state.queues.follow(self.host.lane_of(&following)?, following);
        }
        state.queues.release(lane);
        Ok(())
    }

    fn halt(&self, state: &mut State, halt: Halt) {
        for (_, Flight { answers, others, .. }) in state.flights.drain() {
            for answer in answers.into_iter().chain(others.into_iter().map(|(answer, _)| answer)) {
                let _ = answer.send(Err(halt.clone()));
            }
        }
        state.halted.get_or_insert(halt);
        self.work.notify_all();
        self.told.notify_all();
        self.rest.notify_all();
    }

    /// Tells callers what became of their events, in the order in which they were admitted, once that is durable.
    fn tell(&self) {
        let mut state = self.lock();
        loop {
            let Some((ticket, ..)) = state.admitted.front() else {
                if state.is_over() {
                    return;
                }
                state.teller_idle = true;
                state = self.told.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.teller_idle = false;
                continue;
            };
            let ticket = *ticket;
            drop(state);
            let durable = pollster::block_on(self.host.durable(ticket));
            state = self.lock();
            if let Err(halt) = durable {
                self.halt(&mut state, halt);
                return;
            }
            // What became durable with it, in one group, is told with it.
            self.tell_durable(&mut state);
        }
    }

    /// Answers whoever waits for a turn that is durable by now, and says how many turns that were.
    pub(crate) fn tell_durable(&self, state: &mut State) -> usize {
        let store = &self.host.ports().store;
        let is_durable = |ticket| matches!(store.poll_durable(ticket, Waker::noop()), Poll::Ready(Ok(())));
        let mut told = 0;
        while let Some((_, key, report)) = state.admitted.pop_front_if(|(ticket, ..)| is_durable(*ticket)) {
            told += 1;
            if let Some(flight) = state.flights.remove(&key) {
                flight.answer(report);
            }
        }
        if state.is_at_rest() {
            self.rest.notify_all();
        }
        told
    }
}

/// What the host stops with where a turn panics: nobody knows how far it came, and recovery will.
fn panicked(panic: &(dyn Any + Send)) -> Halt {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Halt::Panicked(text.unwrap_or("without a word").to_owned())
}

/// Puts a lane back on its tenant's list when what it waits for is there.
struct LaneWaker {
    inner: Weak<Inner>,
    lane: Lane,
}

impl Wake for LaneWaker {
    fn wake(self: Arc<Self>) {
        if let Some(inner) = self.inner.upgrade() {
            let mut state = inner.lock();
            state.queues.wake(&self.lane);
            inner.wake_worker(&state);
        }
    }
}
