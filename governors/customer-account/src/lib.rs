//! customer-account: the account behind the subscriptions, from the welcome to the archive.
//!
//! It owns the account's state and the cause `admin`. It opens an account with the first subscription, closes it with
//! the last, and archives it a month later unless something keeps it. Any cause but payment and quota locks it; a
//! rejected appeal or reinstatement bans it.
//!
//! It refuses four things: to subscribe a banned customer, to lift a ban or an admin suspension that does not stand by
//! `SuspensionLifted`, and to reinstate an account that is neither banned nor locked. Reports are never refused.
//!
//! Not here: whether a suspended customer may subscribe (subscription), the causes `fraud` and `compliance` with their
//! reviews and holds (compliance), unpaid bills (billing), and what use is too much (quota-sla).

mod account;
mod decisions;
mod joining;
mod mail;
mod payments;
mod suspension;
pub mod table;

use syndic_sdk::prelude::*;

/// Judges everything that happens to an account.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "CustomerCancels", "PaymentProcessed", "PaymentFailed", "PaymentMethodUpdated",
        "UsageExceedsQuota", "ManualSuspension", "SuspensionLifted", "OperatorDecided", "KycDecided", "FraudScored",
        "TimerFired", "EffectSettled",
    ],
    reads = [
        "customer-account.*", "subscription.*", "shared.suspensions", "compliance.hold", "quota-sla.limits",
        "quota-sla.period",
    ],
    effects = ["mail", "ticket"],
)]
pub fn customer_account(cx: &Context) -> Answer {
    match cx.event()? {
        Event::CustomerSubscribes(_) => joining::subscribes(cx),
        Event::CustomerCancels(request) => joining::cancels(cx, &request),
        Event::PaymentProcessed(_) => payments::processed(cx),
        Event::PaymentFailed(failure) => payments::failed(cx, &failure),
        Event::PaymentMethodUpdated(_) => payments::method_updated(cx),
        Event::UsageExceedsQuota(report) => mail::quota_exceeded(cx, &report),
        Event::ManualSuspension(suspension) => suspension::suspended(cx, &suspension),
        Event::SuspensionLifted(request) => suspension::lifted(cx, &request),
        Event::OperatorDecided(request) => decisions::decided(cx, &request),
        Event::KycDecided(decided) => suspension::kyc_decided(cx, &decided),
        Event::FraudScored(scored) => suspension::scored(cx, &scored),
        Event::TimerFired(timer) => fired(cx, &timer),
        Event::EffectSettled(end) => mail::settled(cx, &end),
        _ => abstain(),
    }
}

/// A timer's name says whose it is.
fn fired(cx: &Context, timer: &TimerFired) -> Answer {
    match timer.name.as_str() {
        joining::RETENTION => joining::retention_over(cx),
        suspension::REVIEW => suspension::review_due(cx),
        _ => abstain(),
    }
}
