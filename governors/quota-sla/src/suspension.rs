//! Suspensions: while one stands nothing may be used, and what may be used again afterwards is not forgotten.

use std::collections::BTreeSet;

use syndic_book::causes;
use syndic_sdk::prelude::*;

use crate::facts::{Quota, Usage, answer, usage_fact};
use crate::table::Trigger;

/// Someone suspended the customer: rates are zero, limits stay.
pub(crate) fn suspended(cx: &Context, suspension: &ManualSuspension) -> Answer {
    let mut causes = causes(cx)?;
    causes.insert(suspension.cause.to_string());
    rate(cx, &causes)
}

/// A suspension is lifted: the cause `quota` is ours to lift, the others give the rates back.
pub(crate) fn lifted(cx: &Context, request: &SuspensionLifted) -> Answer {
    if request.cause == Cause::Quota {
        return forgive(cx);
    }
    let mut causes = causes(cx)?;
    causes.remove(request.cause.as_str());
    rate(cx, &causes)
}

/// Rates follow the causes, and the causes the account.
fn rate(cx: &Context, causes: &BTreeSet<String>) -> Answer {
    let was = Quota::read(cx)?;
    let mut quota = was.clone();
    quota.rate(causes);
    let mut decision = Decision::default();
    quota.write(&was, &mut decision);
    answer(decision)
}

/// An operator lets the customer go on over a hard limit, until use rises again.
fn forgive(cx: &Context) -> Answer {
    let was = Quota::read(cx)?;
    if was.stance.throttled.is_empty() {
        return refuse("not-suspended", "no resource is over a hard limit");
    }
    let mut quota = was.clone();
    let mut decision = Decision::default();
    for resource in &was.stance.throttled {
        let Some(period) = &was.period else { break };
        if let Some(mut usage) = Usage::read(cx, resource, period)? {
            usage.follow(Trigger::Lifted);
            decision.set(usage_fact(resource), &usage);
        }
    }
    quota.stance.throttled.clear();
    quota.write(&was, &mut decision);
    answer(decision)
}
