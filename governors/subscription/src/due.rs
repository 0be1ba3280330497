//! What time alone brings about. Each state that waits has one deadline, and this is all of them:
//!
//! | State | Waits for | Then |
//! |---|---|---|
//! | trial, active | the end of the period | raises RenewalDue, daily; not renewed after 7 tries: raises CustomerCancels |
//! | the same, held by a cause | the cause to go, looking daily | as above; after 90 days: raises CustomerCancels |
//! | cancelling | the end of the period | raises CustomerCancels |
//! | paused | 90 days of pause in the year | raises SubscriptionChanged{resume} |
//! | expired | 3 days | a payment method by now: raises RenewalDue; else CustomerCancels |
//! | cancelled | 30 days | lapsed |
//! | lapsed | 90 days | archived |
//!
//! What is raised may be rolled back, and then nobody else would ask again: whatever raises looks again a day later.

use syndic_book::{
    Status, Subscription, causes, holds_renewal, index, live, payment_method, subscription, subscriptions,
};
use syndic_sdk::prelude::*;

use crate::cancel;
use crate::keep::{NOTICE_DAYS, arm, arm_after, keep, moved, raise_renewal};
use crate::ruling::Ruling;
use crate::table::Trigger;

/// Days on which a renewal is tried before it is given up.
const RENEWAL_TRIES_MAX: u32 = 7;
/// How long a suspended customer's ended subscription is kept waiting.
const HELD_DAYS_MAX: i64 = 90;
/// How long a lapsed subscription is kept.
const LAPSED_DAYS: i64 = 90;

pub(crate) fn fired(cx: &Context, timer: &TimerFired) -> Ruling {
    if timer.name == cancel::REST {
        return cancel::rest(cx, timer);
    }
    if let Some(id) = timer.name.strip_prefix("notice-") {
        return Ok(subscription(cx, id)?.map_or_else(Decision::abstain, |sub| notice(cx.now(), &sub)));
    }
    let Some(id) = timer.name.strip_prefix("due-") else { return Ok(Decision::abstain()) };
    let Some(sub) = subscription(cx, id)? else { return Ok(Decision::abstain()) };
    let tries = timer.data.as_ref().and_then(|data| data.get("tries")).and_then(Value::as_u64).unwrap_or(0);
    let tries = u32::try_from(tries).unwrap_or(u32::MAX - 1);
    match sub.status {
        Status::Trial | Status::Active | Status::Cancelling if cx.now() < sub.end => Ok(Decision::abstain()),
        Status::Trial | Status::Active => period_ended(cx, &sub, tries),
        Status::Cancelling => Ok(raise_cancel(cx, &sub, sub.cancel_reason.as_deref())),
        Status::Paused => Ok(raise_resume(cx, &sub)),
        Status::Expired => trial_given_up(cx, &sub),
        Status::Cancelled => Ok(lapse(cx, &sub)),
        Status::Lapsed => archive(cx, &sub),
        Status::Archived => Ok(Decision::abstain()),
    }
}

fn period_ended(cx: &Context, sub: &Subscription, tries: u32) -> Ruling {
    if holds_renewal(&causes(cx)?) {
        return Ok(wait_while_held(cx, sub));
    }
    if tries >= RENEWAL_TRIES_MAX {
        return Ok(raise_cancel(cx, sub, Some("not-renewed")));
    }
    let mut decision = Decision::approve();
    raise_renewal(&mut decision, &sub.id, cx.now(), tries);
    Ok(decision)
}

/// Some causes are lifted by events this governor is not shown (a KYC that passes), so it looks for itself.
fn wait_while_held(cx: &Context, sub: &Subscription) -> Decision {
    if cx.now() >= sub.end.plus_days(HELD_DAYS_MAX) {
        return raise_cancel(cx, sub, Some("suspended"));
    }
    let mut decision = Decision::approve();
    if let Some(mut after) = moved(sub, Trigger::EndWhileHeld).filter(|_| !sub.suspended_period_ended) {
        after.suspended_period_ended = true;
        keep(&mut decision, Some(sub), &after);
    }
    arm(&mut decision, &sub.id, cx.now().plus_days(1), 0);
    decision
}

fn raise_cancel(cx: &Context, sub: &Subscription, reason: Option<&str>) -> Decision {
    let mut decision = Decision::approve();
    decision.raise(Event::CustomerCancels(CustomerCancels {
        reason: reason.map(str::to_owned),
        when: When::Now,
        subscription_id: Some(sub.id.clone()),
    }));
    arm(&mut decision, &sub.id, cx.now().plus_days(1), RENEWAL_TRIES_MAX);
    decision
}

fn raise_resume(cx: &Context, sub: &Subscription) -> Decision {
    let mut decision = Decision::approve();
    decision.raise(Event::SubscriptionChanged(SubscriptionChanged {
        action: ChangeAction::Resume,
        new_sku: None,
        when: When::Now,
        subscription_id: Some(sub.id.clone()),
    }));
    arm(&mut decision, &sub.id, cx.now().plus_days(1), 0);
    decision
}

fn trial_given_up(cx: &Context, sub: &Subscription) -> Ruling {
    let replaced = live(&subscriptions(cx)?).any(|other| other.sku == sub.sku);
    let payable = payment_method(cx)?.is_some() && !holds_renewal(&causes(cx)?);
    if replaced || !payable {
        return Ok(raise_cancel(cx, sub, Some("trial-ended")));
    }
    let mut decision = Decision::approve();
    raise_renewal(&mut decision, &sub.id, cx.now(), 0);
    Ok(decision)
}

fn lapse(cx: &Context, sub: &Subscription) -> Decision {
    let mut decision = Decision::approve();
    if let Some(after) = moved(sub, Trigger::WindowCloses) {
        keep(&mut decision, Some(sub), &after);
        arm_after(&mut decision, &sub.id, cx.now().plus_days(LAPSED_DAYS));
    }
    decision
}

/// An archived subscription leaves the index, so that a long history costs no reads.
fn archive(cx: &Context, sub: &Subscription) -> Ruling {
    let mut decision = Decision::approve();
    if let Some(after) = moved(sub, Trigger::Retire) {
        keep(&mut decision, Some(sub), &after);
        let mut index = index(cx)?;
        index.ids.retain(|id| *id != sub.id);
        decision.set("subscription.index", &index);
    }
    Ok(decision)
}

/// The mail before a renewal. Who has cancelled, or renewed already, is not reminded.
fn notice(now: Time, sub: &Subscription) -> Decision {
    let running = matches!(sub.status, Status::Trial | Status::Active);
    if !running || now < sub.end.minus_days(NOTICE_DAYS) || now >= sub.end {
        return Decision::abstain();
    }
    let body = json!({
        "template": "renewal-notice", "subscription": sub.id, "sku": sub.renewing_sku(), "due": sub.end,
    });
    let mut decision = Decision::approve();
    decision.effect(Effect::deferred(format!("mail-notice-{}", sub.id), "mail", format!("notice/{}", sub.id), &body));
    decision
}
