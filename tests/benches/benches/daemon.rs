//! What an operator wants to know of the daemon before it is needed: how long it takes to come up and to go, what it
//! does when ten times as much comes as it can do, and whether it grows over a long day.
//!
//! `-- soak MINUTES` lets it take a steady stream and prints its memory as it goes; without it, the rest runs.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use syndic_benches::daemon::{Caller, Daemon, again, month, shares};

/// Events of a month.
const EVENTS: usize = 4_000;

/// How often each is done.
const TIMES: usize = 7;

/// Connections of an ordinary load.
const CALLERS: usize = 16;

/// Connections of an overload, and events of each request: all of it together is under way at once.
const CROWD: (usize, usize) = (256, 100);

/// Events that the daemon of the overload lets wait: what it does in about a tenth of a second.
const ROOM: [&str; 2] = ["host.tenant_max=512", "host.host_max=512"];

/// Events a second in a soak.
const STEADY: u64 = 500;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let only_once = words.iter().any(|word| word == "--test");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    if let Some(at) = words.iter().position(|word| word == "soak") {
        let minutes = words.get(at + 1).and_then(|word| word.parse().ok()).unwrap_or(30);
        return soak(folder.path(), Duration::from_secs(60 * minutes));
    }
    let (events, times) = if only_once { (200, 1) } else { (EVENTS, TIMES) };
    let (_, month) = month(folder.path(), events);
    comes_and_goes(folder.path(), &month, times);
    overload(folder.path(), &month, if only_once { 1 } else { 10 });
}

/// Starts it on what it had, loads it, and tells it to end in the middle.
fn comes_and_goes(folder: &Path, month: &[String], times: usize) {
    let data = folder.join("comes-and-goes");
    println!("{:>9}  {:>12}  {:>9}  {:>12}  ended well", "start", "ready after", "answered", "ended after");
    for round in 0..times {
        let daemon = Daemon::start(&data, &[]);
        let ready = daemon.ready_after;
        let events = again(month, round);
        let answered = AtomicUsize::new(0);
        let (ended, well) = thread::scope(|scope| {
            for share in shares(&events, CALLERS) {
                let (mut caller, answered) = (daemon.caller(), &answered);
                scope.spawn(move || {
                    let mut sent = |event: &&str| {
                        caller.send(event).is_ok_and(|(status, _)| [200, 201, 400, 422].contains(&status))
                    };
                    answered.fetch_add(share.iter().take_while(|event| sent(event)).count(), Ordering::Relaxed);
                });
            }
            thread::sleep(Duration::from_millis(400));
            daemon.ends()
        });
        let answered = answered.into_inner();
        println!("{round:>9}  {:>9.0} ms  {answered:>9}  {:>9.0} ms  {well}", ms(ready), ms(ended));
    }
}

