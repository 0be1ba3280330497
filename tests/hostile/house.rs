//! The host that all of them are let loose on: one runtime, two engines over it, and a governor that does its work.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use syndic_connect::Sandbox;
use syndic_core::config::{Route, SlotConfig};
use syndic_core::effect::Way;
use syndic_core::ports::GovernorRuntime;
use syndic_core::{Config, Error, Outcome, Report, Slot};
use syndic_engine::Lineup;
use syndic_runtime::Runtime;
use syndic_tests::stage::{Came, Governors, Stage};

use crate::answer::Answer;
use crate::guest::{APPROVE, Guest, evaluating};
use crate::row::{HARMLESS, Limit, REFUSED, Row};

/// Where the hostile ones sit. The manifest of all of them says that they read what is `billing`'s.
const SUSPECT: &str = "billing";

/// Where a governor sits that judges the same events, and others.
const WITNESS: &str = "witness";

/// Bytes of a log line, escaped, at most.
const LINE_MAX_BYTES: usize = 6 * 4096 + 3;

/// Log lines of one call at most, with the one that says that the rest are dropped.
const LINES_MAX: usize = 257;

/// What became of one component.
pub struct Met {
    /// The class; see [`Row::class`].
    pub class: String,
    /// What an operator reads.
    pub says: String,
    /// How long it took to load it, or to find that it cannot be.
    pub loaded: Duration,
    /// How long its event took; none where it was not loaded.
    pub judged: Duration,
    /// What it burned.
    pub fuel: u64,
}

/// The host.
pub struct House {
    runtime: Arc<Runtime>,
    by_fuel: Stage,
    by_clock: Stage,
    heard: Arc<Heard>,
    events: u64,
}

/// How much was logged since somebody asked.
#[derive(Default)]
struct Heard {
    lines: AtomicUsize,
    longest: AtomicUsize,
}

impl House {
    pub fn new() -> Self {
        let heard = Arc::new(Heard::default());
        let listens = Arc::clone(&heard);
        let log = move |_: &Slot, _, line: &str| {
            listens.lines.fetch_add(1, Ordering::SeqCst);
            listens.longest.fetch_max(line.len(), Ordering::SeqCst);
        };
        let runtime = Arc::new(Runtime::new(Arc::new(log)).unwrap());
        let witness = runtime.load(&slot(WITNESS), &Guest { kind: "Tested", ..Guest::default() }.build(), &fuelled());
        let governors =
            Governors { runtime: Arc::clone(&runtime) as Arc<dyn GovernorRuntime>, lineup: Lineup::of(witness) };
        let stage = |limits| Stage::before(Arc::new(Sandbox), config(limits), &governors, 1);
        let (by_fuel, by_clock) = (stage(fuelled()), stage(clocked()));
        let mut house = Self { runtime, by_fuel, by_clock, heard, events: 0 };
        house.keep_a_large_fact();
        house
    }

    fn install(&self, component: &[u8], limits: &SlotConfig) -> Result<(), Error> {
        let version = self.runtime.load(&slot(SUSPECT), component, limits)?;
        for stage in [&self.by_fuel, &self.by_clock] {
            stage.host().substitute(Arc::clone(&version));
        }
        Ok(())
    }

    /// What `billing.large` is: as many bytes as a fact may have, for those who read it again and again.
    fn keep_a_large_fact(&mut self) {
        let mut answer = Answer::new();
        answer.sets(&[("billing.large", &format!("\"{}\"", "x".repeat(60_000)))]);
        self.install(&answer.component(), &fuelled()).unwrap();
        for limit in [Limit::Fuel, Limit::Clock] {
            assert_eq!(self.send(limit).answer.unwrap().outcome, Outcome::Completed);
        }
    }

