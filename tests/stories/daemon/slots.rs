//! Another governor in a daemon that runs: installed, tried, promoted and taken back through its door while events come
//! in; and what is sent there by mistake or on purpose that must not get in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use serde_json::{Value, json};

use super::Daemon;
use super::doors::{ask, head, said, tcp, token};
use super::traffic::{Sent, Traffic};
use crate::guest::{APPROVE, Guest};
use crate::syndic::{Home, Told, text};

/// A billing that approves, and asks for nothing.
fn version(version: &str) -> Vec<u8> {
    Guest { evaluate: APPROVE, version, kind: "CustomerSubscribes", ..Guest::default() }.build()
}

/// A billing that traps.
fn bad() -> Vec<u8> {
    Guest { evaluate: "(unreachable)", version: "9.0.0", kind: "CustomerSubscribes", ..Guest::default() }.build()
}

fn governor(daemon: &Daemon, token: &str, args: &[&str]) -> Told {
    ask(daemon, token, &[&["governor"], args, &["--json"]].concat())
}

/// The slot `billing`, as the daemon tells it.
fn billing(daemon: &Daemon, token: &str) -> Value {
    let bearer = format!("authorization: Bearer {token}");
    let (status, told) = said(tcp(daemon), "GET /v1/governors/billing", &[&bearer], "");
    assert_eq!(status, 200, "{told}");
    serde_json::from_str(&told).unwrap()
}

/// Sends a component, and says what was answered.
fn sends(daemon: &Daemon, token: &str, query: &str, key: &str, component: impl AsRef<[u8]>) -> (u16, Value) {
    let headers = install_headers(token, key);
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let (status, told) = said(tcp(daemon), &request(query), &headers, component);
    (status, serde_json::from_str(&told).unwrap())
}

fn request(query: &str) -> String {
    format!("POST /v1/governors/billing/install?reason=a+story{query}")
}

fn install_headers(token: &str, key: &str) -> Vec<String> {
    let key = (!key.is_empty()).then(|| format!("idempotency-key: \"{key}\""));
    let always = [format!("authorization: Bearer {token}"), "content-type: application/wasm".to_owned()];
    always.into_iter().chain(key).collect()
}

// ── while events come in ────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn governors_are_tried_promoted_and_taken_back_under_traffic_and_no_event_is_lost_or_judged_by_two() {
    let home = Home::new();
    let (olga, shop) = (token(&home, "olga", "operator"), token(&home, "shop", "ingest"));
    let (two, three) = (home.file("two.wasm", version("2.0.0")), home.file("three.wasm", version("3.0.0")));
    let (two, three) = (two.to_str().unwrap(), three.to_str().unwrap());
    let daemon = Daemon::start(&home);
    let does = |args: &[&str]| governor(&daemon, &olga, args).exits(0).values();
    let traffic = Traffic::begin(&daemon, &shop, 4);
    // What may judge in each turn of the story. Between two turns something changes.
    let mut judges: BTreeMap<usize, &[&str]> = [(0, &["1.0.0"][..])].into();
    let mut changes = |judge: &'static [&'static str], change: &dyn Fn() -> Vec<Value>| {
        traffic.goes_on_for(12);
        let before = judges[&(traffic.turns() - 1)];
        let told = change();
        let both = [before, judge].concat().leak();
        let now = traffic.turns();
        judges.extend([(now - 1, &*both), (now, judge)]);
        traffic.goes_on_for(12);
        told
    };
    let tried = changes(&["1.0.0"], &|| does(&["install", "billing", two, "--shadow", "--reason", "we try it"]));
    assert_eq!((&tried[0]["active"], &tried[0]["trial"]), (&json!(1), &json!(2)));
    let trial = does(&["trial", "billing"]);
    let counts = &trial[0]["trial"];
    assert!(counts["calls"].as_u64() >= Some(12) && counts["different"].as_u64() >= Some(12), "{counts}");
    assert_eq!(trial[1]["is"]["decisions"].as_array().unwrap().len(), 2);
    let early = governor(&daemon, &olga, &["promote", "billing"]).exits(1);
    assert!(early.err.contains("the trial in `billing` is not over"), "{}", early.err);
    changes(&["1.0.0"], &|| does(&["explain", "billing", "--all", "--reason", "it asks for nothing"]));
    changes(&["2.0.0"], &|| does(&["promote", "billing", "--force"]));
    changes(&["2.0.0", "3.0.0"], &|| does(&["install", "billing", three, "--canary", "50"]));
    changes(&["2.0.0"], &|| does(&["revert", "billing"]));
    let back = changes(&["1.0.0"], &|| does(&["revert", "billing", "--reason", "it forgets the tax"]));
    assert_eq!((&back[0]["active"], &back[0]["warm"]), (&json!(1), &json!(null)));
    let sent = traffic.ends();
    let history = does(&["history", "billing"]);
    let rows: Vec<_> = history.iter().map(|row| (text(&row["is"]), text(&row["by"]), text(&row["why"]))).collect();
    let row = |is: &str, by: &str, why: &str| (is.to_owned(), by.to_owned(), why.to_owned());
    let expected = [
        row("active", "syndic", "it was there before anything was installed"),
        row("gone", "olga", "it forgets the tax"),
        row("gone", "olga", "no reason was given"),
    ];
    assert_eq!(rows, expected);
    daemon.stop();
    each_was_judged_once_by_who_judged_then(&home, &sent, &judges);
}

