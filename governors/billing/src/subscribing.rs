//! The first period, the next one, and a cancelled subscription taken up again: a whole line, charged at once.
//!
//! A request that cannot be paid is refused, and nothing of it remains. A renewal is different: the period goes on in
//! grace, and the invoice is chased.

use syndic_book::{
    Renewal, Sku, Status as Life, Subscription, first_period, period_from, renewal, withdrawn_by_subscribing,
};
use syndic_sdk::prelude::*;

use crate::bounds;
use crate::desk::{Desk, Step, Stop};
use crate::invoice::{Invoice, Occasion};
use crate::payments::{Charge, apply_credit, charge, collect};
use crate::pricing::{self, Order, Plan, Running};

/// CustomerSubscribes. Whether the plan may be taken up at all is the slot `subscription`'s question.
pub(crate) fn subscribes(desk: &mut Desk, request: &CustomerSubscribes) -> Step {
    let cx = desk.cx;
    if withdrawn_by_subscribing(&syndic_book::subscriptions(cx)?, &request.sku).is_some() {
        return Ok(());
    }
    let Some(sku) = syndic_book::sku(cx, &request.sku)?.filter(Sku::sells) else { return Ok(()) };
    let Some(price) = pricing::price(&sku, request.billing_cycle, request.seats, request.contract_price)? else {
        return Ok(());
    };
    if let Some(method) = &request.payment_method {
        desk.account.payment_method = Some(bounds::name("payment method", method)?);
    }
    let id = syndic_book::index(cx)?.next_id();
    let (start, end, _) = first_period(desk.now, &sku, request);
    let line = if request.trial { Money::zero(price.currency) } else { price };
    let mut plan = begun(desk, &sku, line, (start, end))?;
    if let Some(mut invoice) = whole_line(desk, Occasion::Subscription, &id, &sku, &plan)? {
        plan.invoices.push(invoice.id.clone());
        invoice.awaiting_approval = sku.requires_approval;
        match &request.order_id {
            Some(order) => paid_by_order(desk, &mut invoice, &sku.sku, order)?,
            None => pay_or_refuse(desk, &mut invoice)?,
        }
        desk.file(invoice);
    }
    pricing::keep(desk, &id, plan)
}

/// SubscriptionChanged{reactivate} of a cancelled subscription: a new period from now on, approved anew where it has
/// to be.
pub(crate) fn reactivates(desk: &mut Desk, sub: &Subscription) -> Step {
    let Some(sku) = syndic_book::sku(desk.cx, &sub.sku)?.filter(Sku::sells) else { return Ok(()) };
    let Some(price) = pricing::price(&sku, sub.cycle, sub.seats, sub.contract_price)? else { return Ok(()) };
    let period = period_from(desk.now, sub.cycle, desk.now.day());
    let mut plan = begun(desk, &sku, price, period)?;
    if let Some(mut invoice) = whole_line(desk, Occasion::Reactivation, &sub.id, &sku, &plan)? {
        plan.invoices.push(invoice.id.clone());
        invoice.awaiting_approval = sku.requires_approval;
        pay_or_refuse(desk, &mut invoice)?;
        desk.file(invoice);
    }
    pricing::keep(desk, &sub.id, plan)
}

/// RenewalDue. A trial that ends with no way to pay is the slot `subscription`'s to expire, and costs nothing.
pub(crate) fn renews(desk: &mut Desk, request: &RenewalDue) -> Step {
    let Some(sub) = syndic_book::subscription(desk.cx, &request.subscription_id)? else { return Ok(()) };
    let untried = matches!(sub.status, Life::Trial | Life::Expired);
    if !untried && sub.status != Life::Active {
        return Ok(());
    }
    let Renewal::Extends { start, end, .. } = renewal(desk.cx, &sub)? else { return Ok(()) };
    let before = pricing::plan(desk, &sub.id)?;
    let Some((sku, price)) = renewing(desk, &sub, before.as_ref())? else { return Ok(()) };
    let since = before.as_ref().map_or(start, |plan| plan.since);
    let mut plan = Plan { since, ..begun(desk, &sku, price, (start, end))? };
    // Renewed early, the rest of the period before is still the customer's, and so are the invoices that charged it.
    if let Some(Plan { line, start, end, invoices, .. }) = before.filter(|plan| desk.now < plan.end) {
        plan.running = Some(Running { line, start, end });
        plan.invoices = invoices;
    }
    if let Some(mut invoice) = whole_line(desk, Occasion::Renewal, &sub.id, &sku, &plan)? {
        plan.invoices.push(invoice.id.clone());
        invoice.after_trial = untried;
        collect(desk, &mut invoice)?;
        desk.file(invoice);
    }
    pricing::keep(desk, &sub.id, plan)
}

/// The plan and price of the next period: the book's price now, except where the book no longer has one.
fn renewing(desk: &Desk, sub: &Subscription, before: Option<&Plan>) -> Step<Option<(Sku, Money)>> {
    let Some(sku) = syndic_book::sku(desk.cx, sub.renewing_sku())? else { return Ok(None) };
    let price = pricing::price(&sku, sub.cycle, sub.seats, sub.renewing_contract())?;
    let price = price.or(before.map(|plan| plan.line));
    Ok(price.map(|price| (sku, price)))
}

fn begun(desk: &Desk, sku: &Sku, line: Money, (start, end): (Time, Time)) -> Step<Plan> {
    let (sku, since, tax_bp) = (sku.sku.clone(), desk.now, Some(pricing::tax_rate(desk)?));
    Ok(Plan { sku, line, start, end, since, tax_bp, invoices: Vec::new(), running: None })
}

/// An invoice over a plan's whole line; none where it costs nothing.
fn whole_line(desk: &mut Desk, occasion: Occasion, id: &str, sku: &Sku, plan: &Plan) -> Step<Option<Invoice>> {
    if plan.line.minor_units <= 0 {
        return Ok(None);
    }
    let line = pricing::line(desk, &plan.sku, plan.line, (plan.start, plan.end))?;
    let order = Order { occasion, subscription: Some(id), vendor: pricing::vendor(sku), lines: vec![line] };
    pricing::issue(desk, order).map(Some)
}

/// Collects an invoice, or refuses the request it is for.
pub(crate) fn pay_or_refuse(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    match charge(desk, invoice)? {
        Charge::Declined(code) => {
            Stop::refuse("payment-declined", format!("{} was declined: {code}", invoice.money(invoice.due())))
        }
        Charge::Asked | Charge::Covered | Charge::Secured => Ok(()),
    }
}

/// An order's capture has paid for it already: the money is in, and nothing is authorised. It pays for a plan once,
/// whoever tells of it and however often.
fn paid_by_order(desk: &mut Desk, invoice: &mut Invoice, sku: &str, order: &str) -> Step {
    let (currency, amount) = (invoice.gross.currency, invoice.gross.minor_units);
    let order = bounds::name("order", order)?;
    let subject = desk.cx.subject();
    desk.out.claim(format!("order:{sku}/{order}"), &json!({ "subject": subject, "amount": invoice.gross }));
    let before = desk.account.credit(currency);
    desk.account.receive(currency, amount);
    desk.account.apply(currency, before);
    invoice.order_id = Some(order);
    invoice.captured = invoice.gross;
    apply_credit(desk, invoice)?;
    desk.account.apply(currency, -before);
    Ok(())
}
