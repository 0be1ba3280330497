//! What an event costs where much is stored already, and for few customers or many: time, disk, memory, and how long it
//! takes to open such a store again.
//!
//! The event is a payment, which three governors judge. Each leaves a fact with its customer, and everything else that
//! stays for good: a receipt, a claim, the key it is known by. No governor reads what earlier payments left, so what is
//! measured is only that there is more of it. Every row is a process of its own, so that its memory is its own too.
//! `-- million` adds the rows of a million events.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use syndic_benches::disk::bytes_of;
use syndic_benches::process::{cpu_seconds, resident_mib};
use syndic_benches::town;

/// Events that are stored before the ones that are measured, and customers they are of.
const ROWS: &[(usize, usize)] =
    &[(1_000, 1), (1_000, 100), (1_000, 100_000), (100_000, 1), (100_000, 100), (100_000, 100_000)];
const MILLION: &[(usize, usize)] = &[(1_000_000, 1), (1_000_000, 100), (1_000_000, 100_000)];

/// Events that are measured.
const MEASURED: usize = 4_000;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|it| it == word);
    if let [row, stored, customers] = &words[..]
        && row == "row"
    {
        let number = |word: &String| word.parse().expect("a row is two numbers");
        return row_of(number(stored), number(customers));
    }
    println!(
        "{:>9}{:>11}{:>11}{:>11}{:>10}{:>13}{:>10}{:>10}{:>11}",
        "stored", "customers", "µs, wall", "µs, cpu", "facts/one", "disk B each", "MiB", "open ms", "verify ms"
    );
    let rows: &[(usize, usize)] = if has("--test") { &[(10, 3)] } else { ROWS };
    let more = if has("million") { MILLION } else { &[] };
    for (stored, customers) in rows.iter().chain(more) {
        let this = env::current_exe().expect("this program knows where it is");
        let row = Command::new(this).args(["row", &stored.to_string(), &customers.to_string()]).status();
        assert!(row.expect("this program runs").success(), "the row of {stored} events and {customers} customers");
    }
}

fn row_of(stored: usize, customers: usize) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let runtime = town::eight(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"));
    let store = town::store(folder.path());
    let host = town::host(store.clone(), runtime);
    let workers = 2;
    // A step that has no divisor in common with the customers' numbers visits them all, and never one after another.
    let payment = |nth: usize| town::pays(nth * 7_919 % customers, nth);
    town::keep_busy(&host, workers, (0..stored).map(payment));

    let (begin, cpu) = (Instant::now(), cpu_seconds());
    town::keep_busy(&host, workers, (stored..stored + MEASURED).map(payment));
    let per_event = 1e6 / MEASURED as f64;
    let (wall, cpu) = (begin.elapsed().as_secs_f64() * per_event, (cpu_seconds() - cpu) * per_event);

    // Before all of a customer's facts are fetched: what that takes, the allocator keeps.
    let resident = resident_mib();
    let facts = host.ports().store.facts("acme", Some("customer-0000000")).expect("the store can be read").len();
    drop((host, store));
    let disk = bytes_of(folder.path()) as f64 / (stored + MEASURED) as f64;
    let begin = Instant::now();
    let store = town::store(folder.path());
    let opened = begin.elapsed();
    store.verify().expect("the ledger is whole");
    let verified = begin.elapsed() - opened;
    println!(
        "{stored:>9}{customers:>11}{wall:>11.1}{cpu:>11.1}{facts:>10}{disk:>13.0}{resident:>10.1}{:>10.1}{:>11.1}",
        opened.as_secs_f64() * 1e3,
        verified.as_secs_f64() * 1e3,
    );
}