    /// Lets one component in, if it is let in, and has it judge an event; then a good one judges another.
    pub fn meet(&mut self, row: &Row) -> Met {
        let component = (row.made)();
        let limits = if row.limit == Limit::Clock { clocked() } else { fuelled() };
        let start = Instant::now();
        let installed = self.install(&component, &limits);
        let loaded = start.elapsed();
        let met = match installed {
            Err(error) => {
                Met { class: REFUSED.to_owned(), says: error.to_string(), loaded, judged: Duration::ZERO, fuel: 0 }
            }
            Ok(()) => self.ask(row, loaded),
        };
        self.goes_on(row);
        met
    }

    fn ask(&mut self, row: &Row, loaded: Duration) -> Met {
        let start = Instant::now();
        let came = self.send(row.limit);
        let judged = start.elapsed();
        let (lines, longest) =
            (self.heard.lines.swap(0, Ordering::SeqCst), self.heard.longest.swap(0, Ordering::SeqCst));
        assert!(lines <= 2 * LINES_MAX && longest <= LINE_MAX_BYTES, "{}: {lines} lines, {longest} bytes", row.does);
        undone(row, &came);
        let report = came.answer.unwrap();
        assert!(report.receipt.is_some(), "{}: an event has a receipt", row.does);
        let own = report.governors.iter().find(|opinion| opinion.slot.as_str() == SUSPECT).unwrap();
        let (class, says) = match report.outcome {
            Outcome::RolledBack => (own.code.clone().unwrap_or_default(), sentence(&report)),
            outcome => (outcome.name().to_owned(), own.message.clone().unwrap_or_default()),
        };
        Met { class, says, loaded, judged, fuel: own.fuel }
    }

    /// The host serves the next event, in the same slot and in both engines.
    fn goes_on(&mut self, row: &Row) {
        self.install(&evaluating(APPROVE), &fuelled()).unwrap();
        for limit in [Limit::Fuel, Limit::Clock] {
            let report = self.send(limit).answer.unwrap();
            let verdicts: Vec<&str> = report.governors.iter().map(|opinion| opinion.verdict.as_str()).collect();
            assert_eq!((report.outcome, verdicts), (Outcome::Completed, vec!["approve"; 2]), "after `{}`", row.does);
        }
    }

    fn send(&mut self, limit: Limit) -> Came {
        self.events += 1;
        let event = json!({
            "specversion": "1.0", "id": format!("evt-{}", self.events), "source": "/shop", "type": "Tested",
            "tenant": "acme", "subject": "cust-1", "time": "2026-01-01T00:00:00Z", "data": {},
        });
        let stage = if limit == Limit::Clock { &mut self.by_clock } else { &mut self.by_fuel };
        stage.send(&event.to_string())
    }
}

/// Whatever was done in the world for an event that came to nothing is undone.
fn undone(row: &Row, came: &Came) {
    let of = |way| came.asked.iter().filter(|asked| asked.request.way == way && asked.accepted == Some(true)).count();
    let outcome = came.answer.as_ref().map(|report| report.outcome);
    if row.class != HARMLESS {
        assert_eq!(of(Way::Do), of(Way::Undo), "`{}` leaves nothing done behind", row.does);
        assert!(outcome != Some(Outcome::Stuck), "`{}` leaves nothing stuck", row.does);
    }
}

fn sentence(report: &Report) -> String {
    report.error.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// The limits of `play`: fuel alone stops a governor.
fn fuelled() -> SlotConfig {
    SlotConfig { deadline_ms: 600_000, ..SlotConfig::default() }
}

/// The clock alone stops a governor, as soon as it does in a daemon.
fn clocked() -> SlotConfig {
    SlotConfig { fuel_max: u64::MAX / 2, ..SlotConfig::default() }
}

fn config(limits: SlotConfig) -> Config {
    let mut config = Config::of_play();
    config.routes =
        vec![Route { kind: "Tested".to_owned(), slots: vec![slot(SUSPECT), slot(WITNESS)], tenant_lane: false }];
    config.slots.insert(slot(SUSPECT), limits);
    config
}

fn slot(name: &str) -> Slot {
    Slot::new(name).unwrap()
}

/// Whether a sentence tells where this was built; nothing of that belongs in a receipt.
pub fn names_a_machine(sentence: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_str().is_some_and(|desk| sentence.contains(desk))
}
