//! A slot that is being changed: its record, the records of its versions, and who sits where afterwards.

use std::sync::Arc;

use serde_json::{Value, json};
use syndic_core::Slot;
use syndic_core::ports::{Commit, Installed, Poison, PoisonKey, Reads, StoreError};
use syndic_core::versions::{
    self, DIFFERENCE_REGISTER, Difference, FAILING_REGISTER, Left, Mode, SLOT_REGISTER, SlotRecord, TRIAL_REGISTER,
    Trial, TrialRecord, VERSION_REGISTER, VersionRecord,
};
use syndic_ledger::{Digest, Hash};

use super::{Cause, NotSwapped};
use crate::administer::{Written, concerned};
use crate::host::{Halt, Host};
use crate::lineup::{Lineup, Seating};

/// A version in hand, with its record.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) code: Arc<Installed>,
    pub(super) record: VersionRecord,
}

/// A slot on its way from one state to the next.
pub(super) struct Changed {
    pub(super) slot: Slot,
    pub(super) record: SlotRecord,
    pub(super) active: Held,
    pub(super) warm: Option<Held>,
    pub(super) trial: Option<(Held, Mode)>,
    /// Versions that leave, and why.
    left: Vec<VersionRecord>,
    /// The slot's generation that this starts from.
    from: u64,
    /// Entries of registers that change besides.
    registers: Vec<(String, String, Option<syndic_core::Text>)>,
    /// Versions whose quarantines end.
    cleared: Vec<Hash>,
    /// Whether the trial is a new one.
    begins_trial: bool,
    /// Differences that get an explanation: one of them, or all.
    explained: Option<(Option<u64>, String)>,
}

impl Changed {
    /// A slot as it is. Where nothing was ever installed, what judges there becomes version 1.
    pub(super) fn of(
        slot: Slot,
        seating: &Seating,
        record: Option<SlotRecord>,
        known: impl Fn(u32) -> Result<VersionRecord, StoreError>,
    ) -> Result<Self, StoreError> {
        let hold = |code: &Arc<Installed>, number| known(number).map(|record| Held { code: Arc::clone(code), record });
        let (record, active) = match record {
            Some(record) => {
                let active = hold(&seating.active, record.active)?;
                (record, active)
            }
            None => {
                let code = Arc::clone(&seating.active);
                let first = VersionRecord::of(
                    &code,
                    1,
                    syndic_core::Time::default(),
                    super::HOST,
                    "it was there before anything was installed",
                    Mode::Active,
                );
                let schemas = [code.manifest.state_schema].into();
                let record = SlotRecord { active: 1, versions: 1, schemas, ..SlotRecord::default() };
                (record, Held { code, record: first })
            }
        };
        let warm = match (&seating.warm, record.warm) {
            (Some(code), Some(number)) => Some(hold(code, number)?),
            _ => None,
        };
        let trial = match (&seating.trial, record.trial) {
            (Some((code, mode)), Some(trial)) => Some((hold(code, trial.number)?, *mode)),
            _ => None,
        };
        let from = record.generation;
        Ok(Self {
            slot,
            record,
            active,
            warm,
            trial,
            left: Vec::new(),
            from,
            registers: Vec::new(),
            cleared: Vec::new(),
            begins_trial: false,
            explained: None,
        })
    }

    /// How a component sits in the slot already.
    pub(super) fn judge_of(&self, digest: Hash) -> Option<Mode> {
        match &self.trial {
            Some((trial, mode)) if trial.record.digest == digest => Some(*mode),
            _ if self.active.record.digest == digest => Some(Mode::Active),
            _ => None,
        }
    }

    fn leaves(&mut self, mut held: Held, why: &str, cause: &Cause) {
        held.record.left = Some(Left { at: cause.at, why: why.to_owned(), receipt: 0 });
        self.cleared.push(held.record.digest);
        self.left.push(held.record);
    }

