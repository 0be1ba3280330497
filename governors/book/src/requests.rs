//! Which subscription a request is about.
//!
//! The slot `subscription` decides whether a request may be granted; billing, entitlement and quota-sla act on it
//! at the same time and must mean the same one. Each of these answers for any request, granted or not: what is
//! computed for one that is refused is thrown away with it.

use syndic_sdk::prelude::*;

use crate::{BUNDLED_SKUS, Sku, Status, Subscription, canonical, live, period_from, sku};

/// How many subscriptions one CustomerCancels ends. The slot `subscription` asks again for the rest, because a decision
/// may ask for sixteen effects and sixteen timers, and each subscription takes two.
pub const CANCELLED_AT_ONCE: usize = 8;

/// The subscription whose cancellation a CustomerSubscribes for this SKU takes back, for nothing. Then no new one
/// is made, granted or billed.
pub fn withdrawn_by_subscribing<'a>(subs: &'a [Subscription], sku: &str) -> Option<&'a Subscription> {
    live(subs).find(|sub| sub.sku == canonical(sku) && sub.status == Status::Cancelling)
}

/// The first period of a new subscription, `[start, end)`, and the day of the month it renews on. A trial is that
/// period; its anchor is the day it ends on, because that is when the first paid one starts.
pub fn first_period(now: Time, sku: &Sku, request: &CustomerSubscribes) -> (Time, Time, u8) {
    if request.trial {
        let end = now.plus_days(sku.trial_days.into());
        return (now, end, end.day());
    }
    let (start, end) = period_from(now, request.billing_cycle, now.day());
    (start, end, now.day())
}

/// The subscription a CustomerUpgrades is about: the one of its old SKU. There is at most one.
pub fn upgraded_by<'a>(subs: &'a [Subscription], request: &CustomerUpgrades) -> Option<&'a Subscription> {
    live(subs).find(|sub| sub.sku == canonical(&request.old_sku))
}

/// The subscription a SubscriptionChanged is about: the named one, else the first the action fits, else the first
/// that is live.
pub fn changed_by<'a>(subs: &'a [Subscription], request: &SubscriptionChanged) -> Option<&'a Subscription> {
    if let Some(id) = &request.subscription_id {
        return subs.iter().find(|sub| sub.id == *id);
    }
    let fits = |sub: &&Subscription| match request.action {
        ChangeAction::Downgrade => matches!(sub.status, Status::Trial | Status::Active),
        ChangeAction::Pause => sub.status == Status::Active,
        ChangeAction::Resume => sub.status == Status::Paused,
        ChangeAction::Reactivate => matches!(sub.status, Status::Cancelling | Status::Cancelled),
    };
    let newest_first = request.action == ChangeAction::Reactivate;
    let fitting = if newest_first { subs.iter().rfind(fits) } else { subs.iter().find(fits) };
    fitting.or_else(|| live(subs).next())
}

/// The subscriptions a CustomerCancels{when: now} ends, at most [`CANCELLED_AT_ONCE`].
pub fn cancelled_by<'a>(subs: &'a [Subscription], request: &CustomerCancels) -> Vec<&'a Subscription> {
    let named = |sub: &&Subscription| request.subscription_id.as_ref().is_none_or(|id| *id == sub.id);
    subs.iter().filter(|sub| sub.status.is_open()).filter(named).take(CANCELLED_AT_ONCE).collect()
}

/// The SKU a downgrade leads to: the one it names, else the bundled plan next below.
/// Declare `tenant:product-catalog.sku.*`.
pub fn downgrade_target(
    cx: &Context,
    sub: &Subscription,
    request: &SubscriptionChanged,
) -> Result<Option<String>, Fault> {
    if let Some(named) = &request.new_sku {
        return Ok(Some(canonical(named).to_owned()));
    }
    let Some(rank) = sku(cx, &sub.sku)?.map(|current| current.rank()) else {
        return Ok(None);
    };
    for name in BUNDLED_SKUS.iter().rev() {
        let below = sku(cx, name)?.filter(|lower| lower.sells() && lower.rank() < rank);
        if below.is_some() {
            return Ok(Some((*name).to_owned()));
        }
    }
    Ok(None)
}
