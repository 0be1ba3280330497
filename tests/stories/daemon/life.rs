//! How a daemon starts, what it hears, and how it ends.

use serde_json::json;

use crate::daemon::{Daemon, refused};
use crate::syndic::{Home, event, subscribes};

#[test]
fn a_daemon_is_ready_when_everything_is_and_ends_in_peace() {
    let home = Home::after(&[subscribes("e1", "c1", json!({"sku": "pro", "seats": 1, "payment_method": "card"}))]);
    let mut daemon = Daemon::start(&home);
    assert_eq!(daemon.ready["ready"], true);
    assert_eq!((&daemon.ready["governors"], &daemon.ready["pid"]), (&json!(8), &json!(daemon.pid())));
    let whole = daemon.hears("the ledger is whole");
    assert!(whole["receipts"].as_u64().unwrap() > 0, "{whole}");
    let log = daemon.stop();
    assert!(log.contains(r#""message":"stopped""#), "{log}");
}

#[test]
fn a_directory_serves_one_process_and_the_others_are_told_which() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let holder = format!("process {},", daemon.pid());
    refused(&home, &[]).fails(3, &["the data directory cannot be opened", &holder]);
    home.play("").fails(3, &["the data directory cannot be opened", &holder]);
    daemon.stop();
    home.play("").exits(0);
}

#[test]
fn what_an_earlier_process_left_is_finished_after_the_start() {
    let home = Home::new();
    let mut playing = home.begin();
    let order = json!({"sku": "pro", "seats": 3, "payment_method": "card"});
    playing.say(&subscribes("e1", "c1", order));
    playing.hear(1);
    playing.say(&event("e2", "2026-01-05T00:00:00Z", "CustomerCancels", "c1", json!({"reason": "moving on"})));
    playing.kill();
    Daemon::start(&home).stop();
    let leftover = home.run(&["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!(leftover["pending_events"], 0, "{leftover}");
    assert_eq!(leftover["error_state"], serde_json::Value::Null);
}

#[test]
fn a_daemon_that_is_killed_leaves_a_directory_that_the_next_one_starts_on() {
    let home = Home::new();
    let first = Daemon::start(&home);
    let pid = first.pid();
    first.kill();
    let second = Daemon::start(&home);
    assert_ne!(second.pid(), pid);
    second.stop();
}

#[test]
fn governors_that_are_not_healthy_in_time_keep_it_from_starting() {
    let home = Home::new();
    let told = refused(&home, &["--set", "limits.startup_ms=1", "--set", "host.compiled_cache="]);
    told.fails(3, &["was not healthy within 1 s", "GovernorStartupFailed", "limits.startup_ms"]);
}

#[test]
fn a_component_that_is_none_keeps_it_from_starting() {
    let home = Home::new();
    let file = home.file("billing.wasm", "(component)");
    let set = format!("slots.billing.component={}", file.display());
    refused(&home, &["--set", &set]).fails(2, &["governor `billing`", "billing.wasm", "ComponentRejected"]);
    let missing = format!("slots.billing.component={}", file.with_file_name("none.wasm").display());
    refused(&home, &["--set", &missing]).fails(2, &["none.wasm` cannot be read", "syndic governor build"]);
}

#[test]
fn at_a_hangup_it_takes_over_what_it_may_and_says_what_has_to_wait() {
    let home = Home::new();
    let file = home.file("syndic.toml", "[limits]\neffect_ms = 1000\n");
    let mut daemon = Daemon::start_with(&home, &["--config", file.to_str().unwrap()]);
    daemon.signal("HUP");
    daemon.hears("the configuration is as it was");

    home.file("syndic.toml", "[limits]\neffect_ms = 1001\n[host]\ndrain_ms = 5\n");
    daemon.signal("HUP");
    let taken = daemon.hears("changed");
    assert_eq!((&taken["key"], &taken["level"]), (&json!("host.drain_ms"), &json!("INFO")));
    assert!(taken["from"].as_str().unwrap().ends_with("syndic.toml:4"), "{taken}");
    let waits = daemon.hears("it is taken over at the next start");
    assert_eq!((&waits["key"], &waits["level"]), (&json!("limits.effect_ms"), &json!("WARN")));

    home.file("syndic.toml", "[limits]\nefect_ms = 1001\n");
    daemon.signal("HUP");
    let refused = daemon.hears("the configuration stays as it is");
    assert!(refused["hint"].as_str().unwrap().contains("limits.effect_ms"), "{refused}");

    home.file("syndic.toml", "[log]\nlevel = \"warn\"\n");
    daemon.signal("HUP");
    daemon.hears("it is taken over at the next start");
    let log = daemon.stop();
    assert!(!log.contains("stopped"), "only warnings are told by now: {log}");
}

#[test]
fn a_service_manager_hears_how_it_goes() {
    let home = Home::new();
    let place = home.file("notify", "").with_file_name("manager");
    let manager = std::os::unix::net::UnixDatagram::bind(&place).unwrap();
    let hears = || {
        let mut heard = [0; 256];
        let length = manager.recv(&mut heard).unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let daemon = Daemon::spawned(super::on(&home, &[]).env("NOTIFY_SOCKET", &place).env("WATCHDOG_USEC", "10000000"));
    assert_eq!(hears(), "READY=1\n");
    assert_eq!(hears(), "WATCHDOG=1\n");
    daemon.signal("HUP");
    let reloading = std::iter::from_fn(|| Some(hears())).find(|said| !said.starts_with("WATCHDOG")).unwrap();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    daemon.stop();
    let rest: Vec<String> = std::iter::from_fn(|| Some(hears())).take_while(|said| said != "STOPPING=1\n").collect();
    assert!(rest.iter().any(|said| said == "READY=1\n"), "{rest:?}");
}
