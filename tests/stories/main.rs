//! What the product promises to whoever types its name, told by the built binary.
//!
//! A story writes events to a file, plays them, and reads what it was told. How that is typed and read is in `syndic`;
//! no story knows it, and none knows the inside of the host.

#![allow(clippy::unwrap_used, reason = "in a test, what must not be there is reported by panicking")]

mod again;
mod author;
mod bad_input;
mod books;
mod calendars;
mod cases;
mod completions;
mod daemon;
mod demo;
mod dev;
mod eighty;
mod first_governor;
#[path = "../../host/runtime/tests/runtime/guest.rs"]
#[allow(dead_code, reason = "it serves the stories of the runtime too")]
mod guest;
mod hostile;
mod killed;
mod looking;
mod mistaken;
mod money;
mod nets;
mod not_loaded;
mod operators;
mod readme;
mod refusals;
mod replayed;
mod shown_safely;
mod signed;
mod spies;
mod stranger;
mod stuck;
mod swaps;
mod syndic;
mod three_lines;
mod timers;
mod told;
mod transcript;
mod wasi;
mod wire;
