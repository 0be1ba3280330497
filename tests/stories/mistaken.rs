//! Nobody is taken for another: tenants, customers and sources whose names run together when they are joined.

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, event_of, stream};

/// Pairs that a key made by joining would confuse, with this or that separator, prefix, or blindness for case and form.
fn pairs() -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for separator in ["/", ".", ":", "|", "\\", " ", "-", "@", "%", "\u{ff}", "\u{10ffff}"] {
        for (tenant, customer) in [("a{}b", "c"), ("a", "b{}c"), ("a{}", "b{}c"), ("a{}b{}", "c"), ("{}", "{}")] {
            pairs.push((tenant.replace("{}", separator), customer.replace("{}", separator)));
        }
    }
    let long = "x".repeat(256);
    let plain = [
        ("ab", "c"),
        ("a", "bc"),
        ("A", "BC"),
        ("a", "bC"),
        ("é", "c"),
        ("e\u{301}", "c"),
        (&long, &long),
        (&long[1..], &long),
    ];
    pairs.extend(plain.map(|(tenant, customer)| (tenant.to_owned(), customer.to_owned())));
    pairs
}

#[test]
fn names_that_run_together_are_customers_of_their_own() {
    let pairs = pairs();
    let order = |nth: usize, (tenant, customer): &(String, String)| -> Value {
        let card = json!({"sku": "free", "payment_method": format!("card-{nth}-")});
        event_of(tenant, "evt-1", NEW_YEAR, "CustomerSubscribes", customer, card)
    };
    let mut events: Vec<Value> = pairs.iter().enumerate().map(|(nth, pair)| order(nth, pair)).collect();
    // One event is sent once in each tenant; where a tenant has two of these customers, the id is another source's.
    for (nth, event) in events.iter_mut().enumerate() {
        event["source"] = json!(format!("/shop/{nth}"));
    }
    let home = Home::new();
    let told = home.play(stream(&events)).exits(0);
    for line in told.of_lines() {
        assert_eq!((&line["outcome"], &line["duplicate"]), (&json!("completed"), &json!(false)), "{line}");
    }
    for (nth, (tenant, customer)) in pairs.iter().enumerate() {
        let facts = json!(home.facts_of(tenant, customer)).to_string();
        assert!(facts.contains(&format!("card-{nth}-")), "{customer} of {tenant} is gone");
        let others = (0..pairs.len()).filter(|other| *other != nth);
        let mistaken: Vec<usize> = others.filter(|other| facts.contains(&format!("card-{other}-"))).collect();
        assert!(mistaken.is_empty(), "{customer} of {tenant} sees {mistaken:?}");
    }
}

#[test]
fn the_same_id_of_another_tenant_or_source_is_another_event() {
    let pairs = [("a", "b/c"), ("a/b", "c"), ("a", "b"), ("ab", "c"), ("a", "bc")];
    let events: Vec<Value> = pairs
        .iter()
        .map(|(tenant, source)| {
            let mut event = event_of(tenant, "evt-1", NEW_YEAR, "CustomerSubscribes", "ann", json!({"sku": "free"}));
            event["source"] = json!(source);
            event["subject"] = json!(source);
            event
        })
        .collect();
    let home = Home::new();
    let told = home.play(stream(&events)).exits(0);
    assert!(told.of_lines().iter().all(|line| line["duplicate"] == false), "{}", told.out);
    let again = home.play(stream(&events)).exits(0);
    assert!(again.of_lines().iter().all(|line| line["duplicate"] == true), "{}", again.out);
}

#[test]
fn a_payment_key_is_a_tenants_own() {
    let pay = |tenant: &str, id: &str, amount: u64| {
        event_of(tenant, id, NEW_YEAR, "PaymentProcessed", "ann", json!({"amount": amount, "idempotency_key": "k"}))
    };
    let home = Home::new();
    let told =
        home.play(stream(&[pay("acme", "evt-1", 5), pay("birch", "evt-1", 7), pay("acme", "evt-2", 7)])).exits(0);
    assert_eq!(told.outcomes(), ["completed", "completed", "invalid"]);
    for (tenant, amount) in [("acme", 5), ("birch", 7)] {
        let facts = home.facts_of(tenant, "ann");
        let account = facts.iter().find(|(name, _)| name == "billing.account").unwrap();
        assert_eq!(account.1["unapplied"], json!({"USD": amount}));
    }
}
