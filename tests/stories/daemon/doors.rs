//! The daemon's doors: who is let in, what is answered, and that it is what the directory says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::syndic::{Home, Told, command, event_of, stream, told};

/// A token, made where the data is.
pub(crate) fn token(home: &Home, name: &str, role: &str) -> String {
    let told = home.run(&["token", "create", "--name", name, "--role", role, "--json"]).exits(0);
    told.values()[0]["secret"].as_str().unwrap().to_owned()
}

/// The token of an agent of `acme` with work roles.
pub(crate) fn agent(home: &Home, name: &str, roles: &[&str]) -> String {
    let mut args = vec!["token", "create", "--name", name, "--role", "agent", "--tenant", "acme", "--json"];
    roles.iter().for_each(|role| args.extend(["--work-role", role]));
    home.run(&args).exits(0).values()[0]["secret"].as_str().unwrap().to_owned()
}

/// The command line, asking a daemon.
pub(crate) fn ask(daemon: &Daemon, token: &str, args: &[&str]) -> Told {
    told(command(args).env("SYNDIC_SERVER", daemon.place()).env("SYNDIC_TOKEN", token))
}

/// A customer who begins now: the daemon's clock is on the wall, and what was to follow long ago would follow at once.
pub(crate) fn subscribes(tenant: &str, id: &str, subject: &str) -> Value {
    let now = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap().stdout;
    let now = String::from_utf8(now).unwrap();
    let order = json!({"sku": "pro", "seats": 2, "payment_method": "card"});
    event_of(tenant, id, now.trim(), "CustomerSubscribes", subject, order)
}

/// Waits until nothing follows any more from what was sent.
pub(super) fn rests(daemon: &Daemon, token: &str) {
    let stands = || ask(daemon, token, &["stats", "--json"]).exits(0).values().remove(0);
    while std::iter::once(stands()).any(|stats| stats["pending_events"] != 0 || stats["effects_waiting"] == true) {}
}

/// The head of a request, but for how long its body is.
pub(super) fn head(request: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}")
}

/// A request in so many words, and the status and body of its answer.
pub(super) fn said(
    mut stream: impl Read + Write,
    request: &str,
    headers: &[&str],
    body: impl AsRef<[u8]>,
) -> (u16, String) {
    let body = body.as_ref();
    let length = body.len();
    write!(stream, "{}content-length: {length}\r\n\r\n", head(request, headers)).unwrap();
    // Who is turned away may be so before all of it was sent.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    assert!(read.is_ok() || !answer.is_empty(), "{read:?}");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(super) fn tcp(daemon: &Daemon) -> TcpStream {
    TcpStream::connect(daemon.place().strip_prefix("http://").unwrap()).unwrap()
}

#[test]
fn what_was_sent_to_a_daemon_is_what_it_says_and_what_its_directory_says_afterwards() {
    let home = Home::new();
    let (operator, admin) = (token(&home, "olga", "operator"), token(&home, "ada", "admin"));
    let daemon = Daemon::start(&home);
    let events = [subscribes("acme", "e1", "c1"), subscribes("acme", "e2", "c2")];
    let file = home.file("events.jsonl", format!("{}\nnot json\n{}", stream(&events), stream(&events[..1])));
    let sent = ask(&daemon, &operator, &["event", "submit", file.to_str().unwrap(), "--json"]).exits(0).values();
    let lines: Vec<_> =
        sent.iter().map(|line| (line["line"].clone(), line["outcome"].clone(), line["duplicate"] == true)).collect();
    let expected = [(1, "completed", false), (2, "completed", false), (4, "invalid", false), (5, "completed", true)];
    assert_eq!(lines, expected.map(|(line, outcome, duplicate)| (json!(line), json!(outcome), duplicate)));

    let asked: [&[&str]; 5] = [
        &["event", "show", "e1", "--json"],
        &["event", "list", "--tenant", "acme", "--json"],
        &["fact", "list", "acme", "c1", "--json"],
        &["receipt", "show", "3", "--json"],
        &["stats", "--json"],
    ];
    rests(&daemon, &operator);
    let by_daemon = asked.map(|args| ask(&daemon, &operator, args).exits(0).values());
    // Who has no right is told so, and exits as one who cannot get in.
    ask(&daemon, &admin, &["event", "submit", file.to_str().unwrap()])
        .fails(3, &["Forbidden", "admin", "SYNDIC_TOKEN"]);
    ask(&daemon, "none", &["stats"]).fails(3, &["Unauthorized"]);
    ask(&daemon, &operator, &["event", "show", "e9"]).exits(1);
    daemon.stop();
    let by_directory = asked.map(|args| home.run(args).exits(0).values());
    assert_eq!(by_daemon, by_directory);
}

