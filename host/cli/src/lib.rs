//! The command line: what people type, and what they read.
//!
//! Arguments and help, tables, and failures with their exit codes. Nothing here reaches a store or a governor: the
//! verbs are carried out by `host/daemon`, in the shapes of `host/api`.

pub mod args;
pub mod facts;
pub mod failure;
pub mod paint;
pub mod plain;
pub mod replayed;
pub mod tables;

pub use args::Cli;
pub use failure::{Failure, FailureKind};