    /// Takes a new version in.
    pub(super) fn install(
        &mut self,
        code: Arc<Installed>,
        mode: Mode,
        one_way: bool,
        publisher: Option<String>,
        cause: &Cause,
    ) {
        self.record.versions += 1;
        let number = self.record.versions;
        let mut record = VersionRecord::of(&code, number, cause.at, &cause.by, &cause.reason, mode);
        record.one_way = one_way;
        record.publisher = publisher;
        self.record.schemas.insert(record.state_schema);
        self.cleared.push(record.digest);
        let held = Held { code, record };
        if mode == Mode::Active {
            self.becomes_active(held, cause);
        } else {
            if let Some((before, _)) = self.trial.replace((held, mode)) {
                self.leaves(before, "another version is tried", cause);
            }
            self.begins_trial = true;
        }
    }

    fn becomes_active(&mut self, held: Held, cause: &Cause) {
        let before = std::mem::replace(&mut self.active, held);
        if let Some(older) = self.warm.replace(before) {
            self.leaves(older, "two versions have come since", cause);
        }
    }

    /// The version on trial judges from now on.
    pub(super) fn promote(&mut self, cause: &Cause) -> Result<(), NotSwapped> {
        let Some((mut held, _)) = self.trial.take() else {
            return Err(NotSwapped::NoTrial { slot: self.slot.clone() });
        };
        held.record.mode = Mode::Active;
        held.record.active_since = Some(cause.at);
        self.becomes_active(held, cause);
        Ok(())
    }

    /// Ends the trial; or, where there is none, goes back to the version before.
    pub(super) fn go_back(&mut self, cause: &Cause) -> Result<(), NotSwapped> {
        let no_way = |reason: String| NotSwapped::NoWayBack { slot: self.slot.clone(), reason };
        if let Some((trial, mode)) = &self.trial {
            if trial.record.one_way && matches!(mode, Mode::Canary(_)) {
                return Err(no_way("the version on trial has carried facts over that no other can read".to_owned()));
            }
            if let Some((trial, _)) = self.trial.take() {
                self.leaves(trial, &cause.reason, cause);
            }
            return Ok(());
        }
        if self.active.record.one_way {
            return Err(no_way("what judges now has carried facts over that the one before cannot read".to_owned()));
        }
        let Some(warm) = self.warm.take() else {
            return Err(no_way("no other version judged there before".to_owned()));
        };
        self.cleared.push(warm.record.digest);
        let failed = std::mem::replace(&mut self.active, warm);
        self.leaves(failed, &cause.reason, cause);
        Ok(())
    }

    pub(super) fn explain(&mut self, which: Option<u64>, cause: &Cause) -> Result<(), NotSwapped> {
        if self.trial.is_none() {
            return Err(NotSwapped::NoTrial { slot: self.slot.clone() });
        }
        self.explained = Some((which, cause.reason.clone()));
        Ok(())
    }

    /// What the act's receipt commits to besides who and why.
    pub(super) fn details(&self, mut details: Value) -> Value {
        let named = |held: &Held| {
            json!({
                "number": held.record.number, "version": held.record.version,
                "digest": Digest(held.record.digest).to_string(),
            })
        };
        details["slot"] = json!(self.slot);
        details["active"] = named(&self.active);
        if let Some(warm) = &self.warm {
            details["warm"] = named(warm);
        }
        if let Some((trial, mode)) = &self.trial {
            details["trial"] = named(trial);
            details["mode"] = json!(mode.name());
        }
        details
    }

    /// Versions whose quarantines end.
    pub(super) fn cleared(&self) -> &[Hash] {
        &self.cleared
    }

