//! Timers: each fires once, when it is due, for the governor that set it, however the days are cut into runs.
//!
//! What must have fired is worked out from the ledger alone: a receipt says which timers were set with it, and the id of
//! a firing says with which receipt.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syndic_core::slot::SLOTS;

use crate::syndic::{Home, Told, event_of, stream, text};

/// Two streets of customers who live through a year: trials, renewals by month and year, cards that fail softly, hard
/// and for good, pauses, suspensions, disputes, quotas, people who leave at once and at the period's end.
fn a_year() -> Vec<Value> {
    let mut events = Vec::new();
    let mut put = |time: &str, customer: &str, kind: &str, data: Value| {
        for tenant in ["acme", "birch"] {
            let id = format!("evt-{}", events.len() + 1);
            events.push(event_of(tenant, &id, &format!("2026-{time}:00Z"), kind, customer, data.clone()));
        }
    };
    let meter = json!({"sku": "meter", "name": "Meter", "status": "published",
        "prices": {"monthly": {"minor_units": 1000, "currency": "USD"}},
        "limits": {"requests": {"limit": 100, "hard": false}}, "requires_approval": false,
        "overage": {"requests": {"minor_units": 10, "currency": "USD", "per": 1}}, "vendor_id": "v", "commission_bp": 1000});
    put("01-01T00:00", "catalogue", "ProductChanged", meter.clone());
    for customer in ["ann", "bob", "cat", "dan"] {
        put("01-01T00:00", customer, "CustomerSubscribes", json!({"sku": "meter", "payment_method": "card"}));
    }
    put("01-02T00:00", "eve", "CustomerSubscribes", json!({"sku": "pro", "trial": true}));
    put("01-02T00:00", "fay", "CustomerSubscribes", json!({"sku": "pro", "trial": true, "payment_method": "card"}));
    put(
        "01-31T12:00",
        "gus",
        "CustomerSubscribes",
        json!({"sku": "starter", "billing_cycle": "annual", "payment_method": "card"}),
    );
    put("02-10T00:00", "ann", "UsageReported", json!({"resource": "requests", "quantity": 175, "period": "2026-02"}));
    put("02-15T00:00", "bob", "PaymentMethodUpdated", json!({"payment_method": "sandbox:declined"}));
    put("02-20T00:00", "cat", "PaymentMethodUpdated", json!({"payment_method": "sandbox:lost_card"}));
    put("03-05T00:00", "cat", "PaymentMethodUpdated", json!({"payment_method": "card"}));
    put("03-10T00:00", "dan", "SubscriptionChanged", json!({"action": "pause"}));
    put("03-11T00:00", "ann", "ManualSuspension", json!({"reason": "odd", "cause": "admin"}));
    put("05-02T00:00", "ann", "SuspensionLifted", json!({"cause": "admin", "actor": "ops"}));
    put("05-03T00:00", "ann", "DisputeOpened", json!({"invoice_id": "inv-1", "amount": 1000, "reason": "why"}));
    put("06-01T00:00", "fay", "CustomerCancels", json!({"when": "period-end"}));
    put("07-01T00:00", "ann", "CustomerCancels", json!({}));
    let mut dearer = meter;
    dearer["prices"]["monthly"]["minor_units"] = json!(2000);
    dearer["effective_at"] = json!("2026-09-01T00:00:00Z");
    put("07-15T00:00", "catalogue", "ProductChanged", dearer);
    put(
        "08-20T00:00",
        "hal",
        "CustomerSubscribes",
        json!({"sku": "starter", "payment_method": "sandbox:capture-fails"}),
    );
    events
}

const YEAR_END: &str = "2026-12-31T00:00:00Z";

/// A timer's place: whose, which slot's, and its name.
type Place = [String; 4];

fn place(receipt: &Value, slot: &Value, name: &Value) -> Place {
    [&receipt["tenant"], &receipt["subject"], slot, name].map(text)
}

fn sequence(receipt: &Value) -> u64 {
    receipt["sequence"].as_u64().unwrap()
}

/// The receipt with which a timer that fired was set, its slot and its name: all in the id of its firing.
fn setting(receipt: &Value) -> Option<(u64, String, String)> {
    let id = text(&receipt["event"]["id"]);
    let (set, name) = id.split_once("/t:")?;
    let (set, slot) = set.split_once('/')?;
    Some((set.parse().ok()?, slot.to_owned(), name.to_owned()))
}

