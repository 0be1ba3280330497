//! A real `syndic play` on a real directory outlives `kill -9` and power cuts; and the tool that says so can say no.
//!
//! `SYNDIC_CRASHES` says how many processes are to end in each way, `SYNDIC_BIN` which binary is meant.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on has failed; it tells its seed")]

use std::env;

use syndic_crash::{Mode, Plan, Tally, Wrong, run};

/// The same every day, so that a test that fails, fails again.
const SEED: u64 = 20_260_101;

fn plan(kills: u64, cuts: u64) -> Plan {
    let binary = env::var_os("SYNDIC_BIN").map(Into::into);
    let cache = Some(concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-governors").into());
    Plan { kills, cuts, seed: SEED, jobs: 2, events: None, binary, cache, only: None, disk_lies: false }
}

fn crashes() -> u64 {
    env::var("SYNDIC_CRASHES").ok().map_or(12, |number| number.parse().expect("SYNDIC_CRASHES is a number"))
}

#[track_caller]
fn check(plan: &Plan) {
    println!("seed {}, {} kills, {} cuts", plan.seed, plan.kills, plan.cuts);
    let tally = run(plan, &|_| {}).unwrap();
    let found: Vec<String> = tally.found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n\n"));
    for mode in Mode::ALL {
        assert!(tally.trials(mode) >= mode.wanted(plan), "{mode:?}: {tally:?}");
        assert!(tally.counts.get(&mode).is_none_or(|counts| counts.checked > 0), "{mode:?}: nothing was acknowledged");
    }
}

#[test]
fn what_was_acknowledged_outlives_the_process() {
    check(&plan(crashes(), 0));
}

#[test]
fn what_was_acknowledged_outlives_the_power() {
    check(&plan(0, crashes()));
}

#[test]
fn a_disk_that_lies_is_found_out() {
    let plan = Plan { disk_lies: true, ..plan(0, 12) };
    let tally = run(&plan, &|_| {}).unwrap();
    let lost = |tally: &Tally| tally.found.iter().any(|found| found.wrong == Wrong::Lost && found.mode == Mode::Drop);
    assert!(lost(&tally), "with a barrier that does nothing, something acknowledged is lost: {tally:?}");
    // Here it is no news, so nothing is kept.
    for found in tally.found {
        let _ = std::fs::remove_dir_all(found.kept.parent().expect("it is kept below the run's folder"));
    }
}
