//! Retention: what has to be kept after a customer left, and until when.
//!
//! Tax law wants invoices for ten years. The duty is a fact, so that whoever removes anything can look it up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syndic_book::{Index, index, subscriptions};
use syndic_sdk::prelude::*;

use crate::holds;

/// The timer that ends the duty.
pub(crate) const TIMER: &str = "retention";

const FACT: &str = "compliance.retention";
const INVOICE_YEARS: i64 = 10;

/// How much longer records are kept at a time while a legal hold stands.
const HELD_DAYS: i64 = 30;

/// The fact `compliance.retention`.
#[derive(Debug, Serialize, Deserialize)]
struct Retention {
    /// The latest cancellation.
    since: Time,
    /// Until when invoices are kept.
    invoices_until: Time,
}

/// A cancellation begins the ten years, a later one begins them anew. One that waits for the period's end comes
/// back as one that is meant now.
pub(crate) fn cancels(cx: &Context, cancels: &CustomerCancels) -> Answer {
    if cancels.when == When::PeriodEnd || index(cx)? == Index::default() {
        return abstain();
    }
    let mut decision = Decision::approve();
    keep(&mut decision, cx.now(), ten_years_from(cx.now()));
    Ok(decision)
}

/// The ten years are over. Whoever kept or took another subscription has younger invoices, and what is held is kept.
pub(crate) fn over(cx: &Context) -> Answer {
    let Some(Retention { since, invoices_until }) = cx.fact(FACT)? else { return abstain() };
    if cx.now() < invoices_until {
        return abstain();
    }
    let mut decision = Decision::approve();
    if subscriptions(cx)?.iter().any(|sub| sub.status.is_open()) {
        keep(&mut decision, since, ten_years_from(cx.now()));
    } else if is_held(cx)? {
        keep(&mut decision, since, cx.now().plus_days(HELD_DAYS));
    } else {
        decision.delete(FACT);
    }
    Ok(decision)
}

fn keep(decision: &mut Decision, since: Time, invoices_until: Time) {
    decision.set(FACT, &Retention { since, invoices_until });
    decision.timer(TIMER, invoices_until, &());
}

fn ten_years_from(now: Time) -> Time {
    now.plus_months(12 * INVOICE_YEARS, now.day())
}

fn is_held(cx: &Context) -> Result<bool, Fault> {
    let holds: BTreeSet<String> = cx.fact(holds::FACT)?.unwrap_or_default();
    Ok(!holds.is_empty())
}
