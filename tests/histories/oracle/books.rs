//! Money: per customer and currency, what was charged, what came in, and where it is now.

use std::collections::BTreeMap;

use serde_json::Value;
use syndic_tests::facts::{Known, int, list, text, texts, under};

use super::{Held, Seen, broken, hold};

const ADDS_UP: &str = "invoiced = paid + credited + written off + open";
const COMES_FROM: &str = "received = paid + unapplied + refunded + charged back";
const OUTSIDE: &str = "money comes in by a payment, a capture or an order, and by nothing else";

/// Amounts by currency.
pub type Purse = BTreeMap<String, i64>;

/// Statuses in which something is owed, and in which nothing is.
const OWING: [&str; 4] = ["open", "partial", "past-due", "authorised"];
const SETTLED: [&str; 6] = ["paid", "disputed", "credited", "charged-back", "void", "written-off"];

pub fn add_up(seen: &Seen<'_>) -> Held {
    if seen.changed("billing.").next().is_none() {
        return Ok(());
    }
    hold_together(seen.known())?;
    comes_in(seen)
}

/// What must hold of a customer's books at any time.
pub fn hold_together(known: &Known) -> Held {
    let nothing = Value::Null;
    let account = known.get("billing.account").unwrap_or(&nothing);
    let mut sums: BTreeMap<&str, Purse> = BTreeMap::new();
    let mut unsettled = Vec::new();
    for (id, invoice) in under(known, "billing.invoice.") {
        invoice_adds_up(id, invoice)?;
        for place in ["paid", "refunded", "charged_back"] {
            *sums.entry(place).or_default().entry(currency(invoice)).or_default() += amount(invoice, place);
        }
        if !SETTLED.contains(&text(invoice, "/status")) {
            unsettled.push(id);
        }
    }
    let mut currencies: Vec<String> = sums.values().flat_map(BTreeMap::keys).cloned().collect();
    for place in ["received", "unapplied", "refunded", "charged_back"] {
        currencies.extend(purse(account, place).into_keys());
    }
    for currency in currencies {
        let till = |place: &str| purse(account, place).get(&currency).copied().unwrap_or(0);
        let invoices = |place: &str| sums.get(place).and_then(|sum| sum.get(&currency)).copied().unwrap_or(0);
        let [received, unapplied, refunded, back] = ["received", "unapplied", "refunded", "charged_back"].map(till);
        let paid = invoices("paid");
        hold!(
            COMES_FROM,
            received == paid + unapplied + refunded + back
                && [received, unapplied, refunded, back].iter().all(|it| *it >= 0),
            "{currency}: received {received}, paid {paid}, unapplied {unapplied}, refunded {refunded}, charged back {back}"
        );
        hold!("refunded ≤ received", refunded <= received, "{currency}: refunded {refunded} of {received}");
        for (place, till) in [("refunded", refunded), ("charged_back", back)] {
            let invoices = invoices(place);
            hold!(COMES_FROM, till == invoices, "{currency}: the account has {place} {till}, its invoices {invoices}");
        }
    }
    lists(account, unsettled, known)
}

/// The account's lists of invoices name those they are for.
fn lists(account: &Value, mut unsettled: Vec<&str>, known: &Known) -> Held {
    const PROMISE: &str = "the account lists what is open and what is past due";
    unsettled.sort_by_key(|id| number(id));
    let open: Vec<&str> = texts(account, "/open").collect();
    hold!(PROMISE, open == unsettled, "open are {unsettled:?}, listed {open:?}");
    let past_due: Vec<&str> = texts(account, "/past_due").collect();
    hold!(PROMISE, past_due.iter().all(|id| open.contains(id)), "past due {past_due:?}, open {open:?}");
    for (id, invoice) in under(known, "billing.invoice.") {
        let late = text(invoice, "/status") == "past-due";
        hold!(PROMISE, !late || past_due.contains(&id), "{id} is past due, listed are {past_due:?}");
    }
    Ok(())
}

