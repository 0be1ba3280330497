//! Letters to the customer, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::account::{Account, answer};
use crate::suspension::{REVIEW, REVIEW_TICKET, stands};

/// Which resources the customer was told about in this quota period.
pub(crate) const NOTICES: &str = "customer-account.notices";

/// How many letters in a row did not arrive; absent while they do.
pub(crate) const UNDELIVERED: &str = "customer-account.undelivered";

/// The fact `customer-account.notices`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Notices {
    /// The start of the quota period.
    period: Option<Time>,
    resources: BTreeSet<String>,
}

/// The part of `quota-sla.period` that tells one period from another.
#[derive(Deserialize)]
struct QuotaPeriod {
    start: Time,
}

/// A letter, by its template. One event writes at most one of a kind.
pub(crate) fn mail(template: &str, facts: &Value) -> Effect {
    let body = json!({ "template": template, "facts": facts });
    Effect::deferred(format!("mail-{template}"), "mail", format!("customer-account:{template}"), &body)
}

/// More was used than a limit allows: told once for each resource and quota period. The limit in quota-sla's facts
/// rules; where there is none, nothing is exceeded.
pub(crate) fn quota_exceeded(cx: &Context, report: &UsageExceedsQuota) -> Answer {
    let limits: BTreeMap<String, Limit> = cx.fact("quota-sla.limits")?.unwrap_or_default();
    let limit = limits.get(&report.resource).and_then(|limit| Some((limit.limit?, limit.hard)));
    let Some((most, hard)) = limit.filter(|(most, _)| report.current_usage > *most) else { return abstain() };
    if !Account::stored(cx)?.status.is_open() {
        return abstain();
    }
    let mut notices = current_notices(cx)?;
    if !notices.resources.insert(report.resource.clone()) {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.set(NOTICES, &notices);
    let facts = json!({ "resource": report.resource, "usage": report.current_usage, "limit": most, "hard": hard });
    decision.effect(mail("quota-exceeded", &facts));
    Ok(decision)
}

/// A letter that did not arrive is counted; a review that was not asked for is asked for again tomorrow.
pub(crate) fn settled(cx: &Context, end: &EffectSettled) -> Answer {
    let done = end.status == Settled::Done;
    let mut decision = Decision::default();
    if end.effect == REVIEW_TICKET {
        if !done && stands(cx, Cause::Admin)? {
            decision.timer(REVIEW, cx.now().plus_days(1), &());
        }
        return answer(decision);
    }
    let undelivered: u32 = cx.fact(UNDELIVERED)?.unwrap_or_default();
    match (done, undelivered) {
        (true, 0) => &mut decision,
        (true, _) => decision.delete(UNDELIVERED),
        (false, _) => decision.set(UNDELIVERED, &undelivered.saturating_add(1)),
    };
    answer(decision)
}

/// What was told in the period that runs now.
fn current_notices(cx: &Context) -> Result<Notices, Fault> {
    let period = cx.fact::<QuotaPeriod>("quota-sla.period")?.map(|period| period.start);
    let notices: Notices = cx.fact(NOTICES)?.unwrap_or_default();
    Ok(if notices.period == period { notices } else { Notices { period, resources: BTreeSet::new() } })
}
