//! What this slot remembers of a customer: one fact per thing, read together and written where it changed.
//!
//! What follows from other facts (rates from limits and causes, access from what is throttled or paused) is worked out
//! here and nowhere else, so no event can leave one of them behind.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syndic_book::{ACCESS, Access, SUSPENSIONS, holds_renewal, nameable};
use syndic_sdk::prelude::*;

use crate::table::{State, Trigger, next};

/// How much of each resource the plans held include. A resource that is absent, or has no number, is unlimited.
pub(crate) const LIMITS: &str = "quota-sla.limits";
/// The month in which use is counted.
pub(crate) const PERIOD: &str = "quota-sla.period";
/// What may be used right now: the limits, or nothing at all while the customer is suspended.
pub(crate) const RATES: &str = "quota-sla.rates";
/// Why this slot keeps the customer at read-only; absent where it does not.
pub(crate) const STANCE: &str = "quota-sla.stance";

/// The timer that ends the quota period.
pub(crate) const RESET: &str = "reset";

/// The timer that looks, daily, whether what is paused is all that is held.
pub(crate) const LOOK: &str = "look";

/// How many resources one event measures anew. A decision may write 64 facts; whoever sells more limits than this in
/// one plan has the rest measured by their next reading.
const RESOURCES_AT_ONCE: usize = 48;

/// Limits by resource.
pub(crate) type Limits = BTreeMap<String, Limit>;

/// Rates by resource; none is unlimited.
pub(crate) type Rates = BTreeMap<String, Option<i64>>;

/// The quota period, `[start, end)`: a month from the anchor, whatever the billing cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    /// Where it starts.
    pub start: Time,
    /// Where it ends, and use is forgotten.
    pub end: Time,
    /// The day of the month it starts on; a shorter month starts it on its last.
    pub anchor_day: u8,
}

/// What is known of the use of one resource, in the fact `quota-sla.usage.<resource>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// The start of the period it belongs to; of another period, it is as if it were absent.
    pub since: Time,
    /// Where it stands.
    pub status: State,
    /// The last reading.
    pub quantity: i64,
    /// The highest reading that was over the limit. While use stays over, only a higher one raises another event.
    pub peak: i64,
    /// Whether the warning for this limit went out.
    pub warned: bool,
    /// When the last reading was taken. An older one that arrives later changes nothing.
    pub reported_at: Time,
}

/// Why this slot keeps a customer at read-only.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stance {
    /// Everything the customer holds is paused.
    #[serde(default)]
    pub paused: bool,
    /// The resources that are over a hard limit.
    #[serde(default)]
    pub throttled: BTreeSet<String>,
}

/// A customer's quota: as it was read, or as an event leaves it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quota {
    /// None: nothing is metered.
    pub period: Option<Period>,
    /// Empty: nothing is limited.
    pub limits: Limits,
    /// Follows from the limits and the causes.
    pub rates: Rates,
    /// Why access is read-only.
    pub stance: Stance,
}

impl Period {
    /// The first period, from now to the anchor. After a trial that is where the trial ends, so that a month of use is
    /// a month that is paid for.
    pub(crate) fn opening(now: Time, anchor_day: u8) -> Period {
        let this_month = now.plus_months(0, anchor_day);
        let end = if this_month > now { this_month } else { now.plus_months(1, anchor_day) };
        Period { start: now, end, anchor_day }
    }

    /// The one after this.
    pub(crate) fn following(&self) -> Period {
        let Period { end, anchor_day, .. } = *self;
        Period { start: end, end: end.plus_months(1, anchor_day), anchor_day }
    }

    /// Whether a reading for the calendar month `YYYY-MM` may be one of this period's. A period that does not start
    /// on the first touches two months, and meters name either.
    pub(crate) fn touches(&self, month: &str) -> bool {
        let last_instant = self.end.minus_ms(1);
        self.start.month() == month || last_instant.month() == month
    }
}

impl Usage {
    /// Nothing used since the period began.
    pub(crate) fn none(period: &Period) -> Usage {
        Usage {
            since: period.start,
            status: State::Within,
            quantity: 0,
            peak: 0,
            warned: false,
            reported_at: period.start,
        }
    }

    /// What is known in this period; none where nothing was reported yet.
    pub(crate) fn read(cx: &Context, resource: &str, period: &Period) -> Result<Option<Usage>, Fault> {
        let usage: Option<Usage> = cx.fact(&usage_fact(resource))?;
        Ok(usage.filter(|usage| usage.since == period.start))
    }

