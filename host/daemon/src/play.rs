//! `play`: a stream of events through an embedded host.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use syndic_api::{OutcomeLine, Prelude, Summary, SummaryLine};
use syndic_cli::args::Play;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::ports::Reads;
use syndic_core::{Config, Report, Time};
use syndic_engine::{Consequence, Denied, Install, Order, Played, Player, StreamRules, Trigger};

use crate::embedded::{Embedded, calendars, components, log_to_stderr, seed_of, slots};
use crate::lines::{Line, next_line, too_long};
use crate::nets;
use crate::show::Show;
use crate::slots::{not_swapped, swaps_of};
use crate::trouble;

pub(crate) fn run(args: &Play, show: &Show) -> Result<ExitCode, Failure> {
    let until = args.until.as_deref().map(Time::parse).transpose().map_err(|why| {
        Failure::new(FailureKind::Usage, "`--until` is not a time")
            .because(why)
            .hint("write it like 2026-02-01T00:00:00Z")
    })?;
    let (mut input, bytes) = open(&args.file)?;
    let components = components(&args.governor)?;
    let config = Config::of_play().with_wasi(&slots(&args.wasi)?);
    let (seed, calendars) = (seed_of(&args.data, args.seed), calendars(args.config.as_deref(), show)?);
    let embedded = Embedded::open_counting(&args.data, seed, config, &components, log_to_stderr(), calendars)?;
    for net in &args.net {
        if !nets::load_before_play(&embedded, net, show)? {
            return Ok(ExitCode::from(FailureKind::No.code()));
        }
    }
    let rules = StreamRules { jump: args.jump };
    let mut run = Run::new(&embedded, rules, show, progress(bytes))?.swapping(swaps_of(&args.swap_at)?);
    run.recover()?;
    run.lines(&mut input)?;
    if let Some(until) = until {
        run.until(until)?;
    }
    let summary = run.finish()?;
    let all_completed = summary.completed == summary.events;
    Ok(if args.strict && !all_completed { ExitCode::from(FailureKind::No.code()) } else { ExitCode::SUCCESS })
}

/// Bytes read at a time. Of a stream that is still being written, what was read is played before more is waited for.
const CHUNK_BYTES: usize = 256 * 1024;

/// What lines are read from.
pub(crate) type Input = BufReader<Box<dyn Read>>;

pub(crate) fn input(from: impl Read + 'static) -> Input {
    BufReader::with_capacity(CHUNK_BYTES, Box::new(from))
}

fn open(file: &Path) -> Result<(Input, Option<u64>), Failure> {
    if file == Path::new("-") {
        return Ok((input(io::stdin()), None));
    }
    let unreadable = |why: io::Error| {
        Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
            .because(why)
            .hint("name a file with one event per line, or `-` for stdin")
    };
    let opened = File::open(file).map_err(unreadable)?;
    let about = opened.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(Failure::new(FailureKind::Usage, format!("`{}` is a directory", file.display()))
            .because("events are read from a file")
            .hint("name a file with one event per line, or `-` for stdin"));
    }
    Ok((input(opened), Some(about.len())))
}

