//! What the daemon is told: from where, and what it says to what makes no sense.

use std::fs;

use serde_json::{Value, json};

use crate::syndic::{Home, Told, command, run, told};

fn check(home: &Home, config: &str) -> Told {
    let file = home.file("syndic.toml", config);
    told(command(&["config", "check", file.to_str().unwrap()]).env_remove("SYNDIC_CACHE"))
}

/// Each of these is refused, and told of with these words.
#[rustfmt::skip]
const MISTAKES: [(&str, &[&str]); 28] = [
    ("[limit]\neffect_ms = 1",                          &["no key `limit`", "syndic.toml:1", "did you mean `limits`?"]),
    ("[limits]\n\nefect_ms = 1",                        &["no key `limits.efect_ms`", "syndic.toml:3", "did you mean `limits.effect_ms`?"]),
    ("[slots.billing]\nfuel = 3",                       &["no key `slots.billing.fuel`", "did you mean `slots.billing.fuel_max`?"]),
    ("[host]\nfuel_max = 3",                            &["no key `host.fuel_max`", "there is `slots.NAME.fuel_max`"]),
    ("[limits]\neffect_ms = \"soon\"",                  &["`limits.effect_ms` cannot be used", "an integer is expected, not string", "milliseconds, 1 to 3600000"]),
    ("[limits]\neffect_ms = 0",                         &["syndic.toml:2", "0 is not within 1 to 3600000 milliseconds"]),
    ("[limits]\neffect_ms = -5",                        &["`-5` is no whole number"]),
    ("[retention]\nkeys_days = 1",                      &["1 is not within 7 to 3650 days"]),
    ("[log]\nlevel = \"inof\"",                         &["did you mean `info`?", "`log.level` is `error` or `warn`"]),
    ("host = 3",                                        &["`host` cannot be used", "a table is expected, not integer"]),
    ("[host\ndata = 1",                                 &["cannot be read", "syndic.toml:1", "TOML"]),
    ("[routes.RenewalDue]\nslots = [\"biling\"]",       &["`routes.RenewalDue.slots`", "there is no slot `biling`", "did you mean `billing`?"]),
    ("[routes.RenewalDue]\nscope = \"tenant\"",         &["it names no slot"]),
    ("[routes.TimerFired]\nslots = [\"billing\"]",      &["`routes.TimerFired` cannot be used", "leave its route away"]),
    ("[slots.own]\nfuel_max = 5",                       &["`slots.own` cannot be used", "only the eight slots have a bundled governor", "component = \"own.wasm\""]),
    ("[slots.Own]\ncomponent = \"own.wasm\"",           &["no name of a slot"]),
    ("[facts.\"shared.access\"]\nstaleness = \"last-write-wins\"", &["`facts.\"shared.access\".staleness` cannot be used", "money and access must never suffer"]),
    ("[facts.\"billing.plan\"]\nstaleness = \"optimistic\"", &["written by that slot alone"]),
    ("[facts.\"shared.x\"]\ndisagreement = \"slot-order\"", &["`slot-order` needs an order"]),
    ("[calendar]\nzone = \"Europe/Berln\"",             &["`calendar.zone` cannot be used", "syndic.toml:2", "`Europe/Berln` is no time zone", "did you mean `Europe/Berlin`?"]),
    ("[calendar]\nworking_days = []",                   &["`calendar.working_days`", "needs a working day", "leave it away"]),
    ("[calendar]\nworking_days = [\"monday\"]",         &["`monday` is no day of the week", "mon, tue, wed"]),
    ("[calendars.acme]\nholidays = [2026-01-01, \"2026-02-30\"]", &["`calendars.acme.holidays`", "`2026-02-30` is no day", "like `2026-12-25`"]),
    ("[calendars.acme]\nhours = { open = \"17:00\", close = \"09:00\" }", &["`calendars.acme.hours`", "09:00 does not come after 17:00"]),
    ("[calendars.acme]\nhours.open = \"09:00\"",        &["`calendars.acme.hours`", "a beginning and an end", "both `hours.open` and `hours.close`"]),
    ("[calendar]\nhours = { open = \"9\", close = \"17:00\" }\n[calendars.acme]\nzone = \"UTC\"", &["`calendar.hours`", "`9` is no time of day"]),
    ("[calendars.acme]\nholiday = []",                  &["no key `calendars.acme.holiday`", "did you mean `calendars.acme.holidays`?"]),
    ("[calendars]\nzone = \"UTC\"",                     &["`calendars.zone` cannot be used", "a table is expected"]),
];

#[test]
fn every_mistake_is_told_with_its_line_and_what_was_probably_meant() {
    let home = Home::new();
    for (config, words) in MISTAKES {
        check(&home, config).fails(2, words);
    }
}

#[test]
fn last_write_wins_is_refused_for_money_and_taken_for_the_rest() {
    let home = Home::new();
    for name in ["shared.credit-line", "shared.open.invoices", "shared.suspensions"] {
        check(&home, &format!("[facts.\"{name}\"]\nstaleness = \"last-write-wins\"")).fails(2, &[name]);
    }
    check(&home, "[facts.\"shared.nickname\"]\nstaleness = \"last-write-wins\"").exits(0);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let home = Home::new();
    let told = check(&home, "[limit]\nx = 1\n[log]\nlevel = \"loud\"\n[slots.own]\nfuel_max = 5\n").exits(2);
    assert_eq!(told.err.matches("error: ").count(), 3, "{}", told.err);
}

