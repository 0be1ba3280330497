//! Isolation: whether a suspended customer is walled off from the others.
//!
//! Asked at every suspension, because a suspended customer may be an attacker; by a timer that is due at once, because a
//! service that is silent may not hold up the suspension. A missing wall is for a person to mend, so it becomes a
//! ticket, and is looked at again every day until it holds or the customer is free. So is one that nobody knows of yet; a
//! day later it counts as missing.

use serde::{Deserialize, Serialize};
use syndic_book::{causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::table::{self, State, Trigger};

/// The timer that looks again.
pub(crate) const TIMER: &str = "isolation";

/// The timer that asks again, `isolation.ask`, due as soon as it is set. An event whose check nobody answers is rolled
/// back, and its timer is spent; so the one that asks is not the one that comes again tomorrow.
pub(crate) const ASK: &str = "ask";

/// The timer that asks again for a ticket that could not be opened, `isolation.ticket`.
pub(crate) const TELL: &str = "ticket";

const FACT: &str = "multi-tenant.isolation";
const CHECK: &str = "verify-isolation";
const AGAIN_HOURS: i64 = 24;

/// The fact `multi-tenant.isolation`.
#[derive(Debug, Serialize, Deserialize)]
struct Isolation {
    state: State,
    checked_at: Time,
}

/// A suspension: whether the walls hold is asked at once, and not known until then.
pub(crate) fn suspended(cx: &Context) -> Answer {
    let mut decision = Decision::approve();
    decision.timer(format!("{TIMER}.{ASK}"), cx.now(), &());
    follow(cx, &mut decision, Trigger::Suspended)?;
    Ok(decision)
}

/// A day later: asks again, while a wall is missing or not shown. A service that has not answered since the day before
/// yesterday shows nothing.
pub(crate) fn look_again(cx: &Context) -> Answer {
    let Some(isolation) = watched(cx)? else { return abstain() };
    let mut decision = Decision::approve();
    decision.timer(format!("{TIMER}.{ASK}"), cx.now(), &());
    if isolation.state == State::Unproven && cx.now() >= isolation.checked_at.plus_hours(2 * AGAIN_HOURS) {
        follow(cx, &mut decision, Trigger::StillUndecided)?;
    } else {
        decision.timer(TIMER, cx.now().plus_hours(AGAIN_HOURS), &());
    }
    Ok(decision)
}

/// Asks whether the walls hold, where there is still something to ask about.
pub(crate) fn ask(cx: &Context) -> Answer {
    if watched(cx)?.is_none() {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.effect(Effect::check(CHECK, CHECK, "isolation", &json!({})));
    Ok(decision)
}

/// Asks for the ticket again, while the wall is missing.
pub(crate) fn tell_again(cx: &Context) -> Answer {
    if state(cx)? != State::Leaking {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.effect(ticket());
    Ok(decision)
}

/// The answer. Who does not know today may know tomorrow; after that a wall that nobody can show is none.
pub(crate) fn answered(cx: &Context, results: &[EffectResult]) -> Answer {
    let Some(result) = results.iter().find(|result| result.action == CHECK) else { return approve() };
    let mut decision = Decision::approve();
    let known = watched(cx)?.filter(|isolation| isolation.state == State::Unproven);
    let later = known.is_none_or(|isolation| cx.now() >= isolation.checked_at.plus_hours(AGAIN_HOURS));
    follow(cx, &mut decision, heard(result, later))?;
    Ok(decision)
}

/// What an answer says of the walls. One that does not say yes or no, or says that it does not know, is no yes.
fn heard(result: &EffectResult, later: bool) -> Trigger {
    let undecided = if later { Trigger::StillUndecided } else { Trigger::Undecided };
    let says_pending = result.body.get("status").is_some_and(|status| status == "pending");
    match (result.accepted, result.body.get("isolated")) {
        (_, Some(Value::Bool(false))) => Trigger::WallMissing,
        _ if says_pending => undecided,
        (false, _) => Trigger::WallMissing,
        (true, None | Some(Value::Bool(true))) => Trigger::WallsHold,
        (true, Some(_)) => undecided,
    }
}

/// Makes the move, and looks again tomorrow where it leads to a wall that is not shown to hold. A wall found missing is
/// a ticket, once.
fn follow(cx: &Context, decision: &mut Decision, trigger: Trigger) -> Result<(), Fault> {
    let from = state(cx)?;
    let Some(to) = table::next(from, trigger) else { return Ok(()) };
    decision.set(FACT, &Isolation { state: to, checked_at: cx.now() });
    if to != State::Isolated {
        decision.timer(TIMER, cx.now().plus_hours(AGAIN_HOURS), &());
    }
    if to == State::Leaking && from != State::Leaking {
        decision.effect(ticket());
    }
    Ok(())
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

/// A ticket that could not be opened is remarked on, and asked for again tomorrow.
pub(crate) fn settled(cx: &Context, settled: &EffectSettled) -> Decision {
    let mut decision = Decision::abstain();
    if settled.status != Settled::Done {
        log::warn(format!("`{}` was not opened", settled.effect));
        decision.note(format!("`{}` was not opened", settled.effect));
        decision.timer(format!("{TIMER}.{TELL}"), cx.now().plus_hours(AGAIN_HOURS), &());
    }
    decision
}

/// The isolation, while it is looked at every day.
fn watched(cx: &Context) -> Result<Option<Isolation>, Fault> {
    let isolation: Option<Isolation> = cx.fact(FACT)?;
    Ok(isolation.filter(|isolation| matches!(isolation.state, State::Unproven | State::Leaking)))
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
