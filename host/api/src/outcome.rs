//! Outcomes on the wire: a line per event, and the summary at the end of a stream.

use serde::Serialize;
use serde_json::{Map, Value};
use syndic_core::outcome::{Conflict, EffectReport, Opinion, Outcome, Report};
use syndic_core::{Error, State};

use crate::case::CaseStepLine;

/// Where an outcome line comes from; it begins the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Prelude {
    /// The input line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The timer that fired, as `slot/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<String>,
    /// The slot that raised the event, or asked for the effect that settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised_by: Option<String>,
    /// What was done to give an event another outcome: `resolve`, `retry`, `undo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// True for an event that an earlier, killed run had begun.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// The kind of an event of the host's own.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The subject of an event of the host's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// One event's outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum OutcomeLine {
    /// It was judged.
    Judged {
        /// Where it comes from.
        #[serde(flatten)]
        prelude: Prelude,
        /// The event's id.
        id: String,
        /// completed · refused · referred · rolled-back · stuck.
        outcome: &'static str,
        /// Whether this is an earlier event's stored outcome.
        duplicate: bool,
        /// The receipt's sequence.
        receipt: Option<u64>,
        /// States, in order.
        state_path: Vec<&'static str>,
        /// Routed governors, in slot order.
        governors: Vec<GovernorLine>,
        /// Conflicts.
        conflicts: Vec<ConflictLine>,
        /// Effects.
        effects: Vec<EffectLine>,
        /// What went wrong; null for what completed, was refused or referred.
        error: Option<ErrorLine>,
        /// What became of a case.
        #[serde(skip_serializing_if = "Option::is_none")]
        case: Option<CaseStepLine>,
    },
    /// It was turned away.
    TurnedAway {
        /// Where it comes from.
        #[serde(flatten)]
        prelude: Prelude,
        /// The event's id, where it could be read.
        #[serde(skip_serializing_if = "String::is_empty")]
        id: String,
        /// Always `invalid`.
        outcome: &'static str,
        /// Whether it was turned away before.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
        /// Effects that were done and undone before a claimed key was found taken.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        effects: Vec<EffectLine>,
        /// Why.
        error: Option<ErrorLine>,
    },
}

/// One governor's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct GovernorLine {
    /// The slot.
    pub slot: String,
    /// The version.
    pub version: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// approve · abstain · refuse · refer · failed.
    pub verdict: String,
    /// Fuel burned.
    pub fuel: u64,
    /// Why, where it did not approve: a refusal's code or the class of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The sentence that goes with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The governor's remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ConflictLine {
    /// The fact, or `action key`.
    pub fact: String,
    /// Who disagreed.
    pub slots: Vec<String>,
    /// The policy.
    pub policy: String,
    /// What came of it.
    pub settlement: String,
}

/// One effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EffectLine {
    /// `slot/id`.
    pub id: String,
    /// The action.
    pub action: String,
    /// check · reversible · deferred.
    pub kind: &'static str,
    /// pending · done · failed · undone.
    pub status: &'static str,
}

/// An error: its stable kind, its sentence, its typed fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ErrorLine {
    /// The kind.
    pub kind: &'static str,
    /// The sentence.
    pub message: String,
    /// The kind's own fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl OutcomeLine {
    /// The line of a report.
    pub fn new(prelude: Prelude, report: &Report) -> Self {
        let effects = report.effects.iter().map(EffectLine::from).collect();
        let error = report.error.as_ref().map(ErrorLine::from);
        let (id, outcome, duplicate) = (report.id.clone(), report.outcome.name(), report.duplicate);
        if report.outcome == Outcome::Invalid {
            return Self::TurnedAway { prelude, id, outcome, duplicate, effects, error };
        }
        Self::Judged {
            prelude,
            id,
            outcome,
            duplicate,
            receipt: report.receipt,
            state_path: report.state_path.iter().map(|state: &State| state.name()).collect(),
            governors: report.governors.iter().map(GovernorLine::from).collect(),
            conflicts: report.conflicts.iter().map(ConflictLine::from).collect(),
            effects,
            error,
            case: report.case.as_ref().map(CaseStepLine::from),
        }
    }
}

