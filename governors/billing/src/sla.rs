//! Credit for service below what was promised, once per subscription and month, as a credit note. How much of a
//! month's price that is says the book, which quota-sla reads at the same time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_book::{Subscription, live, promise};
use syndic_sdk::prelude::*;

use crate::credit::credit_plan;
use crate::desk::{Desk, Step};
use crate::pricing::{self, Plan};

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
        let percent = promise(&sub.sku).map_or(0, |promise| promise.credit_percent(uptime_ppm));
        let Some(plan) = pricing::plan(desk, &sub.id)? else { continue };
        if percent == 0 || credited.contains_key(&sub.id) || plan.since >= start.plus_months(1, 1) {
            continue;
        }
        if !desk.has_room_for(plan.invoices.len()) {
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

/// A part of one month of the plan's line, with tax, rounded once.
fn share(desk: &Desk, plan: &Plan, sub: &Subscription, percent: i64) -> Step<i64> {
    let net = plan.line.scaled(percent.into(), 100 * i128::from(sub.cycle.months()))?;
    pricing::gross(&[plan.part(desk, net, (plan.start, plan.end))?])
}
