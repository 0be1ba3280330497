//! The engine's promises, over governors that answer from a script: all or nothing, one receipt each, in order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

mod acts;
mod cases;
mod conflicts;
mod crashes;
mod effects;
mod follows;
mod judging;
mod keys;
mod lanes;
mod races;
mod replay;
mod stepped;
mod swaps;
mod waiting;
mod world;
