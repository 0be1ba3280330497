//! What was decided is decided again: by who decided it, to prove it, and by somebody else, to see what would be
//! different.

use std::fs;

use serde_json::{Value, json};
use syndic_core::ports::{Commit, Entry, Reads, Store};
use syndic_ledger::{Receipt, sha256};
use syndic_store::{MasterWanted, SledStore};

use crate::guest::Guest;
use crate::syndic::{Home, Told, event, subscribes, text};

/// Two customers, a payment that is declined, a check that fails, a renewal, a timer that nobody waits for.
fn events() -> Vec<Value> {
    let pays = |method: &str| json!({"sku": "pro", "seats": 3, "payment_method": method});
    let day = |nth: u32| format!("2026-01-{nth:02}T00:00:00Z");
    vec![
        subscribes("evt-1", "cust-1", pays("card")),
        subscribes("evt-2", "cust-2", pays("sandbox:declined")),
        subscribes("evt-3", "kyc-fail-1", pays("card")),
        event("evt-4", &day(2), "CustomerUpgrades", "cust-1", json!({"old_sku": "pro", "new_sku": "enterprise"})),
        event("evt-5", &day(3), "CustomerCancels", "cust-1", json!({})),
        event("evt-6", "2026-03-01T00:00:00Z", "PaymentFailed", "cust-2", json!({"reason": "no funds"})),
    ]
}

fn summary(told: &Told) -> Value {
    told.values().pop().unwrap()["summary"].take()
}

#[test]
fn a_month_is_judged_again_and_every_decision_has_equal_output_and_equal_fuel() {
    let home = Home::new();
    let played = home.run(&["demo", "--events", "300", "--json"]).exits(0).summary();
    let told = home.run(&["replay", "--all", "--json"]).exits(0);
    let summary = summary(&told);
    assert_eq!((&summary["receipts"], &summary["different"]), (&played["receipts"], &json!(0)));
    let counted = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(counted("equal") + counted("not_asked"), counted("decisions"), "nothing is passed over: {summary}");
    assert!(counted("equal") > counted("receipts"), "{summary}");
    let line = told.values().swap_remove(2);
    let one = home.run(&["replay", "3", "--json"]).exits(0).values().remove(0);
    assert_eq!((&line, &line["equal"]), (&one, &json!(true)));
    let shown = home.run(&["replay", "3"]).exits(0).out;
    assert!(shown.contains("every decision is equal, and burns equal fuel"), "{shown}");
    let some = home.run(&["replay", "--from", "3", "--to", "4"]).exits(0).out;
    assert!(some.starts_with("2 receipts, "), "{some}");
    let beyond = (counted("receipts") + 1).to_string();
    home.run(&["replay", &beyond]).exits(2);
    home.run(&["replay", "--from", &beyond]).exits(2);
}

