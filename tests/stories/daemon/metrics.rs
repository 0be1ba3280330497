//! What Prometheus is told: it reads, it holds what is alarmed about, and it counts whatever is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::daemon::doors::{rests, said, subscribes, tcp, token};
use crate::daemon::packaging;
use crate::syndic::{Home, command, event_of};

/// One family of metrics: its type, and its samples by name with labels.
#[derive(Default)]
struct Family {
    of: String,
    samples: BTreeMap<String, f64>,
}

/// What OpenMetrics allows after a family's name, by its type.
fn suffixes(of: &str) -> &'static [&'static str] {
    match of {
        "counter" => &["_total"],
        "gauge" => &[""],
        "histogram" => &["_bucket", "_count", "_sum"],
        other => panic!("`{other}` is no type that is used here"),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with("syndic_") && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Reads the text format, and refuses whatever it does not allow.
fn strictly(text: &str) -> BTreeMap<String, Family> {
    let text = text.strip_suffix("# EOF\n").expect("it ends with its end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut now = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (kind, name, text) = (words.next().unwrap(), words.next().unwrap(), words.next().expect(line));
            assert!(is_name(name) && !text.is_empty(), "{line}");
            match kind {
                "HELP" => {
                    assert!(families.insert(name.to_owned(), Family::default()).is_none(), "twice: {line}");
                    now = name.to_owned();
                }
                "TYPE" => {
                    assert_eq!(name, now, "{line}");
                    families.get_mut(name).unwrap().of = text.to_owned();
                }
                other => panic!("{other}: {line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').expect(line);
        let (name, labels) = sample.split_once('{').map_or((sample, None), |(name, labels)| (name, Some(labels)));
        let family = families.get_mut(&now).expect(line);
        let suffix = name.strip_prefix(now.as_str()).unwrap_or_else(|| panic!("{line} stands under {now}"));
        assert!(suffixes(&family.of).contains(&suffix), "{line} is no sample of a {}", family.of);
        for label in labels.into_iter().flat_map(|labels| labels.strip_suffix('}').expect(line).split("\",")) {
            let (key, value) = label.split_once("=\"").expect(line);
            assert!(
                key.bytes().all(|b| b.is_ascii_lowercase()) && !value.trim_end_matches('"').contains('"'),
                "{line}"
            );
        }
        let value: f64 = value.parse().expect(line);
        assert!(family.of != "counter" || value >= 0.0, "{line}");
        assert!(family.samples.insert(sample.to_owned(), value).is_none(), "twice: {line}");
    }
    families.iter().for_each(|(name, family)| check_histogram(name, family));
    families
}

/// The buckets of a histogram never fall, and the last holds everything.
fn check_histogram(name: &str, family: &Family) {
    let count = |labels: &str| family.samples.get(&format!("{name}_count{labels}"));
    for (sample, value) in &family.samples {
        let Some((_, labels)) = sample.split_once("le=\"+Inf\"") else { continue };
        let labels = labels.trim_start_matches(',').trim_end_matches('}');
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        assert_eq!(Some(value), count(&labels), "{sample}");
    }
}

/// The names of metrics in the rules that are shipped.
fn alarmed_about() -> BTreeSet<String> {
    let rules = packaging::read("syndic.rules.yml");
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("syndic_")).map(str::to_owned).collect()
}

#[test]
fn every_event_is_counted_wherever_it_came_from_and_every_alarm_is_about_something() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let daemon = Daemon::start(&home);
    let bearer = format!("authorization: Bearer {operator}");
    let headers = [bearer.as_str(), "content-type: application/cloudevents+json"];
    let send = |event: &str| said(tcp(&daemon), "POST /v1/events", &headers, event).0;
    let order = subscribes("acme", "e1", "c1");
    let declined = json!({"sku": "pro", "seats": 2, "payment_method": "sandbox:timeout"});
    let time = order["time"].as_str().unwrap();
    let unanswered = event_of("acme", "e2", time, "CustomerSubscribes", "c2", declined);
    let sent = [order.to_string(), order.to_string(), unanswered.to_string(), "{}".to_owned()];
    assert_eq!(sent.map(|event| send(&event)), [201, 200, 201, 400]);
    rests(&daemon, &operator);
    let (status, text) = said(tcp(&daemon), "GET /metrics", &headers[..1], "");
    assert_eq!(status, 200, "{text}");
    let families = strictly(&text);
    let told = |sample: &str| {
        let families = families.values().find_map(|family| family.samples.get(sample));
        *families.unwrap_or_else(|| panic!("{sample} is not in\n{text}"))
    };
    assert_eq!(told(r#"syndic_events_total{outcome="completed",source="sent"}"#), 1.0);
    assert_eq!(told(r#"syndic_events_total{outcome="rolled-back",source="sent"}"#), 1.0);
    assert_eq!(told(r#"syndic_events_total{outcome="invalid",source="sent"}"#), 1.0);
    assert_eq!(told("syndic_events_duplicate_total"), 1.0);
    assert!(told(r#"syndic_events_total{outcome="completed",source="settled"}"#) >= 1.0, "nobody sent those");
    let judged: f64 = families["syndic_events"].samples.values().sum();
    assert_eq!(told("syndic_events_processed_total"), judged - 1.0, "what was turned away is in no ledger");
    assert_eq!(told("syndic_event_duration_seconds_count"), 2.0);
    assert_eq!(told(r#"syndic_lanes{state="Idle"}"#), 2.0);
    assert_eq!(families["syndic_lanes"].samples.len(), 9, "every state is told, and so its absence never is");
    assert_eq!(families["syndic_cases"].samples.len(), 5, "and every status of a case");
    for some in [
        r#"syndic_governor_call_seconds_count{slot="billing"}"#,
        r#"syndic_governor_fuel_count{slot="billing"}"#,
        r#"syndic_effect_seconds_count{action="authorize-payment",answer="none"}"#,
        "syndic_commit_seconds_count",
        "syndic_barrier_seconds_count",
    ] {
        assert!(told(some) > 0.0, "{some}");
    }
    for none in ["syndic_queue_depth", "syndic_events_pending", "syndic_effects_deferred", "syndic_timers_due"] {
        assert_eq!(told(none), 0.0, "{none}");
    }
    for name in alarmed_about() {
        let stem = ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
        let known = families.contains_key(&name) || stem.is_some_and(|stem| families.contains_key(stem));
        assert!(known, "there is an alarm about `{name}`, which is not told:\n{text}");
    }
    daemon.stop();
}

#[test]
fn a_daemon_that_is_watched_is_looked_at_again_and_again() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let daemon = Daemon::start(&home);
    let mut watches = command(&["stats", "--watch", "--json"]);
    watches.env("SYNDIC_SERVER", daemon.place()).env("SYNDIC_TOKEN", &operator).stdout(Stdio::piped());
    let mut watching = watches.spawn().unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let looks: Vec<Value> = lines.take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    watching.kill().unwrap();
    watching.wait().unwrap();
    // A token that was made has a receipt, and is no event.
    let counts = |stats: &Value| (stats["receipts"].clone(), stats["events_processed"].clone());
    assert_eq!(looks.iter().map(counts).collect::<Vec<_>>(), [(json!(1), json!(0)), (json!(1), json!(0))]);
    home.run(&["stats", "--watch"]).exits(2);
    daemon.stop();
}
