//! Retention: what has to be kept after a customer left, and until when.
//!
//! Tax law wants invoices for ten years. The duty is a fact, so that whoever removes anything can look it up.

use serde::{Deserialize, Serialize};
use syndic_book::{Index, index};
use syndic_sdk::prelude::*;

/// The timer that ends the duty.
pub(crate) const TIMER: &str = "retention";

const FACT: &str = "compliance.retention";
const INVOICE_YEARS: i64 = 10;

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
    let now = cx.now();
    let invoices_until = now.plus_months(12 * INVOICE_YEARS, now.day());
    let mut decision = Decision::approve();
    decision.set(FACT, &Retention { since: now, invoices_until });
    decision.timer(TIMER, invoices_until, &());
    Ok(decision)
}

/// The ten years are over.
pub(crate) fn over(cx: &Context) -> Answer {
    let Some(retention) = cx.fact::<Retention>(FACT)? else { return abstain() };
    if cx.now() < retention.invoices_until {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.delete(FACT);
    Ok(decision)
}
