//! CustomerSubscribes: a new subscription, a trial, or a cancellation taken back.

use std::collections::BTreeMap;

use syndic_book::{Index, Sku, Subscription, first_period, index, subscriptions, withdrawn_by_subscribing};
use syndic_sdk::prelude::*;

use crate::cancel::withdraw;
use crate::keep::{arm_period, keep};
use crate::ruling::{Ruling, has_not, not_held, plan, refused, takes_up};
use crate::table::{State, Trigger, begin};

/// The fact that remembers which plans were tried; a plan is tried once.
const TRIALS: &str = "subscription.trials";

pub(crate) fn subscribes(cx: &Context, request: &CustomerSubscribes) -> Ruling {
    let sku = plan(cx, &request.sku)?;
    let subs = subscriptions(cx)?;
    if let Some(ending) = withdrawn_by_subscribing(&subs, &sku.sku) {
        not_held(cx)?;
        return withdraw(cx, ending);
    }
    takes_up(&sku, request.billing_cycle)?;
    has_not(&subs, &sku.sku, None)?;
    let mut decision = Decision::approve();
    if request.trial {
        use_trial(cx, &sku, &mut decision)?;
    }
    not_held(cx)?;
    let index = index(cx)?;
    let sub = begins(cx.now(), &sku, request, &index);
    keep(&mut decision, None, &sub);
    arm_period(&mut decision, &sub, cx.now());
    decision.set("subscription.index", &with(index, &sub.id));
    Ok(decision)
}

/// Uses up the one trial of a plan. A plan without trial days has none to use.
pub(crate) fn use_trial(cx: &Context, sku: &Sku, decision: &mut Decision) -> Ruling<()> {
    let mut tried: BTreeMap<String, bool> = cx.fact(TRIALS)?.unwrap_or_default();
    if sku.trial_days == 0 {
        return refused("trial-used", format!("`{}` cannot be tried", sku.sku));
    }
    if tried.insert(sku.sku.clone(), true).is_some() {
        return refused("trial-used", format!("`{}` was tried before", sku.sku));
    }
    decision.set(TRIALS, &tried);
    Ok(())
}

fn begins(now: Time, sku: &Sku, request: &CustomerSubscribes, index: &Index) -> Subscription {
    let (start, end, anchor_day) = first_period(now, sku, request);
    let on = if request.trial { Trigger::Try } else { Trigger::Subscribe };
    Subscription {
        id: index.next_id(),
        sku: sku.sku.clone(),
        seats: request.seats,
        cycle: request.billing_cycle,
        status: begin(on).unwrap_or(State::Active),
        start,
        end,
        anchor_day,
        trial_end: request.trial.then_some(end),
        contract_price: request.contract_price,
        pending_sku: None,
        cancelled_at: None,
        cancel_reason: None,
        paused_at: None,
        pause_year: None,
        paused_days_used: 0,
        suspended_period_ended: false,
    }
}

fn with(mut index: Index, id: &str) -> Index {
    index.ids.push(id.to_owned());
    Index { next: index.next + 1, ..index }
}
