//! Legal holds: reasons why a customer's records may not be removed yet.
//!
//! The fact is a set; customer-account archives nobody while it has an element. Each hold ends with what it was put
//! for, and with time at the latest, so that nobody's data is kept for ever because an answer never came.
//!
//! Not here: holds of suspensions, which live and end with their incident, and frozen money (`billing`).

use std::collections::BTreeSet;

use syndic_sdk::prelude::*;

/// The set of holds: `dispute:inv-1`, `refund:inv-1`, `suspension:fraud`.
pub(crate) const FACT: &str = "compliance.hold";

/// The timer that ends a hold: `hold.dispute:inv-1`.
pub(crate) const TIMER: &str = "hold";

/// How long a refunded charge can still become a dispute.
const REFUND_DAYS: i64 = 120;

/// How long a dispute can last, with every appeal the card schemes know.
const DISPUTE_DAYS: i64 = 540;

/// The longest invoice id that is looked up; ours are shorter, and fact names are bounded.
const ID_BYTES_MAX: usize = 256;

/// Holds the records of a refund until nobody can dispute the charge. Whether it is paid is billing's to say.
pub(crate) fn refund_requested(cx: &Context, refund: &RefundRequested) -> Answer {
    hold(cx, "refund", &refund.invoice_id, REFUND_DAYS)
}

/// Holds the records of a dispute until it is closed.
pub(crate) fn dispute_opened(cx: &Context, dispute: &DisputeOpened) -> Answer {
    hold(cx, "dispute", &dispute.invoice_id, DISPUTE_DAYS)
}

/// The dispute is closed, won or lost.
pub(crate) fn dispute_closed(cx: &Context, dispute: &DisputeClosed) -> Answer {
    release(cx, &format!("dispute:{}", dispute.invoice_id))
}

/// Time is up.
pub(crate) fn lapsed(cx: &Context, hold: &str) -> Answer {
    release(cx, hold)
}

/// An invoice nobody knows has no records to hold.
fn hold(cx: &Context, why: &str, invoice: &str, days: i64) -> Answer {
    let mut decision = Decision::abstain();
    if known(cx, invoice)? {
        let element = format!("{why}:{invoice}");
        decision.timer(format!("{TIMER}.{element}"), cx.now().plus_days(days), &());
        decision.add(FACT, element);
    }
    Ok(decision)
}

fn release(cx: &Context, element: &str) -> Answer {
    let holds: BTreeSet<String> = cx.fact(FACT)?.unwrap_or_default();
    let mut decision = Decision::abstain();
    if holds.contains(element) {
        decision.remove(FACT, element);
    }
    Ok(decision)
}

fn known(cx: &Context, invoice: &str) -> Result<bool, Fault> {
    if invoice.is_empty() || invoice.len() > ID_BYTES_MAX {
        return Ok(false);
    }
    Ok(cx.fact::<Value>(&format!("billing.invoice.{invoice}"))?.is_some())
}
