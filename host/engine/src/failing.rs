//! Versions that fail: traps, deadlines, invalid answers and faults of a version are counted over its last calls, and
//! one that is over its slot's budget is taken back by the host itself. Its customers' events were rolled back, every
//! one, so nothing of what it did remains.
//!
//! Only versions that there is something to go back from are counted. Counts are written with the receipts of the events
//! that failed; how many calls came after the last of them is read from the ledger when a process begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use syndic_core::config::Budget;
use syndic_core::ports::{Commit, Failure, FailureClass, Reads, StoreError};
use syndic_core::settle::Said;
use syndic_core::versions::{self, FAILING_REGISTER, FailingRecord};
use syndic_core::{Slot, Time};
use syndic_ledger::{Hash, Receipt, Verdict};

use crate::host::{Halt, Host};
use crate::judge::Seat;
use crate::lineup::Lineup;
use crate::turn::Turn;

/// Receipts that are read at most to find how many calls came after the last failure. A version that did not fail for so
/// long begins anew.
const LOOKED_BACK_MAX: u64 = 100_000;

/// A version that is to be taken back, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) slot: Slot,
    pub(crate) digest: Hash,
    pub(crate) reason: String,
    /// The time of the event that was one too many.
    pub(crate) at: Time,
}

/// The failures of each slot's version that is counted.
#[derive(Default)]
pub(crate) struct Failing(BTreeMap<Slot, FailingRecord>);

impl Failing {
    /// What an earlier process had counted.
    pub(crate) fn of(store: &dyn Reads) -> Result<Self, StoreError> {
        let mut failing = Self::default();
        for (name, mut record) in versions::entries::<FailingRecord>(store, FAILING_REGISTER, "")? {
            let slot = Slot::new(&name).map_err(StoreError::Corrupt)?;
            record.calls += calls_since(store, &slot, &record)?;
            failing.0.insert(slot, record);
        }
        Ok(failing)
    }

    /// Counts a call; says whether the record has to be written, and whether the version is over its budget.
    fn count(&mut self, slot: &Slot, digest: Hash, failed: bool, receipt: u64, budget: Budget) -> Counted {
        if !failed && self.0.get(slot).is_none_or(|record| record.digest != Some(digest)) {
            return Counted::Nothing;
        }
        let record = self.0.entry(slot.clone()).or_default();
        if record.digest != Some(digest) {
            *record = FailingRecord { digest: Some(digest), ..FailingRecord::default() };
        }
        record.calls += 1;
        if !failed {
            return Counted::Nothing;
        }
        record.failures.push(record.calls);
        record.receipt = receipt;
        let since = record.calls.saturating_sub(u64::from(budget.calls));
        record.failures.retain(|nth| *nth > since);
        let failures = record.failures.len();
        let over = failures > usize::try_from(budget.failures).unwrap_or(usize::MAX);
        Counted::Failed { record: record.clone(), over }
    }

    /// How often a version failed among its last so many calls.
    fn of_late(&self, slot: &Slot, digest: Hash, budget: Budget) -> usize {
        let Some(record) = self.0.get(slot).filter(|record| record.digest == Some(digest)) else { return 0 };
        let since = record.calls.saturating_sub(u64::from(budget.calls));
        record.failures.iter().filter(|nth| **nth > since).count()
    }

    pub(crate) fn forget(&mut self, slot: &Slot) {
        self.0.remove(slot);
    }

    fn over(&self, slot: &Slot, budget: Budget) -> Option<&FailingRecord> {
        let most = usize::try_from(budget.failures).unwrap_or(usize::MAX);
        self.0.get(slot).filter(|record| record.failures.len() > most)
    }
}

enum Counted {
    Nothing,
    Failed { record: FailingRecord, over: bool },
}

/// What a version may be stopped for.
fn is_failure(failure: &Failure) -> bool {
    failure.class != FailureClass::Quarantined
}

