//! Leaving: now, or with the period; and coming back within thirty days.

use syndic_book::{CANCELLED_AT_ONCE, Status, Subscription, cancelled_by, period_from};
use syndic_sdk::prelude::*;

use crate::keep::{arm, arm_after, arm_period, keep, moved};
use crate::ruling::{Ruling, has_not, known, not_held, plan, refused, running, takes_up};
use crate::table::Trigger;

/// How long a cancelled subscription may be taken up again.
pub(crate) const REACTIVATION_DAYS: i64 = 30;

pub(crate) fn cancels(cx: &Context, request: &CustomerCancels) -> Ruling {
    let subs = known(cx, request.subscription_id.as_deref())?;
    match request.when {
        When::Now => cancel_now(cx, &subs, request),
        When::PeriodEnd => cancel_at_end(cx, &subs, request),
    }
}

fn cancel_now(cx: &Context, subs: &[Subscription], request: &CustomerCancels) -> Ruling {
    let ending = cancelled_by(subs, request);
    if ending.is_empty() {
        return refused("no-subscription", "there is no subscription to cancel");
    }
    let mut decision = Decision::approve();
    let until = cx.now().plus_days(REACTIVATION_DAYS);
    for sub in &ending {
        let Some(after) = moved(sub, Trigger::Cancel) else { continue };
        keep(&mut decision, Some(sub), &left(after, cx.now(), request));
        arm_after(&mut decision, &sub.id, until);
    }
    let open = subs.iter().filter(|sub| sub.status.is_open()).count();
    raise_for_the_rest(&mut decision, request, request.subscription_id.is_none() && open > ending.len());
    Ok(decision)
}

/// Only this governor writes until the period ends; its timer then raises the cancellation the others act on.
fn cancel_at_end(cx: &Context, subs: &[Subscription], request: &CustomerCancels) -> Ruling {
    let named = |sub: &&Subscription| request.subscription_id.as_ref().is_none_or(|id| *id == sub.id);
    let mut running_ones = subs.iter().filter(named).filter(|sub| running(sub).is_ok()).peekable();
    if running_ones.peek().is_none() {
        let ending = subs.iter().filter(named).find(|sub| sub.status.is_live());
        return match ending {
            Some(sub) => running(sub).map(|()| Decision::abstain()),
            None => refused("no-subscription", "there is no subscription to cancel"),
        };
    }
    let mut decision = Decision::approve();
    for sub in running_ones.by_ref().take(CANCELLED_AT_ONCE) {
        let Some(after) = moved(sub, Trigger::CancelAtEnd) else { continue };
        keep(&mut decision, Some(sub), &left(after, cx.now(), request));
        if sub.end <= cx.now() {
            arm(&mut decision, &sub.id, cx.now(), 0);
        }
    }
    raise_for_the_rest(&mut decision, request, running_ones.peek().is_some());
    Ok(decision)
}

fn left(mut sub: Subscription, now: Time, request: &CustomerCancels) -> Subscription {
    sub.cancelled_at = Some(now);
    sub.cancel_reason = request.reason.clone();
    sub.pending_sku = None;
    sub.paused_at = None;
    sub.suspended_period_ended = false;
    sub
}

fn raise_for_the_rest(decision: &mut Decision, request: &CustomerCancels, more: bool) {
    if more {
        decision.raise(Event::CustomerCancels(request.clone()));
    }
}

/// Takes back a cancellation that has not happened yet. The period goes on, and nothing is paid again.
pub(crate) fn withdraw(sub: &Subscription) -> Ruling {
    let trying = sub.trial_end == Some(sub.end);
    let on = if trying { Trigger::KeepTrying } else { Trigger::Keep };
    let Some(mut after) = moved(sub, on) else { return Ok(Decision::abstain()) };
    after.cancelled_at = None;
    after.cancel_reason = None;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    Ok(decision)
}

/// Coming back: a pending cancellation is taken back, a recent one is followed by a new period from now.
pub(crate) fn reactivates(cx: &Context, subs: &[Subscription], sub: &Subscription) -> Ruling {
    let now = cx.now();
    match sub.status {
        Status::Cancelling => {
            not_held(cx)?;
            return withdraw(sub);
        }
        Status::Cancelled => {}
        status if status.is_live() => return refused("already-subscribed", format!("{} is not cancelled", sub.id)),
        _ => return refused("no-subscription", format!("{} ended more than {REACTIVATION_DAYS} days ago", sub.id)),
    }
    if sub.cancelled_at.is_some_and(|at| now > at.plus_days(REACTIVATION_DAYS)) {
        return refused("no-subscription", format!("{} ended more than {REACTIVATION_DAYS} days ago", sub.id));
    }
    takes_up(&plan(cx, &sub.sku)?, sub.cycle)?;
    has_not(subs, &sub.sku, Some(&sub.id))?;
    not_held(cx)?;
    let Some(mut after) = moved(sub, Trigger::Reactivate) else { return Ok(Decision::abstain()) };
    after.anchor_day = now.day();
    (after.start, after.end) = period_from(now, sub.cycle, after.anchor_day);
    after.trial_end = None;
    after.cancelled_at = None;
    after.cancel_reason = None;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm_period(&mut decision, &after, now);
    Ok(decision)
}