/// A bar on stderr, where a person watches and the length is known. It shows itself after a moment only.
fn progress(bytes: Option<u64>) -> ProgressBar {
    let Some(bytes) = bytes.filter(|_| io::stderr().is_terminal() && !io::stdout().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// A run over a stream: counts, prints, and keeps the first thing that went wrong with printing.
pub(crate) struct Run<'a> {
    embedded: &'a Embedded,
    player: Player,
    teller: Teller<'a>,
    bar: ProgressBar,
    began: Instant,
    /// What is installed before which line.
    swaps: VecDeque<(u64, Install)>,
}

/// Tells what was played, and counts it.
pub(crate) struct Teller<'a> {
    show: &'a Show,
    pub(crate) summary: Summary,
    trouble: Option<Failure>,
    quiet: bool,
    /// Is shown every report as it comes.
    watch: Box<dyn FnMut(&Played) + 'a>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        embedded: &'a Embedded,
        rules: StreamRules,
        show: &'a Show,
        bar: ProgressBar,
    ) -> Result<Self, Failure> {
        let teller = Teller { show, summary: Summary::default(), trouble: None, quiet: false, watch: Box::new(|_| {}) };
        // One thread judges; the others look ahead, but for the store's own, which has its share of work too.
        let threads = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
        let player = Player::new(&embedded.host, &embedded.clock, rules, threads);
        let player = player.map_err(|halt| trouble::halted(&halt))?;
        Ok(Self { embedded, player, teller, bar, began: Instant::now(), swaps: VecDeque::new() })
    }

    /// Installs these, each before its line.
    pub(crate) fn swapping(mut self, swaps: Vec<(u64, Install)>) -> Self {
        self.swaps = swaps.into();
        self
    }

    /// Installs what is to be installed before a line. Every line before is played and durable by then.
    fn swap(&mut self, line: u64) -> Result<(), Failure> {
        while let Some((_, mut install)) = self.swaps.pop_front_if(|(at, _)| *at <= line) {
            self.settle()?;
            install.cause.at = self.embedded.clock.reached().unwrap_or_default();
            let slot = install.slot.clone();
            let swapped = self.embedded.host.install(install).map_err(|halt| trouble::halted(&halt))?;
            let swapped = swapped.map_err(|no| not_swapped(&no))?;
            if !self.teller.quiet {
                let told = json!({"line": line, "slot": slot, "swapped": {
                    "receipt": swapped.report.receipt, "duplicate": swapped.report.duplicate, "active": swapped.active,
                    "trial": swapped.trial, "warm": swapped.warm,
                }});
                self.teller.show.result(&told, |_| format!("line {line}: `{slot}` has version {}", swapped.active))?;
            }
        }
        Ok(())
    }

    /// Prints no line, and lets `watch` see each instead.
    pub(crate) fn watched_by(mut self, watch: impl FnMut(&Played) + 'a) -> Self {
        self.teller.quiet = true;
        self.teller.watch = Box::new(watch);
        self
    }

    pub(crate) fn recover(&mut self) -> Result<(), Failure> {
        let teller = &mut self.teller;
        self.player.recover(&mut |played| teller.tell(played)).map_err(|halt| trouble::halted(&halt))?;
        self.teller.check()
    }

    pub(crate) fn lines(&mut self, input: &mut Input) -> Result<(), Failure> {
        let mut buffer = Vec::new();
        for number in 1.. {
            // Whoever writes the stream may wait for an answer before writing more.
            if memchr::memchr(b'\n', input.buffer()).is_none() {
                self.settle()?;
            }
            let read = next_line(input, &mut buffer).map_err(|why| {
                Failure::new(FailureKind::Usage, "the stream broke off")
                    .hint("what came before it is done; play the whole stream again")
                    .because(why)
            })?;
            self.bar.inc(buffer.len() as u64 + 1);
            let line = match read {
                Line::End => break,
                Line::Read if buffer.iter().all(u8::is_ascii_whitespace) => continue,
                Line::Read => Ok(std::mem::take(&mut buffer)),
                Line::TooLong => Err(too_long()),
            };
            self.swap(number)?;
            let teller = &mut self.teller;
            let played = self.player.line(number, line, &mut |played| teller.tell(played));
            played.map_err(|halt| trouble::halted(&halt))?;
            self.teller.check()?;
            if number % 64 == 0 {
                self.bar.set_message(format!("{} events", self.teller.summary.events));
            }
        }
        self.cases_go_on()
    }

    /// Lets every case go as far as it comes without another line.
    fn cases_go_on(&mut self) -> Result<(), Failure> {
        let teller = &mut self.teller;
        self.player.let_cases_go_on(&mut |played| teller.tell(played)).map_err(|halt| trouble::halted(&halt))?;
        self.teller.check()
    }

    /// What was counted so far.
    pub(crate) fn counted(&self) -> &Summary {
        &self.teller.summary
    }

    /// Carries out an order, and prints what it came to and what follows from it.
    pub(crate) fn order(&mut self, order: Order) -> Result<Result<(), Denied>, Failure> {
        let act = Some(order.act.verb.name().to_owned());
        let teller = &mut self.teller;
        let ordered = self.player.order(order, &mut |played| match played {
            Played::Ordered(report) => {
                teller.print_or_keep(Prelude { act: act.clone(), ..Prelude::default() }, &report)
            }
            played => teller.tell(played),
        });
        let ordered = ordered.map_err(|halt| trouble::halted(&halt))?;
        self.teller.check()?;
        Ok(ordered)
    }

    /// Returns when every line so far is played and told.
    fn settle(&mut self) -> Result<(), Failure> {
        let teller = &mut self.teller;
        self.player.settle(&mut |played| teller.tell(played)).map_err(|halt| trouble::halted(&halt))?;
        self.teller.check()
    }

    pub(crate) fn until(&mut self, until: Time) -> Result<(), Failure> {
        let teller = &mut self.teller;
        self.player.run_on(until, &mut |played| teller.tell(played)).map_err(|halt| trouble::halted(&halt))?;
        self.teller.check()
    }

    /// Adds the ledger to the counts and prints the summary.
    pub(crate) fn finish(self) -> Result<Summary, Failure> {
        self.bar.finish_and_clear();
        let head = self.embedded.store.head().map_err(|error| trouble::store_failed(&error))?;
        let elapsed = self.began.elapsed();
        let Teller { show, mut summary, quiet, .. } = self.teller;
        summary.receipts = head.frontier.size();
        summary.root_hash = head.frontier.root().to_string();
        summary.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        summary.events_per_second = per_second(summary.events + summary.raised + summary.timers, elapsed);
        if !quiet {
            show.result(&SummaryLine { summary: summary.clone() }, |paint| tables::summary(&summary, paint))?;
        }
        Ok(summary)
    }
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