#[test]
fn a_value_says_where_it_comes_from_and_the_later_holds() {
    let home = Home::new();
    let file = home
        .file("syndic.toml", "[limits]\neffect_ms = 1\nfeedback_ms = 2\n\n[slots.quota-sla]\nvalues.limit = \"x\"\n");
    let args = ["config", "show", "--json", "--config", file.to_str().unwrap(), "--set", "limits.effect_ms=3"];
    let told = told(
        command(&args)
            .env("SYNDIC_LIMITS__FEEDBACK_MS", "4")
            .env("SYNDIC_LIMITS__EFFECT_MS", "5")
            .env("SYNDIC_SLOTS__QUOTA_SLA__FUEL_MAX", "6")
            .env("SYNDIC_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    );
    let all = told.exits(0).values();
    let holds = |key: &str| {
        let line = all.iter().find(|line| line["key"] == key).unwrap_or(&Value::Null);
        (line["value"].clone(), line["origin"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(holds("limits.effect_ms"), (json!(3), "--set limits.effect_ms=3".into()));
    assert_eq!(holds("limits.feedback_ms"), (json!(4), "$SYNDIC_LIMITS__FEEDBACK_MS".into()));
    assert_eq!(holds("limits.recovery_ms"), (json!(10_000), "default".into()));
    assert_eq!(holds("slots.quota-sla.fuel_max"), (json!(6), "$SYNDIC_SLOTS__QUOTA_SLA__FUEL_MAX".into()));
    assert_eq!(holds("slots.quota-sla.values.limit"), (json!("x"), format!("{}:6", file.display())));
}

#[test]
fn a_tenants_calendar_is_everybodys_but_for_what_it_says_itself() {
    let home = Home::new();
    let digest = |config: &str| {
        let file = home.file("syndic.toml", config);
        let told = told(command(&["config", "check", "--json", file.to_str().unwrap()]).env_remove("SYNDIC_CACHE"));
        told.exits(0).values()[0]["digest"].clone()
    };
    let everybody = "[calendar]\nzone = \"Europe/Berlin\"\nhours = { open = \"09:00\", close = \"17:00\" }\n";
    let own = |table: &str| digest(&format!("{everybody}[calendars.acme]\n{table}"));
    assert_eq!(
        own("holidays = [2026-01-06]\nhours.close = \"12:00\""),
        own("zone = \"Europe/Berlin\"\nhours = { open = \"09:00\", close = \"12:00\" }\nholidays = [\"2026-01-06\"]")
    );
    assert_eq!(own("zone = \"Europe/Berlin\""), digest(everybody), "what is everybody's is nobody's own");
    assert_ne!(own("zone = \"Europe/Paris\""), digest(everybody));
}

#[test]
fn a_variable_or_flag_that_means_nothing_is_refused() {
    let with = |name: &str| told(command(&["config", "check"]).env(name, "1"));
    with("SYNDIC_LIMITS__EFECT_MS").fails(2, &["SYNDIC_LIMITS__EFECT_MS", "did you mean `SYNDIC_LIMITS__EFFECT_MS`?"]);
    with("SYNDIC_LIMITS_EFFECT_MS").fails(2, &["did you mean `SYNDIC_LIMITS__EFFECT_MS`?"]);
    with("SYNDIC_NOTHING__AT_ALL").fails(2, &["there is no key for `SYNDIC_NOTHING__AT_ALL`"]);
    with("SYNDIC_LIMITS__EFFECT_MS").exits(0);
    let set = |set: &str| run(&["config", "check", "--set", set]);
    set("limits.efect_ms=1").fails(2, &["--set limits.efect_ms=1", "did you mean `limits.effect_ms`?"]);
    set("limits.effect_ms").fails(2, &["it has no `=`"]);
    set("facts.\"shared.x\".disagreement=manual").exits(0);
    set("calendars.\"Acme & Co.\".zone=Asia/Tokyo").exits(0);
    told(command(&["config", "check"]).env("SYNDIC_CALENDAR__HOLIDAYS", "2026-12-25, 2026-13-01"))
        .fails(2, &["`calendar.holidays`", "$SYNDIC_CALENDAR__HOLIDAYS", "`2026-13-01` is no day"]);
}

#[test]
fn the_example_says_nothing_and_what_it_would_say_is_what_holds() {
    let home = Home::new();
    let example = run(&["config", "example"]).exits(0).out;
    let shown = |config: &str| {
        let file = home.file("syndic.toml", config);
        let told = run(&["config", "show", "--json", "--config", file.to_str().unwrap()]).exits(0);
        told.values().into_iter().map(|line| (line["key"].clone(), line["value"].clone())).collect::<Vec<_>>()
    };
    let nothing = shown("");
    assert_eq!(shown(&example), nothing);
    let says = |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| is_key(key));
    let own =
        |line: &&str| ["slots", "routes", "facts", "workers", "compiled_cache"].iter().all(|it| !line.contains(it));
    let lines = example.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).filter(says);
    let plain: Vec<&str> = lines.take_while(|line| !line.starts_with("[slots")).filter(own).collect();
    assert!(plain.len() > 20, "{plain:?}");
    assert_eq!(shown(&plain.join("\n")), nothing);
}

fn is_key(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_reference_has_every_key_that_holds() {
    let docs = run(&["config", "docs"]).exits(0).out;
    for line in run(&["config", "show", "--json"]).exits(0).values() {
        let key = line["key"].as_str().unwrap();
        assert!(docs.contains(&format!("### `{key}`")), "{key}");
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/daemon/CONFIGURATION.md");
    assert_eq!(fs::read_to_string(page).unwrap(), docs, "`syndic config docs > host/daemon/CONFIGURATION.md`");
}