    /// What is written, with a receipt of this number.
    pub(super) fn write(
        &mut self,
        front: &dyn Reads,
        sequence: u64,
        poison: &[(PoisonKey, Option<Poison>)],
    ) -> Result<Written, StoreError> {
        let mut registers = std::mem::take(&mut self.registers);
        self.record.active = self.active.record.number;
        self.record.warm = self.warm.as_ref().map(|warm| warm.record.number);
        self.record.trial = self.trial.as_ref().map(|(trial, mode)| Trial { number: trial.record.number, mode: *mode });
        self.record.generation = self.from + 1;
        let mut governors = vec![concerned(&self.active.code)];
        for held in [Some(&mut self.active), self.warm.as_mut(), self.trial.as_mut().map(|(trial, _)| trial)] {
            let Some(Held { record, .. }) = held else { continue };
            // The one that was there before anything was installed has none.
            let first = record.number == 1 && record.installed == syndic_core::Time::default();
            if record.receipt.is_none() && !first {
                record.receipt = Some(sequence);
            }
            registers.push(version_entry(record));
        }
        governors.extend(self.trial.as_ref().map(|(trial, _)| concerned(&trial.code)));
        for left in &mut self.left {
            if let Some(left) = &mut left.left {
                left.receipt = sequence;
            }
            registers.push(version_entry(left));
        }
        registers.push(versions::put(SLOT_REGISTER, self.slot.to_string(), &self.record));
        registers.push((FAILING_REGISTER.to_owned(), self.slot.to_string(), None));
        if let Some(trial) = self.record.trial.filter(|_| self.begins_trial) {
            let begins = TrialRecord { number: trial.number, ..TrialRecord::default() };
            registers.push(versions::put(TRIAL_REGISTER, self.slot.to_string(), &begins));
        }
        if let Some((which, reason)) = &self.explained {
            registers.extend(self.explanations(front, *which, reason)?);
        }
        let commit = Commit { registers, poison: poison.to_vec(), ..Commit::default() };
        Ok(Written { commit, governors })
    }

    /// Differences with their explanation, and the trial with as many fewer that lack one.
    fn explanations(
        &self,
        front: &dyn Reads,
        which: Option<u64>,
        reason: &str,
    ) -> Result<Vec<(String, String, Option<syndic_core::Text>)>, StoreError> {
        let mut registers = Vec::new();
        let Some(mut trial) = versions::entry::<TrialRecord>(front, TRIAL_REGISTER, self.slot.as_str())? else {
            return Ok(registers);
        };
        let prefix = format!("{}/{:08}/", self.slot, trial.number);
        let all = versions::entries::<Difference>(front, DIFFERENCE_REGISTER, &prefix)?;
        let one = which.map(|nth| versions::difference_key(&self.slot, trial.number, nth));
        for (key, mut difference) in all {
            if difference.explained.is_none() && one.as_ref().is_none_or(|one| *one == key) {
                difference.explained = Some(reason.to_owned());
                trial.explained += 1;
                registers.push(versions::put(DIFFERENCE_REGISTER, key, &difference));
            }
        }
        if which.is_none() {
            trial.explained = trial.different;
        }
        registers.push(versions::put(TRIAL_REGISTER, self.slot.to_string(), &trial));
        Ok(registers)
    }

    /// Takes the places that it was changed to.
    pub(super) fn seat(self, lineup: &mut Lineup) {
        let trial = self.trial.map(|(trial, mode)| (trial.code, mode));
        lineup.seat_by(&self.record, self.active.code, trial, self.warm.map(|warm| warm.code));
    }
}

fn version_entry(record: &VersionRecord) -> (String, String, Option<syndic_core::Text>) {
    versions::put(VERSION_REGISTER, versions::version_key(&record.slot, record.number), record)
}

impl Host {
    /// The quarantines that a change ends.
    pub(super) fn poison_of(&self, changed: &Changed) -> Result<Vec<(PoisonKey, Option<Poison>)>, Halt> {
        let all = self.ports.store.front().poisons()?;
        let of_slot = all.into_iter().filter(|(key, _)| key.slot == changed.slot);
        Ok(of_slot.filter(|(key, _)| changed.cleared().contains(&key.digest)).map(|(key, _)| (key, None)).collect())
    }
}
