//! What a proof says.

use super::explore::Spent;
use crate::flat::{Tokens, TransitionId};

/// Whether a net is sound: three answers, and never a yes that was not proved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Proved: every marking was looked at, here or in a reduced net.
    Sound {
        /// What was looked at.
        explored: Explored,
        /// The net that was explored instead, if it was not this one.
        reduced: Option<Size>,
    },
    /// Disproved, each time by a firing sequence that anybody can play.
    Unsound {
        /// One of each kind that was found, at least one: those with fewer firings first, then in the order of
        /// [`Kind`].
        faults: Vec<Counterexample>,
        /// What was looked at.
        explored: Explored,
    },
    /// Neither: the budget ended first.
    Undecided {
        /// Why more could help, or why nothing might.
        why: Why,
        /// What was looked at.
        explored: Explored,
        /// The same for people.
        sentence: String,
    },
}

impl Verdict {
    /// The net may be loaded.
    pub fn is_sound(&self) -> bool {
        matches!(self, Self::Sound { .. })
    }

    /// What is wrong, the shortest first; nothing if nothing was found.
    pub fn faults(&self) -> &[Counterexample] {
        match self {
            Self::Unsound { faults, .. } => faults,
            Self::Sound { .. } | Self::Undecided { .. } => &[],
        }
    }

    /// What was looked at.
    pub fn explored(&self) -> Explored {
        match self {
            Self::Sound { explored, .. } | Self::Unsound { explored, .. } | Self::Undecided { explored, .. } => {
                *explored
            }
        }
    }
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Explored {
    /// Different markings.
    pub markings: usize,
    /// Firings that lead from one to the next.
    pub firings: usize,
    /// What of its [`Budget`]'s work that took.
    pub work: u64,
}

/// How large a net is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its places.
    pub places: usize,
    /// Its transitions.
    pub transitions: usize,
}

/// A fault that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// What is wrong.
    pub kind: Kind,
    /// What to fire, from one token in the source, to see it.
    pub firing: Vec<TransitionId>,
    /// There is no shorter sequence that shows a fault of this kind. Otherwise there were too many markings to look for
    /// one. If the fault was found in a reduced net, no sequence is told for dead transitions, nor are all of them.
    pub shortest: bool,
    /// What the firing ends in.
    pub marking: Tokens,
    /// The transitions it is about: all dead ones, those that go round, those that repeat. Of dead ones, the first is
    /// the one nearest to the cause.
    pub tasks: Vec<TransitionId>,
    /// The same for people.
    pub sentence: String,
}

/// The ways in which a net is not sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It has not the shape: one source, one sink, everything on a way between them. The firing is empty.
    NotAWorkflowNet,
    /// Transitions can never fire. The firing leads to where one of them has most of what it needs.
    DeadTask,
    /// A case rests, or goes round for ever, and can never mark the sink. The firing leads to the first such marking
    /// that is come back to from everything that can still happen.
    Stuck,
    /// The sink is marked, and not alone, or more than once.
    TokenLeft,
    /// Tokens can be made without end: the firing ends in a larger marking than one it passed, and what was fired
    /// between can be repeated.
    Unbounded,
}

/// Why a proof has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A larger budget gives an answer, for there always is one.
    Budget(Spent),
    /// A larger budget may give one. With cancellation no procedure decides every net.
    Cancellation(Spent),
}

/// How much a proof may take. The same net and budget give the same verdict everywhere, so there is no clock in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Different markings of one exploration.
    pub markings: usize,
    /// Memory of one exploration.
    pub bytes: usize,
    /// Firings of one exploration, times what each of them writes: what stands for time.
    pub work: u64,
    /// Whether smaller nets may be explored instead.
    pub reduce: Reduce,
}

/// Whether a net is reduced before it is explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    /// The net itself is explored.
    Never,
    /// When the net itself has more than a thousand markings: up to there, exploring is about as quick as reducing.
    WhenLarge,
    /// A reduced net is explored first, however small this one is.
    Always,
}

impl Default for Budget {
    /// A second or two, on a machine of today.
    fn default() -> Self {
        Self { markings: 1_000_000, bytes: 256 << 20, work: 1_000_000_000, reduce: Reduce::WhenLarge }
    }
}
