//! A turn: one event driven through the nine states.
//!
//! The loop at the heart of the host is the table of `core::states` and nothing else: do what the move asks for, bring
//! back what happened, look up the next move. A turn is a future: it waits, without a thread, for what it wrote to be
//! durable before it reaches out, and for the services it asks. Governors are asked on the spot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syndic_core::changes::{Changes, ClaimRequest, Ground, SlotWrites, Trouble, merge};
use syndic_core::effect::Mode;
use syndic_core::failpoint;
use syndic_core::outcome::{Conflict, Report};
use syndic_core::ports::{
    Again, CaseKey, Commit, Deferred, Failure, Intent, Lineage, Reads, StoreError, Ticket, TimerKey, Verb,
};
use syndic_core::settle::{Said, Weighed, agree_on_effects, weigh};
use syndic_core::states::{self, Action, On, State};
use syndic_core::{Error, Event, Fact, FactName, Lane, Scope, Slot, Time};
use tracing::Instrument;

use crate::act::attempts_before;
use crate::blocking::Done;
use crate::consequence::Following;
use crate::failing::Over;
use crate::foresight::Foreseen;
use crate::host::{Halt, Host};
use crate::judge::{Bench, Seat, Snapshot};
use crate::lineup::Lineup;
use crate::migrate::Carried;
use crate::rules::Rules;
use crate::spans;

/// The policy under which a decision whose facts moved is made again; its conflicts stay on record.
const REJUDGED: &str = "optimistic";

/// Timers one governor may have waiting in one lane.
const TIMERS_WAITING_MAX: u64 = 1_024;

/// Where an event comes from, and what its receipt spends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// A caller.
    Outside,
    /// A governor raised it.
    Raised { number: u64, cause: u64, lineage: Lineage },
    /// A deferred effect came to its end.
    Settled { number: u64, cause: u64, lineage: Lineage, dead: Option<Box<Deferred>> },
    /// A timer fired.
    Timer { key: TimerKey, cause: u64, lineage: Lineage },
    /// It had an outcome before, and an operator has it judged again; or a letter of this number was answered at last.
    Again { again: Again, lineage: Lineage, letter: Option<u64> },
}

impl Origin {
    pub(crate) fn lineage(&self) -> Lineage {
        match self {
            Self::Outside => Lineage::default(),
            Self::Raised { lineage, .. } | Self::Settled { lineage, .. } => *lineage,
            Self::Timer { lineage, .. } | Self::Again { lineage, .. } => *lineage,
        }
    }

    /// The act that has the event judged again.
    pub(crate) fn again(&self) -> Option<&Again> {
        match self {
            Self::Again { again, .. } => Some(again),
            _ => None,
        }
    }
}

/// Why an event goes no further.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stop {
    Refused,
    Referred,
    Failed(Error),
    /// A claimed key stands for the same content: the first event's report.
    Duplicate(Box<Report>),
    /// A claimed key stands for other content.
    Violation(Error),
}

/// What a turn came to.
pub(crate) struct Finished {
    /// May be told once the ticket is durable.
    pub(crate) report: Report,
    pub(crate) ticket: Ticket,
    pub(crate) after: After,
}

/// What comes after a turn. It is in the store's queues too, where the next process would find it.
#[derive(Default)]
pub(crate) struct After {
    /// The events it raised, and then the deferred effects it asked for, in order.
    pub(crate) following: Vec<Following>,
    /// When the first of the timers is due that it set.
    pub(crate) due: Option<Time>,
    /// The case that it moved, and when something happens in it by itself.
    pub(crate) case: Option<(Time, CaseKey)>,
}

/// The case that a commit moves, and when something happens in it by itself.
pub(crate) fn due_case(commit: &Commit) -> Option<(Time, CaseKey)> {
    commit.cases.iter().find_map(|(key, record)| Some((record.as_ref()?.due?, key.clone())))
}

