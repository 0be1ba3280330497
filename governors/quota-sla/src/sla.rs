//! What was promised of the service, and whether it was kept.
//!
//! A breach is recorded here with the credit it is worth in percent; billing hears the same event at the same time and
//! writes the credit note. What was promised, and what missing it is worth, is in the book they share.

use serde::{Deserialize, Serialize};
use syndic_book::{Promise, Subscription, live, promise, subscriptions};
use syndic_sdk::prelude::*;

/// The fact `quota-sla.sla.<YYYY-MM>`: a month as it was measured, and every promise that it missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Month {
    uptime_ppm: i64,
    p99_ms: i64,
    error_ppm: i64,
    breaches: Vec<Breach>,
}

/// A promise missed to one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Breach {
    subscription: String,
    sku: String,
    missed: Vec<Missed>,
    credit_percent: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Missed {
    Uptime,
    P99,
    Errors,
}

/// A month was measured. Once a breach is on record it stays, because a credit has been written on it; a month that
/// was fine may turn out not to have been.
pub(crate) fn measured(cx: &Context, report: &SlaMeasured) -> Answer {
    if !is_month(&report.period) {
        return abstain();
    }
    let fact = format!("quota-sla.sla.{}", report.period);
    let was: Option<Month> = cx.fact(&fact)?;
    if was.is_some_and(|month| !month.breaches.is_empty()) {
        return abstain();
    }
    let subs = subscriptions(cx)?;
    let promised: Vec<_> = live(&subs).filter_map(|sub| Some((sub, promise(&sub.sku)?))).collect();
    if promised.is_empty() {
        return abstain();
    }
    let missed = |(sub, promised): &(&Subscription, &Promise)| breach(promised, &sub.id, report);
    let breaches = promised.iter().filter_map(missed).collect();
    let SlaMeasured { uptime_ppm, p99_ms, error_ppm, .. } = *report;
    let mut decision = Decision::approve();
    decision.set(fact, &Month { uptime_ppm, p99_ms, error_ppm, breaches });
    Ok(decision)
}

fn breach(promised: &Promise, subscription: &str, report: &SlaMeasured) -> Option<Breach> {
    let checks = [
        (report.uptime_ppm < promised.uptime_ppm, Missed::Uptime),
        (report.p99_ms > promised.p99_ms, Missed::P99),
        (report.error_ppm > promised.error_ppm, Missed::Errors),
    ];
    let missed: Vec<_> = checks.into_iter().filter_map(|(is_missed, what)| is_missed.then_some(what)).collect();
    (!missed.is_empty()).then(|| Breach {
        subscription: subscription.to_owned(),
        sku: promised.sku.to_owned(),
        missed,
        credit_percent: promised.credit_percent(report.uptime_ppm),
    })
}

/// Whether a text is `YYYY-MM`; it becomes part of a fact's name.
fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    bytes.len() == 7 && digits(&bytes[..4]) && bytes[4] == b'-' && digits(&bytes[5..])
}
