//! The world of one seed: who goes next, what time it is, what becomes durable, and when the power goes.
//!
//! Every choice is rolled, in one thread. While the day lasts events come in and everything may go wrong; then callers
//! send what was not answered again until it is, the clock runs until nothing waits, and the audit looks at what is left.

use std::sync::Arc;

use syndic_core::config::StuckLane;
use syndic_core::ports::{Clock, Connector, Reads, Store, Ticket, Verb};
use syndic_core::slot::TIMER_FIRED;
use syndic_core::{Config, DedupKey, Event, Time};
use syndic_engine::{Bounds, Host, Order, Ports, Stepped, Target};
use syndic_ledger::Master;

use crate::audit::{audit, told_is_kept};
use crate::bank::Bank;
use crate::callers::Callers;
use crate::clock::SimClock;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::governors::{Scripted, config};
use crate::log::Log;
use crate::operator::{Done, Operator};
use crate::plant::Plant;
use crate::store::SimStore;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub invariant: &'static str,
    /// How it shows.
    pub how: String,
}

type Kept = Result<(), Broken>;

fn broken<E: ToString>(invariant: &'static str) -> impl FnOnce(E) -> Broken {
    move |how| Broken { invariant, how: how.to_string() }
}

/// After so many steps without rest, a run is one that never rests.
const STEPS_MAX: u64 = 60_000;

/// What kind of day it is.
struct Weather {
    events: u64,
    /// Crashes that are left.
    crashes: u64,
    crash_permille: u64,
    /// How much likelier it is that a lane goes on than that anything else happens.
    haste: u64,
    bounds: Bounds,
    /// Whether anybody gives orders.
    operated: bool,
    config: Config,
}

/// One run.
pub struct World {
    dice: Dice,
    clock: Arc<SimClock>,
    bank: Arc<Bank>,
    log: Arc<Log>,
    plant: Plant,
    store: Arc<SimStore>,
    lanes: Stepped,
    callers: Callers,
    operator: Operator,
    weather: Weather,
    /// The events of the receipts that were seen, in their order.
    seen: Vec<DedupKey>,
    /// The last write that was looked at.
    looked_at: Ticket,
    steps: u64,
    /// How long nothing happened, in milliseconds.
    patience: i64,
    counts: Counts,
}

impl World {
    /// The world of a seed, before anything happened.
    ///
    /// # Errors
    /// The host does not start.
    pub fn new(seed: u64, events_max: u64, plant: Plant, log: Arc<Log>) -> Result<Self, Broken> {
        let mut dice = Dice::of(seed, "world");
        let trouble = *dice.pick(&[0, 10, 25, 60]);
        let (clock, store_dice) = (Arc::new(SimClock::default()), Dice::of(seed, "store"));
        let bank = Arc::new(Bank::new(seed, trouble, &clock, &log));
        let lane_max = *dice.pick(&[2, 3, 8, 100]);
        let (tenant_max, host_max) = (lane_max + 2, lane_max + 4);
        let bounds = Bounds { workers: 1, lane_max, tenant_max, host_max, ..Bounds::default() };
        let weather = Weather {
            events: 1 + dice.below(events_max.max(1)),
            crashes: *dice.pick(&[0, 1, 2, 4, 8]),
            crash_permille: *dice.pick(&[5, 20, 60]),
            haste: *dice.pick(&[1, 2, 6]),
            bounds,
            operated: dice.percent(60),
            config: rules(&mut dice),
        };
        let store = Arc::new(SimStore::new(store_dice, plant));
        let lanes = start(&store, &bank, &clock, plant, &weather)?;
        let (callers, seen, counts) = (Callers::default(), Vec::new(), Counts::default());
        Ok(Self {
            dice,
            clock,
            bank,
            log,
            plant,
            store,
            lanes,
            callers,
            operator: Operator::default(),
            weather,
            seen,
            looked_at: Ticket::default(),
            steps: 0,
            patience: 500,
            counts,
        })
    }

