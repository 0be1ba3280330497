//! Signs of fraud: scores, and payments that fail again and again.
//!
//! Many failed payments in a day are what a stolen card being tried looks like. They are counted for a person to
//! see and never block anybody: dunning is billing's.

use serde::{Deserialize, Serialize};
use syndic_book::{Index, index};
use syndic_sdk::prelude::*;

use crate::incident::{self, Ground};
use crate::ticket;

const FAILURES: &str = "compliance.failures";

/// Scores above this are shown to a person.
const TICKET_ABOVE: u8 = 70;

/// Scores above this suspend.
const SUSPEND_ABOVE: u8 = 90;

/// More failures than this within a day are shown to a person. One more than this is all that is ever kept.
const FAILURES_MAX: usize = 5;

/// The fact `compliance.failures`: the latest failed payments of one day, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Failures {
    times: Vec<Time>,
    /// The failure that was last shown to a person; one ticket a day is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticketed_at: Option<Time>,
}

/// A score arrived. A low one after a high one lifts nothing: people do that.
pub(crate) fn scored(cx: &Context, scored: &FraudScored) -> Answer {
    let score = scored.score;
    if score <= TICKET_ABOVE {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.effect(ticket::open(ticket::SCORE, &json!({ "score": score })));
    if score > SUSPEND_ABOVE {
        let reason = format!("fraud score {score}");
        incident::suspend_and_tell(cx, &mut decision, Cause::Fraud, Ground::Score, &reason)?;
    }
    Ok(decision)
}

/// A payment failed. Counted for everybody who ever subscribed. Failures are placed by when they happened, in whatever
/// order they are told; one that is told when a later one is a day old or more belongs to no day that is still counted.
pub(crate) fn payment_failed(cx: &Context) -> Answer {
    if index(cx)? == Index::default() {
        return abstain();
    }
    let mut failures: Failures = cx.fact(FAILURES)?.unwrap_or_default();
    failures.count(cx.time());
    let mut decision = Decision::approve();
    if failures.too_many() {
        failures.ticketed_at = failures.times.last().copied();
        let facts = json!({ "failures": failures.times });
        decision.effect(ticket::open(ticket::FAILURES, &facts));
    }
    decision.set(FAILURES, &failures);
    Ok(decision)
}

impl Failures {
    /// Keeps what lies within the day before the latest failure, and of that no more than anybody asks for.
    fn count(&mut self, at: Time) {
        self.times.push(at);
        self.times.sort_unstable();
        let latest = self.times.last().copied().unwrap_or(at);
        self.times.retain(|time| within_a_day(*time, latest));
        let surplus = self.times.len().saturating_sub(FAILURES_MAX + 1);
        self.times.drain(..surplus);
    }

    fn too_many(&self) -> bool {
        let Some(&latest) = self.times.last() else { return false };
        self.times.len() > FAILURES_MAX && self.ticketed_at.is_none_or(|last| !within_a_day(last, latest))
    }
}

fn within_a_day(earlier: Time, later: Time) -> bool {
    earlier.plus_hours(24) > later
}
