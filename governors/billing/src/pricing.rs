//! What things cost: the line in force for a subscription, tax, and the issuing of an invoice.
//!
//! The fact `billing.plan.<subscription>` keeps the line a customer is paying. A price that changes in the book
//! meanwhile is not theirs until the next period, so parts of a period are always worked out from here.

use serde::{Deserialize, Serialize};
use syndic_book::{Line as Priced, Sku, prorate};
use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

use crate::desk::{Desk, Step, Stop};
use crate::invoice::{Invoice, Line, Occasion};
use crate::split::Vendor;
use crate::table::Status;

/// Hundredths of a percent in a whole.
const WHOLE_BP: i128 = 10_000;

/// The invoices of one period that a plan remembers. Changes that were taken back are forgotten first.
const PERIOD_INVOICES_MAX: usize = 12;

/// The fact `billing.plan.<subscription>`: absent while nothing is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The plan.
    pub sku: String,
    /// What the period costs, without tax; 0 in a trial.
    pub line: Money,
    /// The period, `[start, end)`.
    pub start: Time,
    /// Where it ends.
    pub end: Time,
    /// Since when the customer has it.
    pub since: Time,
    /// The rate of tax it was charged with: what is credited of it later carries the same. Absent: today's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_bp: Option<u32>,
    /// The invoices that charged for the period, the oldest first.
    #[serde(default)]
    pub invoices: Vec<String>,
    /// What is left of the period before, where it was renewed early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
}

/// A period that goes on although the next one is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// What it cost, without tax.
    pub line: Money,
    /// From when…
    pub start: Time,
    /// …until when.
    pub end: Time,
}

/// Whom and what an invoice is for.
pub(crate) struct Order<'a> {
    /// What it is for.
    pub occasion: Occasion,
    /// The subscription.
    pub subscription: Option<&'a str>,
    /// Whose product it is.
    pub vendor: Option<Vendor>,
    /// What it charges; all in one currency, and more than nothing in all.
    pub lines: Vec<Line>,
}

/// The price of a period. A plan without one is a person's to price; a cycle that is not offered is refused by the
/// slot that owns the question, and priced by nobody.
pub(crate) fn price(sku: &Sku, cycle: Cycle, seats: u32, contract: Option<Money>) -> Step<Option<Money>> {
    match sku.line(cycle, seats, contract)? {
        Priced::Price(price) => Ok(Some(price)),
        Priced::CycleNotOffered => Ok(None),
        Priced::BeyondMoney => Err(Stop::Beyond),
        Priced::ContractOnly => {
            Stop::refer("no-contract-price", format!("`{}` is sold by contract: name its price", sku.sku))
        }
    }
}

/// A line with its tax: the slot's configured rate, which is 0 unless the operator says otherwise.
pub(crate) fn line(desk: &Desk, item: &str, net: Money, period: (Time, Time)) -> Step<Line> {
    taxed(desk, item, net, tax_rate(desk)?, period)
}

fn taxed(desk: &Desk, item: &str, net: Money, rate_bp: u32, (start, end): (Time, Time)) -> Step<Line> {
    let tax = net.scaled(rate_bp.into(), WHOLE_BP)?;
    Ok(Line { item: item.to_owned(), net, tax, tax_code: desk.cx.config("tax_code"), start, end })
}

/// What lines come to, with tax.
pub(crate) fn gross(lines: &[Line]) -> Step<i64> {
    let mut sum = 0;
    for line in lines {
        sum += line.net.checked_add(line.tax)?.minor_units;
    }
    if sum.abs() > SAFE_MAX {
        return Err(Stop::Beyond);
    }
    Ok(sum)
}

/// What the time that is left is worth, with tax.
pub(crate) fn unused(desk: &Desk, plan: &Plan) -> Step<i64> {
    gross(&[plan.part(desk, plan.rest(desk.now)?, (plan.start, plan.end))?])
}

impl Plan {
    /// What the time that is left is worth at this line; of a period renewed early, what is left of the one before at
    /// the line that was paid for it. Each is rounded once.
    pub(crate) fn rest(&self, now: Time) -> Step<Money> {
        let next = prorate(self.line, self.end.since(now.max(self.start)), self.end.since(self.start))?;
        match &self.running {
            Some(Running { line, start, end }) if line.currency == next.currency => {
                Ok(next.checked_add(prorate(*line, end.since(now), end.since(*start))?)?)
            }
            _ => Ok(next),
        }
    }

