//! The command line as a client: every verb that makes sense at a daemon asks it, and the others say why not.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::daemon::doors::{ask, token};
use crate::syndic::{Home, event, run, stream, subscribes};

/// A home in which one event is referred, one was rolled back and one is stuck; and its daemon's operator.
fn unsettled() -> (Home, String) {
    let home = Home::new();
    let card = |method: &str| json!({"sku": "pro", "seats": 2, "payment_method": method});
    let late = "2026-01-01T00:00:01Z";
    let events = [
        subscribes("paid", "c1", card("card")),
        subscribes("silent", "c2", card("sandbox:timeout")),
        event("stuck", late, "CustomerSubscribes", "kyc-fail-3", card("sandbox:undo-fails")),
    ];
    home.play(stream(&events)).exits(0);
    let operator = token(&home, "olga", "operator");
    (home, operator)
}

fn outcome(lines: &[Value], id: &str) -> Value {
    lines.iter().find(|line| line["id"] == id).map_or(Value::Null, |line| line["outcome"].clone())
}

#[test]
fn what_is_not_over_is_listed_and_settled_at_the_daemon_as_in_its_directory() {
    let (home, operator) = unsettled();
    let lists: [&[&str]; 4] = [
        &["event", "stuck", "--json"],
        &["event", "undelivered", "--json"],
        &["event", "quarantined", "--json"],
        &["event", "list", "--json"],
    ];
    let by_directory = lists.map(|args| home.run(args).exits(0).values());
    let daemon = Daemon::start(&home);
    let by_daemon = lists.map(|args| ask(&daemon, &operator, args).exits(0).values());
    assert_eq!(by_daemon[1..], by_directory[1..]);
    let ids = |lines: &[Value]| lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&by_daemon[0]), ids(&by_directory[0]));
    assert_eq!(outcome(&by_daemon[3], "silent"), "rolled-back");

    let why = ["--reason", "told on the telephone"];
    let order = |args: &[&str]| ask(&daemon, &operator, &[&["event"], args, &why].concat());
    let again = order(&["retry", "silent", "--json"]).exits(0).values().remove(0);
    assert_eq!((&again["id"], &again["outcome"]), (&json!("silent"), &json!("rolled-back")));
    order(&["resolve", "paid"]).fails(1, &["Denied", "paid"]);
    order(&["retry", "nobody"]).fails(1, &["NotFound", "nobody"]);
    order(&["resend", "7"]).fails(1, &["NotFound"]);
    order(&["retry", "silent", "--governor", "billing=x.wasm"]).fails(2, &["its own governors", "governor install"]);
    if !by_daemon[0].is_empty() {
        let settled = order(&["settle", "stuck", "--undone", "--json"]).exits(0).values().remove(0);
        assert_eq!(settled["id"], "stuck");
        assert_eq!(ask(&daemon, &operator, &["event", "stuck", "--json"]).exits(0).values(), Vec::<Value>::new());
    }
    daemon.stop();
    let acts = home.run(&["event", "show", "silent", "--json"]).exits(0).out;
    assert!(acts.contains("told on the telephone") && acts.contains("olga"), "{acts}");
}

#[test]
fn a_doctor_visits_a_daemon_and_says_what_waits_for_a_person() {
    let (home, operator) = unsettled();
    let daemon = Daemon::start(&home);
    let states = |told: Vec<Value>| {
        told.into_iter().map(|line| format!("{} {}", line["check"], line["state"]).replace('"', "")).collect::<Vec<_>>()
    };
    let told = states(ask(&daemon, &operator, &["doctor", "--json"]).exits(0).values());
    for check in ["process well", "ready well", "token well", "governors well", "host well"] {
        assert!(told.contains(&check.to_owned()), "{check}: {told:?}");
    }
    let stranger = ask(&daemon, "none", &["doctor", "--json"]).exits(3);
    assert!(states(stranger.values()).contains(&"token ill".to_owned()) && stranger.err.contains("Unauthorized"));
    let place = daemon.place().to_owned();
    daemon.stop();
    let gone = run(&["doctor", "--json", "--server", &place]).exits(3);
    assert_eq!(states(gone.values()), ["process ill"]);
}

#[test]
fn a_daemon_does_not_judge_the_past_again_and_says_where_that_is_done() {
    run(&["replay", "1", "--server", "http://127.0.0.1:1"]).fails(2, &["backup", "--data DIR"]);
}
