//! What time alone brings about, and what comes back from outside. All deadlines there are:
//!
//! | State | Waits for | Then |
//! |---|---|---|
//! | pending_approval | 24 hours | cancelled; raises CustomerCancels |
//! | active | its end | expired |
//! | expired | 30 days | archived, unless the subscription still waits to be renewed |
//! | cancelled | 30 days | archived; unapproved, and its subscription goes on: raises CustomerCancels, daily |

use syndic_book::{first_instant_after, subscription};
use syndic_sdk::prelude::*;

use crate::follow::{EXPIRED_DAYS, expires};
use crate::grants::Grants;
use crate::subscribe::{RETURN_DAYS, asks_to_cancel, turns_down};
use crate::table::{State, Trigger};

pub(crate) fn fired(cx: &Context, timer: &TimerFired) -> Answer {
    let Some(id) = timer.name.strip_prefix("due-") else { return abstain() };
    let mut grants = Grants::of(cx)?;
    let Some(grant) = grants.get(id) else { return abstain() };
    match grant.status {
        State::PendingApproval => turns_down(&mut grants, cx.now(), id, Trigger::ApprovalExpires, "approval-expired"),
        State::Active if cx.now() > grant.expires_at => return expires(cx, id),
        State::Expired => retires_unless_awaited(cx, &mut grants, id)?,
        State::Cancelled => retires_with_its_subscription(cx, &mut grants, id)?,
        State::Active | State::Archived => {}
    }
    grants.decide()
}

/// A paused or suspended customer's subscription is renewed when that is over, however long it takes.
fn retires_unless_awaited(cx: &Context, grants: &mut Grants, id: &str) -> Result<(), Fault> {
    if subscription(cx, id)?.is_some_and(|sub| sub.status.is_open()) {
        grants.arm(id, cx.now().plus_days(EXPIRED_DAYS));
    } else {
        grants.step(id, Trigger::Retire, |_| {});
    }
    Ok(())
}

/// What was not approved is cancelled by the slot subscription, and may be taken up again for as long as that says.
fn retires_with_its_subscription(cx: &Context, grants: &mut Grants, id: &str) -> Result<(), Fault> {
    let sub = subscription(cx, id)?;
    if sub.as_ref().is_some_and(|sub| sub.status.is_open()) {
        asks_to_cancel(grants, cx.now(), id, "not-approved");
        return Ok(());
    }
    let returns_until = sub.and_then(|sub| sub.cancelled_at).map(|at| at.plus_days(RETURN_DAYS));
    match returns_until.filter(|until| cx.now() <= *until) {
        Some(until) => grants.arm(id, first_instant_after(until)),
        None => _ = grants.step(id, Trigger::Retire, |_| {}),
    }
    Ok(())
}

/// EffectSettled: what could not be set up or taken down needs a person. A ticket that fails opens no other.
pub(crate) fn settled(settled: &EffectSettled) -> Answer {
    let ours = matches!(settled.action.as_str(), "provision" | "revoke");
    if !ours || settled.status == Settled::Done {
        return abstain();
    }
    let body = json!({ "template": "not-provisioned", "effect": settled.effect, "status": settled.status });
    let mut decision = Decision::approve();
    decision.effect(Effect::deferred(format!("ticket-{}", settled.effect), "ticket", &settled.effect, &body));
    Ok(decision)
}
