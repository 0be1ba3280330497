//! A new grant, and the approval some plans wait for.

use syndic_book::{first_period, index, sku, subscriptions, withdrawn_by_subscribing};
use syndic_sdk::prelude::*;

use crate::grants::{Grant, Grants};
use crate::table::{State, Trigger, begin};

/// How long an approval may be waited for.
pub(crate) const APPROVAL_HOURS: i64 = 24;

/// How long a cancelled grant is kept for a customer who comes back.
pub(crate) const RETURN_DAYS: i64 = 30;

pub(crate) fn subscribes(cx: &Context, request: &CustomerSubscribes) -> Answer {
    let Some(sku) = sku(cx, &request.sku)? else { return abstain() };
    if withdrawn_by_subscribing(&subscriptions(cx)?, &sku.sku).is_some() {
        return abstain();
    }
    let id = index(cx)?.next_id();
    let on = if sku.requires_approval { Trigger::AskApproval } else { Trigger::Grant };
    let (_, expires_at, _) = first_period(cx.now(), &sku, request);
    let mut grants = Grants::of(cx)?;
    grants.begin(
        &id,
        Grant {
            sku: sku.sku,
            seats: request.seats,
            status: begin(on).unwrap_or(State::PendingApproval),
            features: sku.features,
            expires_at,
        },
    );
    opens(&mut grants, cx.now(), &id);
    grants.decide()
}

/// What follows a grant that begins: the plan is set up, or an approval is waited for.
pub(crate) fn opens(grants: &mut Grants, now: Time, id: &str) {
    if grants.get(id).is_some_and(|grant| grant.status == State::PendingApproval) {
        grants.arm(id, now.plus_hours(APPROVAL_HOURS));
        return;
    }
    grants.provision(id);
    grants.arm_expiry(id);
}

/// OperatorDecided: approvals are this slot's; everything else an operator decides is another's.
pub(crate) fn decided(cx: &Context, decided: &OperatorDecided) -> Answer {
    if decided.about != About::Approval {
        return abstain();
    }
    let mut grants = Grants::of(cx)?;
    let waiting = match &decided.id {
        Some(id) => grants.get(id).filter(|grant| grant.status == State::PendingApproval).map(|_| id.clone()),
        None => grants.pending().map(str::to_owned),
    };
    let Some(id) = waiting else {
        return refuse("nothing-to-decide", "no subscription waits for an approval");
    };
    match decided.decision {
        Ruling::Accept => {
            grants.step(&id, Trigger::Approve, |_| {});
            opens(&mut grants, cx.now(), &id);
        }
        Ruling::Reject => turns_down(&mut grants, cx.now(), &id, Trigger::Reject, "approval-rejected"),
    }
    grants.decide()
}

/// No approval: the subscription is cancelled, and what was authorised for it goes with that.
pub(crate) fn turns_down(grants: &mut Grants, now: Time, id: &str, on: Trigger, reason: &str) {
    if grants.step(id, on, |_| {}) {
        asks_to_cancel(grants, now, id, reason);
    }
}

/// Has the subscription cancelled, and looks tomorrow whether it was: what is raised may be rolled back, and a
/// subscription that nobody approved would go on, and be paid for.
pub(crate) fn asks_to_cancel(grants: &mut Grants, now: Time, id: &str, reason: &str) {
    grants.arm(id, now.plus_days(1));
    grants.and().raise(Event::CustomerCancels(CustomerCancels {
        reason: Some(reason.to_owned()),
        when: When::Now,
        subscription_id: Some(id.to_owned()),
    }));
}
