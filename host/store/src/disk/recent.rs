//! The pages that were looked at last, one for each kind of key: who reads one record of a customer's reads the next,
//! and who writes a batch asks for its keys in order. Most of both ask for what is not there, and are told so by the
//! page they asked last, without a walk down sled's tree.
//!
//! While a fold changes pages these stay as they were, and may: what it changes is frozen above them, and who looks
//! there first and here then finds it. At its end, before that is let go, they are all forgotten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sled::IVec;

use super::page::{self, CutShort};

/// Kinds of keys are letters, which this many slots tell apart.
const SLOTS: usize = 32;

#[derive(Default)]
pub(super) struct Recent {
    folds: AtomicU64,
    pages: [Mutex<Option<Arc<Looked>>>; SLOTS],
}

/// A page, as it was after so many folds.
pub(super) struct Looked {
    folds: u64,
    /// A key that is known to be in its stretch, and the last one that is.
    first: Vec<u8>,
    filed: IVec,
    pub(super) page: IVec,
}

impl Recent {
    /// The page that a key is in, if it was the last one.
    pub(super) fn page(&self, key: &[u8]) -> Option<Arc<Looked>> {
        let looked = self.slot(key).clone()?;
        let is_it = looked.folds == self.folds() && looked.first.as_slice() <= key && *key <= *looked.filed;
        is_it.then_some(looked)
    }

    /// Keeps the page that a key is in, which was looked up after so many folds.
    pub(super) fn keep(&self, folds: u64, key: &[u8], (filed, page): (IVec, IVec)) -> Result<Arc<Looked>, CutShort> {
        let first = page::pairs(&page).next().transpose()?.map_or(key, |(first, _)| first.min(key)).to_vec();
        let looked = Arc::new(Looked { folds, first, filed, page });
        *self.slot(key) = Some(Arc::clone(&looked));
        Ok(looked)
    }

    /// Folds that came to their end.
    pub(super) fn folds(&self) -> u64 {
        self.folds.load(Ordering::SeqCst)
    }

    /// A fold came to its end: every page may be another.
    pub(super) fn forget(&self) {
        self.folds.fetch_add(1, Ordering::SeqCst);
    }

    fn slot(&self, key: &[u8]) -> MutexGuard<'_, Option<Arc<Looked>>> {
        let kind = key.first().copied().unwrap_or_default();
        self.pages[usize::from(kind) % SLOTS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
