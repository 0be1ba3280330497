//! What time alone brings about, and what comes back from outside. All deadlines there are:
//!
//! | State | Waits for | Then |
//! |---|---|---|
//! | pending_approval | 24 hours | cancelled; raises CustomerCancels |
//! | active | its end | expired |
//! | expired | 30 days | archived, unless the subscription still waits to be renewed |
//! | cancelled | 30 days | archived |

use syndic_book::subscription;
use syndic_sdk::prelude::*;

use crate::follow::{EXPIRED_DAYS, expires};
use crate::grants::Grants;
use crate::subscribe::turns_down;
use crate::table::{State, Trigger};

pub(crate) fn fired(cx: &Context, timer: &TimerFired) -> Answer {
    let Some(id) = timer.name.strip_prefix("due-") else { return abstain() };
    let mut grants = Grants::of(cx)?;
    let Some(grant) = grants.get(id) else { return abstain() };
    match grant.status {
        State::PendingApproval => turns_down(&mut grants, cx.now(), id, Trigger::ApprovalExpires, "approval-expired"),
        State::Active if cx.now() > grant.expires_at => return expires(cx, id),
        State::Expired => retires_unless_awaited(cx, &mut grants, id)?,
        State::Cancelled => {
            grants.step(id, Trigger::Retire, |_| {});
        }
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
