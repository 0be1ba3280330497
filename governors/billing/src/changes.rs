//! Another plan within a period: the old line is credited and the new one charged for exactly the time that is left.
//!
//! Two lines on one invoice where the new plan costs more; a credit note over the difference where it costs less. Up
//! and straight back therefore nets to zero. An invoice that cannot be paid leaves the old plan as it was.

use syndic_book::{Sku, Status as Life, Subscription, changed_by, downgrade_target, upgraded_by};
use syndic_sdk::prelude::*;

use crate::credit::credit_plan;
use crate::desk::{Desk, Step, Stop};
use crate::invoice::{Line, Occasion};
use crate::pricing::{self, Order, Plan};
use crate::subscribing::{pay_or_refuse, reactivates};

/// CustomerUpgrades.
pub(crate) fn upgrades(desk: &mut Desk, request: &CustomerUpgrades) -> Step {
    let subs = syndic_book::subscriptions(desk.cx)?;
    match upgraded_by(&subs, request) {
        Some(sub) => switch(desk, sub, &request.new_sku, request.contract_price),
        None => Ok(()),
    }
}

/// SubscriptionChanged. What waits for the period's end is billed when it comes; pausing costs nothing.
pub(crate) fn changed(desk: &mut Desk, request: &SubscriptionChanged) -> Step {
    let subs = syndic_book::subscriptions(desk.cx)?;
    let Some(sub) = changed_by(&subs, request) else { return Ok(()) };
    match (request.action, request.when, sub.status) {
        (ChangeAction::Downgrade, When::Now, _) => match downgrade_target(desk.cx, sub, request)? {
            Some(target) => switch(desk, sub, &target, None),
            None => Ok(()),
        },
        (ChangeAction::Reactivate, _, Life::Cancelled) => reactivates(desk, sub),
        _ => Ok(()),
    }
}

fn switch(desk: &mut Desk, sub: &Subscription, to: &str, contract: Option<Money>) -> Step {
    let Some(sku) = syndic_book::sku(desk.cx, to)?.filter(Sku::sells) else { return Ok(()) };
    let Some(price) = pricing::price(&sku, sub.cycle, sub.seats, contract)? else { return Ok(()) };
    let Some(old) = in_force(desk, sub)? else { return Ok(()) };
    if sub.status == Life::Trial {
        return pricing::keep(desk, &sub.id, Plan { sku: sku.sku, ..old });
    }
    let mut new = old.at(&sku, price, pricing::tax_rate(desk)?);
    let lines = both_lines(desk, &old, &new)?;
    bill(desk, sub, &sku, (&old, &mut new), lines)?;
    pricing::keep(desk, &sub.id, new)
}

/// The line in force; where billing has none (it was installed later), the book's.
fn in_force(desk: &Desk, sub: &Subscription) -> Step<Option<Plan>> {
    if let Some(plan) = pricing::plan(desk, &sub.id)? {
        return Ok(Some(plan));
    }
    let Some(sku) = syndic_book::sku(desk.cx, &sub.sku)? else { return Ok(None) };
    let line = pricing::price(&sku, sub.cycle, sub.seats, sub.contract_price)?;
    let (start, end) = (sub.start, sub.end);
    let since = start;
    let plan = |line| Plan { sku: sku.sku, line, start, end, since, tax_bp: None, invoices: Vec::new(), running: None };
    Ok(line.map(plan))
}

/// What is left of the old line, taken back, and the same of the new one. Each is rounded once.
fn both_lines(desk: &Desk, old: &Plan, new: &Plan) -> Step<Vec<Line>> {
    let (paid, costs) = (old.line.currency, new.line.currency);
    if paid != costs && !old.line.is_zero() && !new.line.is_zero() {
        return Stop::refuse(
            "currency-mismatch",
            format!("{} is paid in {paid} and {} costs {costs}", old.sku, new.sku),
        );
    }
    let (credit, charge) = (old.rest(desk.now)?, new.rest(desk.now)?);
    let lines = [(old, Money::new(-credit.minor_units, credit.currency)), (new, charge)];
    let mut both = Vec::new();
    for (plan, net) in lines.into_iter().filter(|(_, net)| !net.is_zero()) {
        both.push(plan.part(desk, net, (desk.now, new.end))?);
    }
    Ok(both)
}

fn bill(desk: &mut Desk, sub: &Subscription, sku: &Sku, (old, new): (&Plan, &mut Plan), lines: Vec<Line>) -> Step {
    let net = pricing::gross(&lines)?;
    if net < 0 {
        credit_plan(desk, old, -net, "change")?;
    }
    if net > 0 {
        let (occasion, vendor) = (Occasion::Change, pricing::vendor(sku));
        let mut invoice = pricing::issue(desk, Order { occasion, subscription: Some(&sub.id), vendor, lines })?;
        invoice.awaiting_approval = awaits_approval(desk, old)?;
        new.invoices.push(invoice.id.clone());
        pay_or_refuse(desk, &mut invoice)?;
        desk.file(invoice);
    }
    Ok(())
}

/// Whether a person still has to approve what this plan charged: then a change of it is only reserved as well.
fn awaits_approval(desk: &mut Desk, plan: &Plan) -> Step<bool> {
    for id in &plan.invoices {
        if desk.invoice(id)?.is_some_and(|invoice| invoice.awaiting_approval) {
            return Ok(true);
        }
    }
    Ok(false)
}
