//! The books: what must add up, per currency, whatever happened.
//!
//! For every invoice and for all of them: invoiced = paid + credited + written off + open. For the till: received =
//! paid + unapplied + refunded + charged back. The first is looked at for each invoice a decision touches; the second
//! as a difference, because a decision that moves money must move it from one of these places to another. A decision
//! that does neither is a fault: nothing of it is kept, and a person looks.

use std::collections::BTreeMap;

use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

use crate::account::{Account, Purse};
use crate::desk::File;
use crate::invoice::Invoice;

/// What stands in the books of one currency.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Gross of all invoices.
    pub invoiced: i64,
    /// Held for invoices.
    pub paid: i64,
    /// Taken back by credit notes.
    pub credited: i64,
    /// Given up or charged back.
    pub written_off: i64,
    /// Still owed.
    pub open: i64,
    /// All that came in.
    pub received: i64,
    /// In no invoice.
    pub unapplied: i64,
    /// Went back.
    pub refunded: i64,
    /// Was taken back.
    pub charged_back: i64,
}

/// The books of an account with all its invoices.
pub(crate) fn books<'a>(
    account: &Account,
    invoices: impl IntoIterator<Item = &'a Invoice>,
) -> BTreeMap<Currency, Totals> {
    let mut books: BTreeMap<Currency, Totals> = BTreeMap::new();
    for invoice in invoices {
        let totals = books.entry(invoice.gross.currency).or_default();
        totals.invoiced += invoice.gross.minor_units;
        totals.paid += invoice.paid.minor_units;
        totals.credited += invoice.credited.minor_units;
        totals.written_off += invoice.written_off.minor_units;
        totals.open += invoice.due();
    }
    let mut enter = |purse: &Purse, place: fn(&mut Totals) -> &mut i64| {
        for (currency, amount) in purse {
            *place(books.entry(*currency).or_default()) += amount;
        }
    };
    enter(&account.received, |totals| &mut totals.received);
    enter(&account.unapplied, |totals| &mut totals.unapplied);
    enter(&account.refunded, |totals| &mut totals.refunded);
    enter(&account.charged_back, |totals| &mut totals.charged_back);
    books
}

/// Refuses to let a decision out whose books do not balance.
pub(crate) fn check<'a>(
    before: &Account,
    after: &Account,
    files: impl Iterator<Item = &'a File> + Clone,
) -> Result<(), Fault> {
    let filed = files.clone().map(|file| &file.filed);
    if let Some(invoice) = filed.clone().find(|invoice| !sound(invoice)) {
        return Err(Fault::new("broken-books", format!("{} does not add up", invoice.id)));
    }
    let then = books(before, files.filter_map(|file| file.found.as_ref()));
    for (currency, now) in books(after, filed) {
        let then = then.get(&currency).copied().unwrap_or_default();
        let came_in = now.received - then.received;
        let places = |totals: Totals| totals.paid + totals.unapplied + totals.refunded + totals.charged_back;
        if came_in != places(now) - places(then) {
            return Err(Fault::new("broken-books", format!("{currency}: money came from nowhere, or went there")));
        }
        if now.unapplied < 0 {
            return Err(Fault::new("broken-books", format!("{currency}: more credit was used than there is")));
        }
    }
    Ok(())
}

/// What an invoice must be at any time.
fn sound(invoice: &Invoice) -> bool {
    let Invoice { paid, credited, written_off, captured, refunded, charged_back, .. } = invoice;
    let amounts = [paid, credited, written_off, captured, refunded, charged_back];
    invoice.due() >= 0
        && invoice.gross.minor_units <= SAFE_MAX
        && amounts.iter().all(|amount| amount.minor_units >= 0)
        && (invoice.due() == 0 || invoice.status.unsettled())
}
