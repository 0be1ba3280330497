//! What facts held, at any place of the ledger that has been walked to.
//!
//! Receipts keep what they wrote, so a ledger that is read in order tells what every fact held at every receipt. It is
//! read a chapter at a time: what came before the chapter is known fact by fact, and the chapter's own writes one by
//! one, so that many can look at once while nothing changes. A walk that begins in the middle learns what was there
//! before from what the store holds now, and from the first receipts after that place which say what they found.
//!
//! Nothing is guessed: what cannot be known is [`Found::Unknown`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::value::RawValue;
use syndic_core::ports::{Entry, Kept, Reads, StoreError};
use syndic_core::{FactKey, FactName, Scope, Text};
use syndic_ledger::{Receipt, sha256};

use super::lock;

/// Bytes of values that are remembered between chapters. What is forgotten is read again from its receipt.
const REMEMBERED_MAX_BYTES: usize = 256 * 1024 * 1024;

/// Values of receipts before the walk that are remembered.
const FETCHED_MAX: usize = 100_000;

/// A fact, by 128 bits of a hash: a walk over a long ledger names millions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name(u128);

/// Whose facts an event sees.
#[derive(Clone, Copy)]
pub(crate) struct Whose<'a> {
    pub(crate) tenant: &'a str,
    /// None in the tenant's lane, where no customer's facts are.
    pub(crate) customer: Option<&'a str>,
}

impl Whose<'_> {
    fn name(&self, fact: &FactName) -> Option<Name> {
        let customer = match fact.scope {
            Scope::Customer => self.customer?,
            Scope::Tenant => "",
        };
        let (tenant, scope) = (self.tenant, u8::from(fact.scope == Scope::Tenant));
        // Names hold no control characters.
        let hash = sha256(format!("{scope}\0{tenant}\0{customer}\0{}", fact.name).as_bytes());
        let (half, _) = hash.0.split_first_chunk().expect("a hash has 32 bytes");
        Some(Name(u128::from_le_bytes(*half)))
    }

    fn key(&self, fact: &FactName) -> FactKey {
        fact.key(self.tenant, self.customer.unwrap_or_default())
    }
}

/// One write of a fact.
#[derive(Clone)]
struct Written {
    receipt: u64,
    version: u64,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Here(Text),
    /// Deleted.
    Gone,
    /// With its receipt.
    There,
}

/// What was before the walk, as the first receipt of the walk that wrote a fact found it.
struct Before {
    /// The version that receipt made.
    made: u64,
    /// The receipt whose write it found; 0 where it found none, and nothing where it does not say.
    found: Option<u64>,
}

/// What a fact held.
pub(crate) enum Found {
    /// This value, in this version.
    Value(u64, Text),
    /// Nothing.
    Absent,
    /// That cannot be known.
    Unknown,
}

/// What facts held.
pub(crate) struct History {
    reads: Arc<dyn Reads>,
    /// The first receipt of the walk.
    from: u64,
    /// The last receipt when it began.
    size: u64,
    before: HashMap<Name, Before>,
    known: RwLock<Known>,
    fetched: Mutex<HashMap<(Name, u64), Option<Text>>>,
}

#[derive(Default)]
struct Known {
    /// The last write of each fact before the chapter, as far as the walk goes.
    last: HashMap<Name, Written>,
    /// The chapter's own.
    chapter: HashMap<Name, Vec<Written>>,
    bytes: usize,
}

impl History {
    pub(crate) fn new(reads: Arc<dyn Reads>, from: u64, size: u64) -> Self {
        let (before, known, fetched) = (HashMap::new(), RwLock::default(), Mutex::default());
        Self { reads, from, size, before, known, fetched }
    }

    /// Goes one receipt back before the walk begins: it will begin here. Receipts come from the last one down.
    pub(crate) fn go_back(&mut self, leaf: &Receipt, kept: &Kept) {
        self.from = leaf.sequence;
        let subject = subject_of(kept);
        let whose = Whose { tenant: &kept.key.tenant, customer: subject.as_deref() };
        for (fact, _) in &kept.writes {
            let Some(name) = whose.name(fact) else { continue };
            let Some(change) = leaf.changes.iter().find(|change| names(change.scope, &change.name, fact)) else {
                continue;
            };
            let read = || kept.reads.iter().find(|read| read.fact == *fact && read.receipt > 0);
            let found = if change.before.is_none() { Some(0) } else { read().map(|read| read.receipt) };
            self.before.insert(name, Before { made: change.version, found });
        }
    }

    /// The first receipt of the walk.
    pub(crate) fn from(&self) -> u64 {
        self.from
    }

