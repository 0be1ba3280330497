//! Nets: the long life of a marketplace as Petri nets, and what can be said of one before a single case runs on it.
//!
//! A net is written down in terms an engineer thinks in: conditions, tasks that join and split, outcomes with guards,
//! timers, sub-nets. Everything that reasons about it reasons about its [`Flat`] form instead, a plain
//! place/transition net with reset arcs, because there a firing is three set operations and nothing is implied.
//!
//! This crate reads no clock and no file. Not here: cases and work items (`host/engine`).

pub mod draw;
mod flat;
pub mod format;
pub mod game;
pub mod guard;
mod judgement;
pub mod marketplace;
pub mod model;
pub mod proof;
mod words;

pub use flat::{Flat, PlaceId, Tokens, Transition, TransitionId};
pub use judgement::Judgement;
pub use model::Net;
pub use proof::{Budget, Verdict, prove};
