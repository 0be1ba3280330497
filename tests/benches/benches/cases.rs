//! What open cases cost that sleep: memory, disk, the time of a step of one of them, the time it takes to open the store
//! again, and to find what is due.
//!
//! Every row is two processes: one has the cases launched, and the other opens what the first left, so that what is in
//! memory then is what a host holds that was started again. Half of the cases have a time far off, so that the index of
//! what is due is as large as it gets. A step is somebody's command: the case is read, its record, its work, the receipt
//! and the command's key are committed, and the command is answered when that is durable.
//!
//! `-- million` adds the row of a million cases.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use syndic_benches::Samples;
use syndic_benches::caseload::{self, LATER, NOW};
use syndic_benches::disk::bytes_of;
use syndic_benches::process::{cpu_seconds, resident_mib};
use syndic_core::Time;
use syndic_core::ports::{CaseKey, Reads as _, Store, Ticket};
use syndic_ledger::Master;
use syndic_store::{MasterWanted, MemoryStore, SledStore};

/// Cases that are open.
const ROWS: [usize; 2] = [1_000, 100_000];
const MILLION: usize = 1_000_000;

/// Steps that are answered one by one, and then steps that share barriers.
const ALONE: usize = 3_000;
const TOGETHER: usize = 30_000;
const GROUP: usize = 64;

/// Cases in which something is due at one and the same moment.
const DUE: usize = 5_000;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|it| it == word);
    if let [what, open, folder] = &words[..] {
        let open = open.parse().expect("a row is a number of cases");
        return if what == "launch" { launch(Path::new(folder), open) } else { row(Path::new(folder), open) };
    }
    println!(
        "{:>9}{:>9}{:>11}{:>9}{:>8}{:>9}{:>9}{:>9}{:>10}{:>9}{:>9}{:>9}{:>10}",
        "open",
        "B each",
        "launches/s",
        "open ms",
        "MiB",
        "µs p50",
        "p99",
        "steps/s",
        "µs, cpu",
        "MiB then",
        "look µs",
        "due/s",
        "µs, cpu"
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
    let open = if has("--test") { 100 } else { ROWS[1] };
    println!("\nin memory, {open} open: {:.0} steps/s", in_memory(open));
}

fn opened(folder: &Path) -> SledStore {
    SledStore::open(folder, MasterWanted::Seed(0)).expect("the store opens")
}

/// Launches so many cases, and says what each takes. No receipts, so that it is the cases that are weighed.
fn launch(folder: &Path, open: usize) {
    let store = opened(folder);
    let begin = Instant::now();
    launch_into(&store, 0..open, None);
    store.wait(Store::last(&store)).expect("they are durable");
    let launched = open as f64 / begin.elapsed().as_secs_f64();
    drop(store);
    print!("{open:>9}{:>9.0}{launched:>11.0}", bytes_of(folder) as f64 / open as f64);
}

fn launch_into(store: &dyn Store, cases: std::ops::Range<usize>, due: Option<Time>) {
    for nth in cases {
        let mut commit = Some(caseload::launched(nth, due));
        let admitted = store.admit(&mut |_| Ok(commit.take())).expect("the store commits");
        assert!(admitted.is_some());
    }
}

fn row(folder: &Path, open: usize) {
    let begin = Instant::now();
    let store = opened(folder);
    let ready = begin.elapsed().as_secs_f64() * 1e3;
    assert_eq!(store.case_counts().expect("the store can be read").running, open as u64);
    print!("{ready:>9.1}{:>8.1}", resident_mib());

    // A step that has no divisor in common with the number of cases visits them all, and never one after another.
    let mut commands = (0_usize..).map(|nth| (nth, caseload::key(nth.wrapping_mul(7_919) % open)));
    let scale = if open < ROWS[0] { 100 } else { 1 };
    let alone = commands.by_ref().take(ALONE / scale);
    let alone =
        Samples::new(alone.map(|command| timed(|| store.wait(step(&store, &command)).expect("durable"))).collect());
    let commands: Vec<_> = commands.take(TOGETHER / scale).collect();
    let (per_second, cpu) = rate(commands.len(), || together(&store, &commands));
    print!(
        "{:>9.0}{:>9.0}{per_second:>9.0}{cpu:>10.1}{:>9.1}",
        alone.percentile(50.0),
        alone.percentile(99.0),
        resident_mib()
    );

    let looks = Samples::new((0..ALONE).map(|_| timed(|| store.front().cases_due(NOW, 64).expect("read"))).collect());
    launch_into(&store, open..open + DUE / scale, Some(NOW));
    let (due, cpu) = rate(DUE / scale, || run_due(&store));
    println!("{:>9.1}{due:>9.0}{cpu:>10.1}", looks.percentile(50.0));
    assert_eq!(store.front().cases_due(LATER, 1).expect("read").len(), 1);
}

/// Has a step made, admitted.
fn step(store: &dyn Store, (command, case): &(usize, CaseKey)) -> Ticket {
    let admitted = store.admit(&mut |front| caseload::step(front, case, *command)).expect("the store commits");
    admitted.expect("the case is there").ticket
}

/// Has steps made that share a barrier with those around them.
fn together(store: &SledStore, commands: &[(usize, CaseKey)]) {
    for group in commands.chunks(GROUP) {
        let last = group.iter().map(|command| step(store, command)).last();
        store.wait(last.unwrap_or_default()).expect("durable");
    }
}

/// Runs what is due, the first again and again, as a host does when it comes back after a night.
fn run_due(store: &SledStore) {
    let mut ran = 0;
    while let Some((_, case)) = store.front().cases_due(NOW, 1).expect("read").pop() {
        ran += 1;
        let last = step(store, &(ran, case));
        if ran % GROUP == 0 {
            store.wait(last).expect("durable");
        }
    }
    store.wait(Store::last(store)).expect("durable");
}

/// How often a second something is done so many times in a run, and how much of the processors each takes, in µs.
fn rate(times: usize, run: impl FnOnce()) -> (f64, f64) {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    run();
    let per_second = times as f64 / begin.elapsed().as_secs_f64();
    (per_second, (cpu_seconds() - cpu) * 1e6 / times as f64)
}

fn in_memory(open: usize) -> f64 {
    let store = MemoryStore::new(Master::from_seed(0));
    launch_into(&store, 0..open, None);
    let steps = open.min(TOGETHER);
    let commands = (0..steps).map(|nth| (nth, caseload::key(nth.wrapping_mul(7_919) % open)));
    rate(steps, || commands.for_each(|command| assert!(step(&store, &command) > Ticket(0)))).0
}

fn timed<T>(run: impl FnOnce() -> T) -> u64 {
    let begin = Instant::now();
    let _ = run();
    begin.elapsed().as_nanos() as u64
}
