//! Components that nobody wrote: valid ones with bytes turned, pieces moved and sections shuffled.
//!
//! Whatever comes of it, the host refuses it, or runs it within its limits: it does not panic, it does not hang, and the
//! same mutant ends the same way twice. `SYNDIC_SEED` begins elsewhere, `SYNDIC_MUTANTS` says how many; what broke is
//! printed with the seed and the number that make it again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops where it is")]
#![allow(clippy::print_stdout, reason = "what a run reached is for reading")]

#[path = "../../host/runtime/tests/runtime/guest.rs"]
#[allow(dead_code, reason = "it serves the stories of the runtime too")]
mod guest;
mod mutate;

use std::collections::BTreeMap;
use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use guest::{APPROVE, FAULT, Guest, evaluating};
use mutate::mutated;
use syndic_core::config::SlotConfig;
use syndic_core::fact::{FactName, Seen};
use syndic_core::ports::{Context, Facts, GovernorRuntime, Installed, Question, ReadError};
use syndic_core::{Slot, Time};
use syndic_runtime::Runtime;
use syndic_tests::dice::Dice;
use syndic_tests::watch::Watch;

/// Mutants of an ordinary run.
const MUTANTS: u64 = 3_000;

/// What one may take at the most, compiled and asked, on a busy machine.
const WITHIN: Duration = Duration::from_secs(20);

/// Every so many mutants one is met again.
const MET_AGAIN: u64 = 10;

/// Mutants of an ordinary run that must have been let in, or the dice only make rubbish.
const LET_IN_MIN: u64 = 100;

/// What a governor reads here: everything, and it is always there.
struct Known;

impl Facts for Known {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        Ok(Some(Seen { name: fact.name.clone(), version: 1, value: "{\"n\":7}".to_owned() }))
    }

    fn config(&self, key: &str) -> Option<String> {
        Some(key.to_owned())
    }
}

struct Pen {
    runtime: Runtime,
    slot: Slot,
    limits: SlotConfig,
}

impl Pen {
    fn new() -> Self {
        let runtime = Runtime::new(Arc::new(|_, _, _| {})).unwrap();
        let limits = SlotConfig { fuel_max: 2_000_000, deadline_ms: 60_000, ..SlotConfig::default() };
        Self { runtime, slot: Slot::new("billing").unwrap(), limits }
    }

    /// What becomes of a component: how it is told, and what it burned.
    fn meet(&self, component: &[u8]) -> (String, u64) {
        match self.runtime.load(&self.slot, component, &self.limits) {
            Err(_) => ("refused".to_owned(), 0),
            Ok(installed) => self.ask(&installed),
        }
    }

    fn ask(&self, installed: &Installed) -> (String, u64) {
        let called = self.runtime.call(installed, &self.limits, Question::Evaluate(context()), Arc::new(Known));
        assert!(called.fuel <= self.limits.fuel_max, "no more fuel than there is");
        let told = match called.answer {
            Ok(decision) => match decision.checked(&self.slot, &installed.manifest, false) {
                Ok(_) => decision.verdict.name().to_owned(),
                Err(_) => "bad-answer".to_owned(),
            },
            Err(failure) => {
                assert!(!failure.reason.contains(char::is_control), "one line: {}", failure.reason);
                failure.class.name().to_owned()
            }
        };
        (told, called.fuel)
    }
}

fn context() -> Context {
    let time = Time::parse("2026-01-02T03:04:05Z").unwrap();
    Context {
        id: "evt-1".to_owned(),
        source: "/shop".to_owned(),
        kind: "Tested".to_owned(),
        subject: "cust-1".to_owned(),
        time,
        data: r#"{"sku":"pro"}"#.to_owned(),
        now: time,
        seed: 42,
    }
}

