//! The runtime, held to its promises by governors written for the purpose.

#![allow(clippy::unwrap_used, reason = "in a test, what must not be there is reported by panicking")]

mod answers;
mod cache;
mod failures;
mod guest;
mod loading;
mod wasi;
mod world;
