//! An event with six governors from end to end, durable and receipted, beside the least it could take: the same calls
//! as bare wasmtime cycles, and its share of a group commit of sled's by itself with the same bytes.
//!
//! The event is a customer who takes up a plan. What follows from it, three deferred effects that settle, is part of it
//! on both sides. The bare side does one thing after another in one thread; so processor time is compared beside the
//! time on the wall, in which the host's own threads overlap.
//!
//! Some two thousand events fill what the store gathers in memory, and then it is folded away while the next ones are
//! judged. So rounds differ by a third, their mean counts and not their median, and who has the round that folds changes.

#![allow(clippy::print_stdout, reason = "figures are for reading")]

use std::env;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use syndic_benches::disk::PlainSled;
use syndic_benches::process::cpu_seconds;
use syndic_benches::tape::{Taped, tape};
use syndic_benches::{Asked, Bare, Samples, town};
use syndic_core::Slot;
use syndic_engine::Host;
use syndic_store::Writes;

/// Events that are written down and done again without a host.
const TAPED: usize = 500;

/// Events of each side in a round.
const EVENTS: usize = 1_000;

/// Rounds, the sides by turns.
const ROUNDS: usize = 12;

/// Events that are sent one by one, each after the last one's answer.
const ONE_BY_ONE: usize = 2_000;

/// Commits that share a barrier on the bare side.
const GROUP: usize = 64;

/// Microseconds per event: on the wall, and of processors.
#[derive(Clone, Copy, Debug)]
struct Cost {
    wall: f64,
    cpu: f64,
}

fn main() {
    let only_once = env::args().any(|argument| argument == "--test");
    let (taped, events, rounds, one_by_one) =
        if only_once { (2, 2, 1, 2) } else { (TAPED, EVENTS, ROUNDS, ONE_BY_ONE) };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let store = town::store(&folder.path().join("ours"));
    let host = town::host(store, town::eight(&compiled));
    let bare = BareSide::new(&folder.path().join("sled"), tape(&compiled, (0..taped).map(town::subscribes)));
    println!("an event and what follows: {:.1} calls, {:.1} commits\n", bare.calls, bare.commits);

    let mut customer = 0;
    let mut some = |host: &Arc<Host>, workers| {
        let from = customer;
        customer += events;
        let before = receipts(host);
        let cost = measured(events, || town::keep_busy(host, workers, (from..from + events).map(town::subscribes)));
        (cost, (receipts(host) - before) as f64 / events as f64)
    };
    some(&host, 2);
    let mut costs: [Vec<Cost>; 4] = Default::default();
    let mut per_event = 0.0;
    for round in 0..rounds {
        costs[0].push(measured(events, || bare.calls(events)));
        let commits = bare.prepare(round, events);
        costs[1].push(measured(events, || bare.commit(&commits)));
        for workers in if round % 2 == 0 { [1, 2] } else { [2, 1] } {
            let (cost, receipts) = some(&host, workers);
            costs[1 + workers].push(cost);
            per_event = receipts;
        }
    }
    let spread = |rounds: &[Cost]| {
        let walls = rounds.iter().map(|cost| cost.wall);
        (walls.clone().fold(f64::INFINITY, f64::min), walls.fold(0.0, f64::max))
    };
    let spreads = costs.each_ref().map(|rounds| spread(rounds));
    let [calls, commits, one, two] = costs.map(|rounds| mean(&rounds));
    report(&[("bare cycles", calls), ("share of a group commit", commits)], &[(1, one), (2, two)], per_event);
    for ((lowest, highest), what) in spreads.into_iter().zip(["bare cycles", "group commit", "1 worker", "2 workers"]) {
        println!("{what}: rounds of {lowest:.0} to {highest:.0} µs");
    }
    latency(&host, customer, one_by_one);
}

fn report(bare: &[(&str, Cost)], ours: &[(usize, Cost)], receipts: f64) {
    println!(
        "{:<28}{:>10}{:>10}{:>12}{:>12}{:>20}",
        "µs per event", "wall", "cpu", "events/s", "receipts/s", "ratio wall, cpu"
    );
    let sum = bare.iter().fold(Cost { wall: 0.0, cpu: 0.0 }, |sum, (_, cost)| Cost {
        wall: sum.wall + cost.wall,
        cpu: sum.cpu + cost.cpu,
    });
    for (name, cost) in bare.iter().chain([&("both", sum)]) {
        println!("{name:<28}{:>10.1}{:>10.1}", cost.wall, cost.cpu);
    }
    for (workers, cost) in ours {
        println!(
            "{:<28}{:>10.1}{:>10.1}{:>12.0}{:>12.0}{:>12.2}{:>8.2}",
            format!("ours, {workers} worker(s)"),
            cost.wall,
            cost.cpu,
            1e6 / cost.wall,
            receipts * 1e6 / cost.wall,
            cost.wall / sum.wall,
            cost.cpu / sum.cpu,
        );
    }
    let [(_, one), (_, two)] = ours else { return };
    println!("two workers do {:.2} times as many events as one", one.wall / two.wall);
}

