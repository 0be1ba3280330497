//! Compliance: who the customer is, what stands against them, and what must be kept.
//!
//! Owns the causes `fraud` and `compliance` in `shared.suspensions` and the refusals `kyc-failed` and
//! `nothing-to-decide` (about an appeal or a remediation). Its causes block; nothing but `SuspensionLifted` takes
//! them away, and no payment ever does. Reports are never refused: they are acted on or abstained from.
//!
//! A cause of ours that did not come from an operator is told to the other slots with a raised `ManualSuspension`,
//! and one that has to go is lifted with a raised `SuspensionLifted`, so that all seven see what an operator's own
//! event would have shown them. The cause itself is written at once: a customer must not stay open because the
//! telling failed.
//!
//! Not here: the cause `admin` and bans (`customer-account`), whether a suspended customer may subscribe
//! (`subscription`), frozen refunds and charged-back money (`billing`).

use syndic_sdk::prelude::*;

mod fraud;
mod holds;
mod identity;
mod incident;
mod retention;
mod suspension;
pub mod table;
mod ticket;

/// Judges an event; each family of events has its own file.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "PaymentFailed", "CustomerCancels", "ManualSuspension", "SuspensionLifted",
        "OperatorDecided", "RefundRequested", "DisputeOpened", "DisputeClosed", "KycDecided", "FraudScored",
        "TimerFired", "EffectSettled",
    ],
    reads = ["compliance.*", "subscription.*", "billing.invoice.*", "customer-account.account", "shared.suspensions"],
    effects = ["kyc-check", "ticket"],
    feedback = identity::answered,
)]
pub fn compliance(cx: &Context) -> Answer {
    match cx.event()? {
        Event::CustomerSubscribes(_) => identity::subscribes(cx),
        Event::KycDecided(decided) => identity::decided(cx, &decided),
        Event::FraudScored(scored) => fraud::scored(cx, &scored),
        Event::PaymentFailed(_) => fraud::payment_failed(cx),
        Event::ManualSuspension(suspension) => suspension::suspended(cx, &suspension),
        Event::SuspensionLifted(lifted) => suspension::lifted(cx, &lifted),
        Event::OperatorDecided(decided) => suspension::decided(cx, &decided),
        Event::RefundRequested(refund) => holds::refund_requested(cx, &refund),
        Event::DisputeOpened(dispute) => holds::dispute_opened(cx, &dispute),
        Event::DisputeClosed(dispute) => holds::dispute_closed(cx, &dispute),
        Event::CustomerCancels(cancels) => retention::cancels(cx, &cancels),
        Event::TimerFired(timer) => fired(cx, &timer),
        Event::EffectSettled(settled) => ticket::settled(cx, &settled),
        _ => abstain(),
    }
}

/// A timer's name says whose it is. One that no longer matters is abstained from.
fn fired(cx: &Context, timer: &TimerFired) -> Answer {
    match timer.name.split_once('.').unwrap_or((&timer.name, "")) {
        (identity::TIMER, "") => identity::year_over(cx),
        (identity::TIMER, identity::ASK) => identity::ask(cx),
        (ticket::TIMER, about) => ticket::again(cx, about),
        (retention::TIMER, "") => retention::over(cx),
        (suspension::TIMER, cause) => suspension::review_due(cx, cause),
        (holds::TIMER, hold) => holds::lapsed(cx, hold),
        _ => abstain(),
    }
}
