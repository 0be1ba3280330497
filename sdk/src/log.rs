//! Lines for the host's log, which puts the slot and the event beside them. Lines over 4 KiB are cut.
//!
//! Logging is for people: nothing a governor logs is part of its decision or of the receipt.

use crate::host;

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Someone should look.
    Warn,
    /// It went wrong.
    Error,
}

/// For the author.
pub fn debug(message: impl AsRef<str>) {
    host::log(Level::Debug, message.as_ref());
}

/// Worth knowing.
pub fn info(message: impl AsRef<str>) {
    host::log(Level::Info, message.as_ref());
}

/// Someone should look.
pub fn warn(message: impl AsRef<str>) {
    host::log(Level::Warn, message.as_ref());
}

/// It went wrong.
pub fn error(message: impl AsRef<str>) {
    host::log(Level::Error, message.as_ref());
}
