//! A proof as a net is loaded, beside a proof that always reduces first, one that never does, and an oracle that tries
//! every firing without any cleverness.
//!
//! All sides prove the same net by turns, so their ratios are of one run. Then criterion's groups, one side after the
//! other.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

#[allow(dead_code, reason = "a bench asks the oracle for its markings only")]
#[path = "../tests/soundness/oracle.rs"]
mod oracle;
#[path = "../tests/soundness/pnml.rs"]
mod pnml;
#[path = "../tests/soundness/text.rs"]
mod text;

use std::env;
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use syndic_nets::Flat;
use syndic_nets::proof::{Budget, Reduce, prove};

use oracle::Oracle;

/// Proofs of each side per net: a median of them means something.
const RUNS: usize = 301;

/// A way to prove a net, and what it is called.
type Side = (&'static str, fn(&Flat));

const SIDES: [Side; 4] = [
    ("as loaded", |net| proved(net, Reduce::WhenLarge)),
    ("always reduced", |net| proved(net, Reduce::Always)),
    ("never reduced", |net| proved(net, Reduce::Never)),
    ("oracle", |net| assert!(black_box(Oracle::ask(net, usize::MAX)).faults().is_empty())),
];

fn proved(net: &Flat, reduce: Reduce) {
    assert!(black_box(prove(black_box(net), &Budget { reduce, ..Budget::default() })).is_sound());
}

/// So many branches of four markings each, beside each other.
fn branches(count: usize) -> Flat {
    let all = |end: &str| (0..count).map(|at| format!("{end}{at} ")).collect::<String>();
    let mut text = format!("T_Split: P_Begin -> {}\nT_Join: {} -> P_End\n", all("P_In"), all("P_Out"));
    for at in 0..count {
        let _ = writeln!(text, "T_A{at}: P_In{at} -> P_One{at}\nT_B{at}: P_One{at} -> P_Two{at}");
        let _ = writeln!(text, "T_C{at}: P_Two{at} -> P_Out{at}\nT_Back{at}: P_Two{at} -> P_One{at}");
    }
    text::net(&text, "P_End")
}

/// The nets, and how many of the sides are asked: the last ones may have too much to do.
fn nets() -> Vec<(String, Flat, usize)> {
    let marketplace = pnml::NETS.into_iter().map(|(name, text, _)| (name.to_owned(), pnml::read(text), 4));
    let wide = [(4, 4), (8, 3), (100, 2)]
        .into_iter()
        .map(|(count, sides)| (format!("{count} branches"), branches(count), sides));
    marketplace.chain(wide).collect()
}

/// Median of each side, in microseconds; every side is timed once in each round.
fn medians(net: &Flat, sides: &[Side], runs: usize) -> Vec<f64> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); sides.len()];
    for _ in 0..runs {
        for ((_, side), times) in sides.iter().zip(&mut times) {
            #[allow(clippy::disallowed_methods, reason = "a bench is about time")]
            let begin = Instant::now();
            side(net);
            times.push(begin.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    };
    times.iter_mut().map(median).collect()
}

fn main() {
    // What `cargo test --benches` says: only show that it runs.
    let runs = if env::args().any(|argument| argument == "--test") { 1 } else { RUNS };
    println!("{:<20}{:>8}{:>13}  median, and how many times as long as loaded", "", "places", "transitions");
    for (name, net, sides) in nets() {
        let sides = &SIDES[..sides];
        // What takes a second and is not run often is as good a figure.
        let medians = medians(&net, sides, if name == "8 branches" { runs.min(5) } else { runs });
        print!("{name:<20}{:>8}{:>13}", net.places.len(), net.transitions.len());
        for ((side, _), median) in sides.iter().zip(&medians) {
            print!("  {side} {median:.0} µs ×{:.1}", median / medians[0]);
        }
        println!();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let marketplace = pnml::read(pnml::NETS[5].1);
    let mut group = criterion.benchmark_group("proofs/marketplace");
    for (name, side) in SIDES {
        group.bench_function(name, |bencher| bencher.iter(|| side(&marketplace)));
    }
    group.finish();
    criterion.final_summary();
}
