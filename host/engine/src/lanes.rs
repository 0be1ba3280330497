//! Lanes: events of many callers, one at a time per customer and many customers at once.
//!
//! A lane is the queue of one (tenant, customer). Its turns run one after another, each with what follows from it; turns
//! of different lanes run side by side on one worker per core, and a turn that waits for a service or for the disk holds
//! no worker. A lane's next turn begins when the last one is admitted; callers are answered when it is durable.
//!
//! Workers go round the tenants, and round the lanes of each, one step at a time, so that no tenant waits for
//! another's backlog. Every queue of events is bounded: what does not fit is turned away at the door with a time to
//! come back, and nothing that was taken is dropped.
//!
//! Not here: how an event is judged (`turn`), the order of the ledger (whoever the store admits first).

use std::any::Any;
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use syndic_core::config::StuckLane;
use syndic_core::failpoint;
use syndic_core::ports::{Deferred, Ticket, Timer};
use syndic_core::{DedupKey, Error, Event, Lane, Report, Time};
use tracing::{Instrument, Span};

use crate::act::{Denied, Order};
use crate::cases_in_lanes::Cases;
use crate::consequence::{Following, timer_event};
use crate::door::{Bounds, Pace};
use crate::host::{Halt, Host, reused_id};
use crate::observed::Observed;
use crate::pending::{Answer, Flight, OrderNumber, Pending, Told};
use crate::queue::{Mark, Todo};
use crate::queues::{Queues, Task};
use crate::reach::plus_ms;
use crate::turn::{After, Finished};
use crate::waker::wakes;

pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Step, Halt>> + Send>>;

/// What one turn came to, for its lane.
#[derive(Default)]
pub(crate) struct Step {
    /// Who is told what, once the ticket is durable.
    pub(crate) told: Option<(Ticket, Told)>,
    /// What it did that was marked as being done.
    pub(crate) mark: Option<Mark>,
    pub(crate) after: After,
    /// A deferred effect that nobody answered, and how often it was tried.
    pub(crate) unanswered: Option<(Box<(u64, Deferred)>, u32)>,
    /// What cases have to do now.
    pub(crate) cases: Cases,
}

impl Step {
    /// The step of an event that somebody sent.
    fn of(key: DedupKey, finished: Finished) -> Self {
        let Finished { report, ticket, after } = finished;
        Self { told: Some((ticket, Told::Senders(key, report))), after, ..Self::default() }
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) queues: Queues<Running, OrderNumber>,
    pub(crate) flights: HashMap<DedupKey, Flight>,
    /// Who waits for the answer to an order; and how many orders there were.
    orders: HashMap<OrderNumber, Answer<Result<Report, Denied>>>,
    ordered: OrderNumber,
    /// Timers and undos that wait in a lane, or are under way.
    pub(crate) marks: HashSet<Mark>,
    /// Turns that are admitted, each with what has to be durable before its caller is told.
    admitted: VecDeque<(Ticket, Told)>,
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
        if self.marks.insert(Mark::Timer(timer.key.clone())) {
            self.queues.put(timer.key.lane.clone(), Todo::Follow(Box::new(Following::Timer(timer))));
        }
    }

    /// Puts the undo of a stuck event into its lane, unless it is there.
    fn undo(&mut self, event: DedupKey, lane: Lane) {
        if self.marks.insert(Mark::Undo(event.clone())) {
            self.queues.put(lane, Todo::Undo(Box::new(event)));
        }
    }

    /// Tells it. Who went away does not want to know.
    fn tell(&mut self, told: Told, observed: &Observed) {
        match told {
            Told::Senders(key, report) => {
                if let Some(flight) = self.flights.remove(&key) {
                    observed.tell_since(flight.since, |observer, took| observer.told(took));
                    flight.answer(report);
                }
            }
            Told::Again(answer, report) => drop(answer.send(Ok(report))),
            Told::Orderer(number, ordered) => {
                if let Some(answer) = self.orders.remove(&number) {
                    drop(answer.send(Ok(ordered)));
                }
            }
        }
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.queues.is_at_rest() && self.admitted.is_empty()
    }
}

/// Timers looked at, at a time.
const TIMERS_AT_ONCE: usize = 1_024;

/// Keys forgotten at a time, so that the committer is not held for long.
const KEYS_FORGOTTEN: usize = 1_024;

/// Many lanes over one host.
pub struct Lanes {
    pub(crate) inner: Arc<Inner>,
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

    /// Carries out an order about something that is not over, in its lane.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped.
    pub fn order(&self, order: Order) -> Result<Pending<Result<Report, Denied>>, Halt> {
        self.inner.order(order)
    }

