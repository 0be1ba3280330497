//! Loading governors, and asking them.
//!
//! A version that is loaded lives for as long as somebody holds it: whoever judges an event keeps what it began with
//! until it ends, whatever is put in the slot meanwhile. Which version that is, is not decided here.

use std::sync::Arc;

use syndic_core::config::SlotConfig;
use syndic_core::decision::Decision;
use syndic_core::error::Error;
use syndic_core::fact::Seen;
use syndic_core::ports::{Called, Facts, Failure, FailureClass, GovernorRuntime, Installed, Migrated, Question};
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
use crate::judge::Judge;
use crate::load::Loader;
use crate::wasi::Moment;
use crate::{offer, trap};

/// Where governors' log lines go, and what the host has to say of their code: the slot, how loud, and one line without
/// control characters.
pub type Log = Arc<dyn Fn(&Slot, Level, &str) + Send + Sync>;

/// This machine can run no component at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("governors cannot be run on this machine: {0}")]
pub struct Unavailable(String);

/// Runs governors.
pub struct Runtime {
    machine: Machine,
    compiler: Compiler,
    linker: Linker<Instance>,
    log: Log,
    gate: Gate,
}

impl Runtime {
    /// A runtime that compiles every component that it is given.
    ///
    /// # Errors
    /// The machine has no processor or kernel that governors can run on.
    pub fn new(log: Log) -> Result<Self, Unavailable> {
        Self::with_cache(log, None)
    }

    /// A runtime that compiles no component again whose code the cache has.
    ///
    /// # Errors
    /// As [`Runtime::new`]. Nothing that is wrong with the cache is an error; the log hears of it.
    pub fn with_cache(log: Log, cache: Option<Cache>) -> Result<Self, Unavailable> {
        let machine = Machine::start().map_err(Unavailable)?;
        let mut linker = Linker::new(&machine.engine);
        offer::add_to_linker(&mut linker).map_err(|error| Unavailable(error.to_string()))?;
        let compiler = Compiler::new(&machine.engine, cache);
        Ok(Self { machine, compiler, linker, log, gate: Gate::new(CALLS_MAX) })
    }
}

impl GovernorRuntime for Runtime {
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        let _place = self.gate.enter();
        let loader = Loader { compiler: &self.compiler, linker: &self.linker, log: &self.log };
        loader.load(slot, component, limits).map(Arc::new)
    }

    fn engine_hash(&self) -> Hash {
        self.machine.hash()
    }

    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let Some(judge) = version.code.of::<Judge>() else {
            return Called { answer: Err(not_ours(version)), fuel: 0 };
        };
        let _place = self.gate.enter();
        let moment = moment(&question);
        let given = Given { slot: &version.slot, limits, facts: Some(facts), log: &self.log, moment };
        let (answer, fuel) = match question {
            Question::Evaluate(context) => judge.evaluate(given, &convert::context(context)),
            Question::Feedback(context, results) => {
                let results: Vec<_> = results.into_iter().map(convert::result).collect();
                judge.feedback(given, &convert::context(context), &results)
            }
        };
        Called { answer: answer.and_then(decided), fuel }
    }

    fn migrate(&self, version: &Installed, limits: &SlotConfig, from_schema: u32, facts: Vec<Seen>) -> Migrated {
        let Some(judge) = version.code.of::<Judge>() else {
            return Migrated { answer: Err(not_ours(version)), fuel: 0 };
        };
        let _place = self.gate.enter();
        let given = Given { slot: &version.slot, limits, facts: None, log: &self.log, moment: Moment::default() };
        let facts: Vec<types::Fact> = facts.into_iter().map(convert::fact).collect();
        let (answer, fuel) = judge.migrate(given, from_schema, &facts);
        let answer = answer.and_then(|answer| match answer {
            Ok(facts) => Ok(facts.into_iter().map(|fact| (fact.name, fact.value)).collect()),
            Err(fault) => Err(trap::fault(&fault)),
        });
        Migrated { answer, fuel }
    }
}

fn not_ours(version: &Installed) -> Failure {
    let reason = format!("what is in the slot `{}` was not loaded by this runtime", version.slot);
    Failure { class: FailureClass::Trap, reason }
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