/// One event on its way.
pub(crate) struct Turn<'h> {
    pub(crate) host: &'h Host,
    pub(crate) event: Event,
    pub(crate) origin: Origin,
    pub(crate) lane: Lane,
    pub(crate) now: Time,
    pub(crate) seats: Vec<Seat>,
    pub(crate) done: Vec<Done>,
    /// What an earlier process wrote down for this event before it was stopped.
    pub(crate) before: Vec<Intent>,
    pub(crate) path: Vec<State>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) stop: Option<Stop>,
    pub(crate) stuck: Option<Error>,
    pub(crate) finished: Option<Finished>,
    /// Everything admitted up to here is in the snapshot that this was judged on.
    pub(crate) judged_at: Ticket,
    snapshot: Arc<Snapshot>,
    pub(crate) slots: Arc<[Slot]>,
    /// The versions that judge it, from its beginning to its end.
    pub(crate) lineup: Arc<Lineup>,
    /// Versions that are over their budget with it.
    pub(crate) over: Vec<Over>,
    /// What the decisions add up to, until one of them changes.
    added_up: Option<Changes>,
    foreseen: Option<Foreseen>,
    /// How often each effect was attempted before this judgement, over the event's earlier receipts.
    attempted: Vec<(Slot, String, u32)>,
    /// When it was taken, by the host's clock; an act does not make it younger.
    pub(crate) taken: Time,
    /// How many timers of each slot wait in the lane: while it has this turn, nobody else sets or spends one.
    timers_waiting: BTreeMap<Slot, u64>,
    judged: u32,
    entered: Time,
    /// Whether its lane had no turn before.
    lane_is_new: bool,
}

impl<'h> Turn<'h> {
    pub(crate) fn new(
        host: &'h Host,
        event: Event,
        lane: Lane,
        slots: Arc<[Slot]>,
        origin: Origin,
    ) -> Result<Self, Halt> {
        let front = host.ports.store.front();
        let last = front.lane_now(&lane)?;
        let now = last.map_or(event.time, |last| last.max(event.time));
        let attempted = origin.again().map_or(Ok(Vec::new()), |again| attempts_before(front, again))?;
        let taken = match origin.again() {
            Some(_) => front.dedup(&event.key())?.map(|known| known.taken),
            None => None,
        };
        let taken = taken.unwrap_or_else(|| host.ports.clock.now());
        Ok(Self {
            attempted,
            taken,
            before: if host.was_begun(&event.key()) { front.intents(&event.key())? } else { Vec::new() },
            judged_at: Ticket::default(),
            snapshot: Arc::new(Snapshot::new(Arc::clone(&host.ports.store), lane.clone())),
            added_up: None,
            foreseen: None,
            timers_waiting: BTreeMap::new(),
            entered: host.ports.clock.now(),
            lane_is_new: last.is_none(),
            seats: Vec::new(),
            done: Vec::new(),
            path: Vec::new(),
            conflicts: Vec::new(),
            stop: None,
            stuck: None,
            finished: None,
            judged: 0,
            lineup: host.lineup(),
            over: Vec::new(),
            host,
            event,
            origin,
            lane,
            now,
            slots,
        })
    }

    /// The same turn, with answers that governors gave ahead of it. They count where nothing moved meanwhile.
    pub(crate) fn foreseen(mut self, foreseen: Option<Foreseen>) -> Self {
        self.foreseen = foreseen.filter(|foreseen| foreseen.now == self.now);
        self
    }

    /// Drives the event to its outcome. Whoever listens closely hears every step of it.
    pub(crate) async fn run(self) -> Result<Finished, Halt> {
        let (host, source) = (self.host, self.origin.source());
        let span = spans::event(&self.event, &self.origin);
        let finished = self.driven().instrument(span.clone()).await?;
        spans::came_to(&span, &finished.report);
        host.observed.tell(|observer| observer.judged(source, &finished.report));
        Ok(finished)
    }

    async fn driven(mut self) -> Result<Finished, Halt> {
        failpoint!("engine.turn.taken");
        let mut stand = self.host.standing.begin(self.lane_is_new);
        let mut state = State::Idle;
        let mut on = On::EventTaken;
        loop {
            let (next, action) = states::next(state, on).map_err(Halt::Bug)?;
            state = next;
            self.path.push(state);
            stand.enter(state);
            self.entered = self.host.ports.clock.now();
            let Some(happened) = self.carry_out_move(action).instrument(spans::state(state)).await? else {
                return self.answer(state);
            };
            on = self.within_limit(state, happened);
        }
    }

    /// Does what a move asks for, and says what happened; nothing where the turn is over.
    async fn carry_out_move(&mut self, action: Action) -> Result<Option<On>, Halt> {
        Ok(Some(match action {
            Action::Route => self.route(),
            Action::AskGovernors => self.ask_governors()?,
            Action::Settle => self.settle().await?,
            Action::Commit => self.commit()?,
            Action::WeighUndo => self.weigh_undo(),
            Action::Undo => self.undo_everything().await?,
            Action::CommitOutcome | Action::ParkAndAlarm => self.commit_outcome()?,
            Action::Answer | Action::Listen => return Ok(None),
        }))
    }

