//! The store over any space: core's port, and what the command line reads besides.

use std::sync::{Mutex, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use syndic_core::ports::{
    Claim, Commit, DedupRecord, Deferred, Entry, Head, Intent, Parked, Raised, Store, StoreError, Timer, Unfinished,
};
use syndic_core::{DedupKey, Fact, FactKey, Lane, Slot, Time};
use syndic_ledger::{Hash, Master};

use crate::draft::{Counters, Draft};
use crate::key::{Key, Table};
use crate::memory::Memory;
use crate::space::Space;
use crate::value::damaged;
use crate::view::View;

/// Core's records in a [`Space`]. Writers take turns; a reader waits while a batch is written and made durable, so that
/// nobody ever acts on what a crash could still take back.
pub struct Records<S> {
    space: S,
    master: Master,
    /// Held by the one who writes.
    counters: Mutex<Counters>,
    /// Shared by readers; a writer has it alone from its batch to the end of its barrier.
    gate: RwLock<()>,
}

impl Records<Memory> {
    /// An empty store.
    pub fn new(master: Master) -> Self {
        Self { space: Memory::default(), master, counters: Mutex::default(), gate: RwLock::default() }
    }
}

impl<S: Space> Records<S> {
    /// The store in a space, which must reach as far as was ever acknowledged.
    pub(crate) fn over(space: S, master: Master) -> Result<Self, StoreError> {
        let counters: Counters = read_one(&space, &Key::of(Table::Counters))?.unwrap_or_default();
        let (found, acknowledged) = (counters.batches, space.acknowledged());
        if found < acknowledged {
            return Err(StoreError::Corrupt(format!(
                "its log ends with batch {found}, and batch {acknowledged} was acknowledged: what came after is lost"
            )));
        }
        Ok(Self { space, master, counters: Mutex::new(counters), gate: RwLock::default() })
    }

    /// What all salts of this store are derived from.
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// Writes several commits as one: one batch, one barrier, and after a crash all of them or none. Each sees what
    /// those before it write.
    ///
    /// # Errors
    /// The store is unreachable or corrupt, or a receipt is not the next one: nothing was written.
    pub fn commit_all(&self, commits: Vec<Commit>) -> Result<(), StoreError> {
        self.write(|draft| commits.into_iter().try_for_each(|commit| draft.commit(commit)))
    }

    /// Up to `limit` receipts from a sequence on.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn receipts(&self, from: u64, limit: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        let table = Key::of(Table::Receipts);
        let found = self.view()?.some(&table, &table.clone().number(from), limit)?;
        found.into_iter().map(|(key, entry)| Ok((number_of(&key)?, entry))).collect()
    }

    /// Up to `limit` dedup records after a key, by tenant, source and id; the first ones where there is no key.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn events(&self, after: Option<&DedupKey>, limit: usize) -> Result<Vec<(DedupKey, DedupRecord)>, StoreError> {
        let table = Key::of(Table::Dedup);
        let from = after.map_or_else(|| table.clone(), |after| table.clone().event(after));
        let found = self.view()?.some(&table, &from, limit.saturating_add(1))?;
        let events = found.into_iter().map(|(key, record)| Ok((event_of(&key)?, record)));
        let later = events.filter(|event| !matches!((event, after), (Ok((key, _)), Some(after)) if key == after));
        later.take(limit).collect()
    }

    /// How many lanes have judged an event.
    ///
    /// # Errors
    /// The store is unreachable or corrupt.
    pub fn lanes(&self) -> Result<u64, StoreError> {
        let table = Key::of(Table::Lanes);
        let lanes: Vec<(_, syndic_core::Time)> = self.view()?.some(&table, &table, usize::MAX)?;
        Ok(lanes.len() as u64)
    }

    /// The space as it stands, for as long as the view lives.
    pub(crate) fn view(&self) -> Result<View<'_, S>, StoreError> {
        self.gate.read().map(|still| View::new(&self.space, still)).map_err(broken_off)
    }

    /// Fills a draft and writes it: one batch, durable on return.
    pub(crate) fn write(
        &self,
        fill: impl FnOnce(&mut Draft<'_, S>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut counters = self.counters.lock().map_err(broken_off)?;
        let mut draft = Draft::new(self.view()?, counters.clone());
        fill(&mut draft)?;
        let (writes, counted) = draft.sealed()?;
        let _alone = self.gate.write().map_err(broken_off)?;
        self.space.apply(counted.batches, writes)?;
        *counters = counted;
        Ok(())
    }
}

