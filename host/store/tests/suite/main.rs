//! The store's promises: what every store does ([`promises`]), what a directory must and must not be ([`directory`]),
//! and that both stores are one ([`agreement`]).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod agreement;
mod cases;
mod copying;
mod crash;
mod dice;
mod directory;
mod failing;
mod forgetting;
mod promises;
mod samples;
mod stores;
mod story;
