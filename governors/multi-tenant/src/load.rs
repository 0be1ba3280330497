//! Load: what a customer uses of a resource, and what share of the tenant's whole that is.
//!
//! Reports are cumulative within a calendar month, so each one is turned into the step from the last, and the steps
//! of all customers add up to the tenant's load. A month has its own sum: it begins at nothing, and nothing is
//! carried over. Reports of a month that is over, or out of order, count for nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_book::{Index, index, nameable};
use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

use crate::table::{self, State, Trigger};

/// The timer that ends a resource's month: `period.requests`.
pub(crate) const TIMER: &str = "period";

/// Fewer customers than this have no fair share: of two, one always has half.
const CUSTOMERS_MIN: i64 = 3;

/// What is left of the rate of a customer who has more than half of the load.
const SLOWED_PERCENT: u8 = 50;

/// How many resources of one customer are counted in a month. Each has a timer, and the host keeps a bounded number.
const RESOURCES_MAX: u32 = 500;

const RESOURCES: &str = "multi-tenant.resources";

/// The fact `multi-tenant.resources`: how many are counted in the running month.
#[derive(Debug, Serialize, Deserialize)]
struct Resources {
    period: String,
    count: u32,
}

/// The fact `multi-tenant.load.<resource>`: this customer's part of the running month.
#[derive(Debug, Serialize, Deserialize)]
struct Load {
    state: State,
    /// The calendar month.
    period: String,
    /// Cumulative, as reported last.
    quantity: i64,
    /// When that report was made.
    at: Time,
}

/// The fact `multi-tenant.rate.<resource>`: slower than the others, for now.
#[derive(Debug, Serialize, Deserialize)]
struct Rate {
    percent: u8,
    period: String,
    since: Time,
}

/// A report, whichever event brought it.
struct Reading<'a> {
    resource: &'a str,
    quantity: i64,
    period: String,
    over_quota: bool,
}

/// The tenant's load of one resource in one month.
struct Tenant {
    total: i64,
    customers: i64,
}

/// A meter was read.
pub(crate) fn reported(cx: &Context, report: &UsageReported) -> Answer {
    let period = report.period.clone();
    count(cx, &Reading { resource: &report.resource, quantity: report.quantity, period, over_quota: false })
}

/// A meter was read, and it says that this is more than the customer paid for. The limit in quota-sla's facts rules.
pub(crate) fn exceeded(cx: &Context, excess: &UsageExceedsQuota) -> Answer {
    let period = cx.time().month();
    let limits: Option<BTreeMap<String, Limit>> = cx.fact("quota-sla.limits")?;
    let over_quota = limits.is_none_or(|limits| {
        limits.get(&excess.resource).and_then(|limit| limit.limit).is_some_and(|most| excess.current_usage > most)
    });
    count(cx, &Reading { resource: &excess.resource, quantity: excess.current_usage, period, over_quota })
}

/// The month is over: the customer's part of it goes, and the rate with it.
pub(crate) fn period_over(cx: &Context, resource: &str) -> Answer {
    let Some(load) = cx.fact::<Load>(&load_fact(resource))? else { return abstain() };
    if load.period == cx.now().month() || table::next(load.state, Trigger::PeriodOver).is_none() {
        return abstain();
    }
    let mut decision = Decision::approve();
    decision.delete(load_fact(resource));
    if cx.fact::<Resources>(RESOURCES)?.is_some_and(|counted| counted.period == load.period) {
        decision.delete(RESOURCES);
    }
    if load.state == State::Slowed {
        decision.delete(rate_fact(resource));
    }
    Ok(decision)
}

