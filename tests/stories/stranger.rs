//! Customers who never subscribed: the table of the specification, through the eight governors as they are shipped.

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, code, event, stream, subscribes, text};

/// Kind, data, outcome, code.
fn table() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let change = |action: &str| json!({"action": action});
    let used = json!({"resource": "requests", "quantity": 5, "period": "2026-01"});
    let exceeded = json!({"resource": "requests", "current_usage": 2, "limit": 1});
    vec![
        ("CustomerUpgrades", json!({"old_sku": "free", "new_sku": "pro"}), "refused", "no-subscription"),
        ("SubscriptionChanged", change("downgrade"), "refused", "no-subscription"),
        ("SubscriptionChanged", change("pause"), "refused", "no-subscription"),
        ("SubscriptionChanged", change("resume"), "refused", "no-subscription"),
        ("SubscriptionChanged", change("reactivate"), "refused", "no-subscription"),
        ("CustomerCancels", json!({}), "refused", "no-subscription"),
        ("CustomerCancels", json!({"when": "period-end"}), "refused", "no-subscription"),
        ("RenewalDue", json!({"subscription_id": "sub-1"}), "refused", "subscription-unknown"),
        ("PaymentProcessed", json!({"amount": 500, "idempotency_key": "k"}), "completed", ""),
        ("PaymentFailed", json!({"reason": "no funds"}), "completed", ""),
        ("UsageExceedsQuota", exceeded, "completed", ""),
        ("UsageReported", used, "completed", ""),
        ("ManualSuspension", json!({"reason": "looks odd"}), "completed", ""),
        ("ManualSuspension", json!({"reason": "looks odd", "cause": "fraud"}), "completed", ""),
        ("ManualSuspension", json!({"reason": "looks odd", "cause": "compliance"}), "completed", ""),
    ]
}

fn stranger(nth: usize) -> String {
    format!("stranger-{nth}")
}

#[test]
fn whatever_comes_for_one_who_never_subscribed_has_the_outcome_of_the_table() {
    let table = table();
    let rows = table.iter().enumerate();
    let mut events: Vec<Value> = rows
        .clone()
        .map(|(nth, (kind, data, ..))| event(&format!("evt-{nth}"), NEW_YEAR, kind, &stranger(nth), data.clone()))
        .collect();
    let strangers = rows.clone().filter(|(_, (kind, ..))| *kind == "ManualSuspension").map(|(nth, _)| stranger(nth));
    events.extend(strangers.map(|subject| subscribes(&format!("late-{subject}"), &subject, json!({"sku": "free"}))));
    let home = Home::new();
    let told = home.play(stream(&events)).exits(0);

    for ((nth, (kind, data, outcome, refusal)), line) in rows.zip(1..) {
        let told = told.line(line);
        assert_eq!((&told["outcome"], code(&told).as_str()), (&json!(outcome), *refusal), "{kind} {data}: {told}");
        assert_eq!(told["error"], Value::Null, "{kind}");
        let facts = home.run(&["fact", "list", "acme", &stranger(nth)]);
        let keeps = matches!(*kind, "PaymentProcessed" | "ManualSuspension");
        assert_eq!(facts.code, Some(i32::from(!keeps)), "{kind} {data} leaves\n{}", facts.out);
        if ["PaymentFailed", "UsageExceedsQuota", "UsageReported"].contains(kind) {
            let governors = told["governors"].as_array().unwrap();
            assert!(governors.iter().all(|governor| governor["verdict"] == "abstain"), "{kind}: {told}");
        }
    }
    for refused in &told.of_lines()[table.len()..] {
        assert_eq!(
            (text(&refused["outcome"]), code(refused)),
            ("refused".to_owned(), "suspended".to_owned()),
            "{refused}"
        );
    }
}

#[test]
fn money_that_came_too_early_is_kept_and_pays_the_first_invoice() {
    let home = Home::new();
    let paid = event("evt-1", NEW_YEAR, "PaymentProcessed", "cust-1", json!({"amount": 5_000, "idempotency_key": "k"}));
    home.play(stream(&[paid])).exits(0);
    assert_eq!(home.fact("cust-1", "billing.account")["unapplied"], json!({"USD": 5_000}));
    let begins = subscribes("evt-2", "cust-1", json!({"sku": "starter", "payment_method": "card"}));
    let unknown = event("evt-3", NEW_YEAR, "RenewalDue", "cust-1", json!({"subscription_id": "sub-2"}));
    let told = home.play(stream(&[begins, unknown])).exits(0);
    assert_eq!(code(&told.line(2)), "subscription-unknown", "a subscription that nobody has");
    let effects = told.line(1)["effects"].to_string();
    assert!(!effects.contains("authorize-payment"), "nothing is left to authorise: {effects}");
    assert_eq!(home.fact("cust-1", "billing.account")["unapplied"], json!({"USD": 5_000 - 2_999}));
    assert_eq!(home.fact("cust-1", "billing.invoice.inv-1")["status"], "paid");
}

#[test]
fn a_payload_full_of_members_nobody_knows_is_judged_like_any_other() {
    let mut data = json!({"sku": "pro", "payment_method": "card"});
    for nth in 0..4_000 {
        data[format!("m{nth}")] = json!([nth]);
    }
    let told = Home::new().play(stream(&[subscribes("evt-1", "cust-1", data)])).exits(0);
    assert_eq!(told.line(1)["outcome"], "completed");
}
