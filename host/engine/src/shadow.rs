//! Trials: a version that is asked beside the one that judges, about the same and on the same facts. Its answers come to
//! nothing; where they differ, both decisions are kept, with fuel and time, in the commit of the event.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use syndic_core::effect::Mode;
use syndic_core::ports::{Commit, EffectResult, Reads, StoreError};
use syndic_core::settle::Said;
use syndic_core::versions::{self, DIFFERENCE_REGISTER, Difference, TRIAL_REGISTER, TrialRecord};

use crate::judge::{Bench, Seat};
use crate::turn::Turn;

/// Differences that are kept of one trial; more are counted.
const KEPT_MAX: u64 = 64;

/// Bytes of a decision that are kept.
const DECISION_MAX_BYTES: usize = 16 * 1024;

/// Parts of a decision, as they are compared.
const PARTS: [&str; 6] = ["verdict", "writes", "effects", "timers", "raises", "note"];

/// A version on trial, beside a seat.
pub(crate) struct Shadow {
    number: u32,
    seat: Seat,
    micros: [u64; 2],
    /// Whether it was asked about all that the other was asked about.
    follows: bool,
}

impl Shadow {
    pub(crate) fn new(number: u32, seat: Seat) -> Self {
        Self { number, seat, micros: [0; 2], follows: true }
    }

    /// Whether it is the same version's.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.number == other.number && self.seat.installed.digest == other.seat.installed.digest
    }

    /// What it read.
    pub(crate) fn reads(&self) -> &crate::judge::Noticed {
        &self.seat.reads
    }

    pub(crate) fn evaluate(&mut self, judge: &mut Seat, bench: &Bench<'_>) -> Result<(), StoreError> {
        let begin = Instant::now();
        judge.evaluate_alone(bench)?;
        let between = Instant::now();
        self.seat.evaluate_alone(bench)?;
        self.micros = [micros(begin, between), micros(between, Instant::now())];
        self.follows = true;
        Ok(())
    }

    pub(crate) fn feed(
        &mut self,
        judge: &mut Seat,
        bench: &Bench<'_>,
        results: Vec<EffectResult>,
        round: Mode,
    ) -> Result<(), StoreError> {
        self.follows &= asks(judge, round) == asks(&self.seat, round);
        let begin = Instant::now();
        judge.feed_alone(bench, results.clone(), round)?;
        let between = Instant::now();
        if self.follows {
            self.seat.feed_alone(bench, results, round)?;
        }
        self.micros[0] += micros(begin, between);
        self.micros[1] += micros(between, Instant::now());
        Ok(())
    }

    /// In what the two differ.
    fn differs(&self, judge: &Seat) -> Vec<String> {
        match (&judge.said, &self.seat.said) {
            (Said::Failed(one), Said::Failed(other)) if one.class == other.class => Vec::new(),
            (Said::Decided(_), Said::Decided(_)) if judge.output == self.seat.output => Vec::new(),
            (Said::Decided(_), Said::Decided(_)) => {
                let (one, other) = (judge.output.value(), self.seat.output.value());
                let parts = PARTS.iter().filter(|part| one.get(**part) != other.get(**part));
                parts.map(|part| (*part).to_owned()).collect()
            }
            _ => vec!["failed".to_owned()],
        }
    }
}

fn micros(from: Instant, to: Instant) -> u64 {
    u64::try_from((to - from).as_micros()).unwrap_or(u64::MAX)
}

/// What a governor asks of services in a round.
fn asks(seat: &Seat, round: Mode) -> Vec<Value> {
    let effects = seat.decision().map_or(&[][..], |decision| &decision.effects);
    let of_round = effects.iter().filter(|effect| effect.mode == round);
    of_round.map(|effect| serde_json::to_value(effect).unwrap_or_default()).collect()
}

fn shown(seat: &Seat) -> Value {
    match &seat.said {
        Said::Failed(failure) => json!({"failed": failure.class.name(), "reason": failure.reason}),
        Said::Decided(_) if seat.output.len() > DECISION_MAX_BYTES => json!({"bytes": seat.output.len()}),
        Said::Decided(_) => seat.output.value(),
    }
}

impl Turn<'_> {
    /// Adds to a commit what the event shows of versions on trial.
    pub(crate) fn note_trials(&self, commit: &mut Commit, front: &dyn Reads) -> Result<(), StoreError> {
        let Some((receipt, _)) = &commit.receipt else { return Ok(()) };
        let receipt = *receipt;
        for seat in &self.seats {
            let number = match (&seat.shadow, seat.canary) {
                (Some(shadow), _) => shadow.number,
                (None, Some(number)) => number,
                (None, None) => continue,
            };
            let tried = seat.shadow.as_ref().map_or(seat, |shadow| &shadow.seat);
            if !seat.judges(&self.event.kind) && !tried.judges(&self.event.kind) {
                continue;
            }
            let key = seat.slot.to_string();
            let Some(mut trial) = versions::entry::<TrialRecord>(front, TRIAL_REGISTER, &key)? else { continue };
            if trial.number != number {
                continue;
            }
            trial.calls += 1;
            trial.failed += u64::from(matches!(tried.said, Said::Failed(_)));
            trial.fuel[1] += tried.fuel;
            if let Some(shadow) = &seat.shadow {
                trial.fuel[0] += seat.fuel;
                trial.micros = [trial.micros[0] + shadow.micros[0], trial.micros[1] + shadow.micros[1]];
                let kinds = shadow.differs(seat);
                if !kinds.is_empty() {
                    trial.different += 1;
                    if trial.different <= KEPT_MAX {
                        let key = versions::difference_key(&seat.slot, number, trial.different);
                        let difference = self.difference(seat, shadow, kinds, receipt);
                        commit.registers.push(versions::put(DIFFERENCE_REGISTER, key, &difference));
                    }
                }
            }
            commit.registers.push(versions::put(TRIAL_REGISTER, key, &trial));
        }
        Ok(())
    }

    fn difference(&self, seat: &Seat, shadow: &Shadow, kinds: Vec<String>, receipt: u64) -> Difference {
        Difference {
            kinds,
            event: self.event.id.clone(),
            kind: self.event.wire_type(),
            tenant: self.event.tenant.clone(),
            receipt,
            decisions: [shown(seat), shown(&shadow.seat)],
            fuel: [seat.fuel, shadow.seat.fuel],
            micros: shadow.micros,
            explained: None,
        }
    }

    /// Fills the seats: who judges in each slot, and who is asked beside.
    pub(crate) fn fill_seats(&mut self) {
        let (host, lineup) = (self.host, Arc::clone(&self.lineup));
        let seats = self.slots.iter().filter_map(|slot| {
            let called = lineup.call(slot, &self.lane)?;
            let mut seat = Seat::new(Arc::clone(called.judge), host.slot(slot), called.migrates);
            let trial = lineup.seating(slot).and_then(|seating| seating.numbers).and_then(|(_, trial)| trial);
            if let Some(shadow) = called.shadow {
                let beside = Seat::new(Arc::clone(shadow), host.slot(slot), called.migrates);
                seat.shadow = Some(Box::new(Shadow::new(trial.unwrap_or_default(), beside)));
            }
            let active = lineup.active(slot).map(|active| active.digest);
            seat.canary = trial.filter(|_| active != Some(called.judge.digest));
            Some(seat)
        });
        self.seats = seats.collect();
    }
}
