//! Callers who mean no good, or are in a hurry: what they cost, and whom.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::daemon::Daemon;
use crate::daemon::doors::{said, tcp, token};
use crate::syndic::Home;

/// Far beyond what anything here takes on a machine that has other things to do.
const SURELY: Duration = Duration::from_secs(60);

/// Waits for something to become true.
#[track_caller]
fn comes_true(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < SURELY, "it never came true that {what}");
    }
}

/// How many connections are open, besides the one that asks.
fn connections(daemon: &Daemon, token: &str) -> u64 {
    let bearer = format!("authorization: Bearer {token}");
    let (_, text) = said(tcp(daemon), "GET /metrics", &[&bearer], "");
    let line = text.lines().find_map(|line| line.strip_prefix("syndic_http_connections ")).unwrap();
    line.parse::<u64>().unwrap() - 1
}

#[test]
fn who_asks_and_does_not_listen_is_broken_off_and_so_is_who_says_half_of_what_it_wants() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let mut set = vec!["--set", "http.requests_max=0"];
    set.extend(["--set", "http.answer_ms=300", "--set", "http.headers_ms=300", "--set", "http.body_ms=300"]);
    let daemon = Daemon::start_with(&home, &set);
    let deaf: Vec<_> = (0..4)
        .map(|_| {
            let mut deaf = tcp(&daemon);
            // As much as the other side takes without an answer being read; then it takes no more.
            deaf.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            let asked = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(4_000);
            let _ = deaf.write_all(asked.as_bytes());
            deaf
        })
        .collect();
    let slow: Vec<_> = (0..4)
        .map(|_| {
            let mut slow = tcp(&daemon);
            slow.write_all(b"GET / HTTP/1.1\r\nhost: lo").unwrap();
            slow
        })
        .collect();
    comes_true("nobody holds a place", || connections(&daemon, &operator) == 0);
    drop((deaf, slow));
    assert_eq!(said(tcp(&daemon), "GET /readyz", &[], "").0, 200);
    daemon.stop();
}

#[test]
fn a_second_wish_to_stop_hurries_whatever_is_waited_for() {
    let home = Home::new();
    let sender = token(&home, "shop", "ingest");
    let mut daemon = Daemon::start(&home);
    let mut half = tcp(&daemon);
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {sender}\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    half.write_all(head.as_bytes()).unwrap();
    let mut goes_on = [0; 25];
    half.read_exact(&mut goes_on).unwrap();
    // Its body never comes, and the doors would wait for it.
    daemon.signal("TERM");
    daemon.hears("stopping");
    let begun = Instant::now();
    daemon.signal("TERM");
    daemon.hears("in a hurry");
    assert_eq!(daemon.ends().0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "it waited for the doors");
    home.run(&["stats"]).exits(0);
}

#[test]
fn a_storm_of_hangups_changes_nothing_and_it_still_stops() {
    let home = Home::new();
    let mut daemon = Daemon::start(&home);
    (0..64).for_each(|_| daemon.signal("HUP"));
    daemon.hears("the configuration is as it was");
    assert_eq!(said(tcp(&daemon), "GET /readyz", &[], "").0, 200);
    let log = daemon.stop();
    assert!(!log.contains(r#""level":"WARN""#) && !log.contains(r#""level":"ERROR""#), "{log}");
}
