//! The same events, governors and seed give the same receipts, fuel and root; time passes only with the events.

use serde_json::{Value, json};

use crate::syndic::{Home, Told, event, stream, subscribes};

/// Three months of seven customers: payments, declined cards, trials, captures that fail, upgrades, timers.
pub(crate) fn a_busy_quarter() -> Vec<Value> {
    let mut events = Vec::new();
    let mut put = |time: &str, kind: &str, subject: &str, data: Value| {
        let id = format!("evt-{}", events.len() + 1);
        events.push(event(&id, &format!("2026-{time}:00Z"), kind, subject, data));
    };
    let pay = |amount: u64, key: &str| json!({"amount": amount, "idempotency_key": key});
    put("01-01T00:00", "CustomerSubscribes", "ann", json!({"sku": "starter", "payment_method": "card"}));
    put("01-01T00:00", "CustomerSubscribes", "bob", json!({"sku": "pro", "seats": 3, "payment_method": "card"}));
    put("01-02T10:00", "CustomerSubscribes", "cat", json!({"sku": "pro", "payment_method": "sandbox:timeout"}));
    put("01-02T10:01", "CustomerSubscribes", "cat", json!({"sku": "pro", "payment_method": "sandbox:declined"}));
    put("01-02T10:02", "CustomerSubscribes", "dan", json!({"sku": "pro", "trial": true, "payment_method": "card"}));
    put(
        "01-03T00:00",
        "CustomerSubscribes",
        "eve",
        json!({"sku": "starter", "payment_method": "sandbox:capture-fails"}),
    );
    put("01-03T01:00", "CustomerSubscribes", "kyc-fail-1", json!({"sku": "starter"}));
    put("01-04T00:00", "PaymentProcessed", "bob", pay(5_000, "k-1"));
    put("01-05T00:00", "PaymentProcessed", "bob", pay(5_000, "k-1"));
    put("01-05T00:00", "PaymentProcessed", "bob", pay(6_000, "k-1"));
    put("01-09T12:00", "CustomerUpgrades", "ann", json!({"old_sku": "starter", "new_sku": "pro"}));
    put(
        "01-10T00:00",
        "UsageReported",
        "bob",
        json!({"resource": "requests", "quantity": 9_000_000, "period": "2026-01"}),
    );
    put("01-11T00:00", "RefundRequested", "ann", json!({"invoice_id": "inv-2", "amount": 500, "reason": "slow"}));
    put("01-20T00:00", "PaymentFailed", "bob", json!({"reason": "no funds", "decline_code": "51"}));
    put("01-21T00:00", "ManualSuspension", "dan", json!({"reason": "looks odd", "cause": "fraud"}));
    put("01-25T00:00", "SuspensionLifted", "dan", json!({"cause": "fraud", "actor": "ops"}));
    put("02-02T00:00", "PaymentMethodUpdated", "eve", json!({"payment_method": "card"}));
    put("02-10T00:00", "CustomerCancels", "ann", json!({"reason": "moving on"}));
    put("03-05T00:00", "PaymentProcessed", "bob", pay(20_000, "k-2"));
    put("03-31T00:00", "CustomerCancels", "bob", json!({"when": "period-end"}));
    events
}

/// All it told, without what was measured.
fn told(told: &Told) -> Vec<Value> {
    let mut values = told.values();
    let summary = values.last_mut().unwrap()["summary"].as_object_mut().unwrap();
    for measured in ["elapsed_ms", "events_per_second"] {
        assert!(summary.remove(measured).is_some_and(|value| value.is_u64()), "{measured}");
    }
    values
}

/// Every line but the summary, byte for byte.
fn lines(told: &Told) -> &str {
    told.out.trim_end().rsplit_once('\n').unwrap().0
}

#[test]
fn the_same_stream_tells_the_same_twice_and_another_seed_only_another_root() {
    let events = stream(&a_busy_quarter());
    let (one, two, salted) = (Home::new(), Home::new(), Home::new());
    let first = one.play(&events).exits(0);
    let second = two.play_uncached(&events).exits(0);
    assert_eq!(lines(&first), lines(&second), "byte for byte, fuel and all, however the governors were compiled");
    assert_eq!(told(&first), told(&second));
    for counted in ["completed", "refused", "rolled-back", "invalid", "duplicates", "raised", "timers"] {
        assert_ne!(first.summary()[counted], 0, "a busy quarter has some that are {counted}");
    }
    let salted = salted.play_with(&events, &["--seed", "7"]).exits(0);
    assert_eq!(lines(&first), lines(&salted));
    assert_ne!(first.root(), salted.root());
    assert_eq!(
        one.play_with(&events, &["--seed", "0"]).exits(0).root(),
        first.root(),
        "0 is the seed of who names none"
    );
}

#[test]
fn a_stream_in_two_halves_ends_in_the_root_of_the_whole() {
    let events = a_busy_quarter();
    let (halves, whole) = (Home::new(), Home::new());
    halves.play(stream(&events[..9])).exits(0);
    let second = halves.play(stream(&events[9..])).exits(0);
    let again = halves.play(stream(&events)).exits(0);
    assert_eq!(second.root(), whole.play(stream(&events)).exits(0).root());
    assert_eq!(again.root(), second.root(), "what was done is not done again");
    assert!(again.of_lines().iter().all(|line| line["duplicate"] == true), "{}", again.out);
    let summary = again.summary();
    assert_eq!([&summary["raised"], &summary["timers"]], [0, 0]);
}

#[test]
fn time_runs_on_until_a_moment_and_no_further() {
    let home = Home::new();
    let trial = stream(&[subscribes("evt-1", "cust-1", json!({"sku": "pro", "trial": true}))]);
    let at_once = home.play(&trial).exits(0);
    assert_eq!(at_once.summary()["timers"], 0);
    let before = home.play_with(&trial, &["--until", "2026-01-07T23:59:59Z"]).exits(0);
    assert_eq!(before.summary()["timers"], 0);
    home.play_with(&trial, &["--until", "2026-01-15T00:00:00Z"]).exits(0);
    assert_eq!(home.fact("cust-1", "subscription.sub.sub-1")["status"], "expired", "nobody could be charged");
    home.play_with(&trial, &["--until", "2026-01-18T00:00:00Z"]).exits(0);
    assert_eq!(home.fact("cust-1", "subscription.sub.sub-1")["status"], "cancelled", "three days of patience");
    let unread = home.play_with(&trial, &["--until", "soon"]).exits(2);
    assert!(unread.err.contains("`--until` is not a time"), "{}", unread.err);
}
