//! What each governor costs for each kind of event: fuel and time of single calls, over random histories like those of
//! the test program `histories`.
//!
//! A call is an `evaluate` or a `feedback`, in a fresh instance. Fuel is the same on every run; time is of this machine
//! and this moment, and is there to be set beside the fuel.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use syndic_benches::Samples;
use syndic_core::config::SlotConfig;
use syndic_core::fact::Seen;
use syndic_core::ports::{Called, Facts as Snapshot, GovernorRuntime, Installed, Migrated, Question};
use syndic_core::{Config, Error, Slot};
use syndic_ledger::Hash;
use syndic_tests::facts::Facts;
use syndic_tests::marketplace::Marketplace;
use syndic_tests::stage::{Governors, Stage, eight};

/// Histories, and the lines of each.
const HISTORIES: u64 = 40;
const LINES: usize = 300;

/// Fuel a call may burn, for comparison.
const FUEL_MAX: u64 = 20_000_000;

/// What calls cost: fuel, and nanoseconds.
type Costs = BTreeMap<(String, String), (Vec<u64>, Vec<u64>)>;

fn main() {
    let histories = if env::args().any(|argument| argument == "--test") { 1 } else { HISTORIES };
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let Governors { runtime, lineup } = eight(&compiled, &Config::of_play());
    let clocked = Arc::new(Clocked { runtime, costs: Mutex::default() });
    let governors = Governors { runtime: Arc::clone(&clocked) as Arc<dyn GovernorRuntime>, lineup };
    for seed in 1..=histories {
        live(&governors, seed);
    }
    let costs = std::mem::take(&mut *clocked.costs.lock().unwrap_or_else(PoisonError::into_inner));
    print(costs);
}

fn live(governors: &Governors, seed: u64) {
    let (mut stage, mut marketplace, mut facts) = (Stage::new(governors, 0), Marketplace::new(seed), Facts::default());
    for _ in 0..LINES {
        let line = marketplace.next_line(&facts);
        for step in stage.send(&line).steps {
            for (whose, name, value) in step.writes {
                facts.write(whose, &name, value);
            }
        }
    }
}

fn print(costs: Costs) {
    println!(
        "{:<18}{:<22}{:>8}{:>12}{:>12}{:>12}{:>8}{:>9}{:>9}",
        "governor", "event", "n", "fuel p50", "p99", "most", "of max", "µs p50", "p99"
    );
    for ((slot, kind), (fuel, times)) in costs {
        let most = fuel.iter().copied().max().unwrap_or(0);
        // Percentiles are told in thousands, because times are in nanoseconds; fuel is counted, so back.
        let (n, fuel, times) = (fuel.len(), Samples::new(fuel), Samples::new(times));
        println!(
            "{slot:<18}{kind:<22}{n:>8}{:>12.0}{:>12.0}{most:>12}{:>7.1}%{:>9.1}{:>9.1}",
            fuel.percentile(50.0) * 1e3,
            fuel.percentile(99.0) * 1e3,
            most as f64 * 100.0 / FUEL_MAX as f64,
            times.percentile(50.0),
            times.percentile(99.0),
        );
    }
}

/// A runtime beside a clock.
struct Clocked {
    runtime: Arc<dyn GovernorRuntime>,
    costs: Mutex<Costs>,
}

impl GovernorRuntime for Clocked {
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        self.runtime.load(slot, component, limits)
    }

    fn engine_hash(&self) -> Hash {
        self.runtime.engine_hash()
    }

    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Snapshot>) -> Called {
        let (Question::Evaluate(context) | Question::Feedback(context, _)) = &question;
        let key = (version.slot.to_string(), context.kind.clone());
        let begin = Instant::now();
        let called = self.runtime.call(version, limits, question, facts);
        let time = begin.elapsed().as_nanos() as u64;
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        let (fuel, times) = costs.entry(key).or_default();
        fuel.push(called.fuel);
        times.push(time);
        called
    }

    fn migrate(&self, version: &Installed, limits: &SlotConfig, from_schema: u32, facts: Vec<Seen>) -> Migrated {
        self.runtime.migrate(version, limits, from_schema, facts)
    }
}
