//! `simulate`: runs seeds until one breaks a promise, and tells its story.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use syndic_simulation::{Counts, EVENTS_MAX, Plant, Rules, Run, run};

/// Most of what a run does is small and soon forgotten; this hands it out twice as fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the host through days that seeds make up, and looks for broken promises
#[derive(Parser)]
struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many threads run seeds, each one of its own
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// How many events a day has at most
    #[arg(long, default_value_t = EVENTS_MAX)]
    steps: u64,
    /// A bug to put in on purpose
    #[arg(long, value_enum, default_value_t = Plant::Nothing)]
    plant: Plant,
    /// Print what happens in each run
    #[arg(long)]
    trace: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let rules = Rules { events_max: args.steps, trace: args.trace, plant: args.plant };
    let (next, begun) = (AtomicU64::new(args.from), Instant::now());
    let end = args.from.saturating_add(args.seeds);
    let (first, counts) = (Mutex::new(None::<u64>), Mutex::new(Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                let mut mine = Counts::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let ran = run(seed, rules);
                    if args.trace {
                        print(&format!("seed {seed}\n{}\n", ran.trace.join("\n")));
                    }
                    mine.absorb(&ran.counts);
                    if ran.broken.is_some() {
                        next.store(end, Ordering::Relaxed);
                        let mut first = first.lock().expect("nobody panics with it");
                        *first = Some(first.map_or(seed, |before| before.min(seed)));
                    }
                }
                counts.lock().expect("nobody panics with it").absorb(&mine);
            });
        }
    });
    let first = first.into_inner().expect("nobody panics with it");
    let ran = first.map_or(args.seeds, |seed| seed - args.from + 1);
    let seconds = begun.elapsed().as_secs_f64();
    for (what, count) in &counts.into_inner().expect("nobody panics with it").0 {
        print(&format!("{count:>12}  {what}\n"));
    }
    print(&format!("{ran} seeds in {seconds:.1} s: {:.0} a second\n", ran as f64 / seconds));
    match first {
        Some(seed) => tell(seed, &run(seed, Rules { trace: true, ..rules })),
        None => ExitCode::SUCCESS,
    }
}

fn tell(seed: u64, run: &Run) -> ExitCode {
    print(&format!("\n{}\n", run.trace.join("\n")));
    match &run.broken {
        Some(broken) => print(&format!("\nseed {seed} breaks a promise: {}: {}\n", broken.invariant, broken.how)),
        None => print(&format!("\nseed {seed} broke a promise, and did not break it again: something is not rolled\n")),
    }
    ExitCode::FAILURE
}

/// Whoever reads the output may have stopped reading.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