    /// Takes in the writes of the next receipts.
    pub(crate) fn open<'k>(&self, receipts: impl Iterator<Item = (u64, &'k Kept)>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Known { last, chapter, .. } = &mut *known;
        for (receipt, kept) in receipts {
            let subject = subject_of(kept);
            let whose = Whose { tenant: &kept.key.tenant, customer: subject.as_deref() };
            for (fact, value) in &kept.writes {
                let Some(name) = whose.name(fact) else { continue };
                let writes = chapter.entry(name).or_default();
                let version = match writes.last().or_else(|| last.get(&name)) {
                    Some(Written { value: Value::Gone, .. }) => 1,
                    Some(earlier) => earlier.version + 1,
                    None => self.before.get(&name).map_or(1, |before| before.made),
                };
                let value = value.clone().map_or(Value::Gone, Value::Here);
                writes.push(Written { receipt, version, value });
            }
        }
    }

    /// Ends the chapter: from now on its writes are what came before.
    pub(crate) fn close(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let chapter = std::mem::take(&mut known.chapter);
        for (name, mut writes) in chapter {
            let Some(written) = writes.pop() else { continue };
            known.bytes += written.bytes();
            if let Some(earlier) = known.last.insert(name, written) {
                known.bytes -= earlier.bytes();
            }
        }
        if known.bytes > REMEMBERED_MAX_BYTES {
            for written in known.last.values_mut().filter(|written| written.bytes() > 0) {
                written.value = Value::There;
            }
            known.bytes = 0;
        }
    }

    /// The value that a receipt wrote; nothing where it kept none.
    pub(crate) fn written_by(
        &self,
        receipt: u64,
        whose: Whose<'_>,
        fact: &FactName,
    ) -> Result<Option<Text>, StoreError> {
        let Some(name) = whose.name(fact) else { return Ok(None) };
        let here = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let chapter = known.chapter.get(&name).into_iter().flatten();
            let written = chapter.chain(known.last.get(&name)).find(|written| written.receipt == receipt);
            written.map(|written| written.value.clone())
        };
        match here {
            Some(Value::Here(text)) => Ok(Some(text)),
            Some(Value::Gone) => Ok(None),
            Some(Value::There) | None => self.fetch(name, receipt, whose, fact),
        }
    }

    fn fetch(&self, name: Name, receipt: u64, whose: Whose<'_>, fact: &FactName) -> Result<Option<Text>, StoreError> {
        if let Some(known) = lock(&self.fetched).get(&(name, receipt)) {
            return Ok(known.clone());
        }
        // Of what nobody has written since, the store has the value at hand.
        if let Some(now) = self.reads.fact(&whose.key(fact))?.filter(|now| now.receipt == receipt) {
            return Ok(Some(now.value.text()));
        }
        // Who reads one of a receipt's facts is likely to read another.
        let mut wrote = HashMap::from([((name, receipt), None)]);
        if let Some(Entry { kept, .. }) = self.reads.receipt(receipt)? {
            let subject = subject_of(&kept);
            let theirs = Whose { tenant: &kept.key.tenant, customer: subject.as_deref() };
            let named = kept.writes.iter().filter_map(|(fact, text)| Some((theirs.name(fact)?, text)));
            wrote.extend(named.map(|(name, text)| ((name, receipt), text.clone())));
        }
        let text = wrote.get(&(name, receipt)).cloned().flatten();
        let mut fetched = lock(&self.fetched);
        if fetched.len() >= FETCHED_MAX {
            fetched.clear();
        }
        fetched.extend(wrote);
        Ok(text)
    }

    /// What a fact held when a receipt's turn came.
    pub(crate) fn as_of(&self, receipt: u64, whose: Whose<'_>, fact: &FactName) -> Result<Found, StoreError> {
        // In the tenant's lane there is no customer, so none has facts.
        let Some(name) = whose.name(fact) else { return Ok(Found::Absent) };
        let last = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let earlier = |written: &&Written| written.receipt < receipt;
            let chapter = known.chapter.get(&name).and_then(|writes| writes.iter().rev().find(earlier));
            chapter.or_else(|| known.last.get(&name).filter(earlier)).cloned()
        };
        let Some(Written { receipt, version, value }) = last else {
            return self.before_the_walk(name, whose, fact);
        };
        Ok(match value {
            Value::Here(text) => Found::Value(version, text),
            Value::Gone => Found::Absent,
            Value::There => found(version, self.fetch(name, receipt, whose, fact)?),
        })
    }

    /// What a fact held that the walk has not met.
    fn before_the_walk(&self, name: Name, whose: Whose<'_>, fact: &FactName) -> Result<Found, StoreError> {
        if self.from <= 1 {
            return Ok(Found::Absent);
        }
        if let Some(Before { made, found: before }) = self.before.get(&name) {
            return Ok(match before {
                None => Found::Unknown,
                Some(0) => Found::Absent,
                Some(receipt) => found(made - 1, self.fetch(name, *receipt, whose, fact)?),
            });
        }
        // Nobody wrote it since, so what the store holds now is what it held then, unless the ledger has gone on.
        match self.reads.fact(&whose.key(fact))? {
            Some(now) if now.receipt < self.from => Ok(Found::Value(now.version, now.value.text())),
            None if self.reads.head()?.frontier.size() == self.size => Ok(Found::Absent),
            _ => Ok(Found::Unknown),
        }
    }
}

impl Written {
    /// What remembering it takes, about.
    fn bytes(&self) -> usize {
        match &self.value {
            Value::Here(text) => text.len(),
            Value::Gone | Value::There => 0,
        }
    }
}

fn found(version: u64, text: Option<Text>) -> Found {
    text.map_or(Found::Unknown, |text| Found::Value(version, text))
}

fn names(scope: syndic_ledger::Scope, name: &str, fact: &FactName) -> bool {
    (scope == syndic_ledger::Scope::Tenant) == (fact.scope == Scope::Tenant) && name == fact.name
}

/// The subject of the event beside a receipt: the customer whose facts it wrote, if any. The rest of the event is not
/// looked at: a walk passes receipts by the million that it has nothing else to ask of.
fn subject_of(kept: &Kept) -> Option<String> {
    let event: BTreeMap<&str, &RawValue> = serde_json::from_str(&kept.event).ok()?;
    serde_json::from_str(event.get("subject")?.get()).ok()
}
