//! Money that goes back at somebody's wish: a refund the customer asks for, one an operator grants, and the bank's.

use syndic_sdk::prelude::*;

use crate::bounds::words;
use crate::credit::{credit, refund};
use crate::desk::{Desk, Step, Stop};
use crate::invoice::{Dispute, Invoice};
use crate::split;
use crate::table::{Status, Trigger};

/// How long after it was paid an invoice is refunded without asking a person.
const REFUND_DAYS: i64 = 14;

/// How long a dispute may stay open before a person looks.
const DISPUTE_DAYS: i64 = 120;

/// Corrections one invoice may have: its fact is bounded, and so is everybody's patience.
const CORRECTIONS_MAX: usize = 100;

/// RefundRequested.
pub(crate) fn requested(desk: &mut Desk, request: &RefundRequested) -> Step {
    let id = &request.invoice_id;
    let Some(mut invoice) = desk.invoice(id)? else {
        return Stop::refuse("invoice-unknown", format!("there is no invoice `{id}`"));
    };
    let amount = refundable(&invoice, request.amount)?;
    if invoice.paid_at.is_none_or(|paid_at| desk.now > paid_at.plus_days(REFUND_DAYS)) {
        return Stop::refer("refund-too-late", format!("{id} was paid more than {REFUND_DAYS} days ago"));
    }
    give(desk, &mut invoice, amount, &request.reason)?;
    desk.file(invoice);
    Ok(())
}

/// OperatorDecided{refund}: the answer to a refund that came too late, named by its invoice.
pub(crate) fn decided(desk: &mut Desk, decided: &OperatorDecided) -> Step {
    let found = match &decided.id {
        Some(id) => desk.invoice(id)?,
        None => None,
    };
    let Some(mut invoice) = found.filter(|invoice| invoice.paid.minor_units > 0) else {
        return Stop::refuse("nothing-to-decide", "`id` names no invoice that money is held for");
    };
    if decided.decision == Ruling::Reject {
        desk.out.note(format!("{}: no refund, says {}", invoice.id, decided.actor));
        return Ok(());
    }
    let amount = refundable(&invoice, decided.amount)?;
    give(desk, &mut invoice, amount, "granted")?;
    desk.file(invoice);
    Ok(())
}

/// How much is to go back; refuses what is not there.
fn refundable(invoice: &Invoice, asked: Option<i64>) -> Step<i64> {
    let id = &invoice.id;
    if invoice.status == Status::Disputed {
        return Stop::refuse("disputed", format!("the bank decides about {id}"));
    }
    let held = invoice.paid.minor_units;
    if invoice.status != Status::Paid || invoice.credit_notes.len() >= CORRECTIONS_MAX {
        return Stop::refuse("not-refundable", format!("nothing of {id} can be refunded"));
    }
    let amount = asked.unwrap_or(held);
    if !(1..=held).contains(&amount) {
        return Stop::refuse("not-refundable", format!("{} of {id} can be refunded", invoice.paid));
    }
    Ok(amount)
}

fn give(desk: &mut Desk, invoice: &mut Invoice, amount: i64, reason: &str) -> Step {
    let freed = credit(desk, invoice, amount, reason)?.freed;
    refund(desk, invoice, freed);
    Ok(())
}

/// DisputeOpened: refunds are frozen, and so is the vendor's part. Only money that is held can be disputed here. What
/// the bank asks beyond that was credited before, and may be spent: a person sees to it.
pub(crate) fn opened(desk: &mut Desk, report: &DisputeOpened) -> Step {
    let Some(mut invoice) = desk.invoice(&report.invoice_id)?.filter(|invoice| invoice.dispute.is_none()) else {
        return Ok(());
    };
    let held = if invoice.status == Status::Paid { invoice.paid.minor_units } else { 0 };
    let amount = report.amount.min(held);
    if report.amount > held {
        let asked = invoice.money(report.amount);
        let body = json!({ "about": "dispute", "invoice": invoice.id, "amount": asked, "held": held });
        let effect = format!("disputed-beyond-{}", invoice.id);
        desk.out.effect(Effect::deferred(&effect, "ticket", &effect, &body));
    }
    if amount <= 0 {
        return Ok(());
    }
    invoice.follow(Trigger::DisputeOpened)?;
    invoice.dispute = Some(Dispute {
        opened_at: desk.now,
        amount: invoice.money(amount),
        reason: words(&report.reason),
        credit_waiting: 0,
        refund_waiting: false,
    });
    split::freeze(&mut invoice);
    desk.out.timer(format!("dispute-{}", invoice.id), desk.now.plus_days(DISPUTE_DAYS), &());
    desk.file(invoice);
    Ok(())
}

/// DisputeClosed.
pub(crate) fn closed(desk: &mut Desk, report: &DisputeClosed) -> Step {
    let Some(mut invoice) = desk.invoice(&report.invoice_id)? else { return Ok(()) };
    let Some(dispute) = invoice.dispute.take() else { return Ok(()) };
    match report.status {
        DisputeStatus::Won => invoice.follow(Trigger::DisputeWon)?,
        DisputeStatus::Lost => charge_back(desk, &mut invoice, dispute.amount.minor_units)?,
    }
    split::thaw(&mut invoice, desk.now);
    if invoice.status == Status::Paid {
        give_what_waited(desk, &mut invoice, &dispute)?;
    }
    desk.file(invoice);
    Ok(())
}

/// The bank took its money: what was paid with it counts as written off, for there is nobody to ask again.
fn charge_back(desk: &mut Desk, invoice: &mut Invoice, amount: i64) -> Step {
    invoice.paid.minor_units -= amount;
    invoice.charged_back.minor_units += amount;
    invoice.written_off.minor_units += amount;
    desk.account.charge_back(invoice.gross.currency, amount);
    split::reverse(invoice, amount)?;
    let some_left = invoice.paid.minor_units > 0;
    invoice.follow(if some_left { Trigger::DisputeLostInPart } else { Trigger::DisputeLost })
}

/// Credit that came due while the bank decided.
fn give_what_waited(desk: &mut Desk, invoice: &mut Invoice, dispute: &Dispute) -> Step {
    let waiting = dispute.credit_waiting.min(invoice.paid.minor_units);
    let freed = credit(desk, invoice, waiting, "disputed")?.freed;
    if dispute.refund_waiting {
        refund(desk, invoice, freed.min(invoice.captured_left()));
    }
    Ok(())
}

/// 120 days without the bank's word: a person asks.
pub(crate) fn overdue(desk: &mut Desk, id: &str) -> Step {
    let Some(invoice) = desk.invoice(id)? else { return Ok(()) };
    if let Some(dispute) = &invoice.dispute {
        let body = json!({ "about": "dispute", "invoice": id, "amount": dispute.amount, "since": dispute.opened_at });
        let effect = format!("dispute-{id}");
        desk.out.effect(Effect::deferred(&effect, "ticket", &effect, &body));
    }
    Ok(())
}
