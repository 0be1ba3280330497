//! Swapping under traffic: what events wait while governors are put into slots, one after another, beside what they wait
//! while nobody does; how long the pointer's change takes; and how many events a bad version breaks before it is gone.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use syndic_benches::{Samples, town};
use syndic_core::versions::Mode;
use syndic_core::{Outcome, Slot, Time};
use syndic_engine::{Bounds, Cause, Host, Install, Lanes};

/// Installations, each of which is loaded, tried, written and published; `SYNDIC_SWAPS` says otherwise.
const SWAPS: usize = 1_000;

/// Callers who each wait for their answer before they send again.
const CALLERS: usize = 8;

/// Rounds without swaps, one before and one after each with them.
const ROUNDS: usize = 3;

fn main() {
    let only_once = env::args().any(|argument| argument == "--test");
    let wanted = env::var("SYNDIC_SWAPS").ok().and_then(|wanted| wanted.parse().ok()).unwrap_or(SWAPS);
    let (swaps, rounds) = if only_once { (4, 1) } else { (wanted / ROUNDS, ROUNDS) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let governors = town::eight(&compiled);
    let runtime = Arc::clone(&governors.runtime);
    let host = town::host(town::store(&folder.path().join("data")), governors);
    let slot = Slot::new("billing").expect("a slot's name");
    let [one, other] = ["one", "other"].map(marked);
    let next = AtomicUsize::new(0);

    let (mut quiet, mut busy, mut installs, mut publishes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    let quiet_for = if only_once { Duration::from_millis(50) } else { Duration::from_secs(6) };
    for round in 0..rounds {
        let times = traffic(&host, &next, || thread::sleep(quiet_for));
        quiet.extend(times.into_iter().map(|(time, _)| time));
        let times = traffic(&host, &next, || {
            for nth in 0..swaps {
                let component = if installs.len() % 2 == 0 { &one } else { &other };
                let begin = Instant::now();
                let swapped = host.install(install(&slot, component, &format!("{round}-{nth}")));
                installs.push(begin.elapsed().as_nanos() as u64);
                swapped.expect("the host goes on").expect("it is installed");
            }
        });
        for (time, digest) in times {
            busy.push(time);
            *judged.entry(digest).or_default() += 1;
        }
    }
    let loaded =
        [&one, &other].map(|component| runtime.load(&slot, component, &host.config().slot(&slot)).expect("it loads"));
    for nth in 0..if only_once { 2 } else { 10_000 } {
        let version = Arc::clone(&loaded[nth % 2]);
        let begin = Instant::now();
        host.substitute(version);
        publishes.push(begin.elapsed().as_nanos() as u64);
    }
    let (sent, swapped) = (quiet.len() + busy.len(), installs.len());
    let (quiet, busy) = (Samples::new(quiet), Samples::new(busy));
    println!("{sent} events, each answered once, {swapped} installations; judged by {judged:?}\n");
    println!("{:<36}{:>10}{:>10}{:>10}", "microseconds", "p50", "p99", "p99.9");
    let row = |name: &str, samples: &Samples| {
        let [a, b, c] = [50.0, 99.0, 99.9].map(|percent| samples.percentile(percent));
        println!("{name:<36}{a:>10.1}{b:>10.1}{c:>10.1}");
    };
    row("an event, nobody swaps", &quiet);
    row("an event, while governors are swapped", &busy);
    row("an installation, from bytes to durable", &Samples::new(installs));
    row("the pointer's change", &Samples::new(publishes));
    println!("\np99 during / p99 without: {:.2}", busy.percentile(99.0) / quiet.percentile(99.0));
}

/// The bundled billing with a word in it that nobody reads, so that its digest is another.
fn marked(word: &str) -> Vec<u8> {
    let bundled = syndic_governors::GOVERNORS.iter().find(|governor| governor.slot == "billing");
    let mut component = bundled.expect("billing is bundled").bytes.to_vec();
    let name = b"mark";
    component.push(0);
    component.push(u8::try_from(1 + name.len() + word.len()).expect("it is short"));
    component.push(name.len() as u8);
    component.extend(name);
    component.extend(word.as_bytes());
    component
}

fn install(slot: &Slot, component: &[u8], reason: &str) -> Install {
    let at = Time::parse("2026-01-12T03:04:05Z").expect("it is a time");
    let cause = Cause { by: "bench".into(), reason: reason.into(), at, id: None };
    let (component, allow) = (component.to_vec(), BTreeSet::new());
    Install { slot: slot.clone(), component, signature: None, mode: Mode::Active, backtest: None, allow, cause }
}

/// Sends events from several callers for as long as something goes on. Says of each how long its caller waited, in
/// nanoseconds, and which billing judged it.
fn traffic(host: &Arc<Host>, next: &AtomicUsize, goes_on: impl FnOnce()) -> Vec<(u64, String)> {
    let lanes = Lanes::start(host, Bounds { workers: 2, ..Bounds::default() }).expect("the host goes on");
    let over = AtomicBool::new(false);
    let times = thread::scope(|scope| {
        let caller = || {
            let mut times = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let event = town::subscribes(next.fetch_add(1, Ordering::SeqCst));
                let begin = Instant::now();
                let report = lanes.submit(event).expect("there is room").wait().expect("the host goes on");
                times.push((begin.elapsed().as_nanos() as u64, report));
            }
            times
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        goes_on();
        over.store(true, Ordering::SeqCst);
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller goes on")).collect::<Vec<_>>()
    });
    lanes.rest().expect("the host goes on");
    let told = times.into_iter().map(|(time, report)| {
        assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
        let billing = report.governors.iter().find(|governor| governor.slot.as_str() == "billing");
        (time, billing.expect("billing judges it").digest.chars().take(15).collect())
    });
    told.collect()
}
