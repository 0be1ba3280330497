//! A space on disk: one tree of sled's, and the barrier that sled lacks.
//!
//! sled's `flush` writes its log and asks for write-back, but does not fsync (on Linux it ends in `sync_file_range`,
//! which flushes no disk cache). So every batch is followed by a barrier: sled's flush, then fdatasync of the
//! same file through a descriptor of our own, then fsync of whatever is new under `blobs/`.
//!
//! A batch is atomic by sled's own log (read in its source): a manifest written before the batch names the batch's last
//! byte, and recovery stops in front of a manifest whose last byte is not in the unbroken log.
//!
//! sled takes a flipped byte in its log for the log's end, and opens without a word and without what came after. So after
//! each barrier the batch's number goes into a [`Mark`] beside the log, and a log that ends before its mark is damage.
//!
//! A batch or barrier that fails ends the process ([`end_process`]): see the crate's words on what survives.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::IVec;
use syndic_core::ports::StoreError;

use crate::space::{Pairs, Space, Writes};

/// Larger than sled's default, because sled moves values over a quarter of it to files of their own.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;

/// sled has been measured to hold several times this.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// sled's background thread stays on: it also tidies its segments.
const FLUSH_EVERY_MS: u64 = 500;

/// How long a closing store waits for sled's threads to let go of the file: 2,000 looks, 5 ms apart.
const RELEASE_LOOKS: u32 = 2_000;

/// What sled finds by checksums of its own.
pub(crate) const DAMAGED_LOG: &str = "sled's log is damaged";

/// A space in sled's files. A batch is sled's, atomic by its log; the barrier after it is ours, because sled's flush
/// does not fsync. Either of them failing ends the process.
pub struct Disk {
    // Dropped first: sled writes what it still has, and `log` then waits until it has let go.
    db: sled::Db,
    log: Log,
    blobs: PathBuf,
    mark: Mark,
    acknowledged: u64,
    /// Called when a write or barrier failed. [`end_process`], but for tests.
    stop: fn(&str) -> !,
}

/// Our own descriptor on sled's log.
struct Log(File);

/// The number of the last batch that was acknowledged. Written in place after the barrier and not synced by itself: it
/// outlives the process, and after a power cut it may be behind what is durable, but never ahead.
struct Mark(File);

/// A number of twenty digits and its CRC-32, within one sector.
const MARK_BYTES: usize = 20 + 1 + 8 + 1;

impl Disk {
    /// Opens sled's files in a folder, or makes them. What is read from then on is durable, even where an earlier
    /// process was killed between a write and its barrier.
    pub(crate) fn open(folder: &Path) -> Result<Self, sled::Error> {
        let config = sled::Config::new()
            .path(folder)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let db = config.open()?;
        let (mark, acknowledged) = Mark::open(&folder.join("mark"))?;
        let (log, blobs) = (Log(File::open(folder.join("db"))?), folder.join("blobs"));
        let disk = Self { db, log, blobs, mark, acknowledged, stop: end_process };
        disk.sync()?;
        sync_files(folder)?;
        Ok(disk)
    }

    /// Everything written so far survives a power cut when this returns.
    fn sync(&self) -> io::Result<()> {
        self.db.flush()?;
        self.log.0.sync_data()?;
        sync_files_if_any(&self.blobs)
    }

    fn give_up(&self, why: &io::Error) -> ! {
        (self.stop)(&format!("the store could not be written: {why}"))
    }
}

impl Space for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.db.get(key).map_err(unreadable)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        let mut found = Vec::new();
        for pair in self.db.range(from.max(prefix)..).take(limit) {
            let (key, value) = pair.map_err(unreadable)?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(found)
    }

    fn write(&self, writes: Writes) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, IVec::from(value)),
                None => batch.remove(key),
            }
        }
        let written = self.db.apply_batch(batch).map_err(io::Error::from);
        written.or_else(|why| self.give_up(&why))
    }

    fn barrier(&self, number: u64) -> Result<(), StoreError> {
        let durable = self.sync().and_then(|()| self.mark.set(number));
        durable.or_else(|why| self.give_up(&why))
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged
    }
}

impl Mark {
    /// The mark, and the number it shows: 0 where it is new or cannot be read, and so says nothing.
    fn open(path: &Path) -> io::Result<(Self, u64)> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        let read = (&file).take(MARK_BYTES as u64).read_to_string(&mut text);
        let number = text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let whole = read.is_ok() && text == Self::text(number);
        Ok((Self(file), if whole { number } else { 0 }))
    }

    fn set(&self, number: u64) -> io::Result<()> {
        self.0.write_all_at(Self::text(number).as_bytes(), 0)
    }

    fn text(number: u64) -> String {
        let digits = format!("{number:020}");
        format!("{digits} {:08x}\n", crc32fast::hash(digits.as_bytes()))
    }
}

impl Drop for Log {
    /// sled's threads hold its lock a little longer than its last handle lives. Who dropped a store may open it again,
    /// so this returns when the lock is free.
    fn drop(&mut self) {
        for _ in 0..RELEASE_LOOKS {
            if !matches!(self.0.try_lock(), Err(TryLockError::WouldBlock)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
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

fn unreadable(why: sled::Error) -> StoreError {
    match why {
        sled::Error::Corruption { .. } => StoreError::Corrupt(DAMAGED_LOG.into()),
        why => StoreError::Unreachable(format!("the store cannot be read: {why}")),
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
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    #[should_panic(expected = "stopped: the store could not be written: Invalid argument")]
    fn a_barrier_that_fails_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Disk::open(folder.path()).unwrap();
        // A pipe takes no fdatasync.
        disk.log.0 = OwnedFd::from(io::pipe().unwrap().0).into();
        disk.stop = |why| panic!("stopped: {why}");
        disk.write(Writes::from([(b"k".to_vec(), Some(b"v".to_vec()))])).unwrap();
        let _ = disk.barrier(1);
    }

    #[test]
    fn a_batch_larger_than_segments_is_written_and_leaves_no_blob_files() {
        let folder = tempfile::tempdir().unwrap();
        let key = |i: u32| [&i.to_be_bytes()[..], &[b'k'; 1000]].concat();
        let writes: Writes = (0..600).map(|i| (key(i), Some(vec![b'v'; 16 * 1024]))).collect();
        let disk = Disk::open(folder.path()).unwrap();
        disk.write(writes.clone()).and_then(|()| disk.barrier(1)).unwrap();
        drop(disk);
        let disk = Disk::open(folder.path()).unwrap();
        let kept = disk.scan(b"", b"", usize::MAX).unwrap();
        assert!(kept.into_iter().eq(writes.into_iter().map(|(key, value)| (key, value.unwrap()))));
        assert_eq!(fs::read_dir(&disk.blobs).unwrap().count(), 0);
    }
}
