//! One history: lines into a fresh host, the oracle beside it, and two years of silence at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::vec::IntoIter;

use syndic_core::{Config, Slot, Time};
use syndic_tests::facts::Facts;
use syndic_tests::marketplace::{DAY, Marketplace, everybody_leaves};
use syndic_tests::moods::Moods;
use syndic_tests::stage::{Came, Governors, Stage};

use crate::oracle::{self, Objection, Oracle, rest};

/// How long nobody does anything at the end.
const SILENCE_DAYS: i64 = 730;

/// The tax where there is one: a rate that leaves something to round.
const TAX_BP: u32 = 1_937;

/// What a history is lived under.
#[derive(Clone, Copy)]
pub struct Terms {
    /// Everybody leaves before the silence.
    pub leaves: bool,
    /// How many of a hundred requests the outside world does not answer as the sandbox would.
    pub bad_percent: u64,
    /// Tax on every line, in hundredths of a percent.
    pub tax_bp: u32,
}

impl Terms {
    /// Those of a seed: in every other one everybody leaves, in every third the world has moods, in every fifth there are
    /// taxes.
    pub fn of(seed: u64) -> Self {
        let moods = [3, 25, 70];
        let bad_percent = if seed.is_multiple_of(3) { moods[(seed / 3 % 3) as usize] } else { 0 };
        let tax_bp = if seed.is_multiple_of(5) { TAX_BP } else { 0 };
        Self { leaves: seed.is_multiple_of(2), bad_percent, tax_bp }
    }

    /// A host that knows nothing, under these terms.
    pub fn stage(self, governors: &Governors, threads: usize) -> Stage {
        let mut config = Config::of_play();
        if self.tax_bp > 0 {
            let billing = config.slots.entry(Slot::new("billing").expect("a slot's name")).or_default();
            billing.values.insert("tax_bp".to_owned(), self.tax_bp.to_string());
        }
        Stage::before(Arc::new(Moods { bad_percent: self.bad_percent }), config, governors, threads)
    }
}

/// Where the lines of a history come from.
pub enum Source {
    /// Made as they are wanted, so many.
    Made(Box<Marketplace>, usize),
    /// Given.
    Given(IntoIter<String>),
}

impl Source {
    /// The history of a seed.
    pub fn seed(seed: u64, lines: usize) -> Self {
        Self::Made(Box::new(Marketplace::new(seed)), lines)
    }

    /// These lines again.
    pub fn given(lines: Vec<String>) -> Self {
        Self::Given(lines.into_iter())
    }

    fn next(&mut self, facts: &Facts) -> Option<String> {
        match self {
            Self::Made(_, 0) => None,
            Self::Made(marketplace, left) => {
                *left -= 1;
                Some(marketplace.next_line(facts))
            }
            Self::Given(lines) => lines.next(),
        }
    }

    /// Lines after which everything is looked at: often enough where there are few.
    fn looked_after(&self) -> usize {
        match self {
            Self::Made(_, left) => left / 24,
            Self::Given(lines) => lines.len() / 24,
        }
    }
}

/// What a history was.
#[derive(Default)]
pub struct Told {
    /// What was sent; and what was sent at the end, if everybody left.
    pub lines: Vec<String>,
    pub leaving: Vec<String>,
    /// The latest time of anything before the silence.
    pub latest: Time,
    /// The end of the silence.
    pub end: Time,
    pub receipts: u64,
    pub fuel: u64,
    pub root: String,
    pub facts: Facts,
    pub moves: crate::oracle::tables::Moves,
    /// How many of each kind and outcome.
    pub outcomes: BTreeMap<(String, &'static str), u64>,
    /// The promise that broke, if one did.
    pub objection: Option<Objection>,
}

/// Lives a history.
pub fn live(governors: &Governors, mut source: Source, terms: Terms) -> Told {
    let mut stage = terms.stage(governors, 0);
    let mut oracle = Oracle::taxed(terms.tax_bp);
    let mut told = Told::default();
    let lived = through(&mut stage, &mut oracle, &mut source, terms.leaves, &mut told);
    told.objection = lived.and_then(|()| can_be_judged_again(&stage, governors)).err();
    Told {
        receipts: oracle.receipts,
        fuel: oracle.fuel,
        root: stage.root(),
        facts: oracle.facts,
        moves: oracle.tables,
        ..told
    }
}

fn through(
    stage: &mut Stage,
    oracle: &mut Oracle,
    source: &mut Source,
    leaves: bool,
    told: &mut Told,
) -> Result<(), Objection> {
    let looked_after = source.looked_after() + 1;
    while let Some(line) = source.next(&oracle.facts) {
        let came = stage.send(&line);
        told.lines.push(line);
        told.latest = came.steps.iter().map(|step| step.event.time).fold(told.latest, Time::max);
        count(&mut told.outcomes, &came);
        oracle.came(&came)?;
        if told.lines.len().is_multiple_of(looked_after) {
            oracle.stored(stage)?;
        }
    }
    if leaves {
        for line in everybody_leaves(&oracle.facts, told.latest) {
            let came = stage.send(&line);
            told.leaving.push(line);
            count(&mut told.outcomes, &came);
            oracle.came(&came)?;
        }
    }
    oracle.stored(stage)?;
    let silence = oracle.receipts;
    told.end = Time::from_ms(told.latest.ms() + SILENCE_DAYS * DAY);
    let came = stage.pass(told.end);
    count(&mut told.outcomes, &came);
    oracle.came(&came)?;
    oracle.stored(stage)?;
    rest::everything_rests(&oracle.facts, &stage.timers(), silence, told.end, leaves)
}

fn can_be_judged_again(stage: &Stage, governors: &Governors) -> oracle::Held {
    const PROMISE: &str = "every decision is made again from what the ledger keeps, with equal output and equal fuel";
    let again = stage.judged_again(governors);
    oracle::hold!(PROMISE, again.as_ref().is_ok_and(|decisions| *decisions > 0), "{again:?}");
    Ok(())
}

fn count(outcomes: &mut BTreeMap<(String, &'static str), u64>, came: &Came) {
    for step in &came.steps {
        *outcomes.entry((step.event.kind.clone(), step.report.outcome.name())).or_default() += 1;
    }
}
