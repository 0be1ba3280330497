//! Plans taken up, changed, paused and resumed: what they do to limits and access.
//!
//! Whether any of it may happen is the slot `subscription`'s question; here it is taken as granted, and thrown away
//! with the event where it is not.

use syndic_book::{canonical, causes, changed_by, downgrade_target, first_period, sku, subscriptions, upgraded_by};
use syndic_sdk::prelude::*;

use crate::facts::{Period, Quota, answer, usage_fact};
use crate::period::look_while_paused;
use crate::plans::{Held, all_paused, held, limits_of, raised};
use crate::table::{State, Trigger};
use crate::usage::band;

/// A new plan, or a cancellation taken back.
pub(crate) fn subscribes(cx: &Context, request: &CustomerSubscribes) -> Answer {
    let Some(sku) = sku(cx, &request.sku)? else { return abstain() };
    let mut held = held(&subscriptions(cx)?, cx.now());
    if !held.iter().any(|plan| plan.sku == canonical(&request.sku)) {
        held.push(Held::new("", &request.sku));
    }
    let (.., anchor_day) = first_period(cx.now(), &sku, request);
    hold(cx, &held, anchor_day)
}

/// A higher plan in place of another.
pub(crate) fn upgrades(cx: &Context, request: &CustomerUpgrades) -> Answer {
    let subs = subscriptions(cx)?;
    let Some(sub) = upgraded_by(&subs, request) else { return abstain() };
    let mut held = held(&subs, cx.now());
    replace(&mut held, &sub.id, &request.new_sku);
    hold(cx, &held, cx.now().day())
}

/// A downgrade, a pause, or the way back from one.
pub(crate) fn changed(cx: &Context, request: &SubscriptionChanged) -> Answer {
    let subs = subscriptions(cx)?;
    let Some(sub) = changed_by(&subs, request) else { return abstain() };
    let mut held = held(&subs, cx.now());
    match request.action {
        ChangeAction::Downgrade if request.when == When::PeriodEnd => return abstain(),
        ChangeAction::Downgrade => {
            let Some(lower) = downgrade_target(cx, sub, request)? else { return abstain() };
            replace(&mut held, &sub.id, &lower);
        }
        ChangeAction::Pause => set_paused(&mut held, &sub.id, true),
        ChangeAction::Resume => set_paused(&mut held, &sub.id, false),
        ChangeAction::Reactivate if held.iter().any(|plan| plan.id == sub.id) => {}
        ChangeAction::Reactivate => held.push(Held::new(&sub.id, &sub.sku)),
    }
    hold(cx, &held, cx.now().day())
}

/// Makes the quota that of these plans, as far as it may change before the period ends. Where none is open, one opens.
fn hold(cx: &Context, held: &[Held], anchor_day: u8) -> Answer {
    let was = Quota::read(cx)?;
    let mut quota = was.clone();
    let mut decision = Decision::default();
    let plans = limits_of(cx, held)?;
    if was.period.is_some() {
        quota.limits = raised(&was.limits, &plans);
        measure_anew(cx, &mut quota, &mut decision)?;
    } else {
        quota.period = Some(Period::opening(cx.now(), anchor_day));
        quota.limits = plans;
    }
    quota.stance.paused = all_paused(held);
    quota.rate(&causes(cx)?);
    quota.write(&was, &mut decision);
    look_while_paused(&mut decision, held, cx.now());
    answer(decision)
}

/// Looks again at what was used, under limits that may have risen or become soft ones. A resource that is well within its new limit is
/// warned about again when it nears it.
fn measure_anew(cx: &Context, quota: &mut Quota, decision: &mut Decision) -> Result<(), Fault> {
    for (resource, was) in quota.used(cx)? {
        let limit = quota.limit(&resource);
        let trigger = match band(was.quantity, limit.map(|(most, _)| most)) {
            Trigger::Over if was.status == State::Throttled && limit.is_some_and(|(_, hard)| !hard) => {
                Trigger::SoftLimit
            }
            trigger => trigger,
        };
        let mut usage = was.clone();
        usage.follow(trigger);
        usage.warned &= trigger != Trigger::Low;
        quota.stance.note(&resource, usage.status);
        if usage != was {
            decision.set(usage_fact(&resource), &usage);
        }
    }
    Ok(())
}

fn replace(held: &mut [Held], id: &str, sku: &str) {
    for plan in held.iter_mut().filter(|plan| plan.id == id) {
        canonical(sku).clone_into(&mut plan.sku);
    }
}

fn set_paused(held: &mut [Held], id: &str, paused: bool) {
    for plan in held.iter_mut().filter(|plan| plan.id == id) {
        plan.paused = paused;
    }
}
