//! How a turn ends: the outcome that what happened comes to, what is parked where not all could be undone, and the error
//! that is told.

use syndic_core::Error;
use syndic_core::outcome::Outcome;
use syndic_core::ports::Parked;

use crate::turn::{Stop, Turn};

impl Turn<'_> {
    /// The outcome, as things stand.
    pub(crate) fn outcome(&self) -> Outcome {
        match (&self.stuck, &self.stop) {
            (Some(_), _) => Outcome::Stuck,
            (None, None) => Outcome::Completed,
            (None, Some(Stop::Refused)) => Outcome::Refused,
            (None, Some(Stop::Referred)) => Outcome::Referred,
            (None, Some(Stop::Failed(_))) => Outcome::RolledBack,
            // What had a receipt before has one now too: that its key was taken meanwhile rolls it back.
            (None, Some(Stop::Duplicate(_) | Stop::Violation(_))) if self.origin.again().is_some() => {
                Outcome::RolledBack
            }
            (None, Some(Stop::Duplicate(first))) => first.outcome,
            (None, Some(Stop::Violation(_))) => Outcome::Invalid,
        }
    }

    /// What is parked of a stuck event: what is still to be undone, and what it comes to once that is done. Its first
    /// try in the background comes after the shortest wait.
    pub(crate) fn parked(&self, receipt: u64) -> Parked {
        let newest_first = self.newest_first().into_iter().map(|place| &self.done[place]);
        let open = newest_first.filter(|done| done.needs_undo());
        let (meant, error) = match &self.stop {
            Some(Stop::Refused) => (Outcome::Refused, None),
            Some(Stop::Referred) => (Outcome::Referred, None),
            Some(Stop::Failed(error) | Stop::Violation(error)) => (Outcome::RolledBack, Some(error.clone())),
            Some(Stop::Duplicate(_)) | None => (Outcome::RolledBack, None),
        };
        let wait = i64::try_from(self.host.config.limits.wait_ms(1)).unwrap_or(i64::MAX);
        Parked {
            receipt,
            remaining: open.map(|done| done.intent.clone()).collect(),
            meant,
            error,
            tries: 0,
            next: Some(self.now.plus_ms(wait)),
        }
    }

    /// What went wrong, if anything did.
    pub(crate) fn error(&self) -> Option<Error> {
        match (&self.stuck, &self.stop) {
            (Some(error), _) | (None, Some(Stop::Failed(error) | Stop::Violation(error))) => Some(error.clone()),
            (None, Some(Stop::Duplicate(first))) if self.origin.again().is_some() => {
                let reason = format!("what it claims, event `{}` has done meanwhile", first.id);
                Some(Error::IdempotencyViolation { event_id: self.event.id.clone(), reason })
            }
            (None, Some(Stop::Duplicate(first))) => first.error.clone(),
            (None, None | Some(Stop::Refused | Stop::Referred)) => None,
        }
    }
}
