//! Credit for service below its target: 10 % of a month's price per started percentage point, at most 25 %, once per
//! subscription and month, as a credit note.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_book::{Subscription, live};
use syndic_sdk::prelude::*;

use crate::credit::credit_plan;
use crate::desk::{Desk, Step};
use crate::pricing::{self, Plan};

/// The availability each plan promises, in millionths. What is not here promises nothing.
#[rustfmt::skip]
const TARGETS: [(&str, i64); 3] = [
    ("enterprise", 999_900),
    ("pro",        999_000),
    ("starter",    995_000),
];

/// One percentage point, in millionths.
const POINT_PPM: i64 = 10_000;
/// The credit for each started point, in percent.
const PERCENT_PER_POINT: i64 = 10;
/// The most credit there is, in percent.
const PERCENT_MAX: i64 = 25;

/// The timer that credits the subscriptions for which a decision had no room.
pub(crate) const REST: &str = "sla-rest";

/// The fact `billing.sla.<month>`: what was credited, by subscription.
type Credited = BTreeMap<String, Money>;

/// What the timer carries.
#[derive(Serialize, Deserialize)]
struct Rest {
    period: String,
    uptime_ppm: i64,
}

/// SlaMeasured.
pub(crate) fn measured(desk: &mut Desk, report: &SlaMeasured) -> Step {
    credit_month(desk, &report.period, report.uptime_ppm)
}

/// The timer: the subscriptions that are left.
pub(crate) fn rest(desk: &mut Desk, timer: &TimerFired) -> Step {
    let Some(data) = timer.data.clone() else { return Ok(()) };
    let Rest { period, uptime_ppm } = serde_json::from_value(data).map_err(Fault::from)?;
    credit_month(desk, &period, uptime_ppm)
}

fn credit_month(desk: &mut Desk, period: &str, uptime_ppm: i64) -> Step {
    let Ok(start) = Time::parse(&format!("{period}-01T00:00:00Z")) else { return Ok(()) };
    let fact = format!("billing.sla.{}", start.month());
    let before: Credited = desk.cx.fact(&fact)?.unwrap_or_default();
    let mut credited = before.clone();
    for sub in live(&syndic_book::subscriptions(desk.cx)?) {
        let percent = percent(&sub.sku, uptime_ppm);
        let Some(plan) = pricing::plan(desk, &sub.id)? else { continue };
        if percent == 0 || credited.contains_key(&sub.id) || plan.since >= start.plus_months(1, 1) {
            continue;
        }
        if !desk.has_room() {
            desk.out.timer(REST, desk.now, &Rest { period: period.to_owned(), uptime_ppm });
            break;
        }
        let amount = share(desk, &plan, sub, percent)?;
        credit_plan(desk, &plan, amount, "service-level")?;
        credited.insert(sub.id.clone(), Money::new(amount, plan.line.currency));
    }
    if credited != before {
        desk.out.set(fact, &credited);
    }
    Ok(())
}

/// How much of a month's price comes back.
pub(crate) fn percent(sku: &str, uptime_ppm: i64) -> i64 {
    let target = TARGETS.iter().find(|(name, _)| *name == sku).map_or(0, |(_, target)| *target);
    let missing = (target - uptime_ppm).max(0);
    let started = (missing + POINT_PPM - 1) / POINT_PPM;
    (started * PERCENT_PER_POINT).min(PERCENT_MAX)
}

/// A part of one month of the plan's line, with tax, rounded once.
fn share(desk: &Desk, plan: &Plan, sub: &Subscription, percent: i64) -> Step<i64> {
    let net = plan.line.scaled(percent.into(), 100 * i128::from(sub.cycle.months()))?;
    pricing::gross(&[pricing::line(desk, &plan.sku, net, (plan.start, plan.end))?])
}
