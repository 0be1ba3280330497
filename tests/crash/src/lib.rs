//! The crash tool: ends a real `syndic play` at random points, and looks for what went missing.
//!
//! A *tale* is one data directory from nothing to the end of a stream. It has many *lives*: each is a process that plays
//! the same stream from its first line and is ended somewhere, by `kill -9` or by a power cut. After each of them, and
//! after a last one that nobody disturbs, the tale is held against a run of the same stream that was never disturbed:
//!
//! - what a process had printed when it ended was *acknowledged*: the store has its receipt, and whoever plays the line
//!   again is told the same, as a duplicate;
//! - the receipts are always the first few of the undisturbed run's, none missing among them and none twice;
//! - in the end all receipts and the root are the same.
//!
//! A tale may lose what was never acknowledged, the whole directory too. It may not fail to open.
//!
//! How the power is cut is the business of the library beside this one, in `shim`. On anything but 64-bit Linux that
//! library is empty, and nothing here is built.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod copy;
mod desk;
mod dice;
mod fate;
mod life;
mod oracle;
mod plan;
mod reference;
mod run;
mod stream;
mod syndic;
mod tale;
mod tally;

pub use plan::{Mode, Plan};
pub use run::run;
pub use syndic::Trouble;
pub use tally::{Found, Tally, Wrong};
