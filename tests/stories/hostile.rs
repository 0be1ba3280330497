//! A governor that does its worst takes one event with it, and leaves nothing of that event behind.
//!
//! Each component here sits in the slot `billing` among seven that are as always, and judges subscriptions alone.

use serde_json::{Value, json};

use crate::guest::{FAULT, Guest, words};
use crate::syndic::{Home, Told, event, stream, subscribes, text};

/// Where an answer's lists stand: the writes, the effects, the raised events. See [`crate::guest`].
const WRITES: u32 = 280;
const EFFECTS: u32 = 288;
const RAISES: u32 = 304;

/// A place in memory that nothing else uses.
const AT: u32 = 5_000;

/// Texts laid out in memory, and the words that say where each is.
fn laid_out(texts: &[&str]) -> (String, Vec<[u32; 2]>) {
    let mut at = AT + 200;
    let mut places = Vec::new();
    let mut data = String::new();
    for text in texts {
        let length = u32::try_from(text.len()).unwrap();
        data.push_str(&format!("(data (i32.const {at}) \"{}\")", text.escape_default()));
        places.push([at, length]);
        at += length;
    }
    (data, places)
}

/// An answer with one entry in one of its lists.
fn with_one(list: u32, entry: &[u32]) -> String {
    format!("(data (i32.const {list}) \"{}\") (data (i32.const {AT}) \"{}\")", words(&[AT, 1]), words(entry))
}

/// An answer that asks to reserve money, reversibly, with the undo written beside it.
fn asks(action: &str, undo: bool) -> String {
    let (data, place) = laid_out(&["hold", action, "inv-1", "{}", "void-authorization"]);
    let [id, action, key, body, undone_by] = place[..] else { unreachable!("five texts have five places") };
    let entry = [&id[..], &action, &[1], &key, &body, &[u32::from(undo)], &undone_by, &body].concat();
    data + &with_one(EFFECTS, &entry)
}

/// An answer that sets a fact.
fn sets(fact: &str, value: &str) -> String {
    let (data, place) = laid_out(&[fact, value]);
    let [fact, value] = place[..] else { unreachable!("two texts have two places") };
    data + &with_one(WRITES, &[&[0, 0, 0][..], &fact, &value].concat())
}

/// Plays two subscriptions and two other events. The subscriptions are rolled back, the others complete.
fn play(guest: &Guest<'_>) -> (Home, Told) {
    let guest = Guest { kind: "CustomerSubscribes", action: "authorize-payment", ..*guest };
    let other = |id: &str, kind: &str, data: Value| event(id, "2026-01-02T00:00:00Z", kind, "cust-9", data);
    let events = [
        subscribes("evt-1", "cust-1", json!({"sku": "pro"})),
        other("evt-2", "PaymentFailed", json!({"reason": "no funds"})),
        subscribes("evt-3", "cust-2", json!({"sku": "pro"})),
        other("evt-4", "ManualSuspension", json!({"reason": "looks odd"})),
    ];
    let home = Home::new();
    let told = home.play_with_governor(stream(&events), "billing", &guest.build()).exits(0);
    assert_eq!(told.outcomes(), ["rolled-back", "completed", "rolled-back", "completed"], "{}{}", told.out, told.err);
    let summary = told.summary();
    assert_eq!([&summary["rolled-back"], &summary["receipts"]], [2, 4]);
    for customer in ["cust-1", "cust-2"] {
        home.run(&["fact", "list", "acme", customer]).exits(1);
    }
    (home, told)
}

/// It fails so, and both subscriptions are told the same.
fn check(guest: &Guest<'_>, class: &str, words: &str) -> Told {
    let (home, told) = play(guest);
    let line = told.line(1);
    let error = &line["error"];
    assert_eq!((&error["kind"], &error["governor"]), (&json!("GovernorError"), &json!("billing")));
    let message = text(&error["message"]);
    assert!(message.contains(class) && message.contains(words), "{message}");
    let billing = billing(&line);
    assert_eq!((text(&billing["verdict"]), text(&billing["code"])), ("failed".to_owned(), class.to_owned()));
    assert_eq!(told.line(3)["error"], *error);
    assert!(
        line["governors"].as_array().unwrap().iter().all(|governor| governor["fuel"] != 0),
        "all six were asked: {line}"
    );
    let receipt = home.run(&["receipt", "show", &line["receipt"].to_string(), "--json"]).exits(0);
    assert!(receipt.out.contains(&text(&billing["digest"])), "the receipt names the component: {}", receipt.out);
    told
}

