//! One customer with eighty subscriptions: more than any one decision has room for.
//!
//! A decision may write 64 facts, ask for 16 effects and raise four events. What does not fit goes on in turns, and none
//! of it may be lost, done twice, or end as a governor's bad answer.

use serde_json::{Value, json};

use crate::books::Books;
use crate::syndic::{Home, NEW_YEAR, Told, event, stream, text};

const MANY: usize = 80;

/// Eighty plans of a dollar a month and one more each, and a customer who has all of them.
fn subscribed(method: &str) -> Home {
    let mut events = Vec::new();
    for nth in 0..MANY {
        let prices = json!({"monthly": {"minor_units": 100 + nth, "currency": "USD"}});
        let product = json!({"sku": format!("plan-{nth}"), "name": "Plan", "status": "published", "prices": prices,
            "limits": {"requests": {"limit": 10, "hard": false}}, "features": [format!("feature-{nth}")]});
        events.push(event(&format!("product-{nth}"), NEW_YEAR, "ProductChanged", "catalogue", product));
    }
    for nth in 0..MANY {
        let order = json!({"sku": format!("plan-{nth}"), "payment_method": method});
        events.push(event(&format!("order-{nth}"), NEW_YEAR, "CustomerSubscribes", "ann", order));
    }
    let home = Home::new();
    all_completed(&home.play(stream(&events)).exits(0));
    home
}

/// Every line, asked for or not, completed.
#[track_caller]
fn all_completed(told: &Told) {
    for line in told.values().iter().filter(|line| line["outcome"].is_string()) {
        assert_eq!(line["outcome"], "completed", "{line}");
    }
}

#[track_caller]
fn balanced(home: &Home) -> Books {
    let books = Books::new(home.facts("ann"));
    books.balance();
    books
}

/// The status of every fact below a name.
fn statuses(home: &Home, below: &str) -> Vec<String> {
    let facts = home.facts("ann");
    facts.iter().filter(|(name, _)| name.starts_with(below)).map(|(_, value)| text(&value["status"])).collect()
}

fn happens(home: &Home, id: &str, time: &str, kind: &str, data: Value, until: &str) -> Told {
    let told = home.play_with(stream(&[event(id, time, kind, "ann", data)]), &["--until", until]).exits(0);
    all_completed(&told);
    told
}

/// What all eighty cost a month.
fn a_month() -> i64 {
    (0..MANY as i64).map(|nth| 100 + nth).sum()
}

#[test]
fn they_are_subscribed_and_renewed_and_all_cancelled_at_once() {
    let home = subscribed("card");
    assert_eq!(balanced(&home).till("received", "USD"), a_month());
    assert_eq!(home.fact("ann", "entitlement.features").as_array().unwrap().len(), MANY);
    assert_eq!(home.fact("ann", "quota-sla.limits")["requests"]["limit"], 10 * MANY);

    happens(
        &home,
        "wait",
        "2026-01-02T00:00:00Z",
        "PaymentMethodUpdated",
        json!({"payment_method": "card"}),
        "2026-02-01T00:00:00Z",
    );
    assert_eq!(balanced(&home).till("received", "USD"), 2 * a_month(), "each is renewed once");

    let cancelled = "2026-02-15T00:00:00Z";
    let told = happens(&home, "leave", cancelled, "CustomerCancels", json!({}), cancelled);
    assert_eq!(statuses(&home, "subscription.sub."), vec!["cancelled"; MANY]);
    assert_eq!(statuses(&home, "entitlement.grant."), vec!["cancelled"; MANY]);
    let books = balanced(&home);
    // February has 28 days, and the fifteenth begins its second half: each line's half, half to even.
    let halves: i64 = (0..MANY as i64).map(|nth| 100 + nth).map(|price| price / 2 + i64::from(price % 4 == 3)).sum();
    assert_eq!((books.till("refunded", "USD"), books.till("unapplied", "USD")), (halves, 0), "{}", told.out);
    assert_eq!(home.fact("ann", "shared.access"), "blocked");
    let plans = home.facts("ann").into_iter().filter(|(name, _)| name.starts_with("billing.plan.")).count();
    assert_eq!(plans, 0, "nothing is in force any more");
    for nth in [0, 41, MANY - 1] {
        let left =
            home.facts_of("acme", "").into_iter().find(|(name, _)| *name == format!("shared.subscribers.plan-{nth}"));
        assert!(left.is_none_or(|(_, count)| count == 0), "the plan may be archived");
    }
    all_completed(&home.play_with("", &["--until", "2026-12-31T00:00:00Z"]).exits(0));
    assert_eq!(statuses(&home, "subscription.sub."), vec!["archived"; MANY]);
    assert_eq!(home.fact("ann", "customer-account.account")["status"], "archived");
}

#[test]
fn eighty_invoices_that_nobody_pays_are_chased_paid_at_once_or_given_up() {
    let unpaid = || {
        let home = subscribed("card");
        let declined = json!({"payment_method": "sandbox:declined"});
        happens(&home, "method", "2026-01-02T00:00:00Z", "PaymentMethodUpdated", declined, "2026-02-09T00:00:00Z");
        let open = home.fact("ann", "billing.account")["past_due"].as_array().unwrap().len();
        assert_eq!((open, home.fact("ann", "shared.access")), (MANY, json!("blocked")));
        assert_eq!(home.fact("ann", "shared.suspensions"), json!(["payment"]));
        home
    };
    let home = unpaid();
    let now = "2026-02-09T00:00:00Z";
    happens(&home, "card", now, "PaymentMethodUpdated", json!({"payment_method": "card"}), now);
    assert_eq!(balanced(&home).till("received", "USD"), 2 * a_month());
    assert_eq!(
        (home.fact("ann", "shared.access"), home.fact("ann", "shared.suspensions")),
        (json!("full"), Value::Null)
    );

    let home = unpaid();
    let transfer = json!({"amount": a_month(), "idempotency_key": "all of it"});
    happens(&home, "transfer", now, "PaymentProcessed", transfer, "2026-02-20T00:00:00Z");
    assert_eq!(balanced(&home).till("received", "USD"), 2 * a_month());
    assert_eq!(home.fact("ann", "shared.access"), "full");

    let home = unpaid();
    let paused = json!({"reason": "odd", "cause": "admin"});
    happens(&home, "pause", now, "ManualSuspension", paused, "2026-02-20T00:00:00Z");
    assert_eq!(
        home.fact("ann", "billing.account")["past_due"].as_array().unwrap().len(),
        MANY,
        "the ladders stand still"
    );
    let lifted = json!({"cause": "admin", "actor": "ops"});
    happens(&home, "lift", "2026-02-20T00:00:00Z", "SuspensionLifted", lifted, "2026-03-15T00:00:00Z");
    let books = balanced(&home);
    assert_eq!(statuses(&home, "subscription.sub."), vec!["cancelled"; MANY]);
    assert_eq!(
        books.sum("gross", "USD"),
        books.sum("paid", "USD") + books.sum("credited", "USD") + books.sum("written_off", "USD")
    );
}
