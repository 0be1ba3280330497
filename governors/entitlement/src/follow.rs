//! What happens to a subscription happens to its grant.
//!
//! Whether it may happen is the slot subscription's question; a request it refuses is thrown away with everything
//! computed here.

use syndic_book::{
    Renewal, Status, Subscription, cancelled_by, changed_by, downgrade_target, first_instant_after, period_from,
    renewal, sku, subscription, subscriptions, upgraded_by,
};
use syndic_sdk::prelude::*;

use crate::grants::Grants;
use crate::subscribe::{RETURN_DAYS, opens};
use crate::table::{State, Trigger};

/// How long an expired grant is kept for a renewal.
pub(crate) const EXPIRED_DAYS: i64 = 30;

pub(crate) fn upgrades(cx: &Context, request: &CustomerUpgrades) -> Answer {
    let subs = subscriptions(cx)?;
    let Some(sub) = upgraded_by(&subs, request) else { return abstain() };
    changes_plan(cx, sub, &request.new_sku)
}

pub(crate) fn changes(cx: &Context, request: &SubscriptionChanged) -> Answer {
    let subs = subscriptions(cx)?;
    let Some(sub) = changed_by(&subs, request) else { return abstain() };
    match (request.action, request.when) {
        (ChangeAction::Downgrade, When::Now) => match downgrade_target(cx, sub, request)? {
            Some(target) => changes_plan(cx, sub, &target),
            None => abstain(),
        },
        (ChangeAction::Reactivate, _) if sub.status == Status::Cancelled => reactivates(cx, sub),
        _ => abstain(),
    }
}

/// The new plan's features at once. Approval is asked of a customer who comes, not of one who changes plan.
fn changes_plan(cx: &Context, sub: &Subscription, new: &str) -> Answer {
    let Some(new) = sku(cx, new)? else { return abstain() };
    let mut grants = Grants::of(cx)?;
    if grants.step(&sub.id, Trigger::ChangePlan, |grant| grant.becomes(&new)) {
        grants.provision(&sub.id);
    }
    grants.decide()
}

/// Coming back begins a new period, and waits for approval again where the plan requires it.
fn reactivates(cx: &Context, sub: &Subscription) -> Answer {
    let Some(sku) = sku(cx, &sub.sku)? else { return abstain() };
    let on = if sku.requires_approval { Trigger::AskAgain } else { Trigger::Reactivate };
    let (_, end) = period_from(cx.now(), sub.cycle, cx.now().day());
    let mut grants = Grants::of(cx)?;
    let stepped = grants.step(&sub.id, on, |grant| {
        grant.becomes(&sku);
        grant.expires_at = end;
    });
    if stepped {
        opens(&mut grants, cx.now(), &sub.id);
    }
    grants.decide()
}

pub(crate) fn renews(cx: &Context, request: &RenewalDue) -> Answer {
    let Some(sub) = subscription(cx, &request.subscription_id)? else { return abstain() };
    if !matches!(sub.status, Status::Trial | Status::Active | Status::Expired) {
        return abstain();
    }
    match renewal(cx, &sub)? {
        Renewal::Extends { end, .. } => extends(cx, &sub, end),
        Renewal::TrialEnds => expires(cx, &sub.id),
    }
}

fn extends(cx: &Context, sub: &Subscription, end: Time) -> Answer {
    let plan = sku(cx, sub.renewing_sku())?;
    let mut grants = Grants::of(cx)?;
    let stepped = grants.step(&sub.id, Trigger::Renew, |grant| {
        grant.expires_at = end;
        if let Some(plan) = &plan {
            grant.becomes(plan);
        }
    });
    if stepped {
        if sub.pending_sku.is_some() {
            grants.provision(&sub.id);
        }
        grants.arm_expiry(&sub.id);
    }
    grants.decide()
}

/// The time granted is over. What was set up stays, because a renewal may follow.
pub(crate) fn expires(cx: &Context, id: &str) -> Answer {
    let mut grants = Grants::of(cx)?;
    if grants.step(id, Trigger::Expire, |_| {}) {
        grants.arm(id, cx.now().plus_days(EXPIRED_DAYS));
    }
    grants.decide()
}

/// Ends the grants of the subscriptions that end now; with the period, nothing changes until then.
pub(crate) fn cancels(cx: &Context, request: &CustomerCancels) -> Answer {
    if request.when == When::PeriodEnd {
        return abstain();
    }
    let subs = subscriptions(cx)?;
    let mut grants = Grants::of(cx)?;
    for sub in cancelled_by(&subs, request) {
        let provisioned = grants.get(&sub.id).is_some_and(|grant| grant.status != State::PendingApproval);
        if grants.step(&sub.id, Trigger::Cancel, |_| {}) {
            grants.arm(&sub.id, first_instant_after(cx.now().plus_days(RETURN_DAYS)));
            if provisioned {
                grants.revoke(&sub.id);
            }
        }
    }
    grants.decide()
}

/// A suspension moves no grant; the record says that it touches some.
pub(crate) fn noted(cx: &Context, remark: &str) -> Answer {
    if Grants::of(cx)?.is_empty() {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.note(remark);
    Ok(decision)
}