    /// A part of what was charged, with the tax it was charged with, whatever the rate is by now.
    pub(crate) fn part(&self, desk: &Desk, net: Money, period: (Time, Time)) -> Step<Line> {
        let rate_bp = self.tax_bp.map_or_else(|| tax_rate(desk), Ok)?;
        taxed(desk, &self.sku, net, rate_bp, period)
    }

    /// The same time at another line, and today's tax. What was free to its end stays free.
    pub(crate) fn at(&self, sku: &Sku, line: Money, tax_bp: u32) -> Plan {
        let running = self.running.as_ref().map(|running| match running.line.is_zero() {
            true => running.clone(),
            false => Running { line, ..running.clone() },
        });
        Plan { sku: sku.sku.clone(), line, running, tax_bp: Some(tax_bp), ..self.clone() }
    }
}

/// A new invoice, with the customer's next id and, once it is committed, the tenant's next number.
pub(crate) fn issue(desk: &mut Desk, order: Order) -> Step<Invoice> {
    let Some(currency) = order.lines.first().map(|line| line.net.currency) else {
        return Err(Stop::Broken(Fault::new("broken-invoice", "an invoice has at least one line")));
    };
    desk.account.invoices += 1;
    desk.account.currency.get_or_insert(currency);
    let id = format!("inv-{}", desk.account.invoices);
    desk.number("invoice", &id, "/number");
    let nothing = Money::zero(currency);
    let tax = order.lines.iter().map(|line| line.tax.minor_units).sum();
    Ok(Invoice {
        id,
        number: None,
        status: Status::Open,
        occasion: order.occasion,
        subscription: order.subscription.map(str::to_owned),
        issued_at: desk.now,
        tax: Money::new(tax, currency),
        gross: Money::new(gross(&order.lines)?, currency),
        lines: order.lines,
        paid: nothing,
        credited: nothing,
        written_off: nothing,
        captured: nothing,
        refunded: nothing,
        charged_back: nothing,
        payment_method: None,
        order_id: None,
        authorization: None,
        authorized: None,
        capture: None,
        awaiting_approval: false,
        after_trial: false,
        authorized_twice: false,
        paid_at: None,
        credit_notes: Vec::new(),
        refunds: Vec::new(),
        dunning: None,
        dispute: None,
        vendor: order.vendor,
        split: None,
    })
}

/// Whose product it is.
pub(crate) fn vendor(sku: &Sku) -> Option<Vendor> {
    let id = sku.vendor_id.clone()?;
    Some(Vendor { id, commission_bp: sku.commission_bp.unwrap_or(0).min(WHOLE_BP as u32) })
}

/// The line in force for a subscription; none where nothing is.
pub(crate) fn plan(desk: &Desk, subscription: &str) -> Step<Option<Plan>> {
    Ok(desk.cx.fact(&plan_fact(subscription))?)
}

/// Keeps a plan. Of too many invoices it forgets the oldest that have nothing left to credit, then the oldest.
pub(crate) fn keep(desk: &mut Desk, subscription: &str, mut plan: Plan) -> Step {
    while plan.invoices.len() > PERIOD_INVOICES_MAX {
        let mut spent = 0;
        for (at, id) in plan.invoices.iter().enumerate() {
            if desk.invoice(id)?.is_none_or(|invoice| invoice.creditable() == 0) {
                spent = at;
                break;
            }
        }
        plan.invoices.remove(spent);
    }
    desk.out.set(plan_fact(subscription), &plan);
    Ok(())
}

/// Nothing is in force any more.
pub(crate) fn end(desk: &mut Desk, subscription: &str) {
    desk.out.delete(plan_fact(subscription));
}

fn plan_fact(subscription: &str) -> String {
    format!("billing.plan.{subscription}")
}

/// Hundredths of a percent. The operator's setting, so a mistake in it is a fault and not a customer's problem.
pub(crate) fn tax_rate(desk: &Desk) -> Step<u32> {
    let Some(text) = desk.cx.config("tax_bp") else { return Ok(0) };
    match text.parse::<u32>() {
        Ok(rate) if i128::from(rate) <= WHOLE_BP => Ok(rate),
        _ => Err(Stop::Broken(Fault::new("broken-config", format!("`tax_bp` is `{text}`: 0 to 10000 is a rate")))),
    }
}