impl<S: Space> Store for Records<S> {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.view()?.get(&Key::of(Table::Head))?.unwrap_or_default())
    }

    fn fact(&self, key: &FactKey) -> Result<Option<Fact>, StoreError> {
        self.view()?.get(&Key::fact(key))
    }

    fn facts(&self, tenant: &str, customer: Option<&str>) -> Result<Vec<(String, Fact)>, StoreError> {
        let found = self.view()?.all(&Key::facts_of(tenant, customer))?;
        found.into_iter().map(|(key, fact)| Ok((fact_name_of(&key)?, fact))).collect()
    }

    fn lane_now(&self, lane: &Lane) -> Result<Option<Time>, StoreError> {
        self.view()?.get(&Key::lane(lane))
    }

    fn next_timer(&self, until: Time) -> Result<Option<Timer>, StoreError> {
        let first = self.view()?.first::<Timer>(&Key::of(Table::TimersByDue))?;
        Ok(first.map(|(_, timer)| timer).filter(|timer| timer.due <= until))
    }

    fn timers_of(&self, lane: &Lane, slot: &Slot) -> Result<u64, StoreError> {
        Ok(self.view()?.all::<Time>(&Key::timers_of(lane, slot))?.len() as u64)
    }

    fn timers(&self) -> Result<u64, StoreError> {
        let counters: Option<Counters> = self.view()?.get(&Key::of(Table::Counters))?;
        Ok(counters.unwrap_or_default().timers)
    }

    fn next_raised(&self) -> Result<Option<(u64, Raised)>, StoreError> {
        let first = self.view()?.first(&Key::of(Table::Raised))?;
        first.map(|(key, raised)| Ok((number_of(&key)?, raised))).transpose()
    }

    fn next_deferred(&self) -> Result<Option<(u64, Deferred)>, StoreError> {
        let first = self.view()?.first(&Key::of(Table::Outbox))?;
        first.map(|(key, deferred)| Ok((number_of(&key)?, deferred))).transpose()
    }

    fn dedup(&self, key: &DedupKey) -> Result<Option<DedupRecord>, StoreError> {
        self.view()?.get(&Key::of(Table::Dedup).event(key))
    }

    fn events_of_id(&self, id: &str) -> Result<Vec<DedupKey>, StoreError> {
        let found = self.view()?.all::<DedupKey>(&Key::of(Table::EventsOfId).text(id))?;
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    fn claim(&self, tenant: &str, key: &str) -> Result<Option<Claim>, StoreError> {
        self.view()?.get(&Key::of(Table::Claims).text(tenant).text(key))
    }

    fn last_number(&self, tenant: &str, series: &str) -> Result<u64, StoreError> {
        Ok(self.view()?.get(&Key::of(Table::Numbers).text(tenant).text(series))?.unwrap_or(0))
    }

    fn receipt(&self, sequence: u64) -> Result<Option<Entry>, StoreError> {
        self.view()?.get(&Key::of(Table::Receipts).number(sequence))
    }

    fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.view()?.bytes(&Key::of(Table::Blobs).hash(hash))
    }

    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let found = self.view()?.all(&Key::of(Table::Unfinished))?;
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    fn intents(&self, event: &DedupKey) -> Result<Vec<Intent>, StoreError> {
        let found = self.view()?.all(&Key::of(Table::Intents).event(event))?;
        Ok(found.into_iter().map(|(_, intent)| intent).collect())
    }

    fn parked(&self) -> Result<Vec<(DedupKey, Parked)>, StoreError> {
        let found = self.view()?.all(&Key::of(Table::Parked))?;
        found.into_iter().map(|(key, parked)| Ok((event_of(&key)?, parked))).collect()
    }

    fn write_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<(), StoreError> {
        self.write(|draft| {
            draft.write_intent(event, nth, intent);
            Ok(())
        })
    }

    fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(|draft| draft.commit(commit))
    }

    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<(), StoreError> {
        self.write(|draft| draft.keep(blobs))
    }
}

/// One record of a space that nobody else has yet.
pub(crate) fn read_one<T: DeserializeOwned>(space: &impl Space, key: &Key) -> Result<Option<T>, StoreError> {
    let gate = RwLock::default();
    let still = gate.read().unwrap_or_else(PoisonError::into_inner);
    View::new(space, still).get(key)
}

/// A writer panicked: what it left is whole, but whether it is durable nobody knows.
fn broken_off<T>(_: PoisonError<T>) -> StoreError {
    StoreError::Unreachable("an earlier write was broken off: open the store again".into())
}

fn number_of(key: &Key) -> Result<u64, StoreError> {
    key.parts().number().ok_or_else(|| not_such_a_key(key))
}

fn event_of(key: &Key) -> Result<DedupKey, StoreError> {
    let mut parts = key.parts();
    let mut next = || parts.text().ok_or_else(|| not_such_a_key(key));
    Ok(DedupKey { tenant: next()?, source: next()?, id: next()? })
}

fn fact_name_of(key: &Key) -> Result<String, StoreError> {
    let mut parts = key.parts();
    parts.text().and_then(|_| parts.customer()).and_then(|_| parts.text()).ok_or_else(|| not_such_a_key(key))
}

fn not_such_a_key(key: &Key) -> StoreError {
    damaged(key, "its key is not one of its table")
}
