//! What was used: readings, limits exceeded, and the warning mail.

use syndic_book::causes;
use syndic_sdk::prelude::*;

use crate::facts::{Period, Quota, Usage, answer, usage_fact};
use crate::table::Trigger;

/// From this share of the limit on, the customer is warned.
const WARNING_PERCENT: i128 = 80;

/// The id of a warning mail is this and the resource, so that its end finds the way back.
const WARNING: &str = "warn-";

/// The source of the events we raise.
const OURSELVES: &str = "syndic:quota-sla";

/// A meter reading: counted from the start of the period, so the last one is the whole use.
pub(crate) fn reported(cx: &Context, report: &UsageReported) -> Answer {
    let Some(reading) = Reading::open(cx, &report.resource)? else { return abstain() };
    if !reading.period.touches(&report.period) || reading.is_late(cx) {
        return late();
    }
    reading.reported(cx, report.quantity)
}

/// More was used than there is. The limit that counts is the one in our facts, not the one the meter knows.
pub(crate) fn exceeded(cx: &Context, report: &UsageExceedsQuota) -> Answer {
    let Some(reading) = Reading::open(cx, &report.resource)? else { return abstain() };
    if reading.is_late(cx) {
        return late();
    }
    if report.current_usage > reading.limit {
        reading.exceeded(cx, report.current_usage)
    } else {
        reading.reported(cx, report.current_usage)
    }
}

/// A warning that did not arrive is sent again with the next reading.
pub(crate) fn settled(cx: &Context, end: &EffectSettled) -> Answer {
    let Some(resource) = end.effect.strip_prefix(WARNING).filter(|_| end.status != Settled::Done) else {
        return abstain();
    };
    let Some(mut reading) = Reading::open(cx, resource)? else { return abstain() };
    if !reading.usage.warned {
        return abstain();
    }
    reading.usage.warned = false;
    reading.write(cx)
}

/// Where a quantity stands against a limit.
pub(crate) fn band(quantity: i64, limit: Option<i64>) -> Trigger {
    let Some(limit) = limit else { return Trigger::Low };
    let (used, all) = (i128::from(quantity) * 100, i128::from(limit) * WARNING_PERCENT);
    match () {
        () if quantity > limit => Trigger::Over,
        () if quantity > 0 && used >= all => Trigger::High,
        () => Trigger::Low,
    }
}

/// A reading of one limited resource, and what becomes of it.
struct Reading<'a> {
    resource: &'a str,
    period: Period,
    limit: i64,
    hard: bool,
    was: Quota,
    usage: Usage,
    decision: Decision,
}

impl<'a> Reading<'a> {
    /// None where nothing is metered, or this resource is not limited.
    fn open(cx: &Context, resource: &'a str) -> Result<Option<Reading<'a>>, Fault> {
        let was = Quota::read(cx)?;
        let (Some(period), Some((limit, hard))) = (was.period, was.limit(resource)) else { return Ok(None) };
        let usage = Usage::read(cx, resource, &period)?.unwrap_or_else(|| Usage::none(&period));
        Ok(Some(Reading { resource, period, limit, hard, was, usage, decision: Decision::default() }))
    }

    fn is_late(&self, cx: &Context) -> bool {
        cx.time() < self.usage.reported_at
    }

    /// A reading that carries the resource at most to its limit; beyond, it raises the event that carries it over.
    fn reported(mut self, cx: &Context, quantity: i64) -> Answer {
        let trigger = band(quantity, Some(self.limit));
        let was_over = self.usage.status.is_over();
        self.take(cx, quantity, trigger);
        if trigger != Trigger::Low && !self.usage.warned {
            self.warn();
        }
        if trigger == Trigger::Over && (!was_over || quantity > self.usage.peak) {
            self.usage.peak = self.usage.peak.max(quantity);
            let (resource, limit) = (self.resource.to_owned(), self.limit);
            self.decision.raise(UsageExceedsQuota { resource, current_usage: quantity, limit }.into());
        }
        self.write(cx)
    }

    /// Over the limit. The customer hears of it from customer-account, so no warning follows.
    fn exceeded(mut self, cx: &Context, quantity: i64) -> Answer {
        self.take(cx, quantity, if self.hard { Trigger::HardLimit } else { Trigger::SoftLimit });
        self.usage.peak = self.usage.peak.max(quantity);
        self.usage.warned = true;
        self.write(cx)
    }

    /// Takes the quantity over. What we raised ourselves is as old as the reading it came from.
    fn take(&mut self, cx: &Context, quantity: i64, trigger: Trigger) {
        self.usage.follow(trigger);
        self.usage.quantity = quantity;
        if cx.source() != OURSELVES {
            self.usage.reported_at = cx.time();
        }
    }

    fn warn(&mut self) {
        self.usage.warned = true;
        let body = json!({
            "template": "usage-warning",
            "resource": self.resource,
            "quantity": self.usage.quantity,
            "limit": self.limit,
        });
        let id = format!("{WARNING}{}", self.resource);
        let key = format!("quota-sla/usage/{}", self.resource);
        self.decision.effect(Effect::deferred(id, "mail", key, &body));
    }

    fn write(mut self, cx: &Context) -> Answer {
        let mut quota = self.was.clone();
        quota.stance.note(self.resource, self.usage.status);
        quota.rate(&causes(cx)?);
        self.decision.set(usage_fact(self.resource), &self.usage);
        quota.write(&self.was, &mut self.decision);
        answer(self.decision)
    }
}

fn late() -> Answer {
    let mut decision = Decision::abstain();
    decision.note("an older reading than the last, or one of another period");
    Ok(decision)
}
