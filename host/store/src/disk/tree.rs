//! sled's tree, and the barrier that sled lacks.
//!
//! sled's `flush` writes its log and asks for write-back, but does not fsync (on Linux it ends in `sync_file_range`,
//! which flushes no disk cache). So a [`sync`](Tree::sync) is sled's flush, then fdatasync of the same file through a
//! descriptor of our own, then fsync of whatever is new under `blobs/`.
//!
//! Nothing is acknowledged on the ground of what is in here alone: the journal keeps a batch until it is folded and
//! synced. That is also why a fold need not be atomic here: what it left half done is done again. Only a [page] and
//! those that take its place change at once.

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sled::{Batch, IVec};
use syndic_core::failpoint;

use super::archive::Extent;
use super::file::{OurFile, Watch};
use super::page::{self, CutShort, LAST, PAGE_MAX_BYTES, SMALL_BYTES};
use super::recent::{Looked, Recent};
use crate::pack::numbers;
use crate::space::{Pairs, Writes};

/// Larger than sled's default, because sled moves values over a quarter of it to files of their own.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;

/// sled has been measured to hold several times this.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// sled's background thread stays on: it also tidies its segments.
const FLUSH_EVERY_MS: u64 = 500;

/// How long a closing store waits for sled's threads to let go of the file: 2,000 looks, 5 ms apart.
const RELEASE_LOOKS: u32 = 2_000;

/// Bytes of changes that are brought into a page in one go, however many pages it becomes.
const BYTES_AT_ONCE: usize = 32 * 1024;

/// Bytes of pages after which everything is synced. sled writes its segments in no order, and uses one again that it
/// has emptied: a power cut that keeps some of what was not synced and loses the rest can leave a log that it takes for
/// damaged. With thousands of changes between two syncs, over many segments, it did, once in thousands of cuts; with
/// what one segment holds many times over, never yet. Syncing more often costs: every flush wakes all of sled's threads.
const UNSYNCED_BYTES_MAX: usize = 128 * 1024;

/// Where the tree says how far it is. It comes before every key there is, and nobody else sees it.
const STATE_KEY: [u8; 1] = [0];
const AFTER_STATE: [u8; 1] = [1];

/// How far the tree is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The last batch that is in it whole.
    pub(super) folded: u64,
    /// How much of the archive counts.
    pub(super) archive: Extent,
}

pub(super) struct Tree {
    // Dropped first: sled writes what it still has, and `log` then waits until it has let go.
    db: sled::Db,
    log: Log,
    blobs: PathBuf,
    recent: Recent,
    /// sled is not trusted to walk a tree that changes under it.
    still: RwLock<()>,
}

/// Our own descriptor on sled's log.
struct Log(OurFile);

