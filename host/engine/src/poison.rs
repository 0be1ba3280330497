//! Poison: events that a governor's version traps on, again and again.
//!
//! One event fingerprint that makes one version trap three times is quarantined: the version is not asked about it any
//! more, and the event is rolled back for as long, until another version is installed or an operator lets it through.
//! Counts are written with the receipts of the events that trapped.

use std::collections::HashMap;

use syndic_core::ports::{Commit, Failure, FailureClass, POISON_TRAPS, Poison, PoisonKey, Reads, StoreError};
use syndic_core::settle::Said;
use syndic_core::{Event, Slot};
use syndic_ledger::Hash;

use crate::judge::Seat;
use crate::turn::Turn;

/// Fingerprints that are counted for one version. One that traps on more is broken, and not the events.
const FINGERPRINTS_MAX: u32 = 10_000;

/// How many fingerprints are counted, per version: most versions have none, and nobody looks further then.
#[derive(Default)]
pub(crate) struct Trapped(HashMap<(Slot, Hash), u32>);

impl Trapped {
    pub(crate) fn of(poisons: &[(PoisonKey, Poison)]) -> Self {
        let mut trapped = Self::default();
        poisons.iter().for_each(|(key, _)| trapped.count(key));
        trapped
    }

    fn count(&mut self, key: &PoisonKey) {
        *self.0.entry((key.slot.clone(), key.digest)).or_default() += 1;
    }

    fn uncount(&mut self, key: &PoisonKey) {
        if let Some(counted) = self.0.get_mut(&(key.slot.clone(), key.digest)) {
            *counted = counted.saturating_sub(1);
        }
    }

    fn counted(&self, slot: &Slot, digest: Hash) -> u32 {
        self.0.get(&(slot.clone(), digest)).copied().unwrap_or(0)
    }

    /// Takes note of what a commit has written.
    pub(crate) fn wrote(&mut self, poison: &[(PoisonKey, Option<Poison>)]) {
        for (key, poison) in poison {
            match poison {
                Some(Poison { traps: 1, .. }) => self.count(key),
                Some(_) => {}
                None => self.uncount(key),
            }
        }
    }
}

fn key_of(seat: &Seat, event: &Event) -> PoisonKey {
    PoisonKey { slot: seat.slot.clone(), digest: seat.installed.digest, fingerprint: event.fingerprint() }
}

impl Turn<'_> {
    /// Which seats are not to be asked.
    pub(crate) fn quarantined(&self) -> Result<Vec<bool>, StoreError> {
        let front = self.host.ports.store.front();
        let trapped = self.host.trapped();
        let asked = self.seats.iter().map(|seat| {
            if trapped.counted(&seat.slot, seat.installed.digest) == 0 {
                return Ok(false);
            }
            Ok(front.poison(&key_of(seat, &self.event))?.is_some_and(|poison| poison.is_quarantined()))
        });
        asked.collect()
    }

    /// Counts, with the receipt of an event that failed, every version that trapped on it.
    pub(crate) fn count_traps(&self, commit: &mut Commit, sequence: u64, front: &dyn Reads) -> Result<(), StoreError> {
        for seat in &self.seats {
            if !matches!(&seat.said, Said::Failed(failure) if failure.class.is_trap()) {
                continue;
            }
            let key = key_of(seat, &self.event);
            let counted = self.host.trapped().counted(&key.slot, key.digest);
            let before = if counted == 0 { None } else { front.poison(&key)? };
            if before.is_none() && counted >= FINGERPRINTS_MAX {
                continue;
            }
            let traps = before.map_or(0, |before| before.traps).saturating_add(1);
            commit.poison.push((key, Some(Poison { traps, event: self.event.key(), receipt: sequence })));
        }
        Ok(())
    }
}

impl Seat {
    /// Takes the governor's silence for its answer: it is not asked.
    pub(crate) fn quarantine(&mut self) {
        self.reads.clear();
        self.fuel = 0;
        (self.carried, self.migrated_from) = (None, None);
        self.said = Said::Failed(Failure {
            class: FailureClass::Quarantined,
            reason: format!(
                "version {} trapped {POISON_TRAPS} times on this event and is not asked again until another version is \
                 installed or an operator releases the event",
                self.installed.manifest.version
            ),
        });
    }
}
