//! How the next life of a tale is to end.
//!
//! Most bugs are near the beginning of things, so that is where most lives end: the first of each tale while the
//! directory is made, half of the others soon after the first line, the rest anywhere.

use std::fmt;
use std::time::Duration;

use crate::dice::Dice;
use crate::life::Moment;
use crate::plan::Mode;
use crate::reference::{Calls, Reference};

/// Half of the kills come so soon after the first line.
const SOON: Duration = Duration::from_millis(50);

/// The same for cuts, in lines of the stream.
const SOON_LINES: u64 = 40;

/// Between two writes there may be a few microseconds, which no clock hits. So of the kills, one in this many comes
/// before a call of a given number, as cuts do.
const BETWEEN_CALLS: u64 = 3;

/// How many lives of a tale of cuts end by a kill whose unsynced data the next life may still lose: one in this many.
const CARRIES: u64 = 6;

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    Of(Mode),
    /// All of it, still not synced.
    Carry,
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Kill(Moment),
    Cut { leaves: Leaves, before: u64, throws: u64 },
}

/// The throws of one tale.
pub(crate) struct Throws {
    dice: Dice,
    mode: Mode,
    lives: u64,
}

impl Throws {
    pub(crate) fn new(seed: u64, mode: Mode, number: u64) -> Self {
        Self { dice: Dice::new(seed, mode.name(), number), mode, lives: 0 }
    }

    /// The next life, where `calls` is what the library counted and `done` lines were told before.
    pub(crate) fn fate(&mut self, reference: &Reference, calls: Calls, done: u64) -> Fate {
        self.lives += 1;
        let first = self.lives == 1;
        let left = (reference.by_line.len() as u64).saturating_sub(done);
        match self.mode {
            Mode::Kill if self.dice.one_in(BETWEEN_CALLS) => {
                let before = self.call(reference, calls, first, done);
                Fate::Cut { leaves: Leaves::Carry, before, throws: 0 }
            }
            Mode::Kill => Fate::Kill(self.moment(reference, first, left)),
            mode => {
                let carries = !first && self.dice.one_in(CARRIES);
                let leaves = if carries { Leaves::Carry } else { Leaves::Of(mode) };
                Fate::Cut { leaves, before: self.call(reference, calls, first, done), throws: self.dice.roll() }
            }
        }
    }

    fn moment(&mut self, reference: &Reference, first: bool, left: u64) -> Moment {
        let times = &reference.times;
        if first {
            return Moment::AfterFolder(self.within(times.making));
        }
        let part = f64::from(u32::try_from(left).unwrap_or(u32::MAX)) / reference.by_line.len().max(1) as f64;
        let telling = times.telling.mul_f64(part);
        if self.dice.one_in(2) {
            return Moment::AfterFirstLine(self.within(SOON.min(telling)));
        }
        Moment::AfterStart(self.within(times.until_first_line + telling))
    }

    fn within(&mut self, most: Duration) -> Duration {
        Duration::from_nanos(self.dice.below(u64::try_from(most.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The call before which the power goes, from 1.
    fn call(&mut self, reference: &Reference, calls: Calls, first: bool, done: u64) -> u64 {
        let left = (reference.by_line.len() as u64).saturating_sub(done);
        let again = calls.opening + done * calls.line_again;
        1 + match self.dice.below(10) {
            _ if first => self.dice.below(calls.opening),
            0 | 1 => self.dice.below(calls.opening),
            2 => self.dice.below(again),
            3..=6 => again + self.dice.below(SOON_LINES.min(left) * calls.line),
            _ => again + self.dice.below(left * calls.line),
        }
    }
}

impl Fate {
    /// Whether it is one of those that were asked for.
    pub(crate) fn is_a_trial(self, mode: Mode) -> bool {
        match self {
            Self::Kill(moment) => !matches!(moment, Moment::Never),
            Self::Cut { leaves, .. } => mode == Mode::Kill || leaves != Leaves::Carry,
        }
    }
}

impl Leaves {
    /// What the library calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Of(mode) => mode.name(),
            Self::Carry => "carry",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(Moment::Never) => write!(f, "undisturbed"),
            Self::Kill(Moment::AfterStart(wait)) => write!(f, "kill -9, {wait:?} after the start"),
            Self::Kill(Moment::AfterFolder(wait)) => write!(f, "kill -9, {wait:?} after the folder was there"),
            Self::Kill(Moment::AfterFirstLine(wait)) => write!(f, "kill -9, {wait:?} after the first line"),
            Self::Cut { leaves, before, throws } => {
                write!(f, "SYNDIC_CRASH_LEAVES={} SYNDIC_CRASH_AT={before} SYNDIC_CRASH_SEED={throws}", leaves.name())
            }
        }
    }
}
