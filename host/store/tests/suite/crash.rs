//! Crashes: after a power cut at any moment, a store opens, has all that was acknowledged, and is as it was after some
//! whole number of writes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use syndic_core::ports::StoreError;
use syndic_ledger::Master;
use syndic_store::{MasterWanted, Memory, Pairs, Records, SledStore, Space, Watch, Writes};

use crate::dice::Dice;
use crate::story::Story;

/// Memory whose power fails before its n-th write or barrier. Of the batches since the last barrier it keeps the first
/// few; from then on it answers nothing.
struct Crashing {
    durable: Memory,
    now: Memory,
    waiting: Mutex<Vec<(u64, Writes)>>,
    left: AtomicUsize,
}

impl Crashing {
    fn new(durable: Memory, operations: usize) -> Self {
        let now = copy_of(&durable);
        Self { durable, now, waiting: Mutex::default(), left: AtomicUsize::new(operations) }
    }

    fn operate(&self) -> Result<(), StoreError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| StoreError::Unreachable("the power is gone".into()))
    }

    /// What is there when the power comes back: of the batches that were not synced, the first `kept`.
    fn remains(self, kept: usize) -> Memory {
        for (number, writes) in self.waiting.into_inner().unwrap().into_iter().take(kept) {
            self.durable.write(number, writes).unwrap();
        }
        self.durable
    }
}

impl Space for &Crashing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.now.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.now.scan(prefix, from, limit)
    }

    fn write(&self, number: u64, writes: Writes) -> Result<(), StoreError> {
        self.operate()?;
        self.waiting.lock().unwrap().push((number, writes.clone()));
        self.now.write(number, writes)
    }

    fn barrier(&self, _: u64) -> Result<(), StoreError> {
        self.operate()?;
        for (number, writes) in self.waiting.lock().unwrap().drain(..) {
            self.durable.write(number, writes)?;
        }
        Ok(())
    }

    fn acknowledged(&self) -> u64 {
        0
    }
}

fn copy_of(memory: &Memory) -> Memory {
    let copy = Memory::default();
    let pairs = memory.scan(b"", b"", usize::MAX).unwrap();
    copy.write(0, pairs.into_iter().map(|(key, value)| (key, Some(value))).collect()).unwrap();
    copy
}

#[test]
fn whatever_write_the_power_fails_at_all_that_was_told_is_there() {
    let story = Story::of_seed(1, 60);
    for kept in [0, 1] {
        for operations in 0.. {
            let crashing = Crashing::new(Memory::default(), operations);
            let store = Records::over(&crashing, Master::from_seed(0)).unwrap();
            let told = (0..story.len()).take_while(|step| story.tell(*step, &store).is_ok()).count();
            drop(store);
            let left = Records::over(crashing.remains(kept), Master::from_seed(0)).unwrap();
            left.verify_all().unwrap();
            let place = story.place(&left, told).unwrap_or_else(|| panic!("lost after {operations} of {told}"));
            // Whoever opens it goes on from there.
            for step in place..story.len() {
                story.tell(step, &left).unwrap();
            }
            assert_eq!(story.place(&left, story.len()), Some(story.len()), "after {operations}");
            if told == story.len() {
                break;
            }
        }
    }
}

/// Every moment at which the store touches its files, as what a power cut would leave then.
struct Cuts {
    store: PathBuf,
    /// How many writes were acknowledged.
    told: AtomicUsize,
    seen: Mutex<Seen>,
}

struct Seen {
    /// What each file held at its last sync.
    synced: BTreeMap<String, Vec<u8>>,
    left: Vec<Left>,
    dice: Dice,
}

/// What is left of the files, and how many writes were acknowledged before.
struct Left {
    files: BTreeMap<String, Vec<u8>>,
    told: usize,
}

/// Few, so that a short story has many folds.
const FOLD_BYTES: usize = 150_000;

/// What the operating system writes at once.
const PAGE: usize = 4096;

impl Cuts {
    fn of(dir: &Path, told: usize, dice: Dice) -> Arc<Self> {
        let store = dir.join("store");
        let seen = Mutex::new(Seen { synced: files_of(&store), left: Vec::new(), dice });
        Arc::new(Self { store, told: AtomicUsize::new(told), seen })
    }

