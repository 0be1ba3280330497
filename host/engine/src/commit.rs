//! The commit: facts, timers, raised events, dedup record, receipt, leaf and outbox, all at once or not at all.
//!
//! Ledger order is decided here, and with it numbers and claims: whoever commits first has them.

use std::collections::BTreeSet;

use serde_json::Value;
use syndic_core::changes::{Change, Changes};
use syndic_core::config::Staleness;
use syndic_core::decision::Decision;
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::event::HostLane;
use syndic_core::outcome::{EffectReport, EffectStatus, Opinion, Outcome, Report};
use syndic_core::ports::{
    Claim, Commit, DedupRecord, Deferred, Entry, Intent, Kept, Parked, Raised, StoreError, Timer, TimerKey,
};
use syndic_core::settle::Said;
use syndic_core::states::{On, State};
use syndic_core::{Error, Event, Fact, FactName, Slot};
use syndic_ledger as ledger;
use syndic_ledger::{Digest, canonical_hash, leaf_hash};

use crate::blocking::Done;
use crate::host::Halt;
use crate::judge::{Seat, read_set, stored};
use crate::receipt;
use crate::turn::{Origin, Stop, Turn};

/// What a completed event leaves besides its receipt.
#[derive(Default)]
pub(crate) struct Sealed {
    pub(crate) changes: Changes,
    pub(crate) numbers: Vec<ledger::Number>,
}

