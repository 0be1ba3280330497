//! Days that seeds make up, and the promises that hold in all of them.

use std::sync::atomic::{AtomicU64, Ordering};

use syndic_simulation::{Plant, Rules, run};

/// Seeds that are run whenever the tests are; `SYNDIC_SEEDS` asks for more.
const SEEDS: u64 = 5_000;

/// Within so many seeds a bug that is there is found.
const FOUND_WITHIN: u64 = 1_000;

/// Seeds that broke a promise once.
fn kept() -> Vec<u64> {
    let lines = include_str!("../seeds.txt").lines();
    let seeds = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    seeds.map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect(line)).collect()
}

/// Runs seeds on every core, and tells the story of the first that breaks a promise.
fn hold(seeds: &[u64]) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    if let Some(broken) = run(*seed, Rules::default()).broken {
                        let story = run(*seed, Rules { trace: true, ..Rules::default() }).trace.join("\n");
                        panic!("{story}\n\nseed {seed} breaks a promise: {}: {}", broken.invariant, broken.how);
                    }
                }
            });
        }
    });
}

#[test]
fn every_promise_holds_in_every_day_that_is_made_up() {
    let asked = std::env::var("SYNDIC_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    hold(&(0..asked.unwrap_or(SEEDS)).collect::<Vec<u64>>());
}

#[test]
fn a_seed_that_broke_a_promise_once_does_so_no_more() {
    hold(&kept());
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..300 {
        let rules = Rules { trace: true, ..Rules::default() };
        assert_eq!(run(seed, rules), run(seed, rules), "seed {seed}");
    }
}

#[test]
fn a_bug_that_is_planted_is_found() {
    for plant in Plant::ALL {
        let found = (0..FOUND_WITHIN).find(|seed| run(*seed, Rules { plant, ..Rules::default() }).broken.is_some());
        assert!(found.is_some(), "{plant:?} was not found within {FOUND_WITHIN} seeds");
    }
}