/// A home with a copy of another's ledger, and of what stands beside it, with a hand in it.
fn copied(home: &Home, alter: impl Fn(&mut Entry), content: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Home {
    let from = SledStore::open(&home.data, MasterWanted::Kept).unwrap();
    let other = Home::new();
    let to = SledStore::open(&other.data, MasterWanted::Seed(0)).unwrap();
    for (sequence, mut entry) in from.receipts(1, usize::MAX).unwrap() {
        let leaf = Receipt::parse(entry.leaf.as_bytes()).unwrap();
        let digests = leaf.governors.iter().map(|governor| governor.digest.0).chain([leaf.configuration]);
        let blobs = digests.filter_map(|digest| Some((digest, content(from.blob(&digest).unwrap().unwrap())?)));
        to.wait(to.keep(blobs.collect()).unwrap()).unwrap();
        alter(&mut entry);
        to.commit(Commit { receipt: Some((sequence, entry)), ..Commit::default() }).unwrap();
    }
    other
}

#[test]
fn what_somebody_changed_beside_the_ledger_is_named_and_the_answer_is_no() {
    let home = Home::after(&events());
    let told = copied(&home, |_| {}, Some).run(&["replay", "--all", "--json"]).exits(0);
    assert_eq!(summary(&told)["different"], 0, "a copy is as good");

    let first = home.run(&["event", "show", "evt-1", "--json"]).exits(0).values()[0]["outcome"]["receipt"].clone();
    let first = first.to_string();
    let billing = syndic_governors::GOVERNORS.iter().find(|bundled| bundled.slot == "billing").unwrap().bytes;
    let digest = sha256(billing);
    let swapped = |bytes: Vec<u8>| Some(if bytes == billing { [&bytes[..], b"\0"].concat() } else { bytes });
    let told = copied(&home, |_| {}, swapped).run(&["replay", &first]).exits(1);
    let sentence = format!("`billing`, evaluate: component sha256:{digest} is kept, and is not what its hash says");
    assert!(told.out.contains(&sentence), "{}", told.out);
    let lost = |bytes: Vec<u8>| (bytes != billing).then_some(bytes);
    let told = copied(&home, |_| {}, lost).run(&["replay", &first]).exits(1);
    assert!(told.out.contains(&format!("component sha256:{digest} is not kept any more")), "{}", told.out);

    let forge = |entry: &mut Entry| {
        let of_first = entry.kept.key.id == "evt-1";
        let writes = entry.kept.writes.iter_mut().filter(|(fact, _)| of_first && fact.name == "subscription.sub.sub-1");
        writes.for_each(|(_, value)| *value = Some(json!({"forged": true}).into()));
    };
    let told = copied(&home, forge, Some).run(&["replay", "--all", "--json"]).exits(1);
    let line = told.values().into_iter().find(|line| line["equal"] == false).unwrap();
    let different = line["decisions"].as_array().unwrap().iter().find(|part| part["result"] == "different").unwrap();
    assert_eq!(different["difference"]["kind"], "value", "{different}");
    let says = format!("was read as receipt {first} wrote it, and that is kept, and is not what its hash says");
    assert_eq!(text(&different["difference"]["message"]), format!("fact `subscription.sub.sub-1` {says}"));
}

#[test]
fn a_candidate_is_tried_on_what_was_decided_and_the_first_differences_are_shown() {
    let home = Home::after(&events());
    let bundled = syndic_governors::GOVERNORS.iter().find(|bundled| bundled.slot == "quota-sla").unwrap();
    let same = home.file("same.wasm", bundled.bytes);
    let told =
        home.run(&["governor", "backtest", "quota-sla", same.to_str().unwrap(), "--max-different", "0"]).exits(0);
    assert!(told.out.contains("the same, 0 different, 0 not comparable"), "{}", told.out);
    assert!(told.out.contains("fuel 1.000 times"), "{}", told.out);

    let guest = home.file("guest.wasm", Guest { kind: "CustomerSubscribes", ..Guest::default() }.build());
    let guest = guest.to_str().unwrap();
    let told = home.run(&["governor", "backtest", "quota-sla", guest]).exits(0);
    let shown = told.out.split_once("; ").unwrap().0.to_owned() + "\n" + told.out.split_once('\n').unwrap().1;
    let expected = fs::read_to_string(snapshot()).unwrap_or_default();
    if std::env::var_os("SYNDIC_BLESS").is_some() {
        fs::write(snapshot(), without_times(&shown)).unwrap();
    } else {
        assert_eq!(without_times(&shown), expected, "if the program is right, set SYNDIC_BLESS=1");
    }

    let gate = ["governor", "backtest", "quota-sla", guest, "--max-different", "1", "--json"];
    let held = home.run(&gate).exits(1);
    assert!(held.err.contains("the candidate is held back") && held.err.contains("and 1 may"), "{}", held.err);
    let line = held.values().remove(0);
    assert_eq!((&line["passed"], &line["not_comparable"]), (&json!(false), &json!(0)));
    assert_eq!(
        line["different"].as_u64().unwrap() + line["same"].as_u64().unwrap(),
        line["decisions"].as_u64().unwrap()
    );
    home.run(&["governor", "backtest", "quota-sla", "nowhere.wasm"]).exits(2);
}

fn snapshot() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stories").join("shown").join("a-back-test.txt")
}

/// The same without what was measured.
fn without_times(shown: &str) -> String {
    let lines = shown.lines().map(|line| match line.split_once(" and time ") {
        Some((fuel, _)) => fuel,
        None => line.trim_end(),
    });
    lines.map(|line| format!("{line}\n")).collect()
}
