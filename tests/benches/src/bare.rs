//! The bare side: wasmtime, the same component, and the least around it that keeps the same limits.
//!
//! The engine has every setting that costs time in the same place as `syndic-runtime`'s: the pool and what stays
//! resident of it, fuel, the epoch and its ticker, a limiter, and no more wall clock than that. That both sides burn
//! the same fuel is checked before anything is measured. What it does without is all that makes a host: its facts
//! are its own, and nobody reads its answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use syndic_core::Slot;
use syndic_core::config::SlotConfig;
use syndic_core::fact::{FactName, Scope, Seen};
use syndic_core::ports::{Context, EffectResult, Question};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder,
};

use self::bindings::exports::syndic::governor::judge;
use self::bindings::syndic::governor::{host, types};
use self::bindings::{Governor, GovernorPre};

mod bindings {
    //! The contract in `wit/`.
    #![allow(
        missing_docs,
        unreachable_pub,
        unsafe_code,
        reason = "generated from wit/, where everything is documented"
    )]

    wasmtime::component::bindgen!({ path: "../../wit", world: "governor", imports: { default: trappable } });
}

/// Governors, ready to be asked.
pub struct Bare {
    engine: Engine,
    governors: HashMap<Slot, GovernorPre<Host>>,
    limits: SlotConfig,
    /// Dropped, it stops the ticker.
    _ticking: mpsc::Sender<()>,
}

/// A question in the words of the contract.
pub struct Asked {
    slot: Slot,
    context: types::Context,
    /// What it hears of its effects; none where it is to judge.
    results: Option<Vec<types::EffectResult>>,
    facts: Arc<HashMap<FactName, Seen>>,
}

struct Host {
    facts: Arc<HashMap<FactName, Seen>>,
    limits: StoreLimits,
    /// What the contract asks for calls of the host: 500, and 1 for every byte handed over. Nobody is stopped by it.
    charged: u64,
}

impl Host {
    fn charge(&mut self, bytes: usize) {
        self.charged += bytes as u64;
    }
}

/// Fuel for a call of the host, beside its bytes.
const CALL_FUEL: usize = 500;

impl Bare {
    /// Compiles governors, in an engine of its own.
    ///
    /// # Panics
    /// The machine has no room for a pool, or a component cannot be run.
    pub fn new(components: &[(Slot, &[u8])]) -> Self {
        let engine = Engine::new(&config()).expect("this machine can run components in a pool");
        let mut linker = Linker::new(&engine);
        Governor::add_to_linker::<_, HasSelf<_>>(&mut linker, |host: &mut Host| host).expect("the contract links");
        let governors = components.iter().map(|(slot, bytes)| (slot.clone(), ready(&engine, &linker, bytes))).collect();
        let ticking = tick(&engine);
        Self { engine, governors, limits: SlotConfig::default(), _ticking: ticking }
    }

    /// One cycle: a store with its limits, an instance, the question, the answer. Returns the fuel it burned.
    ///
    /// # Panics
    /// The governor gave no decision, so that there is nothing to compare with.
    pub fn cycle(&self, asked: &Asked) -> u64 {
        let limits = StoreLimitsBuilder::new().memory_size(self.limits.memory_max_bytes as usize).build();
        let mut store = Store::new(&self.engine, Host { facts: Arc::clone(&asked.facts), limits, charged: 0 });
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(self.limits.deadline_ms);
        store.set_fuel(self.limits.fuel_max).expect("the engine counts fuel");
        let governor = self.governors[&asked.slot].instantiate(&mut store).expect("the governor can be instantiated");
        let judge: &judge::Guest = governor.syndic_governor_judge();
        let answer = match &asked.results {
            None => judge.call_evaluate(&mut store, &asked.context),
            Some(results) => judge.call_feedback(&mut store, &asked.context, results),
        };
        assert!(answer.expect("the governor does not trap").is_ok(), "the governor reports no fault");
        store.data().charged + self.limits.fuel_max - store.get_fuel().expect("the engine counts fuel")
    }
}

fn ready(engine: &Engine, linker: &Linker<Host>, bytes: &[u8]) -> GovernorPre<Host> {
    let component = Component::from_binary(engine, bytes).expect("the governor is a component");
    component.initialize_copy_on_write_image().expect("the governor's memory has an image");
    let ready = linker.instantiate_pre(&component).expect("the governor keeps to the contract");
    GovernorPre::new(ready).expect("the governor keeps to the contract")
}

impl Asked {
    /// Says a question in the words of the contract.
    pub fn new(slot: &Slot, question: &Question, facts: &Arc<HashMap<FactName, Seen>>) -> Self {
        let (context, results) = match question.clone() {
            Question::Evaluate(context) => (context, None),
            Question::Feedback(context, results) => (context, Some(results.into_iter().map(result).collect())),
        };
        Self { slot: slot.clone(), context: self::context(context), results, facts: Arc::clone(facts) }
    }
}

fn context(context: Context) -> types::Context {
    let Context { id, source, kind, subject, time, data, now, seed } = context;
    let event = types::Event { id, source, kind, subject, time: time.to_string(), data };
    types::Context { event, now: now.to_string(), seed }
}

fn result(result: EffectResult) -> types::EffectResult {
    let EffectResult { id, action, key, accepted, body } = result;
    types::EffectResult { id, action, key: key.to_string(), accepted, body }
}

impl host::Host for Host {
    fn log(&mut self, _: host::Level, message: String) -> wasmtime::Result<()> {
        self.charge(CALL_FUEL + message.len());
        Ok(())
    }

    fn read(&mut self, subject: types::Subject, name: String) -> wasmtime::Result<Option<types::Fact>> {
        let scope = match subject {
            types::Subject::Customer => Scope::Customer,
            types::Subject::Tenant => Scope::Tenant,
        };
        self.charge(CALL_FUEL + name.len());
        let seen = self.facts.get(&FactName { scope, name }).cloned();
        self.charge(seen.as_ref().map_or(0, |seen| seen.name.len() + seen.value.len()));
        Ok(seen.map(|Seen { name, version, value }| types::Fact { name, version, value }))
    }

    fn config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.charge(CALL_FUEL + key.len());
        Ok(None)
    }
}

impl types::Host for Host {}

/// `syndic-runtime`'s settings, save those that only take features away from guests.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(32)
        .total_core_instances(32 * 16)
        .total_memories(32 * 4)
        .total_tables(32 * 8)
        .max_tables_per_module(8)
        .table_elements(65_536)
        .linear_memory_keep_resident(64 * 1024)
        .table_keep_resident(64 * 1024)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .concurrency_support(false)
        .max_wasm_stack(512 * 1024)
        .memory_init_cow(true)
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Counts milliseconds until what it returns is dropped.
fn tick(engine: &Engine) -> mpsc::Sender<()> {
    let (ticking, stopped) = mpsc::channel::<()>();
    let engine = engine.weak();
    thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        }
    });
    ticking
}
