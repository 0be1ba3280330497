//! Copying a store: to keep one in another place, or to bring one back.
//!
//! What is copied is at rest: the source's lock is held, as whoever opens it would, and nothing writes to it. The copy
//! is made aside, synced, renamed, and then opened and verified whole, so that what is called a backup is one.
//!
//! Not here: how a store is read that is being written to ([`moment`](crate::moment)).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use syndic_core::ports::{Head, StoreError};
use syndic_ledger::Hash;

use crate::SledStore;
use crate::error::OpenError;
use crate::home::{HOLDER, MasterWanted, holder, make_folder, make_private_folder};

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// What is to be copied is no store, in use or damaged.
    #[error(transparent)]
    Source(#[from] OpenError),
    /// Where it should go there is something.
    #[error("{dir} is not empty")]
    Taken {
        /// The directory.
        dir: PathBuf,
    },
    /// What a copy is made from ended early, or is no copy.
    #[error("what came is no whole backup: {why}")]
    BrokenOff {
        /// How that shows.
        why: String,
    },
    /// The copy is not what it was made from. It was removed.
    #[error("the copy in {dir} is not whole: {why}")]
    NotWhole {
        /// The directory.
        dir: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The operating system refused something.
    #[error("{dir} cannot be written: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Copies the store in one directory to another, which is missing or empty, and verifies all of the copy. What a
/// process is using is not copied.
///
/// # Errors
/// [`CopyError`]. Then nothing is left in the other directory.
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Head, CopyError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let at_rest = locked(from)?;
    stands_whole(to, |aside| {
        copy_folder(&from.join("store"), aside).map_err(|source| CopyError::Io { dir: to.to_owned(), source })?;
        drop(at_rest);
        Ok(None)
    })
}

/// Has a store laid down aside, in a directory that is missing or empty, and lets it stand once all of it is verified:
/// with so many receipts and this root, where that is told.
pub(crate) fn stands_whole(
    to: &Path,
    lay: impl FnOnce(&Path) -> Result<Option<(u64, Hash)>, CopyError>,
) -> Result<Head, CopyError> {
    let io = |source| CopyError::Io { dir: to.to_owned(), source };
    make_folder(to).map_err(io)?;
    if fs::read_dir(to).map_err(io)?.next().is_some() {
        return Err(CopyError::Taken { dir: to.to_owned() });
    }
    let (aside, store) = (to.join("store.new"), to.join("store"));
    let copied = lay(&aside).and_then(|told| {
        fs::rename(&aside, &store).and_then(|()| File::open(to)?.sync_all()).map_err(io)?;
        verified(to, told)
    });
    if copied.is_err() {
        // What is not whole must not be taken for a store; that it cannot be removed changes nothing of what is said.
        let _ = fs::remove_dir_all(&store);
        let _ = fs::remove_dir_all(&aside);
    }
    copied
}

/// The source's lock, which is sled's own.
fn locked(from: &Path) -> Result<File, OpenError> {
    let dir = from.to_owned();
    let db = match File::open(from.join("store").join("db")) {
        Ok(db) => db,
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::NotAStore { dir, why: "there is no store in it" });
        }
        Err(source) => return Err(OpenError::Io { dir, source }),
    };
    match db.try_lock() {
        Ok(()) => Ok(db),
        Err(TryLockError::WouldBlock) => Err(OpenError::Busy { holder: holder(from), dir }),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { dir, source }),
    }
}

/// Copies a folder with what is in it, all of it synced.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    make_private_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else if name != HOLDER {
            fs::copy(entry.path(), to.join(&name))?;
            File::open(to.join(&name))?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()
}

/// Opens the copy, and reads all of it.
fn verified(to: &Path, told: Option<(u64, Hash)>) -> Result<Head, CopyError> {
    let not_whole = |why: String| CopyError::NotWhole { dir: to.to_owned(), why };
    let copy = SledStore::open(to, MasterWanted::Kept).map_err(|why| not_whole(why.to_string()))?;
    let head = copy.verify_all().map_err(|why: StoreError| not_whole(why.to_string()))?;
    let found = (head.frontier.size(), head.frontier.root());
    match told {
        Some((receipts, root)) if found != (receipts, root) => {
            Err(not_whole(format!("its ledger has {} receipts, root {}: not the one that was told", found.0, found.1)))
        }
        _ => Ok(head),
    }
}
