//! Failing disks: whatever cannot be written ends the process, and the next one finds all that was told.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syndic_core::ports::{Reads as _, Store as _};
use syndic_ledger::sha256;
use syndic_store::{MasterWanted, SledStore, Watch};

use crate::dice::Dice;
use crate::story::Story;

/// What the child is told by.
const DIR: &str = "STORE_OF_THE_CHILD";
const FAILS: &str = "DISK_OF_THE_CHILD_FAILS";

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const SIGABRT: i32 = 6;

/// Long enough for several folds.
fn story() -> Story {
    Story::of_seed(7, 30)
}

/// What the child keeps after its story: so much, and so hard to compress, that sled's log must grow.
const CONTENTS: usize = 60;

fn content(nth: usize) -> Vec<u8> {
    let mut dice = Dice(nth as u64);
    (0..60_000).map(|_| dice.roll(256) as u8).collect()
}

/// A disk that does so many writes and syncs, and then fails all of them.
struct Failing {
    left: AtomicU64,
    error: i32,
}

impl Failing {
    fn operate(&self) -> io::Result<()> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| io::Error::from_raw_os_error(self.error))
    }
}

impl Watch for Failing {
    fn fold_bytes(&self) -> usize {
        150_000
    }

    fn write(&self, _: &str) -> io::Result<()> {
        self.operate()
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        self.operate()
    }
}

/// Does nothing where no other test runs it, in a process of its own.
#[test]
fn child() {
    let (Ok(dir), Ok(fails)) = (std::env::var(DIR), std::env::var(FAILS)) else { return };
    let (left, error) = fails.split_once(' ').unwrap();
    let watch = Failing { left: AtomicU64::new(left.parse().unwrap()), error: error.parse().unwrap() };
    let Ok(store) = SledStore::open_watched(dir, MasterWanted::Seed(0), Arc::new(watch)) else {
        std::process::exit(3);
    };
    let story = story();
    for step in 0..story.len() + CONTENTS {
        let ticket = match step.checked_sub(story.len()) {
            None => story.tell(step, &store).unwrap(),
            Some(nth) => store.keep(vec![(sha256(&content(nth)), content(nth))]).unwrap(),
        };
        store.wait(ticket).unwrap();
        writeln!(io::stderr(), "told {}", step + 1).unwrap();
    }
    drop(store);
    std::process::exit(4);
}

/// Runs the child in a directory. `before` is what a shell does first.
fn run(dir: &Path, operations: u64, error: i32, before: &str) -> Output {
    let this = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before} exec \"$0\" --exact failing::child --nocapture")]).arg(this);
    shell.env(DIR, dir).env(FAILS, format!("{operations} {error}")).output().unwrap()
}

/// Checks what a child left, and says how it ended.
fn check(dir: &Path, child: &Output, which: &str) -> (Option<i32>, Option<i32>) {
    let said = String::from_utf8_lossy(&child.stderr);
    let told = said.lines().filter(|line| line.starts_with("told ")).count();
    let store = SledStore::open(dir, MasterWanted::Seed(0)).unwrap_or_else(|why| panic!("{which}: {why}"));
    store.verify_all().unwrap_or_else(|why| panic!("{which}: {why}"));
    let story = story();
    assert!(story.place(&store, told.min(story.len())).is_some(), "{which}: something is lost\n{said}");
    for nth in 0..told.saturating_sub(story.len()) {
        assert!(store.blob(&sha256(&content(nth))).unwrap().is_some(), "{which}: content {nth} is lost\n{said}");
    }
    (child.status.signal(), child.status.code())
}

fn made() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    drop(SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap());
    dir
}

#[test]
fn a_disk_that_is_full_or_broken_ends_the_process_and_nothing_told_is_lost() {
    for error in [ENOSPC, EIO] {
        let mut ends = Vec::new();
        for operations in (1 + error as u64 % 2..).step_by(9) {
            let dir = made();
            let child = run(dir.path(), operations, error, "");
            let end = check(dir.path(), &child, &format!("error {error} after {operations}"));
            ends.push(end);
            if end == (None, Some(4)) {
                break;
            }
        }
        let aborted = ends.iter().filter(|end| **end == (Some(SIGABRT), None)).count();
        let refused = ends.iter().filter(|end| **end == (None, Some(3))).count();
        assert_eq!(aborted + refused + 1, ends.len(), "{ends:?}");
        assert!(aborted > 5 && refused <= 3, "{ends:?}");
    }
}

#[test]
fn a_store_whose_making_was_broken_off_anywhere_is_made_anew() {
    for operations in 0..60 {
        let dir = tempfile::tempdir().unwrap();
        let child = run(dir.path(), operations, ENOSPC, "");
        let end = check(dir.path(), &child, &format!("made for {operations}"));
        assert!([(Some(SIGABRT), None), (None, Some(3))].contains(&end), "{operations}: {child:?}");
        assert!(!dir.path().join("store.new").exists());
    }
}

#[test]
fn a_log_of_sleds_that_may_not_grow_ends_the_process_and_nothing_told_is_lost() {
    let dir = made();
    // Without the signal, a write beyond the limit fails. It is two megabytes, in blocks of 512 bytes: what sled's log
    // has from the beginning, and more than any file of our own will have.
    let child = run(dir.path(), u64::MAX, EIO, "trap '' XFSZ; ulimit -f 4096;");
    let end = check(dir.path(), &child, "sled");
    assert_eq!(end, (Some(SIGABRT), None), "{child:?}");
}
