//! What is true of the whole product. Each folder beside this one is a test program: `engine` (the nine states over
//! scripted governors), `histories` (the eight governors through random years), `hostile` (components that do their
//! worst), `mutants` (components that nobody wrote), `stories` (the built binary), `tidy` (house rules).
//!
//! The library is what `histories` shares with the bench `governors`: a host in this process whose outside world
//! writes everything down, and a generator of events that make sense to it.

#![allow(clippy::expect_used, reason = "what a test stands on is there, or the test stops")]

pub mod dice;
pub mod facts;
pub mod marketplace;
pub mod moods;
pub mod process;
pub mod stage;
pub mod watch;