/// An ordinary load, a crowd, and the ordinary load again.
fn overload(folder: &Path, month: &[String], months: usize) {
    let daemon = Daemon::start(&folder.join("overload"), &ROOM);
    println!(
        "\n{:>12}  {:>10}  {:>11}  {:>12}  {:>9}  {:>9}  {:>8}",
        "", "sent/s", "completed/s", "turned away", "p50 ms", "p99 ms", "now MiB"
    );
    ordinary(&daemon, "before", &again(month, 1));
    let crowded: Vec<String> = (0..months).flat_map(|round| again(month, 100 + round)).collect();
    let (connections, each) = CROWD;
    let start = Instant::now();
    let told: Vec<(usize, usize, Vec<Duration>)> = thread::scope(|scope| {
        let callers = shares(&crowded, connections).into_iter().map(|share| {
            let mut caller = daemon.caller();
            scope.spawn(move || crowd(&mut caller, &share, each))
        });
        let callers: Vec<_> = callers.collect();
        callers.into_iter().map(|caller| caller.join().expect("a connection is answered")).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let taken: usize = told.iter().map(|(taken, _, _)| taken).sum();
    let turned: usize = told.iter().map(|(_, turned, _)| turned).sum();
    let latencies = told.into_iter().flat_map(|(_, _, latencies)| latencies).collect();
    row("the crowd", taken + turned, taken, turned, seconds, latencies, &daemon);
    ordinary(&daemon, "after", &again(month, 2));
    println!("the most it held: {:.0} MiB", daemon.memory_mib().1);
}

/// Sends events in batches, without waiting for anything but the answer: what was taken, what was turned away for want
/// of room, and how long each answer took.
fn crowd(caller: &mut Caller, events: &[&str], each: usize) -> (usize, usize, Vec<Duration>) {
    let (mut taken, mut turned, mut latencies) = (0, 0, Vec::new());
    for batch in events.chunks(each) {
        let (status, took) = caller.send_batch(batch).expect("the daemon answers");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(caller.said()));
        let said: Vec<serde_json::Value> = serde_json::from_slice(caller.said()).expect("a batch is answered in JSON");
        let away = said.iter().filter(|outcome| outcome["error"]["kind"] == "Overloaded").count();
        (taken, turned) = (taken + said.len() - away, turned + away);
        latencies.push(took);
    }
    (taken, turned, latencies)
}

fn ordinary(daemon: &Daemon, name: &str, events: &[String]) {
    let start = Instant::now();
    let latencies: Vec<Duration> = thread::scope(|scope| {
        let callers = shares(events, CALLERS).into_iter().map(|share| {
            let mut caller = daemon.caller();
            scope.spawn(move || share.iter().map(|event| caller.send(event).expect("it answers").1).collect::<Vec<_>>())
        });
        let callers: Vec<_> = callers.collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("a connection is answered")).collect()
    });
    row(name, events.len(), events.len(), 0, start.elapsed().as_secs_f64(), latencies, daemon);
}

fn row(name: &str, sent: usize, taken: usize, turned: usize, seconds: f64, mut took: Vec<Duration>, daemon: &Daemon) {
    took.sort();
    let at = |part: f64| ms(took[((took.len() - 1) as f64 * part) as usize]);
    let (sent, taken) = (sent as f64 / seconds, taken as f64 / seconds);
    let now = daemon.memory_mib().0;
    println!("{name:>12}  {sent:>10.0}  {taken:>11.0}  {turned:>12}  {:>9.2}  {:>9.2}  {now:>8.0}", at(0.5), at(0.99));
}

/// A steady stream of new months; memory every half minute.
fn soak(folder: &Path, long: Duration) {
    let (_, month) = month(folder, EVENTS);
    let daemon = Daemon::start(&folder.join("soak"), &[]);
    let (start, sent, over) = (Instant::now(), AtomicUsize::new(0), AtomicBool::new(false));
    println!("{:>8}  {:>10}  {:>8}  {:>9}", "minutes", "events", "now MiB", "most MiB");
    thread::scope(|scope| {
        for nth in 0..CALLERS {
            let (daemon, month, sent, over) = (&daemon, &month, &sent, &over);
            scope.spawn(move || {
                let mut caller = daemon.caller();
                for round in 0.. {
                    let events = again(month, round);
                    for event in &shares(&events, CALLERS)[nth] {
                        if over.load(Ordering::Relaxed) {
                            return;
                        }
                        caller.send(event).expect("the daemon answers");
                        let due =
                            Duration::from_micros(sent.fetch_add(1, Ordering::Relaxed) as u64 * 1_000_000 / STEADY);
                        thread::sleep(due.saturating_sub(start.elapsed()));
                    }
                }
            });
        }
        while start.elapsed() < long {
            thread::sleep(Duration::from_secs(30).min(long.saturating_sub(start.elapsed())));
            let (now, most) = daemon.memory_mib();
            let minutes = start.elapsed().as_secs_f64() / 60.0;
            println!("{minutes:>8.1}  {:>10}  {now:>8.0}  {most:>9.0}", sent.load(Ordering::Relaxed));
        }
        over.store(true, Ordering::Relaxed);
    });
    let (ended, well) = daemon.ends();
    println!("ended after {:.0} ms, {}", ms(ended), if well { "well" } else { "badly" });
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