    /// Lives through the day, and what comes after it.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn run(&mut self) -> Kept {
        while self.weather.events > 0 {
            self.something_happens()?;
            self.look()?;
        }
        self.settle_down()?;
        self.counts.absorb(&self.bank.counts());
        self.counts.absorb(&self.callers.counts);
        self.counts.absorb(&self.operator.counts);
        self.log.say(|| format!("at rest after {} receipts", self.seen.len()));
        audit(&self.store.inner, &self.bank, &self.callers).map_err(broken("audit"))
    }

    /// What the run came across.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Something to tell two runs of one seed apart by.
    pub fn root(&self) -> String {
        self.store.inner.head().map_or_else(|error| error.to_string(), |head| head.frontier.root().to_string())
    }

    fn something_happens(&mut self) -> Kept {
        if self.weather.crashes > 0 && self.dice.below(1_000) < self.weather.crash_permille {
            return self.crash();
        }
        match self.dice.below(7 + 4 * self.weather.haste) {
            0 => {
                self.weather.events -= 1;
                let now = self.clock.now();
                let place = self.callers.next(&mut self.dice, now);
                self.send(place)
            }
            1 => self.write_out(),
            2 => self.tell(),
            3 => self.next_moment(),
            4 => {
                let jump = *self.dice.pick(&[1, 50, 1_000, 12_000, 600_000]);
                self.go_to(self.clock.now().plus_ms(jump));
                self.time_passes()
            }
            5 => self.write_out().and_then(|()| self.tell()),
            6 if self.weather.operated => {
                let thought = Operator::think(&mut self.dice, &self.seen, self.store.front());
                thought.map_err(broken("the host goes on"))?.map_or(Ok(()), |order| self.order(order))
            }
            _ => self.step().map(|_| ()),
        }
    }

    fn send(&mut self, place: usize) -> Kept {
        let event = self.callers.sent[place].event.clone();
        self.log.say(|| format!("{} sends {} {} of {}", event.subject, event.kind, event.id, event.tenant));
        if self.plant == Plant::TakenTwice && self.dice.percent(10) {
            let twice = event.canonical().replacen("\"id\":\"", "\"id\":\"x", 1);
            let twice = Event::from_outside(twice.as_bytes()).map_err(broken("plant"))?;
            self.lanes.submit(twice).map_err(broken("the host goes on"))?;
        }
        let pending = self.lanes.submit(event).map_err(broken("the host goes on"))?;
        self.callers.sent[place].waits.push(pending);
        let (waiting, most) = (self.lanes.waiting(), self.weather.bounds.host_max);
        let full = waiting > most;
        if full { Err(broken("queues are bounded")(format!("{waiting} wait, over {most}"))) } else { Ok(()) }
    }

    /// The operator orders something.
    fn order(&mut self, mut order: Order) -> Kept {
        if let (Target::Event(key), Verb::Settle) = (&order.target, &order.act.verb) {
            // A person settles by hand what is stuck for certain, and what nothing else is under way about.
            let parked = self.store.parked_event(key).map_err(broken("the host goes on"))?;
            match parked.filter(|_| !self.operator.waits_about(key)) {
                Some(parked) => parked.remaining.iter().for_each(|intent| self.bank.undo_by_hand(intent)),
                None => order.act.verb = Verb::Undo,
            }
        }
        self.log.say(|| match &order.target {
            Target::Event(key) => format!("the operator orders to {} {}", order.act.verb.name(), key.id),
            Target::Letter(number) => format!("the operator orders to {} letter {number}", order.act.verb.name()),
        });
        let answer = self.lanes.order(order.clone()).map_err(broken("the host goes on"))?;
        self.operator.waits_for(order, answer);
        Ok(())
    }

    /// One lane takes one step.
    fn step(&mut self) -> Result<bool, Broken> {
        let dice = &mut self.dice;
        let mut pick = |count: usize| usize::try_from(dice.below(count as u64)).unwrap_or(0);
        self.lanes.step(&mut pick).map_err(broken("the host goes on"))
    }

    fn write_out(&mut self) -> Kept {
        self.store.inner.write_out().map_err(broken("the host goes on"))
    }

    fn tell(&mut self) -> Kept {
        self.lanes.tell();
        let heard = self.callers.listen().map_err(broken("callers are told the truth"))?;
        for (place, report) in heard {
            let event = &self.callers.sent[place].event;
            let again = if report.duplicate { ", again" } else { "" };
            self.log.say(|| format!("{} hears: {} is {}{again}", event.subject, event.id, report.outcome.name()));
        }
        for Done { key, report } in self.operator.listen().map_err(broken("callers are told the truth"))? {
            self.log.say(|| format!("the operator hears: {} is {}", key.id, report.outcome.name()));
            self.callers.overheard(&key, &report);
        }
        Ok(())
    }

    /// The clock goes to the next moment at which anything happens.
    fn next_moment(&mut self) -> Kept {
        if let Some(at) = self.clock.next().into_iter().chain(self.bank.next()).min() {
            self.go_to(at);
        }
        Ok(())
    }

    fn go_to(&mut self, at: Time) {
        self.bank.go_to(at);
        self.clock.go_to(at);
    }

    fn time_passes(&mut self) -> Kept {
        let ahead = if self.plant == Plant::TimeTooEarly { 60_000 } else { 0 };
        self.log.say(|| format!("it is {}", self.clock.now()));
        self.lanes.time_passes(self.clock.now().plus_ms(ahead)).map_err(broken("the host goes on"))
    }

    /// The power goes, and comes back: what was not durable never was.
    fn crash(&mut self) -> Kept {
        self.weather.crashes -= 1;
        self.counts.add("a crash");
        self.log.say(|| format!("crash, at {}", self.clock.now()));
        self.callers.hang_up();
        self.operator.hang_up();
        let dice = Dice::new(self.dice.roll());
        self.store = Arc::new(self.store.after_crash(dice).map_err(broken("a crash leaves a whole store"))?);
        self.lanes = start(&self.store, &self.bank, &self.clock, self.plant, &self.weather)?;
        self.clock.forget_sleepers();
        let unfinished = self.store.unfinished().map_err(broken("a crash leaves a whole store"))?;
        if !unfinished.is_empty() {
            self.counts.add("a crash with an unfinished event");
        }
        let left = self.store.head().map_err(broken("a crash leaves a whole store"))?.frontier.size();
        self.seen.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        self.looked_at = Ticket::default();
        told_is_kept(&self.store.inner, self.callers.told_lately()).map_err(broken("what was told survives"))
    }

    /// What can be asked after every step.
    fn look(&mut self) -> Kept {
        self.steps += 1;
        if let Some(how) = self.bank.wrong() {
            return Err(broken("the bank is asked nothing wrong")(how));
        }
        if std::mem::replace(&mut self.looked_at, self.store.last()) == self.store.last() {
            return Ok(());
        }
        let front = self.store.front();
        let size = front.head().map_err(broken("the host goes on"))?.frontier.size();
        for sequence in self.seen.len() as u64 + 1..=size {
            let entry = front.receipt(sequence).map_err(broken("the host goes on"))?;
            let entry = entry.ok_or_else(|| broken("numbers have no gap")(format!("receipt {sequence} is missing")))?;
            self.log.say(|| {
                let kept = &entry.kept;
                format!("  receipt {sequence}: {} is {}", kept.key.id, kept.report.outcome.name())
            });
            if entry.kept.again.is_none() && self.seen.contains(&entry.kept.key) {
                return Err(broken("one event, one receipt")(format!("`{}` has two", entry.kept.key.id)));
            }
            if entry.kept.event.contains(TIMER_FIRED) {
                let event = Event::from_store(&entry.kept.event).map_err(broken("numbers have no gap"))?;
                self.counts.add("a timer that fired");
                if event.time > self.clock.now() {
                    let how = format!("`{}` at {}, due {}", event.id, self.clock.now(), event.time);
                    return Err(broken("no timer fires before it is due")(how));
                }
            }
            if entry.kept.report.conflicts.iter().any(|conflict| conflict.policy == "optimistic") {
                self.counts.add("a decision whose facts had moved");
            }
            self.seen.push(entry.kept.key);
        }
        Ok(())
    }

    /// The day is over: whoever was not answered asks again, and the clock runs until nothing waits.
    fn settle_down(&mut self) -> Kept {
        self.log.say(|| "the day is over".into());
        let begun = self.steps;
        loop {
            if self.steps - begun > STEPS_MAX {
                return Err(broken("everything comes to rest")(format!("not after {STEPS_MAX} steps")));
            }
            if self.steps - begun > STEPS_MAX / 4 {
                self.bank.calm_down();
            }
            self.look()?;
            if self.weather.crashes > 0 && self.dice.below(1_000) < self.weather.crash_permille {
                self.crash()?;
            }
            if self.step()? {
                self.patience = 500;
                continue;
            }
            self.write_out()?;
            self.tell()?;
            if self.step()? {
                continue;
            }
            if !self.lanes.is_at_rest() {
                self.a_moment()?;
                continue;
            }
            if self.settle_by_hand()? {
                continue;
            }
            let unsettled = self.callers.unsettled();
            if !unsettled.is_empty() {
                self.counts.add("an answer that had to be asked for again");
                for place in unsettled {
                    self.send(place)?;
                }
                continue;
            }
            if self.bank.next().is_some() {
                self.next_moment()?;
                continue;
            }
            if !self.store.deferred(0, 1).map_err(broken("the host goes on"))?.is_empty() {
                // An effect that nobody answered rests between its tries, and its lane with it.
                self.a_moment()?;
                continue;
            }
            let Some(next) = self.next_due()? else { return Ok(()) };
            self.go_to(next);
            self.time_passes()?;
        }
    }

    /// Where an event that is stuck holds up its lane, time passes until it is undone, or until a person has to settle it.
    fn settle_by_hand(&mut self) -> Result<bool, Broken> {
        if self.weather.config.stuck_lane != StuckLane::Hold || self.operator.is_waiting() {
            return Ok(false);
        }
        let parked = self.store.parked().map_err(broken("the host goes on"))?;
        let Some((key, first)) = parked.into_iter().min_by_key(|(_, parked)| parked.next) else { return Ok(false) };
        match first.next {
            None => self.order(Operator::settles(key))?,
            Some(next) => {
                self.go_to(next);
                self.time_passes()?;
            }
        }
        Ok(true)
    }

    /// When the host itself has something to do that waits in its store.
    fn next_due(&self) -> Result<Option<Time>, Broken> {
        let timers = self.store.due(Time::from_ms(i64::MAX), 1).map_err(broken("the host goes on"))?;
        let parked = self.store.parked().map_err(broken("the host goes on"))?;
        let undos = parked.into_iter().filter_map(|(_, parked)| parked.next);
        Ok(timers.into_iter().map(|timer| timer.due).chain(undos).min())
    }

    /// Something waits. Where it is not for a moment that is known, it is for time to pass.
    fn a_moment(&mut self) -> Kept {
        if (self.clock.next(), self.bank.next()) != (None, None) {
            return self.next_moment();
        }
        self.patience = (self.patience * 2).min(600_000);
        self.go_to(self.clock.now().plus_ms(self.patience));
        self.time_passes()
    }
}

/// The rules of the shop, and how patient it is.
fn rules(dice: &mut Dice) -> Config {
    let mut config = config();
    config.limits.deferred_tries_max = *dice.pick(&[1, 3, 105]);
    config.limits.stuck_ms = *dice.pick(&[0, 60_000, 86_400_000]);
    config.limits.stale_max = *dice.pick(&[Some(0), Some(3), None]);
    if dice.percent(30) {
        config.stuck_lane = StuckLane::Hold;
    }
    config
}

fn start(
    store: &Arc<SimStore>,
    bank: &Arc<Bank>,
    clock: &Arc<SimClock>,
    plant: Plant,
    weather: &Weather,
) -> Result<Stepped, Broken> {
    let scripted = Scripted::default();
    let lineup = scripted.lineup();
    let ports = Ports {
        store: Arc::clone(store) as Arc<dyn Store>,
        runtime: plant.runtime(Arc::new(scripted)),
        connector: plant.connector(Arc::clone(bank) as Arc<dyn Connector>),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    };
    let host = Host::new(ports, weather.config.clone(), Master::from_seed(0), lineup);
    let host = host.map_err(broken("the host starts"))?;
    Stepped::start(&Arc::new(host), weather.bounds).map_err(broken("the host starts"))
}
