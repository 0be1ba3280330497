//! The governor of subscriptions: which plan a customer has, from when to when, and whether it may change.
//!
//! It owns the question of every request a subscription can get: the others price, grant and limit, and leave it to
//! this one to say that the plan is unknown or the customer already has it. Reports it never refuses.
//!
//! A subscription has one deadline at a time, so it has one timer (`due-<id>`): setting it for the next thing that
//! time alone brings about replaces the one before, and nothing stale is left to fire. What each state waits for is
//! in `due`.
//!
//! Not here: money (billing), what the customer may use (entitlement, quota-sla), why a customer is suspended
//! (the owners of the causes). Renewals only ask whether a cause stands.

mod cancel;
mod due;
mod keep;
mod pause;
mod plan;
mod renew;
mod ruling;
mod subscribe;
pub mod table;

use syndic_sdk::prelude::*;

/// Judges what a customer asks of a subscription, and keeps its deadlines.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "CustomerUpgrades", "SubscriptionChanged", "CustomerCancels", "RenewalDue",
        "ManualSuspension", "SuspensionLifted", "TimerFired",
    ],
    reads = ["subscription.*", "shared.suspensions", "billing.account", "tenant:product-catalog.sku.*"],
    effects = ["mail"],
)]
pub fn subscription(cx: &Context) -> Answer {
    ruling::answer(match cx.event()? {
        Event::CustomerSubscribes(request) => subscribe::subscribes(cx, &request),
        Event::CustomerUpgrades(request) => plan::upgrades(cx, &request),
        Event::SubscriptionChanged(request) => changes(cx, &request),
        Event::CustomerCancels(request) => cancel::cancels(cx, &request),
        Event::RenewalDue(request) => renew::renews(cx, &request),
        Event::ManualSuspension(report) => renew::suspended(cx, report.cause),
        Event::SuspensionLifted(request) => renew::lifted(cx, request.cause),
        Event::TimerFired(timer) => due::fired(cx, &timer),
        _ => Ok(Decision::abstain()),
    })
}

/// SubscriptionChanged: the subscription it means, then what it asks.
fn changes(cx: &Context, request: &SubscriptionChanged) -> ruling::Ruling {
    let subs = ruling::known(cx, request.subscription_id.as_deref())?;
    let Some(sub) = syndic_book::changed_by(&subs, request) else {
        return ruling::refused("no-subscription", "there is no subscription this could change");
    };
    match request.action {
        ChangeAction::Downgrade => plan::downgrades(cx, &subs, sub, request),
        ChangeAction::Pause => pause::pauses(cx, sub),
        ChangeAction::Resume => pause::resumes(cx, sub),
        ChangeAction::Reactivate => cancel::reactivates(cx, &subs, sub),
    }
}
