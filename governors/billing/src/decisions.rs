//! What people decide: an approval, another way to pay, a suspension lifted.

use serde::Deserialize;
use syndic_book::{Status as Life, causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::bounds;
use crate::desk::{Desk, Step, Stop};
use crate::dunning;
use crate::payments::{capture, collect};
use crate::pricing;
use crate::refunds;
use crate::table::Status;

/// Past-due invoices one decision charges again. A no may set five timers each, of sixteen.
const RETRIED_AT_ONCE: usize = 3;

/// Trials one decision wakes up: no decision raises more events.
const RENEWED_AT_ONCE: usize = 4;

/// The timer that charges the past-due invoices for which a decision had no room.
pub(crate) const REST: &str = "charge-rest";

/// OperatorDecided. A refund is ours to decide; an approval is entitlement's, and what we reserved for it ours to take.
pub(crate) fn decided(desk: &mut Desk, decided: &OperatorDecided) -> Step {
    match (decided.about, decided.decision) {
        (About::Refund, _) => refunds::decided(desk, decided),
        (About::Approval, Ruling::Accept) => approved(desk, decided.id.as_deref()),
        // A rejected approval raises CustomerCancels, and that gives the reservation back.
        _ => Ok(()),
    }
}

/// Takes what was only reserved. What was part paid meanwhile is collected; a no is a failed payment by now.
fn approved(desk: &mut Desk, id: Option<&str>) -> Step {
    let subscription = match id {
        Some(id) => syndic_book::subscription(desk.cx, id)?.map(|sub| sub.id),
        None => oldest_waiting(desk)?,
    };
    let Some(subscription) = subscription else { return Ok(()) };
    let Some(plan) = pricing::plan(desk, &subscription)? else { return Ok(()) };
    for id in &plan.invoices {
        let Some(mut invoice) = desk.invoice(id)?.filter(|invoice| invoice.awaiting_approval) else { continue };
        invoice.awaiting_approval = false;
        if invoice.status == Status::Authorised {
            capture(desk, &mut invoice)?;
        } else if invoice.owes() {
            collect(desk, &mut invoice)?;
        }
        desk.file(invoice);
    }
    Ok(())
}

/// The part of `entitlement.grant.<id>` that is read here.
#[derive(Deserialize)]
struct Grant {
    status: String,
}

/// An approval that names nothing is entitlement's to understand: the oldest grant that waits.
fn oldest_waiting(desk: &Desk) -> Step<Option<String>> {
    for id in syndic_book::index(desk.cx)?.ids {
        let grant: Option<Grant> = desk.cx.fact(&format!("entitlement.grant.{id}"))?;
        if grant.is_some_and(|grant| grant.status == "pending_approval") {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// PaymentMethodUpdated: kept, and tried at once on what is past due. A trial that ended for want of a method goes on.
pub(crate) fn method_updated(desk: &mut Desk, update: &PaymentMethodUpdated) -> Step {
    desk.account.payment_method = Some(bounds::name("payment method", &update.payment_method)?);
    if !holds_renewal(&causes(desk.cx)?) {
        let subs = syndic_book::subscriptions(desk.cx)?;
        for sub in subs.iter().filter(|sub| sub.status == Life::Expired).take(RENEWED_AT_ONCE) {
            desk.out.raise(RenewalDue { subscription_id: sub.id.clone() }.into());
        }
    }
    let past_due = desk.account.past_due.clone();
    charge_again(desk, &past_due)
}

/// The timer: the invoices that are left.
pub(crate) fn rest(desk: &mut Desk, timer: &TimerFired) -> Step {
    let Some(data) = timer.data.clone() else { return Ok(()) };
    let ids: Vec<String> = serde_json::from_value(data).map_err(Fault::from)?;
    charge_again(desk, &ids)
}

fn charge_again(desk: &mut Desk, ids: &[String]) -> Step {
    let (now, later) = ids.split_at(ids.len().min(RETRIED_AT_ONCE));
    for id in now {
        let Some(mut invoice) = desk.invoice(id)?.filter(|invoice| invoice.owes()) else { continue };
        collect(desk, &mut invoice)?;
        desk.file(invoice);
    }
    if !later.is_empty() {
        desk.out.timer(REST, desk.now, later);
    }
    Ok(())
}

/// SuspensionLifted. The cause `payment` is ours: lifted by a person, the debt stays and so does grace.
pub(crate) fn lifted(desk: &mut Desk, lifted: &SuspensionLifted) -> Step {
    if lifted.cause == Cause::Payment {
        if !desk.account.suspended {
            return Stop::refuse("not-suspended", "no unpaid invoice has suspended this customer");
        }
        desk.account.suspended = false;
    }
    dunning::lifted(desk, lifted.cause)
}
