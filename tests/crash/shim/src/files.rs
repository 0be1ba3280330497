//! What files held when they were last synced.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt;

use crate::kernel;

/// What a disk writes whole or not at all.
pub(crate) const SECTOR: u64 = 512;

/// A file that may be written, and what its sync has not made durable yet.
pub(crate) struct Kept {
    /// Our own descriptor, so that a file that is closed or removed can still be put back.
    pub(crate) own: File,
    /// The length that is durable; none where nothing changed since the last sync.
    pub(crate) length: Option<u64>,
    /// The durable content of every sector written since, as far as the file then went.
    pub(crate) sectors: BTreeMap<u64, Vec<u8>>,
}

impl Kept {
    /// Opens the file of a descriptor once more. What is in it now counts as durable.
    pub(crate) fn of(fd: RawFd) -> Option<Self> {
        let path = CString::new(format!("/proc/self/fd/{fd}")).ok()?;
        let own = kernel::open(libc::AT_FDCWD, &path, libc::O_RDWR)?;
        Some(Self { own, length: None, sectors: BTreeMap::new() })
    }

    pub(crate) fn length_now(&self) -> u64 {
        self.own.metadata().map_or(0, |about| about.len())
    }

    /// Keeps what is about to be overwritten.
    pub(crate) fn keep(&mut self, from: u64, count: u64) {
        let now = self.length_now();
        self.length.get_or_insert(now);
        if count == 0 {
            return;
        }
        for sector in from / SECTOR..=(from + count - 1) / SECTOR {
            let own = &self.own;
            self.sectors.entry(sector).or_insert_with(|| read(own, sector, now));
        }
    }

    /// Keeps what a new length cuts off, and the sector it falls into.
    pub(crate) fn keep_from(&mut self, length: u64) {
        let now = self.length_now();
        self.keep(length, now.saturating_sub(length));
    }

    /// A sync was asked for, and is done.
    pub(crate) fn settle(&mut self) {
        self.length = None;
        self.sectors.clear();
    }
}

/// A sector, as far as the file goes.
fn read(own: &File, sector: u64, length: u64) -> Vec<u8> {
    let at = sector * SECTOR;
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(at).min(SECTOR)).unwrap_or(0)];
    let mut had = 0;
    while had < bytes.len() {
        match own.read_at(&mut bytes[had..], at + had as u64) {
            Ok(0) | Err(_) => break,
            Ok(count) => had += count,
        }
    }
    bytes.truncate(had);
    bytes
}