/// The valid ones: written by hand for what they exercise, and one that a compiler made.
fn valid() -> Vec<Vec<u8>> {
    let reads = "
        (call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200))
        (call $config (i32.const 4096) (i32.const 4) (i32.const 4300))
        (call $log (i32.const 1) (i32.const 4096) (i32.const 9))
        (i32.const 256)";
    let loops = "
        (local $n i32)
        (loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
        (i32.const 256)";
    let table = Guest {
        evaluate: "(call_indirect (param i32) (result i32) (i32.const 256) (i32.const 1))",
        more: "(table $t 2 8 funcref) (elem (i32.const 1) $step) (func $step (param i32) (result i32) (local.get 0))
               (global $n (mut i32) (i32.const 0)) (func $start (global.set $n (i32.const 1))) (start $start)
               (func (param f64) (result f64) (f64.sqrt (local.get 0)))",
        ..Guest::default()
    };
    let parts = Guest {
        parts: "(component (type (record (field \"a\" u8)))) (type $thing (resource (rep i32)))
                (core func (canon resource.new $thing)) (core module $m (memory 1 2)) (core instance (instantiate $m))",
        ..Guest::default()
    };
    let smallest = syndic_governors::GOVERNORS.iter().min_by_key(|bundled| bundled.bytes.len()).unwrap();
    vec![
        evaluating(APPROVE),
        evaluating(FAULT),
        Guest { evaluate: reads, more: r#"(data (i32.const 4096) "billing.n")"#, ..Guest::default() }.build(),
        evaluating(loops),
        table.build(),
        parts.build(),
        smallest.bytes.to_vec(),
    ]
}

#[test]
fn whatever_a_component_becomes_it_is_refused_or_runs_within_its_limits() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let (from, count) = (number("SYNDIC_SEED"), number("SYNDIC_MUTANTS"));
    let ordinary = from.is_none() && count.is_none_or(|count| count >= MUTANTS);
    let (from, count) = (from.unwrap_or(1), count.unwrap_or(MUTANTS));
    let (pen, valid, watch) = (Pen::new(), valid(), Watch::over(WITHIN * 3));
    for component in &valid {
        assert_ne!(pen.meet(component).0, "refused", "what is mutated is valid");
    }
    let given_up = compilers_last_words();
    let (mut ends, mut slowest) = (BTreeMap::<String, u64>::new(), Duration::ZERO);
    let begin = Instant::now();
    for seed in from..from + count {
        let mut dice = Dice::new(seed);
        // The compiled one is a hundred times as large as the others, and takes as long.
        let nth = if dice.percent(2) { valid.len() - 1 } else { dice.below(valid.len() - 1) };
        let mutant = mutated(&mut dice, &valid[nth], &valid);
        watch.now(format!("the mutant of SYNDIC_SEED={seed}"));
        let start = Instant::now();
        let met = panic::catch_unwind(AssertUnwindSafe(|| pen.meet(&mutant)));
        let took = start.elapsed();
        let met = met.unwrap_or_else(|_| panic!("the host panics with SYNDIC_SEED={seed} SYNDIC_MUTANTS=1"));
        assert!(took <= WITHIN, "SYNDIC_SEED={seed} takes {took:?}");
        if seed.is_multiple_of(MET_AGAIN) {
            assert_eq!(met, pen.meet(&mutant), "SYNDIC_SEED={seed} ends otherwise the second time");
        }
        slowest = slowest.max(took);
        *ends.entry(met.0).or_default() += 1;
    }
    let let_in = count - ends.get("refused").copied().unwrap_or_default();
    println!("{count} mutants from seed {from} in {:?}, the slowest in {slowest:?}", begin.elapsed());
    println!("{ends:?}, {let_in} let in");
    for (words, times) in given_up.lock().unwrap().iter() {
        println!("the compiler gave up {times} times: {words}");
    }
    assert_eq!(pen.meet(&evaluating(APPROVE)).0, "approve", "the host serves whoever comes next");
    assert!(!ordinary || let_in >= LET_IN_MIN, "only {let_in} of {count} were let in");
}

/// What the compiler said when it panicked, and how often. The runtime makes refusals of that.
fn compilers_last_words() -> Arc<Mutex<BTreeMap<String, u64>>> {
    let said = Arc::new(Mutex::new(BTreeMap::new()));
    let heard = Arc::clone(&said);
    let ordinary = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let inside = panic.location().is_some_and(|location| location.file().contains("wasmtime"));
        if !inside {
            return ordinary(panic);
        }
        let words = panic.payload_as_str().unwrap_or("nothing").lines().next().unwrap_or_default();
        let words: String = words.chars().take_while(|c| !c.is_ascii_digit()).collect();
        *heard.lock().unwrap().entry(words).or_default() += 1;
    }));
    said
}
