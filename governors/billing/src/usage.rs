//! Overage: one line per resource and quota period, billed when the period closes.
//!
//! Reports only raise a mark. The line is the highest use over the limit that came with it, at the rate of the plan
//! the customer had; a resource without a rate is recorded and costs nothing. A period is billed once, by its timer
//! or by the customer's leaving, whichever comes first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syndic_book::{Subscription, live, nameable};
use syndic_sdk::prelude::*;

use crate::desk::{Desk, Step, Stop};
use crate::dunning;
use crate::invoice::{Invoice, Line, Occasion};
use crate::payments::{apply_credit, collect};
use crate::pricing::{self, Order};
use crate::split::Vendor;

/// Resources one period keeps; a fact is bounded, and no plan limits as many.
const RESOURCES_MAX: usize = 64;

/// Invoices one period is billed with, one for each currency and vendor: all in one decision, with two timers each.
const BILLS_MAX: usize = 4;

/// How long a collection may go without an answer before the invoice counts as failed.
const UNANSWERED_DAYS: i64 = 1;

/// The fact `billing.usage.<start>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Usage {
    /// The quota period, `[start, end)`.
    start: Time,
    /// Where it ends.
    end: Time,
    /// The marks.
    resources: BTreeMap<String, Mark>,
    /// Whether it is billed. Never again afterwards.
    closed: bool,
    /// The invoices, one for each currency and vendor.
    #[serde(default)]
    invoices: Vec<String>,
}

/// The highest use of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// How much.
    max: i64,
    /// Over which limit.
    limit: i64,
    /// What it costs; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    /// Whose product it is that costs so much; absent: the marketplace's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<Vendor>,
}

/// Who is paid for overage, and in what.
type Bill = (Currency, Option<Vendor>);

impl Mark {
    fn bill(&self) -> Option<Bill> {
        self.rate.as_ref().map(|rate| (rate.currency, self.vendor.clone()))
    }
}

impl Usage {
    /// Whether the period has, or has room for, an invoice that bills this.
    fn may_be_billed(&self, bill: &Bill) -> bool {
        let bills: BTreeSet<_> = self.resources.values().filter_map(Mark::bill).collect();
        bills.contains(bill) || bills.len() < BILLS_MAX
    }
}

/// The part of `quota-sla.period` that is read here.
#[derive(Deserialize)]
struct QuotaPeriod {
    start: Time,
    end: Time,
    #[serde(default)]
    anchor_day: Option<u8>,
}

/// UsageExceedsQuota.
pub(crate) fn exceeded(desk: &mut Desk, report: &UsageExceedsQuota) -> Step {
    let subs = syndic_book::subscriptions(desk.cx)?;
    let Some(limit) = limit(desk, report)?.filter(|limit| report.current_usage > *limit) else { return Ok(()) };
    if live(&subs).next().is_none() || !nameable(&report.resource) {
        return Ok(());
    }
    let (start, end) = period(desk)?;
    let fact = fact(start);
    let unused = || Usage { start, end, resources: BTreeMap::new(), closed: false, invoices: Vec::new() };
    let mut usage = desk.cx.fact::<Usage>(&fact)?.unwrap_or_else(unused);
    let known = usage.resources.get(&report.resource);
    if usage.closed || known.is_some_and(|mark| mark.max >= report.current_usage) {
        return Ok(());
    }
    if known.is_none() && usage.resources.len() >= RESOURCES_MAX {
        desk.out.note(format!("`{}` is one resource too many for this period", report.resource));
        return Ok(());
    }
    let (rate, vendor) = match (rate(desk, &subs, &report.resource)?, known) {
        (Some((rate, vendor)), _) => (Some(rate), vendor),
        (None, Some(known)) => (known.rate.clone(), known.vendor.clone()),
        (None, None) => (None, None),
    };
    let mut mark = Mark { max: report.current_usage, limit, rate, vendor };
    if mark.bill().is_some_and(|bill| !usage.may_be_billed(&bill)) {
        mark.rate = None;
    }
    usage.resources.insert(report.resource.clone(), mark);
    desk.out.timer(format!("usage-{start}"), end, &());
    desk.out.set(fact, &usage);
    desk.account.usage = Some(start.to_string());
    Ok(())
}

/// The limit that is exceeded: the one in quota-sla's facts rules, whatever the meter took it to be; none where
/// nothing is limited. The meter's counts only while quota-sla has said nothing.
fn limit(desk: &Desk, report: &UsageExceedsQuota) -> Step<Option<i64>> {
    let limits: Option<BTreeMap<String, Limit>> = desk.cx.fact("quota-sla.limits")?;
    Ok(limits.map_or(Some(report.limit), |limits| limits.get(&report.resource)?.limit))
}

/// What a resource costs beyond its limit, and who sells it: the oldest subscription's that has a rate.
fn rate(desk: &Desk, subs: &[Subscription], resource: &str) -> Step<Option<(Rate, Option<Vendor>)>> {
    for sub in live(subs) {
        let Some(sku) = syndic_book::sku(desk.cx, &sub.sku)? else { continue };
        if let Some(rate) = sku.overage.get(resource).filter(|rate| rate.per > 0) {
            return Ok(Some((rate.clone(), pricing::vendor(&sku))));
        }
    }
    Ok(None)
}

