//! Calendars of a daemon that runs: others are taken over at a hangup, for what is reckoned from then on.

use serde_json::{Value, json};

use super::doors::{ask, token};
use super::{Daemon, refused};
use crate::syndic::{Home, text};

const PROMISE: &str = r#"
net = "promise"
about = "two working days"

[conditions]
P_Asked = "somebody wants to know"
P_Over = "it is over"

[task.T_Elapsed]
kind = "timer"
after = "2 bd"
takes = "P_Asked"
gives = "P_Over"
"#;

/// A shop that is open for a minute of every day: whatever begins at any time is over in that minute. India's clocks
/// never change.
fn open_at(open: &str, close: &str) -> String {
    format!(
        "[calendar]\nworking_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\n[calendars.acme]\nzone = \
         \"Asia/Kolkata\"\nworking_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\nhours = {{ \
         open = \"{open}\", close = \"{close}\" }}\n"
    )
}

fn due(daemon: &Daemon, token: &str, id: &str) -> String {
    text(&ask(daemon, token, &["case", "show", id, "--tenant", "acme", "--json"]).exits(0).values()[0]["due"])
}

/// Begins a case: when it is due, and the receipt that says so.
fn launch(daemon: &Daemon, token: &str, id: &str) -> (String, u64) {
    let args = ["case", "launch", "promise", "--id", id, "--tenant", "acme", "--json"];
    let told = ask(daemon, token, &args).exits(0).values().remove(0);
    (due(daemon, token, id), told["receipt"].as_u64().unwrap())
}

#[test]
fn at_a_hangup_other_calendars_count_from_then_on_and_what_is_due_stays_due() {
    let home = Home::new();
    let net = home.file("promise.toml", PROMISE);
    home.run(&["net", "load", net.to_str().unwrap()]).exits(0);
    let olga = token(&home, "olga", "operator");
    let [nine, noon] = [open_at("09:00", "09:01"), open_at("12:00", "12:01")];
    let file = home.file("syndic.toml", &nine);
    let with = ["--config", file.to_str().unwrap()];
    let mut daemon = Daemon::start_with(&home, &with);
    let first = launch(&daemon, &olga, "first");
    assert!(first.0.contains("T03:30:"), "{first:?}");

    home.file("syndic.toml", &noon);
    daemon.signal("HUP");
    let changed = daemon.hears("changed");
    assert_eq!((&changed["key"], &changed["level"]), (&json!("calendars.acme.hours.close"), &json!("INFO")));
    daemon.hears("changed");
    let second = launch(&daemon, &olga, "second");
    assert!(second.0.contains("T06:30:"), "{second:?}");
    assert_eq!(due(&daemon, &olga, "first"), first.0);

    home.file("syndic.toml", noon.replace("Asia/Kolkata", "Asia/Calcuta"));
    daemon.signal("HUP");
    let stays = daemon.hears("the configuration stays as it is");
    assert!(stays["cause"].as_str().unwrap().contains("`Asia/Calcuta` is no time zone"), "{stays}");
    assert!(stays["hint"].as_str().unwrap().contains("Asia/Calcutta"), "{stays}");
    let third = launch(&daemon, &olga, "third");
    assert!(third.0.contains("T06:30:"), "{third:?}");

    daemon.kill();
    refused(&home, &with).fails(2, &["`calendars.acme.zone` cannot be used", "syndic.toml:5", "no time zone"]);
    home.file("syndic.toml", &noon);
    let daemon = Daemon::start_with(&home, &with);
    for (id, (due_then, _)) in [("first", &first), ("second", &second), ("third", &third)] {
        assert_eq!(due(&daemon, &olga, id), *due_then, "{id}");
    }
    let fourth = launch(&daemon, &olga, "fourth");
    daemon.stop();

    // A receipt names what counted; and what was taken over is named as if the daemon had begun with it.
    let receipts = home.receipts();
    let named = |(_, receipt): &(String, u64)| -> &Value { &receipts[*receipt as usize - 1]["configuration"] };
    assert_ne!(named(&first), named(&second));
    assert_eq!((named(&third), named(&fourth)), (named(&second), named(&second)));
}
