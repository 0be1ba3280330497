//! Dunning: what happens to an invoice nobody pays, as a ladder of deadlines after the first failure.
//!
//! Every rung has its own timer, set when the ladder begins, so a retry that gets no answer and is rolled back takes
//! no later rung with it. A code that says the method is gone (a stolen card) skips the retries: nobody charges a
//! stolen card twice. While the customer is suspended for any other cause the ladder stands still.

use serde::{Deserialize, Serialize};
use syndic_book::{causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::bounds::words;
use crate::cancellation;
use crate::desk::{Desk, Step};
use crate::invoice::Invoice;
use crate::payments::{apply_credit, collect};
use crate::split;
use crate::table::Trigger;

/// The rungs, with the hours after the first failure at which each is due: for an ordinary invoice, and for the first
/// one after a trial. None: the rung is left out.
#[rustfmt::skip]
pub(crate) const LADDER: &[(Rung, Option<i64>, Option<i64>)] = &[
    //                ordinary         after a trial
    (Rung::Retry1,  Some(24),        Some(24)),
    (Rung::Retry2,  Some(3 * 24),    None),
    (Rung::Retry3,  Some(7 * 24),    None),
    (Rung::Suspend, Some(7 * 24),    None),
    (Rung::GiveUp,  Some(10 * 24),   Some(3 * 24)),
];

/// What a rung does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    /// Charges again.
    Retry1,
    /// Charges again.
    Retry2,
    /// Charges again, for the last time.
    Retry3,
    /// Adds the cause `payment`: access is blocked.
    Suspend,
    /// Cancels what is unpaid and writes the rest off.
    GiveUp,
}

impl Rung {
    fn name(self) -> &'static str {
        match self {
            Rung::Retry1 => "retry-1",
            Rung::Retry2 => "retry-2",
            Rung::Retry3 => "retry-3",
            Rung::Suspend => "suspend",
            Rung::GiveUp => "give-up",
        }
    }

    pub(crate) fn is_retry(self) -> bool {
        matches!(self, Rung::Retry1 | Rung::Retry2 | Rung::Retry3)
    }
}

/// Codes after which a method is never charged again.
const HARD: [&str; 5] = ["lost_card", "stolen_card", "pickup_card", "fraudulent", "invalid_account"];

/// How often a suspended customer's ladder is looked at. Some causes are lifted by events that billing is not shown.
const LOOK_AGAIN_DAYS: i64 = 1;

/// Invoices whose ladder one SuspensionLifted sets going again: five timers each, of sixteen. Others follow when they
/// are looked at.
const RESUMED_AT_ONCE: usize = 3;

/// Invoices whose ladder one ManualSuspension stops. Others stop when their next rung is due.
const PAUSED_AT_ONCE: usize = 16;

/// How an invoice is chased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dunning {
    /// When the first payment failed; later by as long as the ladder stood still.
    pub since: Time,
    /// How many payments failed.
    pub failures: u32,
    /// Why the last one did.
    pub code: String,
    /// Whether the method is not to be charged again…
    pub hard: bool,
    /// …and which one that is. Another one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How many rungs were taken.
    pub rungs: usize,
    /// Since when the ladder stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Time>,
}

/// PaymentFailed. Without an invoice that is owed there is nothing to chase.
pub(crate) fn reported(desk: &mut Desk, report: &PaymentFailed) -> Step {
    let code = report.decline_code.as_deref().unwrap_or("generic_decline");
    let ids = match &report.invoice_id {
        Some(id) => vec![id.clone()],
        None => desk.account.open.clone(),
    };
    for id in ids {
        let Some(mut invoice) = desk.invoice(&id)? else { continue };
        if invoice.owes() && !invoice.awaiting_approval {
            payment_failed(desk, &mut invoice, code)?;
            desk.file(invoice);
            break;
        }
    }
    Ok(())
}