#[test]
fn an_outcome_that_was_told_is_told_again_after_a_kill() {
    let home = Home::new();
    let sender = token(&home, "shop", "ingest");
    let daemon = Daemon::start(&home);
    let bearer = format!("authorization: Bearer {sender}");
    let headers = ["content-type: application/cloudevents+json", bearer.as_str()];
    let event = subscribes("acme", "e1", "c1").to_string();
    let (status, first) = said(tcp(&daemon), "POST /v1/events", &headers, &event);
    assert_eq!(status, 201, "{first}");
    daemon.kill();
    let daemon = Daemon::start(&home);
    let (status, again) = said(tcp(&daemon), "POST /v1/events", &headers, &event);
    let (mut first, again): (Value, Value) =
        (serde_json::from_str(&first).unwrap(), serde_json::from_str(&again).unwrap());
    first["duplicate"] = true.into();
    assert_eq!((status, first), (200, again));
    let (status, told) = said(tcp(&daemon), "POST /v1/events", &headers, event.replace("\"c1\"", "\"c2\""));
    assert!(status == 422 && told.contains("IdempotencyViolation"), "{told}");
    daemon.stop();
}

#[test]
fn a_token_lets_in_from_its_making_to_its_revoking_and_both_have_receipts() {
    let home = Home::new();
    let admin = token(&home, "ada", "admin");
    let daemon = Daemon::start(&home);
    let made = ask(&daemon, &admin, &["token", "create", "--name", "otto", "--role", "auditor", "--json"]).exits(0);
    let made = made.values().remove(0);
    let (secret, id) = (made["secret"].as_str().unwrap(), made["id"].as_str().unwrap());
    ask(&daemon, secret, &["stats"]).exits(0);
    ask(&daemon, secret, &["token", "list"]).fails(3, &["Forbidden"]);
    let listed = ask(&daemon, &admin, &["token", "list", "--json"]).exits(0);
    assert!(listed.out.contains(id) && !listed.out.contains(&secret[20..60]));
    ask(&daemon, &admin, &["token", "revoke", id]).exits(0);
    ask(&daemon, secret, &["stats"]).fails(3, &["Unauthorized", "revoked"]);
    daemon.kill();
    let daemon = Daemon::start(&home);
    ask(&daemon, secret, &["stats"]).fails(3, &["Unauthorized"]);
    let log = daemon.stop();
    let acts: Vec<String> = home.receipts().iter().map(|leaf| leaf["kind"].to_string()).collect();
    for act in ["create-token", "revoke-token"] {
        assert!(acts.iter().any(|kind| kind.contains(act)), "{acts:?}");
    }
    assert!(!log.contains(secret) && !log.contains(&admin), "a secret stands in the log");
    home.run(&["token", "revoke", "none"]).fails(1, &["there is no token"]);
}

#[test]
fn a_user_of_the_unix_socket_needs_no_token_and_a_certificate_is_needed_beyond_this_machine() {
    let home = Home::new();
    let socket = home.file("x", "").with_file_name("socket");
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(socket.parent().unwrap()).unwrap());
    let set = [format!("http.socket={}", socket.display()), format!("http.users={own}:auditor:acme")];
    let daemon = Daemon::start_with(&home, &["--set", &set[0], "--set", &set[1]]);
    let (status, events) = said(UnixStream::connect(&socket).unwrap(), "GET /v1/events", &[], "");
    assert_eq!((status, events.contains("\"items\":[]")), (200, true), "{events}");
    assert_eq!(said(UnixStream::connect(&socket).unwrap(), "GET /v1/stats", &[], "").0, 403);
    assert_eq!(said(tcp(&daemon), "GET /v1/events", &[], "").0, 401);
    assert_eq!(said(tcp(&daemon), "GET /readyz", &[], "").0, 200);
    daemon.stop();
    super::refused(&home, &["--set", "http.listen=0.0.0.0:0"]).fails(2, &["in the clear", "http.certificate"]);
}
