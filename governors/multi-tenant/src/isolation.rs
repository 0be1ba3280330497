//! Isolation: whether a suspended customer is walled off from the others.
//!
//! Asked at every suspension, because a suspended customer may be an attacker. A missing wall is for a person to
//! mend, so it becomes a ticket, and is looked at again every day until it holds or the customer is free.

use serde::{Deserialize, Serialize};
use syndic_book::{causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::table::{self, State, Trigger};

/// The timer that looks again.
pub(crate) const TIMER: &str = "isolation";

const FACT: &str = "multi-tenant.isolation";
const CHECK: &str = "verify-isolation";
const AGAIN_HOURS: i64 = 24;

/// The fact `multi-tenant.isolation`.
#[derive(Debug, Serialize, Deserialize)]
struct Isolation {
    state: State,
    checked_at: Time,
}

/// Asks whether the walls hold.
pub(crate) fn verify() -> Decision {
    let mut decision = Decision::approve();
    decision.effect(Effect::check(CHECK, CHECK, "isolation", &json!({})));
    decision
}

/// Asks again, while a wall is missing.
pub(crate) fn look_again(cx: &Context) -> Answer {
    match state(cx)? {
        State::Leaking => Ok(verify()),
        _ => abstain(),
    }
}

/// The answer. A suspension is a report: a missing wall is written down, never a reason to refuse.
pub(crate) fn answered(cx: &Context, results: &[EffectResult]) -> Answer {
    let Some(result) = results.iter().find(|result| result.action == CHECK) else { return approve() };
    let holds = result.accepted && result.body.get("isolated") != Some(&Value::Bool(false));
    let from = state(cx)?;
    let trigger = if holds { Trigger::WallsHold } else { Trigger::WallMissing };
    let Some(to) = table::next(from, trigger) else { return approve() };
    let mut decision = Decision::approve();
    decision.set(FACT, &Isolation { state: to, checked_at: cx.now() });
    if to == State::Leaking {
        decision.timer(TIMER, cx.now().plus_hours(AGAIN_HOURS), &());
        if from != State::Leaking {
            decision.effect(ticket());
        }
    }
    Ok(decision)
}

/// With the last cause there is nothing left to wall off. Unpaid bills and used-up quotas are no such cause: they
/// never came with a suspension event.
pub(crate) fn lifted(cx: &Context, lifted: &SuspensionLifted) -> Answer {
    let mut remaining = causes(cx)?;
    remaining.remove(lifted.cause.as_str());
    if holds_renewal(&remaining) || table::next(state(cx)?, Trigger::AllCausesLifted).is_none() {
        return abstain();
    }
    let mut decision = Decision::abstain();
    decision.delete(FACT);
    Ok(decision)
}

/// A ticket that could not be opened leaves a remark in the record.
pub(crate) fn settled(settled: &EffectSettled) -> Decision {
    let mut decision = Decision::abstain();
    if settled.status != Settled::Done {
        log::warn(format!("`{}` was not opened", settled.effect));
        decision.note(format!("`{}` was not opened", settled.effect));
    }
    decision
}

fn state(cx: &Context) -> Result<State, Fault> {
    Ok(cx.fact::<Isolation>(FACT)?.map_or(State::Open, |isolation| isolation.state))
}

fn ticket() -> Effect {
    let body = json!({
        "queue": "multi-tenant", "about": "isolation", "title": "a suspended customer is not walled off",
    });
    Effect::deferred("ticket-isolation", "ticket", "multi-tenant:isolation", &body)
}
