//! Another plan: up at once, down at once or with the next period. The period and its anchor stay.

use std::cmp::Ordering;

use syndic_book::{Sku, Subscription, canonical, downgrade_target, live, sku, subscriptions, upgraded_by};
use syndic_sdk::prelude::*;

use crate::keep::{keep, moved};
use crate::ruling::{Ruling, has_not, not_held, plan, refused, running, takes_up};
use crate::subscribe::use_trial;
use crate::table::{State, Trigger};

pub(crate) fn upgrades(cx: &Context, request: &CustomerUpgrades) -> Ruling {
    let subs = subscriptions(cx)?;
    if live(&subs).next().is_none() {
        return refused("no-subscription", "there is no subscription to upgrade");
    }
    let Some(sub) = upgraded_by(&subs, request) else {
        return refused("wrong-old-sku", format!("`{}` is not subscribed", request.old_sku));
    };
    let new = plan(cx, &request.new_sku)?;
    takes_up(&new, sub.cycle)?;
    // Two currencies do not compare, and whether they may be netted is billing's question.
    let above = |old: Sku| new.rank().partial_cmp(&old.rank()).is_none_or(Ordering::is_gt);
    if !sku(cx, &sub.sku)?.is_some_and(above) {
        return refused("not-an-upgrade", format!("`{}` is not above `{}`", new.sku, sub.sku));
    }
    has_not(&subs, &new.sku, Some(&sub.id))?;
    running(sub)?;
    not_held(cx)?;
    switch(cx, sub, &new, request.contract_price)
}

pub(crate) fn downgrades(
    cx: &Context,
    subs: &[Subscription],
    sub: &Subscription,
    request: &SubscriptionChanged,
) -> Ruling {
    running(sub)?;
    let Some(target) = downgrade_target(cx, sub, request)? else {
        return refused("not-a-downgrade", format!("there is no plan below `{}`", sub.sku));
    };
    let new = plan(cx, canonical(&target))?;
    takes_up(&new, sub.cycle)?;
    let below = |old: Sku| new.rank().partial_cmp(&old.rank()).is_some_and(Ordering::is_lt);
    if !sku(cx, &sub.sku)?.is_some_and(below) {
        return refused("not-a-downgrade", format!("`{}` is not below `{}`", new.sku, sub.sku));
    }
    has_not(subs, &new.sku, Some(&sub.id))?;
    not_held(cx)?;
    match request.when {
        When::Now => switch(cx, sub, &new, None),
        When::PeriodEnd => switch_next(sub, &new),
    }
}

/// The new plan now. A contract was for the old one; a trial goes on, as the new plan's only one.
fn switch(cx: &Context, sub: &Subscription, new: &Sku, contract_price: Option<Money>) -> Ruling {
    let mut decision = Decision::approve();
    let Some(mut after) = moved(sub, Trigger::ChangePlan) else { return Ok(Decision::abstain()) };
    if after.status == State::Trial {
        use_trial(cx, new, &mut decision)?;
    }
    after.sku.clone_from(&new.sku);
    after.contract_price = contract_price;
    after.pending_sku = None;
    keep(&mut decision, Some(sub), &after);
    Ok(decision)
}

/// The new plan with the next period.
fn switch_next(sub: &Subscription, new: &Sku) -> Ruling {
    let Some(mut after) = moved(sub, Trigger::ChangePlanNext) else { return Ok(Decision::abstain()) };
    after.pending_sku = Some(new.sku.clone());
    let mut decision = Decision::approve();
    keep(&mut decision, Some(sub), &after);
    Ok(decision)
}
