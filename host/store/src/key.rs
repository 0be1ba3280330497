//! Keys: where a record lies, in bytes that sort as the record's parts do.
//!
//! A key is its table's letter and then its parts. Text is followed by two zero bytes, with zeros inside it escaped,
//! so that no part runs into the next and one customer's facts are one prefix; numbers and times are big-endian; a slot
//! begins with its rank. Byte order is therefore the order the port promises.
//!
//! The space takes keys up to 1 KiB. A longer one is stored under its first bytes and the SHA-256 of the whole, and the
//! whole is kept in its value. Among such keys order is kept up to [`LONG_HEAD_BYTES`]; no timer's key gets there.

use std::borrow::Cow;
use std::fmt;

use syndic_core::ports::{CaseKey, PoisonKey, TimerKey, WorkKey};
use syndic_core::slot::SLOTS;
use syndic_core::{DedupKey, FactKey, Lane, Slot, Time};
use syndic_ledger::{Hash, sha256};

/// Bytes a stored key may have: 1 KiB. A key of exactly that length is a hashed one, so that no plain key looks alike.
const KEY_MAX_BYTES: usize = 1024;

/// Bytes of a long key that are stored as they are.
const LONG_HEAD_BYTES: usize = KEY_MAX_BYTES - 32;

/// What kinds of record there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    About = b'A',
    Counters = b'C',
    Head = b'H',
    Blobs = b'b',
    Claims = b'c',
    Dedup = b'd',
    Receipts = b'e',
    Facts = b'f',
    Registers = b'g',
    Cases = b'i',
    CasesByDue = b'j',
    DeadLetters = b'k',
    Lanes = b'l',
    Numbers = b'n',
    Outbox = b'o',
    Parked = b'p',
    Unreceipted = b'q',
    Raised = b'r',
    TimersByDue = b't',
    TimersByKey = b'u',
    Poison = b'v',
    Works = b'w',
    Unfinished = b'x',
    Intents = b'y',
    Pieces = b'~',
}

/// What a key is made of.
#[derive(Clone, Copy)]
enum Part {
    Text,
    Customer,
    Number,
    Time,
    Slot,
    Hash,
}

/// Every table: what one of its records is called in a sentence, and the parts of its keys.
#[rustfmt::skip]
const TABLES: &[(Table, &str, &[Part])] = &[
    (Table::About,       "the store's description", &[]),
    (Table::Counters,    "the store's counters",    &[]),
    (Table::Head,        "the ledger's head",       &[]),
    (Table::Blobs,       "the content",             &[Part::Hash]),
    (Table::Claims,      "the claim",               &[Part::Text, Part::Text]),
    (Table::Dedup,       "the dedup record",        &[Part::Text, Part::Text, Part::Text]),
    (Table::Receipts,    "the receipt",             &[Part::Number]),
    (Table::Facts,       "the fact",                &[Part::Text, Part::Customer, Part::Text]),
    (Table::Registers,   "the register's entry",    &[Part::Text, Part::Text]),
    (Table::Cases,       "the case",                &[Part::Text, Part::Text]),
    (Table::CasesByDue,  "the case due",            &[Part::Time, Part::Text, Part::Text]),
    (Table::DeadLetters, "the dead letter",         &[Part::Number]),
    (Table::Lanes,       "the lane",                &[Part::Text, Part::Customer]),
    (Table::Numbers,     "the series",              &[Part::Text, Part::Text]),
    (Table::Outbox,      "the deferred effect",     &[Part::Number]),
    (Table::Parked,      "the parked event",        &[Part::Text, Part::Text, Part::Text]),
    (Table::Unreceipted, "the event without receipt", &[Part::Time, Part::Text, Part::Text, Part::Text]),
    (Table::Raised,      "the raised event",        &[Part::Number]),
    (Table::TimersByDue, "the timer due",           &[Part::Time, Part::Text, Part::Customer, Part::Slot, Part::Text]),
    (Table::TimersByKey, "the timer",               &[Part::Text, Part::Customer, Part::Slot, Part::Text]),
    (Table::Poison,      "the count of traps",      &[Part::Slot, Part::Hash, Part::Hash]),
    (Table::Works,       "the work item",           &[Part::Text, Part::Text, Part::Text, Part::Number]),
    (Table::Unfinished,  "the unfinished event",    &[Part::Text, Part::Text, Part::Text]),
    (Table::Intents,     "the intent",              &[Part::Text, Part::Text, Part::Text, Part::Number]),
    (Table::Pieces,      "the piece of a value",    &[Part::Hash, Part::Number]),
];

