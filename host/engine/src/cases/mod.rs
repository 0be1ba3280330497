//! Cases: one token game over one net, with data, work and deadlines.
//!
//! A [`Case`] is a value. It is read from its record, one [`Command`] is applied at one moment, and what comes out is a
//! [`Step`]: the case as it is afterwards, what fired, and which work items are different. Nothing here reads a clock,
//! waits or calls anybody, so a step that has to be computed again (because another was committed first, or because the
//! host died) comes out the same.
//!
//! The work items of a case are those of the tasks that are enabled in its marking, neither more nor fewer, and they
//! are kept in one text with it: no item outlives its token.
//!
//! **How a case is driven.** Whoever drives it asks [`Case::happens`] and lets everything that is due come to pass with
//! [`Command::Due`], one happening a step, before any other command of that moment; [`Case::calls`] are then made, under
//! their keys, and each answer is brought back with [`Command::Answered`]. [`Case::due`] is the earliest moment of
//! either.
//!
//! Not here: what carries this out and commits it, and who may ask for what.

mod answer;
mod call;
mod case;
mod command;
mod data;
mod desk;
mod due;
mod item;
mod kept;
mod net;
mod people;
mod refused;
mod settle;
mod step;
mod turn;
mod undo;
mod work;

pub(crate) use answer::is_over;
pub use call::{Call, CallId};
pub use case::{Case, STATE_MAX, Stop};
pub use command::{Command, Repair, WorkVerb};
pub use net::{CaseNet, NotAdmitted};
pub use refused::{CaseRefused, REFUSALS};
pub use step::{Step, Told};
pub use work::{MOVES, On, Stage};
