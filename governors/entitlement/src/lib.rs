//! The governor of entitlements: what a customer may use, and until when.
//!
//! One grant per subscription. While any is active and unexpired this slot stands for full access, else for blocked;
//! what others stand for (grace, read-only, blocked) is theirs, and the strictest is what counts. So a payment, a
//! dispute or a suspension moves no grant: a suspended customer keeps what was granted and may not use it meanwhile.
//!
//! It refuses one thing only: a decision on an approval that nobody waits for (`nothing-to-decide`). Whether a plan
//! may be had at all is the slot subscription's question.
//!
//! A grant has one deadline at a time, so it has one timer (`due-<id>`); see `due`.

mod due;
mod follow;
mod grants;
mod subscribe;
pub mod table;

use syndic_sdk::prelude::*;

/// Grants what is subscribed, and takes it back.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "CustomerUpgrades", "SubscriptionChanged", "CustomerCancels", "RenewalDue",
        "ManualSuspension", "SuspensionLifted", "OperatorDecided", "TimerFired", "EffectSettled",
    ],
    reads = ["entitlement.*", "subscription.*", "billing.account", "tenant:product-catalog.sku.*"],
    effects = ["provision", "revoke", "ticket"],
)]
pub fn entitlement(cx: &Context) -> Answer {
    match cx.event()? {
        Event::CustomerSubscribes(request) => subscribe::subscribes(cx, &request),
        Event::OperatorDecided(decided) => subscribe::decided(cx, &decided),
        Event::CustomerUpgrades(request) => follow::upgrades(cx, &request),
        Event::SubscriptionChanged(request) => follow::changes(cx, &request),
        Event::RenewalDue(request) => follow::renews(cx, &request),
        Event::CustomerCancels(request) => follow::cancels(cx, &request),
        Event::ManualSuspension(report) => follow::noted(cx, &format!("access is withheld by `{}`", report.cause)),
        Event::SuspensionLifted(request) => {
            follow::noted(cx, &format!("access is no longer withheld by `{}`", request.cause))
        }
        Event::TimerFired(timer) => due::fired(cx, &timer),
        Event::EffectSettled(settled) => due::settled(&settled),
        _ => abstain(),
    }
}
