//! sled's tree, and the barrier that sled lacks.
//!
//! sled's `flush` writes its log and asks for write-back, but does not fsync (on Linux it ends in `sync_file_range`,
//! which flushes no disk cache). So a [`sync`](Tree::sync) is sled's flush, then fdatasync of the same file through a
//! descriptor of our own, then fsync of whatever is new under `blobs/`.
//!
//! Nothing is acknowledged on the ground of what is in here alone: the journal keeps a batch until it is folded and
//! synced. That is also why changes need not be atomic here; what a fold left half done is done again.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sled::IVec;

use super::archive::Extent;
use super::file::{OurFile, Watch};
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

/// Changes made in one go, during which nobody walks the tree.
const CHANGES_AT_ONCE: usize = 32;

/// Changes, and bytes of their keys and values, after which everything is synced. sled writes its segments in no order,
/// and uses one again that it has emptied: a power cut that keeps some of what was not synced and loses the rest can
/// leave a log that it takes for damaged. With thousands of changes between two syncs, over many segments, it did, once
/// in thousands of cuts; with what one segment holds many times over, never yet. Syncing more often costs: every flush
/// wakes all of sled's threads.
const UNSYNCED_CHANGES_MAX: usize = 256;
const UNSYNCED_BYTES_MAX: usize = 128 * 1024;

/// Where the tree says how far it is. It comes before every key there is, and nobody else sees it.
const STATE_KEY: [u8; 1] = [0];

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
        let (log, blobs) = (Log(OurFile::open(folder, "db", watch)?), folder.join("blobs"));
        let tree = Self { db, log, blobs, still: RwLock::default() };
        tree.sync()?;
        Ok(tree)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, sled::Error> {
        self.db.get(key)
    }

    /// The first `limit` pairs that begin with `prefix` and are not below `from`.
    pub(super) fn range(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, sled::Error> {
        let _still = self.still.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Pairs::new();
        for pair in self.db.range(from.max(prefix).max(&[1])..).take(limit) {
            let (key, value) = pair?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(found)
    }

    /// How far it is.
    pub(super) fn state(&self) -> Result<State, sled::Error> {
        let Some(state) = self.db.get(STATE_KEY)? else { return Ok(State::default()) };
        let damaged = || sled::Error::Corruption { at: None, bt: () };
        let (checksum, rest) = state.split_first_chunk::<4>().ok_or_else(damaged)?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*checksum) {
            return Err(damaged());
        }
        let [folded, count, bytes] = numbers(rest).map_err(|_| damaged())?;
        Ok(State { folded, archive: Extent { count, bytes } })
    }

    /// Makes changes, says how far that brings the tree, and makes all of it durable.
    pub(super) fn change(&self, writes: &Writes, skip: u8, state: State) -> io::Result<()> {
        let changes: Vec<_> = writes.iter().filter(|(key, _)| key.first() != Some(&skip)).collect();
        let (mut unsynced, mut bytes) = (0, 0);
        for few in changes.chunks(CHANGES_AT_ONCE) {
            let alone = self.still.write().unwrap_or_else(PoisonError::into_inner);
            for (key, value) in few {
                match value {
                    Some(value) => self.db.insert(key, value.as_slice())?,
                    None => self.db.remove(key)?,
                };
            }
            drop(alone);
            unsynced += few.len();
            bytes += few.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
            if unsynced >= UNSYNCED_CHANGES_MAX || bytes >= UNSYNCED_BYTES_MAX {
                self.sync()?;
                (unsynced, bytes) = (0, 0);
            }
        }
        let State { folded, archive } = state;
        let rest = [folded, archive.count, archive.bytes].map(u64::to_le_bytes).concat();
        self.db.insert(STATE_KEY, [&crc32fast::hash(&rest).to_le_bytes(), rest.as_slice()].concat())?;
        self.sync()
    }

    /// Everything written so far survives a power cut when this returns.
    fn sync(&self) -> io::Result<()> {
        self.db.flush()?;
        self.log.0.sync()?;
        sync_files_if_any(&self.blobs)
    }
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
