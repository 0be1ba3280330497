//! How each kind of record is written as bytes: numbers as they are, the rest as JSON.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use syndic_core::ports::{
    Claim, DedupRecord, Deferred, Entry, Head, Intent, Kept, Parked, Raised, Tally, Timer, Unfinished,
};
use syndic_core::{DedupKey, Fact, Report, Time};
use syndic_ledger::{Frontier, Hash};

/// Why bytes are not a record of their kind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("it has another length")]
    Length,
    #[error("{0}")]
    Other(String),
}

/// A record that is written.
pub(crate) trait Pack {
    fn pack(&self) -> Vec<u8>;
}

/// A record, or a part of one, that is read.
pub(crate) trait Unpack: Sized {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread>;
}

macro_rules! as_json {
    ($($kind:ty),*) => {$(
        impl Pack for $kind {
            fn pack(&self) -> Vec<u8> {
                json(self)
            }
        }

        impl Unpack for $kind {
            fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
                Ok(serde_json::from_slice(bytes)?)
            }
        }
    )*};
}
as_json!(Claim, Deferred, Fact, Intent, Parked, Raised, Timer);

/// A record whose key says everything.
impl Pack for () {
    fn pack(&self) -> Vec<u8> {
        Vec::new()
    }
}

impl Unpack for () {
    fn unpack(_: &[u8]) -> Result<Self, Unread> {
        Ok(())
    }
}

impl Pack for u64 {
    fn pack(&self) -> Vec<u8> {
        self.to_le_bytes().into()
    }
}

impl Unpack for u64 {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        numbers(bytes).map(|[number]| number)
    }
}

impl Pack for Time {
    fn pack(&self) -> Vec<u8> {
        self.ms().to_le_bytes().into()
    }
}

impl Unpack for Time {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        numbers(bytes).map(|[ms]| Self::from_ms(ms.cast_signed()))
    }
}

impl Pack for Unfinished {
    fn pack(&self) -> Vec<u8> {
        self.event.clone().into_bytes()
    }
}

impl Unpack for Unfinished {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        Ok(Self { event: text(bytes)? })
    }
}

/// The tree's size, its peaks, and the tally.
impl Pack for Head {
    fn pack(&self) -> Vec<u8> {
        let (size, peaks): (u64, Vec<Hash>) = self.frontier.clone().into();
        let mut bytes = size.to_le_bytes().to_vec();
        bytes.extend(peaks.iter().flat_map(|peak| peak.0));
        bytes.extend(json(&self.tally));
        bytes
    }
}

impl Unpack for Head {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let (size, rest) = bytes.split_first_chunk().ok_or(Unread::Length)?;
        let size = u64::from_le_bytes(*size);
        let (peaks, tally) = rest.split_at_checked(32 * size.count_ones() as usize).ok_or(Unread::Length)?;
        let peaks = peaks.as_chunks().0.iter().map(|peak| Hash(*peak)).collect();
        let frontier = Frontier::try_from((size, peaks)).map_err(|why| Unread::Other(why.to_string()))?;
        let tally: Tally = serde_json::from_slice(tally)?;
        Ok(Self { frontier, tally })
    }
}

/// The leaf's length, the leaf, and what is kept beside it: whoever checks the ledger reads leaves alone.
impl Pack for Entry {
    fn pack(&self) -> Vec<u8> {
        let leaf = self.leaf.as_bytes();
        [&(leaf.len() as u64).to_le_bytes(), leaf, &json(&self.kept)].concat()
    }
}

impl Unpack for Entry {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let (leaf, kept) = leaf_and_kept(bytes)?;
        Ok(Self { leaf: text(leaf)?, kept: serde_json::from_slice::<Kept>(kept)? })
    }
}

/// A receipt's leaf alone.
pub(crate) struct Leaf(pub(crate) Vec<u8>);

impl Unpack for Leaf {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        leaf_and_kept(bytes).map(|(leaf, _)| Self(leaf.to_vec()))
    }
}

/// Of what is kept beside a receipt, what other records are told by.
#[derive(Deserialize)]
pub(crate) struct Told {
    /// The event's dedup key.
    pub(crate) key: DedupKey,
    /// What the caller was told.
    pub(crate) report: Report,
}

impl Unpack for Told {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        leaf_and_kept(bytes).and_then(|(_, kept)| Ok(serde_json::from_slice(kept)?))
    }
}

/// A dedup record as it is kept. The report is not kept twice.
pub(crate) struct Known {
    pub(crate) hash: Hash,
    pub(crate) taken: Time,
    pub(crate) report: Reported,
}

/// Where an event's report is.
pub(crate) enum Reported {
    /// With the receipt of this sequence.
    By(u64),
    /// Here: the event has no receipt.
    Here(Box<Report>),
}

impl Known {
    /// What is kept of a record. `receipt` is the receipt that is written with it.
    pub(crate) fn new(record: DedupRecord, receipt: Option<(u64, &Report)>) -> Self {
        let DedupRecord { hash, taken, report } = record;
        let by = receipt.filter(|(sequence, told)| report.receipt == Some(*sequence) && **told == report);
        let report = by.map_or_else(|| Reported::Here(Box::new(report)), |(sequence, _)| Reported::By(sequence));
        Self { hash, taken, report }
    }
}

/// Hash, time, sequence, and the report where the sequence is 0.
impl Pack for Known {
    fn pack(&self) -> Vec<u8> {
        let (sequence, report) = match &self.report {
            Reported::By(sequence) => (*sequence, Vec::new()),
            Reported::Here(report) => (0, json(report)),
        };
        [&self.hash.0[..], &self.taken.pack(), &sequence.to_le_bytes(), &report].concat()
    }
}

impl Unpack for Known {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let (hash, rest) = bytes.split_first_chunk().ok_or(Unread::Length)?;
        let (taken, rest) = rest.split_first_chunk::<8>().ok_or(Unread::Length)?;
        let (sequence, report) = rest.split_first_chunk().ok_or(Unread::Length)?;
        let report = match u64::from_le_bytes(*sequence) {
            0 => Reported::Here(Box::new(serde_json::from_slice(report)?)),
            sequence => Reported::By(sequence),
        };
        Ok(Self { hash: Hash(*hash), taken: Time::unpack(taken)?, report })
    }
}

/// A record as JSON.
pub(crate) fn json(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).expect("core's records are plain data with text for keys")
}

/// A record that is JSON.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Exactly these numbers.
pub(crate) fn numbers<const N: usize>(bytes: &[u8]) -> Result<[u64; N], Unread> {
    let (numbers, rest) = bytes.as_chunks();
    let numbers: &[[u8; 8]; N] = numbers.try_into().map_err(|_| Unread::Length)?;
    if rest.is_empty() { Ok(numbers.map(u64::from_le_bytes)) } else { Err(Unread::Length) }
}

fn leaf_and_kept(bytes: &[u8]) -> Result<(&[u8], &[u8]), Unread> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Unread::Length)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| Unread::Length)?;
    rest.split_at_checked(length).ok_or(Unread::Length)
}

fn text(bytes: &[u8]) -> Result<String, Unread> {
    String::from_utf8(bytes.to_vec()).map_err(|why| Unread::Other(why.to_string()))
}
