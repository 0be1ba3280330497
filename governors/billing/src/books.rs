//! The books: double entry behind every amount.
//!
//! What stands in each account of the chart follows from the facts, so nobody posts anything: an entry is the
//! difference a decision made to them, and the sum of all entries is what the facts say now. An entry whose debits are
//! not its credits is money from nowhere, or gone there. Then the decision is a fault: nothing of it is kept, and a
//! person looks. The equations of the specification are this one sentence:
//!
//! - invoiced = paid + credited + written off + open, by the definition of `Invoice::due`
//! - received = paid + unapplied + refunded + charged back, because every account but `paid` has its own balance here

use std::collections::BTreeMap;

use serde::Serialize;
use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

use crate::account::{Account, keep};
use crate::chart::Heading::{self, *};
use crate::chart::Side;
use crate::desk::File;
use crate::invoice::{Invoice, RefundStatus};
use crate::split::{Parts, Split, share};

/// The fact `billing.entry.<n>`: what one decision did to the books.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// When.
    at: Time,
    /// What for.
    why: Why,
    /// Debits first. Of each currency they come to as much as the credits.
    lines: Vec<Line>,
}

/// What an entry is for.
#[derive(Debug, Serialize)]
struct Why {
    /// The kind of the event.
    event: String,
    /// Which timer, or which effect, where that is what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// The invoices in its lines, the oldest first.
    invoices: Vec<String>,
}

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    account: Heading,
    side: Side,
    amount: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
}

impl Entry {
    /// The entry of these lines, for an event.
    pub(crate) fn new(at: Time, event: &Event, lines: Vec<Line>) -> Self {
        let mut invoices = Vec::new();
        lines.iter().filter_map(|line| line.invoice.as_ref()).for_each(|id| keep(&mut invoices, id, true));
        let of = match event {
            Event::TimerFired(timer) => Some(timer.name.clone()),
            Event::EffectSettled(settled) => Some(settled.effect.clone()),
            _ => None,
        };
        Entry { at, why: Why { event: event.kind().to_owned(), of, invoices }, lines }
    }
}

/// What a decision did to the books, line by line; nothing, where no money moved. Refuses to let it out where that
/// does not balance, or where an invoice or the credit is not what it must be.
pub(crate) fn lines<'a>(
    before: &Account,
    after: &Account,
    files: impl Iterator<Item = &'a File>,
) -> Result<Vec<Line>, Fault> {
    if let Some((currency, _)) = after.unapplied.iter().find(|(_, credit)| **credit < 0) {
        return Err(Fault::new("broken-books", format!("{currency}: more credit was used than there is")));
    }
    let mut moved = Difference::default();
    moved.account(before, -1);
    moved.account(after, 1);
    for File { found, filed } in files {
        if !sound(filed) {
            return Err(Fault::new("broken-books", format!("{} does not add up", filed.id)));
        }
        if found.as_ref() != Some(filed) {
            found.as_ref().map_or(Ok(()), |found| moved.invoice(found, -1))?;
            moved.invoice(filed, 1)?;
        }
    }
    moved.lines()
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

/// By how much each balance changes.
#[derive(Default)]
struct Difference<'a> {
    /// Debits above zero.
    balances: BTreeMap<(Currency, Heading, Option<&'a str>), i64>,
    /// What went back, as the account counts it, less what the invoices say: nothing, always.
    uncounted: BTreeMap<Currency, i64>,
}

impl<'a> Difference<'a> {
    fn post(&mut self, currency: Currency, heading: Heading, invoice: Option<&'a str>, debit: i64) {
        *self.balances.entry((currency, heading, invoice)).or_default() += debit;
    }

    /// Adds, or takes away, what stands in the till.
    fn account(&mut self, account: &Account, sign: i64) {
        for (currency, received) in &account.received {
            self.post(*currency, Cash, None, sign * received);
        }
        for (currency, unapplied) in &account.unapplied {
            self.post(*currency, CustomerCredit, None, -sign * unapplied);
        }
        for (currency, gone) in account.refunded.iter().chain(&account.charged_back) {
            *self.uncounted.entry(*currency).or_default() += sign * gone;
        }
    }

    /// Adds, or takes away, what stands in the books for an invoice.
    fn invoice(&mut self, invoice: &'a Invoice, sign: i64) -> Result<(), Fault> {
        let on_the_way = invoice.refunds.iter().filter(|refund| refund.status == RefundStatus::Asked);
        let on_the_way: i64 = on_the_way.map(|refund| refund.amount.minor_units).sum();
        let charged_back = invoice.charged_back.minor_units;
        let earned = invoice.gross.minor_units - invoice.credited.minor_units;
        let [tax, commission, vendor_net] = parts(invoice, earned)?;
        let balances = [
            (Cash, on_the_way - invoice.refunded.minor_units - charged_back),
            (Receivable, invoice.due()),
            (RefundsDue, -on_the_way),
            (Revenue, tax + commission + vendor_net - earned),
            (Tax, -tax),
            (Commission, -commission),
            (VendorPayable, -vendor_net),
            (WriteOffs, invoice.written_off.minor_units - charged_back),
            (Chargebacks, charged_back),
        ];
        let gone = invoice.refunded.minor_units + charged_back;
        *self.uncounted.entry(invoice.gross.currency).or_default() -= sign * gone;
        for (heading, debit) in balances {
            self.post(invoice.gross.currency, heading, Some(&invoice.id), sign * debit);
        }
        Ok(())
    }

    /// The lines, if they balance.
    fn lines(self) -> Result<Vec<Line>, Fault> {
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        let mut lines = Vec::new();
        for ((currency, account, invoice), debit) in self.balances.into_iter().filter(|(_, debit)| *debit != 0) {
            *sums.entry(currency).or_default() += debit;
            let side = if debit > 0 { Side::Debit } else { Side::Credit };
            let amount = Money::new(debit.abs(), currency);
            lines.push(Line { account, side, amount, invoice: invoice.map(str::to_owned) });
        }
        if let Some((currency, _)) = sums.iter().chain(&self.uncounted).find(|(_, sum)| **sum != 0) {
            return Err(Fault::new("broken-books", format!("{currency}: money came from nowhere, or went there")));
        }
        lines.sort_by_key(|line| line.side);
        Ok(lines)
    }
}

/// The tax, our commission and the vendor's part in what an invoice earned: as it was split once it is paid. Before
/// that it has tax alone, and of what is given up the tax stays: whether the state gives it back is tax law.
fn parts(invoice: &Invoice, earned: i64) -> Result<[i64; 3], Fault> {
    let accrued = share(invoice.tax, earned, invoice.gross.minor_units)?.minor_units;
    let Some(Split { parts, reversed, .. }) = &invoice.split else { return Ok([accrued, 0, 0]) };
    let kept = |part: fn(&Parts) -> Money| part(parts).minor_units - part(reversed).minor_units;
    let given_up = invoice.written_off != invoice.charged_back;
    let tax = if given_up { accrued } else { kept(|parts| parts.tax) };
    Ok(match invoice.vendor {
        Some(_) => [tax, kept(|parts| parts.commission), kept(|parts| parts.vendor_net)],
        None => [tax, 0, 0],
    })
}
