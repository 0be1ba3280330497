//! The end of a subscription: what was not used is credited, debts are paid from that, and what is left of captured
//! money goes back. What was only reserved is given back as a reservation, never as a refund.

use syndic_book::{Subscription, cancelled_by, live};
use syndic_sdk::prelude::*;

use crate::credit::{credit, credit_plan, refund};
use crate::desk::{Desk, Step};
use crate::payments::settle_debts;
use crate::pricing::{self, Plan};
use crate::usage;

/// The timer that ends the subscriptions for which a decision had no room.
pub(crate) const REST: &str = "cancel-rest";

/// Invoices whose money one decision may send back: an effect each, of sixteen. One plan has at most twelve.
const SENT_BACK_AT_ONCE: usize = 14;

/// CustomerCancels. Until a period's end only the slot `subscription` has something to do.
pub(crate) fn cancels(desk: &mut Desk, request: &CustomerCancels) -> Step {
    if request.when == When::PeriodEnd {
        return Ok(());
    }
    let subs = syndic_book::subscriptions(desk.cx)?;
    let ending = cancelled_by(&subs, request);
    let leaves = live(&subs).all(|sub| ending.iter().any(|ended| ended.id == sub.id));
    if leaves && !ending.is_empty() {
        usage::close(desk)?;
    }
    end(desk, &ending)
}

/// The timer: the subscriptions that are left. By now they are cancelled, and only their plans are still in force.
pub(crate) fn rest(desk: &mut Desk, timer: &TimerFired) -> Step {
    let ids: Vec<String> = match &timer.data {
        Some(data) => serde_json::from_value(data.clone()).map_err(Fault::from)?,
        None => Vec::new(),
    };
    let mut ending = Vec::new();
    for id in ids {
        ending.extend(syndic_book::subscription(desk.cx, &id)?);
    }
    end(desk, &ending.iter().collect::<Vec<_>>())
}

/// Ends what is in force for these subscriptions.
pub(crate) fn end(desk: &mut Desk, ending: &[&Subscription]) -> Step {
    let (mut freed, mut invoices) = (Vec::new(), 0);
    for (at, sub) in ending.iter().enumerate() {
        let Some(plan) = pricing::plan(desk, &sub.id)? else { continue };
        invoices += plan.invoices.len();
        let fits = invoices <= SENT_BACK_AT_ONCE && desk.has_room_for(plan.invoices.len());
        if !fits && !freed.is_empty() {
            let rest: Vec<_> = ending[at..].iter().map(|sub| &sub.id).collect();
            desk.out.timer(REST, desk.now, &rest);
            break;
        }
        let amount = give_back(desk, &plan)?;
        pricing::end(desk, &sub.id);
        freed.push((plan, amount));
    }
    for (plan, _) in &freed {
        settle_debts(desk, plan.line.currency)?;
    }
    for (plan, amount) in freed {
        send_back(desk, &plan, amount)?;
    }
    Ok(())
}

/// Credits what was not used: of what a person never approved, all of it. Says how much paid money that freed.
fn give_back(desk: &mut Desk, plan: &Plan) -> Step<i64> {
    let mut freed = 0;
    for id in &plan.invoices {
        let Some(mut invoice) = desk.invoice(id)? else { continue };
        if invoice.awaiting_approval {
            let all = invoice.creditable();
            freed += credit(desk, &mut invoice, all, "not-approved")?.freed;
            desk.file(invoice);
        }
    }
    let unused = pricing::unused(desk, plan)?;
    freed += credit_plan(desk, plan, unused, "cancelled")?;
    for id in &plan.invoices {
        let Some(mut invoice) = desk.invoice(id)? else { continue };
        if let Some(dispute) = &mut invoice.dispute {
            dispute.refund_waiting = true;
            desk.file(invoice);
        }
    }
    Ok(freed)
}

/// Refunds freed money as far as it was captured and is still there; the rest stays credit.
fn send_back(desk: &mut Desk, plan: &Plan, freed: i64) -> Step {
    let mut left = freed.min(desk.account.credit(plan.line.currency));
    for id in plan.invoices.iter().rev() {
        let Some(mut invoice) = desk.invoice(id)? else { continue };
        let part = left.min(invoice.captured_left());
        if part > 0 && invoice.dispute.is_none() && invoice.gross.currency == plan.line.currency {
            refund(desk, &mut invoice, part);
            left -= part;
            desk.file(invoice);
        }
    }
    Ok(())
}
