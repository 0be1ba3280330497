//! The command line: what people type, and what they read.
//!
//! Arguments and help, tables, failures with their exit codes, and a client of the daemon. Nothing here reaches a store
//! or a governor: those verbs are carried out by `host/daemon`, in the shapes of `host/api`.

pub mod args;
pub mod client;
pub mod facts;
pub mod failure;
mod mistyped;
pub mod paint;
pub mod plain;
pub mod replayed;
pub mod tables;

pub use args::Cli;
pub use failure::{Failure, FailureKind};
pub use mistyped::mistyped;
