//! The runtime: governors as WebAssembly components, and nothing they could lean on.
//!
//! A governor gets a fresh instance for every call, with so much fuel, so much wall time and so much memory as its
//! slot allows, and of the world only what [`syndic_core::ports::Facts`] lets it read. What it answers is converted
//! strictly; what it does wrong is named by one [`FailureClass`](syndic_core::ports::FailureClass) and one sentence.
//! The same component, context and facts give the same decision, the same failure and the same fuel on every machine;
//! [`Runtime`]'s engine hash says under which engine and settings.
//!
//! Two things can stop a governor that are not repeatable, and both end the call as a failure, never as a decision: the
//! wall-clock deadline, and a machine that is itself out of memory. How deep a recursion may go is fixed in bytes of
//! native stack, and so can differ between kinds of processors.
//!
//! This is the only host crate that knows wasmtime. Not here: which slots judge what and what their answers add up to
//! (`host/core`), whether a decision keeps to the contract's bounds (`Decision::check` there), where facts come from
//! (`host/engine`), how components are fetched and kept. Only what was compiled of them is kept here, where there is a
//! [`Cache`].

mod bindings;
mod cache;
mod call;
mod compile;
mod convert;
mod engine;
mod gate;
mod judge;
mod limiter;
mod load;
mod manifest;
mod offer;
mod parts;
mod private;
mod runtime;
mod text;
mod trap;
mod wasi;

pub use cache::Cache;
pub use call::Level;
pub use private::{CacheUnusable, WhyUnusable};
pub use runtime::{Log, Runtime, Unavailable};
