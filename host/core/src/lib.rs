//! The core: what an event is, who judges it, and what their answers add up to.
//!
//! Everything here is a function of its arguments. What the host needs from the world is a trait in [`ports`], spoken
//! in the core's own types; `engine` carries the core's answers out and brings back what happened. That is why any
//! decision can be made again from its receipt.
//!
//! Not here: turns and threads (`engine`), WebAssembly (`runtime`), bytes on disk (`store`), the wire (`api`).

pub mod calendar;
pub mod capability;
pub mod changes;
pub mod command;
pub mod config;
pub mod decision;
pub mod effect;
pub mod error;
pub mod event;
pub mod fact;
pub mod failpoint;
pub mod json;
pub mod outcome;
pub mod payload;
pub mod ports;
mod request;
pub mod settle;
pub mod slot;
pub mod states;
mod step;
pub mod text;
pub mod time;
pub mod trust;
pub mod versions;

pub use config::Config;
pub use decision::{Decision, Manifest, Verdict};
pub use error::Error;
pub use event::{DedupKey, Event, Lane};
pub use fact::{Fact, FactKey, FactName, Scope};
pub use outcome::{Outcome, Report};
pub use slot::Slot;
pub use states::State;
pub use text::Text;
pub use time::Time;