/// A whole key, however long, or the beginning of some.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn of(table: Table) -> Self {
        // Room for most keys.
        let mut key = Vec::with_capacity(80);
        key.push(table as u8);
        Self(key)
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        let mut parts = text.as_bytes().split(|byte| *byte == 0);
        self.0.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            self.0.extend([0, 0xff]);
            self.0.extend_from_slice(part);
        }
        self.0.extend([0, 0]);
        self
    }

    /// None comes before every customer.
    pub(crate) fn customer(mut self, customer: Option<&str>) -> Self {
        self.0.push(customer.is_some().into());
        match customer {
            None => self,
            Some(customer) => self.text(customer),
        }
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    /// With its sign bit flipped, so that what was before 1970 comes first.
    pub(crate) fn time(self, time: Time) -> Self {
        self.number(time.ms().cast_unsigned() ^ (1 << 63))
    }

    /// Slots order as declared, an operator's own after them by name.
    pub(crate) fn slot(mut self, slot: &Slot) -> Self {
        let rank = SLOTS.iter().position(|name| *name == slot.as_str()).unwrap_or(SLOTS.len());
        self.0.push(u8::try_from(rank).unwrap_or(u8::MAX));
        self.text(slot.as_str())
    }

    pub(crate) fn hash(mut self, hash: &Hash) -> Self {
        self.0.extend(hash.0);
        self
    }

    pub(crate) fn event(self, event: &DedupKey) -> Self {
        self.text(&event.tenant).text(&event.source).text(&event.id)
    }

    pub(crate) fn fact(fact: &FactKey) -> Self {
        Self::facts_of(&fact.tenant, fact.customer.as_deref()).text(&fact.name)
    }

    pub(crate) fn facts_of(tenant: &str, customer: Option<&str>) -> Self {
        Self::of(Table::Facts).text(tenant).customer(customer)
    }

    /// By id first, so that an id is found in every tenant and source.
    pub(crate) fn dedup(event: &DedupKey) -> Self {
        Self::of(Table::Dedup).text(&event.id).text(&event.tenant).text(&event.source)
    }

    /// By when it was taken.
    pub(crate) fn unreceipted(taken: Time, event: &DedupKey) -> Self {
        Self::of(Table::Unreceipted).time(taken).event(event)
    }

    pub(crate) fn lane(lane: &Lane) -> Self {
        Self::of(Table::Lanes).text(&lane.tenant).customer(lane.customer.as_deref())
    }

    pub(crate) fn timer_due(due: Time, timer: &TimerKey) -> Self {
        Self::of(Table::TimersByDue).time(due).timer_parts(timer)
    }

    pub(crate) fn timer(timer: &TimerKey) -> Self {
        Self::of(Table::TimersByKey).timer_parts(timer)
    }

    /// The beginning of the keys of every timer of a slot in a lane.
    pub(crate) fn timers_of(lane: &Lane, slot: &Slot) -> Self {
        Self::of(Table::TimersByKey).text(&lane.tenant).customer(lane.customer.as_deref()).slot(slot)
    }

    fn timer_parts(self, timer: &TimerKey) -> Self {
        self.text(&timer.lane.tenant).customer(timer.lane.customer.as_deref()).slot(&timer.slot).text(&timer.name)
    }

    pub(crate) fn poison(poison: &PoisonKey) -> Self {
        Self::of(Table::Poison).slot(&poison.slot).hash(&poison.digest).hash(&poison.fingerprint)
    }

    pub(crate) fn case(case: &CaseKey) -> Self {
        Self::of(Table::Cases).case_parts(case)
    }

    pub(crate) fn case_due(due: Time, case: &CaseKey) -> Self {
        Self::of(Table::CasesByDue).time(due).case_parts(case)
    }

    pub(crate) fn work(work: &WorkKey) -> Self {
        Self::works_of(&work.case).text(&work.task).number(work.attempt.into())
    }

    /// The beginning of the keys of every work item of a case.
    pub(crate) fn works_of(case: &CaseKey) -> Self {
        Self::of(Table::Works).case_parts(case)
    }

    fn case_parts(self, case: &CaseKey) -> Self {
        self.text(&case.tenant).text(&case.id)
    }

    /// A piece of the value of some key.
    pub(crate) fn piece(&self, nth: u32) -> Vec<u8> {
        Self::of(Table::Pieces).hash(&sha256(&self.0)).number(nth.into()).0
    }

    /// What a space files it under.
    pub(crate) fn stored(&self) -> Cow<'_, [u8]> {
        if !self.is_long() {
            return Cow::Borrowed(&self.0);
        }
        let mut stored = self.0[..LONG_HEAD_BYTES].to_vec();
        stored.extend(sha256(&self.0).0);
        Cow::Owned(stored)
    }

    /// What all stored keys that begin with this have in common.
    pub(crate) fn stored_prefix(&self) -> &[u8] {
        &self.0[..self.0.len().min(LONG_HEAD_BYTES)]
    }

    /// Whether it is stored under a hash, so that its value must keep it whole.
    pub(crate) fn is_long(&self) -> bool {
        self.0.len() >= KEY_MAX_BYTES
    }

    /// What a space files it under, and the whole of it where that is a hash.
    pub(crate) fn filed(self) -> (Vec<u8>, Option<Self>) {
        if self.is_long() { (self.stored().into_owned(), Some(self)) } else { (self.0, None) }
    }

    /// From bytes that were a key before: a plain stored one, or a long one from its value.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether records of its table are written once, under keys that nothing had before.
    pub(crate) fn is_written_once(&self) -> bool {
        [Table::Receipts, Table::Raised, Table::Outbox].iter().any(|table| self.0.first() == Some(&(*table as u8)))
    }

    /// Its parts, to be taken in order.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts(self.0.get(1..).unwrap_or_default())
    }
}

