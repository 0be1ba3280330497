//! The commit: facts, timers, raised events, dedup record, receipt, leaf and outbox, all at once or not at all.
//!
//! Ledger order is decided here, and with it numbers and claims: whoever commits first has them.

use std::collections::BTreeSet;
use std::sync::Arc;

use syndic_core::changes::{Change, Changes};
use syndic_core::config::Staleness;
use syndic_core::decision::Decision;
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::event::HostLane;
use syndic_core::fact::Read;
use syndic_core::failpoint;
use syndic_core::outcome::{EffectReport, EffectStatus, Opinion, Outcome, Report};
use syndic_core::ports::{
    Claim, Commit, DeadLetter, DedupRecord, Deferred, Entry, Kept, Raised, Reads, StoreError, Timer, TimerKey,
};
use syndic_core::settle::Said;
use syndic_core::states::{On, State};
use syndic_core::{Error, Event, Fact, FactName, Slot, Text};
use syndic_ledger as ledger;
use syndic_ledger::{Digest, sha256};

use crate::act;
use crate::blocking::Done;
use crate::consequence::Following;
use crate::host::Halt;
use crate::judge::{Seat, read_set, stamp, stored};
use crate::receipt::Draft;
use crate::turn::{After, Finished, Origin, Stop, Turn, due_case};

/// What a committer came to while it had the store to itself.
enum Decided {
    /// This is written, and then this is told.
    Commit(Box<Commit>, Box<Report>),
    /// Nothing is written; this happened.
    Otherwise(On),
}

