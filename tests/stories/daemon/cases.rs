//! Cases in a daemon that runs: begun, worked on and put right through its door, over its end and back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Daemon;
use super::doors::{agent, ask, said, tcp, token};
use crate::syndic::{Home, event, text};

/// A customer subscribes by way of a case: the governors judge, and somebody welcomes who was let in.
const SALE: &str = r#"
net = "sale"
about = "a subscription that begins with a case"

[data]
customer = "text"
card = "text"
seats = "0..=100"
outcome = ["completed", "refused", "rolled-back", "invalid"]

[conditions]
P_Wanted = "the customer has chosen"
P_Sold = "the governors agree"
P_Turned = "they do not"
P_Over = "it is over"

[task.T_Subscribe]
kind = "service"
event = { type = "marketplace.CustomerSubscribes", subject = "{customer}", data = { sku = "pro", seats = "{seats}", payment_method = "{card}" } }
takes = "P_Wanted"
outcome.good = { when = 'outcome == "completed"', gives = "P_Sold" }
outcome.bad = { gives = "P_Turned" }

[task.T_Welcome]
kind = "user"
roles = ["support"]
takes = "P_Sold"
gives = "P_Over"

[task.T_Regret]
kind = "auto"
takes = "P_Turned"
gives = "P_Over"
"#;

/// How long anything may take before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(60);

fn home() -> Home {
    let home = Home::new();
    let net = home.file("sale.toml", SALE);
    home.run(&["net", "load", net.to_str().unwrap()]).exits(0);
    home
}

fn launch(daemon: &Daemon, token: &str, case: &str, card: &str) -> Value {
    let data = [format!("customer={case}"), format!("card={card}"), "seats=2".to_owned()];
    let mut args = vec!["case", "launch", "sale", "--id", case, "--tenant", "acme", "--json"];
    data.iter().for_each(|given| args.extend(["--set", given]));
    ask(daemon, token, &args).exits(0).values().remove(0)
}

fn case(daemon: &Daemon, token: &str, id: &str) -> Value {
    ask(daemon, token, &["case", "show", id, "--tenant", "acme", "--json"]).exits(0).values().remove(0)
}

/// Asks for a case until something is true of it.
#[track_caller]
fn comes_to(daemon: &Daemon, token: &str, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let case = case(daemon, token, id);
        if is(&case) {
            return case;
        }
        assert!(start.elapsed() < PATIENCE, "{case}");
    }
}

fn fired(case: &Value) -> Vec<String> {
    let steps = case["history"].as_array().cloned().unwrap_or_default();
    steps
        .iter()
        .flat_map(|step| step["fired"].as_array().cloned().unwrap_or_default())
        .map(|name| text(&name))
        .collect()
}

#[test]
fn a_case_asks_the_governors_once_and_goes_on_with_what_they_say_over_the_daemons_end() {
    let home = home();
    let (olga, vera, vic) =
        (token(&home, "olga", "operator"), agent(&home, "vera", &["support"]), agent(&home, "vic", &["support"]));
    let daemon = Daemon::start(&home);
    assert_eq!(launch(&daemon, &vera, "good", "card")["outcome"], "completed");
    assert_eq!(launch(&daemon, &vera, "bad", "sandbox:declined")["outcome"], "completed");
    let turned = comes_to(&daemon, &olga, "bad", |case| case["status"] == "completed");
    assert_eq!(fired(&turned), ["T_Subscribe.bad", "T_Regret"]);
    let waits = |case: &Value| fired(case).iter().any(|name| name == "T_Subscribe.good");
    comes_to(&daemon, &olga, "good", waits);

    // One has it, another may not; nobody works under another's name, and ending cases is an operator's.
    let item = "good/T_Welcome/1";
    let does = |daemon: &Daemon, who: &str, verb: &str| {
        ask(daemon, who, &["work", verb, item, "--tenant", "acme", "--role", "support", "--json"])
    };
    assert_eq!(does(&daemon, &vera, "take").exits(0).values()[0]["outcome"], "completed");
    let refused = does(&daemon, &vic, "done").exits(1).values().remove(0);
    assert_eq!(refused["error"]["code"], "held-by-another", "{refused}");
    let bearer = format!("authorization: Bearer {vic}");
    let mut posed = event("posed", "2026-11-01T00:00:00Z", "x", item, json!({"by": "vera", "roles": ["support"]}));
    posed["type"] = "syndic.work.complete".into();
    let headers = ["content-type: application/cloudevents+json", bearer.as_str()];
    let (status, told) = said(tcp(&daemon), "POST /v1/events", &headers, posed.to_string());
    assert_eq!(status, 403, "{told}");
    ask(&daemon, &vic, &["case", "cancel", "good", "--tenant", "acme", "--reason", "why not"])
        .fails(3, &["this is not for this caller"]);

    daemon.kill();
    let daemon = Daemon::start(&home);
    assert_eq!(does(&daemon, &vera, "done").exits(0).values()[0]["outcome"], "completed");
    let over = case(&daemon, &olga, "good");
    assert_eq!(
        (&over["status"], fired(&over)),
        (&json!("completed"), vec!["T_Subscribe.good".into(), "T_Welcome".into()])
    );
    let done =
        over["history"].as_array().unwrap().iter().any(|step| step["by"] == "syndic.work.complete by vera as support");
    assert!(done, "{over}");
    daemon.stop();
    // What the case asked is an event of its own, judged once.
    let judged = home.run(&["event", "show", "good/T_Subscribe/1", "--json"]).exits(0).values().remove(0);
    assert_eq!(judged["outcome"]["outcome"], "completed", "{judged}");
}

