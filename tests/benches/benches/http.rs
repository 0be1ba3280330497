//! A month of events over HTTP, with connections that stay open, beside `play` on the same events: the built binary on
//! both sides, in one run, by turns.
//!
//! Each connection sends one event, waits for its durable outcome, and sends the next; a customer's events stay on one
//! connection, in their order. So one connection pays a barrier for each event, and many share one. `play` judges ahead
//! and has no callers to answer, and is what the daemon is held against. The callers take their share of the same
//! processors.
//!
//! The events' times are past for a clock on the wall, so timers fire as soon as they are set. That is more work for the
//! daemon than for `play`, whose clock goes with the events.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use syndic_benches::daemon::{Daemon, month, run, shares};

/// Events of the month.
const EVENTS: usize = 10_000;

/// Rounds, each with every number of connections.
const ROUNDS: usize = 5;

/// Connections of each.
const CONNECTIONS: [usize; 3] = [1, 16, 256];

/// What one month took.
struct Took {
    per_second: f64,
    /// Milliseconds at the middle, at 99 and at 99.9 hundredths.
    quantiles: [f64; 3],
    memory_mib: f64,
}

fn main() {
    let only_once = env::args().any(|argument| argument == "--test");
    let (events, rounds, connections): (usize, usize, &[usize]) =
        if only_once { (200, 1, &[2]) } else { (EVENTS, ROUNDS, &CONNECTIONS) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let (file, events) = month(folder.path(), events);
    let mut played = Vec::new();
    let mut taken: Vec<Vec<Took>> = connections.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let at = |name: String| folder.path().join(name);
        played.push(play(&file, &at(format!("play-{round}")), events.len()));
        for (connections, taken) in connections.iter().zip(&mut taken) {
            taken.push(over_http(&at(format!("data-{round}-{connections}")), &events, *connections));
        }
    }
    println!("{} events, {rounds} rounds: median (least to most)\n", events.len());
    println!(
        "{:>12}  {:>24}  {:>7}  {:>22}  {:>7}  {:>7}  {:>9}",
        "connections", "events/s", "of play", "p50 ms", "p99", "p99.9", "most MiB"
    );
    let median_played = median(&mut played);
    println!("{:>12}  {:>24}", "play", spread(&mut played, 0));
    for (connections, taken) in connections.iter().zip(&taken) {
        let of = |what: &dyn Fn(&Took) -> f64| taken.iter().map(what).collect::<Vec<f64>>();
        let mut rates = of(&|took| took.per_second);
        let quantile = |nth: usize| of(&|took| took.quantiles[nth]);
        println!(
            "{connections:>12}  {:>24}  {:>7.2}  {:>22}  {:>7.2}  {:>7.2}  {:>9.0}",
            spread(&mut rates, 0),
            median(&mut rates) / median_played,
            spread(&mut quantile(0), 2),
            median(&mut quantile(1)),
            median(&mut quantile(2)),
            median(&mut of(&|took| took.memory_mib)),
        );
    }
}

/// Events a second, in `play`.
fn play(file: &Path, data: &Path, events: usize) -> f64 {
    let played = run(&["play", &file.to_string_lossy(), "--data", &data.to_string_lossy(), "--json"]);
    let summary = String::from_utf8_lossy(&played.stdout).lines().last().map(str::to_owned).unwrap_or_default();
    let summary: Value = serde_json::from_str(&summary).expect("play ends with a summary");
    events as f64 / (summary["summary"]["elapsed_ms"].as_f64().unwrap_or(f64::NAN) / 1_000.0)
}

fn over_http(data: &Path, events: &[String], connections: usize) -> Took {
    let daemon = Daemon::start(data, &[]);
    let shares = shares(events, connections);
    let start = Instant::now();
    let mut latencies: Vec<Duration> = thread::scope(|scope| {
        let senders: Vec<_> = shares.iter().map(|share| scope.spawn(|| send(&daemon, share))).collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("a connection is answered")).collect()
    });
    let per_second = events.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
    Took { per_second, quantiles: [at(0.5), at(0.99), at(0.999)], memory_mib: daemon.memory_mib().1 }
}

fn send(daemon: &Daemon, events: &[&str]) -> Vec<Duration> {
    let mut caller = daemon.caller();
    let one = |event: &&str| {
        let (status, took) = caller.send(event).expect("the daemon answers");
        // An outcome, or that it was turned away as the month wants it now and then.
        assert!([200, 201, 400, 422].contains(&status), "{status}: {}", String::from_utf8_lossy(caller.said()));
        took
    };
    events.iter().map(one).collect()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn spread(values: &mut [f64], digits: usize) -> String {
    let median = median(values);
    format!("{median:.digits$} ({:.digits$} to {:.digits$})", values[0], values[values.len() - 1])
}