/// The time from sending an event to its answer, where nobody else sends any.
fn latency(host: &Arc<Host>, from: usize, events: usize) {
    let times = (from..from + events).map(|customer| {
        let event = town::subscribes(customer);
        let begin = Instant::now();
        host.submit(event).expect("the host goes on");
        let time = begin.elapsed().as_nanos() as u64;
        while host.next_consequence(None).expect("the host goes on").is_some() {}
        time
    });
    let times = Samples::new(times.collect());
    println!(
        "\none by one, to the durable answer: p50 {:.0} µs, p99 {:.0} µs",
        times.percentile(50.0),
        times.percentile(99.0)
    );
}

fn receipts(host: &Arc<Host>) -> u64 {
    host.ports().store.head().expect("the store can be read").frontier.size()
}

fn measured(events: usize, run: impl FnOnce()) -> Cost {
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    run();
    let per_event = 1e6 / events as f64;
    Cost { wall: begin.elapsed().as_secs_f64() * per_event, cpu: (cpu_seconds() - cpu) * per_event }
}

fn mean(rounds: &[Cost]) -> Cost {
    let of = |part: fn(&Cost) -> f64| rounds.iter().map(part).sum::<f64>() / rounds.len() as f64;
    Cost { wall: of(|cost| cost.wall), cpu: of(|cost| cost.cpu) }
}

/// What was written down, to do it again.
struct BareSide {
    governors: Bare,
    sled: PlainSled,
    /// For each event.
    asked: Vec<Vec<Asked>>,
    writes: Vec<Vec<Writes>>,
    calls: f64,
    commits: f64,
}

impl BareSide {
    fn new(sled: &Path, taped: Vec<Taped>) -> Self {
        let slot = |name| Slot::new(name).expect("a bundled governor's slot has a slot's name");
        let components: Vec<_> = syndic_governors::GOVERNORS.iter().map(|it| (slot(it.slot), it.bytes)).collect();
        let governors = Bare::new(&components);
        let (mut asked, mut writes) = (Vec::new(), Vec::new());
        for Taped { askings, commits } in taped {
            let one = |asking: &syndic_benches::tape::Asking| {
                let asked = Asked::new(&asking.slot, &asking.question, &asking.facts);
                assert_eq!(governors.cycle(&asked), asking.fuel, "both sides do the same work: {}", asking.slot);
                asked
            };
            asked.push(askings.iter().map(one).collect::<Vec<_>>());
            writes.push(commits.into_iter().map(|committed| committed.writes).collect::<Vec<_>>());
        }
        let mean = |lengths: usize| lengths as f64 / asked.len() as f64;
        let (calls, commits) = (mean(asked.iter().map(Vec::len).sum()), mean(writes.iter().map(Vec::len).sum()));
        Self { governors, sled: PlainSled::new(sled), asked, writes, calls, commits }
    }

    fn calls(&self, events: usize) {
        self.asked.iter().cycle().take(events).flatten().for_each(|asked| _ = black_box(self.governors.cycle(asked)));
    }

    /// The writes of so many events, under keys that no other round has.
    fn prepare(&self, round: usize, events: usize) -> Vec<Writes> {
        let mut prepared = Vec::with_capacity(events * 4);
        for (nth, commits) in self.writes.iter().cycle().take(events).enumerate() {
            let turn = nth / self.writes.len();
            let own = |key: &[u8]| [&[round as u8, turn as u8], key].concat();
            prepared.extend(
                commits
                    .iter()
                    .map(|writes| writes.iter().map(|(key, value)| (own(key), value.clone())).collect::<Writes>()),
            );
        }
        prepared
    }

    fn commit(&self, commits: &[Writes]) {
        let commits: Vec<&Writes> = commits.iter().collect();
        commits.chunks(GROUP).for_each(|group| self.sled.commit(group));
    }
}
