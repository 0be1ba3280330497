//! A pause, at the customer's wish: no renewal, and access that only reads (quota-sla stands for that).
//!
//! The period goes on meanwhile. One that ends during the pause is renewed when the pause is over, from that day on.

use syndic_book::{Status, Subscription, causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::keep::{OURSELVES, arm, arm_after, arm_period, keep, moved, raise_renewal};
use crate::ruling::{Ruling, not_held, refused, running};
use crate::table::Trigger;

/// How many days of a year a subscription may rest. The year begins with its first pause.
const PAUSE_DAYS_MAX: i64 = 90;
const YEAR_DAYS: i64 = 365;
const DAY_MS: i64 = 86_400_000;

pub(crate) fn pauses(cx: &Context, sub: &Subscription) -> Ruling {
    running(sub)?;
    not_held(cx)?;
    let Some(mut after) = moved(sub, Trigger::Pause) else {
        return refused("no-subscription", format!("{} is a trial, and only what is paid for can be paused", sub.id));
    };
    let now = cx.now();
    let year = sub.pause_year.filter(|start| now < start.plus_days(YEAR_DAYS));
    let used = if year.is_some() { sub.paused_days_used } else { 0 };
    let left = PAUSE_DAYS_MAX - used;
    if left <= 0 {
        let again = year.unwrap_or(now).plus_days(YEAR_DAYS);
        return refused("not-due", format!("{PAUSE_DAYS_MAX} days of pause are used up until {again}"));
    }
    after.paused_at = Some(now);
    after.pause_year = year.or(Some(now));
    after.paused_days_used = used;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    arm_after(&mut decision, &sub.id, now.plus_days(left));
    Ok(decision)
}

/// Out of the pause. A customer whom a cause keeps out changes nothing, this neither; time ends it all the same: a pause
/// that is over is over, and the causes hold the renewal back.
pub(crate) fn resumes(cx: &Context, sub: &Subscription) -> Ruling {
    let Some(after) = moved(sub, Trigger::Resume) else {
        return match sub.status {
            Status::Cancelling => running(sub).map(|()| Decision::abstain()),
            _ => refused("no-subscription", "there is no paused subscription"),
        };
    };
    if cx.source() != OURSELVES {
        not_held(cx)?;
    }
    let now = cx.now();
    let mut after = rested(after, now);
    after.suspended_period_ended = sub.end <= now;
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    if !after.suspended_period_ended {
        arm_period(&mut decision, &after, now);
    } else if holds_renewal(&causes(cx)?) {
        arm(&mut decision, &sub.id, now.plus_days(1), 0);
    } else {
        raise_renewal(&mut decision, &sub.id, now, 0);
    }
    Ok(decision)
}

/// The pause is over, and its started days count. Of one that goes on into the next year, only that year's do.
pub(crate) fn rested(mut sub: Subscription, now: Time) -> Subscription {
    let Some(since) = sub.paused_at.take() else { return sub };
    let turn = sub.pause_year.unwrap_or(since).plus_days(YEAR_DAYS);
    let used = if now > turn {
        sub.pause_year = Some(turn);
        started_days(now.since(turn))
    } else {
        sub.paused_days_used + started_days(now.since(since).max(0))
    };
    sub.paused_days_used = used.min(PAUSE_DAYS_MAX);
    sub
}

fn started_days(ms: i64) -> i64 {
    (ms + DAY_MS - 1) / DAY_MS
}
