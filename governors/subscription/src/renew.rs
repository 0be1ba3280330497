//! RenewalDue, and the suspensions that hold it back.

use syndic_book::{Renewal, Status, Subscription, causes, holds_renewal, live, renewal, subscription, subscriptions};
use syndic_sdk::prelude::*;

use crate::keep::{NOTICE_DAYS, arm, arm_period, keep, moved, raise_renewal};
use crate::ruling::{Ruling, has_not, not_held, refused, running};
use crate::table::Trigger;

/// How long a trial that nobody pays for waits for a payment method.
const UNPAID_TRIAL_DAYS: i64 = 3;

/// How many events one decision may raise. What is beyond has its own timer look at once.
const RAISES_MAX: usize = 4;

/// How many timers one decision may set, and each subscription takes one. What is beyond finds out by its daily look.
const TIMERS_MAX: usize = 16;

pub(crate) fn renews(cx: &Context, request: &RenewalDue) -> Ruling {
    let id = &request.subscription_id;
    let Some(sub) = subscription(cx, id)? else {
        return refused("subscription-unknown", format!("there is no subscription `{id}`"));
    };
    not_held(cx)?;
    if sub.status != Status::Expired {
        running(&sub)?;
    }
    has_not(&subscriptions(cx)?, &sub.sku, Some(id))?;
    // What was paid for is used to its end, so another plan waits for that.
    let notice = if sub.pending_sku.is_some() { 0 } else { NOTICE_DAYS };
    let early = sub.status != Status::Expired && cx.now() < sub.end.minus_days(notice);
    match renewal(cx, &sub)? {
        _ if early => refused("not-due", format!("{id} runs until {}", sub.end)),
        Renewal::Extends { start, end, anchor_day } => Ok(extend(cx, &sub, start, end, anchor_day)),
        Renewal::TrialEnds if cx.now() < sub.end && sub.status == Status::Trial => {
            refused("not-due", format!("the trial runs until {}, and no payment method is known", sub.end))
        }
        Renewal::TrialEnds => Ok(end_trial(cx, &sub)),
    }
}

fn extend(cx: &Context, sub: &Subscription, start: Time, end: Time, anchor_day: u8) -> Decision {
    let Some(mut after) = moved(sub, Trigger::Renew) else { return Decision::abstain() };
    sub.renewing_sku().clone_into(&mut after.sku);
    after.contract_price = sub.renewing_contract();
    after.pending_sku = None;
    after.suspended_period_ended = false;
    (after.start, after.end, after.anchor_day) = (start, end, anchor_day);
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm_period(&mut decision, &after, cx.now());
    decision
}

fn end_trial(cx: &Context, sub: &Subscription) -> Decision {
    let Some(mut after) = moved(sub, Trigger::TrialUnpaid) else { return Decision::abstain() };
    after.suspended_period_ended = false;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm(&mut decision, &sub.id, cx.now().plus_days(UNPAID_TRIAL_DAYS), 0);
    decision.note(format!("{}: the trial is over and no payment method is known", sub.id));
    decision
}

/// ManualSuspension: nothing to write, because a renewal asks for the causes when it is due.
pub(crate) fn suspended(cx: &Context, cause: Cause) -> Ruling {
    let mut decision = Decision::abstain();
    if live(&subscriptions(cx)?).next().is_some() {
        decision = Decision::approve();
        decision.note(format!("no renewal while `{cause}` stands"));
    }
    Ok(decision)
}

/// SuspensionLifted: what ended meanwhile is renewed from now on, once no other cause holds it back.
pub(crate) fn lifted(cx: &Context, cause: Cause) -> Ruling {
    let mut remaining = causes(cx)?;
    let held = holds_renewal(&remaining);
    remaining.remove(cause.as_str());
    if !held || holds_renewal(&remaining) {
        return Ok(Decision::abstain());
    }
    let subs = subscriptions(cx)?;
    let mut decision = Decision::abstain();
    let waiting = subs.iter().filter(|sub| sub.end <= cx.now());
    for (sub, mut after) in waiting.filter_map(|sub| Some((sub, moved(sub, Trigger::EndWhileHeld)?))).take(TIMERS_MAX) {
        after.suspended_period_ended = true;
        decision.verdict = Verdict::Approve;
        keep(&mut decision, Some(sub), &after);
        if decision.raises.len() < RAISES_MAX {
            raise_renewal(&mut decision, &sub.id, cx.now(), 0);
        } else {
            arm(&mut decision, &sub.id, cx.now(), 0);
        }
    }
    Ok(decision)
}
