//! What the host knows of a customer, read from `fact list` and told in a few lines; and the laws of money, checked
//! each time it is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::syndic::text;

/// What a customer's facts say.
pub(crate) struct Books {
    facts: BTreeMap<String, Value>,
}

impl Books {
    pub(crate) fn new(facts: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self { facts: facts.into_iter().collect() }
    }

    /// Facts below a name, by what follows it: `sub-2` before `sub-10`.
    fn below(&self, name: &str) -> Vec<(&str, &Value)> {
        let mut found: Vec<(&str, &Value)> =
            self.facts.iter().filter_map(|(fact, value)| Some((fact.strip_prefix(name)?, value))).collect();
        found.sort_by_key(|(id, _)| (id.len(), *id));
        found
    }

    fn at(&self, fact: &str, pointer: &str) -> Option<&Value> {
        self.facts.get(fact)?.pointer(pointer)
    }

    /// The customer in a few lines: access, account, subscriptions, invoices, and where the money is.
    pub(crate) fn digest(&self) -> Vec<String> {
        let mut lines = vec![self.access()];
        lines.extend(self.at("customer-account.account", "/status").map(|status| row("account", &text(status))));
        for (id, sub) in self.below("subscription.sub.") {
            lines.push(row(id, &self.subscription(id, sub)));
        }
        lines.extend(self.invoices());
        lines.extend(self.money());
        lines
    }

    fn access(&self) -> String {
        let access = self.facts.get("shared.access").map_or("none".to_owned(), text);
        let causes: Vec<String> =
            self.facts.get("shared.suspensions").and_then(Value::as_array).into_iter().flatten().map(text).collect();
        let because = if causes.is_empty() { String::new() } else { format!(", suspended for {}", causes.join(", ")) };
        row("access", &(access + &because))
    }

    fn subscription(&self, id: &str, sub: &Value) -> String {
        let seats = match sub["seats"].as_u64() {
            Some(seats) if seats > 1 => format!("{seats} seats, "),
            _ => String::new(),
        };
        let grant = self.at(&format!("entitlement.grant.{id}"), "/status").map_or("none".to_owned(), text);
        let [sku, cycle, status, start, end] = ["sku", "cycle", "status", "start", "end"].map(|part| text(&sub[part]));
        format!("{sku}, {seats}{cycle}, {status}, {} to {}, grant {grant}", day(&start), day(&end))
    }

    /// The invoices; of which a row of them says the same stand on one line.
    fn invoices(&self) -> Vec<String> {
        let mut rows: Vec<(&str, &str, String)> = Vec::new();
        for (id, invoice) in self.below("billing.invoice.") {
            let said = invoice_line(invoice);
            match rows.last_mut() {
                Some((_, last, same)) if *same == said => *last = id,
                _ => rows.push((id, id, said)),
            }
        }
        let name =
            |first: &str, last: &str| if first == last { first.to_owned() } else { format!("{first} to {last}") };
        rows.iter().map(|(first, last, said)| row(&name(first, last), said)).collect()
    }

    fn money(&self) -> Vec<String> {
        let purses = ["received", "unapplied", "refunded", "charged_back"];
        let mut lines = Vec::new();
        for currency in self.currencies() {
            let held = purses.map(|purse| (purse, self.till(purse, &currency)));
            let held = held.iter().filter(|(_, amount)| *amount != 0);
            let held: Vec<String> = held
                .map(|(purse, amount)| format!("{} {}", purse.replace('_', " "), money(*amount, &currency)))
                .collect();
            if !held.is_empty() {
                lines.push(row("money", &held.join(", ")));
            }
        }
        lines
    }

    fn currencies(&self) -> BTreeSet<String> {
        let of_invoices =
            self.below("billing.invoice.").into_iter().map(|(_, invoice)| text(&invoice["gross"]["currency"]));
        let received = self.at("billing.account", "/received").and_then(Value::as_object);
        of_invoices.chain(received.into_iter().flat_map(|received| received.keys().cloned())).collect()
    }

    /// What lies in a purse of the account.
    pub(crate) fn till(&self, purse: &str, currency: &str) -> i64 {
        self.at("billing.account", &format!("/{purse}/{currency}")).and_then(Value::as_i64).unwrap_or(0)
    }

    /// An amount over all invoices in a currency.
    pub(crate) fn sum(&self, amount: &str, currency: &str) -> i64 {
        let invoices = self.below("billing.invoice.").into_iter().map(|(_, invoice)| &invoice[amount]);
        invoices.filter(|money| money["currency"] == currency).map(minor).sum()
    }

