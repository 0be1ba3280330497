//! The end of a quota period: use is forgotten, and limits become what the plans now say.

use syndic_book::{causes, subscriptions};
use syndic_sdk::prelude::*;

use crate::facts::{Quota, RESET, Stance, answer, usage_fact};
use crate::plans::{all_paused, held, limits_of};

/// The timer of the period's end. One that was set for another period no longer matters.
pub(crate) fn timer_fired(cx: &Context, timer: &TimerFired) -> Answer {
    let was = Quota::read(cx)?;
    match was.period {
        Some(period) if timer.name == RESET && timer.due == period.end => reset(cx, &was),
        _ => abstain(),
    }
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
