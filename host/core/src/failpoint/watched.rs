//! Who is asked at every point, and what can be answered.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use super::{POINTS, Point};
use crate::ports::{NoAnswer, StoreError};

/// How to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    /// As if there was no point.
    #[default]
    GoOn,
    /// The function returns the error of its kind.
    Fail,
    /// The step behind the point is left out. Where there is none, as [`GoOn`](Self::GoOn).
    Skip,
}

type Watcher = dyn Fn(&'static Point) -> Act + Send + Sync;

/// One for the whole process: the store has threads of its own. Who tests several hosts at once tells them apart by
/// what the watcher knows of its thread.
static WATCHER: RwLock<Option<Arc<Watcher>>> = RwLock::new(None);

/// Has every point of this process told to `watcher` from now on, in the thread that reached it. What is to end here,
/// it ends by itself.
pub fn watch(watcher: impl Fn(&'static Point) -> Act + Send + Sync + 'static) {
    *WATCHER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(watcher));
}

/// Nobody watches any more.
pub fn unwatch() {
    *WATCHER.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// What the watcher says of a point, by its place in the table. Called by the macro.
pub fn reached(place: usize) -> Act {
    // It may take its time, or never return; nobody waits for it at the lock.
    let watcher = WATCHER.read().unwrap_or_else(PoisonError::into_inner).clone();
    watcher.map_or(Act::GoOn, |watcher| watcher(&POINTS[place]))
}

/// The failure of a point, by its name. It becomes the error of the place where it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failpoint {0}")]
pub struct Injected(pub &'static str);

impl From<Injected> for StoreError {
    fn from(injected: Injected) -> Self {
        Self::Unreachable(injected.to_string())
    }
}

impl From<Injected> for io::Error {
    fn from(injected: Injected) -> Self {
        Self::other(injected)
    }
}

impl From<Injected> for NoAnswer {
    fn from(injected: Injected) -> Self {
        Self { reason: injected.to_string() }
    }
}
