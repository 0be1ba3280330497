//! Billing: the governor that holds money.
//!
//! Invoices, payments, dunning, refunds, disputes, overage and service credits, per customer, as facts that always
//! add up, with double entry behind every amount (`books`, `chart`). The life of an invoice is a table (`table`), the chase for an unpaid one a ladder (`dunning`);
//! every other module is what one kind of event does.
//!
//! It refuses only requests, and only for what it owns: a declined payment, a currency that does not fit, an invoice
//! that is not there, not refundable or disputed. What arrives as a report is applied or kept, never refused, and a
//! declined charge that no request asked for is a failed payment. Whether a plan may be taken up, renewed or left is
//! the slot `subscription`'s question; where that answer will be no, what is computed here is thrown away.
//!
//! Not here: prices and periods (`syndic-book`), the vendor's payout itself, tax law.

mod account;
mod books;
mod bounds;
mod cancellation;
mod changes;
pub mod chart;
mod credit;
mod decisions;
mod desk;
mod dunning;
mod invoice;
mod payments;
mod pricing;
mod refunds;
mod settle;
mod sla;
mod split;
mod subscribing;
pub mod table;
#[cfg(test)]
mod tests;
mod usage;

use syndic_sdk::prelude::*;

use desk::{Desk, Step, Stop};

/// Judges an event. Where money has to be reserved first, this run only asks.
#[governor(
    version = "1.0.0",
    kinds = [
        "CustomerSubscribes", "CustomerUpgrades", "SubscriptionChanged", "RenewalDue", "CustomerCancels",
        "PaymentProcessed", "PaymentFailed", "PaymentMethodUpdated", "UsageExceedsQuota", "SlaMeasured",
        "RefundRequested", "DisputeOpened", "DisputeClosed", "OperatorDecided", "ManualSuspension",
        "SuspensionLifted", "TimerFired", "EffectSettled",
    ],
    reads = [
        "billing.*", "subscription.*", "shared.suspensions", "quota-sla.period", "quota-sla.limits",
        "entitlement.grant.*",
        "tenant:product-catalog.sku.*",
    ],
    effects = ["authorize-payment", "void-authorization", "capture", "refund", "mail", "ticket"],
    feedback = feedback,
)]
fn billing(cx: &Context) -> Answer {
    judge(cx, &[])
}

/// Judges it again, with the answers.
fn feedback(cx: &Context, answers: &[EffectResult]) -> Answer {
    judge(cx, answers)
}

fn judge(cx: &Context, answers: &[EffectResult]) -> Answer {
    let mut desk = Desk::new(cx, answers)?;
    let event = cx.event()?;
    match dispatch(&mut desk, &event) {
        Ok(()) if desk.is_countable() => desk.close(&event),
        Ok(()) | Err(Stop::Beyond) => beyond(&event),
        Err(Stop::No(verdict)) => Ok(Decision { verdict, ..Decision::default() }),
        Err(Stop::Broken(fault)) => Err(fault),
    }
}

/// More than money can be. Nobody can be charged it, so a request is declined; a report of it is kept in the record
/// alone, for a person to read.
fn beyond(event: &Event) -> Answer {
    use Event::{CustomerSubscribes, CustomerUpgrades, RenewalDue, SubscriptionChanged};
    let told = "an amount is larger than can be counted";
    if let CustomerSubscribes(_) | CustomerUpgrades(_) | RenewalDue(_) | SubscriptionChanged(_) = event {
        return refuse("payment-declined", told);
    }
    let mut decision = Decision::abstain();
    decision.note(told);
    Ok(decision)
}

fn dispatch(desk: &mut Desk, event: &Event) -> Step {
    match event {
        Event::CustomerSubscribes(request) => subscribing::subscribes(desk, request),
        Event::RenewalDue(request) => subscribing::renews(desk, request),
        Event::CustomerUpgrades(request) => changes::upgrades(desk, request),
        Event::SubscriptionChanged(request) => changes::changed(desk, request),
        Event::CustomerCancels(request) => cancellation::cancels(desk, request),
        Event::PaymentProcessed(report) => payments::processed(desk, report),
        Event::PaymentFailed(report) => dunning::reported(desk, report),
        Event::PaymentMethodUpdated(request) => decisions::method_updated(desk, request),
        Event::UsageExceedsQuota(report) => usage::exceeded(desk, report),
        Event::SlaMeasured(report) => sla::measured(desk, report),
        Event::RefundRequested(request) => refunds::requested(desk, request),
        Event::DisputeOpened(report) => refunds::opened(desk, report),
        Event::DisputeClosed(report) => refunds::closed(desk, report),
        Event::OperatorDecided(decided) => decisions::decided(desk, decided),
        Event::ManualSuspension(_) => dunning::suspended(desk),
        Event::SuspensionLifted(request) => decisions::lifted(desk, request),
        Event::EffectSettled(settled) => settle::settled(desk, settled),
        Event::TimerFired(timer) => fired(desk, timer),
        _ => Ok(()),
    }
}

/// A timer that no longer matters finds nothing to do, and the decision abstains.
fn fired(desk: &mut Desk, timer: &TimerFired) -> Step {
    let name = timer.name.as_str();
    let of = |prefix: &str| name.strip_prefix(prefix);
    match name {
        cancellation::REST => return cancellation::rest(desk, timer),
        decisions::REST => return decisions::rest(desk, timer),
        sla::REST => return sla::rest(desk, timer),
        _ => {}
    }
    if let Some(id) = of("watch-") {
        settle::watched(desk, id)
    } else if let Some(start) = of("usage-") {
        usage::ended(desk, start)
    } else if let Some(id) = of("collect-") {
        usage::collected(desk, id)
    } else if let Some(id) = of("unanswered-") {
        usage::unanswered(desk, id)
    } else if let Some(id) = of("dispute-") {
        refunds::overdue(desk, id)
    } else {
        dunning::fired(desk, name).map(drop)
    }
}