/// Follows the ledger from its beginning, and answers how many timers fired.
///
/// A timer that fires was set, and by nothing later than its id says: setting a name again replaces it. It is its own
/// governor's business alone, and time never runs back from one to the next. What never fired waits still.
#[track_caller]
fn every_timer_fired_once(home: &Home) -> usize {
    let mut waiting: BTreeMap<Place, u64> = BTreeMap::new();
    let (mut fired, mut clock) = (0, String::new());
    for receipt in &home.receipts() {
        if let Some((set, slot, name)) = setting(receipt) {
            let place = place(receipt, &json!(slot), &json!(name));
            assert_eq!(waiting.remove(&place), Some(set), "{place:?} fires once, as it was set last");
            let governors = receipt["governors"].as_array().unwrap();
            let slots: Vec<String> = governors.iter().map(|governor| text(&governor["slot"])).collect();
            assert_eq!(slots, [slot], "it is that governor's alone: {receipt}");
            let time = text(&receipt["time"]).trim_end_matches('Z').to_owned();
            assert!(time >= clock, "{place:?} fires at {time}, after another that was due at {clock}");
            (clock, fired) = (time, fired + 1);
        }
        for timer in receipt["timers"].as_array().unwrap() {
            waiting.insert(place(receipt, &timer["slot"], &timer["name"]), sequence(receipt));
        }
    }
    let stats = home.run(&["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!(stats["timers_waiting"], waiting.len(), "what was set and did not fire is waiting");
    fired
}

/// Timers that are due together fire by tenant, customer, slot and name, where all were set before the first. The
/// tenant's own, which are the catalogue's, are nobody's and go before every customer's.
#[track_caller]
fn together_they_go_in_their_order(home: &Home, told: &Told) {
    let receipts = home.receipts();
    let mut last: Option<(u64, Value, [String; 4])> = None;
    for line in told.values().iter().filter(|line| line["timer"].is_string()) {
        let receipt = &receipts[line["receipt"].as_u64().unwrap() as usize - 1];
        let (set, slot, name) = setting(receipt).unwrap();
        let customer = if slot == "product-catalog" { String::new() } else { text(&line["subject"]) };
        let slot = SLOTS.iter().position(|known| *known == slot).unwrap();
        let key = [text(&receipt["tenant"]), customer, slot.to_string(), name];
        if let Some((first, time, before)) = &last
            && *time == receipt["time"]
            && set < *first
        {
            assert!(*before < key, "{before:?} and {key:?} are due together");
        } else {
            last = Some((sequence(receipt), receipt["time"].clone(), key.clone()));
        }
        if let Some((.., before)) = &mut last {
            *before = key;
        }
    }
}

/// All that is known of everybody.
fn known(home: &Home) -> Vec<(String, Vec<(String, Value)>)> {
    let customers = ["ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal", ""];
    let everybody = ["acme", "birch"].into_iter().flat_map(|tenant| customers.map(|customer| (tenant, customer)));
    everybody.map(|(tenant, customer)| (format!("{customer}@{tenant}"), home.facts_of(tenant, customer))).collect()
}

fn until(home: &Home, events: &[Value], until: &str) -> Told {
    home.play_with(stream(events), &["--until", until]).exits(0)
}

#[test]
fn in_a_year_every_timer_fires_once_when_it_is_due_and_for_its_governor_alone() {
    let events = a_year();
    let home = Home::new();
    let told = until(&home, &events, YEAR_END);
    assert!(told.outcomes().iter().all(|outcome| outcome == "completed"), "{}", told.out);
    let fired = every_timer_fired_once(&home);
    assert!(fired > 400, "a year has many: {fired}");
    assert_eq!(told.summary()["timers"], fired);
    together_they_go_in_their_order(&home, &told);
    for line in told.values().iter().filter(|line| line["timer"].is_string()).step_by(20) {
        let shown = home.run(&["event", "show", &text(&line["id"]), "--json"]).exits(0).values();
        let due = shown.iter().find(|shown| shown["outcome"]["receipt"] == line["receipt"]).unwrap();
        assert_eq!(due["event"]["data"]["due"], due["event"]["time"], "it fires at its time: {line}");
    }
    let outcomes = |customer: &str, fact: &str| home.fact(customer, fact)["status"].clone();
    assert_eq!(outcomes("bob", "customer-account.account"), "archived", "nobody paid, and nobody asked any more");
    assert_eq!(outcomes("fay", "subscription.sub.sub-1"), "archived", "she left in June");
    assert_eq!(outcomes("dan", "subscription.sub.sub-1"), "active", "his pause ended by itself");
}

#[test]
fn a_house_that_was_closed_for_weeks_catches_up_and_ends_where_one_does_that_never_closed() {
    let events = a_year();
    let (open, closed) = (Home::new(), Home::new());
    let undisturbed = until(&open, &events, YEAR_END);
    let mut rest = events.as_slice();
    for month in ["02", "03", "05", "06", "08", "13"] {
        let here = rest.partition_point(|event| text(&event["time"]).as_str() < format!("2026-{month}").as_str());
        closed.play(stream(&rest[..here])).exits(0);
        rest = &rest[here..];
    }
    let last = until(&closed, &[], YEAR_END);
    assert_eq!(last.root(), undisturbed.root());
    assert_eq!(known(&closed), known(&open));
    let again = until(&closed, &[], YEAR_END);
    assert_eq!(
        (&again.summary()["timers"], again.root()),
        (&json!(0), last.root()),
        "what has fired does not fire again"
    );
}

#[test]
fn time_alone_moves_timers_and_to_the_millisecond() {
    let trial =
        a_year().into_iter().filter(|event| event["subject"] == "eve" && event["tenant"] == "acme").collect::<Vec<_>>();
    let home = Home::new();
    home.play(stream(&trial)).exits(0);
    let fired = |moment: &str| until(&home, &[], moment).summary()["timers"].as_u64().unwrap();
    assert_eq!(fired("2026-01-08T23:59:59.999Z"), 0);
    assert_eq!(fired("2026-01-09T00:00:00Z"), 1, "a week ahead she is told");
    assert_eq!(fired("2026-01-09T00:00:00Z"), 0);
    assert_eq!(fired("2026-01-01T00:00:00Z"), 0, "time does not run back");
    assert_eq!(fired("2026-01-15T23:59:59.999Z"), 0);
    assert_eq!(fired("2026-01-16T00:00:00Z"), 2, "the trial and its month of quotas end");
    every_timer_fired_once(&home);
}
