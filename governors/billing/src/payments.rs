//! Money on its way in: reserving and capturing, credit that is there already, and payments that just arrive.
//!
//! Money that arrives is credit first and belongs to an invoice only once it is applied. So a payment that is too
//! large, too late, in the wrong currency or for nothing at all is never lost and never refused.

use serde::Serialize;
use sha2::{Digest, Sha256};
use syndic_sdk::prelude::*;

use crate::desk::{Desk, Step};
use crate::dunning;
use crate::invoice::Invoice;
use crate::pricing;
use crate::split;
use crate::table::{Status, Trigger};

/// How long an authorisation lives at the payment service.
const AUTHORISATION_DAYS: i64 = 6;

/// How long a capture may go without an end before it counts as lost.
const CAPTURE_DAYS: i64 = 7;

/// How much of a payment key is claimed; the claims of a tenant have 512 bytes.
const CLAIMED_BYTES_MAX: usize = 500;

/// What became of the attempt to collect an invoice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    /// The payment service is being asked; this run keeps nothing.
    Asked,
    /// Nothing is owed any more: credit covered it.
    Covered,
    /// The rest is reserved, and captured unless a person has to approve first.
    Secured,
    /// The payment service said no.
    Declined(String),
}

/// Collects what an invoice is owed: credit first, the rest by authorisation and capture.
pub(crate) fn charge(desk: &mut Desk, invoice: &mut Invoice) -> Step<Charge> {
    apply_credit(desk, invoice)?;
    if invoice.due() == 0 {
        return Ok(Charge::Covered);
    }
    if !desk.account.may_receive(invoice.gross.currency, invoice.due()) {
        return Ok(Charge::Declined("amount_too_large".to_owned()));
    }
    let id = format!("authorize-{}", invoice.id);
    let method = desk.account.payment_method.clone();
    let Some(answer) = desk.answer(&id, || authorize(&id, invoice, method.as_deref())) else {
        return Ok(Charge::Asked);
    };
    if !answer.accepted {
        let code = answer.body.get("decline_code").and_then(Value::as_str);
        return Ok(Charge::Declined(code.unwrap_or("generic_decline").to_owned()));
    }
    invoice.follow(Trigger::Reserved)?;
    invoice.payment_method = method;
    invoice.authorization = Some(answer.key.clone());
    invoice.authorized = Some(invoice.money(invoice.due()));
    match invoice.awaiting_approval {
        true => drop(desk.out.timer(watch(invoice), desk.now.plus_days(AUTHORISATION_DAYS), &())),
        false => capture(desk, invoice)?,
    }
    Ok(Charge::Secured)
}

/// Collects, and takes a no as a failed payment: for everything that is a report or a timer, and cannot be refused.
pub(crate) fn collect(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    match charge(desk, invoice)? {
        Charge::Declined(code) => dunning::payment_failed(desk, invoice, &code),
        Charge::Asked | Charge::Covered | Charge::Secured => Ok(()),
    }
}

/// Asks for the reserved money: the whole of it, once.
pub(crate) fn capture(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    invoice.follow(Trigger::CaptureAsked)?;
    invoice.awaiting_approval = false;
    let body = json!({
        "authorization": invoice.authorization,
        "amount": invoice.authorized,
        "payment_method": invoice.payment_method,
        "invoice": invoice.id,
    });
    desk.out.effect(Effect::deferred(format!("capture-{}", invoice.id), "capture", &invoice.id, &body));
    desk.out.timer(watch(invoice), desk.now.plus_days(CAPTURE_DAYS), &());
    Ok(())
}

/// Gives a reservation back, where one stands.
pub(crate) fn void(desk: &mut Desk, invoice: &mut Invoice) {
    if let Some(authorization) = invoice.authorization.take() {
        let body =
            json!({ "authorization": authorization, "invoice": invoice.id, "amount": invoice.authorized.take() });
        let id = format!("void-{}", invoice.id);
        desk.out.effect(Effect::deferred(id, "void-authorization", &invoice.id, &body));
    }
}

/// Puts credit on an invoice, as far as it goes.
pub(crate) fn apply_credit(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    let currency = invoice.gross.currency;
    let amount = desk.account.credit(currency).min(invoice.due());
    if amount <= 0 {
        return Ok(());
    }
    desk.account.apply(currency, amount);
    invoice.paid.minor_units += amount;
    if invoice.status == Status::Authorised {
        void(desk, invoice);
    }
    if invoice.due() > 0 {
        return invoice.follow(Trigger::PaidPart);
    }
    invoice.follow(Trigger::PaidRest)?;
    paid(desk, invoice)
}

/// Nothing is owed any more, and money is held.
pub(crate) fn paid(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    invoice.paid_at = Some(desk.now);
    invoice.dunning = None;
    split::record(desk, invoice)
}

/// Puts credit on everything that is owed, the oldest first: before money goes back, debts are paid. What a person has
/// not approved is no debt yet.
pub(crate) fn settle_debts(desk: &mut Desk, currency: Currency) -> Step {
    for id in desk.account.open.clone() {
        if desk.account.credit(currency) == 0 || !desk.has_room_for(1) {
            break;
        }
        let Some(mut invoice) = desk.invoice(&id)? else { continue };
        if invoice.owes() && !invoice.awaiting_approval && invoice.gross.currency == currency {
            apply_credit(desk, &mut invoice)?;
            desk.file(invoice);
        }
    }
    Ok(())
}

