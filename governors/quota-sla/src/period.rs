//! What time alone brings about: at the end of a quota period use is forgotten, and limits become what the plans now
//! say; while something is paused, a daily look at what is held beside it.

use syndic_book::{causes, subscriptions};
use syndic_sdk::prelude::*;

use crate::facts::{LOOK, Quota, RESET, Stance, answer, usage_fact};
use crate::plans::{Held, all_paused, held, limits_of};

/// How often it is looked. A cancellation is not shown to this slot, and may leave nothing but what is paused.
const LOOK_DAYS: i64 = 1;

/// The timer of the period's end, and of the daily look. One that was set for another period no longer matters.
pub(crate) fn timer_fired(cx: &Context, timer: &TimerFired) -> Answer {
    let was = Quota::read(cx)?;
    match was.period {
        Some(period) if timer.name == RESET && timer.due == period.end => reset(cx, &was),
        Some(_) if timer.name == LOOK => look(cx, &was),
        _ => abstain(),
    }
}

/// Looks again tomorrow, for as long as something is paused.
pub(crate) fn look_while_paused(decision: &mut Decision, held: &[Held], now: Time) {
    if held.iter().any(|plan| plan.paused) {
        decision.timer(LOOK, now.plus_days(LOOK_DAYS), &());
    }
}

fn look(cx: &Context, was: &Quota) -> Answer {
    let mut decision = Decision::default();
    let held = held(&subscriptions(cx)?, cx.now());
    let mut quota = was.clone();
    quota.stance.paused = all_paused(&held);
    quota.rate(&causes(cx)?);
    quota.write(was, &mut decision);
    look_while_paused(&mut decision, &held, cx.now());
    answer(decision)
}

/// Opens the next period, or closes the quota of a customer who holds nothing any more.
fn reset(cx: &Context, was: &Quota) -> Answer {
    let mut decision = Decision::default();
    for (resource, _) in was.used(cx)? {
        decision.delete(usage_fact(&resource));
    }
    let held = held(&subscriptions(cx)?, cx.now());
    let mut quota = Quota {
        period: was.period.filter(|_| !held.is_empty()).map(|ended| ended.following()),
        limits: limits_of(cx, &held)?,
        rates: was.rates.clone(),
        stance: Stance { paused: all_paused(&held), ..Stance::default() },
    };
    quota.rate(&causes(cx)?);
    quota.write(was, &mut decision);
    answer(decision)
}
