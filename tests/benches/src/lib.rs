//! How fast it is, and beside what.
//!
//! A time says little: machines differ, and one machine differs from itself an hour later. So every bench here puts
//! what we do beside the least that the parts below us could do for the same work, sample by sample in one run, and
//! prints the ratio. Nothing here asserts a time; a figure is for reading.
//!
//! | `cargo bench --workspace --bench …` | Shows |
//! |---|---|
//! | `calls` | one governor call beside the bare wasmtime cycle of the same component; what a second thread adds |
//! | `commits` | commits of our store beside sled by itself and an append, with the same bytes, in groups of 1, 8 and 64 |
//! | `events` | an event with six governors, end to end, beside its bare cycles and its share of a group commit |
//! | `governors` | fuel and time of each governor for each kind of event, over random histories |
//! | `http` | a month over HTTP at 1, 16 and 256 connections, beside `play` |
//! | `daemon` | how long `run` takes to come up and to drain, and what it does under ten times its load; `-- soak 30` |
//! | `sizes` | what an event costs where much is stored, for few customers or many; `-- million` goes further |
//! | `cases -- million` | what cases cost that are open and sleep, up to a million: memory, disk, a step's time, opening |
//! | `memory -- calls 1000000` | resident memory over a million calls, of which one in eight traps |
//! | `memory -- events 1000000` | resident memory over a million events, durable and receipted |
//!
//! `--workspace`, because cargo chooses the features of what is below by the packages it is asked for: with `-p` it
//! would build wasmtime once more.
//!
//! Not here: whether what it does is right (`tests/`), and anything that is compared with an earlier run.

/// The binary's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bare;
pub mod caseload;
pub mod daemon;
pub mod disk;
mod ours;
pub mod process;
mod samples;
mod scene;
pub mod tape;
pub mod town;

pub use bare::{Asked, Bare};
pub use ours::Ours;
pub use samples::{Pair, Samples, interleave, per_second};
pub use scene::{Scene, scenes};