/// What a payment key is claimed for.
#[derive(Serialize)]
struct Claim<'a> {
    subject: &'a str,
    amount: i64,
    currency: Currency,
    invoice_id: Option<&'a str>,
    /// The whole key, where the claim has room for its beginning only.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl Claim<'_> {
    /// The key a payment is claimed by. Two long ones with one beginning are told apart by what they are claimed for.
    fn by(key: &str) -> String {
        format!("payment:{}", &key[..key.floor_char_boundary(CLAIMED_BYTES_MAX)])
    }
}

/// PaymentProcessed. The provider also reports our own captures this way; those are counted where they settle.
pub(crate) fn processed(desk: &mut Desk, payment: &PaymentProcessed) -> Step {
    let key = &payment.idempotency_key;
    if desk.cx.fact::<Value>(&capture_fact(key))?.is_some() {
        return Ok(());
    }
    let named = match &payment.invoice_id {
        Some(id) => desk.invoice(id)?,
        None => None,
    };
    let currency = match payment.currency {
        Some(currency) => currency,
        None => assumed(desk, payment, named.as_ref())?,
    };
    let invoice_id = payment.invoice_id.as_deref();
    let whole_key = (key.len() > CLAIMED_BYTES_MAX).then_some(key.as_str());
    let claim = Claim { subject: desk.cx.subject(), amount: payment.amount, currency, invoice_id, key: whole_key };
    desk.out.claim(Claim::by(key), &claim);
    desk.out.set(payment_fact(key), &Money::new(payment.amount, currency));
    let target = match invoice_id {
        Some(_) => named.filter(|invoice| invoice.owes() && invoice.gross.currency == currency),
        None => oldest(desk, Some(currency))?,
    };
    receive(desk, target, currency, payment.amount)
}

/// The currency of a payment that names none: what it was taken for when it was first told, for a claim is kept by
/// it; the invoice's that it settles, or that is being captured, for this may be the echo; what the customer was
/// charged, or would be; the bundled book's.
fn assumed(desk: &mut Desk, payment: &PaymentProcessed, named: Option<&Invoice>) -> Step<Currency> {
    if let Some(told) = desk.cx.fact::<Money>(&payment_fact(&payment.idempotency_key))? {
        return Ok(told.currency);
    }
    if let Some(invoice) = named {
        return Ok(invoice.gross.currency);
    }
    if let Some(invoice) = oldest(desk, None)? {
        return Ok(invoice.gross.currency);
    }
    if let Some(capturing) = desk.account.open.first().cloned()
        && let Some(invoice) = desk.invoice(&capturing)?
    {
        return Ok(invoice.gross.currency);
    }
    if let Some(currency) = desk.account.currency {
        return Ok(currency);
    }
    for id in syndic_book::index(desk.cx)?.ids {
        if let Some(plan) = pricing::plan(desk, &id)? {
            return Ok(plan.line.currency);
        }
    }
    Ok(Currency::USD)
}

/// Applies a payment to one invoice; what is over stays credit.
fn receive(desk: &mut Desk, target: Option<Invoice>, currency: Currency, amount: i64) -> Step {
    let before = desk.account.credit(currency);
    desk.account.receive(currency, amount);
    let Some(mut invoice) = target else {
        desk.out.note(format!("{} kept as credit", Money::new(amount, currency)));
        return Ok(());
    };
    // Older credit stays where it is: the report says which money this is.
    desk.account.apply(currency, before);
    apply_credit(desk, &mut invoice)?;
    desk.account.apply(currency, -before);
    desk.file(invoice);
    Ok(())
}

/// The oldest invoice that a payment may settle: in a currency, or in any.
fn oldest(desk: &mut Desk, currency: Option<Currency>) -> Step<Option<Invoice>> {
    for id in desk.account.open.clone() {
        let fits = |invoice: &Invoice| currency.is_none_or(|currency| invoice.gross.currency == currency);
        if let Some(invoice) = desk.invoice(&id)?.filter(|invoice| invoice.owes() && fits(invoice)) {
            return Ok(Some(invoice));
        }
    }
    Ok(None)
}

/// Where a capture's key is kept, so that its echo is known.
pub(crate) fn capture_fact(key: &str) -> String {
    format!("billing.capture.{}", digest(key))
}

/// Where a payment is kept, so that a capture that settles after its own echo is not counted twice.
pub(crate) fn payment_fact(key: &str) -> String {
    format!("billing.payment.{}", digest(key))
}

/// The SHA-256 of a payment's key, in hexadecimal. The names of facts stand in the ledger in clear, those that were
/// only looked for too, and a key is whatever the sender made it of: an address, a card's last digits.
fn digest(key: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(key).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // a String takes whatever is written to it
        hex
    })
}

/// The name of the one timer that watches over an invoice between its states.
pub(crate) fn watch(invoice: &Invoice) -> String {
    format!("watch-{}", invoice.id)
}

fn authorize(id: &str, invoice: &Invoice, method: Option<&str>) -> Effect {
    let amount = invoice.money(invoice.due());
    let body = json!({ "amount": amount, "payment_method": method, "invoice": invoice.id });
    let undo = json!({ "invoice": invoice.id, "payment_method": method });
    Effect::reversible(id, "authorize-payment", &invoice.id, &body, "void-authorization", &undo)
}