    /// Lets time pass: timers, undos and deferred effects due by now go on in their lanes, and keys that were kept long
    /// enough are forgotten, some at a time. To be called every second or so.
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
        let beside_another = self.let_in(event, answer)?;
        Ok(Pending { answer: pending, beside_another })
    }

    pub(crate) fn time_passes(&self, now: Time) -> Result<(), Halt> {
        self.fire_due(now)?;
        self.wake_cases(now)?;
        self.try_again(now);
        self.host.ports().store.forget(now.plus_ms(-self.bounds.keys_kept_ms), KEYS_FORGOTTEN)?;
        Ok(())
    }

    pub(crate) fn order(&self, order: Order) -> Result<Pending<Result<Report, Denied>>, Halt> {
        let (answer, pending) = oneshot::channel();
        let Some(lane) = self.host.lane_of_order(&order)? else {
            let _ = answer.send(Ok(Err(Host::unknown(&order))));
            return Ok(Pending { answer: pending, beside_another: false });
        };
        let mut state = self.lock();
        if let Some(halt) = &state.halted {
            return Err(halt.clone());
        }
        state.ordered += 1;
        let number = state.ordered;
        state.orders.insert(number, answer);
        state.queues.put(lane, Todo::Order(Box::new(order), number));
        self.wake_worker(&state);
        Ok(Pending { answer: pending, beside_another: false })
    }

    /// Puts undos that are due into their lanes, and lets lanes go on with deferred effects that have rested.
    fn try_again(&self, now: Time) {
        let due = self.host.parks().due(now);
        let mut state = self.lock();
        due.into_iter().for_each(|(event, lane)| state.undo(event, lane));
        state.queues.wake_rested(now);
        drop(state);
        self.work.notify_all();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an event in, or has it answered without. Says whether another one is under way under its id.
    fn let_in(&self, event: Event, answer: Answer<Report>) -> Result<bool, Halt> {
        let (key, hash, sender) = (event.key(), event.hash(), Span::current());
        let mut state = self.lock();
        if let Some(halt) = &state.halted {
            return Err(halt.clone());
        }
        if let Some(flight) = state.flights.get_mut(&key) {
            if flight.hash == hash {
                flight.answers.push(answer);
                return Ok(false);
            }
            // It is the first one's id only once the first one is durable.
            flight.others.push((answer, Report::turned_away(event.id.clone(), reused_id(&event))));
            return Ok(true);
        }
        // Asked while the door is locked, so that of two equal events only one is let in. What is admitted and not yet
        // durable is in flight, and was found above.
        if let Some(report) = self.host.known(&event)? {
            // That nobody judges such events is so whatever becomes durable.
            if !report.duplicate && matches!(report.error, Some(Error::NoGovernorsAssigned { .. })) {
                let _ = answer.send(Ok(report));
                return Ok(false);
            }
            // An act may just have given it another outcome, which is not in flight.
            state.admitted.push_back((self.host.ports().store.last(), Told::Again(answer, report)));
            self.tell_durable(&mut state);
            self.wake_teller(&state);
            return Ok(false);
        }
        if let Some(error) = self.bounds.too_early(&event, self.host.ports().clock.now()) {
            let _ = answer.send(Ok(Report::turned_away(event.id, error)));
            return Ok(false);
        }
        let lane = event.lane(&self.host.tenant_kinds);
        if let Some(fullness) = self.bounds.exceeded(state.queues.waiting(&lane)) {
            let retry_after_ms = state.pace.retry_after_ms(fullness);
            let _ = answer.send(Ok(Report::turned_away(event.id, Error::Overloaded { retry_after_ms })));
            return Ok(false);
        }
        let (since, answers, others) = (self.host.observed.now(), vec![answer], Vec::new());
        state.flights.insert(key, Flight { hash, since, recovered: false, answers, others });
        state.queues.put(lane, Todo::Event(Box::new(event), sender));
        self.wake_worker(&state);
        Ok(false)
    }

    fn wake_teller(&self, state: &State) {
        if state.teller_idle && !state.admitted.is_empty() {
            self.told.notify_one();
        }
    }

    pub(crate) fn wake_all(&self) {
        self.work.notify_all();
    }

    pub(crate) fn wake_worker(&self, state: &State) {
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
            let before = state.marks.len();
            due.into_iter().for_each(|timer| state.fire(timer));
            // Where all of these wait in their lanes already, those behind them are looked at.
            if all || state.marks.len() > before {
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
        if self.host.config().stuck_lane == StuckLane::Hold {
            self.host.parks().lanes().for_each(|lane| state.queues.hold(lane, true));
        }
        for following in self.host.queued(usize::MAX)? {
            state.queues.follow(self.host.lane_of(&following)?, following);
        }
        for (event, again) in self.host.left_over()? {
            failpoint!("engine.recover.event");
            let lane = match &again {
                Some(again) => self.host.lane_of_receipt(again.first)?,
                None => event.lane(&self.host.tenant_kinds),
            };
            let (hash, since, answers, others) = (event.hash(), None, Vec::new(), Vec::new());
            state.flights.insert(event.key(), Flight { hash, since, recovered: true, answers, others });
            state.queues.put(lane, Todo::LeftOver(Box::new((event, again))));
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
    pub(crate) fn step(self: &Arc<Self>, lane: &Lane, task: Task<Running, OrderNumber>) -> MutexGuard<'_, State> {
        let mut running = match task {
            Task::Begin(todo) => self.turn(todo),
            Task::GoOn(running) => running,
        };
        let waker = wakes(self, lane);
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

    fn turn(&self, todo: Todo<OrderNumber>) -> Running {
        let host = Arc::clone(&self.host);
        Box::pin(async move {
            match todo {
                Todo::Event(event, sender) => {
                    let key = event.key();
                    Ok(Step::of(key, host.take(*event, None).instrument(sender).await?))
                }
                Todo::LeftOver(begun) => {
                    let (event, again) = *begun;
                    let key = event.key();
                    Ok(Step::of(key, host.finish(event, again).await?))
                }
                Todo::Follow(following) => {
                    let mark = match &*following {
                        Following::Timer(timer) => Some(Mark::Timer(timer.key.clone())),
                        _ => None,
                    };
                    // It may have fired, or been set again, while it waited here. Only its own lane does that.
                    if let Following::Timer(due) = &*following
                        && host.ports().store.front().timer(&due.key)?.as_ref() != Some(due)
                    {
                        return Ok(Step { mark, ..Step::default() });
                    }
                    if let Following::Timer(due) = &*following {
                        host.tell_fired(due.due);
                    }
                    let asked = host.case_that_asks(&following)?;
                    let (_, _, after) = host.follow(*following, None).await?;
                    Ok(Step { mark, after, cases: Cases::look_at(asked), ..Step::default() })
                }
                Todo::Deliver(effect, tries) => {
                    let (number, deferred) = &*effect;
                    match host.follow_deferred(*number, deferred, tries + 1).await? {
                        Some((_, _, after)) => Ok(Step { after, ..Step::default() }),
                        None => Ok(Step { unanswered: Some((effect, tries + 1)), ..Step::default() }),
                    }
                }
                Todo::Order(order, number) => {
                    let (ordered, after) = match host.carry_out_order(*order).await? {
                        Ok(Finished { report, after, .. }) => (Ok(report), after),
                        Err(denied) => (Err(denied), After::default()),
                    };
                    // A denial may have written something too, if only that it was tried.
                    let ticket = host.ports().store.last();
                    Ok(Step { told: Some((ticket, Told::Orderer(number, ordered))), after, ..Step::default() })
                }
                Todo::Case(case) => host.look_at_case(*case),
                Todo::Call(call) => host.call_of_case(*call).await,
                Todo::Undo(event) => {
                    // An order may have settled it while this waited here.
                    if host.parks().is_parked(&event) {
                        host.try_undo(&event, host.ports().clock.now()).await?;
                    }
                    Ok(Step { mark: Some(Mark::Undo(*event)), ..Step::default() })
                }
            }
        })
    }

    /// A turn was admitted: its caller waits for it to be durable, its lane goes on with what follows.
    fn stepped(&self, state: &mut State, lane: &Lane, step: Step) -> Result<(), Halt> {
        let Step { told, mark, after, unanswered, cases } = step;
        if let Some(mark) = mark {
            state.marks.remove(&mark);
        }
        if let Some(told) = told {
            state.admitted.push_back(told);
            self.wake_teller(state);
        }
        let now = self.host.ports().clock.now();
        state.pace.finished(now);
        for following in after.following {
            state.queues.follow(self.host.lane_of(&following)?, following);
        }
        state.go_on(cases, after.case.filter(|(due, _)| *due <= now));
        if let Some((effect, tries)) = unanswered {
            let wait = self.host.config().limits.wait_ms(tries);
            state.queues.rest(lane, effect, tries, plus_ms(now, wait));
        }
        if self.host.config().stuck_lane == StuckLane::Hold {
            let stuck = self.host.parks().is_stuck(lane);
            state.queues.hold(lane, stuck);
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
        for (_, answer) in state.orders.drain() {
            let _ = answer.send(Err(halt.clone()));
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
            let Some((ticket, _)) = state.admitted.front() else {
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
        while let Some((_, who)) = state.admitted.pop_front_if(|(ticket, _)| is_durable(*ticket)) {
            told += 1;
            state.tell(who, &self.host.observed);
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
