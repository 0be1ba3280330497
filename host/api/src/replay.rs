//! Decisions made again, on the wire: what a replay has shown, and what a back-test came to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::decided::DecidedLine;

/// A receipt whose decisions were made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayLine {
    /// The receipt.
    pub receipt: u64,
    /// The event's id; null for an act that is about none.
    pub id: Option<String>,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether nothing is different.
    pub equal: bool,
    /// Every governor of the receipt, in slot order.
    pub decisions: Vec<ReplayedLine>,
}

/// One governor's decision, made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayedLine {
    /// The slot.
    pub slot: String,
    /// The version.
    pub version: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// What the receipt says it said: the verdict, and the code that goes with it.
    pub said: String,
    /// The fuel that the receipt says it burnt.
    pub fuel: u64,
    /// equal · equal-fuel · not-asked · stopped-by-the-clock · different.
    pub result: &'static str,
    /// The first difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<DifferenceLine>,
}

/// The first thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferenceLine {
    /// In which call: evaluate · feedback-after-checks · feedback-after-reversible.
    pub call: &'static str,
    /// event · configuration · component · not-loaded · value · read · answer · engine · verdict · output · fuel ·
    /// deadline.
    pub kind: &'static str,
    /// A sentence.
    pub message: String,
}

/// What replaying many receipts came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplaySummary {
    /// Receipts.
    pub receipts: u64,
    /// Decisions of theirs.
    pub decisions: u64,
    /// The same decision for the same fuel.
    pub equal: u64,
    /// The same fuel, and the receipt has no hash of the decision: the host could not carry it out.
    pub equal_fuel: u64,
    /// Nobody was asked.
    pub not_asked: u64,
    /// The clock stopped them, so there is nothing to repeat.
    pub stopped_by_the_clock: u64,
    /// Something is not as it was.
    pub different: u64,
    /// The first receipt with a difference.
    pub first_different: Option<u64>,
    /// Wall time, in milliseconds.
    pub elapsed_ms: u64,
    /// Decisions per second of wall time.
    pub decisions_per_second: u64,
}

impl ReplaySummary {
    /// Counts a receipt.
    pub fn count(&mut self, line: &ReplayLine) {
        self.receipts += 1;
        for decision in &line.decisions {
            self.decisions += 1;
            *match decision.result {
                "equal" => &mut self.equal,
                "equal-fuel" => &mut self.equal_fuel,
                "not-asked" => &mut self.not_asked,
                "stopped-by-the-clock" => &mut self.stopped_by_the_clock,
                _ => &mut self.different,
            } += 1;
        }
        if !line.equal {
            self.first_different.get_or_insert(line.receipt);
        }
    }
}

/// A component, as it is named where several are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionLine {
    /// Its version.
    pub version: String,
    /// `sha256:…` of its bytes.
    pub digest: String,
}

/// What a back-test came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestLine {
    /// The slot.
    pub slot: String,
    /// The component that was tried.
    pub candidate: VersionLine,
    /// The first and the last receipt that were looked at.
    pub receipts: [u64; 2],
    /// Recorded decisions that it was asked about.
    pub decisions: u64,
    /// It decides the same.
    pub same: u64,
    /// It does not.
    pub different: u64,
    /// How it does not: newly-failed · newly-refused · newly-referred · newly-approved · otherwise.
    pub changes: BTreeMap<&'static str, u64>,
    /// What it would have decided then cannot be known.
    pub not_comparable: u64,
    /// Why, by the kinds of [`DifferenceLine`].
    pub not_comparable_by: BTreeMap<&'static str, u64>,
    /// The first of those, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_comparable_first: Option<String>,
    /// The median of its fuel over the recorded version's.
    pub fuel_ratio: Option<f64>,
    /// The same of time, over a sample that both judged again.
    pub time_ratio: Option<f64>,
    /// The sample.
    pub timed: u64,
    /// The first of each change.
    pub firsts: Vec<FirstLine>,
    /// Whether the gates let it pass.
    pub passed: bool,
    /// Why they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
    /// Wall time, in milliseconds.
    pub elapsed_ms: u64,
    /// Decisions per second of wall time.
    pub decisions_per_second: u64,
}

/// The first decision that differs in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstLine {
    /// In which way.
    pub change: &'static str,
    /// The receipt.
    pub receipt: u64,
    /// The event's id.
    pub id: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its tenant.
    pub tenant: String,
    /// Its subject.
    pub subject: String,
    /// The version that decided then.
    pub version: String,
    /// What that one said, and what the candidate says.
    pub said: [String; 2],
    /// Why the recorded decision cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_shown: Option<String>,
    /// The candidate's effect whose answer is not known, because nobody had asked for it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
    /// What is different, part by part.
    pub differences: Vec<DecidedLine>,
}