impl Turn<'_> {
    /// Commits a settled event, unless what it was decided on moved meanwhile.
    pub(crate) fn commit(&mut self) -> Result<On, Halt> {
        // An earlier process undid an effect and was stopped; this judgement counts on the effect, so it is made again.
        if self.done.iter().any(Done::must_be_done_again) {
            return Ok(On::Stale);
        }
        let moved = match self.moved()? {
            Moved::Reread(fact) => return Ok(self.stale(&fact)),
            Moved::Merge(facts) => facts,
        };
        if let Err(stop) = self.check_claims()? {
            return Ok(self.stopped(stop));
        }
        let changes = match self.add_up(&moved)? {
            Ok(changes) => changes,
            Err(stop) => return Ok(self.stopped(stop)),
        };
        let sequence = self.next_sequence()?;
        let (changes, numbers, last) = match self.allot(changes)? {
            Ok(allotted) => allotted,
            Err(stop) => return Ok(self.stopped(stop)),
        };
        self.conflicts.extend(changes.conflicts.clone());
        let mut commit = self.consequences(sequence)?;
        commit.facts = self.facts(&changes);
        commit.claims = self.claims(&changes);
        commit.numbers = last;
        self.seal(commit, sequence, &Sealed { changes, numbers }, State::Idle)?;
        Ok(On::Committed)
    }

    /// Commits what became of an event that was stopped: its receipt and nothing of its doing.
    pub(crate) fn commit_outcome(&mut self) -> Result<On, Halt> {
        // An event that is stuck has its receipt and is parked, whatever stopped it.
        match self.stop.clone().filter(|_| self.stuck.is_none()) {
            Some(Stop::Duplicate(first)) => {
                let id = self.event.id.clone();
                self.close_unreceipted(Report { id, duplicate: true, ..*first })?;
            }
            Some(Stop::Violation(error)) => {
                let mut report = Report::turned_away(self.event.id.clone(), error);
                report.effects = self.done.iter().map(Done::report).collect();
                self.close_unreceipted(report)?;
            }
            _ => {
                let sequence = self.next_sequence()?;
                let mut commit = Commit::default();
                if self.stuck.is_some() {
                    let remaining: Vec<Intent> = self
                        .done
                        .iter()
                        .rev()
                        .filter(|done| done.needs_undo())
                        .map(|done| done.intent.clone())
                        .collect();
                    commit.parked = Some((self.event.key(), Parked { receipt: sequence, remaining }));
                }
                self.seal(commit, sequence, &Sealed::default(), State::Idle)?;
            }
        }
        Ok(On::OutcomeCommitted)
    }

    /// An event whose claimed key was taken leaves its dedup record and no receipt.
    fn close_unreceipted(&mut self, report: Report) -> Result<(), Halt> {
        let mut commit = self.spending();
        commit.dedup = Some((self.event.key(), DedupRecord { hash: self.event.hash(), report: report.clone() }));
        commit.blobs = vec![(self.event.hash(), self.event.canonical().as_bytes().to_vec())];
        self.host.ports.store.commit(commit)?;
        self.report = Some(report);
        Ok(())
    }

    fn next_sequence(&self) -> Result<u64, Halt> {
        Ok(self.host.ports.store.head()?.frontier.size() + 1)
    }

    /// What moved in the read set since it was read.
    fn moved(&self) -> Result<Moved, Halt> {
        let mut moved = BTreeSet::new();
        for (fact, (version, _)) in self.seats.iter().flat_map(|seat| &seat.reads) {
            let now = stored(&*self.host.ports.store, &self.lane, fact)?.map_or(0, |fact| fact.version);
            if now == *version {
                continue;
            }
            if self.host.config.policy(&fact.name).staleness == Staleness::Optimistic {
                return Ok(Moved::Reread(fact.clone()));
            }
            moved.insert(fact.clone());
        }
        Ok(Moved::Merge(moved))
    }

    /// Gives out the numbers that were asked for, the next of each series.
    #[allow(clippy::type_complexity, reason = "the three parts go three ways at once")]
    fn allot(
        &mut self,
        mut changes: Changes,
    ) -> Result<Result<(Changes, Vec<ledger::Number>, Vec<(String, String, u64)>), Stop>, Halt> {
        let tenant = self.event.tenant.clone();
        let mut allotted = Vec::new();
        let mut last: Vec<(String, String, u64)> = Vec::new();
        for request in changes.numbers.clone() {
            let place = match last.iter().position(|(_, series, _)| *series == request.series) {
                Some(place) => place,
                None => {
                    let taken = self.host.ports.store.last_number(&tenant, &request.series)?;
                    last.push((tenant.clone(), request.series.clone(), taken));
                    last.len() - 1
                }
            };
            last[place].2 += 1;
            let number = last[place].2;
            if let Err(reason) = request.put(number, &mut changes.facts) {
                return Ok(Err(self.bad_answer(&request.slot, reason)));
            }
            allotted.push(ledger::Number { number, series: request.series });
        }
        Ok(Ok((changes, allotted, last)))
    }

    fn facts(&self, changes: &Changes) -> Vec<(syndic_core::FactKey, Option<Fact>)> {
        let key = |fact: &FactName| fact.key(&self.event.tenant, self.lane.customer.as_deref().unwrap_or_default());
        let fact = |change: &Change| {
            change.after.clone().map(|value| Fact {
                value,
                version: change.before.as_ref().map_or(1, |before| before.version + 1),
                by: change.by.clone(),
                event: self.event.id.clone(),
                at: self.event.time,
            })
        };
        changes.facts.iter().map(|change| (key(&change.fact), fact(change))).collect()
    }

    fn claims(&self, changes: &Changes) -> Vec<(String, String, Claim)> {
        let claim = |content: &Value| Claim { content: canonical_hash(content), event: self.event.key() };
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
                let event = Event::of_host(slot, id, &raise.kind, &lane, self.now, raise.data.clone());
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

    /// A commit that spends what the event came from.
    fn spending(&self) -> Commit {
        let mut commit = Commit::default();
        self.spend(&mut commit);
        commit
    }

    fn spend(&self, commit: &mut Commit) {
        match &self.origin {
            Origin::Outside => {}
            Origin::Raised { number, .. } => commit.raised_spent = Some(*number),
            Origin::Settled { number, .. } => commit.outbox_spent = Some(*number),
            Origin::Timer { key, .. } => commit.timer_spent = Some(key.clone()),
        }
    }

    /// Adds the receipt, the dedup record and what is kept beside them, and commits.
    fn seal(&mut self, mut commit: Commit, sequence: u64, sealed: &Sealed, last: State) -> Result<(), Halt> {
        let mut path = self.path.clone();
        path.push(last);
        let report = self.report_of(sequence, path);
        let receipt = receipt::of(self, sequence, &report, sealed, &commit);
        let leaf = receipt.leaf();
        let mut head = self.host.ports.store.head()?;
        head.frontier.append(leaf_hash(&leaf));
        *head.tally.outcomes.entry(report.outcome).or_default() += 1;
        head.tally.conflicts += report.conflicts.len() as u64;
        let leaf =
            String::from_utf8(leaf).map_err(|_| Halt::Store(StoreError::Corrupt("a receipt is not UTF-8".into())))?;
        let (reads, blobs) = read_set(&self.seats);
        let kept = Kept {
            key: self.event.key(),
            event: self.event.hash(),
            now: self.now,
            reads,
            config: self.host.config_digest,
            components: self.seats.iter().map(|seat| seat.installed.digest).collect(),
            intents: self.done.iter().map(|done| done.intent.clone()).collect(),
            lineage: self.origin.lineage(),
            report: report.clone(),
        };
        self.spend(&mut commit);
        commit.lane = Some((self.lane.clone(), self.now));
        commit.dedup = Some((self.event.key(), DedupRecord { hash: self.event.hash(), report: report.clone() }));
        commit.receipt = Some((sequence, Entry { leaf, kept }, head));
        commit.blobs = blobs;
        commit.blobs.push((self.event.hash(), self.event.canonical().as_bytes().to_vec()));
        self.host.ports.store.commit(commit)?;
        self.report = Some(report);
        Ok(())
    }

    fn report_of(&self, sequence: u64, state_path: Vec<State>) -> Report {
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
        Report {
            id: self.event.id.clone(),
            outcome,
            duplicate: false,
            receipt: Some(sequence),
            state_path,
            governors: self.seats.iter().map(opinion).collect(),
            conflicts: self.conflicts.clone(),
            effects,
            error: self.error(),
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
