//! Looking at what was played: every verb, for people and for programs; and what is said where there is nothing to see.

use std::fs;

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, event, stream, subscribes, text};

fn events() -> [Value; 4] {
    let product = json!({"sku": "team", "name": "Team", "status": "published",
                         "prices": {"monthly": {"minor_units": 4_999, "currency": "USD"}}});
    [
        event("evt-1", NEW_YEAR, "ProductChanged", "catalogue", product),
        subscribes("evt-2", "cust-1", json!({"sku": "team", "payment_method": "card"})),
        event(
            "evt-3",
            "2026-01-02T00:00:00Z",
            "CustomerUpgrades",
            "cust-2",
            json!({"old_sku": "free", "new_sku": "pro"}),
        ),
        event("evt-4", "2026-01-03T00:00:00Z", "RenewalDue", "cust-1", json!({"subscription_id": "sub-1"})),
    ]
}

#[test]
fn receipts_are_listed_and_shown_and_their_leaves_do_not_say_who_the_customer_is() {
    let home = Home::after(&events());
    let list = home.run(&["receipt", "list"]).exits(0);
    for word in ["evt-1", "evt-4", "ProductChanged", "completed", "refused", "acme"] {
        assert!(list.out.contains(word), "`{word}` is missing:\n{}", list.out);
    }
    let all = home.run(&["receipt", "list", "--json"]).exits(0).values();
    let sequences: Vec<u64> = all.iter().map(|receipt| receipt["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=all.len() as u64).collect::<Vec<_>>());
    let some = home.run(&["receipt", "list", "--json", "--from", "2", "--limit", "2"]).exits(0).values();
    assert_eq!(some, all[1..3]);
    let leaves = json!(all).to_string();
    assert!(!leaves.contains("cust-1") && !leaves.contains("card"), "{leaves}");
    let beyond = home.run(&["receipt", "list", "--json", "--from", "999"]).exits(0);
    assert_eq!(beyond.out, "");

    let second = home.run(&["receipt", "show", "2", "--json"]).exits(0).values().remove(0);
    assert_eq!(second["leaf"], all[1], "the leaf is what the list has");
    assert_eq!((&second["outcome"]["id"], &second["outcome"]["outcome"]), (&json!("evt-2"), &json!("completed")));
    assert_eq!(text(&second["leaf_hash"]).len(), 64);
    let told = home.run(&["receipt", "show", "2"]).exits(0).out;
    assert!(told.contains("evt-2") && told.contains(&text(&second["leaf_hash"])), "{told}");
}

#[test]
fn an_event_is_shown_with_its_outcome_and_an_id_that_two_sources_used_shows_both() {
    let mut other = events()[2].clone();
    other["source"] = json!("/app");
    let home = Home::after(&[&events()[..], &[other]].concat());
    let shown = home.run(&["event", "show", "evt-2", "--json"]).exits(0).values().remove(0);
    assert_eq!(shown["event"], events()[1]);
    assert_eq!((&shown["outcome"]["outcome"], &shown["outcome"]["receipt"]), (&json!("completed"), &json!(2)));
    assert!(home.run(&["event", "show", "evt-3"]).exits(0).out.contains("no-subscription"));
    assert_eq!(home.run(&["event", "show", "evt-3", "--json"]).exits(0).values().len(), 2);
    let settled = home.run(&["event", "show", "2/billing/e:capture-inv-1", "--json"]).exits(0).values().remove(0);
    assert_eq!(settled["event"]["type"], "marketplace.EffectSettled", "the host's own events are kept too");
}

#[test]
fn facts_are_listed_of_a_customer_and_of_a_tenant() {
    let home = Home::after(&events());
    let facts = home.run(&["fact", "list", "acme", "cust-1", "--json"]).exits(0).values();
    for fact in &facts {
        let members: Vec<&str> = fact.as_object().unwrap().keys().map(String::as_str).collect();
        for member in ["name", "version", "value", "by", "event", "at"] {
            assert!(members.contains(&member), "{fact}");
        }
        assert!(!fact["value"].is_null() && fact["version"].as_u64().is_some_and(|version| version > 0), "{fact}");
    }
    assert_eq!(home.fact("cust-1", "shared.access"), "full");
    assert_eq!(home.fact("cust-1", "entitlement.grant.sub-1")["status"], "active");
    let told = home.run(&["fact", "list", "acme", "cust-1"]).exits(0).out;
    assert!(told.contains("shared.access") && told.contains("billing.invoice.inv-1"), "{told}");

    let tenants = home.run(&["fact", "list", "--tenant-facts", "acme", "--json"]).exits(0).values();
    let named = |name: &str| tenants.iter().find(|fact| fact["name"] == name).map(|fact| fact["value"].clone());
    assert_eq!(named("product-catalog.sku.team").unwrap()["name"], "Team");
    assert_eq!(named("shared.subscribers.team"), Some(json!(1)));
    assert!(home.run(&["fact", "list", "--tenant-facts", "acme"]).exits(0).out.contains("product-catalog.sku.team"));
}

#[test]
fn a_fact_is_shown_as_a_document_that_a_person_can_read() {
    let home = Home::after(&events());
    let listed = home.run(&["fact", "list", "acme", "cust-1"]).exits(0).out;
    assert!(listed.contains("paid, gross 49.99 USD"), "{listed}");
    assert!(listed.lines().all(|line| line.chars().count() <= 100), "{listed}");

    let invoice = home.run(&["fact", "show", "acme", "cust-1", "billing.invoice.inv-1"]).exits(0).out;
    for line in ["billing.invoice.inv-1", "  status          paid", "  gross           49.99 USD", "  lines"] {
        assert!(invoice.lines().any(|told| told == line), "`{line}` is missing:\n{invoice}");
    }
    let billing = home.run(&["fact", "show", "acme", "cust-1", "billing."]).exits(0).out;
    assert_eq!(billing, home.run(&["fact", "list", "acme", "cust-1", "--name", "billing.", "--long"]).exits(0).out);
    assert!(billing.contains(&invoice) && billing.starts_with("billing.account\n"), "{billing}");
    let team = home.run(&["fact", "show", "--tenant-facts", "acme", "product-catalog.sku"]).exits(0).out;
    assert!(team.contains("monthly  49.99 USD"), "{team}");

    let all = home.run(&["fact", "list", "acme", "cust-1", "--json"]).exits(0).values();
    let shown = home.run(&["fact", "show", "acme", "cust-1", "billing.invoice.inv-1", "--json"]).exits(0).values();
    let invoice = all.into_iter().filter(|fact| fact["name"] == "billing.invoice.inv-1").collect::<Vec<_>>();
    assert_eq!(shown, invoice, "for programs it is the line of the list");
    home.run(&["fact", "show", "acme", "billing.invoice.inv-1"]).fails(2, &["whose fact", "--tenant-facts"]);
}

#[test]
fn stats_say_how_a_data_directory_stands() {
    let home = Home::new();
    let root = home.play(stream(&events())).exits(0).root();
    let stats = home.run(&["stats", "--json"]).exits(0).values().remove(0);
    let receipts = home.run(&["receipt", "list", "--json"]).exits(0).values().len();
    assert_eq!((&stats["events_processed"], &stats["receipts"]), (&json!(receipts), &json!(receipts)));
    assert_eq!((&stats["pending_events"], &stats["stuck_events"]), (&json!(0), &json!(0)));
    assert_eq!((&stats["governors_healthy"], &stats["total_governors"]), (&json!(8), &json!(8)));
    assert_eq!((&stats["conflicts_detected"], &stats["error_state"]), (&json!(0), &Value::Null));
    assert_eq!(stats["outcomes"], json!({"completed": receipts - 2, "refused": 2}));
    assert_eq!(stats["root_hash"], root.as_str());
    assert!(stats["timers_waiting"].as_u64().is_some_and(|timers| timers > 0), "{stats}");
    let told = home.run(&["stats"]).exits(0).out;
    assert!(told.contains(&root) && told.contains("8 healthy of 8"), "{told}");
}

#[test]
fn what_is_not_there_is_answered_with_no() {
    let home = Home::after(&events());
    for (args, words) in [
        (&["event", "show", "evt-99"][..], "`evt-99`"),
        (&["receipt", "show", "999"], "receipt 999"),
        (&["receipt", "show", "0"], "receipt 0"),
        (&["fact", "list", "acme", "nobody"], "`nobody` of `acme`"),
        (&["fact", "list", "birch", "cust-1"], "`cust-1` of `birch`"),
        (&["fact", "show", "acme", "cust-1", "billing.invoice.inv-9"], "`billing.invoice.inv-9`"),
        (&["fact", "show", "acme", "nobody", "billing."], "`nobody` of `acme`"),
        (&["fact", "list", "--tenant-facts", "birch"], "`birch`"),
    ] {
        for json in [&[][..], &["--json"]] {
            let told = home.run(&[args, json].concat()).exits(1);
            assert!(told.err.starts_with("error: ") && told.err.contains(words), "{}", told.err);
            assert_eq!(told.out, "");
        }
    }
}

/// Everything that only looks.
const LOOKS: [&[&str]; 6] = [
    &["receipt", "list"],
    &["receipt", "show", "1"],
    &["event", "show", "evt-1"],
    &["fact", "list", "acme", "cust-1"],
    &["fact", "show", "acme", "cust-1", "billing."],
    &["stats"],
];

#[test]
fn looking_makes_nothing_and_says_that_there_is_nothing() {
    for look in LOOKS {
        let home = Home::new();
        home.run(look).fails(3, &["cannot be opened", home.data.to_str().unwrap()]);
        assert!(!home.data.exists(), "{look:?}");
        fs::create_dir(&home.data).unwrap();
        home.run(look).fails(3, &["is not a store"]);
        assert_eq!(fs::read_dir(&home.data).unwrap().count(), 0, "{look:?}");
    }
}

#[test]
fn a_directory_that_is_something_else_is_left_alone() {
    let home = Home::new();
    fs::create_dir(&home.data).unwrap();
    fs::write(home.data.join("diary.txt"), "dear diary").unwrap();
    for verb in LOOKS {
        home.run(verb).fails(3, &["is not a store"]);
    }
    home.play("").fails(3, &["is not a store", "it holds other things"]);
    assert_eq!(fs::read_dir(&home.data).unwrap().count(), 1);

    let file = Home::new();
    fs::write(&file.data, "dear diary").unwrap();
    file.play("").fails(3, &["is not a store", "it is a file"]);
    assert_eq!(fs::read_to_string(&file.data).unwrap(), "dear diary");
}

#[test]
fn a_data_directory_serves_one_process_at_a_time_and_each_line_is_told_at_once() {
    let home = Home::new();
    let mut playing = home.begin();
    playing.say(&events()[0]);
    assert_eq!(playing.hear(1)["outcome"], "completed", "it is told while the stream goes on");
    home.play("").fails(3, &["another syndic, process ", " is using", home.data.to_str().unwrap()]);
    home.run(&["stats"]).fails(3, &["another syndic, process "]);
    playing.say(&events()[1]);
    assert_eq!(playing.hear(2)["outcome"], "completed", "nothing was disturbed");
    playing.end();
    home.run(&["stats"]).exits(0);
}

#[test]
fn a_data_directory_keeps_its_seed() {
    let home = Home::new();
    home.play_with("", &["--seed", "7"]).exits(0);
    home.play_with("", &["--seed", "8"]).fails(2, &["seed 7", "seed 8"]);
    home.play("").exits(0);
}

#[test]
fn a_stream_that_cannot_be_read_is_exit_code_2_and_makes_nothing() {
    let home = Home::new();
    let missing = home.run(&["play", "/no/such/events.jsonl"]).exits(2);
    assert!(missing.err.contains("`/no/such/events.jsonl` cannot be read"), "{}", missing.err);
    let folder = home.run(&["play", "/"]).exits(2);
    assert!(folder.err.contains("is a directory"), "{}", folder.err);
    assert!(!home.data.exists());
}
