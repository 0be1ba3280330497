//! The command line of the tool.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "it is a tool of the command line")]

use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use comfy_table::{CellAlignment, Table};
use syndic_crash::{Mode, Plan, Tally, run};

/// Kills a real `syndic play`, or cuts its power, again and again, and says what went missing.
///
/// Exits 1 where anything acknowledged was lost or done twice, a directory did not open, or a run that was disturbed
/// ended otherwise than one that was not; 2 where the tool itself could not work.
#[derive(Parser)]
struct Args {
    /// How many processes to end by `kill -9`
    #[arg(long, value_name = "N", default_value_t = 100)]
    kills: u64,
    /// How many to end by a power cut
    #[arg(long, value_name = "N", default_value_t = 100)]
    cuts: u64,
    /// Decides streams, moments and throws [default: another each time]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How many at a time [default: one for each core]
    #[arg(long, value_name = "J")]
    jobs: Option<usize>,
    /// Lines to play instead of made-up ones
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Only the tale of this mode and number, to its end: `kill/3`, `drop/0`, `half/7`, `torn/1`
    #[arg(long, value_name = "TALE", value_parser = tale)]
    only: Option<(Mode, u64)>,
    /// Cut the power of a disk whose fdatasync does nothing: this has to fail
    #[arg(long)]
    disk_lies: bool,
    /// The binary [default: the one built beside this program]
    #[arg(long, value_name = "FILE", env = "SYNDIC_BIN")]
    binary: Option<PathBuf>,
}

pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        kills: args.kills,
        cuts: args.cuts,
        seed: args.seed.unwrap_or_else(|| RandomState::new().hash_one(0) % 1_000_000_000),
        jobs: args.jobs.unwrap_or(cores),
        events: args.events,
        binary: args.binary,
        cache: None,
        only: args.only,
        disk_lies: args.disk_lies,
    };
    eprintln!("seed {}", plan.seed);
    let progress = Progress::new();
    let tally = match run(&plan, &|tally| progress.tell(tally)) {
        Ok(tally) => tally,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            return ExitCode::from(2);
        }
    };
    progress.end(&tally);
    for found in &tally.found {
        println!("{found}\n");
    }
    println!("{}", table(&tally));
    ExitCode::from(u8::from(!tally.found.is_empty()))
}

fn tale(text: &str) -> Result<(Mode, u64), String> {
    let parts = text.split_once('/').and_then(|(mode, number)| {
        let mode = Mode::ALL.into_iter().find(|known| known.name() == mode)?;
        Some((mode, number.parse().ok()?))
    });
    parts.ok_or_else(|| "a tale is named like `half/7`".into())
}

fn table(tally: &Tally) -> Table {
    let mut rows = tally.rows().into_iter();
    let mut table = Table::new();
    table.set_header(rows.next().unwrap_or_default()).add_rows(rows);
    for numbers in table.column_iter_mut().skip(1) {
        numbers.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A line on stderr now and then: often where a person watches, seldom in a log.
struct Progress {
    began: Instant,
    last: Mutex<Instant>,
    watched: bool,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { began: now, last: Mutex::new(now), watched: std::io::stderr().is_terminal() }
    }

    fn tell(&self, tally: &Tally) {
        let every = Duration::from_secs(if self.watched { 1 } else { 30 });
        if let Ok(mut last) = self.last.lock()
            && last.elapsed() > every
        {
            *last = Instant::now();
            let (begin, end) = if self.watched { ("\r", "") } else { ("", "\n") };
            eprint!("{begin}{}{end}", self.line(tally));
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self, tally: &Tally) {
        eprintln!("{}{}", if self.watched { "\r" } else { "" }, self.line(tally));
    }

    fn line(&self, tally: &Tally) -> String {
        let kills = tally.trials(Mode::Kill);
        let cuts: u64 = Mode::CUTS.into_iter().map(|mode| tally.trials(mode)).sum();
        let seconds = self.began.elapsed().as_secs_f64();
        let (rate, wrong) = ((kills + cuts) as f64 / seconds, tally.found.len());
        format!("{kills} kills, {cuts} cuts in {seconds:.0} s ({rate:.1} a second), {wrong} wrong")
    }
}
