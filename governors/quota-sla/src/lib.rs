//! quota-sla: how much a customer may use, and whether the service kept its promise.
//!
//! It owns the quota period, the limits of the plans held, the use that was reported, and the cause `quota`. It keeps
//! access at read-only while a hard limit is exceeded or everything held is paused, and lets nothing through while the
//! customer is suspended. Limits rise at once and fall only with a new period.
//!
//! It refuses one thing: to lift a cause `quota` that does not stand. Use, breaches and suspensions are reports, and
//! reports are applied or left alone.
//!
//! What an operator decides reaches it as `SuspensionLifted`, which the owner of the decision raises; nothing else that
//! is decided is its business.
//!
//! Not here: what use beyond a soft limit costs, and the credit for a breach (billing); who is told (customer-account);
//! whether a subscription may be changed at all (subscription).

mod facts;
mod period;
mod plans;
mod sla;
mod subscribing;
mod suspension;
pub mod table;
mod usage;

use syndic_sdk::prelude::*;

/// Judges everything that moves a quota.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "CustomerUpgrades", "SubscriptionChanged", "UsageReported", "UsageExceedsQuota",
        "ManualSuspension", "SuspensionLifted", "SlaMeasured", "TimerFired", "EffectSettled",
    ],
    reads = ["quota-sla.*", "subscription.*", "shared.suspensions", "tenant:product-catalog.sku.*"],
    effects = ["mail"],
)]
pub fn quota_sla(cx: &Context) -> Answer {
    match cx.event()? {
        Event::CustomerSubscribes(request) => subscribing::subscribes(cx, &request),
        Event::CustomerUpgrades(request) => subscribing::upgrades(cx, &request),
        Event::SubscriptionChanged(request) => subscribing::changed(cx, &request),
        Event::UsageReported(report) => usage::reported(cx, &report),
        Event::UsageExceedsQuota(report) => usage::exceeded(cx, &report),
        Event::ManualSuspension(suspension) => suspension::suspended(cx, &suspension),
        Event::SuspensionLifted(request) => suspension::lifted(cx, &request),
        Event::SlaMeasured(report) => sla::measured(cx, &report),
        Event::TimerFired(timer) => period::timer_fired(cx, &timer),
        Event::EffectSettled(end) => usage::settled(cx, &end),
        _ => abstain(),
    }
}
