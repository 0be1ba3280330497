//! Simulation: the engine, as it is, in a world that one number makes up.
//!
//! Clock, store, governors, bank and callers are simulated behind the engine's own ports; which lane goes on, what
//! becomes durable, when the process dies, and what the bank answers is rolled from the seed. So a day with crashes takes
//! a millisecond, what goes wrong goes wrong again, and the seed is the whole report.
//!
//! Not here: bytes on disk (`host/store` tests them, `tests/crash` cuts their power), components (`host/runtime`).

mod audit;
mod bank;
mod callers;
mod clock;
mod counts;
mod dice;
mod facts;
mod governors;
mod log;
mod model;
mod operator;
mod plant;
mod store;
mod world;

use std::sync::Arc;

pub use counts::Counts;
pub use plant::Plant;
pub use world::Broken;

/// Events in a day, where nobody says otherwise.
pub const EVENTS_MAX: u64 = 16;

/// What came of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first promise that was broken, if one was.
    pub broken: Option<Broken>,
    /// What happened, where it was to be written down.
    pub trace: Vec<String>,
    /// The ledger's root at the end.
    pub root: String,
    /// What the run came across.
    pub counts: Counts,
}

/// How runs are made, beside their seed.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Events in a day.
    pub events_max: u64,
    /// Whether it is written down what happens.
    pub trace: bool,
    /// A bug that is there on purpose.
    pub plant: Plant,
}

impl Default for Rules {
    fn default() -> Self {
        Self { events_max: EVENTS_MAX, trace: false, plant: Plant::Nothing }
    }
}

/// Runs one seed.
pub fn run(seed: u64, rules: Rules) -> Run {
    let log = Arc::new(log::Log::new(rules.trace));
    let (broken, root, counts) = match world::World::new(seed, rules.events_max, rules.plant, Arc::clone(&log)) {
        Ok(mut world) => (world.run().err(), world.root(), world.counts().clone()),
        Err(broken) => (Some(broken), String::new(), Counts::default()),
    };
    Run { broken, trace: log.lines(), root, counts }
}
