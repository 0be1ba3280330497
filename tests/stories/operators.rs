//! What is not over, from the command line: who looks, who decides, and what the receipts say of it afterwards.

use serde_json::{Value, json};

use crate::guest::Guest;
use crate::stuck::{breaks_down, order};
use crate::syndic::{Home, NEW_YEAR, event, event_of, stream, subscribes, text};

const WHY: [&str; 4] = ["--reason", "the bank called", "--by", "ann"];

impl Home {
    /// Runs a verb about an event, with a reason.
    fn about(&self, verb: &[&str]) -> crate::syndic::Told {
        self.run(&[&["event"], verb, &WHY, &["--json"]].concat())
    }

    fn events(&self, args: &[&str]) -> Vec<Value> {
        self.run(&[&["event"], args, &["--json"]].concat()).exits(0).values()
    }

    fn shown(&self, id: &str) -> Value {
        self.events(&["show", id]).remove(0)
    }

    fn stats(&self) -> Value {
        self.run(&["stats", "--json"]).exits(0).values().remove(0)
    }
}

/// A home with one event that is stuck.
fn stuck_home() -> Home {
    let home = Home::new();
    let broken = breaks_down("sandbox:undo-fails");
    home.play_with_governor(stream(&[order("evt-1", "ann")]), "billing", &broken).exits(0);
    home
}

#[test]
fn a_stuck_event_is_listed_asked_about_again_and_settled_by_hand() {
    let home = stuck_home();
    let listed = home.events(&["stuck"]).remove(0);
    assert_eq!(
        (&listed["id"], &listed["remaining"], &listed["becomes"]),
        (&json!("evt-1"), &json!(["billing/hold"]), &json!("rolled-back"))
    );
    assert_eq!(
        (&listed["undo"], &listed["tries"], listed["key"].is_string()),
        (&json!("void-authorization"), &json!(0), true)
    );
    let denied = home.about(&["settle", "evt-1", "--retry"]).exits(1);
    assert!(denied.err.contains("still not undone") && denied.err.contains("--undone"), "{}", denied.err);
    let settled = home.about(&["settle", "evt-1", "--undone"]).exits(0).values().remove(0);
    assert_eq!(
        (&settled["act"], &settled["outcome"], &settled["receipt"]),
        (&json!("settle"), &json!("rolled-back"), &json!(2))
    );
    let shown = home.shown("evt-1");
    let history: Vec<(String, String)> =
        shown["history"].as_array().unwrap().iter().map(|step| (text(&step["outcome"]), text(&step["act"]))).collect();
    assert_eq!(history, [("stuck".into(), String::new()), ("rolled-back".into(), "settle".into())]);
    assert_eq!(
        (&shown["history"][1]["by"], &shown["history"][1]["reason"]),
        (&json!("ann"), &json!("the bank called"))
    );
    let leaf = home.run(&["receipt", "show", "2", "--json"]).exits(0).values().remove(0)["leaf"].take();
    assert_eq!((&leaf["kind"], &leaf["parent"]), (&json!("settle"), &json!({"relation": "undoes", "sequence": 1})));
    assert!(!leaf.to_string().contains("the bank called"), "a leaf has no sentence of a person");
    assert!(home.events(&["stuck"]).is_empty());
    assert_eq!(home.stats()["stuck_events"], 0);
    home.about(&["settle", "evt-1", "--undone"]).exits(1);

    let retried = home.about(&["retry", "evt-1"]).exits(0).values();
    assert_eq!((&retried[0]["outcome"], &retried[0]["receipt"]), (&json!("completed"), &json!(3)));
    assert!(retried.len() > 1, "what follows from it is carried out too");
    assert_eq!(home.fact("ann", "billing.account")["received"], json!({"USD": 2_999}));
    let again = home.play(stream(&[order("evt-1", "ann")])).exits(0);
    assert_eq!((&again.line(1)["outcome"], &again.line(1)["duplicate"]), (&json!("completed"), &json!(true)));
}

