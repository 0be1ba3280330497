//! What the store counts.

use syndic_core::ports::CaseCounts;

use crate::pack::{Pack, Unpack, Unread, numbers};
use crate::value::Seal;

/// Numbers that run on for ever: a spent one is not given again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The last raised event's number.
    pub(crate) raised: u64,
    /// The last deferred effect's number.
    pub(crate) outbox: u64,
    /// Timers that wait.
    pub(crate) timers: u64,
    /// The last receipt whose dedup record was forgotten, or passed over.
    pub(crate) forgotten: u64,
    /// Cases by what they are at, and work items that are open.
    pub(crate) cases: CaseCounts,
    /// What is known only when a batch is written.
    pub(crate) written: Written,
}

/// What a batch counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Batches written; each value names the one that wrote it.
    pub(crate) batches: u64,
    /// Every record but the counters themselves.
    pub(crate) records: Sum,
}

/// What a set of records adds up to, in whatever order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    checksums: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, seal: Seal) {
        self.count = self.count.wrapping_add(1);
        self.checksums = self.checksums.wrapping_add(seal.checksum.into());
    }

    pub(crate) fn subtract(&mut self, seal: Seal) {
        self.count = self.count.wrapping_sub(1);
        self.checksums = self.checksums.wrapping_sub(seal.checksum.into());
    }
}

impl Pack for Counters {
    fn pack(&self) -> Vec<u8> {
        let Self { raised, outbox, timers, forgotten, cases, written: Written { batches, records } } = self;
        let CaseCounts { running, suspended, stopped, completed, cancelled, work } = cases;
        let ours = [raised, outbox, timers, forgotten, running, suspended, stopped, completed, cancelled, work];
        ours.into_iter()
            .chain([batches, &records.count, &records.checksums])
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }
}

impl Unpack for Counters {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let [ours @ .., batches, count, checksums] = numbers::<13>(bytes)?;
        let [raised, outbox, timers, forgotten, running, suspended, stopped, completed, cancelled, work] = ours;
        let cases = CaseCounts { running, suspended, stopped, completed, cancelled, work };
        let written = Written { batches, records: Sum { count, checksums } };
        Ok(Self { raised, outbox, timers, forgotten, cases, written })
    }
}