fn count(cx: &Context, reading: &Reading) -> Answer {
    let running = reading.period == cx.now().month();
    if !running || !nameable(reading.resource) || index(cx)? == Index::default() {
        return abstain();
    }
    let last: Option<Load> = cx.fact(&load_fact(reading.resource))?;
    let was = last.as_ref().map_or(State::Unseen, |load| load.state);
    let last = last.filter(|load| load.period == reading.period);
    if last.as_ref().is_some_and(|load| cx.time() < load.at) {
        return abstain();
    }
    let before = last.as_ref().map_or(0, |load| load.quantity);
    let tenant = Tenant::read(cx, reading)?;
    let Some(after) = tenant.stepped(before, reading.quantity) else {
        return uncounted("the tenant's load is too large to be counted");
    };
    let from = if last.is_some() { was } else { State::Unseen };
    let Some(to) = table::next(from, after.trigger(reading)) else { return abstain() };

    let mut decision = Decision::approve();
    tenant.step(&mut decision, &after, reading);
    let load = Load { state: to, period: reading.period.clone(), quantity: reading.quantity, at: cx.time() };
    decision.set(load_fact(reading.resource), &load);
    if from == State::Unseen {
        let Some(counted) = one_more(cx, reading)? else {
            return uncounted("the customer uses too many resources for this one to be counted");
        };
        decision.set(RESOURCES, &counted);
        decision.timer(format!("{TIMER}.{}", reading.resource), next_month(cx.now()), &());
    }
    rate(cx, &mut decision, reading, was, to);
    Ok(decision)
}

/// How many resources are counted with this one; none where it would be one too many.
fn one_more(cx: &Context, reading: &Reading) -> Result<Option<Resources>, Fault> {
    let counted: Option<Resources> = cx.fact(RESOURCES)?;
    let count = counted.filter(|counted| counted.period == reading.period).map_or(0, |counted| counted.count);
    let period = reading.period.clone();
    Ok((count < RESOURCES_MAX).then_some(Resources { period, count: count + 1 }))
}

fn uncounted(why: &str) -> Answer {
    let mut decision = Decision::abstain();
    decision.note(why);
    Ok(decision)
}

/// Gives or takes the customer's own rate. `was` may be last month's state, whose rate is over too.
fn rate(cx: &Context, decision: &mut Decision, reading: &Reading, was: State, to: State) {
    let name = rate_fact(reading.resource);
    match (was == State::Slowed, to == State::Slowed) {
        (false, true) => {
            let rate = Rate { percent: SLOWED_PERCENT, period: reading.period.clone(), since: cx.now() };
            decision.set(name, &rate);
        }
        (true, false) => drop(decision.delete(name)),
        _ => {}
    }
}

impl Tenant {
    fn read(cx: &Context, reading: &Reading) -> Result<Self, Fault> {
        Ok(Tenant {
            total: cx.tenant_fact(&total_fact(reading))?.unwrap_or(0),
            customers: cx.tenant_fact(&customers_fact(reading))?.unwrap_or(0),
        })
    }

    /// The load after a customer's reading went from one value to another; none where the sum leaves the range.
    fn stepped(&self, before: i64, now: i64) -> Option<Self> {
        let total = self.total.checked_add(now - before).filter(|total| *total <= SAFE_MAX)?;
        Some(Tenant { total, customers: self.customers + i64::from(now > 0) - i64::from(before > 0) })
    }

    /// Writes the steps. Counters, because two customers may report at the same time.
    fn step(&self, decision: &mut Decision, after: &Self, reading: &Reading) {
        for (name, by) in [
            (total_fact(reading), after.total - self.total),
            (customers_fact(reading), after.customers - self.customers),
        ] {
            if by != 0 {
                decision.increase_tenant(name, by);
            }
        }
    }

    fn trigger(&self, reading: &Reading) -> Trigger {
        let dominates = self.customers >= CUSTOMERS_MIN && reading.quantity > self.total - reading.quantity;
        match (dominates, reading.over_quota) {
            (false, _) => Trigger::WithinShare,
            (true, false) => Trigger::AboveShare,
            (true, true) => Trigger::AboveShareAndQuota,
        }
    }
}

fn load_fact(resource: &str) -> String {
    format!("multi-tenant.load.{resource}")
}

fn rate_fact(resource: &str) -> String {
    format!("multi-tenant.rate.{resource}")
}

fn total_fact(reading: &Reading) -> String {
    format!("multi-tenant.load.{}.{}", reading.period, reading.resource)
}

fn customers_fact(reading: &Reading) -> String {
    format!("multi-tenant.customers.{}.{}", reading.period, reading.resource)
}

/// The first instant of the next calendar month.
fn next_month(now: Time) -> Time {
    let (year, month, _) = now.date();
    Time::from_date(year, month, 1).plus_months(1, 1)
}