    /// Follows the table. A move it does not name leaves the state as it is.
    pub(crate) fn follow(&mut self, trigger: Trigger) {
        self.status = next(self.status, trigger).unwrap_or(self.status);
    }
}

impl Stance {
    /// Whether this slot stands for read-only.
    pub(crate) fn is_read_only(&self) -> bool {
        self.paused || !self.throttled.is_empty()
    }

    /// Takes note of where a resource now stands.
    pub(crate) fn note(&mut self, resource: &str, status: State) {
        if status == State::Throttled {
            self.throttled.insert(resource.to_owned());
        } else {
            self.throttled.remove(resource);
        }
    }
}

impl Quota {
    /// What the facts say.
    pub(crate) fn read(cx: &Context) -> Result<Quota, Fault> {
        Ok(Quota {
            period: cx.fact(PERIOD)?,
            limits: cx.fact(LIMITS)?.unwrap_or_default(),
            rates: cx.fact(RATES)?.unwrap_or_default(),
            stance: cx.fact(STANCE)?.unwrap_or_default(),
        })
    }

    /// The limit on a resource, where there is one. Under a name that cannot be kept it counts for nothing.
    pub(crate) fn limit(&self, resource: &str) -> Option<(i64, bool)> {
        let limit = self.limits.get(resource).filter(|_| nameable(resource))?;
        limit.limit.map(|most| (most, limit.hard))
    }

    /// The resources whose use is known in this period, with what is known.
    pub(crate) fn used(&self, cx: &Context) -> Result<Vec<(String, Usage)>, Fault> {
        let Some(period) = &self.period else { return Ok(Vec::new()) };
        let named = self.limits.keys().filter(|resource| nameable(resource));
        let mut used = Vec::new();
        for resource in named {
            used.extend(Usage::read(cx, resource, period)?.map(|usage| (resource.clone(), usage)));
        }
        used.truncate(RESOURCES_AT_ONCE);
        Ok(used)
    }

    /// Sets the rates to what the limits allow while these causes stand.
    pub(crate) fn rate(&mut self, causes: &BTreeSet<String>) {
        let suspended = holds_renewal(causes);
        let rate = |limit: &Limit| if suspended { Some(0) } else { limit.limit };
        self.rates = self.limits.iter().map(|(resource, limit)| (resource.clone(), rate(limit))).collect();
    }

    /// Writes what differs from what was read.
    pub(crate) fn write(&self, was: &Quota, decision: &mut Decision) {
        if self.period != was.period {
            set_or_delete(decision, PERIOD, self.period.as_ref());
            if let Some(period) = self.period {
                decision.timer(RESET, period.end, &());
            }
        }
        if self.limits != was.limits {
            set_or_delete(decision, LIMITS, Some(&self.limits).filter(|_| self.period.is_some()));
        }
        if self.rates != was.rates {
            set_or_delete(decision, RATES, Some(&self.rates).filter(|_| self.period.is_some()));
        }
        self.stance.write(&was.stance, decision);
    }
}

impl Stance {
    fn write(&self, was: &Stance, decision: &mut Decision) {
        if self != was {
            set_or_delete(decision, STANCE, Some(self).filter(|stance| stance.is_read_only()));
        }
        match (was.is_read_only(), self.is_read_only()) {
            (false, true) => decision.stand(ACCESS, Access::ReadOnly.as_str()),
            (true, false) => decision.withdraw(ACCESS),
            _ => decision,
        };
        match (was.throttled.is_empty(), self.throttled.is_empty()) {
            (true, false) => decision.add(SUSPENSIONS, Cause::Quota.as_str()),
            (false, true) => decision.remove(SUSPENSIONS, Cause::Quota.as_str()),
            _ => decision,
        };
    }
}

/// The fact that keeps the use of a resource.
pub(crate) fn usage_fact(resource: &str) -> String {
    format!("quota-sla.usage.{resource}")
}

/// Approves a decision that does something; nothing to do is nothing to say.
pub(crate) fn answer(mut decision: Decision) -> Answer {
    if decision != Decision::default() {
        decision.verdict = Verdict::Approve;
    }
    Ok(decision)
}

fn set_or_delete<T: Serialize>(decision: &mut Decision, name: &str, value: Option<&T>) {
    match value {
        Some(value) => decision.set(name, value),
        None => decision.delete(name),
    };
}
