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
use crate::runtime::Log;
use crate::text::one_line;
use crate::trap::{self, NotInstantiated};
use crate::wasi::{Moment, Stream, World};

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
    world: World,
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
    /// It asked for chance by the megabyte.
    #[error("it asked for more than {HANDOVER_MAX_BYTES} random bytes at once")]
    TooMuchChance,
    /// It wants something of the outside world that there is not.
    #[error(
        "it called `{0}`, and `wasi = \"deterministic\"` has no files, no network and no more of the world than it takes to start"
    )]
    NoSuchWorld(String),
    /// It ended itself.
    #[error("it ended itself with `exit`, and a governor answers")]
    Exit,
}

/// What a governor is given for one call.
pub(crate) struct Given<'a> {
    pub(crate) slot: &'a Slot,
    pub(crate) limits: &'a SlotConfig,
    /// What it may read; none while it describes itself.
    pub(crate) facts: Option<Arc<dyn Facts>>,
    pub(crate) log: &'a Log,
    /// When the event is judged, for those who may know more than they are told.
    pub(crate) moment: Moment,
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
        world: World::new(given.moment),
        last_error: None,
    };
    let mut store = Store::new(ready.engine(), instance);
    store.limiter(|instance| &mut instance.memory);
    store.set_hostcall_fuel(HANDOVER_MAX_BYTES);
    store.set_epoch_deadline(ticks(limits.deadline_ms));
    store.set_fuel(limits.fuel_max).expect("the engine is built to count fuel");
    let instance = ready.instantiate(&mut store).map_err(|error| error.context(NotInstantiated));
    let answer = instance.and_then(|instance| question(instance, &mut store));
    store.data_mut().hear_out();
    let left = store.get_fuel().expect("the engine is built to count fuel");
    let answer = answer.map_err(|error| trap::classify(&error, limits, store.data().last_error.as_deref()));
    (answer, limits.fuel_max.saturating_sub(left))
}

impl Instance {
    /// The world, for those who may see it.
    pub(crate) fn world(&mut self) -> &mut World {
        &mut self.world
    }

    /// Logs what was written to a standard stream. The last that was written to the one for errors says why it failed.
    pub(crate) fn hear(&mut self, stream: Stream, lines: &[String]) {
        for line in lines {
            self.say(stream.level(), line);
            if stream == Stream::Err {
                self.last_error = Some(one_line(line).into_owned());
            }
        }
    }

    /// Logs what was written and not ended.
    fn hear_out(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            let rest = self.world.rest(stream);
            self.hear(stream, rest.as_slice());
        }
    }

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