    fn answer(self, state: State) -> Result<Finished, Halt> {
        for over in &self.over {
            self.host.take_back(over)?;
        }
        let bug = Error::InvalidTransition { from: state.name().into(), to: "Idle".into(), event: "Answer".into() };
        self.finished.ok_or(Halt::Bug(bug))
    }

    /// A state that outlived its limit stops the event, whatever it came to. Where that took weighing what to undo, the
    /// event is undone, however little there seems to be.
    fn within_limit(&mut self, state: State, on: On) -> On {
        let limits = &self.host.config.limits;
        let limit = match (state, on) {
            (State::CoordinatingFsms, On::AllDecided) => limits.coordination_ms,
            (State::AwaitingFeedback, On::Settled) => limits.feedback_ms,
            (State::ErrorDetected, On::NothingToUndo) => limits.error_ms,
            _ => return on,
        };
        if self.host.ports.clock.now().ms() - self.entered.ms() <= i64::try_from(limit).unwrap_or(i64::MAX) {
            return on;
        }
        if state == State::ErrorDetected {
            return On::EffectsToUndo;
        }
        self.stopped(Stop::Failed(Error::CoordinationTimeout { phase: state.name().into() }))
    }

    pub(crate) fn stopped(&mut self, stop: Stop) -> On {
        self.stop = Some(stop);
        On::Stopped
    }

    fn route(&mut self) -> On {
        self.fill_seats();
        if self.seats.is_empty() {
            let error =
                Error::NoGovernorsAssigned { event_id: self.event.id.clone(), event_type: self.event.wire_type() };
            return self.stopped(Stop::Failed(error));
        }
        On::Routed
    }

    fn ask_governors(&mut self) -> Result<On, Halt> {
        self.judged += 1;
        self.conflicts.retain(|conflict| conflict.policy == REJUDGED);
        let tries = self.host.config.limits.stale_max.unwrap_or(u32::MAX);
        for _ in 0..=tries {
            self.ask_once()?;
            if self.is_of_one_moment()? {
                break;
            }
        }
        match weigh(self.seats.iter().map(|seat| (&seat.slot, &seat.said))) {
            Weighed::Failed(error) => Ok(self.stopped(Stop::Failed(error))),
            _ => Ok(On::AllDecided),
        }
    }

    fn ask_once(&mut self) -> Result<(), Halt> {
        self.added_up = None;
        self.judged_at = self.host.ports.store.last();
        self.snapshot = Arc::new(Snapshot::new(Arc::clone(&self.host.ports.store), self.lane.clone()));
        for done in &mut self.done {
            done.wanted = false;
        }
        let mut foreseen = self.foreseen.take();
        let quarantined = self.quarantined()?;
        self.with_bench(|seats, bench| {
            seats.iter_mut().zip(quarantined).try_for_each(|(seat, quarantined)| {
                if quarantined {
                    seat.quarantine();
                    return Ok(());
                }
                match foreseen.as_mut().and_then(|ahead| ahead.take(seat)) {
                    Some(ahead) if ahead.still_holds(bench)? => {
                        *seat = ahead;
                        Ok(())
                    }
                    _ => seat.evaluate(bench),
                }
            })
        })
    }

    /// How often an effect was attempted before this judgement.
    pub(crate) fn attempts_before(&self, slot: &Slot, id: &str) -> u32 {
        let same = |(by, of, _): &&(Slot, String, u32)| by == slot && of == id;
        self.attempted.iter().find(same).map_or(0, |(.., attempts)| *attempts)
    }

    /// Whether what governors read was all there at one moment. Another lane may have written the tenant's facts while
    /// they were asked; what is committed is checked again then, but a refusal is not.
    fn is_of_one_moment(&self) -> Result<bool, StoreError> {
        let store = &self.host.ports.store;
        if store.last() == self.judged_at {
            return Ok(true);
        }
        let mut shared = self.seats.iter().flat_map(|seat| &seat.reads).filter(|(name, _)| name.scope == Scope::Tenant);
        shared.try_fold(true, |still, (name, seen)| Ok(still && !seen.has_moved(name, &self.lane, store.front())?))
    }

    /// Asks every routed governor, on what is admitted now, and keeps the answers for the turn that comes.
    pub(crate) fn foresee(mut self) -> Result<Foreseen, Halt> {
        if self.route() == On::Routed {
            self.with_bench(|seats, bench| seats.iter_mut().try_for_each(|seat| seat.evaluate(bench)))?;
        }
        Ok(Foreseen { now: self.now, seats: self.seats })
    }

