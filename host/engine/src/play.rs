//! Playing a stream: events one after another, deterministically.
//!
//! The result is that of judging one event after another. What is done ahead or behind is only what cannot change it:
//! governors are asked about later lines while earlier ones are judged, and what is admitted is made durable while
//! judging goes on. Nothing is told before it is durable.
//!
//! The events drive the clock. Same events, governors and seed give the same receipts, fuel and root; a run that was
//! killed and is started again on its directory ends in the same root as one that was not, because lines already done
//! are duplicates and everything that follows from a commit waits in durable queues.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Poll, Waker};

use syndic_core::failpoint;
use syndic_core::ports::{CaseKey, Clock, Ticket, Timer, TimerKey, Waiting};
use syndic_core::{Error, Event, Report, Time};

use crate::act::{Denied, Order};
use crate::ahead::{Ahead, Look, Seen, Sight};
use crate::caseload::Next;
use crate::consequence::{Consequence, Following};
use crate::foresight::Foreseen;
use crate::host::{Halt, Host};
use crate::turn::After;

/// How far ahead of the clock an event may be: 400 days. A typing error in a year must not fire every timer there is.
pub const AHEAD_MAX_MS: i64 = 400 * 86_400_000;

/// The clock that events drive. It begins before all of them and never goes back.
#[derive(Debug)]
pub struct PlayClock(AtomicI64);

impl Default for PlayClock {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl PlayClock {
    /// The latest event time; none before the first.
    pub fn reached(&self) -> Option<Time> {
        let ms = self.0.load(Ordering::SeqCst);
        (ms != i64::MIN).then(|| Time::from_ms(ms))
    }

    fn advance(&self, to: Time) {
        self.0.fetch_max(to.ms(), Ordering::SeqCst);
    }
}

impl Clock for PlayClock {
    fn now(&self) -> Time {
        self.reached().unwrap_or_default()
    }

    /// Nothing but events moves this clock, so whoever waited for it would wait for ever.
    fn wait_until(&self, _: Time) -> Waiting<'_> {
        Box::pin(ready(()))
    }
}

/// Rules of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamRules {
    /// Takes events more than 400 days ahead of the clock.
    pub jump: bool,
}

/// Lines that are looked at before the first of them is played.
const LINES_AHEAD: usize = 24;

/// Timers that are looked at before the first of them fires.
const TIMERS_AHEAD: usize = 16;

/// Outcomes that wait to be durable before they are told.
const UNTOLD_MAX: usize = 512;

/// After so many outcomes it is looked whether some can be told.
const LOOKED_AFTER: usize = 16;

/// What a run prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Played {
    /// The outcome of an input line, by the line's number.
    Line(u64, Report),
    /// The outcome of an event of the host's own.
    Consequence(Box<Consequence>),
    /// An event that an earlier, killed run had begun.
    Recovered(Report),
    /// What an order came to.
    Ordered(Report),
}

/// Is told what was played, in order.
pub type Tell<'t> = dyn FnMut(Played) + 't;

/// Plays a stream into a host.
pub struct Player {
    host: Arc<Host>,
    clock: Arc<PlayClock>,
    rules: StreamRules,
    ahead: Ahead,
    /// Lines that were taken and not played yet.
    lines: VecDeque<(u64, Arc<Look>)>,
    timers: HashMap<(TimerKey, Time, u64), Arc<Look>>,
    /// Raised events, and deferred effects, that wait: the store's own queues.
    raised: VecDeque<Following>,
    deferred: VecDeque<Following>,
    /// No timer is due before.
    quiet_until: Time,
    /// No case is due before.
    cases_quiet_until: Time,
    /// What was played and not told yet, each with what has to be durable before.
    untold: VecDeque<(Ticket, Played)>,
}