    /// The power is cut now.
    fn cut(&self) {
        let told = self.told.load(Ordering::SeqCst);
        let Seen { synced, left, dice } = &mut *self.seen.lock().unwrap();
        let lost_of_four = dice.roll(5);
        let mut files = files_of(&self.store);
        // What sled calls `snap.…` it has synced before.
        for (name, bytes) in files.iter_mut().filter(|(name, _)| !name.starts_with("snap.")) {
            let old = synced.get(name).map_or(&[][..], Vec::as_slice);
            for (nth, page) in bytes.chunks_mut(PAGE).enumerate() {
                if dice.roll(4) < lost_of_four {
                    let old = old.get(nth * PAGE..).unwrap_or_default();
                    let known = old.len().min(page.len());
                    page[..known].copy_from_slice(&old[..known]);
                    page[known..].fill(0);
                }
            }
        }
        left.push(Left { files, told });
    }
}

impl Watch for Cuts {
    fn fold_bytes(&self) -> usize {
        FOLD_BYTES
    }

    fn write(&self, _: &str) -> io::Result<()> {
        self.cut();
        Ok(())
    }

    fn sync(&self, file: &str) -> io::Result<()> {
        self.cut();
        if let Ok(now) = fs::read(self.store.join(file)) {
            self.seen.lock().unwrap().synced.insert(file.into(), now);
        }
        Ok(())
    }
}

fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

/// The directory that a cut left.
fn restored(left: &Left) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store/blobs")).unwrap();
    for (name, bytes) in &left.files {
        fs::write(dir.path().join("store").join(name), bytes).unwrap();
    }
    dir
}

fn watched(dir: &Path, cuts: &Arc<Cuts>) -> SledStore {
    let watch = Arc::clone(cuts) as Arc<dyn Watch>;
    SledStore::open_watched(dir, MasterWanted::Seed(0), watch).unwrap()
}

/// Opens what a cut left, checks that it is a place in the story, and goes on a little. With `cuts`, which see it all.
fn recovers(story: &Story, left: &Left, which: &str, cuts: Option<Dice>) -> Vec<Left> {
    let dir = restored(left);
    let cuts = cuts.map(|dice| Cuts::of(dir.path(), left.told, dice));
    let watch: Arc<dyn Watch> = match &cuts {
        Some(cuts) => Arc::clone(cuts) as Arc<dyn Watch>,
        None => Arc::new(Small),
    };
    let store = SledStore::open_watched(dir.path(), MasterWanted::Seed(0), watch);
    let store = store.unwrap_or_else(|why| panic!("{which}: {why}"));
    store.verify_all().unwrap_or_else(|why| panic!("{which}: {why}"));
    let place = story.place(&store, left.told).unwrap_or_else(|| panic!("{which}: something is lost"));
    for step in place..(place + 3).min(story.len()) {
        let ticket = story.tell(step, &store).unwrap();
        store.wait(ticket).unwrap();
        cuts.iter().for_each(|cuts| cuts.told.store(step + 1, Ordering::SeqCst));
    }
    drop(store);
    cuts.map(|cuts| std::mem::take(&mut cuts.seen.lock().unwrap().left)).unwrap_or_default()
}

/// Nobody looks, but folds are as small.
struct Small;

impl Watch for Small {
    fn fold_bytes(&self) -> usize {
        FOLD_BYTES
    }

    fn write(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn whenever_the_power_is_cut_the_directory_opens_and_all_that_was_told_is_there() {
    for seed in 0..2 {
        let story = Story::of_seed(seed, 45);
        let dir = tempfile::tempdir().unwrap();
        drop(SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap());
        let cuts = Cuts::of(dir.path(), 0, Dice(seed));
        let store = watched(dir.path(), &cuts);
        let mut dice = Dice(seed + 100);
        for step in 0..story.len() {
            let ticket = story.tell(step, &store).unwrap();
            // Sometimes several become durable as one.
            if dice.roll(3) > 0 {
                store.wait(ticket).unwrap();
                cuts.told.store(step + 1, Ordering::SeqCst);
            }
        }
        drop(store);
        let left = std::mem::take(&mut cuts.seen.lock().unwrap().left);
        assert!(left.len() > 100, "only {} moments", left.len());
        // Opening waits more than it works.
        std::thread::scope(|scope| {
            for part in 0..4 {
                let (story, left) = (&story, &left);
                scope.spawn(move || {
                    let moments = left.iter().enumerate().skip(part).step_by(4);
                    moments.for_each(|(nth, moment)| recovers_twice(story, moment, nth, seed));
                });
            }
        });
    }
}

/// Checks a moment; and every few of them, moments after it, when it is cut again.
fn recovers_twice(story: &Story, moment: &Left, nth: usize, seed: u64) {
    let which = format!("seed {seed}, moment {nth}");
    let again = recovers(story, moment, &which, nth.is_multiple_of(8).then_some(Dice(nth as u64)));
    for (at, moment) in again.iter().enumerate().skip(nth % 5).step_by(5) {
        recovers(story, moment, &format!("{which} and then {at}"), None);
    }
}