/// The quota period now: quota-sla's, carried forward where it has not been reset yet; else the calendar month.
fn period(desk: &Desk) -> Step<(Time, Time)> {
    if let Some(QuotaPeriod { mut start, mut end, anchor_day }) = desk.cx.fact("quota-sla.period")? {
        let anchor = anchor_day.unwrap_or(start.day());
        while end <= desk.now && start < end {
            (start, end) = (end, end.plus_months(1, anchor));
        }
        return Ok((start, end));
    }
    let (year, month, _) = desk.now.date();
    let start = Time::from_date(year, month, 1);
    Ok((start, start.plus_months(1, 1)))
}

/// The customer leaves: the period that is open is billed now.
pub(crate) fn close(desk: &mut Desk) -> Step {
    match desk.account.usage.clone() {
        Some(start) => bill(desk, &start),
        None => Ok(()),
    }
}

/// The period's end.
pub(crate) fn ended(desk: &mut Desk, start: &str) -> Step {
    bill(desk, start)
}

/// Issues the invoice. It is collected by a timer at the same instant: a payment service that does not answer may
/// then undo the collection, but not the invoice.
fn bill(desk: &mut Desk, start: &str) -> Step {
    let Ok(start) = Time::parse(start) else { return Ok(()) };
    let Some(mut usage) = desk.cx.fact::<Usage>(&fact(start))? else { return Ok(()) };
    if usage.closed {
        return Ok(());
    }
    usage.closed = true;
    desk.account.usage = desk.account.usage.take().filter(|open| *open != start.to_string());
    for ((_, vendor), lines) in lines(desk, &usage)? {
        if pricing::gross(&lines)? > 0 {
            let invoice = issue(desk, vendor, lines)?;
            usage.invoices.push(invoice);
        }
    }
    desk.out.set(fact(start), &usage);
    Ok(())
}

/// One line per resource that costs something, by currency and vendor. Each is rounded once. One that would cost more than money
/// can be stays recorded, and is left out of the bill: nobody may be kept from leaving by it.
fn lines(desk: &mut Desk, usage: &Usage) -> Step<BTreeMap<Bill, Vec<Line>>> {
    let mut lines: BTreeMap<Bill, Vec<Line>> = BTreeMap::new();
    for (resource, mark) in &usage.resources {
        let (Some(rate), Some(bill)) = (&mark.rate, mark.bill()) else { continue };
        let bill = lines.entry(bill).or_default();
        let before = bill.len();
        match priced(desk, usage, resource, mark, rate).and_then(|line| {
            bill.extend(line);
            pricing::gross(bill)
        }) {
            Err(Stop::Beyond) => {
                bill.truncate(before);
                desk.out.note(format!("the use of `{resource}` costs more than can be counted, and is not billed"));
            }
            summed => drop(summed?),
        }
    }
    Ok(lines)
}

fn priced(desk: &Desk, usage: &Usage, resource: &str, mark: &Mark, rate: &Rate) -> Step<Option<Line>> {
    let over = i128::from(mark.max) - i128::from(mark.limit);
    let net = Money::new(rate.minor_units, rate.currency).scaled(over, rate.per.into())?;
    let line = pricing::line(desk, resource, net, (usage.start, usage.end))?;
    Ok((net.minor_units > 0).then_some(line))
}

fn issue(desk: &mut Desk, vendor: Option<Vendor>, lines: Vec<Line>) -> Step<String> {
    let order = Order { occasion: Occasion::Overage, subscription: None, vendor, lines };
    let mut invoice = pricing::issue(desk, order)?;
    let id = invoice.id.clone();
    apply_credit(desk, &mut invoice)?;
    if invoice.owes() {
        desk.out.timer(format!("collect-{id}"), desk.now, &());
        desk.out.timer(format!("unanswered-{id}"), desk.now.plus_days(UNANSWERED_DAYS), &());
    }
    desk.file(invoice);
    Ok(id)
}

/// The timer that collects what no request asked for.
pub(crate) fn collected(desk: &mut Desk, id: &str) -> Step {
    with_unchased(desk, id, collect)
}

/// The payment service never answered: the invoice is past due all the same.
pub(crate) fn unanswered(desk: &mut Desk, id: &str) -> Step {
    with_unchased(desk, id, |desk, invoice| dunning::payment_failed(desk, invoice, "no_answer"))
}

fn with_unchased(desk: &mut Desk, id: &str, act: impl FnOnce(&mut Desk, &mut Invoice) -> Step) -> Step {
    let Some(mut invoice) = desk.invoice(id)? else { return Ok(()) };
    if invoice.owes() && invoice.dunning.is_none() {
        act(desk, &mut invoice)?;
        desk.file(invoice);
    }
    Ok(())
}

fn fact(start: Time) -> String {
    format!("billing.usage.{start}")
}