impl Turn<'_> {
    /// Commits a settled event, unless what it was decided on moved meanwhile.
    pub(crate) fn commit(&mut self) -> Result<On, Halt> {
        // An earlier process undid an effect and was stopped; this judgement counts on the effect, so it is made again.
        if self.done.iter().any(Done::must_be_done_again) {
            return Ok(On::Stale);
        }
        let changes = self.take_changes();
        // Drafted before the store is asked for, so that others wait for as little as possible.
        let mut drafted = Some(Draft::new(self, changes));
        self.admit(On::Committed, move |turn, front| {
            let mut draft = drafted.take().unwrap_or_else(|| Draft::new(turn, Changes::default()));
            if turn.host.ports.store.last() != turn.judged_at {
                let moved = match turn.moved(front)? {
                    Moved::Reread(fact) => return Ok(Decided::Otherwise(turn.stale(&fact))),
                    Moved::Merge(facts) => facts,
                };
                if !moved.is_empty() || turn.ground_moved(&draft.changes, front)? {
                    let lane = turn.lane.clone();
                    match turn.merge(&moved, &|name| stored(front, &lane, name))? {
                        Ok(changes) => draft = Draft::new(turn, changes),
                        Err(stop) => return Ok(Decided::Otherwise(turn.stopped(stop))),
                    }
                }
            }
            if let Err(stop) = turn.claims_taken(&draft.changes.claims, front)? {
                return Ok(Decided::Otherwise(turn.stopped(stop)));
            }
            let sequence = front.head()?.frontier.size() + 1;
            let last = match turn.allot(&mut draft, front)? {
                Ok(last) => last,
                Err(stop) => return Ok(Decided::Otherwise(turn.stopped(stop))),
            };
            let mut commit = turn.consequences(sequence)?;
            commit.claims = turn.claims(&draft.changes, sequence);
            commit.numbers = last;
            turn.seal(front, commit, sequence, draft)
        })
    }

    /// Commits what became of an event that was stopped: its receipt and nothing of its doing.
    pub(crate) fn commit_outcome(&mut self) -> Result<On, Halt> {
        // An event that is stuck has its receipt and is parked, whatever stopped it; so has one that had a receipt before.
        let has_receipt = self.stuck.is_some() || self.origin.again().is_some();
        let report = match self.stop.clone().filter(|_| !has_receipt) {
            Some(Stop::Duplicate(first)) => Report { id: self.event.id.clone(), duplicate: true, ..*first },
            Some(Stop::Violation(error)) => {
                let mut report = Report::turned_away(self.event.id.clone(), error);
                report.effects = self.done.iter().map(Done::report).collect();
                report
            }
            _ => return self.commit_stopped(),
        };
        self.admit(On::OutcomeCommitted, move |turn, _| {
            // An event whose claimed key was taken leaves its dedup record and no receipt.
            let mut commit = Commit::default();
            turn.spend(&mut commit);
            commit.dedup = Some((turn.event.key(), turn.dedup(&report)));
            commit.blobs = vec![(turn.event.hash(), turn.event.canonical().as_bytes().to_vec())];
            Ok(Decided::Commit(Box::new(commit), Box::new(report.clone())))
        })
    }

    fn commit_stopped(&mut self) -> Result<On, Halt> {
        let mut drafted = Some(Draft::new(self, Changes::default()));
        self.admit(On::OutcomeCommitted, move |turn, front| {
            let sequence = front.head()?.frontier.size() + 1;
            let mut commit = Commit::default();
            failpoint!("engine.poison.count", turn.count_traps(&mut commit, sequence, front)?);
            if turn.stuck.is_some() {
                failpoint!("engine.stuck.park", commit.parked = Some((turn.event.key(), Some(turn.parked(sequence)))));
            }
            let draft = drafted.take().unwrap_or_else(|| Draft::new(turn, Changes::default()));
            turn.seal(front, commit, sequence, draft)
        })
    }

    /// Lets a committer decide while nobody else is admitted.
    fn admit(
        &mut self,
        committed: On,
        mut decide: impl FnMut(&mut Self, &dyn Reads) -> Result<Decided, Halt>,
    ) -> Result<On, Halt> {
        failpoint!("engine.commit.admit");
        let store = Arc::clone(&self.host.ports.store);
        let mut otherwise = None;
        let mut told = None;
        let (mut bug, mut over) = (None, Vec::new());
        let mut queued = (Vec::new(), Vec::new(), None, None);
        let mut kept_watch = (None, Vec::new());
        let began = self.host.observed.now();
        let admitted = store.admit(&mut |front| match self.still_leads(front).and_then(|()| decide(self, front)) {
            Ok(Decided::Commit(mut commit, report)) => {
                self.note_trials(&mut commit, front)?;
                over = self.count_failures(&mut commit);
                let due = commit.timers_set.iter().map(|timer| timer.due).min();
                queued = (commit.raised.clone(), commit.outbox.clone(), due, due_case(&commit));
                kept_watch = (commit.parked.clone(), commit.poison.clone());
                told = Some(report);
                Ok(Some(*commit))
            }
            Ok(Decided::Otherwise(on)) => {
                otherwise = Some(on);
                Ok(None)
            }
            Err(Halt::Store(error)) => Err(error),
            Err(halt) => {
                bug = Some(halt);
                Ok(None)
            }
        })?;
        if let Some(halt) = bug {
            return Err(halt);
        }
        if let (Some(admitted), Some(report)) = (admitted, told) {
            failpoint!("engine.commit.admitted");
            self.host.observed.tell_since(began, |observer, took| observer.admitted(took));
            self.over = over;
            let (parked, poison) = kept_watch;
            if let Some((key, Some(parked))) = parked {
                self.host.parks().put(key, self.lane.clone(), &parked);
            }
            if !poison.is_empty() {
                self.host.trapped().wrote(&poison);
            }
            let (raised, outbox, due, case) = queued;
            let raised = (admitted.raised..).zip(raised).map(|(number, raised)| Following::Raised(number, raised));
            let deferred = (admitted.outbox..).zip(outbox).map(|(number, asked)| Following::Deferred(number, asked));
            let after = After { following: raised.chain(deferred).collect(), due, case };
            self.finished = Some(Finished { report: *report, ticket: admitted.ticket, after });
        }
        Ok(otherwise.unwrap_or(committed))
    }

    /// Holds an act to what it was decided on: an event has one outcome at a time, and a letter is sent again once. Of an
    /// event that is forgotten by now there is no other outcome.
    fn still_leads(&self, front: &dyn Reads) -> Result<(), Halt> {
        let Origin::Again { again, letter, .. } = &self.origin else { return Ok(()) };
        let leads = match letter {
            Some(number) => act::letter(front, *number)?.is_some(),
            None => {
                let known = front.dedup(&self.event.key())?;
                known.is_none_or(|known| known.report.receipt == Some(again.first))
            }
        };
        let bug = || Error::invalid(format!("two acts after receipt {} were under way at once", again.first));
        if leads { Ok(()) } else { Err(Halt::Bug(bug())) }
    }

    /// What moved in the read set since it was read. A tenant's fact that was only stepped has moved for those alone who
    /// ask for its exact value.
    fn moved(&self, front: &dyn Reads) -> Result<Moved, Halt> {
        let mut moved = BTreeSet::new();
        for (name, seen) in self.seats.iter().flat_map(|seat| &seat.reads) {
            if !seen.has_moved(name, &self.lane, front)? {
                continue;
            }
            if self.host.config.policy(&name.name).staleness == Staleness::Optimistic {
                return Ok(Moved::Reread(name.clone()));
            }
            moved.insert(name.clone());
        }
        Ok(Moved::Merge(moved))
    }

    /// Whether some fact to be written is no longer what the changes start from.
    fn ground_moved(&self, changes: &Changes, front: &dyn Reads) -> Result<bool, StoreError> {
        for change in &changes.facts {
            let before = change.before.as_ref().map_or(0, |before| before.receipt);
            if stamp(front, &self.lane, &change.fact)? != before {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives out the numbers that were asked for, the next of each series. Returns the last of each.
    #[allow(clippy::type_complexity, reason = "a stop is no error here, and a store's failure is")]
    fn allot(
        &mut self,
        draft: &mut Draft,
        front: &dyn Reads,
    ) -> Result<Result<Vec<(String, String, u64)>, Stop>, StoreError> {
        let tenant = self.event.tenant.clone();
        let mut last: Vec<(String, String, u64)> = Vec::new();
        for request in draft.changes.numbers.clone() {
            let place = match last.iter().position(|(_, series, _)| *series == request.series) {
                Some(place) => place,
                None => {
                    let taken = front.last_number(&tenant, &request.series)?;
                    last.push((tenant.clone(), request.series.clone(), taken));
                    last.len() - 1
                }
            };
            last[place].2 += 1;
            let number = last[place].2;
            if let Err(reason) = request.put(number, &mut draft.changes.facts) {
                return Ok(Err(self.bad_answer(&request.slot, reason)));
            }
            draft.numbered(ledger::Number { number, series: request.series });
        }
        Ok(Ok(last))
    }

    fn fact(&self, change: Change, sequence: u64) -> (syndic_core::FactKey, Option<Fact>) {
        let key = change.fact.key(&self.event.tenant, self.lane.customer.as_deref().unwrap_or_default());
        let schema = self.schema_of(&change);
        let before = change.before.as_ref();
        let fact = change.after.map(|value| Fact {
            value,
            version: before.map_or(1, |before| before.version + 1),
            receipt: sequence,
            base: before.filter(|_| change.stepped).map_or(sequence, |before| before.base),
            schema,
            by: change.by,
            event: self.event.id.clone(),
            at: self.event.time,
        });
        (key, fact)
    }

    /// The state schema of what a change leaves: its writer's, unless it only steps what there was.
    fn schema_of(&self, change: &Change) -> u32 {
        let stepped = change.before.as_ref().filter(|_| change.stepped);
        let writer = || self.seats.iter().find(|seat| seat.slot == change.by);
        stepped.map_or_else(|| writer().map_or(1, |seat| seat.installed.manifest.state_schema), |before| before.schema)
    }

    fn claims(&self, changes: &Changes, sequence: u64) -> Vec<(String, String, Claim)> {
        let event = || self.event.key();
        let claim = |content: &Text| Claim { content: sha256(content.as_bytes()), event: event(), receipt: sequence };
        let claims = changes.claims.iter();
        claims.map(|asked| (self.event.tenant.clone(), asked.key.clone(), claim(&asked.content))).collect()
    }

    /// What follows from the decisions: timers, raised events, deferred effects.
    fn consequences(&self, sequence: u64) -> Result<Commit, Halt> {
        let mut commit = Commit::default();
        for (slot, decision) in self.decisions() {
            for timer in &decision.timers {
                let key = TimerKey { lane: self.lane.clone(), slot: slot.clone(), name: timer.name.clone() };
                commit.timers_set.push(Timer {
                    key,
                    due: timer.due,
                    data: timer.data.clone(),
                    cause: sequence,
                    subject: self.event.subject.clone(),
                    lineage: self.origin.lineage().timer(self.now, timer.due),
                });
            }
            let lineage = self.origin.lineage().raise();
            for (n, raise) in (1..).zip(&decision.raises) {
                let id = format!("{sequence}/{slot}/r:{n}");
                let lane = HostLane { tenant: &self.event.tenant, subject: &self.event.subject };
                let event = Event::of_host(slot, id, &raise.kind, &lane, self.now, raise.data.value());
                let event = event.map_err(|why| Halt::Bug(Error::governor(slot, why)))?;
                commit.raised.push(Raised { event: event.canonical().to_owned(), cause: sequence, lineage });
            }
            for effect in decision.effects.iter().filter(|effect| effect.mode == Mode::Deferred) {
                commit.outbox.push(Deferred {
                    lane: self.lane.clone(),
                    subject: self.event.subject.clone(),
                    slot: slot.clone(),
                    key: connector_key(&self.event.key(), slot, &effect.id, 1, Way::Do),
                    effect: effect.clone(),
                    cause: sequence,
                    now: self.now,
                    lineage: self.origin.lineage(),
                });
            }
        }
        Ok(commit)
    }

    pub(crate) fn decisions(&self) -> impl Iterator<Item = (&Slot, &Decision)> {
        self.seats.iter().filter_map(|seat| Some((&seat.slot, seat.decision()?)))
    }

    /// Ends what the event came from.
    fn spend(&self, commit: &mut Commit) {
        match &self.origin {
            Origin::Outside => {}
            Origin::Raised { number, .. } => commit.raised_spent = Some(*number),
            Origin::Settled { number, dead, .. } => {
                commit.outbox_spent = Some(*number);
                let letter = |deferred: &Deferred| DeadLetter { deferred: deferred.clone(), resent: 0 };
                commit.dead = dead.as_deref().map(|deferred| (*number, Some(letter(deferred))));
            }
            Origin::Timer { key, .. } => commit.timer_spent = Some(key.clone()),
            Origin::Again { letter, .. } => commit.dead = letter.map(|number| (number, None)),
        }
    }

    /// Adds the receipt, the facts, the dedup record and what is kept beside them.
    fn seal(&mut self, front: &dyn Reads, mut commit: Commit, sequence: u64, draft: Draft) -> Result<Decided, Halt> {
        let Draft { changes, receipt, report, .. } = draft.sealed(sequence, &commit);
        let leaf = String::from_utf8(receipt.leaf())
            .map_err(|_| Halt::Store(StoreError::Corrupt("a receipt is not UTF-8".into())))?;
        let read = |(fact, seen): (&FactName, &crate::judge::Glimpse)| Read {
            fact: fact.clone(),
            version: seen.version,
            receipt: seen.receipt,
        };
        let written = |change: &Change| (change.fact.clone(), change.after.as_ref().map(|held| held.text()));
        let kept = Kept {
            key: self.event.key(),
            event: self.event.canonical().to_owned(),
            now: self.now,
            reads: read_set(&self.seats).into_iter().map(read).collect(),
            writes: changes.facts.iter().map(written).collect(),
            intents: self.done.iter().map(|done| done.intent.clone()).collect(),
            lineage: self.origin.lineage(),
            report: report.clone(),
            again: self.origin.again().cloned(),
        };
        failpoint!("engine.queue.spend", self.spend(&mut commit));
        commit.facts = changes.facts.into_iter().map(|change| self.fact(change, sequence)).collect();
        commit.lane = Some((self.lane.clone(), self.now));
        failpoint!("engine.known.write", commit.dedup = Some((self.event.key(), self.dedup(&report))));
        commit.receipt = Some((sequence, Entry { leaf, kept }));
        if self.origin.again().is_some() {
            commit.cases.extend(self.host.told_case(front, &self.event, report.outcome)?);
        }
        Ok(Decided::Commit(Box::new(commit), Box::new(report)))
    }

    fn dedup(&self, report: &Report) -> DedupRecord {
        DedupRecord { hash: self.event.hash(), taken: self.taken, report: report.clone() }
    }

    /// What is told of the event, but for its receipt's number. `settled` are the conflicts that merging settled.
    pub(crate) fn report(&self, settled: &Changes) -> Report {
        let mut effects: Vec<EffectReport> = self.done.iter().map(Done::report).collect();
        let outcome = self.outcome();
        if outcome == Outcome::Completed {
            effects.extend(self.decisions().flat_map(|(slot, decision)| {
                let deferred = decision.effects.iter().filter(|effect| effect.mode == Mode::Deferred);
                deferred.map(move |effect| EffectReport {
                    id: format!("{slot}/{}", effect.id),
                    action: effect.action.clone(),
                    mode: effect.mode,
                    status: EffectStatus::Pending,
                })
            }));
        }
        let mut state_path = self.path.clone();
        state_path.push(State::Idle);
        Report {
            id: self.event.id.clone(),
            outcome,
            duplicate: false,
            receipt: None,
            state_path,
            governors: self.seats.iter().map(opinion).collect(),
            conflicts: self.conflicts.iter().chain(&settled.conflicts).cloned().collect(),
            effects,
            error: self.error(),
            case: None,
        }
    }
}

fn opinion(seat: &Seat) -> Opinion {
    let (verdict, code, message, note) = match &seat.said {
        Said::Decided(decision) => {
            let reason = decision.verdict.reason();
            let code = reason.map(|reason| reason.code.clone());
            (decision.verdict.name(), code, reason.map(|reason| reason.message.clone()), decision.note.clone())
        }
        Said::Failed(failure) => ("failed", Some(failure.class.name().to_owned()), Some(failure.reason.clone()), None),
    };
    Opinion {
        slot: seat.slot.clone(),
        version: seat.installed.manifest.version.clone(),
        digest: Digest(seat.installed.digest).to_string(),
        verdict: verdict.into(),
        code,
        message,
        note,
        fuel: seat.fuel,
    }
}

enum Moved {
    /// A fact moved whose policy is to judge again.
    Reread(FactName),
    /// These moved, and age decides about each write.
    Merge(BTreeSet<FactName>),
}
