//! A case that has stopped is seen by whoever looks after the host, and says what it waits for.

use serde_json::{Value, json};

use super::Daemon;
use super::doors::{ask, said, tcp, token};
use crate::syndic::{Home, Told};

/// Nothing is enabled in it until somebody says that it is ready.
const GATE: &str = r#"
net = "gate"
about = "somebody has to open it"

[data]
ready = "bool"

[conditions]
P_Open = "it has begun"
P_Over = "it is over"

[task.T_Go]
kind = "user"
roles = ["support"]
when = 'ready'
takes = "P_Open"
gives = "P_Over"
"#;

fn home_with_cases(ids: &[&str]) -> Home {
    let home = Home::new();
    let net = home.file("gate.toml", GATE);
    home.run(&["net", "load", net.to_str().unwrap()]).exits(0);
    for id in ids {
        home.run(&["case", "launch", "gate", "--id", id, "--tenant", "acme"]).exits(0);
    }
    home
}

/// What the doctor finds odd about cases.
fn odd(told: &Told) -> Vec<Value> {
    let mut lines = told.values();
    lines.retain(|line| line["check"] == "cases" && line["state"] == "odd");
    lines
}

#[test]
fn what_has_stopped_is_counted_and_the_doctor_says_how_many_and_where_to_look() {
    let home = home_with_cases(&["one", "two"]);
    let olga = token(&home, "olga", "operator");
    let counts = json!({"running": 0, "suspended": 0, "stopped": 2, "completed": 0, "cancelled": 0});
    let stats = home.run(&["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!((&stats["cases"], &stats["work_items"]), (&counts, &json!(0)));
    let here = odd(&home.run(&["doctor", "--json"]).exits(0));
    let daemon = Daemon::start(&home);
    let there = odd(&ask(&daemon, &olga, &["doctor", "--json"]).exits(0));
    assert_eq!(here, there);
    let words = here[0].to_string();
    assert!(words.contains("2 cases are stopped") && words.contains("`syndic case list --status stopped`"), "{words}");

    let repair = ["case", "repair", "one", "--tenant", "acme", "--set", "ready=true", "--reason", "it is open"];
    ask(&daemon, &olga, &repair).exits(0);
    let stats = ask(&daemon, &olga, &["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!([&stats["cases"]["running"], &stats["cases"]["stopped"], &stats["work_items"]], [1, 1, 1]);
    let bearer = format!("authorization: Bearer {olga}");
    let (_, metrics) = said(tcp(&daemon), "GET /metrics", &[&bearer], "");
    for line in [r#"syndic_cases{status="stopped"} 1"#, r#"syndic_cases{status="cancelled"} 0"#, "syndic_work_items 1"]
    {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
    daemon.stop();
}

#[test]
fn a_case_that_has_stopped_says_first_why_and_what_now() {
    let home = home_with_cases(&["one", "two"]);
    let shown = home.run(&["case", "show", "one"]).exits(0).out;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[1], "it is stopped: nothing is enabled: tokens lie on P_Open", "{shown}");
    assert!(lines[2].starts_with("what now: set the data") && !shown.contains("\nstop"), "{shown}");

    let repair = ["case", "repair", "one", "--set", "ready=true", "--by", "olga", "--reason", "it is open"];
    home.run(&repair).exits(0);
    let shown = home.run(&["case", "show", "one"]).exits(0).out;
    let parts: Vec<&str> = shown.lines().filter(|line| ["works", "attempts", "marking"].contains(line)).collect();
    assert_eq!(parts.first(), Some(&"works"), "what it waits for comes before the rest:\n{shown}");
    assert!(!shown.contains("it is stopped"), "{shown}");
}

#[test]
fn a_list_of_cases_says_where_nothing_fits_and_where_there_is_more() {
    let home = home_with_cases(&["one", "two"]);
    let lists = |more: &[&str]| home.run(&[&["case", "list"], more].concat()).exits(0);
    assert!(lists(&["--status", "suspended"]).err.contains("none is suspended"));
    let first = lists(&["--limit", "1"]);
    assert!(first.err.contains("there are more") && !first.out.contains("two"), "{}{}", first.out, first.err);
    assert!(!lists(&["--limit", "2"]).err.contains("there are more"));
}
