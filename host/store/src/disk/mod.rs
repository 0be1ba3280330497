//! A space on disk: a [journal](journal), sled's [tree], and the [archive] of receipts.
//!
//! A batch is appended to the journal and synced: then it is durable. What it changes stays in memory, in an overlay
//! over the tree, until enough has come together; then the overlay is frozen, a new one begins in the journal's other
//! file, and a thread folds the frozen one: receipts into the archive, everything else into sled, neighbours in one
//! [page], synced, with a note of the last batch that is in. What changes often, or comes and goes soon, reaches sled
//! once or never. Opening does what is left to do: whatever the journal has beyond the note is folded first.
//!
//! sled would be enough, and it was: but it copies a whole leaf of its tree for every change and writes it anew for
//! every tenth, so that it cost three times the time and five times the bytes.
//!
//! sled takes a flipped byte in its log for the log's end, and opens without a word and without what came after; so
//! does the journal. A [`Mark`] beside them has the number of the last batch that was acknowledged, and what ends before
//! it is damaged.
//!
//! Whatever fails to be written ends the process ([`end_process`]): see the crate's words on what survives.

mod archive;
mod file;
mod fold;
mod journal;
mod mark;
mod moment;
mod overlay;
mod page;
mod recent;
mod tree;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_core::failpoint;
use syndic_core::ports::StoreError;

use crate::key::Table;
use crate::space::{Head, Pairs, Space, Writes, head_of};

use self::archive::Archive;
pub use self::file::Watch;
pub(crate) use self::file::{FOLD_BYTES, Unwatched};
use self::fold::{Folder, fold};
use self::journal::Journal;
use self::mark::Mark;
use self::moment::Hold;
pub(crate) use self::moment::{Laid, Reach, Still};
use self::overlay::Overlay;
pub(crate) use self::tree::sync_files;
use self::tree::{State, Tree};

/// What sled finds by checksums of its own.
pub(crate) const DAMAGED_LOG: &str = "sled's log is damaged";

/// The files of our own, next to sled's.
pub(crate) const FILES: [&str; 5] =
    [journal::FILES[0], journal::FILES[1], archive::FILES[0], archive::FILES[1], mark::FILE];

/// What goes to the archive: keys that begin with this are numbered on from 1, written once, and stay.
const ARCHIVED: u8 = Table::Receipts as u8;

/// A space in a folder.
pub struct Disk {
    // Dropped first, and with it the thread, which shares the shelf.
    folder: Folder,
    shelf: Arc<Shelf>,
    writing: Mutex<Writing>,
    mark: Mark,
    acknowledged: u64,
    fold_bytes: usize,
    /// Keeps folds waiting while a [moment] is read.
    hold: Arc<Hold>,
}

/// What is read.
struct Shelf {
    overlay: Overlay,
    tree: Tree,
    archive: Archive,
    state: Mutex<State>,
    /// Called when a write or sync failed. [`end_process`], but for tests.
    stop: fn(&str) -> !,
}

/// What one writes at a time.
struct Writing {
    journal: Journal,
    /// The last batch that is in the journal or the tree.
    last: u64,
}

/// Why a folder does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unopened {
    #[error(transparent)]
    Sled(#[from] sled::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("receipts that were archived are missing")]
    EndsInTheArchive,
    #[error("its log ends with batch {last}, and batch {acknowledged} was acknowledged: what came after is lost")]
    EndsTooEarly { last: u64, acknowledged: u64 },
    #[error("its `mark`, with the last batch that was acknowledged, does not read")]
    Unmarked,
}

impl Disk {
    /// Opens the files in a folder, or makes them. What is read from then on is durable, even where an earlier process
    /// was killed between a write and its barrier.
    pub(crate) fn open(path: &Path, watch: &Arc<dyn Watch>) -> Result<Self, Unopened> {
        Self::open_or_stop(path, watch, end_process)
    }

