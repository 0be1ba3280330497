//! One customer's money from the first invoice to the last refund: every cent of it is somewhere.

use serde_json::{Value, json};

use crate::syndic::{Home, event, stream, subscribes};

/// Half of January is left at this moment, and a quarter of it at the other.
const HALF: &str = "2026-01-16T12:00:00Z";
const A_QUARTER: &str = "2026-01-24T06:00:00Z";

fn upgrades(time: &str) -> Value {
    event("evt-2", time, "CustomerUpgrades", "cust-1", json!({"old_sku": "starter", "new_sku": "pro"}))
}

/// What a customer's facts say about money: the account, and every invoice.
struct Books {
    account: Value,
    invoices: Vec<Value>,
}

impl Books {
    fn of(home: &Home, customer: &str) -> Self {
        let facts = home.facts(customer);
        let account = facts.iter().find(|(name, _)| name == "billing.account").unwrap().1.clone();
        let invoices =
            facts.into_iter().filter(|(name, _)| name.starts_with("billing.invoice.")).map(|(_, value)| value);
        Self { account, invoices: invoices.collect() }
    }

    /// An amount over all invoices.
    fn sum(&self, amount: &str) -> i64 {
        self.invoices.iter().map(|invoice| invoice[amount]["minor_units"].as_i64().unwrap()).sum()
    }

    fn till(&self, purse: &str) -> i64 {
        self.account[purse]["USD"].as_i64().unwrap_or(0)
    }

    /// Invoiced = paid + credited + written off + open, and received = paid + unapplied + refunded + charged back.
    /// What is open must be what the account says is: nothing, or the invoices it names.
    #[track_caller]
    fn balance(&self) {
        let settled = self.sum("paid") + self.sum("credited") + self.sum("written_off");
        let open = self.sum("gross") - settled;
        let named = self.account["open"].as_array().unwrap();
        assert_eq!(open > 0, !named.is_empty(), "{open} is open, and {named:?} are");
        assert!(open >= 0);
        let kept = self.till("unapplied") + self.till("refunded") + self.till("charged_back");
        assert_eq!(self.till("received"), self.sum("paid") + kept, "{}", self.account);
        let lines = |invoice: &Value| -> i64 {
            invoice["lines"].as_array().unwrap().iter().map(|line| line["net"]["minor_units"].as_i64().unwrap()).sum()
        };
        for invoice in &self.invoices {
            assert_eq!(invoice["gross"]["minor_units"], lines(invoice), "the lines are the invoice: {invoice}");
        }
    }
}

#[test]
fn subscribe_capture_upgrade_refund_cancel_and_every_cent_is_somewhere() {
    let home = Home::new();
    let play = |event: Value| {
        let told = home.play(stream(&[event])).exits(0);
        assert_eq!(told.outcomes(), ["completed"], "{}", told.out);
        let books = Books::of(&home, "cust-1");
        books.balance();
        books
    };

    let books = play(subscribes("evt-1", "cust-1", json!({"sku": "starter", "payment_method": "card"})));
    assert_eq!((books.sum("gross"), books.sum("captured"), books.till("received")), (2_999, 2_999, 2_999));

    // Half of each line, rounded once, half to even: −1499.5 and 4999.5.
    let books = play(upgrades(HALF));
    assert_eq!((books.sum("gross"), books.sum("captured")), (2_999 - 1_500 + 5_000, 6_499));

    let refund = json!({"invoice_id": "inv-2", "amount": 1_000, "reason": "a slow week"});
    let books = play(event("evt-3", "2026-01-17T00:00:00Z", "RefundRequested", "cust-1", refund));
    assert_eq!((books.sum("credited"), books.till("refunded"), books.sum("paid")), (1_000, 1_000, 5_499));

    // A quarter of 9999 is unused: 2499.75.
    let books = play(event("evt-4", A_QUARTER, "CustomerCancels", "cust-1", json!({"reason": "moving on"})));
    assert_eq!((books.sum("credited"), books.till("refunded")), (3_500, 3_500));
    assert_eq!((books.sum("paid"), books.till("unapplied"), books.till("received")), (2_999, 0, 6_499));
    assert_eq!(home.fact("cust-1", "shared.access"), "blocked");
    assert_eq!(home.fact("cust-1", "billing.plan.sub-1"), Value::Null);
}

#[test]
fn up_and_straight_back_costs_nothing() {
    let home = Home::new();
    let back = json!({"action": "downgrade", "new_sku": "starter", "when": "now"});
    let events = [
        subscribes("evt-1", "cust-1", json!({"sku": "starter", "payment_method": "card"})),
        upgrades(HALF),
        event("evt-3", HALF, "SubscriptionChanged", "cust-1", back),
    ];
    assert_eq!(home.play(stream(&events)).exits(0).outcomes(), ["completed"; 3]);
    let books = Books::of(&home, "cust-1");
    books.balance();
    assert_eq!(books.sum("paid"), 2_999);
    assert_eq!(books.till("unapplied") + books.till("refunded"), 3_500);
}

#[test]
fn a_declined_upgrade_leaves_the_old_plan_and_the_old_books() {
    let home = Home::new();
    let events = [
        subscribes("evt-1", "cust-1", json!({"sku": "starter", "payment_method": "card"})),
        event(
            "evt-x",
            "2026-01-02T00:00:00Z",
            "PaymentMethodUpdated",
            "cust-1",
            json!({"payment_method": "sandbox:declined"}),
        ),
    ];
    home.play(stream(&events)).exits(0);
    let before = home.facts("cust-1");
    let told = home.play(stream(&[upgrades(HALF)])).exits(0);
    assert_eq!(
        (told.outcomes(), crate::syndic::code(&told.line(1))),
        (vec!["refused".to_owned()], "payment-declined".to_owned())
    );
    let kept = |facts: Vec<(String, Value)>| -> Vec<_> {
        facts.into_iter().filter(|(name, _)| !name.contains("capture")).collect()
    };
    assert_eq!(kept(home.facts("cust-1")), kept(before));
}