fn each_was_judged_once_by_who_judged_then(
    home: &Home,
    sent: &BTreeMap<String, Sent>,
    judges: &BTreeMap<usize, &[&str]>,
) {
    let mut met = BTreeSet::new();
    for sent in sent.values() {
        let (outcome, version) = sent.billed();
        assert_eq!(outcome, "completed", "{}", sent.told);
        let may = (sent.turns[0]..=sent.turns[1]).any(|turn| judges[&turn].contains(&&*version));
        assert!(may, "{version} judged between {:?}: {}", sent.turns, sent.told);
        met.insert(version);
    }
    assert_eq!(met.iter().map(String::as_str).collect::<Vec<_>>(), ["1.0.0", "2.0.0", "3.0.0"]);
    // The ledger says the same: one receipt each, with the version that was told.
    let mut receipts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for leaf in home.receipts().into_iter().filter(|leaf| sent.contains_key(&text(&leaf["event"]["id"]))) {
        receipts.entry(text(&leaf["event"]["id"])).or_default().push(leaf);
    }
    for (id, sent) in sent {
        let leaves = &receipts[id];
        assert_eq!((leaves.len(), &leaves[0]["sequence"]), (1, &sent.told["receipt"]), "{id}");
        let billed = leaves[0]["governors"].as_array().unwrap().iter().find(|part| part["slot"] == "billing").unwrap();
        assert_eq!(text(&billed["version"]), sent.billed().1, "{id}");
    }
    // And who was let in for nothing has no invoice, while everybody else has one.
    for wanted in ["1.0.0", "2.0.0", "3.0.0"] {
        let one = sent.values().find(|sent| sent.billed().1 == wanted).unwrap();
        let invoiced = home.facts(&one.customer).iter().any(|(name, _)| name.starts_with("billing."));
        assert_eq!(invoiced, wanted == "1.0.0", "{}", one.customer);
    }
}

#[test]
fn a_bad_version_puts_itself_out_while_the_daemon_runs() {
    let home = Home::new();
    let (ada, shop) = (token(&home, "ada", "admin"), token(&home, "shop", "ingest"));
    let file = home.file("bad.wasm", bad());
    let daemon = Daemon::start(&home);
    let traffic = Traffic::begin(&daemon, &shop, 3);
    traffic.goes_on_for(6);
    let install = ["install", "billing", file.to_str().unwrap()];
    let no = governor(&daemon, &ada, &install).exits(1);
    assert!(no.err.contains("ComponentRejected") && no.err.contains("the self-test said no"), "{}", no.err);
    governor(&daemon, &ada, &[&install[..], &["--allow", "failing"]].concat()).exits(0);
    traffic.goes_on_for(20);
    let slot = billing(&daemon, &ada);
    assert_eq!(
        (&slot["active"]["version"], &slot["trial"], &slot["versions"]),
        (&json!("1.0.0"), &json!(null), &json!(2))
    );
    let sent = traffic.ends();
    let broken = sent.values().filter(|sent| sent.billed().1 == "9.0.0");
    let broken: Vec<String> = broken.map(|sent| sent.billed().0).collect();
    // Three are one too many; as many again may have been under way.
    assert!((3..=5).contains(&broken.len()) && broken.iter().all(|outcome| outcome == "rolled-back"), "{broken:?}");
    let whole = sent.values().filter(|sent| sent.billed() == ("completed".into(), "1.0.0".into())).count();
    assert_eq!(whole + broken.len(), sent.len());
    let history = governor(&daemon, &ada, &["history", "billing"]).exits(0).values();
    assert!(text(&history[1]["why"]).contains("calls failed, the last one: unreachable"), "{}", history[1]);
    daemon.stop();
}

