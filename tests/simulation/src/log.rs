//! The trace: what happened in a run, in order, written down only where somebody wants to read it.

use std::sync::{Mutex, PoisonError};

/// The lines of a run.
#[derive(Debug, Default)]
pub struct Log(Option<Mutex<Vec<String>>>);

impl Log {
    /// A log that is kept, or one that costs nothing.
    pub fn new(kept: bool) -> Self {
        Self(kept.then(Mutex::default))
    }

    /// Adds a line.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line());
        }
    }

    /// What was said.
    pub fn lines(&self) -> Vec<String> {
        self.0.as_ref().map_or_else(Vec::new, |lines| lines.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