impl Player {
    /// A player of a host whose clock is `clock`, with so many threads to look ahead.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn new(host: &Arc<Host>, clock: &Arc<PlayClock>, rules: StreamRules, threads: usize) -> Result<Self, Halt> {
        let mut player = Self {
            host: Arc::clone(host),
            clock: Arc::clone(clock),
            rules,
            ahead: Ahead::new(host, threads),
            lines: VecDeque::new(),
            timers: HashMap::new(),
            raised: VecDeque::new(),
            deferred: VecDeque::new(),
            quiet_until: Time::from_ms(i64::MIN),
            cases_quiet_until: Time::from_ms(i64::MIN),
            untold: VecDeque::new(),
        };
        player.comes_after(After { following: host.queued(usize::MAX)?, ..After::default() });
        Ok(player)
    }

    /// Completes what a killed run left unfinished.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn recover(&mut self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.follow(self.host.unfinished_timer()?, tell)?;
        for (event, again) in self.host.left_over()? {
            failpoint!("engine.recover.event");
            let finished = pollster::block_on(self.host.finish(event, again))?;
            self.comes_after(finished.after);
            self.played(Played::Recovered(finished.report), tell)?;
            self.follow(None, tell)?;
        }
        self.settle(tell)
    }

    /// Takes a line of a stream, by its number. It is played in its turn: lines are looked at some time before.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on. What is wrong with a line itself is its outcome, not an error.
    pub fn line(&mut self, number: u64, line: Result<Vec<u8>, Error>, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.lines.push_back((number, self.ahead.look(Sight::Line(line))));
        if self.lines.len() > LINES_AHEAD {
            self.play_next(tell)?;
        }
        Ok(())
    }

    /// Plays every line that was taken, and returns when everything is durable and told.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn settle(&mut self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        while !self.lines.is_empty() {
            self.play_next(tell)?;
        }
        pollster::block_on(self.host.durable(self.host.ports.store.last()))?;
        self.untold.drain(..).for_each(|(_, played)| tell(played));
        Ok(())
    }

    /// Plays one line: timers due before it, the event, and what follows from it. A duplicate moves the clock alone.
    fn play_next(&mut self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        let Some((number, look)) = self.lines.pop_front() else { return Ok(()) };
        let Seen { event, foreseen } = self.ahead.take(&look);
        let event = match event {
            Some(Ok(event)) => event,
            Some(Err(report)) => return self.played(Played::Line(number, *report), tell),
            None => return Err(Halt::Bug(Error::invalid("a line was not read"))),
        };
        self.ahead.played(&event);
        if let Err(error) = self.in_reach(&event) {
            return self.played(Played::Line(number, Report::turned_away(event.id, error)), tell);
        }
        let known = self.host.known(&event)?;
        // An id that stands for another event makes the line invalid, and only valid lines move the clock.
        if let Some(report) = known.as_ref().filter(|report| !report.duplicate) {
            return self.played(Played::Line(number, report.clone()), tell);
        }
        self.clock.advance(event.time);
        let report = match known {
            // Nothing fires before a line that is not judged. All that was due when it was, fired then; what is due now
            // was set since, and waits for the next event as it would have in a run that nobody broke off.
            Some(report) => report,
            None => {
                self.follow(self.clock.reached(), tell)?;
                self.take(event, foreseen)?
            }
        };
        self.played(Played::Line(number, report), tell)?;
        self.follow(None, tell)
    }

    /// Lets time pass until a moment after the last line.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn run_on(&mut self, until: Time, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.settle(tell)?;
        self.clock.advance(until);
        self.follow(Some(until), tell)?;
        self.settle(tell)
    }

    /// Carries out an order about something that is not over, and what follows from it.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on. That the order was not carried out is its answer, not an error.
    pub fn order(&mut self, order: Order, tell: &mut Tell<'_>) -> Result<Result<(), Denied>, Halt> {
        self.settle(tell)?;
        let ordered = match pollster::block_on(self.host.carry_out_order(order))? {
            Ok(finished) => {
                let woken = finished.after.case.as_ref().map(|(due, _)| *due);
                self.comes_after(finished.after);
                self.played(Played::Ordered(finished.report), tell)?;
                self.follow(None, tell)?;
                woken.map_or(Ok(()), |due| self.let_cases_go_on_until(due, tell))?;
                Ok(())
            }
            Err(denied) => Err(denied),
        };
        self.settle(tell)?;
        Ok(ordered)
    }

    fn take(&mut self, event: Event, foreseen: Option<Foreseen>) -> Result<Report, Halt> {
        let finished = pollster::block_on(self.host.take(event, foreseen))?;
        self.comes_after(finished.after);
        Ok(finished.report)
    }

    fn comes_after(&mut self, after: After) {
        for following in after.following {
            match following {
                Following::Raised(..) => self.raised.push_back(following),
                _ => self.deferred.push_back(following),
            }
        }
        self.quiet_until = after.due.map_or(self.quiet_until, |due| due.min(self.quiet_until));
        self.cases_quiet_until = after.case.map_or(self.cases_quiet_until, |(due, _)| due.min(self.cases_quiet_until));
    }

    /// Carries out everything that follows, and the undos, timers and cases due until then, in the order in which they
    /// are due; at one moment the undos first, and the cases last.
    fn follow(&mut self, until: Option<Time>, tell: &mut Tell<'_>) -> Result<(), Halt> {
        loop {
            if let Some(queued) = self.raised.pop_front().or_else(|| self.deferred.pop_front()) {
                self.carry_out(queued, None, tell)?;
                continue;
            }
            let Some(until) = until else { return Ok(()) };
            let undo = self.host.next_undo().filter(|(due, _)| *due <= until);
            let before = undo.as_ref().map_or(until, |(due, _)| until.min(due.plus_ms(-1)));
            let case = self.next_case(before)?;
            match (self.next_timer(case.as_ref().map_or(before, |(due, _)| *due))?, case, undo) {
                (Some((timer, foreseen)), ..) => self.carry_out(Following::Timer(timer), foreseen, tell)?,
                (None, Some((due, case)), _) => self.let_go_on(&case, due, tell)?,
                (None, None, Some((due, event))) => {
                    if let Some(undone) = pollster::block_on(self.host.try_undo(&event, due))? {
                        self.played(Played::Consequence(Box::new(undone)), tell)?;
                    }
                }
                (None, None, None) => return Ok(()),
            }
        }
    }

    fn carry_out(&mut self, following: Following, foreseen: Option<Foreseen>, tell: &mut Tell<'_>) -> Result<(), Halt> {
        let (consequence, _, after) = pollster::block_on(self.host.follow(following, foreseen))?;
        self.comes_after(after);
        self.played(Played::Consequence(Box::new(consequence)), tell)
    }

    /// The next case that is due by then, and since when.
    fn next_case(&mut self, until: Time) -> Result<Option<(Time, CaseKey)>, Halt> {
        if until < self.cases_quiet_until {
            return Ok(None);
        }
        let first = self.host.first_due_case(Time::from_ms(i64::MAX))?;
        self.cases_quiet_until = first.as_ref().map_or(Time::from_ms(i64::MAX), |(due, _)| *due);
        Ok(first.filter(|(due, _)| *due <= until))
    }

    /// Takes a case one step, at the moment at which it is due: waiting for a service takes no time.
    fn let_go_on(&mut self, case: &CaseKey, due: Time, tell: &mut Tell<'_>) -> Result<(), Halt> {
        let moved = match self.host.case_goes_on(case, due)? {
            Next::Moved(moved) => Some(*moved),
            Next::Calls(calls) => match calls.first() {
                Some(call) => pollster::block_on(self.host.make_call(case, call, Some(due)))?,
                None => None,
            },
            Next::Nothing => None,
        };
        let bug = || Halt::Bug(Error::invalid(format!("the case `{}` is due, and nothing happens in it", case.id)));
        let moved = moved.ok_or_else(bug)?;
        let consequence = Consequence::of_case(case, &moved);
        self.comes_after(moved.after);
        self.played(Played::Consequence(Box::new(consequence)), tell)
    }

    /// Lets every case go as far as it comes without another event, and returns when that is durable and told.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn let_cases_go_on(&mut self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.settle(tell)?;
        self.clock.reached().map_or(Ok(()), |reached| self.let_cases_go_on_until(reached, tell))?;
        self.settle(tell)
    }

    fn let_cases_go_on_until(&mut self, until: Time, tell: &mut Tell<'_>) -> Result<(), Halt> {
        while let Some((due, case)) = self.next_case(until)? {
            self.let_go_on(&case, due, tell)?;
            self.follow(None, tell)?;
        }
        Ok(())
    }

    /// The next timer that is due by then.
    fn next_timer(&mut self, until: Time) -> Result<Option<(Timer, Option<Foreseen>)>, Halt> {
        if until < self.quiet_until {
            return Ok(None);
        }
        let first = self.host.due(Time::from_ms(i64::MAX), 1)?.pop();
        self.quiet_until = first.as_ref().map_or(Time::from_ms(i64::MAX), |first| first.due);
        let Some(timer) = first.filter(|first| first.due <= until) else {
            self.timers.clear();
            return Ok(None);
        };
        let foreseen = match self.timers.remove(&name(&timer)) {
            Some(look) => self.ahead.take(&look).foreseen,
            None => {
                self.look_at_timers(until)?;
                None
            }
        };
        self.ahead.fired(&timer.key.lane);
        Ok(Some((timer, foreseen)))
    }

    /// Has the timers looked at that come after the next one.
    fn look_at_timers(&mut self, until: Time) -> Result<(), Halt> {
        self.timers.clear();
        for timer in self.host.due(until, TIMERS_AHEAD)?.into_iter().skip(1) {
            self.timers.insert(name(&timer), self.ahead.look(Sight::Timer(timer)));
        }
        Ok(())
    }

    /// Keeps what was played until it may be told. Where much waits, half of it is waited for.
    fn played(&mut self, played: Played, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.untold.push_back((self.host.ports.store.last(), played));
        if self.untold.len().is_multiple_of(LOOKED_AFTER) {
            self.tell_durable(tell)?;
        }
        if self.untold.len() < UNTOLD_MAX {
            return Ok(());
        }
        let half = UNTOLD_MAX / 2;
        if let Some((ticket, _)) = self.untold.get(half) {
            pollster::block_on(self.host.durable(*ticket))?;
        }
        self.untold.drain(..=half).for_each(|(_, played)| tell(played));
        Ok(())
    }

    /// Tells what is durable by now, and waits for nothing.
    fn tell_durable(&mut self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        while let Some((ticket, _)) = self.untold.front() {
            match self.host.ports.store.poll_durable(*ticket, Waker::noop()) {
                Poll::Ready(durable) => durable?,
                Poll::Pending => break,
            }
            self.untold.pop_front().into_iter().for_each(|(_, played)| tell(played));
        }
        Ok(())
    }

    /// Refuses an event without a route, and one too far ahead, before the clock moves.
    fn in_reach(&self, event: &Event) -> Result<(), Error> {
        if !self.host.answers(&event.kind) {
            return Err(Error::NoGovernorsAssigned { event_id: event.id.clone(), event_type: event.wire_type() });
        }
        match self.clock.reached() {
            Some(reached) if !self.rules.jump && event.time.ms() - reached.ms() > AHEAD_MAX_MS => Err(Error::invalid(
                format!("`time` is more than 400 days after {reached}, the latest before it; `--jump` allows it"),
            )),
            _ => Ok(()),
        }
    }
}

fn name(timer: &Timer) -> (TimerKey, Time, u64) {
    (timer.key.clone(), timer.due, timer.cause)
}
