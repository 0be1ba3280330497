//! Judging again: what was decided is decided once more, from what the ledger keeps and nothing else.
//!
//! A governor sees the event, the lane's time, a number that the event's hash gives, the facts it reads and its slot's
//! configuration; in `feedback`, also what services answered. All of that stands with the receipt, or where the receipt
//! points: a value that was read is kept with the receipt that wrote it, configurations and components are kept by their
//! hash. The receipt commits to each of them, and to the decision and its fuel. So there are two questions that can be
//! asked of a ledger at any time:
//!
//! - *replay*: does the component that decided, given the same again, decide the same for the same fuel? Where not, the
//!   first thing that is not as it was is named: see [`What`].
//! - *back-test*: what would another component have decided? Where it reads what the recorded one did not, the fact is
//!   looked up as of the receipt's place in the ledger; where that is not known, nothing is guessed: the decision is
//!   counted as not comparable.
//!
//! Whether a governor heard its effects' answers is not written down anywhere; its fuel tells. Every call burns some, so
//! the calls are asked for one after another until as much is burnt as the receipt says.
//!
//! What the clock stopped is not repeatable, and is said to be so. Nothing here writes.

mod backtest;
mod difference;
mod history;
mod page;
mod proof;
mod recall;
mod sitting;
mod summary;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_core::config::{SlotConfig, Wasi};
use syndic_core::ports::{GovernorRuntime, Installed, Reads, StoreError};
use syndic_core::{Config, Error, Slot};
use syndic_ledger::{Hash, Master, sha256};

pub use difference::{Call, Difference, Lack, What};
pub use proof::{Found, Part, Replayed, said};
pub use summary::{Change, First, Gates, Ratio, Summary, Then};

use history::History;

/// Nothing but fuel stops a governor that judges again, so that a slow machine is no difference. Ten minutes.
const DEADLINE_MS: u64 = 600_000;

/// Tells how much time has passed, in nanoseconds from any moment on.
pub type Stopwatch = dyn Fn() -> u64 + Sync;

/// A ledger to judge again, and what that takes.
pub struct Past<'p> {
    reads: Arc<dyn Reads>,
    runtime: &'p dyn GovernorRuntime,
    master: &'p Master,
    stopwatch: &'p Stopwatch,
    /// How many governors are asked at once.
    threads: usize,
    rulebooks: Mutex<HashMap<Hash, Known<Rulebook>>>,
    /// By slot, digest, and whether WASI was allowed.
    versions: Mutex<HashMap<(Slot, Hash, bool), Known<Installed>>>,
}

/// What is looked up once: there it is, or why it is of no use.
type Known<T> = Result<Arc<T>, What>;

/// A configuration, ready to judge by.
#[derive(Debug)]
pub(crate) struct Rulebook {
    routes: BTreeMap<String, Arc<[Slot]>>,
    tenant_kinds: Vec<String>,
    slots: BTreeMap<Slot, Arc<SlotConfig>>,
    other: Arc<SlotConfig>,
}

impl Rulebook {
    fn new(config: &Config) -> Self {
        let patient = |slot: &SlotConfig| Arc::new(SlotConfig { deadline_ms: DEADLINE_MS, ..slot.clone() });
        Self {
            routes: config.all_routes(),
            tenant_kinds: config.tenant_kinds(),
            slots: config.slots.iter().map(|(slot, config)| (slot.clone(), patient(config))).collect(),
            other: patient(&SlotConfig::default()),
        }
    }

    fn slot(&self, slot: &Slot) -> Arc<SlotConfig> {
        Arc::clone(self.slots.get(slot).unwrap_or(&self.other))
    }

    fn is_routed(&self, kind: &str) -> bool {
        self.routes.contains_key(kind)
    }
}

impl<'p> Past<'p> {
    /// The past that `reads` keeps, to be judged by so many threads at once. Components are loaded into `runtime`, beside
    /// those that are installed there.
    pub fn new(
        reads: Arc<dyn Reads>,
        runtime: &'p dyn GovernorRuntime,
        master: &'p Master,
        stopwatch: &'p Stopwatch,
        threads: usize,
    ) -> Self {
        let (rulebooks, versions) = (Mutex::default(), Mutex::default());
        Self { reads, runtime, master, stopwatch, threads: threads.max(1), rulebooks, versions }
    }

    /// The configuration of a digest.
    fn rulebook(&self, digest: Hash) -> Result<Known<Rulebook>, StoreError> {
        if let Some(known) = lock(&self.rulebooks).get(&digest) {
            return Ok(known.clone());
        }
        let read = self.content(digest)?.and_then(|bytes| match serde_json::from_slice::<Config>(&bytes) {
            Ok(config) => Ok(Arc::new(Rulebook::new(&config))),
            Err(_) => Err(Lack::Other),
        });
        let read = read.map_err(|lack| What::Configuration { digest, lack });
        lock(&self.rulebooks).insert(digest, read.clone());
        Ok(read)
    }

    /// The component of a digest, loaded for a slot.
    fn version(&self, slot: &Slot, digest: Hash, limits: &SlotConfig) -> Result<Known<Installed>, StoreError> {
        let key = (slot.clone(), digest, limits.wasi == Wasi::Deterministic);
        // Held while it loads: whoever else wants it would only load it a second time.
        let mut versions = lock(&self.versions);
        if let Some(known) = versions.get(&key) {
            return Ok(known.clone());
        }
        let loaded = match self.content(digest)? {
            Err(lack) => Err(What::Component { digest, lack }),
            Ok(bytes) => self.runtime.load(slot, &bytes, limits).map_err(|error| What::NotLoaded {
                digest,
                reason: match error {
                    Error::ComponentRejected { reason, .. } => reason,
                    other => other.to_string(),
                },
            }),
        };
        versions.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// Kept content, where it is what its name says.
    fn content(&self, digest: Hash) -> Result<Result<Vec<u8>, Lack>, StoreError> {
        Ok(match self.reads.blob(&digest)? {
            None => Err(Lack::Missing),
            Some(bytes) if sha256(&bytes) != digest => Err(Lack::Other),
            Some(bytes) => Ok(bytes),
        })
    }

    /// How many receipts there are.
    ///
    /// # Errors
    /// The store failed.
    pub fn size(&self) -> Result<u64, StoreError> {
        Ok(self.reads.head()?.frontier.size())
    }

    fn history(&self, from: u64) -> Result<History, StoreError> {
        Ok(History::new(Arc::clone(&self.reads), from, self.size()?))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
