//! The wire: what programs read, in shapes that stay still while the core moves, and the HTTP server that speaks it.
//!
//! A type of the core is never serialised to the outside. Each has a twin here that says exactly what the contract
//! says, and a conversion. The twins are behind no feature: the command line prints and reads them without a server.

mod ask;
mod case;
mod decided;
mod event;
mod explained;
mod fact;
mod host;
mod net;
mod open;
mod outcome;
mod page;
mod problem;
mod receipt;
mod replay;
#[cfg(feature = "server")]
pub mod server;
mod slots;
mod stats;

pub use ask::{NewToken, OrderBody, OrderVerb, ResendBody, TokenBody, TokenLine};
pub use case::{CaseFile, CaseHistoryLine, CaseLine, CaseStepLine, CommandBody, LaunchBody, WorkLine, status_name};
pub use decided::DecidedLine;
pub use event::{EventFile, HistoryLine};
pub use explained::explained;
pub use fact::FactLine;
pub use host::MoveLine;
pub use net::{NetChoice, NetFault, NetFile, NetLine, NetMistake, NetPromise, NetReport, NetSize, UnloadedLine};
pub use open::{EventLine, QuarantinedLine, StuckLine, UndeliveredLine};
pub use outcome::{ConflictLine, EffectLine, ErrorLine, GovernorLine, OutcomeLine, Prelude, Summary, SummaryLine};
pub use page::Page;
pub use problem::{PROBLEMS, ProblemKind, ProblemLine, exit_code};
pub use receipt::{ActLine, CaseStep, ReceiptFile, ReceiptLine};
pub use replay::{BacktestLine, DifferenceLine, FirstLine, ReplayLine, ReplaySummary, ReplayedLine, VersionLine};
pub use slots::{
    ALLOWED, BudgetLine, ExplainBody, LeftLine, PastVersion, PromoteBody, RevertBody, SeatLine, SlotLine, SwappedLine,
    TrialCounts, TrialDifference, TrialFile, TrialLine,
};
pub use stats::Stats;