    /// Lends the seats and what binds their answers.
    pub(crate) fn with_bench<T>(
        &mut self,
        ask: impl FnOnce(&mut [Seat], &Bench<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Halt> {
        let host = self.host;
        let is_routed = |kind: &str| host.route(kind).is_some();
        let rules = Rules {
            event: &self.event,
            now: self.now,
            tenant_lane: self.lane.customer.is_none(),
            lineage: self.origin.lineage(),
            is_routed: &is_routed,
        };
        let (runtime, snapshot, context) = (&*host.ports.runtime, &self.snapshot, rules.context());
        let bench = Bench { runtime, context, snapshot, rules, observed: &host.observed };
        Ok(ask(&mut self.seats, &bench)?)
    }

    /// Weighs the verdicts, then does the blocking effects in two rounds, weighing again after each.
    async fn settle(&mut self) -> Result<On, Halt> {
        if let Err(stop) = self.weigh_all()? {
            return Ok(self.stopped(stop));
        }
        if let Err(stop) = self.check_claims()? {
            return Ok(self.stopped(stop));
        }
        for mode in [Mode::Check, Mode::Reversible] {
            if let Err(stop) = self.round(mode).await? {
                return Ok(self.stopped(stop));
            }
            if let Err(stop) = self.weigh_all()? {
                return Ok(self.stopped(stop));
            }
            if mode == Mode::Check
                && let Err(stop) = self.check_claims()?
            {
                return Ok(self.stopped(stop));
            }
        }
        // What an earlier judgement had done and this one does not ask for is undone before the commit.
        match self.undo_unwanted().await? {
            Ok(()) => Ok(On::Settled),
            Err(error) => Ok(self.stopped(Stop::Failed(error))),
        }
    }

    fn weigh_all(&mut self) -> Result<Result<(), Stop>, Halt> {
        match weigh(self.seats.iter().map(|seat| (&seat.slot, &seat.said))) {
            Weighed::Failed(error) => return Ok(Err(Stop::Failed(error))),
            Weighed::Refused => return Ok(Err(Stop::Refused)),
            Weighed::Referred => return Ok(Err(Stop::Referred)),
            Weighed::Agreed => {}
        }
        let effects = self.seats.iter().flat_map(|seat| {
            let effects = seat.decision().map_or(&[][..], |decision| &decision.effects);
            effects.iter().map(move |effect| (&seat.slot, effect))
        });
        if let Err(conflict) = agree_on_effects(effects) {
            return Ok(Err(self.disagreement(conflict)));
        }
        if let Err(stop) = self.check_timers()? {
            return Ok(Err(stop));
        }
        if self.added_up.is_some() {
            return Ok(Ok(()));
        }
        let snapshot = Arc::clone(&self.snapshot);
        let added = self.merge(&BTreeSet::new(), &|name| snapshot.fact(name))?;
        Ok(added.map(|changes| self.added_up = Some(changes)))
    }

    /// A decision changed, so what all of them add up to has to be found again.
    pub(crate) fn decisions_changed(&mut self) {
        self.added_up = None;
    }

    fn disagreement(&mut self, conflict: Conflict) -> Stop {
        let error = Error::ConflictDetected { fact: conflict.fact.clone(), governors: conflict.slots.clone() };
        self.conflicts.push(conflict);
        Stop::Failed(error)
    }

    /// What all writes add up to, on the facts that `current` shows.
    pub(crate) fn merge(
        &mut self,
        moved: &BTreeSet<FactName>,
        current: &dyn Fn(&FactName) -> Result<Option<Fact>, StoreError>,
    ) -> Result<Result<Changes, Stop>, StoreError> {
        let winner = match self.origin.again().map(|again| &again.act.verb) {
            Some(Verb::Resolve { winner }) => winner.clone(),
            _ => None,
        };
        let carried: Vec<(Slot, Arc<Carried>)> =
            self.seats.iter().filter_map(|seat| Some((seat.slot.clone(), seat.carried.clone()?))).collect();
        let current = &|name: &FactName| {
            let stored = current(name)?;
            Ok(carried.iter().fold(stored, |stored, (_, carried)| carried.ground(name, stored)))
        };
        let ground =
            Ground { config: &self.host.config, time: self.event.time, moved, winner: winner.as_ref(), current };
        let decisions: Vec<SlotWrites<'_>> =
            self.seats.iter().filter_map(|seat| Some((&seat.slot, seat.decision()?.writes.as_slice()))).collect();
        match merge(&ground, &decisions) {
            Ok(mut changes) => {
                carried.iter().for_each(|(slot, carried)| carried.add_to(slot, &mut changes));
                Ok(Ok(changes))
            }
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::Disagreement(conflict)) => Ok(Err(self.disagreement(conflict))),
            Err(Trouble::Manual(conflict)) => {
                self.conflicts.push(conflict);
                Ok(Err(Stop::Referred))
            }
            Err(Trouble::BadAnswer { slot, reason }) => Ok(Err(self.bad_answer(&slot, reason))),
        }
    }

    /// Takes a governor's decision for the bad answer it turned out to be.
    pub(crate) fn bad_answer(&mut self, slot: &Slot, reason: String) -> Stop {
        let failure = Failure::bad_answer(reason);
        let error = Error::governor(slot, format!("{}: {}", failure.class.name(), failure.reason));
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.slot == *slot) {
            seat.said = Said::Failed(failure);
        }
        Stop::Failed(error)
    }

