//! The bare side of a commit: sled by itself, and a file.
//!
//! Both write the very keys and values that our store writes for the same commits, and return when a power cut can no
//! longer undo it. For sled that is its flush and then fdatasync of its log, because its flush alone does not reach the
//! disk on Linux.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use sled::{Batch, Db};
use syndic_store::Writes;

/// sled's log is asked to make segments of this size, as our store asks.
const SEGMENT_BYTES: usize = 2 * 1024 * 1024;

/// sled with its default tree, and a descriptor for the barrier.
pub struct PlainSled {
    db: Db,
    log: File,
}

impl PlainSled {
    /// Makes one in a directory.
    ///
    /// # Panics
    /// It cannot be made.
    pub fn new(dir: &Path) -> Self {
        // Our store says when to flush, and so does this one.
        let config = sled::Config::new().path(dir).segment_size(SEGMENT_BYTES).flush_every_ms(None);
        let db = config.open().expect("sled opens");
        Self { db, log: File::open(dir.join("db")).expect("sled keeps its log in `db`") }
    }

    /// Writes a group of commits as one batch, durably.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn commit(&self, group: &[&Writes]) {
        let mut batch = Batch::default();
        for (key, value) in group.iter().copied().flatten() {
            match value {
                Some(value) => batch.insert(&**key, &**value),
                None => batch.remove(&**key),
            }
        }
        self.db.apply_batch(batch).expect("sled writes");
        self.db.flush().expect("sled flushes");
        self.log.sync_data().expect("the log syncs");
    }
}

/// A file that grows.
pub struct Append(File);

impl Append {
    /// Makes one.
    ///
    /// # Panics
    /// It cannot be made.
    pub fn new(path: &Path) -> Self {
        Self(File::create_new(path).expect("a file can be made"))
    }

    /// Appends a group of commits, durably.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn commit(&mut self, group: &[&Writes]) {
        let pairs = group.iter().copied().flatten();
        let bytes: Vec<u8> =
            pairs.flat_map(|(key, value)| [key.as_slice(), value.as_deref().unwrap_or_default()].concat()).collect();
        self.0.write_all(&bytes).expect("the file is written");
        self.0.sync_data().expect("the file syncs");
    }
}

/// Bytes of keys and values.
pub fn bytes(writes: &Writes) -> usize {
    writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
}

/// Bytes on disk of all files below a folder.
pub fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_of(&entry.path()),
        Ok(about) => blocks(&about),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// What a file takes, which may be less than it is long.
#[cfg(unix)]
fn blocks(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(about) * 512
}

#[cfg(not(unix))]
fn blocks(about: &std::fs::Metadata) -> u64 {
    about.len()
}