impl From<&Opinion> for GovernorLine {
    fn from(opinion: &Opinion) -> Self {
        Self {
            slot: opinion.slot.to_string(),
            version: opinion.version.clone(),
            digest: opinion.digest.clone(),
            verdict: opinion.verdict.clone(),
            fuel: opinion.fuel,
            code: opinion.code.clone(),
            message: opinion.message.clone(),
            note: opinion.note.clone(),
        }
    }
}

impl From<&Conflict> for ConflictLine {
    fn from(conflict: &Conflict) -> Self {
        Self {
            fact: conflict.fact.clone(),
            slots: conflict.slots.iter().map(ToString::to_string).collect(),
            policy: conflict.policy.clone(),
            settlement: conflict.settlement.clone(),
        }
    }
}

impl From<&EffectReport> for EffectLine {
    fn from(effect: &EffectReport) -> Self {
        use syndic_core::effect::Mode;
        let kind = match effect.mode {
            Mode::Check => "check",
            Mode::Reversible => "reversible",
            Mode::Deferred => "deferred",
        };
        Self { id: effect.id.clone(), action: effect.action.clone(), kind, status: effect.status.name() }
    }
}

impl From<&Error> for ErrorLine {
    fn from(error: &Error) -> Self {
        let message = error.to_string();
        let mut fields = match serde_json::to_value(error) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        // A field that is the whole sentence would only say it twice.
        fields.retain(|name, value| name != "kind" && value.as_str() != Some(&message));
        Self { kind: error.kind(), message, fields }
    }
}

fn none(count: &u64) -> bool {
    *count == 0
}

/// What a stream came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Summary {
    /// Input lines that were not blank.
    pub events: u64,
    /// How many of them ended so.
    pub completed: u64,
    /// How many of them ended so.
    pub refused: u64,
    /// How many of them ended so.
    pub referred: u64,
    /// How many of them ended so.
    #[serde(rename = "rolled-back")]
    pub rolled_back: u64,
    /// How many of them ended so.
    pub stuck: u64,
    /// How many of them were turned away.
    pub invalid: u64,
    /// How many of them had been done before; they count under their outcome too.
    pub duplicates: u64,
    /// Events that governors raised and effects that settled.
    pub raised: u64,
    /// Timers that fired.
    pub timers: u64,
    /// Steps that cases took by themselves.
    #[serde(skip_serializing_if = "none")]
    pub case_steps: u64,
    /// Wall time, in milliseconds.
    pub elapsed_ms: u64,
    /// Input events, and events of the host's own, per second of wall time.
    pub events_per_second: u64,
    /// Receipts in the ledger.
    pub receipts: u64,
    /// The ledger's root.
    pub root_hash: String,
}

/// The last line of a stream.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SummaryLine {
    /// The summary.
    pub summary: Summary,
}

impl Summary {
    /// Counts an input line.
    pub fn count(&mut self, outcome: Outcome, duplicate: bool) {
        self.events += 1;
        self.duplicates += u64::from(duplicate);
        *match outcome {
            Outcome::Completed => &mut self.completed,
            Outcome::Refused => &mut self.refused,
            Outcome::Referred => &mut self.referred,
            Outcome::RolledBack => &mut self.rolled_back,
            Outcome::Stuck => &mut self.stuck,
            Outcome::Invalid => &mut self.invalid,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_turned_away_says_so_and_no_more() {
        let report = Report::turned_away("", Error::invalid("`id` is missing"));
        let line = OutcomeLine::new(Prelude { line: Some(3), ..Prelude::default() }, &report);
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"line":3,"outcome":"invalid","error":{"kind":"EventValidationFailed","message":"`id` is missing"}}"#
        );
    }

    #[test]
    fn an_outcome_line_has_the_members_of_the_contract_in_its_order() {
        let report = Report {
            outcome: Outcome::Completed,
            receipt: Some(17),
            state_path: vec![State::ProcessingEvent, State::Idle],
            error: None,
            ..Report::turned_away("evt-1", Error::invalid(""))
        };
        let line = OutcomeLine::new(Prelude { line: Some(1), ..Prelude::default() }, &report);
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            r#"{"line":1,"id":"evt-1","outcome":"completed","duplicate":false,"receipt":17,"state_path":["ProcessingEvent","Idle"],"governors":[],"conflicts":[],"effects":[],"error":null}"#
        );
    }
}
