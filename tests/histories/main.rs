//! The eight governors through random years, in the real runtime and the real engine, and what must hold after every
//! event of them.
//!
//! `SYNDIC_SEED` begins elsewhere, `SYNDIC_HISTORIES` says how many. A history that breaks a promise is cut down to the
//! fewest lines that still break it, and printed as `syndic play` takes it. Seeds that once found something are in
//! `seeds.txt` and go first.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops where it is")]
#![allow(clippy::print_stdout, reason = "what a run reached is for reading")]

mod history;
mod oracle;
mod shrink;
mod teeth;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use history::{Source, Terms, Told, live};
use oracle::tables::Moves;
use syndic_core::Config;
use syndic_tests::stage::{Governors, eight};

/// Lines of one history, besides those at its end.
const LINES: usize = 300;

/// Histories of an ordinary run.
const HISTORIES: u64 = 96;

/// Every so many histories one is played again, elsewhere and otherwise.
const PLAYED_AGAIN: u64 = 4;

/// Rows of the published tables that an ordinary run reaches at least.
const ROWS_REACHED_MIN: usize = 160;

/// What all histories of a run come to.
#[derive(Default)]
struct Run {
    lines: usize,
    receipts: u64,
    fuel: u64,
    moves: Moves,
    outcomes: BTreeMap<(String, &'static str), u64>,
    /// The first broken promise, told in full.
    broken: Option<String>,
}

#[test]
fn whatever_happens_every_promise_holds() {
    let governors = eight(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"), &Config::of_play());
    let (seeds, ordinary) = seeds();
    let (run, next, stop) = (Mutex::new(Run::default()), AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |cores| cores.get().min(4)) {
            scope.spawn(|| {
                while let Some(seed) =
                    seeds.get(next.fetch_add(1, Ordering::SeqCst)).filter(|_| !stop.load(Ordering::SeqCst))
                {
                    let told = one(&governors, *seed);
                    stop.fetch_or(told.objection.is_some(), Ordering::SeqCst);
                    run.lock().unwrap().join(&governors, *seed, told);
                }
            });
        }
    });
    let run = run.into_inner().unwrap();
    if let Some(broken) = &run.broken {
        panic!("{broken}");
    }
    let (unseen, rows) = run.moves.unseen();
    run.print(seeds.len(), &unseen, rows);
    if ordinary {
        assert!(run.lines >= 10_000, "{} lines are no histories", run.lines);
        assert!(rows - unseen.len() >= ROWS_REACHED_MIN, "only {} of {rows} rows were reached", rows - unseen.len());
    }
}

/// The seeds of this run, and whether it is an ordinary one.
fn seeds() -> (Vec<u64>, bool) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let (from, count) = (number("SYNDIC_SEED"), number("SYNDIC_HISTORIES"));
    let ordinary = from.is_none() && count.is_none();
    let kept = include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let kept = kept.map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a seed"));
    let from = from.unwrap_or(1);
    let fresh = from..from + count.unwrap_or(HISTORIES);
    (kept.filter(|_| ordinary).chain(fresh).collect(), ordinary)
}

/// Lives the history of a seed.
fn one(governors: &Governors, seed: u64) -> Told {
    let mut told = live(governors, Source::seed(seed, LINES), Terms::of(seed));
    if told.objection.is_none() && seed.is_multiple_of(PLAYED_AGAIN) {
        told.objection = again(governors, &told, Terms::of(seed)).err();
    }
    told
}

/// The same lines once more, on a fresh store, in one go and with looking ahead: the same facts, receipts and fuel.
fn again(governors: &Governors, told: &Told, terms: Terms) -> oracle::Held {
    const PROMISE: &str = "replaying a history gives the same facts, receipts and fuel";
    let mut stage = terms.stage(governors, 1);
    let mut came = stage.play(told.lines.iter().chain(&told.leaving).map(String::as_str));
    came.steps.append(&mut stage.pass(told.end).steps);
    let fuel: u64 = came.steps.iter().flat_map(|step| &step.report.governors).map(|opinion| opinion.fuel).sum();
    oracle::hold!(
        PROMISE,
        came.steps.len() as u64 == told.receipts,
        "{} receipts, then {}",
        told.receipts,
        came.steps.len()
    );
    oracle::hold!(PROMISE, fuel == told.fuel, "fuel {}, then {fuel}", told.fuel);
    oracle::hold!(PROMISE, stage.root() == told.root, "root {}, then {}", told.root, stage.root());
    oracle::hold!(
        PROMISE,
        stage.stored(told.facts.0.keys()) == told.facts,
        "the facts differ, and the receipts do not"
    );
    Ok(())
}

impl Run {
    fn join(&mut self, governors: &Governors, seed: u64, told: Told) {
        if self.broken.is_none() && told.objection.is_some() {
            self.broken = Some(report(governors, seed, &told));
        }
        self.lines += told.lines.len();
        self.receipts += told.receipts;
        self.fuel += told.fuel;
        self.moves.join(told.moves);
        for (what, count) in told.outcomes {
            *self.outcomes.entry(what).or_default() += count;
        }
    }

    fn print(&self, histories: usize, unseen: &[(&str, &oracle::tables::Row)], rows: usize) {
        println!("{histories} histories, {} lines, {} receipts, {} fuel", self.lines, self.receipts, self.fuel);
        for ((kind, outcome), count) in &self.outcomes {
            println!("{count:>8} {kind} {outcome}");
        }
        println!("{} of {rows} published moves were reached; never:", rows - unseen.len());
        for (fact, (from, on, to)) in unseen {
            println!("    {fact} {from} | {on} | {to}");
        }
    }
}

/// The broken promise, and the fewest lines that break it.
fn report(governors: &Governors, seed: u64, told: &Told) -> String {
    let Some(objection) = &told.objection else { return String::new() };
    let terms = Terms::of(seed);
    let live = |lines: &[String]| live(governors, Source::given(lines.to_vec()), terms);
    let breaks = |lines: &[String]| live(lines).objection.is_some_and(|it| it.promise == objection.promise);
    let lines = if breaks(&told.lines) { shrink::shrink(told.lines.clone(), breaks) } else { told.lines.clone() };
    let least = live(&lines);
    let told = least.objection.as_ref().unwrap_or(objection);
    let mut text = format!("seed {seed} breaks a promise: {}\n  {}\n", told.promise, told.told);
    let until = if least.end > least.latest { format!(", played until {}", least.end) } else { String::new() };
    let moods = match terms.bad_percent {
        0 => String::new(),
        percent => format!(", in a world of {percent} % bad days"),
    };
    let tax = if terms.tax_bp == 0 { String::new() } else { format!(", with tax_bp = {}", terms.tax_bp) };
    let _ = writeln!(text, "these {} lines do{until}{moods}{tax}:", lines.len() + least.leaving.len());
    for line in lines.iter().chain(&least.leaving) {
        let _ = writeln!(text, "{line}");
    }
    text
}
