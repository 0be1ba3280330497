//! A moment of a space: everything up to one batch, to be read for as long as it takes, while others go on writing.
//!
//! Tree and archive change by folds and by nothing else. So a moment is a fold that was asked for between two batches,
//! and no fold after it: what is written meanwhile gathers in journal and overlay, where it is as durable as ever.
//! Writers are held up while the overlay is frozen, which is a few pointers, and not while anything is read.
//!
//! What gathers is in memory, so there is an end to it: a moment that lasts until [`GATHERED_FOLDS`] folds are due gives
//! way, and whoever reads it is told that it is over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use syndic_core::ports::StoreError;

use super::archive::Archive;
use super::file::Watch;
use super::mark::Mark;
use super::tree::{State, Tree};
use super::{Disk, Shelf, Unopened, lost, unreadable};
use crate::space::Pairs;

/// How many times what a fold takes may gather while a moment is read: half a GiB, where nobody says otherwise.
const GATHERED_FOLDS: usize = 8;

/// Whether folds have to wait.
#[derive(Default)]
pub(super) struct Hold(AtomicU8);

const FREE: u8 = 0;
const HELD: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Hold {
    /// Whether a fold may begin, where so many bytes have gathered.
    pub(super) fn gives_way(&self, bytes: usize, fold_bytes: usize) -> bool {
        if bytes >= fold_bytes.saturating_mul(GATHERED_FOLDS) {
            self.give_up();
        }
        self.0.load(Ordering::SeqCst) != HELD
    }

    /// Keeps nobody waiting any more. Before a fold changes anything, so that who reads afterwards knows.
    pub(super) fn give_up(&self) {
        let _ = self.0.compare_exchange(HELD, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn is_held(&self) -> bool {
        self.0.load(Ordering::SeqCst) == HELD
    }
}

/// Keeps folds waiting until it is dropped.
pub(crate) struct Held(Arc<Hold>);

impl Held {
    /// None where somebody keeps them waiting already.
    pub(super) fn take(hold: &Arc<Hold>) -> Option<Self> {
        hold.0.compare_exchange(FREE, HELD, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        Some(Self(Arc::clone(hold)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.store(FREE, Ordering::SeqCst);
    }
}

/// How far a moment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The last batch of it.
    pub(crate) batch: u64,
    /// Receipts in the archive.
    pub(crate) archived: u64,
    /// Bytes of the archive's blocks.
    pub(crate) archive_bytes: u64,
}

/// Everything up to a batch.
pub(crate) struct Still {
    shelf: Arc<Shelf>,
    held: Held,
    state: State,
}

impl Disk {
    /// Keeps folds waiting from now on, and waits for the one that is under way. None where they wait already.
    pub(crate) fn hold(&self) -> Option<Held> {
        let held = Held::take(&self.hold)?;
        self.folder.wait();
        Some(held)
    }

    /// Begins the fold that makes a moment, unless one is under way. To be called between a barrier and the next batch.
    pub(crate) fn begin_still(&self) -> bool {
        let mut writing = self.writing();
        let idle = self.folder.is_idle();
        if idle {
            self.turn(&mut writing);
        }
        idle
    }

    /// The moment, once its fold is done.
    pub(crate) fn still(&self, held: Held) -> Still {
        self.folder.wait();
        Still { shelf: Arc::clone(&self.shelf), held, state: self.shelf.state() }
    }

    /// Waits for the fold that is under way, if one is.
    pub(crate) fn wait_for_fold(&self) {
        self.folder.wait();
    }
}

impl Still {
    pub(crate) fn reach(&self) -> Reach {
        let State { folded, archive } = self.state;
        Reach { batch: folded, archived: archive.count, archive_bytes: archive.bytes }
    }

    /// Bytes of the archive's files from a place on: of its blocks, or of where they are.
    pub(crate) fn archive(&self, blocks: bool, at: u64, bytes: usize) -> Result<Vec<u8>, StoreError> {
        // What is within the extent never changes, whatever is folded.
        self.shelf.archive.raw(blocks, at, bytes).map_err(lost)
    }

    /// The tree's pages after one, as far as they go into so many bytes. None where there are none.
    pub(crate) fn pages(&self, after: Option<&[u8]>, bytes: usize) -> Result<Pairs, StoreError> {
        let pages = self.shelf.tree.raw(after, bytes).map_err(unreadable)?;
        if self.held.0.is_held() {
            return Ok(pages);
        }
        Err(StoreError::Unreachable(
            "it took so long to read that the store had to go on: what was written meanwhile had no more room".into(),
        ))
    }
}

/// A space that is laid out of what a moment was read as. It is one once it is [sealed](Self::seal).
pub(crate) struct Laid {
    tree: Tree,
    archive: Archive,
    mark: Mark,
}

impl Laid {
    /// An empty one, in an empty folder.
    pub(crate) fn begin(folder: &Path, watch: &Arc<dyn Watch>) -> Result<Self, Unopened> {
        drop(Disk::open(folder, watch)?);
        let (mark, _) = Mark::open(folder, watch)?;
        Ok(Self { tree: Tree::open(folder, watch)?, archive: Archive::open(folder, watch)?, mark })
    }

    pub(crate) fn archive(&self, blocks: bool, at: u64, bytes: &[u8]) -> Result<(), Unopened> {
        Ok(self.archive.lay(blocks, at, bytes)?)
    }

    pub(crate) fn pages(&self, pages: Pairs) -> Result<(), Unopened> {
        Ok(self.tree.lay(pages)?)
    }

    /// Says how far it reaches. All of it is durable on return.
    pub(crate) fn seal(self, reach: Reach) -> Result<(), Unopened> {
        let archive = super::archive::Extent { count: reach.archived, bytes: reach.archive_bytes };
        self.archive.sync()?;
        self.tree.note(State { folded: reach.batch, archive })?;
        Ok(self.mark.set(reach.batch)?)
    }
}
