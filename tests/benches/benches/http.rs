//! A month of events over HTTP, with connections that stay open, beside `play` on the same events: the built binary on
//! both sides, in one run.
//!
//! Each connection sends one event, waits for its durable outcome, and sends the next; a customer's events stay on one
//! connection, in their order. So one connection pays a barrier for each event, and many share one. `play` judges ahead
//! and has no callers to answer, and is what the daemon is held against.
//!
//! The events' times are past for a clock on the wall, so timers fire as soon as they are set. That is more work for the
//! daemon than for `play`, whose clock goes with the events.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Events of the month.
const EVENTS: usize = 4_000;

/// Connections of each round.
const CONNECTIONS: [usize; 3] = [1, 16, 256];

fn main() {
    let only_once = env::args().any(|argument| argument == "--test");
    let (events, connections): (usize, &[usize]) = if only_once { (200, &[2]) } else { (EVENTS, &CONNECTIONS) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let file = at("month.jsonl");
    let month = run(&["demo", "--events", &events.to_string(), "--data", &at("demo"), "--save", &file, "--json"]);
    assert!(month.status.success(), "the demo says: {}", String::from_utf8_lossy(&month.stderr));
    let month = std::fs::read_to_string(&file).expect("the demo saves its month");
    let events: Vec<&str> = month.lines().collect();

    let played = run(&["play", &file, "--data", &at("play"), "--json"]);
    let summary = String::from_utf8_lossy(&played.stdout).lines().last().map(str::to_owned).unwrap_or_default();
    let summary: Value = serde_json::from_str(&summary).expect("play ends with a summary");
    let play = events.len() as f64 / (summary["summary"]["elapsed_ms"].as_f64().unwrap_or(f64::NAN) / 1_000.0);
    println!("{:>12}  {:>9}  {:>9}  {:>9}  {:>9}", "connections", "events/s", "p50 ms", "p99 ms", "p99.9 ms");
    println!("{:>12}  {play:>9.0}", "play");
    for connections in connections {
        let daemon = Daemon::start(&folder.path().join(format!("data-{connections}")));
        let (seconds, mut latencies) = daemon.takes(&events, *connections);
        latencies.sort();
        let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
        let rate = events.len() as f64 / seconds;
        println!("{connections:>12}  {rate:>9.0}  {:>9.2}  {:>9.2}  {:>9.2}", at(0.5), at(0.99), at(0.999));
    }
}

/// The binary that this profile built: two folders above this program.
fn program() -> PathBuf {
    let own = env::current_exe().expect("a program knows where it is");
    own.ancestors().nth(2).map(|profile| profile.join("syndic")).unwrap_or_default()
}

fn run(args: &[&str]) -> std::process::Output {
    Command::new(program()).args(args).output().expect("`cargo build --release` builds the binary")
}

struct Daemon {
    child: Child,
    address: String,
    token: String,
}

impl Daemon {
    fn start(data: &Path) -> Self {
        let data = data.to_string_lossy();
        let made = run(&["token", "create", "--name", "bench", "--role", "ingest", "--data", &data]);
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let set = ["--set", "http.listen=127.0.0.1:0", "--set", "http.requests_max=0", "--set", "log.level=error"];
        let mut command = Command::new(program());
        command.args(["run", "--json", "--data", &data]).args(set).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the daemon starts");
        let mut ready = String::new();
        let mut says = BufReader::new(child.stdout.take().expect("it is piped"));
        says.read_line(&mut ready).expect("it says when it is ready");
        let ready: Value = serde_json::from_str(&ready).expect("it says so in JSON");
        let place = ready["listening"][0].as_str().expect("it says where");
        Self { child, address: place.trim_start_matches("http://").to_owned(), token }
    }

    /// Sends all events over so many connections; the seconds that all took, and what each took.
    fn takes(&self, events: &[&str], connections: usize) -> (f64, Vec<Duration>) {
        let mut shares: Vec<Vec<&str>> = vec![Vec::new(); connections];
        for event in events {
            shares[share_of(event, connections)].push(event);
        }
        let start = Instant::now();
        let latencies = thread::scope(|scope| {
            let senders: Vec<_> = shares.iter().map(|share| scope.spawn(|| self.send(share))).collect();
            senders.into_iter().flat_map(|sender| sender.join().expect("a connection is answered")).collect()
        });
        (start.elapsed().as_secs_f64(), latencies)
    }

    fn send(&self, events: &[&str]) -> Vec<Duration> {
        let mut stream = TcpStream::connect(&self.address).expect("the daemon listens");
        stream.set_nodelay(true).expect("a socket takes options");
        let mut answers = BufReader::new(stream.try_clone().expect("a socket has two ends"));
        let mut body = Vec::new();
        let one = |event: &&str| {
            let start = Instant::now();
            let request = format!(
                "POST /v1/events HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
                 content-type: application/cloudevents+json\r\ncontent-length: {}\r\n\r\n{event}",
                self.token,
                event.len()
            );
            stream.write_all(request.as_bytes()).expect("the daemon reads");
            let status = answer(&mut answers, &mut body);
            // An outcome, or that it was turned away as the month wants it now and then.
            assert!([200, 201, 400, 422].contains(&status), "{status}: {}", String::from_utf8_lossy(&body));
            start.elapsed()
        };
        events.iter().map(one).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A customer's events go over one connection.
fn share_of(event: &str, connections: usize) -> usize {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    (event["tenant"].as_str(), event["subject"].as_str()).hash(&mut hasher);
    usize::try_from(hasher.finish() % connections as u64).unwrap_or_default()
}

/// Reads one answer whole; its status.
fn answer(answers: &mut impl BufRead, body: &mut Vec<u8>) -> u16 {
    let (mut status, mut length, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        answers.read_line(&mut line).expect("the daemon answers");
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(said) = line.strip_prefix("http/1.1 ") {
            status = said.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or_default();
        } else if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().unwrap_or_default();
        } else if line.is_empty() {
            break;
        }
    }
    body.resize(length, 0);
    answers.read_exact(body).expect("an answer is whole");
    status
}
