//! What a back-test came to: counts, the first of each kind of difference, and whether that is good enough.

use std::collections::BTreeMap;

use syndic_core::Slot;
use syndic_core::settle::Said;
use syndic_ledger::Hash;

use super::What;

/// How a candidate's decision differs from the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It gives no decision, and the recorded version did.
    Failed,
    /// It refuses what was not refused.
    Refused,
    /// It refers what was not referred to a person.
    Referred,
    /// It has nothing against what was refused, referred or failed.
    Approved,
    /// Its verdict is no other, and something else is: a reason, a write, an effect, a timer, a raised event.
    Otherwise,
}

impl Change {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [Self::Failed, Self::Refused, Self::Referred, Self::Approved, Self::Otherwise];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "newly-failed",
            Self::Refused => "newly-refused",
            Self::Referred => "newly-referred",
            Self::Approved => "newly-approved",
            Self::Otherwise => "otherwise",
        }
    }
}

/// The first decision that differs in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct First {
    /// In which way.
    pub change: Change,
    /// The receipt.
    pub sequence: u64,
    /// The event's id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its tenant.
    pub tenant: String,
    /// Its subject.
    pub subject: String,
    /// What was decided then.
    pub then: Then,
    /// What the candidate decides.
    pub now: Said,
    /// The candidate's effect whose answer is not known because nobody asked for it so: what it would have said to one
    /// is not in this.
    pub unanswered: Option<String>,
}

/// A recorded decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// The version that decided.
    pub version: String,
    /// Its verdict and code.
    pub words: String,
    /// The whole of it, judged again; or why it cannot be shown.
    pub said: Result<Said, What>,
}

/// A median over many decisions: the candidate's part over the recorded version's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median.
    pub median: f64,
    /// Over how many.
    pub of: u64,
}

impl Ratio {
    /// The median of some ratios; nothing where there is none.
    pub(crate) fn of(mut all: Vec<f64>) -> Option<Self> {
        all.sort_unstable_by(f64::total_cmp);
        let median = *all.get(all.len() / 2)?;
        Some(Self { median, of: all.len() as u64 })
    }
}

/// What a back-test came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The slot.
    pub slot: Slot,
    /// The candidate's version.
    pub version: String,
    /// The candidate.
    pub digest: Hash,
    /// The first and the last receipt that were looked at.
    pub receipts: (u64, u64),
    /// Recorded decisions that the candidate was asked about: same, different, and not comparable.
    pub decisions: u64,
    /// It decides the same.
    pub same: u64,
    /// It does not, by how.
    pub changes: BTreeMap<Change, u64>,
    /// What it would have decided then cannot be known, by why; see [`What::kind`].
    pub not_comparable: BTreeMap<&'static str, u64>,
    /// The first that is not comparable, by its receipt.
    pub not_comparable_first: Option<(u64, What)>,
    /// The first of each change, the gravest first.
    pub firsts: Vec<First>,
    /// Fuel.
    pub fuel: Option<Ratio>,
    /// Time, of a sample that both versions judged again.
    pub time: Option<Ratio>,
}

impl Summary {
    /// How many are not the same.
    pub fn different(&self) -> u64 {
        self.changes.values().sum()
    }

    /// How many were compared.
    pub fn compared(&self) -> u64 {
        self.same + self.different()
    }
}

/// How different a candidate may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gates {
    /// Decisions that may differ.
    pub different_max: Option<u64>,
    /// Of a hundred that were compared, how many may differ.
    pub different_max_percent: Option<f64>,
    /// The median of its fuel over the recorded version's.
    pub fuel_ratio_max: Option<f64>,
}

impl Gates {
    /// Whether a candidate may pass.
    ///
    /// # Errors
    /// A sentence: the first gate that is closed to it. Where nothing was compared, every gate is.
    pub fn check(&self, summary: &Summary) -> Result<(), String> {
        if *self == Self::default() {
            return Ok(());
        }
        let (different, compared) = (summary.different(), summary.compared());
        if compared == 0 {
            return Err("no recorded decision could be compared, so nothing speaks for it".into());
        }
        if let Some(most) = self.different_max.filter(|most| different > *most) {
            return Err(format!("{different} decisions differ, and {most} may"));
        }
        let percent = different as f64 * 100.0 / compared as f64;
        if let Some(most) = self.different_max_percent.filter(|most| percent > *most) {
            return Err(format!("{percent:.2} % of {compared} decisions differ, and {most} % may"));
        }
        match (self.fuel_ratio_max, summary.fuel) {
            (Some(most), Some(fuel)) if fuel.median > most => {
                Err(format!("it burns {:.3} times the fuel in the median, and {most} times is allowed", fuel.median))
            }
            (Some(_), None) => Err("its fuel could not be compared with any recorded decision's".into()),
            _ => Ok(()),
        }
    }
}
