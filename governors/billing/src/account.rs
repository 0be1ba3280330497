//! The account: one fact, `billing.account`, that says what a customer has with us beside the invoices.
//!
//! It is the index to the invoices and the till: what came in, what lies there as credit, what went out again.
//! Money per currency; two currencies are never summed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

/// Minor units by currency. A currency that is absent has 0.
pub(crate) type Purse = BTreeMap<Currency, i64>;

/// The fact `billing.account`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    /// The currency of the first invoice: what a payment that names none is taken to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How the customer pays.
    pub payment_method: Option<String>,
    /// Money that belongs to no invoice yet. Refunds draw on it, and so does every new invoice.
    pub unapplied: Purse,
    /// All that ever came in.
    pub received: Purse,
    /// All that was paid back.
    pub refunded: Purse,
    /// All that banks took back.
    pub charged_back: Purse,
    /// How many invoices there are.
    pub invoices: u64,
    /// How many entries the journal has.
    #[serde(skip_serializing_if = "is_zero")]
    pub entries: u64,
    /// The unsettled ones, the oldest first.
    pub open: Vec<String>,
    /// Those of them that are chased, the oldest first.
    pub past_due: Vec<String>,
    /// Whether we added the cause `payment`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// The quota period whose overage is not billed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
}

/// What billing stands for in `shared.access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is past due.
    Clear,
    /// Something is.
    Grace,
    /// Something is, and patience has run out.
    Blocked,
}

impl Account {
    /// What lies there as credit.
    pub(crate) fn credit(&self, currency: Currency) -> i64 {
        self.unapplied.get(&currency).copied().unwrap_or(0)
    }

    /// Money comes in and is nobody's yet.
    pub(crate) fn receive(&mut self, currency: Currency, amount: i64) {
        add(&mut self.received, currency, amount);
        add(&mut self.unapplied, currency, amount);
    }

    /// Whether that much more can be counted.
    pub(crate) fn may_receive(&self, currency: Currency, amount: i64) -> bool {
        let received = self.received.get(&currency).copied().unwrap_or(0);
        received <= SAFE_MAX - amount
    }

    /// Puts credit aside for an invoice; a negative amount frees what was put aside.
    pub(crate) fn apply(&mut self, currency: Currency, amount: i64) {
        add(&mut self.unapplied, currency, -amount);
    }

    /// Credit goes back to the customer; a negative amount is a refund that failed.
    pub(crate) fn refund(&mut self, currency: Currency, amount: i64) {
        add(&mut self.unapplied, currency, -amount);
        add(&mut self.refunded, currency, amount);
    }

    /// A bank takes money back that an invoice held.
    pub(crate) fn charge_back(&mut self, currency: Currency, amount: i64) {
        add(&mut self.charged_back, currency, amount);
    }

    /// What billing stands for.
    pub(crate) fn standing(&self) -> Standing {
        match (self.past_due.is_empty(), self.suspended) {
            (true, _) => Standing::Clear,
            (false, false) => Standing::Grace,
            (false, true) => Standing::Blocked,
        }
    }
}

fn add(purse: &mut Purse, currency: Currency, amount: i64) {
    if amount != 0 {
        *purse.entry(currency).or_default() += amount;
    }
}

/// Keeps `id` in the list exactly while `wanted`, at its place by age.
pub(crate) fn keep(list: &mut Vec<String>, id: &str, wanted: bool) {
    match (list.iter().position(|kept| kept == id), wanted) {
        (Some(at), false) => {
            list.remove(at);
        }
        (None, true) => {
            let at = list.partition_point(|kept| age(kept) < age(id));
            list.insert(at, id.to_owned());
        }
        _ => {}
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(entries: &u64) -> bool {
    *entries == 0
}

/// Invoices are numbered as they are issued.
fn age(id: &str) -> u64 {
    id.strip_prefix("inv-").and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}
