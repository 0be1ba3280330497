//! The store of a run: one in memory that makes nothing durable by itself, behind a port where a bug can be planted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use syndic_core::ports::{
    Admitted, CaseCounts, CaseKey, CaseRecord, Cases, Claim, DeadLetter, Decide, DedupRecord, Deferred, Entry, Head,
    Intent, Parked, Poison, PoisonKey, Raised, Reads, Store, StoreError, Ticket, Timer, TimerKey, Unfinished, WorkKey,
    WorkRow, Works,
};
use syndic_core::{DedupKey, Fact, FactKey, Lane, Slot, Text, Time};
use syndic_ledger::{Hash, Master};
use syndic_store::MemoryStore;

use crate::dice::Dice;
use crate::plant::Plant;

/// The store as the host is given it.
pub struct SimStore {
    /// The real one.
    pub inner: Arc<MemoryStore>,
    front: Front,
    plant: Plant,
    dice: Mutex<Dice>,
}

struct Front {
    inner: Arc<MemoryStore>,
    plant: Plant,
    handed_out: Mutex<BTreeMap<FactKey, u64>>,
}

impl SimStore {
    /// An empty store.
    pub fn new(dice: Dice, plant: Plant) -> Self {
        Self::over(MemoryStore::new_held(Master::from_seed(0)), dice, plant)
    }

    fn over(inner: MemoryStore, dice: Dice, plant: Plant) -> Self {
        let inner = Arc::new(inner);
        let front = Front { inner: Arc::clone(&inner), plant, handed_out: Mutex::default() };
        Self { inner, front, plant, dice: Mutex::new(dice) }
    }

    /// What a crash leaves.
    ///
    /// # Errors
    /// It is corrupt.
    pub fn after_crash(&self, dice: Dice) -> Result<Self, StoreError> {
        Ok(Self::over(self.inner.after_crash()?, dice, self.plant))
    }

    /// What was just admitted becomes durable at once, sometimes: in the middle of somebody's step.
    fn perhaps_write_out(&self) -> Result<(), StoreError> {
        let now = self.dice.lock().unwrap_or_else(PoisonError::into_inner).percent(10);
        if now { self.inner.write_out() } else { Ok(()) }
    }
}

/// Hands every read on.
macro_rules! handed_on {
    ($($method:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $method(&self, $($name: $type),*) -> Result<$answer, StoreError> {
            self.reads().$method($($name),*)
        })*
    };
}

macro_rules! all_but_facts {
    () => {
        handed_on! {
            head() -> Head;
            facts(tenant: &str, customer: Option<&str>) -> Vec<(String, Fact)>;
            lane_now(lane: &Lane) -> Option<Time>;
            due(until: Time, limit: usize) -> Vec<Timer>;
            timer(key: &TimerKey) -> Option<Timer>;
            timers_of(lane: &Lane, slot: &Slot) -> u64;
            timers() -> u64;
            raised(after: u64, limit: usize) -> Vec<(u64, Raised)>;
            deferred(after: u64, limit: usize) -> Vec<(u64, Deferred)>;
            dedup(key: &DedupKey) -> Option<DedupRecord>;
            events_of_id(id: &str) -> Vec<DedupKey>;
            claim(tenant: &str, key: &str) -> Option<Claim>;
            last_number(tenant: &str, series: &str) -> u64;
            receipt(sequence: u64) -> Option<Entry>;
            blob(hash: &Hash) -> Option<Vec<u8>>;
            unfinished() -> Vec<Unfinished>;
            intents(event: &DedupKey) -> Vec<Intent>;
            parked() -> Vec<(DedupKey, Parked)>;
            parked_event(key: &DedupKey) -> Option<Parked>;
            dead_letters(after: u64, limit: usize) -> Vec<(u64, DeadLetter)>;
            poison(key: &PoisonKey) -> Option<Poison>;
            poisons() -> Vec<(PoisonKey, Poison)>;
            register(register: &str, key: &str) -> Option<Text>;
            registers(register: &str, after: &str, limit: usize) -> Vec<(String, Text)>;
            case(key: &CaseKey) -> Option<CaseRecord>;
            cases(tenant: Option<&str>, after: Option<&CaseKey>, limit: usize) -> Cases;
            cases_due(until: Time, limit: usize) -> Vec<(Time, CaseKey)>;
            case_counts() -> CaseCounts;
            work(key: &WorkKey) -> Option<WorkRow>;
            works(tenant: Option<&str>, after: Option<&WorkKey>, limit: usize) -> Works;
            works_of(case: &CaseKey) -> Works;
        }
    };
}

impl SimStore {
    fn reads(&self) -> &dyn Reads {
        &*self.inner
    }
}

impl Reads for SimStore {
    handed_on! {
        fact(key: &FactKey) -> Option<Fact>;
        stamp(key: &FactKey) -> u64;
    }
    all_but_facts!();
}

impl Front {
    fn reads(&self) -> &dyn Reads {
        self.inner.front()
    }

    /// The receipts under which facts were last read, where that is all there is to be known of them.
    fn handed_out(&self, key: &FactKey) -> Option<MutexGuard<'_, BTreeMap<FactKey, u64>>> {
        let hides = self.plant == Plant::MovesUnseen && key.customer.is_none();
        hides.then(|| self.handed_out.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reads for Front {
    fn fact(&self, key: &FactKey) -> Result<Option<Fact>, StoreError> {
        let fact = self.reads().fact(key)?;
        if let Some(mut handed_out) = self.handed_out(key) {
            handed_out.insert(key.clone(), fact.as_ref().map_or(0, |fact| fact.receipt));
        }
        Ok(fact)
    }

    fn stamp(&self, key: &FactKey) -> Result<u64, StoreError> {
        match self.handed_out(key).and_then(|handed_out| handed_out.get(key).copied()) {
            Some(stamp) => Ok(stamp),
            None => self.reads().stamp(key),
        }
    }

    all_but_facts!();
}

impl Store for SimStore {
    fn front(&self) -> &dyn Reads {
        &self.front
    }

    fn admit(&self, decide: &mut Decide<'_>) -> Result<Option<Admitted>, StoreError> {
        let admitted = self.inner.admit(&mut |reads| {
            let mut commit = decide(if self.plant == Plant::MovesUnseen { &self.front } else { reads })?;
            if let Some(commit) = &mut commit {
                self.plant.spoil(commit);
            }
            Ok(commit)
        })?;
        self.perhaps_write_out()?;
        Ok(admitted)
    }

    fn admit_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<Ticket, StoreError> {
        if self.plant.loses(intent) {
            return self.inner.keep(Vec::new());
        }
        let ticket = self.inner.admit_intent(event, nth, intent)?;
        self.perhaps_write_out()?;
        Ok(ticket)
    }

    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<Ticket, StoreError> {
        self.inner.keep(blobs)
    }

    fn last(&self) -> Ticket {
        self.inner.last()
    }

    fn poll_durable(&self, ticket: Ticket, waker: &Waker) -> Poll<Result<(), StoreError>> {
        if self.plant == Plant::DurableTooEarly {
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_durable(ticket, waker)
    }

    fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError> {
        self.inner.forget(before, limit)
    }
}