fn billing(line: &Value) -> &Value {
    line["governors"].as_array().unwrap().iter().find(|governor| governor["slot"] == "billing").unwrap()
}

/// Effects of the first line that are the component's own, and how they ended.
fn effects(told: &Told) -> Vec<(String, String)> {
    let line = told.line(1);
    let own = line["effects"].as_array().unwrap().iter().filter(|effect| text(&effect["id"]).starts_with("billing/"));
    own.map(|effect| (text(&effect["id"]), text(&effect["status"]))).collect()
}

#[test]
fn one_that_traps_is_rolled_back_before_anything_is_done() {
    let told = check(&Guest { evaluate: "(unreachable)", ..Guest::default() }, "unreachable", "in `evaluate`");
    assert_eq!(told.line(1)["effects"], json!([]));
}

#[test]
fn one_that_traps_after_money_was_reserved_has_the_reservation_undone() {
    let more = asks("authorize-payment", true);
    let guest = Guest { feedback: "(unreachable)", more: &more, ..Guest::default() };
    let told = check(&guest, "unreachable", "in `feedback`");
    assert_eq!(effects(&told), [("billing/hold".to_owned(), "undone".to_owned())]);
    let path = told.line(1)["state_path"].clone();
    assert!(path.as_array().unwrap().contains(&json!("ErrorRecovery")), "{path}");
}

#[test]
fn one_that_loops_for_ever_burns_its_fuel_and_no_more() {
    let guest = Guest { evaluate: "(loop $again (br $again)) (unreachable)", ..Guest::default() };
    let told = check(&guest, "out-of-fuel", "20000000");
    assert_eq!(billing(&told.line(1))["fuel"], 20_000_000);
}

#[test]
fn one_that_answers_with_a_fraction_is_a_bad_answer() {
    let more = sets("billing.account", "1.5");
    check(&Guest { more: &more, ..Guest::default() }, "bad-answer", "writes[0].value");
}

#[test]
fn one_that_writes_a_fact_of_another_slot_is_a_bad_answer() {
    let more = sets("entitlement.grant.sub-1", "{}");
    check(&Guest { more: &more, ..Guest::default() }, "bad-answer", "`entitlement.grant.sub-1`");
}

#[test]
fn one_whose_verdict_is_of_no_known_kind_is_a_bad_answer() {
    let more = r#"(data (i32.const 260) "\09")"#;
    check(&Guest { more, ..Guest::default() }, "bad-answer", "cannot be read");
}

#[test]
fn one_that_asks_for_an_action_it_did_not_declare_or_cannot_undo_is_a_bad_answer() {
    for (more, words) in [(asks("wire-money", true), "wire-money"), (asks("authorize-payment", false), "undo")] {
        let told = check(&Guest { more: &more, ..Guest::default() }, "bad-answer", words);
        assert_eq!(effects(&told), [], "nothing of the kind was done");
    }
}

#[test]
fn one_that_reports_a_fault_is_told_in_its_own_words() {
    check(&Guest { evaluate: FAULT, ..Guest::default() }, "fault", "it is 7");
}

#[test]
fn one_that_answers_every_event_with_the_same_event_is_stopped_in_the_eighth_generation() {
    let (data, place) = laid_out(&["PaymentFailed", r#"{"reason":"again"}"#]);
    let more = data + &with_one(RAISES, &place.concat());
    let guest = Guest { kind: "PaymentFailed", more: &more, ..Guest::default() };
    let failed = |id: &str| event(id, "2026-01-02T00:00:00Z", "PaymentFailed", "cust-9", json!({"reason": "no funds"}));
    let home = Home::new();
    let events = stream(&[failed("evt-1"), subscribes("evt-2", "cust-1", json!({"sku": "free"}))]);
    let told = home.play_with_governor(events, "billing", &guest.build()).exits(0);
    let raised: Vec<String> = told
        .values()
        .iter()
        .filter(|line| line["type"] == "PaymentFailed")
        .map(|line| text(&line["outcome"]))
        .collect();
    let mut expected = vec!["completed"; 7];
    expected.push("rolled-back");
    assert_eq!(raised, expected, "{}", told.out);
    assert_eq!(told.outcomes(), ["completed", "completed"], "the events themselves are as they were");
    let last = told.values().into_iter().find(|line| line["outcome"] == "rolled-back").unwrap();
    assert!(text(&last["error"]["message"]).contains("it goes on raising events, over 8 deep"), "{last}");
}
