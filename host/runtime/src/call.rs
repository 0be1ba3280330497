//! One call: a fresh instance, its limits, and what it may do to the host.
//!
//! An instance lives for one question. Whatever a governor leaves in its memory is gone with it, so no event can be
//! judged by what another left behind, and a trap can leave nothing half done.

use std::sync::Arc;

use syndic_core::config::SlotConfig;
use syndic_core::fact::FactName;
use syndic_core::ports::{Facts, Failure, ReadError};
use syndic_core::slot::Slot;
use wasmtime::Store;
use wasmtime::component::{self, InstancePre};

use crate::bindings::{host, types};
use crate::convert;
use crate::engine::{HANDOVER_MAX_BYTES, ticks};
use crate::limiter::Memory;
use crate::offer::{READ_NAMES_MAX_BYTES, READS_MAX};
use crate::registry::Log;
use crate::text::one_line;
use crate::trap::{self, NotInstantiated};

/// Log lines of one call that are kept. A line costs its writer a few units of fuel and the host a write.
const LOG_LINES_MAX: u32 = 256;

/// How loud a governor's log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Someone should look.
    Warn,
    /// It went wrong.
    Error,
}

/// The host as one instance sees it.
pub(crate) struct Instance {
    slot: Slot,
    log: Log,
    log_lines: u32,
    pub(crate) reads: u32,
    pub(crate) read_names_bytes: usize,
    facts: Option<Arc<dyn Facts>>,
    memory: Memory,
    last_error: Option<String>,
}

/// Why a host function ended the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// See [`ReadError`].
    #[error(transparent)]
    Read(ReadError),
    /// `describe` asked for something.
    #[error("it asked the host for `{0}` while describing itself, which may depend on nothing")]
    Describing(String),
    /// It reads without end.
    #[error("it read more than {READS_MAX} facts, or by names of more than {READ_NAMES_MAX_BYTES} bytes, in one call")]
    TooManyReads,
}

/// What a governor is given for one call.
pub(crate) struct Given<'a> {
    pub(crate) slot: &'a Slot,
    pub(crate) limits: &'a SlotConfig,
    /// What it may read; none while it describes itself.
    pub(crate) facts: Option<Arc<dyn Facts>>,
    pub(crate) log: &'a Log,
}

/// Makes an instance, asks it, and drops it. Fuel counts from the first instruction of its start function.
pub(crate) fn ask<T>(
    ready: &InstancePre<Instance>,
    given: Given<'_>,
    question: impl FnOnce(component::Instance, &mut Store<Instance>) -> wasmtime::Result<T>,
) -> (Result<T, Failure>, u64) {
    let limits = given.limits;
    let instance = Instance {
        slot: given.slot.clone(),
        log: Arc::clone(given.log),
        log_lines: 0,
        reads: 0,
        read_names_bytes: 0,
        facts: given.facts,
        memory: Memory::new(limits.memory_max_bytes),
        last_error: None,
    };
    let mut store = Store::new(ready.engine(), instance);
    store.limiter(|instance| &mut instance.memory);
    store.set_hostcall_fuel(HANDOVER_MAX_BYTES);
    store.set_epoch_deadline(ticks(limits.deadline_ms));
    store.set_fuel(limits.fuel_max).expect("the engine is built to count fuel");
    let instance = ready.instantiate(&mut store).map_err(|error| error.context(NotInstantiated));
    let answer = instance.and_then(|instance| question(instance, &mut store));
    let left = store.get_fuel().expect("the engine is built to count fuel");
    let answer = answer.map_err(|error| trap::classify(&error, limits, store.data().last_error.as_deref()));
    (answer, limits.fuel_max.saturating_sub(left))
}

impl Instance {
    /// Writes a line to the log, as long as there are not too many of them.
    pub(crate) fn say(&mut self, level: Level, message: &str) {
        if self.log_lines > LOG_LINES_MAX {
            return;
        }
        self.log_lines += 1;
        if self.log_lines > LOG_LINES_MAX {
            (self.log)(&self.slot, Level::Warn, "it writes more lines than one call may; the rest are dropped");
            return;
        }
        let line = one_line(message);
        (self.log)(&self.slot, level, &line);
        if level == Level::Error {
            self.last_error = Some(line.into_owned());
        }
    }
}

impl host::Host for Instance {
    fn log(&mut self, level: host::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            host::Level::Debug => Level::Debug,
            host::Level::Info => Level::Info,
            host::Level::Warn => Level::Warn,
            host::Level::Error => Level::Error,
        };
        self.say(level, &message);
        Ok(())
    }

    fn read(&mut self, subject: types::Subject, name: String) -> wasmtime::Result<Option<types::Fact>> {
        let Some(facts) = &self.facts else {
            return Err(Stop::Describing(one_line(&name).into_owned()).into());
        };
        let scope = convert::scope(subject);
        let seen = facts.read(&FactName { scope, name }).map_err(Stop::Read)?;
        Ok(seen.map(convert::fact))
    }

    fn config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        match &self.facts {
            Some(facts) => Ok(facts.config(&key)),
            None => Err(Stop::Describing(one_line(&key).into_owned()).into()),
        }
    }
}

impl types::Host for Instance {}
