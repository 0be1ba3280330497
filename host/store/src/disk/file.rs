//! A file of the store's own: written in place, synced by hand, and watched where a test cuts the power.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// A fold begins when the overlay has so many bytes, or the journal's file: 64 MiB. It bounds what opening has to do.
pub(crate) const FOLD_BYTES: usize = 64 * 1024 * 1024;

/// Is asked before the store touches its files. A test may look, or refuse as a disk would.
pub trait Watch: Send + Sync {
    /// How many bytes come together before they are folded. Few, where a test wants to see folds.
    fn fold_bytes(&self) -> usize {
        FOLD_BYTES
    }

    /// Bytes are about to be written to a file of this name.
    ///
    /// # Errors
    /// As writing fails.
    fn write(&self, file: &str) -> io::Result<()>;

    /// A file of this name is about to be synced: what it holds now survives a power cut if this succeeds.
    ///
    /// # Errors
    /// As syncing fails.
    fn sync(&self, file: &str) -> io::Result<()>;
}

/// Nobody watches.
pub(crate) struct Unwatched {
    pub(crate) fold_bytes: usize,
}

impl Watch for Unwatched {
    fn fold_bytes(&self) -> usize {
        self.fold_bytes
    }

    fn write(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// A file by its name in the store's folder.
pub(super) struct OurFile {
    pub(super) file: File,
    name: &'static str,
    watch: Arc<dyn Watch>,
}

impl OurFile {
    /// Opens a file, or makes it.
    pub(super) fn open(folder: &Path, name: &'static str, watch: &Arc<dyn Watch>) -> io::Result<Self> {
        let path = folder.join(name);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, name, watch: Arc::clone(watch) })
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(super) fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.watch.write(self.name)?;
        self.file.write_all_at(bytes, at)
    }

    /// Exactly so many bytes.
    pub(super) fn read_at(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// What was written survives a power cut when this returns.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.watch.sync(self.name)?;
        self.file.sync_data()
    }
}
