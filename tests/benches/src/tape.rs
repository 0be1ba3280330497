//! What a host does for one event, written down: which governor it asked what, and what it committed. So the same work
//! can be done again with nothing around it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use syndic_core::config::SlotConfig;
use syndic_core::fact::{FactName, Seen};
use syndic_core::ports::{
    Admitted, Called, CaseCounts, CaseKey, CaseRecord, Cases, Claim, Commit, DeadLetter, Decide, DedupRecord, Deferred,
    Entry, Facts, GovernorRuntime, Head, Installed, Intent, Migrated, Parked, Poison, PoisonKey, Question, Raised,
    ReadError, Reads, Store, StoreError, Ticket, Timer, TimerKey, Unfinished, WorkKey, WorkRow, Works,
};
use syndic_core::{DedupKey, Error, Event, Fact, FactKey, Lane, Outcome, Slot, Text, Time};
use syndic_ledger::{Hash, Master};
use syndic_store::{Memory, Pairs, Records, Space, Writes};

use syndic_tests::stage::Governors;

use crate::town;

/// One call of a governor.
pub struct Asking {
    /// Its slot.
    pub slot: Slot,
    /// What it was asked.
    pub question: Question,
    /// What it read.
    pub facts: Arc<HashMap<FactName, Seen>>,
    /// What it burned.
    pub fuel: u64,
}

/// One commit: what the store was told, and what it wrote.
pub struct Committed {
    /// What the store was told.
    pub commit: Commit,
    /// What it wrote.
    pub writes: Writes,
}

/// All that was done for one event and for what followed from it.
#[derive(Default)]
pub struct Taped {
    /// Calls, in order.
    pub askings: Vec<Asking>,
    /// Commits, in order. The event's own is the first.
    pub commits: Vec<Committed>,
}

/// Has a host in memory take events one after another, and writes down what it does for each.
///
/// # Panics
/// An event is not completed.
pub fn tape(compiled: &Path, events: impl Iterator<Item = Event>) -> Vec<Taped> {
    let Governors { runtime, lineup } = town::eight(compiled);
    let heard = Arc::new(Overheard { runtime, askings: Mutex::default() });
    let kept = Arc::new(Kept::new());
    let runtime = Arc::clone(&heard) as Arc<dyn GovernorRuntime>;
    let host = town::host(Arc::clone(&kept) as Arc<dyn Store>, Governors { runtime, lineup });
    let one = |event| {
        let report = host.submit(event).expect("the host goes on");
        assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
        while host.next_consequence(None).expect("the host goes on").is_some() {}
        Taped { askings: lock(&heard.askings).drain(..).collect(), commits: lock(&kept.commits).drain(..).collect() }
    };
    events.map(one).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// ── governors ───────────────────────────────────────────────────────────────────────────────────────────────────────

struct Overheard {
    runtime: Arc<dyn GovernorRuntime>,
    askings: Mutex<Vec<Asking>>,
}

struct Noting {
    facts: Arc<dyn Facts>,
    noted: Mutex<HashMap<FactName, Seen>>,
}

impl Facts for Noting {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        let seen = self.facts.read(fact)?;
        if let Some(seen) = &seen {
            lock(&self.noted).insert(fact.clone(), seen.clone());
        }
        Ok(seen)
    }

    fn config(&self, key: &str) -> Option<String> {
        self.facts.config(key)
    }
}

impl GovernorRuntime for Overheard {
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        self.runtime.load(slot, component, limits)
    }

    fn engine_hash(&self) -> Hash {
        self.runtime.engine_hash()
    }

    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let noting = Arc::new(Noting { facts, noted: Mutex::default() });
        let called = self.runtime.call(version, limits, question.clone(), Arc::clone(&noting) as Arc<dyn Facts>);
        let facts = Arc::new(lock(&noting.noted).drain().collect());
        lock(&self.askings).push(Asking { slot: version.slot.clone(), question, facts, fuel: called.fuel });
        called
    }

    fn migrate(&self, version: &Installed, limits: &SlotConfig, from_schema: u32, facts: Vec<Seen>) -> Migrated {
        self.runtime.migrate(version, limits, from_schema, facts)
    }
}

// ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Memory that keeps the last batch beside what it writes.
#[derive(Default)]
struct Noted {
    memory: Memory,
    last: Arc<Mutex<Writes>>,
}

impl Space for Noted {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.memory.scan(prefix, from, limit)
    }

    fn write(&self, number: u64, writes: Writes) -> Result<(), StoreError> {
        lock(&self.last).clone_from(&writes);
        self.memory.write(number, writes)
    }

    fn barrier(&self, number: u64) -> Result<(), StoreError> {
        self.memory.barrier(number)
    }

    fn acknowledged(&self) -> u64 {
        self.memory.acknowledged()
    }
}

struct Kept {
    store: Records<Noted>,
    last: Arc<Mutex<Writes>>,
    commits: Mutex<Vec<Committed>>,
}

impl Kept {
    fn new() -> Self {
        let last = Arc::default();
        let space = Noted { memory: Memory::default(), last: Arc::clone(&last) };
        let store = Records::over(space, Master::from_seed(0)).expect("memory that is empty is not damaged");
        Self { store, last, commits: Mutex::default() }
    }
}

impl Store for Kept {
    fn front(&self) -> &dyn Reads {
        self.store.front()
    }

    fn admit(&self, decide: &mut Decide<'_>) -> Result<Option<Admitted>, StoreError> {
        let mut decided = None;
        let admitted = self.store.admit(&mut |front| {
            decided = decide(front)?;
            Ok(decided.clone())
        })?;
        if let (Some(commit), Some(_)) = (decided, &admitted) {
            let writes = std::mem::take(&mut *lock(&self.last));
            lock(&self.commits).push(Committed { commit, writes });
        }
        Ok(admitted)
    }

    fn admit_intent(&self, event: &Unfinished, nth: u32, intent: &Intent) -> Result<Ticket, StoreError> {
        self.store.admit_intent(event, nth, intent)
    }

    fn keep(&self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<Ticket, StoreError> {
        self.store.keep(blobs)
    }

    fn last(&self) -> Ticket {
        Store::last(&self.store)
    }

    fn poll_durable(&self, ticket: Ticket, waker: &Waker) -> Poll<Result<(), StoreError>> {
        self.store.poll_durable(ticket, waker)
    }

    fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError> {
        self.store.forget(before, limit)
    }
}

/// Reads as the store reads.
macro_rules! reads {
    ($($name:ident($($given:ident: $of:ty),*) -> $answer:ty;)*) => {
        impl Reads for Kept {
            $(fn $name(&self $(, $given: $of)*) -> Result<$answer, StoreError> {
                self.store.$name($($given),*)
            })*
        }
    };
}

reads! {
    head() -> Head;
    fact(key: &FactKey) -> Option<Fact>;
    stamp(key: &FactKey) -> u64;
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
    parked_event(event: &DedupKey) -> Option<Parked>;
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