    fn open_or_stop(path: &Path, watch: &Arc<dyn Watch>, stop: fn(&str) -> !) -> Result<Self, Unopened> {
        let (tree, archive) = (Tree::open(path, watch)?, Archive::open(path, watch)?);
        failpoint!("store.open.tree", else Unopened::Io);
        let (mark, acknowledged) = Mark::open(path, watch)?;
        let state = tree.state()?;
        if !archive.reaches(state.archive)? {
            return Err(Unopened::EndsInTheArchive);
        }
        let overlay = Overlay::default();
        let (journal, last) = Journal::open(path, state.folded, watch, |writes| overlay.take_in(writes))?;
        failpoint!("store.open.journal", else Unopened::Io);
        let acknowledged = match acknowledged {
            Some(number) => number,
            None if last == 0 => 0,
            None => return Err(Unopened::Unmarked),
        };
        if last < acknowledged {
            // Nothing is done about it, so that it can be looked into.
            return Err(Unopened::EndsTooEarly { last, acknowledged });
        }
        let shelf = Arc::new(Shelf { overlay, tree, archive, state: Mutex::new(state), stop });
        if last > state.folded {
            shelf.overlay.freeze();
            fold(&shelf, last)?;
            failpoint!("store.open.folded", else Unopened::Io);
        }
        sync_files(path)?;
        failpoint!("store.open.synced", else Unopened::Io);
        let (folder, writing) = (Folder::new(&shelf)?, Mutex::new(Writing { journal, last }));
        let (fold_bytes, hold) = (watch.fold_bytes(), Arc::default());
        Ok(Self { folder, shelf, writing, mark, acknowledged, fold_bytes, hold })
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Freezes what was written so far, to be folded, and goes on in the journal's other file.
    fn turn(&self, writing: &mut Writing) {
        self.folder.wait();
        self.shelf.overlay.freeze();
        writing.journal.turn();
        self.folder.begin(writing.last);
    }
}

impl Shelf {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn archived(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let within = (1..=self.state().archive.count).contains(&number);
        within.then(|| self.archive.get(number).map_err(lost)).transpose()
    }

    /// The first pairs beneath the overlay: of the tree, of the archive, or of both.
    fn beneath(&self, prefix: &[u8], start: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        let tree = |start: &[u8], limit| self.tree.range(prefix, start, limit).map_err(unreadable);
        match prefix.first() {
            Some(&ARCHIVED) => self.archived_from(start, limit),
            Some(_) => tree(start, limit),
            None => {
                let mut found = tree(start, limit)?;
                let later = found.iter().position(|(key, _)| key.first() > Some(&ARCHIVED)).unwrap_or(found.len());
                let after = found.split_off(later);
                if start.first() <= Some(&ARCHIVED) {
                    found.extend(self.archived_from(start, limit - found.len())?);
                }
                found.extend(after);
                found.truncate(limit);
                Ok(found)
            }
        }
    }

    /// The first archived receipts that are not below a key.
    fn archived_from(&self, start: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        let first = if start.first() == Some(&ARCHIVED) { number_from(&start[1..]) } else { Some(1) };
        let numbers = first.into_iter().flat_map(|first| first.max(1)..=self.state().archive.count);
        let key = |number: u64| [&[ARCHIVED][..], &number.to_be_bytes()].concat();
        numbers.take(limit).map(|number| Ok((key(number), self.archive.get(number).map_err(lost)?))).collect()
    }

    fn give_up(&self, why: &io::Error) -> ! {
        (self.stop)(&format!("the store could not be written: {why}"))
    }
}

impl Space for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.shelf.overlay.get(key) {
            return Ok(change);
        }
        match key {
            [ARCHIVED, number @ ..] => match number.try_into() {
                Ok(number) => self.shelf.archived(u64::from_be_bytes(number)),
                Err(_) => Ok(None),
            },
            _ => self.shelf.tree.get(key).map_err(unreadable),
        }
    }

    fn head(&self, key: &[u8]) -> Result<Option<Head>, StoreError> {
        if let Some(change) = self.shelf.overlay.head(key) {
            return Ok(change);
        }
        match key.first() {
            Some(&ARCHIVED) => Ok(self.get(key)?.map(|value| head_of(&value))),
            _ => Ok(self.shelf.tree.get(key).map_err(unreadable)?.map(|value| head_of(&value))),
        }
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.shelf.overlay.scan((prefix, from), limit, |start, limit| self.shelf.beneath(prefix, start, limit))
    }

    fn write(&self, number: u64, writes: Writes) -> Result<(), StoreError> {
        let mut writing = self.writing();
        writing.journal.append(number, &writes).unwrap_or_else(|why| self.shelf.give_up(&why));
        writing.last = number;
        self.shelf.overlay.take_in(writes);
        Ok(())
    }

    fn barrier(&self, number: u64) -> Result<(), StoreError> {
        let writing = self.writing();
        let durable = writing.journal.sync().and_then(|()| self.mark.set(number));
        durable.unwrap_or_else(|why| self.shelf.give_up(&why));
        Ok(())
    }

    fn tidy(&self) {
        let mut writing = self.writing();
        let bytes = self.shelf.overlay.bytes().max(writing.journal.bytes());
        if bytes >= self.fold_bytes && self.hold.gives_way(bytes, self.fold_bytes) {
            self.turn(&mut writing);
        }
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged
    }
}

