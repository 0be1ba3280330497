//! What happens once: a payment per key, a plan per order, an overage line per resource and period, a trial per plan, a legal number.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syndic_tests::facts::{list, text, under};

use super::{Held, Seen, hold};

/// What has happened.
#[derive(Default)]
pub struct Once {
    /// Payment keys by tenant, with the receipt that took them.
    paid: BTreeMap<(String, String), u64>,
    /// Orders by tenant and plan.
    orders: BTreeSet<(String, String, String)>,
    /// Trials by tenant, customer and plan.
    tried: BTreeSet<(String, String, String)>,
    /// The last number by tenant and series.
    numbers: BTreeMap<(String, &'static str), i64>,
}

impl Once {
    pub fn check(&mut self, seen: &Seen<'_>) -> Held {
        self.keys(seen)?;
        self.orders(seen)?;
        self.trials(seen)?;
        self.numbers(seen)?;
        overage(seen)
    }

    fn keys(&mut self, seen: &Seen<'_>) -> Held {
        let step = seen.step;
        if step.event.kind != "PaymentProcessed" || !step.done() || step.verdict("billing") != "approve" {
            return Ok(());
        }
        let key = step.text("idempotency_key").to_owned();
        let before = self.paid.insert((step.event.tenant.clone(), key), step.sequence);
        hold!("one charge per claim key", before.is_none(), "receipt {before:?} took this key already");
        Ok(())
    }

    fn orders(&mut self, seen: &Seen<'_>) -> Held {
        for (id, before, after) in seen.changed("billing.invoice.") {
            let Some(invoice) = after.filter(|it| before.is_none() && it.get("order_id").is_some()) else { continue };
            let (plan, order) = (text(invoice, "/lines/0/item"), text(invoice, "/order_id"));
            let paid = (seen.step.event.tenant.clone(), plan.to_owned(), order.to_owned());
            hold!("an order pays for a plan once", self.orders.insert(paid), "{id} is paid by {order} again");
        }
        Ok(())
    }

    fn trials(&mut self, seen: &Seen<'_>) -> Held {
        for (id, before, after) in seen.changed("subscription.sub.") {
            let Some(after) = after.filter(|after| before.is_none() && text(after, "/status") == "trial") else {
                continue;
            };
            let event = &seen.step.event;
            let tried = (event.tenant.clone(), event.subject.clone(), text(after, "/sku").to_owned());
            hold!(
                "one trial per customer and plan",
                self.tried.insert(tried),
                "{id} tries {} again",
                text(after, "/sku")
            );
        }
        Ok(())
    }

    /// Numbers are the tenant's next ones, and stay.
    fn numbers(&mut self, seen: &Seen<'_>) -> Held {
        const PROMISE: &str = "legal numbers are gapless per tenant";
        let mut fresh: BTreeMap<&'static str, Vec<i64>> = BTreeMap::new();
        for (id, before, after) in seen.changed("billing.invoice.") {
            let (was, is) = (numbers_of(before), numbers_of(after));
            for (series, number) in &is {
                hold!(PROMISE, number.is_some(), "{id} has a document of the series {series} without a number");
            }
            hold!(PROMISE, is.starts_with(&was), "{id} had the numbers {was:?} and has {is:?}");
            for (series, number) in &is[was.len()..] {
                fresh.entry(series).or_default().extend(number);
            }
        }
        for (series, mut numbers) in fresh {
            numbers.sort_unstable();
            let last = self.numbers.entry((seen.step.event.tenant.clone(), series)).or_default();
            for number in numbers {
                hold!(PROMISE, number == *last + 1, "{series} {number} follows {last}");
                *last = number;
            }
        }
        Ok(())
    }
}

/// The legal numbers of an invoice and of its credit notes.
fn numbers_of(invoice: Option<&Value>) -> Vec<(&'static str, Option<i64>)> {
    let Some(invoice) = invoice else { return Vec::new() };
    let number = |value: &Value| value.get("number").and_then(Value::as_i64);
    let notes = list(invoice, "/credit_notes").iter().map(|note| ("credit-note", number(note)));
    std::iter::once(("invoice", number(invoice))).chain(notes).collect()
}

fn overage(seen: &Seen<'_>) -> Held {
    if seen.changed("billing.invoice.").next().is_none() {
        return Ok(());
    }
    let mut charged = BTreeSet::new();
    for (id, invoice) in under(seen.known(), "billing.invoice.") {
        if text(invoice, "/occasion") != "overage" {
            continue;
        }
        for line in list(invoice, "/lines") {
            let what = (text(line, "/item"), text(line, "/start"));
            hold!("one overage line per resource and period", charged.insert(what), "{id} charges {what:?} again");
        }
    }
    Ok(())
}
