//! What was promised of the service, and whether it was kept.
//!
//! A breach is recorded here with the credit it is worth in percent; billing hears the same event at the same time and
//! writes the credit note. Only lost uptime is worth a credit: it is the one promise that is missed by percentage
//! points.

use serde::{Deserialize, Serialize};
use syndic_book::{Subscription, live, subscriptions};
use syndic_sdk::prelude::*;

/// What a plan promises.
struct Promise {
    sku: &'static str,
    /// At least this much uptime, in millionths.
    uptime_ppm: i64,
    /// The 99th percentile of response times, at most.
    p99_ms: i64,
    /// At most this many failed requests, in millionths.
    error_ppm: i64,
}

/// Plans that are not here promise nothing.
#[rustfmt::skip]
const PROMISES: [Promise; 3] = [
    Promise { sku: "starter",    uptime_ppm: 995_000, p99_ms: 2_000, error_ppm: 10_000 },
    Promise { sku: "pro",        uptime_ppm: 999_000, p99_ms: 500,   error_ppm: 1_000 },
    Promise { sku: "enterprise", uptime_ppm: 999_900, p99_ms: 100,   error_ppm: 100 },
];

/// One percentage point, in millionths.
const POINT_PPM: i64 = 10_000;

/// The credit for every started percentage point below the promise, in percent of the period's price…
const CREDIT_PERCENT: i64 = 10;

/// …and the most there is, however long the outage.
const CREDIT_PERCENT_MAX: i64 = 25;

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
    let breach = |(sub, promise): &(&Subscription, &Promise)| promise.breach(&sub.id, report);
    let breaches = promised.iter().filter_map(breach).collect();
    let SlaMeasured { uptime_ppm, p99_ms, error_ppm, .. } = *report;
    let mut decision = Decision::approve();
    decision.set(fact, &Month { uptime_ppm, p99_ms, error_ppm, breaches });
    Ok(decision)
}

impl Promise {
    fn breach(&self, subscription: &str, report: &SlaMeasured) -> Option<Breach> {
        let checks = [
            (report.uptime_ppm < self.uptime_ppm, Missed::Uptime),
            (report.p99_ms > self.p99_ms, Missed::P99),
            (report.error_ppm > self.error_ppm, Missed::Errors),
        ];
        let missed: Vec<_> = checks.into_iter().filter_map(|(is_missed, what)| is_missed.then_some(what)).collect();
        (!missed.is_empty()).then(|| Breach {
            subscription: subscription.to_owned(),
            sku: self.sku.to_owned(),
            missed,
            credit_percent: self.credit_percent(report.uptime_ppm),
        })
    }

    fn credit_percent(&self, uptime_ppm: i64) -> i64 {
        let short = (self.uptime_ppm - uptime_ppm.max(0)).max(0);
        let started_points = (short + POINT_PPM - 1) / POINT_PPM;
        (started_points * CREDIT_PERCENT).min(CREDIT_PERCENT_MAX)
    }
}

fn promise(sku: &str) -> Option<&'static Promise> {
    PROMISES.iter().find(|promise| promise.sku == sku)
}

/// Whether a text is `YYYY-MM`; it becomes part of a fact's name.
fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    bytes.len() == 7 && digits(&bytes[..4]) && bytes[4] == b'-' && digits(&bytes[5..])
}
