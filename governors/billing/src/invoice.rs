//! An invoice: one fact, `billing.invoice.<id>`, that says what was charged and what became of the money.
//!
//! Five amounts always add up: gross = paid + credited + written off + due. `due` is therefore computed, never kept.
//! Everything else here is memory: which reservation, which capture, which credit notes and refunds.

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::desk::{Step, Stop};
use crate::dunning::Dunning;
use crate::split::{Split, Vendor};
use crate::table::{self, Status, Trigger};

/// The fact `billing.invoice.<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invoice {
    /// `inv-1`, `inv-2`, … per customer.
    pub id: String,
    /// The legal number, gapless per tenant; the committer puts it here.
    pub number: Option<i64>,
    /// Where it stands.
    pub status: Status,
    /// What it is for.
    pub occasion: Occasion,
    /// The subscription it is for; overage belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// When it was issued.
    pub issued_at: Time,
    /// What it charges.
    pub lines: Vec<Line>,
    /// The tax in it.
    pub tax: Money,
    /// All lines with their tax.
    pub gross: Money,
    /// Money held for it.
    pub paid: Money,
    /// Taken back by credit notes.
    pub credited: Money,
    /// Given up, or charged back.
    pub written_off: Money,
    /// What was captured for it, by us or by an order.
    pub captured: Money,
    /// What was paid back of it.
    pub refunded: Money,
    /// What the bank took back of it.
    pub charged_back: Money,
    /// How it is to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// The order whose capture paid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// The connector key of the reservation that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// How much that reservation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized: Option<Money>,
    /// The connector key of the capture that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Whether a person has to approve the plan before money is taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaiting_approval: bool,
    /// Whether it is the first after a trial: then three days are all the patience there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_trial: bool,
    /// Whether a lost capture was already followed by another authorisation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub authorized_twice: bool,
    /// When nothing was owed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Time>,
    /// Corrections, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credit_notes: Vec<CreditNote>,
    /// Money on its way back, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// How it is chased, while it is past due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dunning: Option<Dunning>,
    /// What the bank asks, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Dispute>,
    /// Whose product it is; absent: the marketplace's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// Who gets what of the money, once it is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
}

/// What an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Occasion {
    /// The first period of a subscription.
    Subscription,
    /// The next period.
    Renewal,
    /// Another plan within a period.
    Change,
    /// A cancelled subscription taken up again.
    Reactivation,
    /// Use beyond the limits of a quota period.
    Overage,
}

/// One line: what, for which time, how much. A line may be negative; an invoice never is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The SKU, or the resource.
    pub item: String,
    /// Without tax.
    pub net: Money,
    /// The tax on it.
    pub tax: Money,
    /// Under which rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<String>,
    /// From when…
    pub start: Time,
    /// …until when.
    pub end: Time,
}

/// A correction of an invoice. An issued number is never deleted; it is credited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CreditNote {
    /// Its own legal number; the committer puts it here.
    pub number: Option<i64>,
    /// When.
    pub at: Time,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refund {
    /// The effect that carries it.
    pub effect: String,
    /// How much.
    pub amount: Money,
    /// When it was asked for.
    pub at: Time,
    /// How far it is.
    pub status: RefundStatus,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RefundStatus {
    /// Asked for.
    Asked,
    /// Done.
    Done,
    /// A final no: the money is the customer's credit again.
    Failed,
}

/// What the customer's bank asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dispute {
    /// Since when.
    pub opened_at: Time,
    /// How much; never more than is held.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Credit that came due meanwhile and waits for the end of the dispute.
    pub credit_waiting: i64,
    /// Whether that credit is to be paid back at once: its subscription has ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refund_waiting: bool,
}

impl Invoice {
    /// What is still owed.
    pub(crate) fn due(&self) -> i64 {
        self.gross.minor_units - self.paid.minor_units - self.credited.minor_units - self.written_off.minor_units
    }

    /// Whether a payment may settle it.
    pub(crate) fn owes(&self) -> bool {
        self.status.owing() && self.due() > 0
    }

    /// How much a credit note may still take back: never more than was charged, given up or credited before.
    pub(crate) fn creditable(&self) -> i64 {
        if self.status.terminal() { 0 } else { self.due() + self.paid.minor_units }
    }

    /// How much of what was captured for it has not gone back yet. Captured money goes back first.
    pub(crate) fn captured_left(&self) -> i64 {
        (self.captured.minor_units - self.refunded.minor_units - self.charged_back.minor_units).max(0)
    }

    /// An amount in its currency.
    pub(crate) fn money(&self, minor_units: i64) -> Money {
        Money::new(minor_units, self.gross.currency)
    }

    /// Moves along the table. A move that is not there is our own mistake, and the whole decision falls with it.
    pub(crate) fn follow(&mut self, trigger: Trigger) -> Step {
        let Some(to) = table::next(self.status, trigger) else {
            let told = format!("invoice {}: no move from {:?} on {trigger:?}", self.id, self.status);
            return Err(Stop::Broken(Fault::new("broken-move", told)));
        };
        #[cfg(test)]
        crate::tests::trace(self.status, trigger);
        self.status = to;
        Ok(())
    }
}
