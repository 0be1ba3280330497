//! Upkeep: the doctor's words, and a backup's way there and back.

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::syndic::{Home, run, subscribes};

fn lived_in() -> Home {
    Home::after(&[subscribes("e1", "c1", json!({"sku": "pro", "seats": 3, "payment_method": "card"}))])
}

/// What the doctor found, by the name of the check.
fn states(told: &[Value], check: &str) -> Vec<String> {
    let found = told.iter().filter(|line| line["check"] == check);
    found.map(|line| line["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_backup_that_is_restored_has_every_fact_and_receipt() {
    let (home, elsewhere) = (lived_in(), Home::new());
    let backup = elsewhere.file("x", "").with_file_name("backup");
    let backup = backup.to_str().unwrap();
    let kept = home.run(&["backup", backup, "--json"]).exits(0).values().remove(0);
    assert_eq!(kept["receipts"], home.receipts().len());
    elsewhere.run(&["restore", backup]).exits(0);
    assert_eq!(elsewhere.receipts(), home.receipts());
    assert_eq!(elsewhere.facts("c1"), home.facts("c1"));
    elsewhere.run(&["restore", backup]).fails(2, &["nothing was copied", "is not empty"]);
    elsewhere.run(&["restore", "nowhere"]).fails(3, &["nowhere is not a store"]);
}

#[test]
fn what_a_daemon_uses_is_not_copied() {
    let home = lived_in();
    let daemon = Daemon::start(&home);
    let holder = format!("process {}", daemon.pid());
    let backup = home.data.with_file_name("backup");
    home.run(&["backup", backup.to_str().unwrap()]).fails(3, &[&holder, "--server"]);
    let told = home.run(&["doctor", "--json"]).exits(0).values();
    assert_eq!(states(&told, "store"), ["odd"]);
    daemon.stop();
    home.run(&["backup", backup.to_str().unwrap()]).exits(0);
}

#[test]
fn the_doctor_finds_a_healthy_house_well_and_says_what_is_odd() {
    let home = lived_in();
    let told = home.run(&["doctor", "--json"]).exits(0).values();
    for check in ["configuration", "governors", "store", "clock"] {
        assert_eq!(states(&told, check), ["well"], "{check}: {told:?}");
    }
    assert_eq!(states(&told, "master"), ["odd"], "it was made by `play`, from seed 0");
    let nothing = Home::new().run(&["doctor", "--json"]).exits(0).values();
    assert_eq!(states(&nothing, "store"), ["well"], "what is not there yet is no trouble");
}

#[test]
fn the_doctor_names_what_is_ill_and_its_exit_code_says_how_ill() {
    let home = lived_in();
    std::fs::remove_file(home.data.join("store/receipts")).unwrap();
    let told = home.run(&["doctor", "--json"]).exits(4);
    assert_eq!(states(&told.values(), "store"), ["ill"]);
    assert!(told.err.contains("receipts") && told.err.contains("restore a backup"), "{}", told.err);
    run(&["doctor", "--set", "limits.efect_ms=1"]).fails(2, &["did you mean `limits.effect_ms`?"]);
}
