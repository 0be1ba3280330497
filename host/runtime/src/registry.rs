//! The governors that are installed, and how they are asked.
//!
//! A slot's governor is one pointer. Installing another puts a new pointer in its place; a call that is under way
//! keeps the one it began with until it ends.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use syndic_core::config::SlotConfig;
use syndic_core::decision::Decision;
use syndic_core::error::Error;
use syndic_core::ports::{Called, Facts, Failure, FailureClass, GovernorRuntime, Installed, Question};
use syndic_core::slot::Slot;
use syndic_ledger::Hash;
use wasmtime::component::Linker;

use crate::bindings::types;
use crate::cache::Cache;
use crate::call::{Given, Instance, Level};
use crate::compile::Compiler;
use crate::convert;
use crate::engine::{CALLS_MAX, Machine};
use crate::gate::Gate;
use crate::load::{Loaded, Loader};
use crate::wasi::Moment;
use crate::{offer, trap};

/// Where governors' log lines go, and what the host has to say of their code: the slot, how loud, and one line without
/// control characters.
pub type Log = Arc<dyn Fn(&Slot, Level, &str) + Send + Sync>;

/// This machine can run no component at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("governors cannot be run on this machine: {0}")]
pub struct Unavailable(String);

/// Runs governors, in slots.
pub struct Runtime {
    machine: Machine,
    compiler: Compiler,
    linker: Linker<Instance>,
    log: Log,
    gate: Gate,
    slots: RwLock<BTreeMap<Slot, Arc<Loaded>>>,
}

impl Runtime {
    /// A runtime with no governor in it, which compiles each one that it is given.
    ///
    /// # Errors
    /// The machine has no processor or kernel that governors can run on.
    pub fn new(log: Log) -> Result<Self, Unavailable> {
        Self::with_cache(log, None)
    }

    /// A runtime with no governor in it, which compiles no component again whose code the cache has.
    ///
    /// # Errors
    /// As [`Runtime::new`]. Nothing that is wrong with the cache is an error; the log hears of it.
    pub fn with_cache(log: Log, cache: Option<Cache>) -> Result<Self, Unavailable> {
        let machine = Machine::start().map_err(Unavailable)?;
        let mut linker = Linker::new(&machine.engine);
        offer::add_to_linker(&mut linker).map_err(|error| Unavailable(error.to_string()))?;
        let compiler = Compiler::new(&machine.engine, cache);
        Ok(Self { machine, compiler, linker, log, gate: Gate::new(CALLS_MAX), slots: RwLock::default() })
    }

    /// Loads a component and puts it in a slot, in the place of what was there. Calls under way end on the version they
    /// began with; a component that is refused changes nothing.
    ///
    /// # Errors
    /// [`Error::ComponentRejected`], saying what is wrong and what to do.
    pub fn install(&self, slot: &Slot, bytes: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        let loaded = self.load(slot, bytes, limits)?;
        Ok(self.publish(loaded))
    }

    /// Loads several components at once and installs all of them, or none.
    ///
    /// # Errors
    /// As [`Runtime::install`], of the first that is refused.
    pub fn install_all(&self, all: &[(Slot, &[u8], SlotConfig)]) -> Result<Vec<Arc<Installed>>, Error> {
        let loaded: Result<Vec<Loaded>, Error> = thread::scope(|scope| {
            let load = |(slot, bytes, limits)| scope.spawn(move || self.load(slot, bytes, limits));
            let loading: Vec<_> = all.iter().map(|(slot, bytes, limits)| load((slot, *bytes, limits))).collect();
            let loaded = loading.into_iter().map(|thread| thread.join().expect("loading a component does not panic"));
            loaded.collect()
        });
        Ok(loaded?.into_iter().map(|loaded| self.publish(loaded)).collect())
    }

    /// Says whether a component could be installed in a slot, and what it says of itself, without installing it.
    ///
    /// # Errors
    /// As [`Runtime::install`].
    pub fn examine(&self, slot: &Slot, bytes: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        self.load(slot, bytes, limits).map(|loaded| loaded.installed)
    }

    fn load(&self, slot: &Slot, bytes: &[u8], limits: &SlotConfig) -> Result<Loaded, Error> {
        let _place = self.gate.enter();
        let loader = Loader { compiler: &self.compiler, linker: &self.linker, log: &self.log };
        loader.load(slot, bytes, limits)
    }

    fn publish(&self, loaded: Loaded) -> Arc<Installed> {
        let installed = Arc::clone(&loaded.installed);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let previous = slots.insert(installed.slot.clone(), Arc::new(loaded));
        drop(slots);
        // Unmapping the previous version's code takes a while and is done where nobody waits for the slots.
        drop(previous);
        installed
    }

    fn loaded(&self, slot: &Slot) -> Option<Arc<Loaded>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(slot).map(Arc::clone)
    }
}

impl GovernorRuntime for Runtime {
    fn installed(&self, slot: &Slot) -> Option<Arc<Installed>> {
        self.loaded(slot).map(|loaded| Arc::clone(&loaded.installed))
    }

    fn all_installed(&self) -> Vec<Arc<Installed>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().map(|loaded| Arc::clone(&loaded.installed)).collect()
    }

    fn engine_hash(&self) -> Hash {
        self.machine.hash()
    }

    fn call(&self, slot: &Slot, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let Some(loaded) = self.loaded(slot) else {
            let reason = format!("no governor is installed in the slot `{slot}`");
            return Called { answer: Err(Failure { class: FailureClass::Trap, reason }), fuel: 0 };
        };
        let _place = self.gate.enter();
        let moment = moment(&question);
        let given = Given { slot, limits, facts: Some(facts), log: &self.log, moment };
        let (answer, fuel) = match question {
            Question::Evaluate(context) => loaded.judge.evaluate(given, &convert::context(context)),
            Question::Feedback(context, results) => {
                let results: Vec<_> = results.into_iter().map(convert::result).collect();
                loaded.judge.feedback(given, &convert::context(context), &results)
            }
        };
        Called { answer: answer.and_then(decided), fuel }
    }
}

/// When a question is asked, and what chance it brings.
fn moment(question: &Question) -> Moment {
    let (Question::Evaluate(context) | Question::Feedback(context, _)) = question;
    Moment { now_ms: context.now.ms().unsigned_abs(), seed: context.seed }
}

fn decided(answer: Result<types::Decision, types::Fault>) -> Result<Decision, Failure> {
    match answer {
        Ok(decision) => convert::decision(decision).map_err(trap::bad_answer),
        Err(fault) => Err(trap::fault(&fault)),
    }
}
