//! Leaving: now, or with the period; and coming back within thirty days.

use syndic_book::{CANCELLED_AT_ONCE, Status, Subscription, cancelled_by, period_from, subscriptions};
use syndic_sdk::prelude::*;

use crate::keep::{OURSELVES, arm, arm_after, arm_period, keep, moved};
use crate::pause::rested;
use crate::ruling::{Ruling, has_not, known, not_held, plan, refused, running, takes_up};
use crate::table::{Trigger, next};

/// The timer that ends the subscriptions for which the events that one decision may raise have no room.
pub(crate) const REST: &str = "cancel-rest";

/// How many events one decision may raise.
const RAISES_MAX: usize = 4;

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
    let named = |sub: &&Subscription| request.subscription_id.as_ref().is_none_or(|id| *id == sub.id);
    let open = subs.iter().filter(|sub| sub.status.is_open()).filter(named).count();
    leave_the_rest(cx, &mut decision, request, open - ending.len());
    Ok(decision)
}

/// Only this governor writes until the period ends; its timer then raises the cancellation the others act on.
fn cancel_at_end(cx: &Context, subs: &[Subscription], request: &CustomerCancels) -> Ruling {
    let named = |sub: &&Subscription| request.subscription_id.as_ref().is_none_or(|id| *id == sub.id);
    let mut leaving = subs.iter().filter(named).filter(|sub| may_leave(sub)).peekable();
    if leaving.peek().is_none() {
        let ending = subs.iter().filter(named).find(|sub| sub.status.is_live());
        return match ending {
            Some(sub) => running(sub).map(|()| Decision::abstain()),
            None => refused("no-subscription", "there is no subscription to cancel"),
        };
    }
    let mut decision = Decision::approve();
    for sub in leaving.by_ref().take(CANCELLED_AT_ONCE) {
        let Some(after) = moved(sub, Trigger::CancelAtEnd) else { continue };
        keep(&mut decision, Some(sub), &left(after, cx.now(), request));
        if sub.paused_at.is_some() || sub.end <= cx.now() {
            arm(&mut decision, &sub.id, sub.end.max(cx.now()), 0);
        }
    }
    leave_the_rest(cx, &mut decision, request, leaving.count());
    Ok(decision)
}

/// Whether it can be asked to end with its period. What is paused can: otherwise it would come back by itself, and
/// be charged for, after the customer cancelled everything.
fn may_leave(sub: &Subscription) -> bool {
    next(sub.status, Trigger::CancelAtEnd).is_some()
}

/// On its way out. A pause ends with that, and counts; a period that ended in it stays one that was not used.
fn left(mut sub: Subscription, now: Time, request: &CustomerCancels) -> Subscription {
    sub.suspended_period_ended |= sub.paused_at.is_some() && sub.end <= now;
    sub = rested(sub, now);
    sub.cancelled_at = Some(now);
    sub.cancel_reason = request.reason.clone();
    sub.pending_sku = None;
    sub
}

/// Asks for what is left in as many turns as it takes: at once, as far as events may be raised, and then by a timer.
/// What we raised ourselves raises nothing again: events go only so deep.
fn leave_the_rest(cx: &Context, decision: &mut Decision, request: &CustomerCancels, left: usize) {
    let turns = left.div_ceil(CANCELLED_AT_ONCE);
    let at_once = if cx.source() == OURSELVES { 0 } else { turns.min(RAISES_MAX) };
    for _ in 0..at_once {
        decision.raise(request.clone().into());
    }
    if turns > at_once {
        decision.timer(REST, cx.now(), request);
    }
}

/// The timer: asks again, while there is something left to end.
pub(crate) fn rest(cx: &Context, timer: &TimerFired) -> Ruling {
    let mut decision = Decision::abstain();
    let Some(data) = timer.data.clone() else { return Ok(decision) };
    let request: CustomerCancels = serde_json::from_value(data).map_err(Fault::from)?;
    let ends = |sub: &Subscription| match request.when {
        When::Now => sub.status.is_open(),
        When::PeriodEnd => may_leave(sub),
    };
    if subscriptions(cx)?.iter().any(ends) {
        decision.verdict = Verdict::Approve;
        decision.raise(request.into());
    }
    Ok(decision)
}

/// Takes back a cancellation that has not happened yet. The period goes on, and nothing is paid again.
///
/// The deadline is set anew: where the cancellation was raised and rolled back, the timer counts days of that.
pub(crate) fn withdraw(cx: &Context, sub: &Subscription) -> Ruling {
    let trying = sub.trial_end == Some(sub.end);
    let on = if trying { Trigger::KeepTrying } else { Trigger::Keep };
    let Some(mut after) = moved(sub, on) else { return Ok(Decision::abstain()) };
    after.cancelled_at = None;
    after.cancel_reason = None;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm(&mut decision, &sub.id, sub.end.max(cx.now()), 0);
    Ok(decision)
}

/// Coming back: a pending cancellation is taken back, a recent one is followed by a new period from now.
pub(crate) fn reactivates(cx: &Context, subs: &[Subscription], sub: &Subscription) -> Ruling {
    let now = cx.now();
    match sub.status {
        Status::Cancelling => {
            not_held(cx)?;
            return withdraw(cx, sub);
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
    after.suspended_period_ended = false;
    after.cancelled_at = None;
    after.cancel_reason = None;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm_period(&mut decision, &after, now);
    Ok(decision)
}