/// What is left of a key to take apart. Every method answers none where the bytes are not such a part.
pub(crate) struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    pub(crate) fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match *self.0 {
                [0, 0, ref rest @ ..] => {
                    self.0 = rest;
                    return String::from_utf8(text).ok();
                }
                [0, 0xff, ref rest @ ..] => {
                    text.push(0);
                    self.0 = rest;
                }
                [0, ..] | [] => return None,
                [byte, ref rest @ ..] => {
                    text.push(byte);
                    self.0 = rest;
                }
            }
        }
    }

    pub(crate) fn customer(&mut self) -> Option<Option<String>> {
        match self.take::<1>()? {
            [0] => Some(None),
            _ => self.text().map(Some),
        }
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub(crate) fn time(&mut self) -> Option<Time> {
        self.number().map(|bits| Time::from_ms((bits ^ (1 << 63)).cast_signed()))
    }

    /// An event, as most keys name it.
    pub(crate) fn event(&mut self) -> Option<DedupKey> {
        Some(DedupKey { tenant: self.text()?, source: self.text()?, id: self.text()? })
    }

    /// When a timer is due, and which.
    pub(crate) fn timer_due(&mut self) -> Option<(Time, TimerKey)> {
        let (due, tenant, customer) = (self.time()?, self.text()?, self.customer()?);
        let slot = self.slot()?;
        Some((due, TimerKey { lane: Lane { tenant, customer }, slot, name: self.text()? }))
    }

    /// A governor version and an event fingerprint.
    pub(crate) fn poison(&mut self) -> Option<PoisonKey> {
        Some(PoisonKey { slot: self.slot()?, digest: self.take().map(Hash)?, fingerprint: self.take().map(Hash)? })
    }

    pub(crate) fn case(&mut self) -> Option<CaseKey> {
        Some(CaseKey { tenant: self.text()?, id: self.text()? })
    }

    /// When something is due in a case, and in which.
    pub(crate) fn case_due(&mut self) -> Option<(Time, CaseKey)> {
        Some((self.time()?, self.case()?))
    }

    pub(crate) fn work(&mut self) -> Option<WorkKey> {
        let (case, task) = (self.case()?, self.text()?);
        Some(WorkKey { case, task, attempt: u32::try_from(self.number()?).ok()? })
    }

    fn slot(&mut self) -> Option<Slot> {
        let _rank: [u8; 1] = self.take()?;
        Slot::new(self.text()?).ok()
    }

    /// An event, as its dedup record's key names it.
    pub(crate) fn dedup(&mut self) -> Option<DedupKey> {
        Some(DedupKey { id: self.text()?, tenant: self.text()?, source: self.text()? })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn in_words(&mut self, part: Part) -> Option<String> {
        match part {
            Part::Text => self.text(),
            Part::Customer => self.customer().map(|customer| customer.unwrap_or_else(|| "(tenant)".into())),
            Part::Number => self.number().map(|number| number.to_string()),
            Part::Time => self.time().map(|time| time.to_string()),
            Part::Slot => self.slot().map(|slot| slot.to_string()),
            Part::Hash => self.take().map(|bytes| Hash(bytes).to_string()),
        }
    }
}

/// In words: `the fact acme/cust-1/billing.account`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, noun, shape)) = TABLES.iter().find(|(table, ..)| self.0.first() == Some(&(*table as u8))) else {
            return write!(f, "the key {}", self.0.escape_ascii());
        };
        let mut parts = self.parts();
        let words: Vec<String> = shape.iter().map(|part| parts.in_words(*part).unwrap_or_else(|| "…".into())).collect();
        match words.as_slice() {
            [] => f.write_str(noun),
            words => write!(f, "{noun} {}", words.join("/").escape_debug()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(tenant: &str, customer: Option<&str>, slot: &str, name: &str) -> TimerKey {
        let lane = Lane { tenant: tenant.into(), customer: customer.map(Into::into) };
        TimerKey { lane, slot: Slot::new(slot).unwrap(), name: name.into() }
    }

    #[test]
    fn keys_sort_as_their_parts_do() {
        let mut timers = vec![
            (Time::from_ms(-1), timer("z", None, "billing", "z")),
            (Time::from_ms(5), timer("a", None, "zeta", "z")),
            (Time::from_ms(5), timer("a", Some(""), "billing", "a")),
            (Time::from_ms(5), timer("a", Some("b"), "billing", "a")),
            (Time::from_ms(5), timer("a", Some("b"), "billing", "a\0")),
            (Time::from_ms(5), timer("a", Some("b"), "billing", "a\0b")),
            (Time::from_ms(5), timer("a", Some("b"), "billing", "a\u{1}")),
            (Time::from_ms(5), timer("a", Some("b"), "multi-tenant", "a")),
            (Time::from_ms(5), timer("a", Some("b"), "alpha", "a")),
            (Time::from_ms(5), timer("a\0", None, "billing", "a")),
            (Time::from_ms(5), timer("ab", None, "billing", "a")),
            (Time::from_ms(300), timer("a", None, "billing", "a")),
        ];
        timers.sort();
        let keys: Vec<Key> = timers.iter().map(|(due, timer)| Key::timer_due(*due, timer)).collect();
        assert!(keys.is_sorted());
    }

    #[test]
    fn no_part_runs_into_the_next() {
        let facts = |tenant: &str, customer: Option<&str>| Key::facts_of(tenant, customer).0;
        assert!(!facts("acme", Some("cust-12")).starts_with(&facts("acme", Some("cust-1"))));
        assert!(!facts("acme", Some("")).starts_with(&facts("acme", None)));
        assert_ne!(Key::of(Table::Claims).text("ab").text("c"), Key::of(Table::Claims).text("a").text("bc"));
        assert_eq!(Key::of(Table::Claims).text("a\0\0").text("").parts().text().unwrap(), "a\0\0");
    }

    #[test]
    fn a_long_key_is_stored_in_one_kibibyte_and_keeps_its_beginning() {
        let prefix = Key::of(Table::Claims).text("acme");
        for length in [900, 1015, 1016, 1017, 1018, 5000] {
            let key = prefix.clone().text(&"x".repeat(length));
            let other = prefix.clone().text(&format!("{}y", "x".repeat(length - 1)));
            assert!(key.stored().len() <= KEY_MAX_BYTES, "{length}");
            assert!(key.stored().starts_with(prefix.stored_prefix()), "{length}");
            assert_ne!(key.stored(), other.stored(), "{length}");
            assert_eq!(key.stored().len() == KEY_MAX_BYTES, key.is_long(), "{length}");
        }
    }

    #[test]
    fn a_key_is_called_by_what_it_holds() {
        let fact = FactKey { tenant: "acme".into(), customer: None, name: "shared.access".into() };
        assert_eq!(Key::fact(&fact).to_string(), "the fact acme/(tenant)/shared.access");
        assert_eq!(Key::of(Table::Receipts).number(17).to_string(), "the receipt 17");
        assert_eq!(Key::of(Table::Head).to_string(), "the ledger's head");
        let due = Key::timer_due(Time::from_ms(0), &timer("acme", Some("c"), "billing", "retry"));
        assert_eq!(due.to_string(), "the timer due 1970-01-01T00:00:00Z/acme/c/billing/retry");
    }
}
