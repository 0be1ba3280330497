//! One governor call beside the bare wasmtime cycle of the same component.
//!
//! First single calls, both sides by turns; then how many calls a second one thread makes, and two; then criterion's
//! groups, one side after the other.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use syndic_benches::{Asked, Bare, Ours, Pair, Scene, interleave, per_second, scenes};
use syndic_core::ports::Question;

/// Single calls of each side per scene: enough that a 99th percentile is over some hundred.
const RUNS: usize = 40_000;

/// Calls of each side before the first that is measured.
const WARM_UP: usize = 2_000;

/// Tries of a rate.
const TRIES: usize = 5;

/// One scene's governor, on both sides.
struct Sides {
    name: &'static str,
    bare: Bare,
    asked: Asked,
    ours: Ours,
}

impl Sides {
    fn new(scene: &Scene) -> Self {
        Self {
            name: scene.name,
            bare: Bare::new(&[(scene.slot.clone(), scene.component)]),
            asked: Asked::new(&scene.slot, &Question::Evaluate(scene.context.clone()), &scene.facts),
            ours: Ours::new(scene),
        }
    }

    fn bare(&self) -> u64 {
        self.bare.cycle(&self.asked)
    }
}

fn main() {
    // What `cargo test --benches` says: only show that it runs.
    let (warm_up, runs) = if env::args().any(|argument| argument == "--test") { (1, TRIES) } else { (WARM_UP, RUNS) };
    let sides: Vec<Sides> = scenes().iter().map(Sides::new).collect();
    sides.iter().for_each(check);
    println!("{:<12}{}", "one call", Pair::HEAD);
    for side in &sides {
        turns(side, warm_up);
        println!("{:<12}{}", side.name, turns(side, runs));
    }
    println!("\n{:<12}   bare/s: 1 thread  2 threads   ours/s: 1 thread  2 threads", "many calls");
    for side in &sides {
        println!("{:<12}{}", side.name, rates(side, runs / TRIES));
    }
    groups(&sides);
}

/// Both sides have to do the same work; and equal fuel is the same instructions.
fn check(sides: &Sides) {
    let (name, ours) = (sides.name, &sides.ours);
    let called = ours.call(ours.question());
    assert!(called.answer.is_ok(), "{name} decides: {called:?}");
    assert_eq!(sides.bare(), called.fuel, "both sides of {name} do the same work");
}

fn turns(sides: &Sides, runs: usize) -> Pair {
    let ours = &sides.ours;
    interleave(runs, || sides.bare(), || ours.question(), |question| ours.call(question))
}

fn rates(sides: &Sides, runs: usize) -> String {
    let ours = &sides.ours;
    let bare = [1, 2].map(|threads| best(|| per_second(threads, runs, || sides.bare())));
    let ours = [1, 2].map(|threads| best(|| per_second(threads, runs, || ours.call(ours.question()))));
    format!("{:19.0}{:11.0}{:19.0}{:11.0}", bare[0], bare[1], ours[0], ours[1])
}

/// The best of some tries: two threads need both processors, and whoever else wants one meanwhile halves the rate.
fn best(rate: impl FnMut() -> f64) -> f64 {
    std::iter::repeat_with(rate).take(TRIES).fold(0.0, f64::max)
}

fn groups(sides: &[Sides]) {
    let mut criterion = Criterion::default().configure_from_args();
    for side in sides {
        let (name, ours) = (side.name, &side.ours);
        let mut group = criterion.benchmark_group(format!("calls/{name}"));
        group.bench_function("bare", |bencher| bencher.iter(|| black_box(side.bare())));
        group.bench_function("ours", |bencher| {
            bencher.iter_batched(|| ours.question(), |question| ours.call(question), BatchSize::SmallInput);
        });
        group.finish();
    }
    criterion.final_summary();
}