#[test]
fn cases_that_are_killed_over_and_over_ask_and_charge_once() {
    let home = home();
    let olga = token(&home, "olga", "operator");
    let names: Vec<String> = (0..6).map(|nth| format!("sale-{nth}")).collect();
    for name in &names {
        let daemon = Daemon::start(&home);
        launch(&daemon, &olga, name, "card");
        daemon.kill();
    }
    let daemon = Daemon::start(&home);
    for name in &names {
        let case = comes_to(&daemon, &olga, name, |case| !fired(case).is_empty());
        assert_eq!(fired(&case), ["T_Subscribe.good"]);
        let facts = ask(&daemon, &olga, &["fact", "list", "acme", name, "--json"]).exits(0).values();
        let invoices = facts.iter().filter(|fact| text(&fact["name"]).starts_with("billing.invoice.")).count();
        assert_eq!(invoices, 1, "{name}: {facts:?}");
    }
    daemon.stop();
}

/// Sends an event of the tenant's.
fn send(daemon: &Daemon, token: &str, event: &Value) {
    let bearer = format!("authorization: Bearer {token}");
    let headers = ["content-type: application/cloudevents+json", bearer.as_str()];
    let (status, told) = said(tcp(daemon), "POST /v1/events", &headers, event.to_string());
    assert!(status == 201 && told.contains(r#""outcome":"completed""#), "{told}");
}

#[test]
fn a_case_waits_for_the_operator_who_decides_what_the_governors_referred() {
    let home = home();
    let olga = token(&home, "olga", "operator");
    let mut daemon = Daemon::start(&home);
    let resolves = |daemon: &Daemon, event: &str, more: &[&str]| {
        ask(daemon, &olga, &[&["event", "resolve", event, "--reason", "they called"], more].concat())
    };
    let is_told = |case: &Value| case["history"].to_string().contains("was referred");
    for name in ["kyc-slow-1", "kyc-slow-2", "kyc-slow-3"] {
        launch(&daemon, &olga, name, "card");
        comes_to(&daemon, &olga, name, is_told);
    }
    daemon.kill();
    daemon = Daemon::start(&home);
    let waits = case(&daemon, &olga, "kyc-slow-1");
    assert_eq!((&waits["status"], &waits["due"], fired(&waits)), (&json!("running"), &Value::Null, vec![]));

    // Who they are is known now: the event is judged again, and the case goes on with what it comes to.
    let known = event("kyc-1", "2026-11-01T00:00:00Z", "KycDecided", "kyc-slow-1", json!({"status": "pass"}));
    send(&daemon, &olga, &known);
    resolves(&daemon, "kyc-slow-1/T_Subscribe/1", &[]).exits(0);
    let sold = comes_to(&daemon, &olga, "kyc-slow-1", |case| !fired(case).is_empty());
    assert_eq!(fired(&sold), ["T_Subscribe.good"]);
    resolves(&daemon, "kyc-slow-2/T_Subscribe/1", &["--refuse"]).exits(0);
    let turned = comes_to(&daemon, &olga, "kyc-slow-2", |case| !fired(case).is_empty());
    assert_eq!(fired(&turned), ["T_Subscribe.bad", "T_Regret"]);

    // What a case does not wait for is not done behind its back.
    ask(&daemon, &olga, &["case", "cancel", "kyc-slow-3", "--tenant", "acme", "--reason", "they left"]).exits(0);
    resolves(&daemon, "kyc-slow-3/T_Subscribe/1", &[]).fails(1, &["does not wait for it any more"]);
    resolves(&daemon, "kyc-slow-3/T_Subscribe/1", &["--refuse"]).exits(0);
    launch(&daemon, &olga, "slow-bank", "sandbox:timeout");
    comes_to(&daemon, &olga, "slow-bank", |case| !fired(case).is_empty());
    ask(&daemon, &olga, &["event", "retry", "slow-bank/T_Subscribe/1", "--reason", "the bank is back"])
        .fails(1, &["does not wait for it any more", "case repair"]);
    daemon.stop();
}
