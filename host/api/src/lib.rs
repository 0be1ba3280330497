//! The wire: what programs read, in shapes that stay still while the core moves.
//!
//! A type of the core is never serialised to the outside. Each has a twin here that says exactly what the contract
//! says, and a conversion.

mod decided;
mod fact;
mod open;
mod outcome;
mod replay;
mod stats;

pub use decided::DecidedLine;
pub use fact::FactLine;
pub use open::{EventLine, QuarantinedLine, StuckLine, UndeliveredLine};
pub use outcome::{ConflictLine, EffectLine, ErrorLine, GovernorLine, OutcomeLine, Prelude, Summary, SummaryLine};
pub use replay::{BacktestLine, DifferenceLine, FirstLine, ReplayLine, ReplaySummary, ReplayedLine, VersionLine};
pub use stats::Stats;
