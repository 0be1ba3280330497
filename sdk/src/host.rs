//! The three things the host offers, whichever host it is: the real one in a component, a fake one in a test.

use crate::{Subject, log::Level};

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host as imports;
#[cfg(target_arch = "wasm32")]
use crate::wire::imports;

/// The JSON text of a fact of the event's snapshot.
pub(crate) fn read(subject: Subject, name: &str) -> Option<String> {
    imports::read(subject, name)
}

/// The slot's configuration.
pub(crate) fn config(key: &str) -> Option<String> {
    imports::config(key)
}

/// Writes a line to the host's log.
pub(crate) fn log(level: Level, message: &str) {
    imports::log(level, message);
}
