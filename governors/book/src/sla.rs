//! What the plans promise of the service, and what a missed promise is worth.
//!
//! quota-sla puts a breach on record and billing writes the credit note, on the same event and without seeing each
//! other's answer. So the promise and the formula stand here, once.

/// What a plan promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The plan.
    pub sku: &'static str,
    /// At least this much uptime, in millionths.
    pub uptime_ppm: i64,
    /// The 99th percentile of response times, at most.
    pub p99_ms: i64,
    /// At most this many failed requests, in millionths.
    pub error_ppm: i64,
}

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

/// What a plan promises; a plan that is not of the bundled book promises nothing.
pub fn promise(sku: &str) -> Option<&'static Promise> {
    PROMISES.iter().find(|promise| promise.sku == sku)
}

impl Promise {
    /// What a period of this uptime is worth back, in percent of its price. Only lost uptime is worth anything: it is
    /// the one promise that is missed by percentage points.
    pub fn credit_percent(&self, uptime_ppm: i64) -> i64 {
        let short = (self.uptime_ppm - uptime_ppm.max(0)).max(0);
        let started_points = (short + POINT_PPM - 1) / POINT_PPM;
        (started_points * CREDIT_PERCENT).min(CREDIT_PERCENT_MAX)
    }
}