/// An invoice is past due from its first failure on.
pub(crate) fn payment_failed(desk: &mut Desk, invoice: &mut Invoice, code: &str) -> Step {
    invoice.follow(Trigger::PaymentFailed)?;
    let before = invoice.dunning.take();
    let method = &desk.account.payment_method;
    // What is known of a method stays known: its next failure may be reported without the code.
    let hard = is_hard(code) || before.as_ref().is_some_and(|dunning| dunning.hard && dunning.method == *method);
    let turned = before.as_ref().is_none_or(|dunning| dunning.hard != hard);
    let mut dunning = before.unwrap_or_else(|| Dunning::begun(desk.now));
    dunning.failures += 1;
    dunning.method = method.clone().filter(|_| hard);
    dunning.code = words(code);
    dunning.hard = hard;
    invoice.dunning = Some(dunning);
    if turned && hard {
        let body = json!({ "template": "payment-method-needed", "invoice": invoice.id, "decline_code": words(code) });
        let id = format!("method-{}", invoice.id);
        desk.out.effect(Effect::deferred(&id, "mail", &id, &body));
    }
    if turned || missed_a_rung(desk, invoice) {
        arm(desk, invoice);
    }
    Ok(())
}

/// Whether a method is never charged again after this code.
pub(crate) fn is_hard(code: &str) -> bool {
    HARD.contains(&code)
}

impl Dunning {
    fn begun(since: Time) -> Self {
        Dunning { since, failures: 0, code: String::new(), hard: false, method: None, rungs: 0, paused_at: None }
    }
}

/// Whether a rung fell due, and was passed over, while a capture was under way.
fn missed_a_rung(desk: &Desk, invoice: &Invoice) -> bool {
    ahead(invoice).any(|(_, rung, due)| due <= desk.now && !rung.is_retry())
}

/// Sets a timer for every rung that is left. A retry whose time has passed is left out; nothing else is.
fn arm(desk: &mut Desk, invoice: &Invoice) {
    for (_, rung, due) in ahead(invoice) {
        if due > desk.now || !rung.is_retry() {
            desk.out.timer(format!("{}-{}", rung.name(), invoice.id), due.max(desk.now), &());
        }
    }
}

/// The rungs that are left, with their number and when they are due.
fn ahead(invoice: &Invoice) -> impl Iterator<Item = (usize, Rung, Time)> + '_ {
    let rungs = LADDER.iter().enumerate();
    invoice.dunning.iter().flat_map(move |dunning| {
        rungs.clone().skip(dunning.rungs).filter_map(move |(at, (rung, ordinary, after_trial))| {
            let hours = if invoice.after_trial { after_trial } else { ordinary };
            let due = dunning.since.plus_hours((*hours)?);
            (!dunning.hard || !rung.is_retry()).then_some((at, *rung, due))
        })
    })
}

/// A timer of the ladder. Answers false where the name is none of ours.
pub(crate) fn fired(desk: &mut Desk, timer: &str) -> Step<bool> {
    let named = |name: &str| timer.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    if let Some(id) = named("look-again") {
        return look_again(desk, id).map(|()| true);
    }
    for (rung, ..) in LADDER {
        if let Some(id) = named(rung.name()) {
            return climb(desk, *rung, id).map(|()| true);
        }
    }
    Ok(false)
}

fn climb(desk: &mut Desk, rung: Rung, id: &str) -> Step {
    let Some(mut invoice) = chased(desk, id)? else { return Ok(()) };
    if holds_renewal(&causes(desk.cx)?) {
        pause(desk, &mut invoice);
        desk.file(invoice);
        return Ok(());
    }
    if resume(desk, &mut invoice) {
        desk.file(invoice);
        return Ok(());
    }
    let due = ahead(&invoice).find(|(_, ahead, due)| *ahead == rung && *due <= desk.now);
    let (Some((at, ..)), Some(dunning)) = (due, &mut invoice.dunning) else { return Ok(()) };
    dunning.rungs = at + 1;
    match rung {
        Rung::Retry1 | Rung::Retry2 | Rung::Retry3 => collect(desk, &mut invoice)?,
        Rung::Suspend | Rung::GiveUp => {
            // Nobody is shut out, and nothing given up, over money that lies here.
            apply_credit(desk, &mut invoice)?;
            match rung {
                _ if !invoice.owes() => {}
                Rung::Suspend => desk.account.suspended = true,
                _ => return give_up(desk, invoice),
            }
        }
    }
    desk.file(invoice);
    Ok(())
}

