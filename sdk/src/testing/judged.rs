//! What became of an event.

use std::ops::Deref;

use crate::{Decision, Effect, EffectResult, Event, FactName, Fault, Reason, Verdict, Write};

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Committed: facts, timers and deferred effects are in the world.
    Completed,
    /// A refusal; nothing was kept.
    Refused(Reason),
    /// A person has to decide; nothing was kept.
    Referred(Reason),
    /// A fault, or a service that did not answer; nothing was kept.
    RolledBack(Fault),
    /// A claim was taken with equal content; nothing was kept.
    Duplicate,
    /// A claim was taken with other content; nothing was kept.
    Violation,
}

/// What became of an event, with the decision as the host merged it from `evaluate` and every round of `feedback`.
/// Fields of the decision (`judged.timers`) read through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How it ended.
    pub outcome: Outcome,
    /// The merged decision. Empty after a fault in `evaluate`.
    pub decision: Decision,
    /// The answers of blocking effects, in order.
    pub results: Vec<EffectResult>,
    /// The reversible effects that were undone, last first, by id.
    pub undone: Vec<String>,
}

impl Deref for Judged {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        &self.decision
    }
}

impl Judged {
    /// Whether the event was committed.
    pub fn is_completed(&self) -> bool {
        self.outcome == Outcome::Completed
    }

    /// Whether the governor had nothing to say and nothing to do.
    pub fn is_silent(&self) -> bool {
        self.is_completed() && self.decision == Decision { note: self.note.clone(), ..Decision::abstain() }
    }

    /// The code of a refusal or a referral, or of the fault.
    pub fn code(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Refused(reason) | Outcome::Referred(reason) => Some(&reason.code),
            Outcome::RolledBack(fault) => Some(&fault.code),
            _ => None,
        }
    }

    /// An effect that was asked for, by id.
    pub fn effect(&self, id: &str) -> Option<&Effect> {
        self.effects.iter().find(|effect| effect.id == id)
    }

    /// The facts that are given something, in order. Who removes an element has added it before, or nothing happens.
    pub fn written(&self) -> impl Iterator<Item = &FactName> {
        self.writes.iter().filter_map(|write| match write {
            Write::Set { fact, .. } | Write::Add { fact, .. } | Write::Stand { fact, .. } => Some(fact),
            Write::Increase { fact, .. } | Write::Number { fact, .. } => Some(fact),
            Write::Remove { .. } | Write::Claim { .. } => None,
        })
    }

    /// The raised events, typed.
    ///
    /// # Panics
    /// Where a raised event does not have its kind's shape: the host would turn it away.
    pub fn raised(&self) -> Vec<Event> {
        let typed = |raised: &crate::Raised| {
            Event::parse(&raised.kind, &raised.data)
                .unwrap_or_else(|fault| panic!("a raised event is not one: {fault}"))
        };
        self.raises.iter().map(typed).collect()
    }

    pub(super) fn ended(outcome: Outcome, decision: Decision) -> Self {
        Self { outcome, decision, results: Vec::new(), undone: Vec::new() }
    }
}

/// How an event ends on a verdict alone; none where it goes on.
pub(super) fn stopped(verdict: &Verdict) -> Option<Outcome> {
    match verdict {
        Verdict::Refuse(reason) => Some(Outcome::Refused(reason.clone())),
        Verdict::Refer(reason) => Some(Outcome::Referred(reason.clone())),
        Verdict::Approve | Verdict::Abstain => None,
    }
}
