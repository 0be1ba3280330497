//! Choosing: which outcome a task has, on the data of one case.
//!
//! Where guards could be compared before, this never fails. Where they could not (they ask about money or text, or
//! about too much at once), it refuses to guess: a case with two right ways or none stops, and says why.

use super::{Data, Guard, Unset};
use crate::model::{Outcome, Variable};

/// Why no outcome was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A guard asks about what was never written.
    #[error("`{outcome}` depends on `{variable}`, which has no value yet")]
    Unset {
        /// The outcome whose guard cannot be told.
        outcome: String,
        /// What it asks about.
        variable: String,
    },
    /// No guard holds.
    #[error("no outcome applies")]
    None,
    /// Two guards hold.
    #[error("both `{0}` and `{1}` apply")]
    Several(String, String),
    /// The outcomes have no guards: whoever did the task has to name one.
    #[error("the outcomes have no guards: whoever does the task names one")]
    Named,
}

/// The one outcome whose guard holds, or else the one without a guard.
///
/// # Errors
/// None, or several; or a guard that cannot be told.
pub fn choose<'o>(outcomes: &'o [Outcome], variables: &[Variable], data: &Data) -> Result<&'o Outcome, ChoiceError> {
    let guarded = |outcome: &'o Outcome| outcome.when.as_ref().map(|guard| (outcome, guard));
    if !outcomes.iter().any(|outcome| outcome.when.is_some()) {
        return Err(ChoiceError::Named);
    }
    let mut chosen: Option<&Outcome> = None;
    for (outcome, guard) in outcomes.iter().filter_map(guarded) {
        if !told(outcome, guard, variables, data)? {
            continue;
        }
        if let Some(other) = chosen.replace(outcome) {
            return Err(ChoiceError::Several(other.name.clone(), outcome.name.clone()));
        }
    }
    chosen.or_else(|| outcomes.iter().find(|outcome| outcome.when.is_none())).ok_or(ChoiceError::None)
}

fn told(outcome: &Outcome, guard: &Guard, variables: &[Variable], data: &Data) -> Result<bool, ChoiceError> {
    guard.holds(data).map_err(|Unset(at)| ChoiceError::Unset {
        outcome: outcome.name.clone(),
        variable: variables.get(at).map_or_else(String::new, |variable| variable.name.clone()),
    })
}
