//! Incidents: one per cause, the record of a suspension and of why it stands.
//!
//! An incident of our own cause writes three things that must never be apart: the cause in `shared.suspensions`,
//! `blocked` in `shared.access`, and a legal hold. They are put and taken here and nowhere else.
//!
//! Not here: which event moves an incident (`suspension`, `fraud`, `identity`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syndic_book::{ACCESS, Access, SUSPENSIONS};
use syndic_sdk::prelude::*;

use crate::table::{self, State, Trigger};
use crate::{holds, suspension};

/// The causes that are ours.
pub(crate) const OWN: [Cause; 2] = [Cause::Fraud, Cause::Compliance];

/// Days until a person is asked to look at a suspension, and asked again.
const REVIEW_DAYS: i64 = 30;

/// Days until a suspension is looked at again after its appeal was rejected.
const UPHELD_DAYS: i64 = 365;

/// Why an incident was opened. One cause may stand on several grounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ground {
    /// An operator said so.
    Operator,
    /// A fraud score.
    Score,
    /// A failed identity.
    Identity,
}

/// The fact `compliance.incident.<cause>`: the cause's latest incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Incident {
    /// Where it stands.
    pub(crate) state: State,
    /// What it stands on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) grounds: BTreeSet<Ground>,
    /// What was said when it was opened.
    pub(crate) reason: String,
    /// When that was.
    pub(crate) opened_at: Time,
    /// When a person is asked to look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) review_at: Option<Time>,
    /// When it was closed, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed: Option<Closed>,
}

/// The end of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// When.
    pub(crate) at: Time,
    /// By whom.
    pub(crate) actor: String,
}

/// Opens an incident of our own cause, or adds a ground to it. True where the cause did not stand before.
pub(crate) fn suspend(
    cx: &Context,
    decision: &mut Decision,
    cause: Cause,
    ground: Ground,
    reason: &str,
) -> Result<bool, Fault> {
    let mut incident = Incident::read(cx, cause)?;
    let from = incident.state;
    let Some(to) = table::next(from, Trigger::Suspended) else { return Ok(false) };
    if from == State::Clear {
        incident = Incident::opened(cx.now(), reason);
        decision.add(SUSPENSIONS, cause.as_str()).stand(ACCESS, Access::Blocked.as_str());
        decision.add(holds::FACT, hold(cause));
    }
    incident.grounds.insert(ground);
    if to != from {
        incident.enter(cx, decision, cause, to);
    }
    incident.write(decision, cause);
    Ok(from == State::Clear)
}

/// The same for a cause that no operator's event announced: the other slots are told.
pub(crate) fn suspend_and_tell(
    cx: &Context,
    decision: &mut Decision,
    cause: Cause,
    ground: Ground,
    reason: &str,
) -> Result<(), Fault> {
    if suspend(cx, decision, cause, ground, reason)? {
        decision.raise(ManualSuspension { reason: reason.to_owned(), cause }.into());
    }
    Ok(())
}

/// Keeps another slot's suspension on record, with its legal hold.
pub(crate) fn record(cx: &Context, decision: &mut Decision, cause: Cause, reason: &str) -> Result<(), Fault> {
    let from = Incident::read(cx, cause)?.state;
    if let Some(to) = table::next(from, Trigger::RecordedElsewhere) {
        Incident { state: to, ..Incident::opened(cx.now(), reason) }.write(decision, cause);
        decision.add(holds::FACT, hold(cause));
    }
    Ok(())
}

/// Closes an incident. False where none is open.
pub(crate) fn close(cx: &Context, decision: &mut Decision, cause: Cause, actor: &str) -> Result<bool, Fault> {
    let mut incident = Incident::read(cx, cause)?;
    let Some(to) = table::next(incident.state, Trigger::Lifted) else { return Ok(false) };
    incident.state = to;
    incident.grounds.clear();
    incident.review_at = None;
    incident.closed = Some(Closed { at: cx.now(), actor: actor.to_owned() });
    incident.write(decision, cause);
    decision.remove(holds::FACT, hold(cause));
    if OWN.contains(&cause) {
        decision.remove(SUSPENSIONS, cause.as_str());
        if !other_cause_stands(cx, cause)? {
            decision.withdraw(ACCESS);
        }
    }
    Ok(true)
}

fn other_cause_stands(cx: &Context, cause: Cause) -> Result<bool, Fault> {
    for other in OWN.into_iter().filter(|own| *own != cause) {
        if Incident::read(cx, other)?.state != State::Clear {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Incident {
    /// The cause's incident; a closed one where there never was any.
    pub(crate) fn read(cx: &Context, cause: Cause) -> Result<Self, Fault> {
        let never = || Incident { state: State::Clear, ..Incident::opened(cx.now(), "") };
        Ok(cx.fact(&name(cause))?.unwrap_or_else(never))
    }

    /// Enters a state; every state of ours that waits for a person has a review timer.
    pub(crate) fn enter(&mut self, cx: &Context, decision: &mut Decision, cause: Cause, to: State) {
        let days = if to == State::Upheld { UPHELD_DAYS } else { REVIEW_DAYS };
        let review_at = cx.now().plus_days(days);
        decision.timer(format!("{}.{cause}", suspension::TIMER), review_at, &());
        (self.state, self.review_at) = (to, Some(review_at));
    }

    /// Writes the fact.
    pub(crate) fn write(&self, decision: &mut Decision, cause: Cause) {
        decision.set(name(cause), self);
    }

    fn opened(now: Time, reason: &str) -> Self {
        Incident {
            state: State::Clear,
            grounds: BTreeSet::new(),
            reason: reason.to_owned(),
            opened_at: now,
            review_at: None,
            closed: None,
        }
    }
}

fn name(cause: Cause) -> String {
    format!("compliance.incident.{cause}")
}

fn hold(cause: Cause) -> String {
    format!("suspension:{cause}")
}