/// The end of the ladder: what is unpaid is cancelled, the part that was not used is credited, the rest written off.
fn give_up(desk: &mut Desk, invoice: Invoice) -> Step {
    let id = invoice.id.clone();
    let subscription = invoice.subscription.clone();
    desk.file(invoice);
    let subs = syndic_book::subscriptions(desk.cx)?;
    let unpaid = |id: &String| subscription.as_ref().is_none_or(|unpaid| unpaid == id);
    let ending: Vec<_> = subs.iter().filter(|sub| sub.status.is_open() && unpaid(&sub.id)).collect();
    if subscription.is_some() {
        cancellation::end(desk, &ending)?;
    }
    if let Some(mut invoice) = chased(desk, &id)? {
        invoice.written_off.minor_units += invoice.due();
        invoice.follow(Trigger::GivenUp)?;
        split::record(desk, &mut invoice)?;
        desk.file(invoice);
    }
    if !ending.is_empty() {
        let reason = Some("unpaid".to_owned());
        desk.out.raise(CustomerCancels { reason, when: When::Now, subscription_id: subscription }.into());
    }
    Ok(())
}

/// ManualSuspension: the ladders stand still.
pub(crate) fn suspended(desk: &mut Desk) -> Step {
    for id in desk.account.past_due.iter().take(PAUSED_AT_ONCE).cloned().collect::<Vec<_>>() {
        let Some(mut invoice) = desk.invoice(&id)? else { continue };
        pause(desk, &mut invoice);
        desk.file(invoice);
    }
    Ok(())
}

/// SuspensionLifted: they go on, once no cause but payment or quota is left.
pub(crate) fn lifted(desk: &mut Desk, cause: Cause) -> Step {
    let mut left = causes(desk.cx)?;
    left.remove(cause.as_str());
    if holds_renewal(&left) {
        return Ok(());
    }
    let mut resumed = 0;
    for id in desk.account.past_due.clone() {
        let Some(mut invoice) = desk.invoice(&id)? else { continue };
        if resumed < RESUMED_AT_ONCE && resume(desk, &mut invoice) {
            resumed += 1;
            desk.file(invoice);
        }
    }
    Ok(())
}

fn look_again(desk: &mut Desk, id: &str) -> Step {
    let Some(mut invoice) = chased(desk, id)? else { return Ok(()) };
    if holds_renewal(&causes(desk.cx)?) {
        pause(desk, &mut invoice);
    } else {
        resume(desk, &mut invoice);
    }
    desk.file(invoice);
    Ok(())
}

/// Stops a ladder, and looks again in a day, for as long as it takes.
fn pause(desk: &mut Desk, invoice: &mut Invoice) {
    let Some(dunning) = &mut invoice.dunning else { return };
    let now = desk.now;
    dunning.paused_at.get_or_insert(now);
    desk.out.timer(format!("look-again-{}", invoice.id), now.plus_days(LOOK_AGAIN_DAYS), &());
}

/// Sets a ladder going again where it stood still, later by as long as it did. Answers whether it did.
fn resume(desk: &mut Desk, invoice: &mut Invoice) -> bool {
    let Some(dunning) = &mut invoice.dunning else { return false };
    let Some(paused_at) = dunning.paused_at.take() else { return false };
    dunning.since = dunning.since.plus_ms(desk.now.since(paused_at).max(0));
    arm(desk, invoice);
    true
}

/// The invoice, while it is chased and owed.
fn chased(desk: &mut Desk, id: &str) -> Step<Option<Invoice>> {
    Ok(desk.invoice(id)?.filter(|invoice| invoice.dunning.is_some() && invoice.owes()))
}
