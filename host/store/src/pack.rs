//! How each kind of record is written as bytes: what is written often as its members one after another, the rest as
//! JSON. What a record's key says is not said again.

use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize as _, Serialize};
use syndic_core::fact::Held;
use syndic_core::ports::{
    Again, Claim, DeadLetter, DedupRecord, Deferred, Entry, Head, Intent, Kept, Lineage, Parked, Poison, Raised, Tally,
    Timer, Unfinished,
};
use syndic_core::{DedupKey, Fact, Report, Slot, Text, Time};
use syndic_ledger::{Frontier, Hash};

use crate::kept;

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
as_json!(DeadLetter, Deferred, Intent, Parked, Poison);

/// Members, one after another: numbers seven bits at a time, text after its length.
#[derive(Default)]
pub(crate) struct Members(pub(crate) Vec<u8>);

impl Members {
    pub(crate) fn number(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn time(mut self, time: Time) -> Self {
        self.0.extend(time.pack());
        self
    }

    /// Begins with whether there is one.
    pub(crate) fn time_if_any(self, time: Option<Time>) -> Self {
        time.into_iter().fold(self.number(time.is_some().into()), Self::time)
    }

    pub(crate) fn lineage(self, lineage: Lineage) -> Self {
        self.number(lineage.depth.into()).number(lineage.timers.into())
    }

    /// An act as JSON; nothing where there is none.
    pub(crate) fn again(self, again: Option<&Again>) -> Self {
        self.bytes(&again.map(json).unwrap_or_default())
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        let mut with = self.number(bytes.len() as u64);
        with.0.extend_from_slice(bytes);
        with
    }
}

/// Takes members off the front of some bytes.
pub(crate) struct Taking<'a>(pub(crate) &'a [u8]);

impl<'a> Taking<'a> {
    pub(crate) fn number(&mut self) -> Result<u64, Unread> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(Unread::Length)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unread::Length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Unread> {
        let length = usize::try_from(self.number()?).map_err(|_| Unread::Length)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Unread::Length)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|why| Unread::Other(why.to_string()))
    }

    pub(crate) fn time(&mut self) -> Result<Time, Unread> {
        let (time, rest) = self.0.split_at_checked(8).ok_or(Unread::Length)?;
        self.0 = rest;
        Time::unpack(time)
    }

    pub(crate) fn time_if_any(&mut self) -> Result<Option<Time>, Unread> {
        match self.number()? {
            0 => Ok(None),
            1 => self.time().map(Some),
            _ => Err(Unread::Length),
        }
    }

    fn slot(&mut self) -> Result<Slot, Unread> {
        Slot::new(self.text()?).map_err(Unread::Other)
    }

    pub(crate) fn lineage(&mut self) -> Result<Lineage, Unread> {
        let mut small = || u32::try_from(self.number()?).map_err(|_| Unread::Length);
        Ok(Lineage { depth: small()?, timers: small()? })
    }

    pub(crate) fn again(&mut self) -> Result<Option<Again>, Unread> {
        match self.text()? {
            "" => Ok(None),
            again => from_json(again.as_bytes()).map(Some),
        }
    }

    /// Nothing is left.
    pub(crate) fn end<T>(self, record: T) -> Result<T, Unread> {
        if self.0.is_empty() { Ok(record) } else { Err(Unread::Length) }
    }
}

/// A plain value is its text; another is JSON.
impl Pack for Fact {
    fn pack(&self) -> Vec<u8> {
        let Self { value, version, receipt, base, by, schema, event, at } = self;
        let members = Members::default().number(*version).number(*receipt).number(*base).text(by.as_str()).text(event);
        let members = members.time(*at).number((*schema).into());
        let members = match value {
            Held::Plain(text) => members.number(0).text(text),
            Held::Elements(_) | Held::Standing { .. } => members.number(1).text(&String::from_utf8_lossy(&json(value))),
        };
        members.0
    }
}

/// An entry of a register: its JSON as it is.
impl Pack for Text {
    fn pack(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl Unpack for Text {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        value(&text(bytes)?)
    }
}

impl Unpack for Fact {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let (version, receipt, base) = (taking.number()?, taking.number()?, taking.number()?);
        let (by, event, at) = (taking.slot()?, taking.text()?.to_owned(), taking.time()?);
        let schema = u32::try_from(taking.number()?).map_err(|_| Unread::Length)?;
        let value = match taking.number()? {
            0 => Held::Plain(value(taking.text()?)?),
            _ => serde_json::from_str(taking.text()?)?,
        };
        taking.end(Self { value, version, receipt, base, by, schema, event, at })
    }
}

/// A value's text, as it was kept.
pub(crate) fn value(text: &str) -> Result<Text, Unread> {
    Text::deserialize(text.into_deserializer()).map_err(|why: serde_json::Error| why.into())
}

/// What is kept of a timer under its due time; the rest of it is in the key.
pub(crate) struct Waiting {
    pub(crate) data: Option<Text>,
    pub(crate) cause: u64,
    pub(crate) subject: String,
    pub(crate) lineage: Lineage,
}

impl Pack for Timer {
    fn pack(&self) -> Vec<u8> {
        let Self { key: _, due: _, data, cause, subject, lineage } = self;
        let members = Members::default().number(*cause).text(subject).lineage(*lineage);
        members.text(data.as_deref().unwrap_or_default()).0
    }
}

impl Unpack for Waiting {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let (cause, subject, lineage) = (taking.number()?, taking.text()?.to_owned(), taking.lineage()?);
        let data = match taking.text()? {
            "" => None,
            data => Some(value(data)?),
        };
        taking.end(Self { data, cause, subject, lineage })
    }
}

impl Pack for Raised {
    fn pack(&self) -> Vec<u8> {
        Members::default().number(self.cause).lineage(self.lineage).text(&self.event).0
    }
}

impl Unpack for Raised {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let (cause, lineage, event) = (taking.number()?, taking.lineage()?, taking.text()?.to_owned());
        taking.end(Self { event, cause, lineage })
    }
}

impl Pack for Claim {
    fn pack(&self) -> Vec<u8> {
        let Self { content, event: DedupKey { tenant, source, id }, receipt } = self;
        Members(content.0.to_vec()).number(*receipt).text(tenant).text(source).text(id).0
    }
}

impl Unpack for Claim {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let (content, rest) = bytes.split_first_chunk().ok_or(Unread::Length)?;
        let mut taking = Taking(rest);
        let receipt = taking.number()?;
        let mut text = || taking.text().map(str::to_owned);
        let event = DedupKey { tenant: text()?, source: text()?, id: text()? };
        taking.end(Self { content: Hash(*content), event, receipt })
    }
}

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
        Members::default().text(&self.event).again(self.again.as_ref()).0
    }
}

impl Unpack for Unfinished {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let (event, again) = (taking.text()?.to_owned(), taking.again()?);
        taking.end(Self { event, again })
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
        [&(leaf.len() as u64).to_le_bytes(), leaf, &self.kept.pack()].concat()
    }
}

impl Unpack for Entry {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let (leaf, kept) = leaf_and_kept(bytes)?;
        Ok(Self { leaf: text(leaf)?, kept: Kept::unpack(kept)? })
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
pub(crate) struct Told {
    /// The event's dedup key.
    pub(crate) key: DedupKey,
    /// What the caller was told.
    pub(crate) report: Report,
}

impl Unpack for Told {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        leaf_and_kept(bytes).and_then(|(_, kept)| kept::told(kept)).map(|(key, report)| Self { key, report })
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