impl Drop for Disk {
    /// Folds what is left, so that the next opening has nothing to do. Not after a panic: what is half done then is
    /// for recovery.
    fn drop(&mut self) {
        if !std::thread::panicking() && self.shelf.overlay.bytes() > 0 {
            self.hold.give_up();
            let mut writing = self.writing();
            self.turn(&mut writing);
            self.folder.wait();
        }
    }
}

/// The first number whose key is not below these bytes.
fn number_from(bytes: &[u8]) -> Option<u64> {
    match bytes.split_first_chunk() {
        Some((number, [])) => Some(u64::from_be_bytes(*number)),
        Some((number, _)) => u64::from_be_bytes(*number).checked_add(1),
        None => {
            let mut number = [0; 8];
            number[..bytes.len()].copy_from_slice(bytes);
            Some(u64::from_be_bytes(number))
        }
    }
}

fn unreadable(why: sled::Error) -> StoreError {
    match why {
        sled::Error::Corruption { .. } => StoreError::Corrupt(DAMAGED_LOG.into()),
        why => StoreError::Unreachable(format!("the store cannot be read: {why}")),
    }
}

fn lost(why: io::Error) -> StoreError {
    match why.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            StoreError::Corrupt(format!("the archive of receipts is damaged: {why}"))
        }
        _ => StoreError::Unreachable(format!("the store cannot be read: {why}")),
    }
}

/// Ends the process without unwinding, so that nothing more is acknowledged and nothing is tried again.
fn end_process(why: &str) -> ! {
    // Where even this cannot be written, the abort still says enough.
    let _ = writeln!(io::stderr(), "error: {why}\nhint:  the process ends here; what it acknowledged is kept");
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A disk that syncs nothing from some moment on.
    #[derive(Default)]
    struct Failing(AtomicBool);

    impl Watch for Failing {
        fn write(&self, _: &str) -> io::Result<()> {
            Ok(())
        }

        fn sync(&self, _: &str) -> io::Result<()> {
            if self.0.load(Ordering::SeqCst) { Err(io::Error::other("no disk")) } else { Ok(()) }
        }
    }

    fn unwatched() -> Arc<dyn Watch> {
        Arc::new(Unwatched { fold_bytes: FOLD_BYTES })
    }

    #[test]
    #[should_panic(expected = "stopped: the store could not be written: no disk")]
    fn a_barrier_that_fails_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        let failing = Arc::new(Failing::default());
        let watch: Arc<dyn Watch> = Arc::clone(&failing) as _;
        let disk = Disk::open_or_stop(folder.path(), &watch, |why| panic!("stopped: {why}")).unwrap();
        failing.0.store(true, Ordering::SeqCst);
        disk.write(1, Writes::from([(b"k".to_vec(), Some(b"v".to_vec()))])).unwrap();
        let _ = disk.barrier(1);
    }

    #[test]
    fn a_batch_larger_than_segments_is_written_and_leaves_no_blob_files() {
        let folder = tempfile::tempdir().unwrap();
        let key = |i: u32| [&i.to_be_bytes()[..], &[b'k'; 1000]].concat();
        let writes: Writes = (1 << 24..(1 << 24) + 600).map(|i| (key(i), Some(vec![b'v'; 16 * 1024]))).collect();
        let disk = Disk::open(folder.path(), &unwatched()).unwrap();
        disk.write(1, writes.clone()).and_then(|()| disk.barrier(1)).unwrap();
        drop(disk);
        let disk = Disk::open(folder.path(), &unwatched()).unwrap();
        let kept = disk.scan(b"", b"", usize::MAX).unwrap();
        assert!(kept.into_iter().eq(writes.into_iter().map(|(key, value)| (key, value.unwrap()))));
        assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
    }
}
