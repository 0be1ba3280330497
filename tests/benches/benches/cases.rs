//! What open cases cost that sleep: memory, disk, the time of a step of one of them, the time it takes to open the store
//! again, and to run what is due.
//!
//! What sleeps should cost a step of what is awake nothing: that is the first figure of steps. The other is of all cases by
//! turns, where no two steps meet on a page of the tree.
//!
//! Every row is two processes: one has the cases launched, and the other opens what the first left, so that what is in
//! memory then is what a host holds that was started again. Each case waits for somebody and for a time a month off, so
//! that the index of what is due is as large as it gets. A step is a command to a work item, told its outcome when that is
//! durable. Nobody judges and no service is asked: what is measured is cases.
//!
//! `-- million` adds the row of a million cases.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use syndic_benches::Samples;
use syndic_benches::caseload::{Desk, launches, works};
use syndic_benches::disk::bytes_of;
use syndic_benches::process::{cpu_seconds, resident_mib};
use syndic_core::Event;
use syndic_ledger::Master;
use syndic_store::{MasterWanted, MemoryStore, SledStore};

/// Cases that are open.
const ROWS: [usize; 2] = [1_000, 100_000];
const MILLION: usize = 1_000_000;

/// Cases that are awake: somebody works on these alone, while all others sleep.
const AWAKE: usize = 1_000;

/// Steps that are told one by one, and then steps as fast as they are taken: of cases that are awake, and of all.
const ALONE: usize = 2_000;
const TOGETHER: usize = 30_000;

/// Looks for what is due, and cases in which something is due at one and the same moment.
const LOOKS: usize = 1_000;
const DUE: usize = 5_000;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|it| it == word);
    if let [what, open, folder] = &words[..] {
        let (open, folder) = (open.parse().expect("a row is a number of cases"), Path::new(folder));
        return if what == "launch" { launch(folder, open) } else { row(folder, open) };
    }
    println!(
        "{:>9} | {:^31} | {:^16} | {:^39} | {:^20} | {:^8} | {:^23}",
        "cases", "launched", "opened again", "steps, of 1,000 awake", "of all, by turns", "then", "due"
    );
    println!(
        "{:>9} | {:>9}{:>11}{:>11} | {:>8}{:>8} | {:>9}{:>9}{:>11}{:>10} | {:>10}{:>10} | {:>8} | {:>7}{:>8}{:>8}",
        "open",
        "a second",
        "B of case",
        "of receipt",
        "ms",
        "MiB",
        "µs p50",
        "p99",
        "a second",
        "µs cpu",
        "a second",
        "µs cpu",
        "MiB",
        "µs look",
        "a sec.",
        "µs cpu"
    );
    let rows: &[usize] = if has("--test") { &[100] } else { &ROWS };
    for open in rows.iter().chain(has("million").then_some(&MILLION)) {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
        for what in ["launch", "row"] {
            let this = env::current_exe().expect("this program knows where it is");
            let status = Command::new(this).arg(what).arg(open.to_string()).arg(folder.path()).status();
            assert!(status.expect("this program runs").success(), "{what} of {open} cases");
        }
    }
    for open in rows {
        let desk = Desk::new(Arc::new(MemoryStore::new(Master::from_seed(0))));
        desk.put_all((0..*open).map(|nth| launches(nth, false)));
        let mut people = People { done: vec![0; *open], among: *open, next: 0 };
        let (a_second, cpu) = rate(scaled(TOGETHER, *open), |steps| desk.put_all(people.by_ref().take(steps)));
        println!("in memory, {open} open: {a_second:.0} steps a second, {cpu:.1} µs of the processors each");
    }
}

/// Commands to work items, each the next of its case.
struct People {
    done: Vec<u32>,
    /// Of how many cases, each as far from the next.
    among: usize,
    next: usize,
}

impl Iterator for People {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        // A step that has no divisor in common with the number of cases visits them all, and never one after another.
        let nth = self.next * 7_919 % self.among * (self.done.len() / self.among);
        self.next += 1;
        self.done[nth] += 1;
        Some(works(nth, self.done[nth] - 1))
    }
}

fn opened(folder: &Path) -> Arc<SledStore> {
    Arc::new(SledStore::open(folder, MasterWanted::Seed(0)).expect("the store opens"))
}

/// Has so many cases launched, and says what each takes on disk: its receipt, and all else.
fn launch(folder: &Path, open: usize) {
    let desk = Desk::new(opened(folder));
    let (a_second, _) = rate(open, |open| desk.put_all((0..open).map(|nth| launches(nth, false))));
    drop(desk);
    let receipts = fs::metadata(folder.join("store/receipts")).map_or(0, |about| about.len());
    let each = |bytes: u64| bytes as f64 / open as f64;
    print!("{open:>9} | {a_second:>9.0}{:>11.0}{:>11.0} | ", each(bytes_of(folder) - receipts), each(receipts));
}

fn row(folder: &Path, open: usize) {
    let begin = Instant::now();
    let desk = Desk::new(opened(folder));
    let ready = begin.elapsed().as_secs_f64() * 1e3;
    assert_eq!(desk.store().case_counts().expect("the store can be read").running, open as u64);
    print!("{ready:>8.1}{:>8.1} | ", resident_mib());

    let mut people = People { done: vec![0; open], among: open.min(AWAKE), next: 0 };
    let alone = people.by_ref().take(scaled(ALONE, open)).map(|command| timed(|| desk.put(command)));
    let alone = Samples::new(alone.collect());
    let [p50, p99] = [50.0, 99.0].map(|percent| alone.percentile(percent));
    let (a_second, cpu) = rate(scaled(TOGETHER, open), |steps| desk.put_all(people.by_ref().take(steps)));
    print!("{p50:>9.0}{p99:>9.0}{a_second:>11.0}{cpu:>10.1} | ");
    people.among = open;
    let (a_second, cpu) = rate(scaled(TOGETHER, open), |steps| desk.put_all(people.by_ref().take(steps)));
    print!("{a_second:>10.0}{cpu:>10.1} | {:>8.1} | ", resident_mib());

    let looks = Samples::new((0..LOOKS).map(|_| timed(|| desk.look())).collect());
    let due = scaled(DUE, open);
    desk.put_all((open..open + due).map(|nth| launches(nth, true)));
    let (a_second, cpu) = rate(due, |_| desk.time_passes());
    println!("{:>7.1}{a_second:>8.0}{cpu:>8.1}", looks.percentile(50.0));
}

/// Fewer, where there are few to do it to.
fn scaled(times: usize, open: usize) -> usize {
    if open < ROWS[0] { times / 100 } else { times }
}

/// How often a second something is done so many times in a run, and how much of the processors each takes, in µs.
fn rate(times: usize, run: impl FnOnce(usize)) -> (f64, f64) {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    run(times);
    let a_second = times as f64 / begin.elapsed().as_secs_f64();
    (a_second, (cpu_seconds() - cpu) * 1e6 / times as f64)
}

fn timed(run: impl FnOnce()) -> u64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_nanos() as u64
}