// ── what must not get in ────────────────────────────────────────────────────────────────────────────────────────────

/// Who sends what: the token, the component, the status, and two words of the answer.
type Refused<'a> = (&'a str, &'a str, &'a [u8], u16, &'a str, &'a str);

#[test]
fn what_may_not_be_installed_is_refused_with_the_step_and_the_reason_and_nothing_changes() {
    let home = Home::new();
    let (olga, ursula) = (token(&home, "olga", "operator"), token(&home, "ursula", "auditor"));
    let scoped = home.run(&["token", "create", "--name", "o", "--role", "operator", "--tenant", "acme", "--json"]);
    let scoped = text(&scoped.exits(0).values()[0]["secret"]);
    let daemon = Daemon::start(&home);
    let before = billing(&daemon, &ursula);
    let wider = Guest { version: "2.0.0", action: "sell", ..Guest::default() }.build();
    let endless = Guest { describe: "(loop $again (br $again)) (i32.const 0)", ..Guest::default() }.build();
    let lower = version("0.9.0");
    let huge = vec![0; 33 * 1024 * 1024];
    #[rustfmt::skip]
    let refused: [Refused<'_>; 9] = [
        ("an auditor only looks",   &ursula, &lower,        403, "Forbidden",         "admin, operator"),
        ("and who is of one tenant",&scoped, &lower,        403, "Forbidden",         "about all"),
        ("nobody",                  "none",  &lower,        401, "Unauthorized",      "unknown"),
        ("junk",                    &olga,   b"\0asm junk", 422, "load",              "WebAssembly of a version"),
        ("nothing",                 &olga,   b"",           422, "load",              ""),
        ("one that never ends",     &olga,   &endless,      422, "load",              "describe"),
        ("a lower version",         &olga,   &lower,        422, "version",           "--allow downgrade"),
        ("one that may do more",    &olga,   &wider,        422, "capabilities",      "sell"),
        ("one that is too large",   &olga,   &huge,         413, "TooLarge",          "33554432"),
    ];
    for (what, who, component, status, kind, says) in refused {
        let (told, problem) = sends(&daemon, who, "", "", component);
        let step = if kind.starts_with(char::is_lowercase) { ("ComponentRejected", kind) } else { (kind, "") };
        assert_eq!((told, problem["kind"].as_str().unwrap()), (status, step.0), "{what}: {problem}");
        assert_eq!(problem["step"].as_str().unwrap_or_default(), step.1, "{what}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{what}: {problem}");
    }
    assert_eq!(billing(&daemon, &ursula), before);
    // What is not so is said in a word.
    for (verb, body, why) in
        [("promote", r#"{"reason":"r"}"#, "no-trial"), ("revert", r#"{"reason":"r"}"#, "no-way-back")]
    {
        let bearer = format!("authorization: Bearer {olga}");
        let path = format!("POST /v1/governors/billing/{verb}");
        let (status, told) = said(tcp(&daemon), &path, &[&bearer, "content-type: application/json"], body);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((status, &told["kind"], &told["why"]), (409, &json!("Denied"), &json!(why)), "{told}");
    }
    governor(&daemon, &olga, &["install", "loyalty", "none.wasm"]).exits(2);
    daemon.stop();
    assert_eq!(installs(&home), 0);
}

/// How often something was installed, says the ledger.
fn installs(home: &Home) -> usize {
    home.receipts().iter().filter(|leaf| leaf["kind"].to_string().contains("install")).count()
}

#[test]
fn where_a_signature_is_required_one_that_counts_lets_a_component_in_and_is_named() {
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let file = home.file("two.wasm", version("2.0.0"));
    let key = home.file("key", crate::signed::PRIVATE);
    let publishers = format!("slots.billing.publishers=acme {}", crate::signed::PUBLIC);
    let daemon = Daemon::start_with(&home, &["--set", "slots.billing.signature=required", "--set", &publishers]);
    let install = ["install", "billing", file.to_str().unwrap()];
    let unsigned = governor(&daemon, &olga, &install).exits(1);
    assert!(unsigned.err.contains("the check of its origin said no"), "{}", unsigned.err);
    crate::syndic::run(&["governor", "sign", file.to_str().unwrap(), "--key", key.to_str().unwrap()]).exits(0);
    governor(&daemon, &olga, &install).exits(0);
    let history = governor(&daemon, &olga, &["history", "billing"]).exits(0).values();
    assert_eq!((&history[1]["publisher"], &history[1]["version"]), (&json!("acme"), &json!("2.0.0")));
    daemon.stop();
}

// ── what goes wrong on the way ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_is_sent_twice_under_one_key_is_installed_once_even_where_the_daemon_was_killed_between() {
    let component = version("2.0.0");
    // So much of the request was there when it was killed: nothing of the body, half of it, all of it.
    for part in [0, component.len() / 2, component.len()] {
        let home = Home::new();
        let olga = token(&home, "olga", "operator");
        let daemon = Daemon::start(&home);
        let headers = install_headers(&olga, "k1");
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let mut stream = tcp(&daemon);
        write!(stream, "{}content-length: {}\r\n\r\n", head(&request(""), &headers), component.len()).unwrap();
        stream.write_all(&component[..part]).unwrap();
        daemon.kill();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);

        let daemon = Daemon::start(&home);
        let (status, first) = sends(&daemon, &olga, "", "k1", &component);
        assert_eq!((status, &first["active"], &first["warm"]), (200, &json!(2), &json!(1)), "{first}");
        let (status, again) = sends(&daemon, &olga, "", "k1", &component);
        assert_eq!((status, &again["duplicate"], &again["receipt"]), (200, &json!(true), &first["receipt"]));
        let (status, other) = sends(&daemon, &olga, "&mode=shadow", "k1", &component);
        assert_eq!((status, &other["kind"]), (422, &json!("IdempotencyViolation")), "{other}");
        let (status, same) = sends(&daemon, &olga, "", "k2", &component);
        assert_eq!((status, &same["why"]), (409, &json!("same")), "{same}");
        assert_eq!(billing(&daemon, &olga)["versions"], 2);
        daemon.stop();
        assert_eq!(installs(&home), 1, "{part} bytes were there");
    }
}

