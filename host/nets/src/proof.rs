//! Soundness, proved.
//!
//! A net that is not sound strands its cases: some wait for ever, some end while a part of them still runs, some tasks
//! are never offered to anybody. So no net loads unless [`prove`] says that it is sound, and a refusal is a story that
//! can be played: what fires, where it ends, what is wrong there.
//!
//! The proof looks at every marking that a case can reach. That is exact for every net that has an end of markings, with
//! or without cancellation; it needs no theorem that holds for free-choice nets only, which ours are not. Where there are
//! too many markings, a smaller net is made by [`REDUCTIONS`] that is sound exactly if this one is. What is neither proved nor
//! disproved within its [`Budget`] is [`Verdict::Undecided`], and does not load either.
//!
//! Data is abstracted from: a guard may turn out either way, and a timer may fire at any time.

mod components;
mod counterexample;
mod explore;
mod faults;
mod game;
mod growth;
mod packing;
mod property;
mod prove;
mod reduce;
mod rows;
mod sentences;
mod shrinking;
mod verdict;
mod workflow;

pub use explore::Spent;
pub use property::{Answer, Claim, holds};
pub use prove::prove;
pub use reduce::{REDUCTIONS, Reduction};
pub use verdict::{Budget, Counterexample, Explored, Kind, Reduce, Size, Verdict, Why};
