//! Double entry, added up once more: every entry balances, and all of a customer's together are what the account and
//! the invoices say.
//!
//! Entries are differences, and facts are sums. Whoever moves money in one of the two and not in the other is found
//! here, at the step that did it.

use std::collections::BTreeMap;

use serde_json::Value;
use syndic_core::Time;
use syndic_tests::facts::{Known, int, list, text, texts, under};
use syndic_tests::stage::By;

use super::books::{Purse, amount, currency, purse};
use super::prices::half_even;
use super::{Held, Seen, hold};

const BALANCES: &str = "the debits of every entry are its credits";
const WRITTEN: &str = "what moves money writes one entry, once and for ever";
const FOLLOWS: &str = "a customer's entries, added up, are the account and the invoices";

/// The chart of accounts, and the side each stands on.
#[rustfmt::skip]
const CHART: [(&str, &str); 10] = [
    ("cash", "debit"), ("receivable", "debit"), ("customer-credit", "credit"), ("refunds-due", "credit"),
    ("revenue", "credit"), ("tax", "credit"), ("commission", "credit"), ("vendor-payable", "credit"),
    ("write-offs", "debit"), ("chargebacks", "debit"),
];

/// What is earned, by whom: together it is what was invoiced and not credited.
const EARNED: [&str; 4] = ["revenue", "tax", "commission", "vendor-payable"];

/// Currency, account and invoice; no invoice is the customer's own.
type Place = (String, String, String);

/// The journals of all customers: how many entries, and what stands where, debits above zero.
#[derive(Default)]
pub struct Entries(BTreeMap<(String, String), (u64, BTreeMap<Place, i64>)>);

impl Entries {
    pub fn check(&mut self, seen: &Seen<'_>) -> Held {
        if seen.changed("billing.").next().is_none() {
            return Ok(());
        }
        let who = (seen.step.event.tenant.clone(), seen.step.event.subject.clone());
        let (count, balances) = self.0.entry(who).or_default();
        let fresh: Vec<_> = seen.changed("billing.entry.").collect();
        hold!(WRITTEN, fresh.len() <= 1, "it wrote {} entries", fresh.len());
        for (n, before, after) in fresh {
            *count += 1;
            hold!(WRITTEN, n == count.to_string() && before.is_none(), "entry {n} is written, and {count} is next");
            let entry = after.unwrap_or(&Value::Null);
            says_what_happened(seen, entry)?;
            post(balances, entry)?;
        }
        let known = seen.known();
        let said = known.get("billing.account").map_or(0, |account| int(account, "/entries"));
        hold!(WRITTEN, said as u64 == *count, "there are {count} entries, the account says {said}");
        adds_up(balances, known)
    }
}

/// When, what for, and which invoices: as the step had it.
fn says_what_happened(seen: &Seen<'_>, entry: &Value) -> Held {
    let step = seen.step;
    let at = Time::parse(text(entry, "/at"));
    hold!(WRITTEN, at.is_ok_and(|at| at == step.now), "it is of {}, and was written at {}", entry["at"], step.now);
    let of = match step.by {
        By::Timer => Some(step.text("name")),
        By::Effect => Some(step.text("effect")),
        By::Line | By::Raise => None,
    };
    let (kind, told) = (text(entry, "/why/event"), entry.pointer("/why/of").and_then(Value::as_str));
    hold!(WRITTEN, kind == step.event.kind && told == of, "it is for {kind} of {told:?}, and not of {of:?}");
    let lines = list(entry, "/lines").iter();
    let mut named: Vec<&str> = lines.map(|line| text(line, "/invoice")).filter(|id| !id.is_empty()).collect();
    let mut listed: Vec<&str> = texts(entry, "/why/invoices").collect();
    named.sort_unstable();
    named.dedup();
    listed.sort_unstable();
    hold!(WRITTEN, named == listed, "its lines are for {named:?}, it lists {listed:?}");
    Ok(())
}

