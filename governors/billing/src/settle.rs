//! What became of deferred effects: captures, refunds, voids. And the watch over an invoice whose effect never ends.

use syndic_sdk::prelude::*;

use crate::credit::{credit, refund};
use crate::desk::{Desk, Step};
use crate::dunning;
use crate::invoice::{Invoice, RefundStatus};
use crate::payments::{apply_credit, capture_fact, collect, paid, payment_fact, settle_debts, void};
use crate::pricing;
use crate::split;
use crate::table::{Status, Trigger};

/// EffectSettled. The effect's id names the invoice; mail and tickets have nothing to settle.
pub(crate) fn settled(desk: &mut Desk, settled: &EffectSettled) -> Step {
    let Some(mut invoice) = invoice_of(desk, &settled.effect)? else { return Ok(()) };
    // It had expired before, and what that means was done then; only that it came through after all is news.
    if settled.resent && settled.status != Settled::Done {
        return Ok(());
    }
    match (settled.action.as_str(), settled.status) {
        ("capture", Settled::Done) => captured(desk, &mut invoice, settled)?,
        ("capture", _) => lost(desk, &mut invoice, settled)?,
        ("refund", _) => refunded(desk, &mut invoice, settled)?,
        ("void-authorization", Settled::Failed | Settled::Expired) => void_failed(desk, &invoice, settled),
        _ => {}
    }
    desk.file(invoice);
    Ok(())
}

/// The invoice in `capture-inv-3`, `void-inv-3`, `refund-inv-3-1`.
fn invoice_of(desk: &mut Desk, effect: &str) -> Step<Option<Invoice>> {
    let Some((_, id)) = effect.split_once('-') else { return Ok(None) };
    let id = if effect.starts_with("refund-") { id.rsplit_once('-').map_or(id, |(id, _)| id) } else { id };
    desk.invoice(id)
}

/// The money is in. What is no longer owed stays credit; where the subscription has ended it pays debts, and goes back.
fn captured(desk: &mut Desk, invoice: &mut Invoice, settled: &EffectSettled) -> Step {
    let currency = invoice.gross.currency;
    let authorized = invoice.authorized.map(|amount| amount.minor_units);
    let amount = settled.amount.or(authorized).unwrap_or(0);
    if !echoed(desk, &settled.key)? {
        desk.account.receive(currency, amount);
    }
    desk.out.set(capture_fact(&settled.key), &json!({ "invoice": invoice.id }));
    invoice.captured.minor_units += amount;
    invoice.capture = Some(settled.key.clone());
    let excess = (amount - invoice.due()).max(0);
    if invoice.status == Status::Capturing {
        invoice.authorization = None;
        invoice.authorized = None;
        apply_captured(desk, invoice)?;
    } else if invoice.owes() {
        apply_credit(desk, invoice)?;
    }
    if excess > 0 && ended(desk, invoice)? {
        desk.file(invoice.clone());
        settle_debts(desk, currency)?;
        let back = excess.min(desk.account.credit(currency)).min(invoice.captured_left());
        refund(desk, invoice, back);
    }
    Ok(())
}

fn apply_captured(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    let (due, credit) = (invoice.due(), desk.account.credit(invoice.gross.currency));
    if credit < due {
        // The provider's own report of this capture came first and was taken for another invoice's money.
        invoice.follow(Trigger::CaptureLost)?;
        apply_credit(desk, invoice)?;
        return dunning::payment_failed(desk, invoice, "applied_elsewhere");
    }
    desk.account.apply(invoice.gross.currency, due);
    invoice.paid.minor_units += due;
    if invoice.paid.minor_units == 0 {
        return invoice.follow(Trigger::CapturedTooLate);
    }
    invoice.follow(Trigger::Captured)?;
    paid(desk, invoice)
}

/// Whether the provider reported this very capture as a payment before it settled.
fn echoed(desk: &Desk, key: &str) -> Step<bool> {
    Ok(desk.cx.fact::<Money>(&payment_fact(key))?.is_some())
}

/// Whether the subscription an invoice was for is over.
fn ended(desk: &Desk, invoice: &Invoice) -> Step<bool> {
    let Some(subscription) = &invoice.subscription else { return Ok(false) };
    Ok(pricing::plan(desk, subscription)?.is_none())
}

