//! Multi-tenant: nobody takes more than half of what all share, and a suspended customer is walled off.
//!
//! The tenant's load is a sum that every customer's reports step up and down; nobody can set it, so it needs no
//! lock and no event of one customer waits for another's. Only a customer who is over quota *and* has more than half
//! of the load, among three or more, gets a rate of their own. Who stays within what they paid for is left alone,
//! however large their share: the tenant sold it to them.
//!
//! Refuses nothing. Not here: quotas and their limits (`quota-sla`), overage (`billing`), suspensions themselves.

use syndic_sdk::prelude::*;

mod isolation;
mod load;
pub mod table;

/// Judges an event; each family of events has its own file.
#[governor(
    version = "1.0.0",
    kinds = [
        "UsageReported", "UsageExceedsQuota", "ManualSuspension", "SuspensionLifted", "TimerFired", "EffectSettled",
    ],
    reads = ["multi-tenant.*", "tenant:multi-tenant.*", "subscription.index", "shared.suspensions", "quota-sla.limits"],
    effects = ["verify-isolation", "ticket"],
    feedback = isolation::answered,
)]
pub fn multi_tenant(cx: &Context) -> Answer {
    match cx.event()? {
        Event::UsageReported(report) => load::reported(cx, &report),
        Event::UsageExceedsQuota(excess) => load::exceeded(cx, &excess),
        Event::ManualSuspension(_) => isolation::suspended(cx),
        Event::SuspensionLifted(lifted) => isolation::lifted(cx, &lifted),
        Event::EffectSettled(settled) => Ok(isolation::settled(cx, &settled)),
        Event::TimerFired(timer) => match timer.name.split_once('.').unwrap_or((&timer.name, "")) {
            (load::TIMER, resource) => load::period_over(cx, resource),
            (isolation::TIMER, "") => isolation::look_again(cx),
            (isolation::TIMER, isolation::ASK) => isolation::ask(cx),
            (isolation::TIMER, isolation::TELL) => isolation::tell_again(cx),
            _ => abstain(),
        },
        _ => abstain(),
    }
}
