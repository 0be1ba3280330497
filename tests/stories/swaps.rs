//! Another governor in a slot: installed, tried, promoted and taken back, between runs and in the middle of a stream.

use serde_json::{Value, json};

use crate::guest::{APPROVE, Guest};
use crate::syndic::{Home, Told, stream, subscribes};

/// A billing that approves, and asks for nothing.
pub(crate) fn kind(version: &str) -> Vec<u8> {
    Guest { evaluate: APPROVE, version, kind: "CustomerSubscribes", ..Guest::default() }.build()
}

/// A billing that traps.
fn bad() -> Vec<u8> {
    Guest { evaluate: "(unreachable)", version: "9.0.0", kind: "CustomerSubscribes", ..Guest::default() }.build()
}

fn customers(from: usize, to: usize) -> Vec<Value> {
    let one = |nth| subscribes(&format!("sub-{nth}"), &format!("cust-{nth}"), json!({"sku": "pro", "seats": nth + 1}));
    (from..to).map(one).collect()
}

/// The version of billing that judged each line.
fn billed_by(told: &Told) -> Vec<String> {
    let of = |line: &Value| {
        let governors = line["governors"].as_array().unwrap();
        let billing = governors.iter().find(|governor| governor["slot"] == "billing").unwrap();
        format!("{} {}", billing["version"].as_str().unwrap(), line["outcome"].as_str().unwrap())
    };
    told.of_lines().iter().filter(|line| line["governors"].is_array()).map(of).collect()
}

fn governor(home: &Home, arguments: &[&str]) -> Told {
    let data = home.data.display().to_string();
    crate::syndic::run(&[&["governor"], arguments, &["--data", &data, "--json"]].concat())
}

#[test]
fn an_operator_installs_a_governor_looks_at_it_and_takes_it_back() {
    let home = Home::after(&customers(0, 2));
    let action = Guest { version: "2.0.0", action: "sell", ..Guest::default() }.build();
    let wider = home.file("wider.wasm", action).display().to_string();
    let told = governor(&home, &["install", "billing", &wider]).exits(1);
    assert!(told.err.contains("capability check said no") && told.err.contains("--allow wider"), "{}", told.err);
    let file = home.file("billing.wasm", kind("2.0.0")).display().to_string();
    let installed = governor(&home, &["install", "billing", &file, "--reason", "we try it"]).exits(0);
    assert_eq!((&installed.values()[0]["active"], &installed.values()[0]["warm"]), (&json!(2), &json!(1)));

    let listed = governor(&home, &["list"]).exits(0).values();
    let billing = listed.iter().find(|row| row["slot"] == "billing").unwrap();
    assert_eq!((listed.len(), &billing["version"], &billing["number"]), (8, &json!("2.0.0"), &json!(2)));
    assert_eq!(billed_by(&home.play(stream(&customers(2, 4))).exits(0)), ["2.0.0 completed"; 2]);

    governor(&home, &["revert", "billing", "--reason", "it forgets the tax"]).exits(0);
    assert_eq!(billed_by(&home.play(stream(&customers(4, 5))).exits(0)), ["1.0.0 completed"]);
    let history = governor(&home, &["history", "billing"]).exits(0).values();
    let rows: Vec<_> = history.iter().map(|row| (row["is"].as_str().unwrap(), row["why"].as_str().unwrap())).collect();
    assert_eq!(rows, [("active", "it was there before anything was installed"), ("gone", "it forgets the tax")]);
    let told = governor(&home, &["revert", "billing"]).exits(1);
    assert!(told.err.contains("nothing to go back to"), "{}", told.err);
    governor(&home, &["install", "loyalty", &file]).exits(2);
}

#[test]
fn in_the_middle_of_a_stream_each_event_is_judged_by_one_version_and_a_killed_run_ends_in_the_same_root() {
    let whole = |home: &Home| {
        let new = home.file("new.wasm", kind("2.0.0"));
        let newer = home.file("newer.wasm", kind("3.0.0"));
        let swaps = [format!("4:billing={}", new.display()), format!("7:billing={}", newer.display())];
        [["--swap-at".to_owned(), swaps[0].clone()], ["--swap-at".to_owned(), swaps[1].clone()]].concat()
    };
    let play = |home: &Home, events: &[Value]| {
        let swaps = whole(home);
        home.play_with(stream(events), &swaps.iter().map(String::as_str).collect::<Vec<_>>()).exits(0)
    };
    let events = customers(0, 9);
    let undisturbed = Home::new();
    let told = play(&undisturbed, &events);
    let versions = [["1.0.0 completed"; 3], ["2.0.0 completed"; 3], ["3.0.0 completed"; 3]].concat();
    assert_eq!(billed_by(&told), versions);
    for cut in [2, 3, 4, 6, 8] {
        let home = Home::new();
        play(&home, &events[..cut]);
        assert_eq!(play(&home, &events).root(), told.root(), "after {cut} lines and again from the first");
    }
}

#[test]
fn a_shadow_is_compared_line_by_line_and_promoted_when_it_was_looked_at() {
    let home = Home::new();
    let file = home.file("billing.wasm", kind("2.0.0")).display().to_string();
    let played = home.play_with(stream(&customers(0, 3)), &["--swap-at", &format!("2:billing={file}:shadow")]).exits(0);
    assert_eq!(billed_by(&played), ["1.0.0 completed"; 3]);
    let trial = governor(&home, &["trial", "billing"]).exits(0).values();
    // Two events, and for each of them that its capture settled.
    assert_eq!((&trial[0]["trial"]["calls"], &trial[0]["trial"]["different"]), (&json!(4), &json!(4)));
    assert_eq!(trial[1]["is"]["event"], "sub-1");
    let told = governor(&home, &["promote", "billing"]).exits(1);
    assert!(told.err.contains("it was asked 4 times, and 100 are wanted"), "{}", told.err);
    governor(&home, &["explain", "billing", "1", "--reason", "it is meant to"]).exits(0);
    governor(&home, &["promote", "billing", "--force"]).exits(0);
    assert_eq!(billed_by(&home.play(stream(&customers(3, 4))).exits(0)), ["2.0.0 completed"]);
}

#[test]
fn a_bad_version_puts_itself_out_and_every_event_it_broke_is_rolled_back() {
    let home = Home::new();
    let file = home.file("billing.wasm", bad()).display().to_string();
    let told = home.play_with(stream(&customers(0, 9)), &["--swap-at", &format!("3:billing={file}")]).exits(0);
    let expected = [vec!["1.0.0 completed"; 2], vec!["9.0.0 rolled-back"; 3], vec!["1.0.0 completed"; 4]].concat();
    assert_eq!(billed_by(&told), expected);
    let history = governor(&home, &["history", "billing"]).exits(0).values();
    assert_eq!(history[1]["why"], "3 of its last 3 calls failed, the last one: unreachable");
}
