//! What every change of a subscription writes: its fact, the plan's count of subscribers, its deadline.

use std::collections::BTreeSet;

use syndic_book::{Subscription, first_instant_after};
use syndic_sdk::prelude::*;

use crate::table::{Trigger, next};

/// The source of what we raise ourselves.
pub(crate) const OURSELVES: &str = "syndic:subscription";

/// Days before the end of a period that its renewal is announced, and may be asked for.
pub(crate) const NOTICE_DAYS: i64 = 7;

/// The subscription after a move; none where the table has no such move.
pub(crate) fn moved(sub: &Subscription, on: Trigger) -> Option<Subscription> {
    next(sub.status, on).map(|status| Subscription { status, ..sub.clone() })
}

/// Writes a subscription, and counts it in and out of the plans' subscribers.
pub(crate) fn keep(decision: &mut Decision, before: Option<&Subscription>, after: &Subscription) {
    decision.set(format!("subscription.sub.{}", after.id), after);
    let (had, has) = (before.map(plans_held).unwrap_or_default(), plans_held(after));
    for sku in had.difference(&has) {
        decision.increase_tenant(format!("shared.subscribers.{sku}"), -1);
    }
    for sku in has.difference(&had) {
        decision.increase_tenant(format!("shared.subscribers.{sku}"), 1);
    }
}

/// The plans that count this subscription as a subscriber: its own, and the one that waits for the next period, which
/// must not be archived meanwhile.
fn plans_held(sub: &Subscription) -> BTreeSet<&str> {
    let plans = [Some(sub.sku.as_str()), sub.pending_sku.as_deref()];
    plans.into_iter().flatten().filter(|_| sub.status.is_live()).collect()
}

/// Arms a period: its end, and the notice before it where there is still time for one.
pub(crate) fn arm_period(decision: &mut Decision, sub: &Subscription, now: Time) {
    arm(decision, &sub.id, sub.end, 0);
    let notice = sub.end.minus_days(NOTICE_DAYS);
    if notice > now {
        decision.timer(format!("notice-{}", sub.id), notice, &());
    }
}

/// Arms a deadline that still covers its own instant.
pub(crate) fn arm_after(decision: &mut Decision, id: &str, deadline: Time) {
    arm(decision, id, first_instant_after(deadline), 0);
}

/// Arms the subscription's one timer. `tries` counts how often what it raises has been raised already.
pub(crate) fn arm(decision: &mut Decision, id: &str, due: Time, tries: u32) {
    decision.timer(format!("due-{id}"), due, &json!({ "tries": tries }));
}

/// Raises the renewal of a subscription whose period is over, and looks again tomorrow: a renewal that was rolled
/// back or is still with an operator leaves nothing behind that would ask again.
pub(crate) fn raise_renewal(decision: &mut Decision, id: &str, now: Time, tries: u32) {
    decision.raise(Event::RenewalDue(RenewalDue { subscription_id: id.to_owned() }));
    arm(decision, id, now.plus_days(1), tries + 1);
}