    /// Invoiced = paid + credited + written off + open, received = paid + unapplied + refunded + charged back, and
    /// refunded ≤ received, in every currency. What is open must be what the account says is: nothing, or the invoices
    /// it names. An invoice is the sum of its lines, and full access is for who has no cause, owes nothing past due and
    /// holds an active grant.
    #[track_caller]
    pub(crate) fn balance(&self) {
        for currency in self.currencies() {
            let sum = |amount: &str| self.sum(amount, &currency);
            let till = |purse: &str| self.till(purse, &currency);
            assert!(
                sum("gross") >= sum("paid") + sum("credited") + sum("written_off"),
                "{currency}: {:#?}",
                self.facts
            );
            let kept = till("unapplied") + till("refunded") + till("charged_back");
            assert_eq!(till("received"), sum("paid") + kept, "{currency}: {:#?}", self.facts);
            assert!(till("refunded") <= till("received") && till("unapplied") >= 0, "{currency}: {:#?}", self.facts);
        }
        for (id, invoice) in self.below("billing.invoice.") {
            let open = open(invoice);
            let named = self.at("billing.account", "/open").and_then(Value::as_array).cloned().unwrap_or_default();
            assert!(open >= 0, "{id}: {invoice:#}");
            assert_eq!(open > 0, named.contains(&id.into()), "{id} has {open} open, and {named:?} are: {invoice:#}");
            let lines = invoice["lines"].as_array().cloned().unwrap_or_default();
            let of_lines: i64 = lines.iter().map(|line| minor(&line["net"]) + minor(&line["tax"])).sum();
            assert_eq!(minor(&invoice["gross"]), of_lines, "the lines are the invoice: {invoice:#}");
        }
        self.access_is_earned();
    }

    #[track_caller]
    fn access_is_earned(&self) {
        if self.facts.get("shared.access").is_some_and(|access| access == "full") {
            let none = |value: Option<&Value>| value.and_then(Value::as_array).is_none_or(Vec::is_empty);
            assert!(none(self.facts.get("shared.suspensions")), "{:#?}", self.facts);
            assert!(none(self.at("billing.account", "/past_due")), "{:#?}", self.facts);
            let active = |(_, grant): &(&str, &Value)| grant["status"] == "active";
            assert!(self.below("entitlement.grant.").iter().any(active), "{:#?}", self.facts);
        }
    }
}

fn row(name: &str, said: &str) -> String {
    format!("{name:<8} {said}")
}

/// The day of a moment, where it is midnight; else the whole of it.
fn day(time: &str) -> &str {
    time.strip_suffix("T00:00:00Z").unwrap_or(time)
}

fn minor(money: &Value) -> i64 {
    money["minor_units"].as_i64().unwrap_or(0)
}

fn open(invoice: &Value) -> i64 {
    ["paid", "credited", "written_off"]
        .iter()
        .fold(minor(&invoice["gross"]), |open, part| open - minor(&invoice[*part]))
}

fn invoice_line(invoice: &Value) -> String {
    let currency = text(&invoice["gross"]["currency"]);
    let begin = format!(
        "{}, {}, {}",
        money(minor(&invoice["gross"]), &currency),
        text(&invoice["occasion"]),
        text(&invoice["status"])
    );
    let parts =
        ["paid", "credited", "written_off", "refunded", "charged_back"].map(|part| (part, minor(&invoice[part])));
    let whole = minor(&invoice["gross"]);
    let parts = parts.into_iter().chain([("open", open(invoice))]);
    let told = parts.filter(|(part, amount)| *amount != 0 && !(*part == "paid" && *amount == whole));
    let told: Vec<String> =
        told.map(|(part, amount)| format!("{} {}", part.replace('_', " "), money(amount, &currency))).collect();
    if told.is_empty() { begin } else { format!("{begin}: {}", told.join(", ")) }
}

/// An amount as people write it: yen have no hundredths, dinars have thousandths.
pub(crate) fn money(minor: i64, currency: &str) -> String {
    let digits = match currency {
        "JPY" => 0,
        "KWD" => 3,
        _ => 2,
    };
    let (sign, minor) = (if minor < 0 { "−" } else { "" }, minor.unsigned_abs());
    let unit = 10_u64.pow(digits);
    match digits {
        0 => format!("{sign}{minor} {currency}"),
        _ => format!("{sign}{}.{:0digits$} {currency}", minor / unit, minor % unit, digits = digits as usize),
    }
}
