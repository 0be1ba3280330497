//! Commits of our store, beside sled by itself and beside a file that grows, in groups of 1, 8 and 64.
//!
//! The commits are those of customers who take up a plan, and of what follows from it. The bare sides write the very
//! keys and values that our store wrote for them, and nobody has to make receipts of records, look at what was there
//! before, or keep the ledger's tree.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::time::Instant;

use syndic_benches::disk::{Append, PlainSled, bytes};
use syndic_benches::tape::{Committed, tape};
use syndic_benches::{Samples, town};
use syndic_store::{SledStore, Writes};

/// Customers whose commits are written: some four times as many commits.
const CUSTOMERS: usize = 2_000;

/// Commits that one barrier is shared by, and how many commits are written in such groups.
const GROUPS: [(usize, usize); 3] = [(1, 2_000), (8, 6_000), (64, usize::MAX)];

fn main() {
    let only_once = env::args().any(|argument| argument == "--test");
    let customers = if only_once { 2 } else { CUSTOMERS };
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let commits: Vec<Committed> =
        tape(&compiled, (0..customers).map(town::subscribes)).into_iter().flat_map(|taped| taped.commits).collect();
    let all: usize = commits.iter().map(|committed| bytes(&committed.writes)).sum();
    println!("{} commits of {} bytes each\n", commits.len(), all / commits.len());
    println!(
        "{:>8}{:>12}{:>12}{:>12}{:>12}{:>24}",
        "in groups", "", "commits/s", "µs p50", "µs p99", "ours / it (mean, p50)"
    );
    for (group, most) in GROUPS {
        table(group, &commits[..most.min(commits.len())]);
    }
}

fn table(group: usize, commits: &[Committed]) {
    let sides = measure(group, commits);
    let [ours, ..] = &sides;
    for (name, side) in ["ours", "sled", "append"].iter().zip(&sides) {
        println!(
            "{group:>9}{name:>12}{:>12.0}{:>12.0}{:>12.0}{:>15.2}{:>9.2}",
            group as f64 / side.mean() * 1e6,
            side.percentile(50.0),
            side.percentile(99.0),
            ours.mean() / side.mean(),
            ours.percentile(50.0) / side.percentile(50.0),
        );
    }
}

/// Times every group on each side by turns: ours, sled, and a file.
fn measure(group: usize, commits: &[Committed]) -> [Samples; 3] {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let ours = town::store(&folder.path().join("ours"));
    let sled = PlainSled::new(&folder.path().join("sled"));
    let mut file = Append::new(&folder.path().join("append"));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for (nth, group) in commits.chunks(group).enumerate() {
        let writes: Vec<&Writes> = group.iter().map(|committed| &committed.writes).collect();
        for side in 0..3 {
            let side = (nth + side) % 3;
            times[side].push(match side {
                0 => commit(&ours, group),
                1 => timed(|| sled.commit(&writes)),
                _ => timed(|| file.commit(&writes)),
            });
        }
    }
    times.map(Samples::new)
}

fn commit(store: &SledStore, group: &[Committed]) -> u64 {
    let commits = group.iter().map(|committed| committed.commit.clone()).collect();
    timed(|| store.commit_all(commits).expect("the store commits"))
}

fn timed(run: impl FnOnce()) -> u64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_nanos() as u64
}
