//! The wire: what programs read, in shapes that stay still while the core moves.
//!
//! A type of the core is never serialised to the outside. Each has a twin here that says exactly what the contract
//! says, and a conversion.

mod fact;
mod open;
mod outcome;
mod stats;

pub use fact::FactLine;
pub use open::{EventLine, QuarantinedLine, StuckLine, UndeliveredLine};
pub use outcome::{ConflictLine, EffectLine, ErrorLine, GovernorLine, OutcomeLine, Prelude, Summary, SummaryLine};
pub use stats::Stats;
