//! Credit notes, and money on its way back.
//!
//! A credit note first lowers what is open, then frees paid money into the account's credit. A refund draws on that
//! credit and on nothing else. So no money can go back that was not freed, and none is freed that was not charged.

use syndic_sdk::prelude::*;

use crate::bounds::words;
use crate::desk::{Desk, Step};
use crate::invoice::{CreditNote, Invoice, Refund, RefundStatus};
use crate::payments::{paid, void};
use crate::pricing::Plan;
use crate::split;
use crate::table::{Status, Trigger};

/// Credits at most `amount` of an invoice. Says how much was credited, and how much paid money that freed. While the
/// bank disputes the money the credit waits.
pub(crate) fn credit(desk: &mut Desk, invoice: &mut Invoice, amount: i64, reason: &str) -> Step<Credited> {
    let amount = amount.min(invoice.creditable());
    if amount <= 0 {
        return Ok(Credited::default());
    }
    if let Some(dispute) = &mut invoice.dispute {
        let waiting = (dispute.credit_waiting + amount).min(invoice.paid.minor_units);
        let credited = waiting - dispute.credit_waiting;
        dispute.credit_waiting = waiting;
        return Ok(Credited { credited, freed: 0 });
    }
    let freed = (amount - invoice.due()).max(0);
    invoice.credited.minor_units += amount;
    invoice.paid.minor_units -= freed;
    desk.account.apply(invoice.gross.currency, -freed);
    desk.number("credit-note", &invoice.id, format!("/credit_notes/{}/number", invoice.credit_notes.len()));
    let note = CreditNote { number: None, at: desk.now, amount: invoice.money(amount), reason: words(reason) };
    invoice.credit_notes.push(note);
    split::reverse(invoice, freed)?;
    settle(desk, invoice)?;
    Ok(Credited { credited: amount, freed })
}

/// What a credit note came to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Credited {
    /// Taken back of what was charged.
    pub credited: i64,
    /// Paid money that is credit now.
    pub freed: i64,
}

/// Where a credit note leaves the invoice. A capture that is under way is left to settle.
fn settle(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    if invoice.due() > 0 || invoice.status == Status::Capturing {
        return Ok(());
    }
    void(desk, invoice);
    match (invoice.paid.minor_units > 0, invoice.status) {
        (false, _) => invoice.follow(Trigger::CreditedOut),
        (true, Status::Paid) => Ok(()),
        (true, _) => {
            invoice.follow(Trigger::PaidRest)?;
            paid(desk, invoice)
        }
    }
}

/// Credits an amount of a subscription's invoices of the period, the newest first: the last change is the first to be
/// taken back. Says how much paid money that freed.
pub(crate) fn credit_plan(desk: &mut Desk, plan: &Plan, amount: i64, reason: &str) -> Step<i64> {
    let (mut left, mut freed) = (amount, 0);
    for id in plan.invoices.iter().rev() {
        let Some(mut invoice) = desk.invoice(id)? else { continue };
        if left <= 0 || invoice.gross.currency != plan.line.currency {
            continue;
        }
        let done = credit(desk, &mut invoice, left, reason)?;
        left -= done.credited;
        freed += done.freed;
        desk.file(invoice);
    }
    Ok(freed)
}

/// Sends credit back to where an invoice was paid from: captured money to its capture, other money on its own.
pub(crate) fn refund(desk: &mut Desk, invoice: &mut Invoice, amount: i64) {
    let captured = amount.min(invoice.captured_left());
    for (part, to_capture) in [(captured, true), (amount - captured, false)] {
        if part > 0 {
            send_back(desk, invoice, part, to_capture);
        }
    }
}

fn send_back(desk: &mut Desk, invoice: &mut Invoice, amount: i64, to_capture: bool) {
    let effect = format!("refund-{}-{}", invoice.id, invoice.refunds.len() + 1);
    let amount_back = invoice.money(amount);
    let mut body = json!({ "amount": amount_back, "invoice": invoice.id });
    if to_capture {
        let paid_by = [("capture", &invoice.capture), ("order", &invoice.order_id)];
        for (name, id) in paid_by.iter().filter_map(|(name, id)| id.as_ref().map(|id| (*name, id))) {
            body[name] = json!(id);
        }
    }
    desk.account.refund(invoice.gross.currency, amount);
    invoice.refunded.minor_units += amount;
    desk.out.effect(Effect::deferred(&effect, "refund", &effect, &body));
    let status = RefundStatus::Asked;
    invoice.refunds.push(Refund { effect, amount: amount_back, at: desk.now, status });
}