/// Adds an entry to what stands in the books.
fn post(balances: &mut BTreeMap<Place, i64>, entry: &Value) -> Held {
    let mut sums = Purse::new();
    for line in list(entry, "/lines") {
        let (account, side, sum) = (text(line, "/account"), text(line, "/side"), amount(line, "amount"));
        let known = CHART.iter().any(|(name, _)| *name == account) && ["debit", "credit"].contains(&side);
        hold!(BALANCES, known && sum > 0, "no entry has a line like {line}");
        let currency = text(line, "/amount/currency").to_owned();
        let debit = if side == "debit" { sum } else { -sum };
        *sums.entry(currency.clone()).or_default() += debit;
        *balances.entry((currency, account.to_owned(), text(line, "/invoice").to_owned())).or_default() += debit;
    }
    hold!(BALANCES, !sums.is_empty(), "an entry without lines moves nothing");
    hold!(BALANCES, sums.values().all(|sum| *sum == 0), "{sums:?} is left over of {entry}");
    Ok(())
}

/// What stands in every account of the chart is what the facts say.
fn adds_up(balances: &BTreeMap<Place, i64>, known: &Known) -> Held {
    let stands = |currency: &str, account: &str, invoice: &str| {
        let debit = balances.get(&(currency.to_owned(), account.to_owned(), invoice.to_owned())).copied().unwrap_or(0);
        if CHART.contains(&(account, "debit")) { debit } else { -debit }
    };
    for (id, invoice) in under(known, "billing.invoice.") {
        for (account, says) in of_invoice(invoice) {
            let stands = stands(&currency(invoice), account, id);
            hold!(FOLLOWS, stands == says, "{id}: {account} is {stands} by its entries, {says} by the invoice");
        }
        let earned: i64 = EARNED.iter().map(|account| stands(&currency(invoice), account, id)).sum();
        let invoiced = amount(invoice, "gross") - amount(invoice, "credited");
        hold!(FOLLOWS, earned == invoiced, "{id}: {earned} was earned by its entries, {invoiced} by the invoice");
    }
    let nothing = Value::Null;
    let account = known.get("billing.account").unwrap_or(&nothing);
    let (received, unapplied) = (purse(account, "received"), purse(account, "unapplied"));
    for (currency, name, invoice) in balances.keys() {
        let owner = invoice.is_empty() || known.contains_key(&format!("billing.invoice.{invoice}"));
        hold!(FOLLOWS, owner, "{name} has entries for {invoice}, which nobody issued");
        let of = |purse: &Purse| purse.get(currency).copied().unwrap_or(0);
        let says = match name.as_str() {
            _ if !invoice.is_empty() => continue,
            "cash" => of(&received),
            "customer-credit" => of(&unapplied),
            _ => 0,
        };
        let stands = stands(currency, name, "");
        hold!(FOLLOWS, stands == says, "{currency}: {name} is {stands} by the entries, {says} by the account");
    }
    let entered = |currency: &String| balances.keys().any(|(of, ..)| of == currency);
    let money = received.iter().chain(&unapplied).find(|(currency, sum)| **sum != 0 && !entered(currency));
    hold!(FOLLOWS, money.is_none(), "the account has {money:?}, and no entry speaks of it");
    Ok(())
}

/// The accounts whose balance one invoice tells, and what it tells of them.
fn of_invoice(invoice: &Value) -> Vec<(&'static str, i64)> {
    let of = |place: &str| amount(invoice, place);
    let asked = list(invoice, "/refunds").iter().filter(|refund| text(refund, "/status") == "asked");
    let due: i64 = asked.map(|refund| amount(refund, "amount")).sum();
    let part = |part: &str| {
        let of = |whole: &str| int(invoice, &format!("{whole}/{part}/minor_units"));
        of("/split") - of("/split/reversed")
    };
    let vendors = invoice.get("vendor").is_some();
    let mut says = vec![
        // What is asked for has not left yet, and what came in came in for nobody's invoice.
        ("cash", due - of("refunded") - of("charged_back")),
        ("receivable", of("gross") - of("paid") - of("credited") - of("written_off")),
        ("refunds-due", due),
        ("customer-credit", 0),
        ("commission", if vendors { part("commission") } else { 0 }),
        ("vendor-payable", if vendors { part("vendor_net") } else { 0 }),
        // A bank that takes money back is written off too.
        ("write-offs", of("written_off") - of("charged_back")),
        ("chargebacks", of("charged_back")),
    ];
    if invoice.get("split").is_none() {
        let [tax, gross, credited] = ["tax", "gross", "credited"].map(|place| i128::from(of(place)));
        let tax = half_even(tax * (gross - credited), gross.max(1));
        says.push(("tax", i64::try_from(tax).unwrap_or(i64::MAX)));
    } else if of("written_off") == of("charged_back") {
        says.push(("tax", part("tax")));
    }
    says
}
