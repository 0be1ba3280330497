//! Playing a stream: events one after another, deterministically.
//!
//! The events drive the clock. Same events, governors and seed give the same receipts, fuel and root; a run that was
//! killed and is started again on its directory ends in the same root as one that was not, because lines already done
//! are duplicates and everything that follows from a commit waits in durable queues.

use std::sync::atomic::{AtomicI64, Ordering};

use syndic_core::ports::Clock;
use syndic_core::{Error, Event, Report, Time};

use crate::consequence::Consequence;
use crate::host::{Halt, Host};

/// How far ahead of the clock an event may be: 400 days. A typing error in a year must not fire every timer there is.
const AHEAD_MAX_MS: i64 = 400 * 86_400_000;

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
}

/// Rules of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamRules {
    /// Takes events more than 400 days ahead of the clock.
    pub jump: bool,
}

/// What a run prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Played {
    /// The outcome of an input line.
    Line(Report),
    /// The outcome of an event of the host's own.
    Consequence(Box<Consequence>),
    /// An event that an earlier, killed run had begun.
    Recovered(Report),
}

/// Plays a stream into a host.
pub struct Player<'a> {
    host: &'a Host,
    clock: &'a PlayClock,
    rules: StreamRules,
}

impl<'a> Player<'a> {
    /// A player of a host whose clock is `clock`.
    pub fn new(host: &'a Host, clock: &'a PlayClock, rules: StreamRules) -> Self {
        Self { host, clock, rules }
    }

    /// Completes what a killed run left unfinished.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn recover(&self, tell: &mut dyn FnMut(Played)) -> Result<(), Halt> {
        self.follow(self.host.unfinished_timer()?, tell)?;
        for report in self.host.finish_unfinished()? {
            tell(Played::Recovered(report));
            self.follow(None, tell)?;
        }
        Ok(())
    }

    /// Plays one line: timers due before it, the event, and what follows from it.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on. What is wrong with the line itself is its outcome, not an error.
    pub fn line(&self, line: Result<&[u8], Error>, tell: &mut dyn FnMut(Played)) -> Result<(), Halt> {
        let event = line.clone().and_then(Event::from_outside).and_then(|event| self.in_reach(event));
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let id = line.ok().and_then(id_of).unwrap_or_default();
                tell(Played::Line(Report::turned_away(id, error)));
                return Ok(());
            }
        };
        // An id that stands for another event makes the line invalid, and only valid lines move the clock.
        if let Some(report) = self.host.known(&event)?.filter(|report| !report.duplicate) {
            tell(Played::Line(report));
            return Ok(());
        }
        self.clock.advance(event.time);
        self.follow(self.clock.reached(), tell)?;
        let report = self.host.submit(event)?;
        tell(Played::Line(report));
        self.follow(None, tell)
    }

    /// Lets time pass until a moment after the last line.
    ///
    /// # Errors
    /// [`Halt`]: the run cannot go on.
    pub fn run_on(&self, until: Time, tell: &mut dyn FnMut(Played)) -> Result<(), Halt> {
        self.clock.advance(until);
        self.follow(Some(until), tell)
    }

    fn follow(&self, until: Option<Time>, tell: &mut dyn FnMut(Played)) -> Result<(), Halt> {
        while let Some(consequence) = self.host.next_consequence(until)? {
            tell(Played::Consequence(Box::new(consequence)));
        }
        Ok(())
    }

    /// Refuses an event without a route, and one too far ahead, before the clock moves.
    fn in_reach(&self, event: Event) -> Result<Event, Error> {
        if self.host.config().route(&event.kind).is_none() {
            return Err(Error::NoGovernorsAssigned { event_id: event.id.clone(), event_type: event.wire_type() });
        }
        match self.clock.reached() {
            Some(reached) if !self.rules.jump && event.time.ms() - reached.ms() > AHEAD_MAX_MS => Err(Error::invalid(
                format!("`time` is more than 400 days after {reached}, the latest before it; `--jump` allows it"),
            )),
            _ => Ok(event),
        }
    }
}

/// The id of a line that is no event, where it can be read at all: it helps to find the line.
fn id_of(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let id = value.get("id")?.as_str()?;
    Some(id.chars().take(256).collect())
}
