//! How long a host takes that finds a crowd of events begun and none of them finished: to open its store, to read what
//! is begun, and to the last outcome.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "figures are for reading, and a bench may stop")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syndic_core::ports::Connector;
use syndic_engine::{Bounds, Lanes};
use syndic_failpoints::{Normal, Provider, Rehearsal, Stage, leave};

/// Events, and runs, where nothing else is said: `recovery [EVENTS [RUNS]]`.
const EVENTS: usize = 100_000;
const RUNS: usize = 3;

/// What says that this process is the one that is killed.
const FOLDER: &str = "SYNDIC_RECOVERY_FOLDER";

/// Who takes over: `play`, one event after another and with nobody to reach; or lanes, with all workers, each of whose
/// calls waits until what it rests on is durable.
#[derive(Clone, Copy)]
enum Who {
    Play,
    Lanes,
}

fn main() {
    // Cargo itself says `--bench`.
    let words: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (events, runs) = (words.first().copied().unwrap_or(EVENTS), words.get(1).copied().unwrap_or(RUNS));
    if let Some(folder) = std::env::var_os(FOLDER) {
        leave(Path::new(&folder), events).unwrap();
        std::process::abort();
    }
    println!("{events} events with an intent each and no outcome, taken over; median (least - most) of {runs} runs");
    for (who, name) in [(Who::Play, "play"), (Who::Lanes, "lanes")] {
        let took: Vec<[Duration; 3]> = (0..runs).map(|_| recover(who, events)).collect();
        for (nth, what) in ["opening", "reading", "to the last outcome"].iter().enumerate() {
            let mut took: Vec<Duration> = took.iter().map(|took| took[nth]).collect();
            took.sort();
            let (least, median, most) = (took[0], took[took.len() / 2], took[took.len() - 1]);
            println!("{name:6} {what:20} {median:10.2?} ({least:.2?} - {most:.2?})");
        }
    }
}

/// How long each part of it took.
fn recover(who: Who, events: usize) -> [Duration; 3] {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let killed = Command::new(std::env::current_exe().unwrap())
        .arg(events.to_string())
        .env(FOLDER, folder.path())
        .status()
        .unwrap();
    assert!(!killed.success(), "it is killed");
    let began = Instant::now();
    let store = Stage::store(folder.path(), Arc::new(Normal)).unwrap();
    let opened = began.elapsed();
    let provider = Provider::open(&folder.path().join(Stage::BOOK)).unwrap();
    let connector: Arc<dyn Connector> = match who {
        Who::Play => Arc::new(Rehearsal(provider)),
        Who::Lanes => Arc::new(provider),
    };
    let stage = Stage::over(Arc::new(store), connector).unwrap();
    let read = began.elapsed();
    match who {
        Who::Play => stage.recover(&mut |_| {}).unwrap(),
        Who::Lanes => Lanes::start(stage.host(), Bounds::default()).unwrap().rest().unwrap(),
    }
    let done = began.elapsed();
    let store = &stage.host().ports().store;
    assert_eq!(store.head().unwrap().frontier.size(), events as u64, "one receipt each");
    assert!(store.unfinished().unwrap().is_empty());
    [opened, read - opened, done - read]
}
