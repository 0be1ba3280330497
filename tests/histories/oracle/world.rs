//! The outside world's own books: what services were really asked, beside what the facts say.
//!
//! Looked at when everything that follows has followed. A reservation is captured, given back, or still wanted by an invoice;
//! the money that services took and returned is the money on the books.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syndic_core::effect::Way;
use syndic_tests::facts::{Facts, int, text, under};
use syndic_tests::stage::Asked;

use super::books::{Purse, amount, currency, purse};
use super::{Held, Seen, hold};

/// A tenant's customer.
type Who = (String, String);

/// What happened outside.
#[derive(Default)]
pub struct World {
    /// Reservations by their key: whose.
    reserved: BTreeMap<String, Who>,
    captured: BTreeMap<String, u32>,
    given_back: BTreeSet<String>,
    /// Reservations whose undo or void did not succeed: an operator's.
    stuck: BTreeSet<String>,
    /// Voids that did not succeed and that no ticket tells of.
    untold: BTreeSet<String>,
    /// Money taken by captures, returned by refunds, and reported as paid.
    taken: BTreeMap<Who, Purse>,
    returned: BTreeMap<Who, Purse>,
    reported: BTreeMap<Who, Purse>,
    /// Those of whom something new was heard.
    touched: BTreeSet<Who>,
    /// Calls that were heard, by key and way: the same key twice is one effect.
    heard: BTreeSet<(String, bool)>,
}

impl World {
    /// Hears what services were asked.
    pub fn asked(&mut self, asked: &[Asked]) {
        for call in asked {
            let request = &call.request;
            let undo = request.way == Way::Undo;
            let answered = call.accepted.is_some();
            if let (true, Some(undone)) = (undo, &request.undoes) {
                let undone = undone.to_string();
                if answered {
                    self.given_back.insert(undone)
                } else {
                    self.stuck.insert(undone)
                };
            }
            let authorization = text(&request.body.value(), "/authorization").to_owned();
            if !undo && request.action == "void-authorization" && call.accepted != Some(true) {
                self.stuck.insert(authorization.clone());
                self.untold.insert(request.key.to_string());
            }
            if request.action == "ticket" {
                self.untold.remove(text(&request.body.value(), "/key"));
            }
            if undo || call.accepted != Some(true) || !self.heard.insert((request.key.to_string(), undo)) {
                continue;
            }
            let who = (request.tenant.clone(), request.subject.clone());
            match request.action.as_str() {
                "authorize-payment" => _ = self.reserved.insert(request.key.to_string(), who),
                "capture" => {
                    *self.captured.entry(authorization).or_default() += 1;
                    enter(&mut self.taken, &who, &request.body.value());
                }
                "void-authorization" => _ = self.given_back.insert(authorization),
                "refund" => enter(&mut self.returned, &who, &request.body.value()),
                _ => {}
            }
        }
    }

    /// Hears what was reported.
    pub fn step(&mut self, seen: &Seen<'_>) {
        let event = &seen.step.event;
        let who = (event.tenant.clone(), event.subject.clone());
        if event.kind == "PaymentProcessed" && seen.step.done() && seen.step.verdict("billing") == "approve" {
            let kept = seen.changed("billing.payment.").find_map(|(_, _, after)| after);
            let reported = self.reported.entry(who.clone()).or_default();
            let currency = kept.map_or("", |kept| text(kept, "/currency"));
            *reported.entry(currency.to_owned()).or_default() += int(&seen.step.data, "/amount");
        }
        if seen.changed("billing.").next().is_some() {
            self.touched.insert(who);
        }
    }

    /// Whether the facts agree with the world.
    pub fn agrees(&mut self, facts: &Facts) -> Held {
        for who in std::mem::take(&mut self.touched) {
            self.money_agrees(&who, facts)?;
        }
        self.reservations_end(facts)
    }

    fn money_agrees(&self, who: &Who, facts: &Facts) -> Held {
        const PROMISE: &str = "the books say what the world did";
        let known = facts.customer(&who.0, &who.1);
        let nothing = Value::Null;
        let account = known.get("billing.account").unwrap_or(&nothing);
        let (mut captured, mut orders) = (Purse::new(), Purse::new());
        for (_, invoice) in under(known, "billing.invoice.") {
            *captured.entry(currency(invoice)).or_default() += amount(invoice, "captured");
            if invoice.get("order_id").is_some() {
                *orders.entry(currency(invoice)).or_default() += amount(invoice, "captured");
            }
        }
        for (currency, received) in purse(account, "received") {
            let of = |purses: &BTreeMap<Who, Purse>| {
                purses.get(who).and_then(|purse| purse.get(&currency)).copied().unwrap_or(0)
            };
            let on = |purse: &Purse| purse.get(&currency).copied().unwrap_or(0);
            let (taken, returned, reported) = (of(&self.taken), of(&self.returned), of(&self.reported));
            let (captured, orders, refunded) = (on(&captured), on(&orders), on(&purse(account, "refunded")));
            hold!(
                PROMISE,
                captured == taken + orders,
                "{who:?} {currency}: captured {captured}, taken {taken}, orders {orders}"
            );
            hold!(
                PROMISE,
                received == captured + reported,
                "{who:?} {currency}: received {received}, captured {captured}, reported {reported}"
            );
            hold!(PROMISE, refunded == returned, "{who:?} {currency}: refunded {refunded}, returned {returned}");
        }
        Ok(())
    }

    fn reservations_end(&mut self, facts: &Facts) -> Held {
        const PROMISE: &str = "a reservation is captured once or given back";
        hold!(PROMISE, self.untold.is_empty(), "{:?} could not be given back, and nobody is told", self.untold);
        for (key, times) in &self.captured {
            hold!(PROMISE, *times == 1, "{key} was captured {times} times");
            hold!(PROMISE, !self.given_back.contains(key), "{key} was captured and given back");
        }
        for (key, who) in &self.reserved {
            if self.captured.contains_key(key) || self.given_back.contains(key) || self.stuck.contains(key) {
                continue;
            }
            let mut invoices = under(facts.customer(&who.0, &who.1), "billing.invoice.");
            // A capture whose end could not be followed, because another service fell silent, is still waited for.
            let waits = |invoice: &Value| ["authorised", "capturing"].contains(&text(invoice, "/status"));
            let held = invoices.any(|(_, invoice)| text(invoice, "/authorization") == key && waits(invoice));
            hold!(PROMISE, held, "{key} of {who:?} is neither, and no invoice waits for it");
        }
        self.reserved.retain(|key, _| !self.captured.contains_key(key) && !self.given_back.contains(key));
        self.captured.clear();
        Ok(())
    }
}

fn enter(purses: &mut BTreeMap<Who, Purse>, who: &Who, body: &Value) {
    let currency = text(body, "/amount/currency").to_owned();
    *purses.entry(who.clone()).or_default().entry(currency).or_default() += amount(body, "amount");
}