#[test]
fn the_host_goes_on_undoing_as_time_passes_and_gives_up_after_a_day() {
    let home = stuck_home();
    home.play_with(stream(&[]), &["--until", "2026-01-01T00:00:10Z"]).exits(0);
    home.play_with(stream(&[order("evt-2", "bob")]), &["--until", "2026-01-01T06:00:00Z"]).exits(0);
    let listed = home.events(&["stuck"]).remove(0);
    let tries = listed["tries"].as_u64().unwrap();
    assert!((20..60).contains(&tries), "{tries} tries in six hours");
    home.play_with(stream(&[order("evt-3", "cat")]), &["--until", "2026-01-03T00:00:00Z"]).exits(0);
    let listed = home.events(&["stuck"]).remove(0);
    assert_eq!((listed["tries"].as_u64(), &listed["next"]), (Some(104), &Value::Null));
    home.about(&["settle", "evt-1", "--undone"]).exits(0);
}

#[test]
fn a_referred_refund_waits_for_a_person_who_grants_or_refuses_it() {
    let refund = |id: &str| {
        event(id, "2026-02-01T00:00:00Z", "RefundRequested", "ann", json!({"reason": "late", "invoice_id": "inv-1"}))
    };
    let home = Home::new();
    home.play(stream(&[subscribes("evt-1", "ann", json!({"sku": "pro", "payment_method": "card"}))])).exits(0);
    let invoice = {
        let facts =
            home.run(&["fact", "list", "acme", "ann", "--name", "billing.invoice.", "--json"]).exits(0).values();
        text(&facts[0]["name"]).trim_start_matches("billing.invoice.").to_owned()
    };
    let refund = |id: &str| {
        let mut event = refund(id);
        event["data"]["invoice_id"] = json!(invoice);
        event
    };
    let told = home.play(stream(&[refund("evt-2"), refund("evt-3")])).exits(0);
    assert_eq!(told.outcomes(), ["referred", "referred"]);
    let waiting: Vec<String> =
        home.events(&["list", "--outcome", "referred"]).iter().map(|line| text(&line["id"])).collect();
    assert_eq!(waiting, ["evt-2", "evt-3"]);
    let refused = home.about(&["resolve", "evt-3", "--refuse"]).exits(0).values().remove(0);
    assert_eq!((&refused["act"], &refused["outcome"]), (&json!("refuse"), &json!("refused")));
    let again = home.about(&["resolve", "evt-2"]).exits(0).values().remove(0);
    assert_eq!((&again["act"], &again["outcome"]), (&json!("resolve"), &json!("referred")), "nobody has decided yet");
    assert!(home.about(&["retry", "evt-2"]).exits(1).err.contains("is referred"));
    let decided = json!({"about": "refund", "id": invoice, "decision": "accept", "actor": "ann"});
    home.play(stream(&[event("evt-4", "2026-02-02T00:00:00Z", "OperatorDecided", "ann", decided)])).exits(0);
    let last = home.about(&["resolve", "evt-2"]).exits(0).values().remove(0);
    assert_eq!(
        last["outcome"], "refused",
        "the decision itself has paid the money back, so nothing is left to ask for"
    );
    assert!(home.events(&["list", "--outcome", "referred"]).is_empty());
}

