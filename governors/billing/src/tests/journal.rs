//! The journal as an auditor reads it: the entries alone, added up, say what the account and the invoices say.

use std::collections::BTreeMap;

use syndic_sdk::prelude::*;

use super::street::Street;
use crate::account::Purse;
use crate::invoice::RefundStatus;
use crate::split::{Parts, Split};

/// What stands in the books of one currency.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    /// Gross of all invoices.
    pub(super) invoiced: i64,
    /// Held for invoices.
    pub(super) paid: i64,
    /// Taken back by credit notes.
    pub(super) credited: i64,
    /// Given up or charged back.
    pub(super) written_off: i64,
    /// Still owed.
    pub(super) open: i64,
    /// All that came in.
    pub(super) received: i64,
    /// In no invoice.
    pub(super) unapplied: i64,
    /// Went back, or is on its way.
    pub(super) refunded: i64,
    /// Was taken back.
    pub(super) charged_back: i64,
}

/// The totals by currency, as the facts say them.
pub(super) fn told(street: &Street) -> BTreeMap<Currency, Totals> {
    let mut told: BTreeMap<Currency, Totals> = BTreeMap::new();
    for invoice in street.invoices() {
        let totals = told.entry(invoice.gross.currency).or_default();
        totals.invoiced += invoice.gross.minor_units;
        totals.paid += invoice.paid.minor_units;
        totals.credited += invoice.credited.minor_units;
        totals.written_off += invoice.written_off.minor_units;
        totals.open += invoice.due();
    }
    let account = street.account();
    let mut till = |purse: &Purse, place: fn(&mut Totals) -> &mut i64| {
        for (currency, amount) in purse {
            *place(told.entry(*currency).or_default()) += amount;
        }
    };
    till(&account.received, |totals| &mut totals.received);
    till(&account.unapplied, |totals| &mut totals.unapplied);
    till(&account.refunded, |totals| &mut totals.refunded);
    till(&account.charged_back, |totals| &mut totals.charged_back);
    told
}

/// Balances by currency, account and invoice, debits above zero; and what went through some accounts.
#[derive(Default)]
pub(super) struct Journal {
    read: u64,
    balances: BTreeMap<(Currency, String, Option<String>), i64>,
    invoiced: BTreeMap<Currency, i64>,
    credited: BTreeMap<Currency, i64>,
    received: BTreeMap<Currency, i64>,
}

impl Journal {
    /// Reads the entries that are new. Says how many those were.
    pub(super) fn read(&mut self, street: &Street) -> u64 {
        let before = self.read;
        loop {
            let entry = street.world.value(&format!("billing.entry.{}", self.read + 1));
            if entry.is_null() {
                break;
            }
            self.read += 1;
            self.post(&entry);
        }
        assert_eq!(self.read, street.account().entries, "the account counts them");
        self.read - before
    }

    fn post(&mut self, entry: &Value) {
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        let mut earned: BTreeMap<(Currency, Option<String>), i64> = BTreeMap::new();
        let lines = entry["lines"].as_array().expect("an entry has lines");
        assert!(lines.len() >= 2, "no money, no entry: {entry}");
        for line in lines {
            let account = line["account"].as_str().expect("a line has an account").to_owned();
            let amount: Money = serde_json::from_value(line["amount"].clone()).expect("a line has an amount");
            assert!(amount.minor_units > 0, "{entry}");
            let debit = match line["side"].as_str() {
                Some("debit") => amount.minor_units,
                Some("credit") => -amount.minor_units,
                _ => panic!("a line has a side: {line}"),
            };
            let invoice = line["invoice"].as_str().map(str::to_owned);
            *sums.entry(amount.currency).or_default() += debit;
            if ["revenue", "tax", "commission", "vendor-payable"].contains(&account.as_str()) {
                *earned.entry((amount.currency, invoice.clone())).or_default() -= debit;
            }
            if account == "cash" && invoice.is_none() {
                *self.received.entry(amount.currency).or_default() += debit;
            }
            *self.balances.entry((amount.currency, account, invoice)).or_default() += debit;
        }
        assert!(sums.values().all(|sum| *sum == 0), "debits are credits: {entry}");
        for ((currency, _), earned) in earned {
            let of = if earned > 0 { &mut self.invoiced } else { &mut self.credited };
            *of.entry(currency).or_default() += earned.abs();
        }
    }

    fn balance(&self, currency: Currency, account: &str) -> i64 {
        let of_it = self.balances.iter().filter(|((of, name, _), _)| *of == currency && name == account);
        of_it.map(|(_, debit)| debit).sum()
    }

    fn of_invoice(&self, currency: Currency, account: &str, invoice: &str) -> i64 {
        let key = (currency, account.to_owned(), Some(invoice.to_owned()));
        self.balances.get(&key).copied().unwrap_or(0)
    }

    /// The totals of a currency, as the entries alone say them.
    pub(super) fn says(&self, currency: Currency) -> Totals {
        let of = |turnover: &BTreeMap<Currency, i64>| turnover.get(&currency).copied().unwrap_or(0);
        let balance = |account| self.balance(currency, account);
        let (received, unapplied) = (of(&self.received), -balance("customer-credit"));
        let charged_back = balance("chargebacks");
        let refunded = received - balance("cash") - charged_back - balance("refunds-due");
        Totals {
            invoiced: of(&self.invoiced),
            paid: received - unapplied - refunded - charged_back,
            credited: of(&self.credited),
            written_off: balance("write-offs") + charged_back,
            open: balance("receivable"),
            received,
            unapplied,
            refunded,
            charged_back,
        }
    }

    /// Holds the entries to the facts: in all, and invoice by invoice.
    pub(super) fn agrees_with(&self, street: &Street, at: &str) {
        for (currency, told) in told(street) {
            assert_eq!(self.says(currency), told, "{at}: {currency}");
        }
        for invoice in street.invoices() {
            let of = |account| self.of_invoice(invoice.gross.currency, account, &invoice.id);
            let on_the_way = invoice.refunds.iter().filter(|refund| refund.status == RefundStatus::Asked);
            let on_the_way: i64 = on_the_way.map(|refund| refund.amount.minor_units).sum();
            let earned = -["revenue", "tax", "commission", "vendor-payable"].map(of).iter().sum::<i64>();
            let told = [
                invoice.due(),
                on_the_way,
                invoice.charged_back.minor_units,
                invoice.gross.minor_units - invoice.credited.minor_units,
            ];
            assert_eq!([of("receivable"), -of("refunds-due"), of("chargebacks"), earned], told, "{at}: {}", invoice.id);
            let Some(Split { parts, reversed, .. }) = &invoice.split else { continue };
            let kept = |part: fn(&Parts) -> Money| part(parts).minor_units - part(reversed).minor_units;
            if invoice.written_off == invoice.charged_back {
                assert_eq!(-of("tax"), kept(|parts| parts.tax), "{at}: {}", invoice.id);
            }
            if invoice.vendor.is_some() {
                let told = [kept(|parts| parts.commission), kept(|parts| parts.vendor_net)];
                assert_eq!(["commission", "vendor-payable"].map(|account| -of(account)), told, "{at}: {}", invoice.id);
            }
        }
    }
}
