//! Resident memory over many runs of one thing: flat, once the first runs have filled what is kept.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::process::ExitCode;

use syndic_benches::process::resident_mib;
use syndic_benches::{Ours, scenes, town};

/// Customers who pay, and events that are sent before the memory may be looked at again.
const CUSTOMERS: usize = 1_000;
const BATCH: u64 = 1_000;

/// How often, where nothing else is said.
const RUNS: u64 = 100_000;

fn main() -> ExitCode {
    // Cargo itself says `--bench`.
    let words: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (what, runs) = match words[..] {
        [] => ("calls", Ok(RUNS)),
        [what] => (what, Ok(RUNS)),
        [what, runs, ..] => (what, runs.parse()),
    };
    match (what, runs) {
        ("calls", Ok(runs)) => calls(runs),
        ("events", Ok(runs)) => events(runs),
        _ => {
            eprintln!("usage: memory [calls | events] [RUNS]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Asks every scene's governor by turns. One call in eight traps, for a trap must leave nothing behind either.
fn calls(runs: u64) {
    let sides: Vec<Ours> = scenes().iter().map(Ours::new).collect();
    watch(runs, 1, |run| {
        let ours = &sides[(run / 2) as usize % sides.len()];
        let called = if run % 8 == 0 { ours.starve() } else { ours.call(ours.question()) };
        assert_eq!(called.answer.is_err(), run % 8 == 0, "only the call that gets no fuel fails: {called:?}");
    });
}

/// Has a thousand customers pay by turns, in batches, with two workers and a store on disk.
fn events(runs: u64) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(target).expect("a folder can be made");
    let host = town::host(town::store(folder.path()), town::eight(&target.join("compiled")));
    let mut paid = 0;
    watch(runs, BATCH, |_| {
        let batch = paid..paid + BATCH as usize;
        paid = batch.end;
        town::keep_busy(&host, 2, batch.map(|nth| town::pays(nth % CUSTOMERS, nth)));
    });
}

/// Does something so many times, so many at a time, and says ten times on the way how much memory is resident.
fn watch(times: u64, at_a_time: u64, mut run: impl FnMut(u64)) {
    let turns = times.div_ceil(at_a_time);
    let say = |turn: u64| println!("{:>10} done  {:>8.1} MiB resident", turn * at_a_time, resident_mib());
    say(0);
    for turn in 1..=turns {
        run(turn);
        if turn % (turns / 10).max(1) == 0 {
            say(turn);
        }
    }
}
