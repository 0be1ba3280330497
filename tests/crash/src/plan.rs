//! What is to be done, and how the ways to end a life are called.

use std::path::PathBuf;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many lives are to end by `kill -9`.
    pub kills: u64,
    /// How many are to end by a power cut, in three ways that take turns.
    pub cuts: u64,
    /// Decides everything but the scheduling of threads.
    pub seed: u64,
    /// How many tales are told at a time.
    pub jobs: usize,
    /// A file of lines to play instead of made-up ones.
    pub events: Option<PathBuf>,
    /// The binary; none for the one beside this program.
    pub binary: Option<PathBuf>,
    /// Where compiled governors are kept, so that a start takes no time; none for a folder of this run's own.
    pub cache: Option<PathBuf>,
    /// Tell this tale only, to its end.
    pub only: Option<(Mode, u64)>,
    /// A disk whose `fdatasync` does nothing. It loses what was acknowledged, and the tool has to find that.
    pub disk_lies: bool,
}

/// How the lives of a tale end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// By `kill -9`.
    Kill,
    /// By a power cut that takes all that was not synced.
    Drop,
    /// By one that takes pages with an even chance.
    Half,
    /// By one that takes pages in part too.
    Torn,
}

impl Mode {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Kill, Self::Drop, Self::Half, Self::Torn];
    /// Those that are power cuts.
    pub const CUTS: [Self; 3] = [Self::Drop, Self::Half, Self::Torn];

    /// Its name, for people and for the library that cuts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Drop => "drop",
            Self::Half => "half",
            Self::Torn => "torn",
        }
    }

    /// How many lives of this mode a plan asks for.
    #[must_use]
    pub fn wanted(self, plan: &Plan) -> u64 {
        match self {
            Self::Kill => plan.kills,
            // Three numbers that add up to all cuts.
            Self::Drop => plan.cuts.div_ceil(3),
            Self::Half => (plan.cuts + 1) / 3,
            Self::Torn => plan.cuts / 3,
        }
    }
}
