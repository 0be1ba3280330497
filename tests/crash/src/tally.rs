//! What was found: counts, and each wrong in full.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::path::PathBuf;

use crate::plan::Mode;

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Something acknowledged is missing, or was done again.
    Lost,
    /// One event has two receipts.
    Doubled,
    /// The directory does not open, or the process ends by itself, or never.
    DoesNotOpen,
    /// Receipts, outcomes or the root are others than those of the undisturbed run.
    Differs,
}

/// One wrong.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is.
    pub wrong: Wrong,
    /// What exactly, in a sentence.
    pub what: String,
    /// Which tale.
    pub mode: Mode,
    /// Its number.
    pub number: u64,
    /// Which of its lives ended last before it was found, from 1.
    pub life: u64,
    /// How that life ended.
    pub ended: String,
    /// Where everything is kept.
    pub kept: PathBuf,
    /// The command that tells this tale again: the same throws, but kills by the clock fall where they may.
    pub again: String,
    /// A script that lives the last life again, from what it began with.
    pub last_life: PathBuf,
}

/// Counts of one mode.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Lives that were ended.
    pub trials: u64,
    /// How often an acknowledged outcome was looked up after a life.
    pub checked: u64,
    /// By what was wrong, in the order of [`Wrong`].
    pub wrong: [u64; 4],
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Counts by mode.
    pub counts: BTreeMap<Mode, Counts>,
    /// Every wrong.
    pub found: Vec<Found>,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, more: &Counts) {
        self.trials += more.trials;
        self.checked += more.checked;
        self.wrong.iter_mut().zip(more.wrong).for_each(|(sum, more)| *sum += more);
    }
}

impl Tally {
    /// How many lives of a mode were ended.
    #[must_use]
    pub fn trials(&self, mode: Mode) -> u64 {
        self.counts.get(&mode).map_or(0, |counts| counts.trials)
    }

    pub(crate) fn add(&mut self, mode: Mode, counts: &Counts, found: Option<Found>) {
        let sum = self.counts.entry(mode).or_default();
        *sum += counts;
        if let Some(found) = found {
            sum.wrong[found.wrong as usize] += 1;
            self.found.push(found);
        }
    }

    /// The counts as rows of text, with a row of heads.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let heads = ["mode", "trials", "acknowledged checked", "lost", "doubled", "cannot open", "differs"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for (mode, counts) in &self.counts {
            let numbers = [counts.trials, counts.checked].into_iter().chain(counts.wrong);
            rows.push(
                std::iter::once(mode.name().to_owned()).chain(numbers.map(|number| number.to_string())).collect(),
            );
        }
        rows
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wrong, what, mode, number, life, ended, kept, again, last_life } = self;
        writeln!(f, "FAILED ({wrong:?}): {what}")?;
        writeln!(f, "  in tale {}/{number}, after life {life}, which ended: {ended}", mode.name())?;
        writeln!(f, "  kept:  {}", kept.display())?;
        writeln!(f, "  again: {again}")?;
        write!(f, "  that life alone: sh {}", last_life.display())
    }
}