#[test]
fn a_version_that_traps_on_an_event_three_times_is_not_asked_until_the_event_is_released() {
    let home = Home::new();
    let broken = Guest { kind: "CustomerSubscribes", evaluate: "(unreachable)", ..Guest::default() }.build();
    let file = home.file("broken.wasm", &broken);
    let replaced = format!("quota-sla={}", file.display());
    let lines: Vec<Value> = (1..=4).map(|nth| order(&format!("evt-{nth}"), "ann")).collect();
    let told = home.play_with_governor(stream(&lines), "quota-sla", &broken).exits(0);
    let code = |line: u64| {
        let governors = told.line(line)["governors"].as_array().unwrap().clone();
        governors
            .iter()
            .find(|governor| governor["slot"] == "quota-sla")
            .map(|governor| text(&governor["code"]))
            .unwrap()
    };
    assert_eq!([1, 2, 3, 4].map(code), ["unreachable", "unreachable", "unreachable", "quarantined"]);
    let listed = home.events(&["quarantined"]).remove(0);
    assert_eq!((&listed["slot"], &listed["traps"], &listed["id"]), (&json!("quota-sla"), &json!(3), &json!("evt-3")));
    home.about(&["release", "evt-4"]).exits(1);
    home.about(&["release", "evt-4", "--governor", &replaced]).exits(0);
    assert!(home.events(&["quarantined"]).is_empty());
    let retried = home.about(&["retry", "evt-4"]).exits(0).values().remove(0);
    assert_eq!(retried["outcome"], "completed", "the bundled version is another");
}

#[test]
fn what_is_asked_wrongly_is_said_so_and_changes_nothing() {
    let home = stuck_home();
    let root = home.stats()["root_hash"].clone();
    for (args, code, said) in [
        (&["event", "settle", "evt-1", "--undone"][..], 2, "--reason"),
        (&["event", "settle", "evt-1", "--reason", "x"], 2, "--undone"),
        (&["event", "settle", "evt-1", "--undone", "--retry", "--reason", "x"], 2, "cannot be used"),
        (&["event", "settle", "nobody", "--undone", "--reason", "x"], 1, "nobody"),
        (&["event", "settle", "evt-1", "--undone", "--reason", " "], 1, "reason is missing"),
        (&["event", "settle", "evt-1", "--undone", "--reason", "a\nb"], 1, "one line"),
        (&["event", "settle", "evt-1", "--undone", "--reason", "x", "--tenant", "other"], 1, "evt-1"),
        (&["event", "resolve", "evt-1", "--reason", "x"], 1, "is stuck"),
        (&["event", "resolve", "evt-1", "--winner", "no slot", "--reason", "x"], 2, "slot"),
        (&["event", "retry", "evt-1", "--reason", "x"], 1, "is stuck"),
        (&["event", "release", "evt-1", "--reason", "x"], 1, "is stuck"),
        (&["event", "resend", "7", "--reason", "x"], 1, "7"),
        (&["event", "resend", "x", "--reason", "x"], 2, "NUMBER"),
        (&["event", "list", "--outcome", "lost"], 2, "lost"),
    ] {
        let told = home.run(args).exits(code);
        assert!(told.err.contains(said), "{args:?} said: {}", told.err);
    }
    assert_eq!((&home.stats()["root_hash"], &home.stats()["stuck_events"]), (&root, &json!(1)));
    let elsewhere = Home::new();
    elsewhere.run(&["event", "stuck"]).exits(3);
    elsewhere.about(&["settle", "evt-1", "--undone"]).exits(3);
    assert!(!elsewhere.data.exists(), "an order makes no data directory");
}

#[test]
fn one_id_of_several_tenants_has_to_be_told_apart() {
    let home = Home::new();
    let broken = breaks_down("sandbox:undo-fails");
    let of = |tenant: &str| {
        event_of(
            tenant,
            "evt-1",
            NEW_YEAR,
            "CustomerSubscribes",
            "ann",
            json!({"sku": "starter", "payment_method": "card"}),
        )
    };
    home.play_with_governor(stream(&[of("acme"), of("globex")]), "billing", &broken).exits(0);
    let told = home.about(&["settle", "evt-1", "--undone"]).exits(2);
    assert!(told.err.contains("globex") && told.err.contains("--tenant"), "{}", told.err);
    home.about(&["settle", "evt-1", "--undone", "--tenant", "globex"]).exits(0);
    let left = home.events(&["stuck"]);
    assert_eq!((left.len(), &left[0]["tenant"]), (1, &json!("acme")));
}