/// Calls of a version after the last receipt that it failed in.
fn calls_since(store: &dyn Reads, slot: &Slot, record: &FailingRecord) -> Result<u64, StoreError> {
    let size = store.head()?.frontier.size();
    if size.saturating_sub(record.receipt) > LOOKED_BACK_MAX {
        return Ok(LOOKED_BACK_MAX);
    }
    let mut calls = 0;
    for sequence in record.receipt + 1..=size {
        let Some(entry) = store.receipt(sequence)? else { continue };
        let receipt = Receipt::parse(entry.leaf.as_bytes())
            .map_err(|why| StoreError::Corrupt(format!("receipt {sequence} does not read: {why}")))?;
        let asked = receipt.governors.iter().any(|governor| {
            governor.slot == slot.as_str()
                && Some(governor.digest.0) == record.digest
                && governor.fuel > 0
                && governor.verdict != Some(Verdict::Fault)
        });
        calls += u64::from(asked);
    }
    Ok(calls)
}

fn reason(record: &FailingRecord, budget: Budget, last: &str) -> String {
    let calls = record.calls.min(budget.calls.into());
    format!("{} of its last {calls} calls failed, the last one: {last}", record.failures.len())
}

impl Turn<'_> {
    /// Adds to a commit how versions failed, and says which of them are over their budget.
    pub(crate) fn count_failures(&self, commit: &mut Commit) -> Vec<Over> {
        let Some((receipt, _)) = &commit.receipt else { return Vec::new() };
        let receipt = *receipt;
        let mut all_over = Vec::new();
        for seat in &self.seats {
            let digest = seat.installed.digest;
            let watched = self.lineup.seating(&seat.slot).is_some_and(|seating| seating.watches(digest));
            if !watched || !was_asked(seat) {
                continue;
            }
            let budget = seat.config.budget;
            let failure = match &seat.said {
                Said::Failed(failure) if is_failure(failure) => Some(failure),
                _ => None,
            };
            let counted = self.host.failing().count(&seat.slot, digest, failure.is_some(), receipt, budget);
            let Counted::Failed { record, over } = counted else { continue };
            commit.registers.push(versions::put(FAILING_REGISTER, seat.slot.to_string(), &record));
            if over {
                let last = failure.map_or("", |failure| failure.class.name());
                let reason = reason(&record, budget, last);
                all_over.push(Over { slot: seat.slot.clone(), digest, reason, at: self.event.time });
            }
        }
        all_over
    }
}

fn was_asked(seat: &Seat) -> bool {
    seat.fuel > 0 || matches!(&seat.said, Said::Failed(failure) if is_failure(failure))
}

impl Host {
    /// How often a version of a slot failed among the last calls that its budget is about. Those of a version that there
    /// is nothing to go back from are not counted.
    pub fn failures(&self, slot: &Slot, digest: Hash) -> usize {
        self.failing().of_late(slot, digest, self.slot(slot).budget)
    }

    /// Takes back what an earlier process found over its budget and was stopped before it could.
    pub(crate) fn take_back_the_failing(&self) -> Result<(), Halt> {
        let lineup: Arc<Lineup> = self.lineup();
        let mut all_over = Vec::new();
        for version in lineup.all() {
            let budget = self.slot(&version.slot).budget;
            let failing = self.failing();
            let Some(record) = failing.over(&version.slot, budget) else { continue };
            let watched = lineup.seating(&version.slot).is_some_and(|seating| seating.watches(version.digest));
            if record.digest != Some(version.digest) || !watched {
                continue;
            }
            let unreadable = |why: String| Halt::Store(StoreError::Corrupt(why));
            let entry = crate::act::entry(self.ports.store.front(), record.receipt)?;
            let receipt = Receipt::parse(entry.leaf.as_bytes()).map_err(|why| unreadable(why.to_string()))?;
            let own = receipt.governors.iter().find(|governor| governor.slot == version.slot.as_str());
            let last = own.and_then(|governor| governor.code.clone()).unwrap_or_default();
            let at = Time::parse(&receipt.time).map_err(|why| unreadable(why.to_string()))?;
            let reason = reason(record, budget, &last);
            all_over.push(Over { slot: version.slot.clone(), digest: version.digest, reason, at });
        }
        all_over.into_iter().try_for_each(|over| self.take_back(&over))
    }
}