fn invoice_adds_up(id: &str, invoice: &Value) -> Held {
    let of = |place: &str| amount(invoice, place);
    let (status, gross) = (text(invoice, "/status"), of("gross"));
    let open = gross - of("paid") - of("credited") - of("written_off");
    for place in ["gross", "tax", "paid", "credited", "written_off", "captured", "refunded", "charged_back"] {
        hold!(ADDS_UP, of(place) >= 0, "{id}: {place} is {}", of(place));
        let its = text(invoice, &format!("/{place}/currency"));
        hold!(ADDS_UP, its == currency(invoice), "{id}: {place} is in {its}");
    }
    let lines = list(invoice, "/lines");
    let sum = |member: &str| lines.iter().map(|line| amount(line, member)).sum::<i64>();
    hold!(ADDS_UP, sum("net") + sum("tax") == gross && sum("tax") == of("tax"), "{id}: its lines are not its gross");
    hold!(ADDS_UP, lines.iter().all(|line| text(line, "/net/currency") == currency(invoice)), "{id}: two currencies");
    let credited = list(invoice, "/credit_notes").iter().map(|note| amount(note, "amount")).sum::<i64>();
    hold!(ADDS_UP, credited == of("credited"), "{id}: its credit notes are {credited}, it says {}", of("credited"));
    let refunds = list(invoice, "/refunds").iter().filter(|refund| text(refund, "/status") != "failed");
    let refunded = refunds.map(|refund| amount(refund, "amount")).sum::<i64>();
    hold!(ADDS_UP, refunded == of("refunded"), "{id}: its refunds are {refunded}, it says {}", of("refunded"));
    let as_status = match status {
        _ if OWING.contains(&status) => open > 0,
        "capturing" => open >= 0,
        "paid" | "disputed" => open == 0 && of("paid") > 0,
        _ if SETTLED.contains(&status) => open == 0 && of("paid") == 0 || status == "written-off",
        _ => return broken(ADDS_UP, format!("{id} is `{status}`, which no invoice is")),
    };
    let settled = !SETTLED.contains(&status) || open == 0;
    hold!(ADDS_UP, as_status && settled, "{id} is {status} with {open} open and {} paid of {gross}", of("paid"));
    Ok(())
}

/// What a step added to the money received is what it reports, or what it captured, or what an order paid.
fn comes_in(seen: &Seen<'_>) -> Held {
    let nothing = Value::Null;
    let before = purse(seen.before("billing.account").unwrap_or(&nothing), "received");
    let after = purse(seen.known().get("billing.account").unwrap_or(&nothing), "received");
    let mut came: Purse = after;
    for (currency, amount) in before {
        *came.entry(currency).or_default() -= amount;
    }
    came.retain(|_, amount| *amount != 0);
    let sum: i64 = came.values().sum();
    let data = &seen.step.data;
    let wanted = match seen.step.event.kind.as_str() {
        "PaymentProcessed" if seen.step.verdict("billing") == "approve" => vec![int(data, "/amount")],
        "CustomerSubscribes" if data.get("order_id").is_some() => {
            let issued = seen.changed("billing.invoice.").filter(|(_, before, _)| before.is_none());
            vec![issued.filter_map(|(_, _, after)| after).map(|it| amount(it, "captured")).sum()]
        }
        "EffectSettled" if text(data, "/action") == "capture" && text(data, "/status") == "done" => {
            let asked = seen.changed("billing.invoice.").filter_map(|(_, before, _)| before);
            vec![0, asked.map(|it| amount(it, "authorized")).sum()]
        }
        _ => vec![0],
    };
    hold!(OUTSIDE, came.len() <= 1 && wanted.contains(&sum), "{came:?} came in, and {wanted:?} was reported");
    Ok(())
}

// ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

pub fn amount(value: &Value, member: &str) -> i64 {
    int(value, &format!("/{member}/minor_units"))
}

pub fn currency(invoice: &Value) -> String {
    text(invoice, "/gross/currency").to_owned()
}

pub fn purse(account: &Value, member: &str) -> Purse {
    let purse = account.get(member).and_then(Value::as_object);
    let entries = purse.into_iter().flatten();
    entries.map(|(currency, amount)| (currency.clone(), amount.as_i64().unwrap_or(i64::MIN))).collect()
}

fn number(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX)
}