    /// Bounds what one governor may have waiting in one lane, so that timers cannot breed.
    fn check_timers(&mut self) -> Result<Result<(), Stop>, Halt> {
        let store = Arc::clone(&self.host.ports.store);
        let front = store.front();
        let asked: Vec<(Slot, u64)> = self
            .decisions()
            .filter(|(_, decision)| !decision.timers.is_empty())
            .map(|(slot, decision)| (slot.clone(), decision.timers.len() as u64))
            .collect();
        for (slot, more) in asked {
            let waiting = match self.timers_waiting.get(&slot) {
                Some(waiting) => *waiting,
                None => front.timers_of(&self.lane, &slot)?,
            };
            self.timers_waiting.insert(slot.clone(), waiting);
            if waiting + more > TIMERS_WAITING_MAX {
                let reason = format!("more than {TIMERS_WAITING_MAX} timers of its would wait for one customer");
                return Ok(Err(self.bad_answer(&slot, reason)));
            }
        }
        Ok(Ok(()))
    }

    /// What the decisions add up to, for the commit to take. They were weighed before, so it is known.
    pub(crate) fn take_changes(&mut self) -> Changes {
        self.added_up.take().unwrap_or_default()
    }

    /// Whether some claimed key is taken as things stand.
    pub(crate) fn check_claims(&mut self) -> Result<Result<(), Stop>, Halt> {
        let store = Arc::clone(&self.host.ports.store);
        let claims = self.added_up.as_ref().map_or(&[][..], |changes| &changes.claims);
        Ok(self.claims_taken(claims, store.front())?)
    }

    /// What the first claimed key that is taken means for the event.
    pub(crate) fn claims_taken(
        &self,
        claims: &[ClaimRequest],
        front: &dyn Reads,
    ) -> Result<Result<(), Stop>, StoreError> {
        for claim in claims {
            let Some(taken) = front.claim(&self.event.tenant, &claim.key)? else {
                continue;
            };
            if taken.content != syndic_ledger::sha256(claim.content.as_bytes()) {
                let reason =
                    format!("`{}` was already used, by event `{}`, for something else", claim.key, taken.event.id);
                return Ok(Err(Stop::Violation(Error::IdempotencyViolation {
                    event_id: self.event.id.clone(),
                    reason,
                })));
            }
            let first = front.receipt(taken.receipt)?.ok_or_else(|| {
                let (key, receipt) = (&claim.key, taken.receipt);
                StoreError::Corrupt(format!("`{key}` is claimed by receipt {receipt}, which is not there"))
            })?;
            return Ok(Err(Stop::Duplicate(Box::new(first.kept.report))));
        }
        Ok(Ok(()))
    }

    fn weigh_undo(&mut self) -> On {
        if self.has_to_undo() { On::EffectsToUndo } else { On::NothingToUndo }
    }

    async fn undo_everything(&mut self) -> Result<On, Halt> {
        match self.undo_all().await? {
            Ok(()) => Ok(On::Undone),
            Err(error) => {
                self.stuck = Some(error);
                Ok(On::UndoStuck)
            }
        }
    }

    /// Facts that moved since they were read: too many times, and the event is given up.
    pub(crate) fn stale(&mut self, fact: &FactName) -> On {
        let given_up = self.host.config.limits.stale_max.is_some_and(|most| self.judged > most);
        let governors: Vec<Slot> =
            self.seats.iter().filter(|seat| seat.reads.contains_key(fact)).map(|seat| seat.slot.clone()).collect();
        let settlement = if given_up { "rolled-back" } else { "judged-again" };
        let conflict = Conflict {
            fact: fact.to_string(),
            slots: governors,
            policy: REJUDGED.into(),
            settlement: settlement.into(),
        };
        if given_up {
            let stop = self.disagreement(conflict);
            return self.stopped(stop);
        }
        self.conflicts.push(conflict);
        On::Stale
    }
}
