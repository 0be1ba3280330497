//! A small market on a real engine and a real store: governors that answer from a script, a provider that keeps a book
//! of its own, and a stream in which everything happens that the engine can do.
//!
//! Nothing in it is chance and nothing is slow, so that a run can be stopped anywhere, taken up by another process, and
//! held against one that nobody stopped.

#![allow(clippy::expect_used, reason = "what a test stands on is there, or the test stops")]

mod governors;
mod hours;
mod left;
mod provider;
mod stage;
mod stream;

pub use governors::Scripted;
pub use left::leave;
pub use provider::{Accounts, Book, Deed, Provider, Rehearsal};
pub use stage::{Normal, Refused, Small, Stage};
