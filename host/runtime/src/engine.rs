//! The engine: one set of settings, and the clock that stops runaways.
//!
//! Everything that could make two runs of one component differ is fixed or switched off here, and what a decision or
//! its fuel depend on is hashed. How fast a call is (the pool, copy-on-write, which pages stay resident) is not part of
//! that hash: it may differ between machines, and answers must not.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use syndic_ledger::{Hash, sha256};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails, WasmFeatures,
};

use crate::offer::{BYTE_FUEL, CALL_FUEL, READ_NAMES_MAX_BYTES, READS_MAX};

/// The engine's version, because fuel and code generation are its own. A test holds it against the lock file.
const WASMTIME: &str = "48.0.8";

/// Calls that may run at once. Far more than there are cores, because a call never waits; few enough that the pool
/// reserves no absurd amount of address space.
pub(crate) const CALLS_MAX: u32 = 32;

/// Linear memories one component may have: its own, and a few that toolchains add when they compose adapters.
pub(crate) const MEMORIES_MAX: u32 = 4;

/// Tables one component may have.
pub(crate) const TABLES_MAX: u32 = 8;

/// Elements one table may have. The largest real ones, of language interpreters, have some 20,000.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 65_536;

/// Core instances one component may consist of. An encoded component has three; one that brings an interpreter with its
/// libraries has some forty.
pub(crate) const CORE_INSTANCES_MAX: u32 = 64;

/// Bytes a guest may hand over at once. An answer may have 128 KiB; what is above that is refused with a sentence by
/// the core, and what is above this is not even read.
pub(crate) const HANDOVER_MAX_BYTES: usize = 1024 * 1024;

/// Bytes of native stack for the guest. Fixed, because it decides which recursions end.
const STACK_BYTES: usize = 512 * 1024;

/// Bytes of a memory or table slot that stay resident between calls: a small governor's whole working set.
const RESIDENT_BYTES: usize = 64 * 1024;

/// Bytes of address space per memory where there are too few for a pool. Guests are slower there and do the same.
const SCARCE_BYTES: u64 = 64 * 1024 * 1024;

/// How often the wall clock is looked at.
const TICK: Duration = Duration::from_millis(1);

/// The longest deadline there is, in milliseconds: a year, so that ticks never overflow.
const DEADLINE_MAX_MS: u64 = 365 * 24 * 60 * 60 * 1000;

/// What wasm has to offer and governors do not get: what is not repeatable, and what they do not need.
const WITHHELD: &[WasmFeatures] = &[
    WasmFeatures::THREADS,
    WasmFeatures::SHARED_EVERYTHING_THREADS,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::MEMORY64,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::CUSTOM_PAGE_SIZES,
    WasmFeatures::TAIL_CALL,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::GC,
    WasmFeatures::GC_TYPES,
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::LEGACY_EXCEPTIONS,
    WasmFeatures::STACK_SWITCHING,
    WasmFeatures::WIDE_ARITHMETIC,
    WasmFeatures::CM_ASYNC,
    WasmFeatures::CM_ERROR_CONTEXT,
];

/// The engine with its ticker. Dropping it stops the ticker.
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    hash: Hash,
    _ticker: Ticker,
}

impl Machine {
    /// Builds the engine, with a pool where the machine can reserve one.
    ///
    /// # Errors
    /// Why this machine can run no component at all.
    pub(crate) fn start() -> Result<Self, String> {
        let mut config = repeatable();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        let engine = Engine::new(&config).or_else(|_| {
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand).memory_reservation(SCARCE_BYTES);
            Engine::new(&config)
        });
        let engine = engine.map_err(|error| error.root_cause().to_string())?;
        let ticker = Ticker::start(&engine).map_err(|error| error.to_string())?;
        let hash = hash(&engine);
        Ok(Self { engine, hash, _ticker: ticker })
    }

    /// What besides component, configuration and inputs a decision and its fuel depend on.
    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }
}

/// The settings that decide what a component answers and what it burns, and those that cannot matter to it.
fn repeatable() -> Config {
    let mut config = Config::new();
    for feature in WITHHELD {
        config.wasm_features(*feature, false);
    }
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .shared_memory(false)
        .concurrency_support(false)
        .max_wasm_stack(STACK_BYTES)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .memory_init_cow(true)
        // The platform's list of unwind tables grows with every load; our traces walk frame pointers instead.
        .native_unwind_info(false);
    config
}

/// Room for [`CALLS_MAX`] calls of the largest component there may be; that none is larger is for the loader and the
/// limiter to see to, so that the same components are refused with a pool and without. Where the kernel has no
/// `PAGEMAP_SCAN` (before Linux 6.7, or elsewhere) the resident bytes are simply rewritten after each call.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CALLS_MAX)
        .total_core_instances(CALLS_MAX * CORE_INSTANCES_MAX)
        .total_memories(CALLS_MAX * MEMORIES_MAX)
        .total_tables(CALLS_MAX * TABLES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// SHA-256 over the engine's version and every setting that a decision or its fuel depend on, in words, so that two
/// machines with other processors, pools or kernels agree.
fn hash(engine: &Engine) -> Hash {
    let features: Vec<&str> = engine.get_wasm_features().iter_names().map(|(name, _)| name).collect();
    let settings = format!(
        "wasmtime {WASMTIME}\ncompiler cranelift\nfuel {}\nfuel-costs default\nnan-canonicalisation {}\nstack {}\n\
         handover {HANDOVER_MAX_BYTES}\nhost-call {CALL_FUEL} and {BYTE_FUEL} a byte\nreads {READS_MAX} by {READ_NAMES_MAX_BYTES} bytes\nmemories {MEMORIES_MAX}\ntables {TABLES_MAX}\n\
         table-elements {TABLE_ELEMENTS_MAX}\ncore-instances {CORE_INSTANCES_MAX}\nfeatures {}\n",
        engine.get_consume_fuel(),
        engine.get_cranelift_nan_canonicalization().unwrap_or_default(),
        engine.get_max_wasm_stack(),
        features.join(" "),
    );
    sha256(settings.as_bytes())
}

/// How many ticks from now a deadline lies: one more than it has milliseconds, because the first tick may come at once.
pub(crate) fn ticks(deadline_ms: u64) -> u64 {
    deadline_ms.min(DEADLINE_MAX_MS) + 1
}

/// A thread that counts milliseconds for one engine. A thread of its own, because a scheduler of tasks may be held up
/// by the very calls the clock is to stop.
struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.weak();
        let (stop, stopped) = mpsc::channel::<()>();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        let thread = thread::Builder::new().name("governor-clock".to_owned()).spawn(tick)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_hash_names_the_engine_that_is_built() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"\n")));
    }

    #[test]
    fn the_engine_hash_is_of_what_matters_to_a_decision_and_of_nothing_else() {
        let hash = |config: &Config| super::hash(&Engine::new(config).unwrap());
        let mut pooled = repeatable();
        pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        assert_eq!(hash(&pooled), hash(&repeatable()), "where memory comes from does not matter");
        assert_ne!(hash(&pooled), hash(repeatable().max_wasm_stack(STACK_BYTES * 2)));
        assert_ne!(hash(&pooled), hash(repeatable().wasm_tail_call(true)));
    }

    #[test]
    fn a_deadline_never_overflows() {
        assert_eq!(ticks(20), 21);
        assert_eq!(ticks(600_000), 600_001);
        assert_eq!(ticks(u64::MAX), DEADLINE_MAX_MS + 1);
    }
}