#[test]
fn who_sends_slowly_or_breaks_off_changes_nothing_and_holds_nobody_up() {
    let home = Home::new();
    let (olga, shop) = (token(&home, "olga", "operator"), token(&home, "shop", "ingest"));
    let daemon = Daemon::start_with(&home, &["--set", "http.body_ms=1500"]);
    let traffic = Traffic::begin(&daemon, &shop, 2);
    let headers = install_headers(&olga, "");
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let begins = || {
        let mut stream = tcp(&daemon);
        write!(stream, "{}content-length: 100000\r\n\r\nhalf of it", head(&request(""), &headers)).unwrap();
        stream
    };
    let slow = begins();
    for _ in 0..3 {
        // Each leaves; none keeps the place it had.
        drop(begins());
    }
    let (mut status, mut told) = (429, Value::Null);
    while status == 429 {
        (status, told) = sends(&daemon, &olga, "&mode=shadow", "", version("2.0.0"));
    }
    assert_eq!((status, &told["trial"]), (200, &json!(2)), "{told}");
    traffic.goes_on_for(5);
    let mut answer = String::new();
    (&slow).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("SlowRequest"), "{answer}");
    assert!(traffic.ends().values().all(|sent| sent.billed() == ("completed".into(), "1.0.0".into())));
    assert_eq!(billing(&daemon, &olga)["versions"], 2);
    daemon.stop();
}

#[test]
fn of_several_who_install_at_once_each_is_there_or_told_why_not() {
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let daemon = Daemon::start(&home);
    let told: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let one = |nth: usize| {
            let (daemon, olga) = (&daemon, &olga);
            scope.spawn(move || sends(daemon, olga, "", "", version(&format!("2.0.{nth}"))))
        };
        let all: Vec<_> = (0..4).map(one).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let installed = told.iter().filter(|(status, _)| *status == 200).count();
    let others = told.iter().filter(|(status, _)| *status != 200);
    for (status, problem) in others {
        // Overtaken; or, where it came later, lower than the one that was there by then.
        let overtaken = (*status, &problem["why"]) == (409, &json!("overtaken"));
        assert!(overtaken || problem["step"] == "version", "{problem}");
    }
    assert!(installed >= 1, "{told:?}");
    assert_eq!(billing(&daemon, &olga)["versions"], 1 + installed);
    daemon.kill();
    let daemon = Daemon::start(&home);
    assert_eq!(billing(&daemon, &olga)["versions"], 1 + installed, "who was told so finds it after a kill");
    daemon.stop();
    assert_eq!(installs(&home), installed);
}