impl Tree {
    /// Opens sled's files in a folder, or makes them. What is read from then on is durable.
    pub(super) fn open(folder: &Path, watch: &Arc<dyn Watch>) -> Result<Self, sled::Error> {
        clear_half_snapshots(folder)?;
        let config = sled::Config::new()
            .path(folder)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let db = config.open()?;
        // sled has put a new snapshot in the place of the one before, and emptied the segments of its log that only that
        // one led to. A power cut must not bring the old one back to segments that are empty for good.
        File::open(folder)?.sync_all()?;
        let (log, blobs) = (Log(OurFile::open(folder, "db", watch)?), folder.join("blobs"));
        let tree = Self { db, log, blobs, recent: Recent::default(), still: RwLock::default() };
        tree.sync()?;
        Ok(tree)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, sled::Error> {
        let Some(looked) = self.page_of(key)? else { return Ok(None) };
        Ok(page::find(&looked.page, key).map_err(damaged)?.map(<[u8]>::to_vec))
    }

    /// The first `limit` pairs that begin with `prefix` and are not below `from`.
    pub(super) fn range(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, sled::Error> {
        let from = from.max(prefix);
        let mut found = Pairs::new();
        if let Some(looked) = self.page_of(from)?
            && take_some(&looked.page, (prefix, from), limit, &mut found).map_err(damaged)?
        {
            return Ok(found);
        }
        found.clear();
        let _still = self.still.read().unwrap_or_else(PoisonError::into_inner);
        for page in self.pages_from(from) {
            if take_some(&page?.1, (prefix, from), limit, &mut found).map_err(damaged)? {
                break;
            }
        }
        Ok(found)
    }

    /// The page that a key is in; none where it comes after all that there are.
    fn page_of(&self, key: &[u8]) -> Result<Option<Arc<Looked>>, sled::Error> {
        if let Some(looked) = self.recent.page(key) {
            return Ok(Some(looked));
        }
        let folds = self.recent.folds();
        let page = self.pages_from(key).next().transpose()?;
        page.map(|page| self.recent.keep(folds, key, page).map_err(damaged)).transpose()
    }

    /// The page that a key is in, and those after it, each with what it is filed under.
    fn pages_from(&self, key: &[u8]) -> impl Iterator<Item = Result<(IVec, IVec), sled::Error>> {
        self.db.range(key.max(&AFTER_STATE)..)
    }

    /// How far it is.
    pub(super) fn state(&self) -> Result<State, sled::Error> {
        let Some(state) = self.db.get(STATE_KEY)? else { return Ok(State::default()) };
        let (checksum, rest) = state.split_first_chunk::<4>().ok_or_else(|| damaged(()))?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*checksum) {
            return Err(damaged(()));
        }
        let [folded, count, bytes] = numbers(rest).map_err(damaged)?;
        Ok(State { folded, archive: Extent { count, bytes } })
    }

    /// Makes changes, says how far that brings the tree, and makes all of it durable.
    pub(super) fn change(&self, writes: &Writes, skip: u8, state: State) -> io::Result<()> {
        let changes = writes.iter().filter(|(key, _)| key.first() != Some(&skip));
        let mut changes = changes.map(|(key, value)| (key.as_slice(), value.as_deref())).peekable();
        let mut unsynced = 0;
        while let Some((first, _)) = changes.peek() {
            let none = || (IVec::from(&LAST), IVec::default());
            let (filed, page) = self.pages_from(first).next().transpose()?.unwrap_or_else(none);
            let mut bytes = 0;
            let some = std::iter::from_fn(|| {
                let next = changes.next_if(|(key, _)| bytes < BYTES_AT_ONCE && **key <= *filed)?;
                bytes += next.0.len() + next.1.map_or(0, <[u8]>::len);
                Some(next)
            });
            let pages = page::changed(&page, &filed, some).map_err(damaged)?;
            unsynced += pages.iter().map(|(_, page)| page.len()).sum::<usize>().max(page.len());
            self.replace(filed, pages)?;
            failpoint!("store.tree.changed");
            if unsynced >= UNSYNCED_BYTES_MAX {
                self.sync()?;
                unsynced = 0;
            }
        }
        self.note(state)?;
        self.recent.forget();
        Ok(())
    }

    /// Says how far the tree is, and makes all of it durable.
    pub(super) fn note(&self, state: State) -> io::Result<()> {
        let State { folded, archive } = state;
        let rest = [folded, archive.count, archive.bytes].map(u64::to_le_bytes).concat();
        self.db.insert(STATE_KEY, [&crc32fast::hash(&rest).to_le_bytes(), rest.as_slice()].concat())?;
        failpoint!("store.tree.noted");
        self.sync()
    }

    /// The pages after one, each with what it is filed under, until there are so many bytes.
    pub(super) fn raw(&self, after: Option<&[u8]>, bytes: usize) -> Result<Pairs, sled::Error> {
        let _still = self.still.read().unwrap_or_else(PoisonError::into_inner);
        let from = after.map_or(Bound::Included(&AFTER_STATE[..]), Bound::Excluded);
        let (mut pages, mut taken) = (Pairs::new(), 0);
        for page in self.db.range::<&[u8], _>((from, Bound::Unbounded)) {
            let (filed, page) = page?;
            taken += filed.len() + page.len();
            pages.push((filed.to_vec(), page.to_vec()));
            if taken >= bytes {
                break;
            }
        }
        Ok(pages)
    }

    /// Lays such pages down again. They count once the [note](Self::note) is there.
    pub(super) fn lay(&self, pages: Pairs) -> Result<(), sled::Error> {
        let mut batch = Batch::default();
        pages.into_iter().for_each(|(filed, page)| batch.insert(filed, page));
        self.db.apply_batch(batch)
    }

    /// Puts pages in the place of one, all at once: what stood on it and did not change is nowhere else. A small page
    /// goes into the next one.
    fn replace(&self, filed: IVec, mut pages: Pairs) -> Result<(), sled::Error> {
        let mut batch = Batch::default();
        match pages.as_mut_slice() {
            [] => batch.remove(filed),
            [(key, only)] if only.len() < SMALL_BYTES => {
                let next = self.db.get_gt(&filed)?.filter(|(_, after)| only.len() + after.len() <= PAGE_MAX_BYTES);
                if let Some((next, after)) = next {
                    only.extend_from_slice(&after);
                    *key = next.to_vec();
                    batch.remove(filed);
                }
            }
            _ => {}
        }
        pages.into_iter().for_each(|(key, page)| batch.insert(key, page));
        let _alone = self.still.write().unwrap_or_else(PoisonError::into_inner);
        self.db.apply_batch(batch)
    }

    /// Everything written so far survives a power cut when this returns.
    fn sync(&self) -> io::Result<()> {
        failpoint!("store.tree.flush", self.db.flush().map(drop)?);
        failpoint!("store.tree.flushed", self.log.0.sync()?);
        sync_files_if_any(&self.blobs)?;
        failpoint!("store.tree.synced");
        Ok(())
    }
}

/// Takes from a page pairs that begin with `prefix` and are not below `from`, up to `limit` of them. Whether these are
/// all, or else the next page may have more.
fn take_some(page: &[u8], (prefix, from): (&[u8], &[u8]), limit: usize, found: &mut Pairs) -> Result<bool, CutShort> {
    for pair in page::pairs(page) {
        let (key, value) = pair?;
        if key < from {
            continue;
        }
        if !key.starts_with(prefix) || found.len() == limit {
            return Ok(true);
        }
        found.push((key.to_vec(), value.to_vec()));
    }
    Ok(false)
}

/// Something in the tree does not read. sled has no room for more words about it.
fn damaged(_: impl Sized) -> sled::Error {
    sled::Error::Corruption { at: None, bt: () }
}

impl Drop for Log {
    /// sled's threads hold its lock a little longer than its last handle lives. Who dropped a store may open it again,
    /// so this returns when the lock is free.
    fn drop(&mut self) {
        for _ in 0..RELEASE_LOOKS {
            if !matches!(self.0.file.try_lock(), Err(TryLockError::WouldBlock)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Removes snapshots that sled was killed over. It writes one under a name of its own and renames it when it is whole;
/// but at the next start it reads that name too, and takes what was half written for damage. The snapshot before, or the
/// log, has all that this one would. Not where another process has the store: then it may be about to rename it.
fn clear_half_snapshots(folder: &Path) -> io::Result<()> {
    let log = match File::open(folder.join("db")) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        log => log?,
    };
    if log.try_lock().is_err() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("snap.") && name.to_string_lossy().ends_with(".generating") {
            failpoint!("store.open.snapshot");
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// fsync of every file in a folder, and of the folder.
pub(crate) fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

/// The same, where an empty folder is nothing new.
fn sync_files_if_any(folder: &Path) -> io::Result<()> {
    match fs::read_dir(folder)?.next() {
        None => Ok(()),
        Some(_) => sync_files(folder),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::disk::{FOLD_BYTES, Unwatched};

    fn open(folder: &Path) -> Tree {
        let watch: Arc<dyn Watch> = Arc::new(Unwatched { fold_bytes: FOLD_BYTES });
        Tree::open(folder, &watch).unwrap()
    }

    /// Numbers that look like chance, the same every time.
    fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn a_tree_has_what_the_last_fold_left_of_each_key() {
        let (folder, mut dice) = (tempfile::tempdir().unwrap(), dice(7));
        let (mut tree, mut model) = (open(folder.path()), BTreeMap::new());
        for fold in 0..60 {
            // Some folds have neighbours, some have keys from everywhere, and some mostly remove.
            let (from, of) = if fold % 3 == 0 { (0, 4000) } else { (dice(3900), 100) };
            let mut writes = Writes::new();
            for _ in 0..300 {
                let key = format!("k{:04}", from + dice(of)).into_bytes();
                let value = (dice(10) < 10 - fold / 6).then(|| vec![b'v'; dice(400) as usize + 1]);
                writes.insert(key, value);
            }
            tree.change(&writes, b'e', State { folded: fold, ..State::default() }).unwrap();
            for (key, value) in writes {
                assert_eq!(tree.get(&key).unwrap(), value);
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            if fold % 10 == 9 {
                drop(tree);
                tree = open(folder.path());
            }
            let prefix = format!("k{}", dice(4)).into_bytes();
            let within = model.iter().filter(|(key, _)| key.starts_with(&prefix));
            let within: Pairs = within.map(|(key, value)| (key.clone(), value.clone())).collect();
            assert_eq!(tree.range(&prefix, b"", 50).unwrap(), within[..within.len().min(50)], "fold {fold}");
            assert!(tree.range(b"", b"", usize::MAX).unwrap().into_iter().eq(model.clone()), "fold {fold}");
            let pages: Vec<usize> = tree.pages_from(b"").map(|page| page.unwrap().1.len()).collect();
            assert!(pages.iter().all(|bytes| *bytes <= PAGE_MAX_BYTES), "fold {fold}: {pages:?}");
            assert!(pages.iter().sum::<usize>() >= (pages.len() - 1) * SMALL_BYTES / 2, "fold {fold}: {pages:?}");
        }
        let all = model.into_keys().map(|key| (key, None)).collect();
        tree.change(&all, b'e', State::default()).unwrap();
        assert_eq!(tree.pages_from(b"").count(), 0);
    }
}