/// The capture failed or expired: authorised once more, and then it is a failed payment like any other. While an
/// invoice is chased the ladder decides when to charge again; a stolen card is not charged again at all.
fn lost(desk: &mut Desk, invoice: &mut Invoice, settled: &EffectSettled) -> Step {
    if invoice.status != Status::Capturing {
        return Ok(());
    }
    let code = settled.decline_code.as_deref().unwrap_or("capture_lost");
    let again = invoice.dunning.is_none() && !invoice.authorized_twice && !dunning::is_hard(code);
    invoice.authorized_twice = true;
    lose(desk, invoice, again, code)
}

/// The reservation is given back, for nobody will ask for its money again; what is owed is still owed.
fn lose(desk: &mut Desk, invoice: &mut Invoice, again: bool, code: &str) -> Step {
    void(desk, invoice);
    invoice.follow(Trigger::CaptureLost)?;
    match (invoice.due(), invoice.paid.minor_units) {
        (0, 0) => invoice.follow(Trigger::CreditedOut),
        (0, _) => {
            invoice.follow(Trigger::PaidRest)?;
            paid(desk, invoice)
        }
        _ if again => collect(desk, invoice),
        _ => {
            apply_credit(desk, invoice)?;
            if invoice.owes() { dunning::payment_failed(desk, invoice, code) } else { Ok(()) }
        }
    }
}

/// A refund ended. One that failed is credit again, and a person sees to it. Where that person sent it again and it came
/// through, the credit is gone; if it was spent meanwhile, the money was given twice, and a person sees to that.
fn refunded(desk: &mut Desk, invoice: &mut Invoice, settled: &EffectSettled) -> Step {
    let currency = invoice.gross.currency;
    let credit = desk.account.credit(currency);
    let Some(refund) = invoice.refunds.iter_mut().find(|refund| refund.effect == settled.effect) else { return Ok(()) };
    let amount = refund.amount;
    let about = match (&refund.status, settled.status) {
        (RefundStatus::Asked, Settled::Done) => {
            refund.status = RefundStatus::Done;
            return Ok(());
        }
        (RefundStatus::Asked, _) => {
            refund.status = RefundStatus::Failed;
            invoice.refunded.minor_units -= amount.minor_units;
            desk.account.refund(currency, -amount.minor_units);
            "refund"
        }
        (RefundStatus::Failed, Settled::Done) if credit >= amount.minor_units => {
            refund.status = RefundStatus::Done;
            invoice.refunded.minor_units += amount.minor_units;
            desk.account.refund(currency, amount.minor_units);
            return Ok(());
        }
        (RefundStatus::Failed, Settled::Done) => "refund-twice",
        (RefundStatus::Failed | RefundStatus::Done, _) => return Ok(()),
    };
    ticket(desk, &settled.effect, &json!({ "about": about, "invoice": invoice.id, "amount": amount }));
    Ok(())
}

/// A reservation that could not be given back keeps a customer's money: a person sees to it.
fn void_failed(desk: &mut Desk, invoice: &Invoice, settled: &EffectSettled) {
    ticket(desk, &settled.effect, &json!({ "about": "void", "invoice": invoice.id, "key": settled.key }));
}

fn ticket(desk: &mut Desk, effect: &str, body: &Value) {
    let id = format!("ticket-{effect}");
    desk.out.effect(Effect::deferred(&id, "ticket", &id, body));
}

/// The timer that watches over an invoice: what it means depends on where the invoice stands by then.
pub(crate) fn watched(desk: &mut Desk, id: &str) -> Step {
    let Some(mut invoice) = desk.invoice(id)? else { return Ok(()) };
    if invoice.awaiting_approval && invoice.status.owing() {
        // Nobody approved while the reservation lived: nothing is charged.
        let all = invoice.creditable();
        credit(desk, &mut invoice, all, "not-approved")?;
    } else if invoice.status == Status::Capturing {
        lose(desk, &mut invoice, false, "capture_unanswered")?;
    } else {
        split::release(&mut invoice, desk.now);
    }
    desk.file(invoice);
    Ok(())
}
