//! A backup of a daemon that runs: whole, of one moment, while events go on.

use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use crate::daemon::Daemon;
use crate::daemon::doors::{ask, said, subscribes, token};
use crate::syndic::Home;

/// Events that are acknowledged before the backup begins, and in the end.
const BEFORE: usize = 60;
const IN_ALL: usize = 200;

/// Sends events one after another for as long as somebody answers, and tells of each that was acknowledged.
fn sends(address: String, sender: String, tell: &mpsc::Sender<String>) {
    let bearer = format!("authorization: Bearer {sender}");
    let headers = ["content-type: application/cloudevents+json", bearer.as_str()];
    for nth in 0.. {
        let id = format!("e{nth}");
        let event = subscribes("acme", &id, &format!("c{nth}")).to_string();
        let Ok(stream) = TcpStream::connect(&address) else { return };
        let answer = thread::spawn({
            let headers = headers.map(str::to_owned);
            move || said(stream, "POST /v1/events", &headers.each_ref().map(String::as_str), &event)
        });
        // The daemon is killed in the middle of one of them.
        let Ok((status, answer)) = answer.join() else { return };
        assert_eq!(status, 201, "{answer}");
        if tell.send(id).is_err() {
            return;
        }
    }
}

#[test]
fn a_backup_that_is_taken_while_events_flow_has_every_event_that_was_acknowledged_before() {
    let (home, elsewhere) = (Home::new(), Home::new());
    let (operator, sender) = (token(&home, "olga", "operator"), token(&home, "shop", "ingest"));
    let daemon = Daemon::start(&home);
    let address = daemon.place().strip_prefix("http://").unwrap().to_owned();
    let (tell, told) = mpsc::channel();
    let key = sender.clone();
    let sending = thread::spawn(move || sends(address, key, &tell));
    let before: Vec<String> = told.iter().take(BEFORE).collect();

    let backup = elsewhere.data.with_file_name("backup");
    let backup = backup.to_str().unwrap();
    let kept = ask(&daemon, &operator, &["backup", backup, "--json"]).exits(0).values().remove(0);
    let after = told.iter().take(IN_ALL - BEFORE).count();
    daemon.kill();
    drop(told);
    let _ = sending.join();
    assert_eq!(after, IN_ALL - BEFORE, "events went on");

    elsewhere.run(&["restore", backup]).exits(0);
    let stands = elsewhere.run(&["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!((&stands["root_hash"], &stands["receipts"]), (&kept["root_hash"], &kept["receipts"]));
    let listed = elsewhere.run(&["event", "list", "--json", "--limit", "1000000"]).exits(0).values();
    let has = |id: &String| listed.iter().any(|line| line["id"] == *id && line["outcome"] == "completed");
    assert!(before.iter().all(has), "{before:?}");
    // It is the beginning of the daemon's own ledger, which says afterwards that it was taken.
    let (copied, whole) = (elsewhere.receipts(), home.receipts());
    assert_eq!(copied[..], whole[..copied.len()]);
    let act = usize::try_from(kept["receipt"].as_u64().unwrap()).unwrap();
    assert!(act > copied.len() && whole[act - 1]["kind"].to_string().contains("backup"), "{}", whole[act - 1]);
    // And a daemon lives on it, with the same tokens.
    let daemon = Daemon::start(&elsewhere);
    ask(&daemon, &operator, &["stats"]).exits(0);
    daemon.stop();
}

#[test]
fn who_may_not_take_a_backup_takes_none_and_a_place_that_is_taken_stays_as_it_is() {
    let home = Home::new();
    let (operator, auditor) = (token(&home, "olga", "operator"), token(&home, "otto", "auditor"));
    let daemon = Daemon::start(&home);
    let backup = home.data.with_file_name("backup");
    let backup = backup.to_str().unwrap();
    ask(&daemon, &auditor, &["backup", backup]).fails(3, &["Forbidden", "otto"]);
    assert!(!std::path::Path::new(backup).exists());
    let taken = home.file("thesis.txt", "years of work");
    let taken = taken.parent().unwrap().to_str().unwrap();
    ask(&daemon, &operator, &["backup", taken]).fails(2, &["nothing was copied", "is not empty"]);
    ask(&daemon, &operator, &["backup", backup]).exits(0);
    daemon.stop();
    let acts = home.receipts().into_iter().filter(|leaf| leaf["kind"].to_string().contains("backup"));
    assert_eq!(acts.count(), 1, "what was refused has no receipt");
}