impl Teller<'_> {
    fn tell(&mut self, played: Played) {
        (self.watch)(&played);
        let told = match &played {
            Played::Line(number, report) => {
                self.summary.count(report.outcome, report.duplicate);
                self.print(Prelude { line: Some(*number), ..Prelude::default() }, report)
            }
            Played::Ordered(report) => self.print(Prelude::default(), report),
            Played::Recovered(report) => self.print(Prelude { recovered: true, ..Prelude::default() }, report),
            Played::Consequence(consequence) => {
                match consequence.trigger {
                    Trigger::Raised { .. } => self.summary.raised += 1,
                    Trigger::Timer { .. } => self.summary.timers += 1,
                    Trigger::Undone => {}
                    Trigger::Case => self.summary.case_steps += 1,
                }
                self.print(prelude_of(consequence), &consequence.report)
            }
        };
        self.keep(told);
    }

    fn print_or_keep(&mut self, prelude: Prelude, report: &Report) {
        let told = self.print(prelude, report);
        self.keep(told);
    }

    /// Keeps the first thing that went wrong with printing.
    fn keep(&mut self, told: Result<(), Failure>) {
        if let Err(failure) = told {
            self.trouble.get_or_insert(failure);
        }
    }

    fn print(&self, prelude: Prelude, report: &Report) -> Result<(), Failure> {
        if self.quiet {
            return Ok(());
        }
        let line = OutcomeLine::new(prelude, report);
        self.show.result(&line, |paint| tables::outcome_line(&line, paint))
    }

    fn check(&mut self) -> Result<(), Failure> {
        self.trouble.take().map_or(Ok(()), Err)
    }
}

fn prelude_of(consequence: &Consequence) -> Prelude {
    let (timer, raised_by, act) = match &consequence.trigger {
        Trigger::Raised { by } => (None, Some(by.to_string()), None),
        Trigger::Timer { slot, name } => (Some(format!("{slot}/{name}")), None, None),
        Trigger::Undone => (None, None, Some("undo".to_owned())),
        Trigger::Case => (None, None, None),
    };
    Prelude {
        timer,
        raised_by,
        act,
        kind: Some(consequence.kind.clone()),
        subject: Some(consequence.subject.clone()),
        ..Prelude::default()
    }
}
