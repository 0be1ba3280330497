//! `replay` and `governor backtest`: what a data directory says was decided, decided again. Nothing here writes.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use syndic_api::{
    BacktestLine, DecidedLine, DifferenceLine, FirstLine, ReplayLine, ReplaySummary, ReplayedLine, VersionLine,
};
use syndic_cli::args::{Backtest, Replay, There};
use syndic_cli::{Failure, FailureKind, replayed};
use syndic_core::ports::{GovernorRuntime, Reads, StoreError};
use syndic_core::{Config, Slot};
use syndic_engine::replay::{Call, First, Found, Gates, Part, Past, Replayed, Summary, said};
use syndic_ledger::Digest;
use syndic_runtime::Runtime;
use syndic_store::SledStore;

use crate::author::component;
use crate::embedded::{compiled_cache, log_to_nobody};
use crate::look::{self, read};
use crate::show::Show;
use crate::trouble;

/// A data directory whose ledger was verified, and what judges again.
struct Opened {
    store: Arc<SledStore>,
    runtime: Runtime,
}

impl Opened {
    /// What is replayed is proved to be what the ledger commits to, so the ledger is looked at first.
    fn new(data: &Path) -> Result<Self, Failure> {
        let store = look::open(data)?;
        read(store.verify())?;
        let runtime = Runtime::with_cache(log_to_nobody(), compiled_cache())
            .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
        Ok(Self { store: Arc::new(store), runtime })
    }

    /// Lends the past, with the time that is spent on it.
    fn with<T>(&self, judge: impl FnOnce(&Past<'_>, Instant) -> T) -> T {
        let began = Instant::now();
        let stopwatch = move || u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let threads = available_parallelism().map_or(1, usize::from);
        let reads = Arc::clone(&self.store) as Arc<dyn Reads>;
        judge(&Past::new(reads, &self.runtime, self.store.master(), &stopwatch, threads), began)
    }
}

/// Why a walk ended before its end.
enum Ended {
    Store(StoreError),
    Failed(Failure),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Store(error) => trouble::store_failed(&error),
            Ended::Failed(failure) => failure,
        }
    }
}

pub(crate) fn replay(args: &Replay, show: &Show) -> Result<ExitCode, Failure> {
    let data = match args.place.clone().there()? {
        There::Data(data) => data,
        There::Server(_) => {
            return Err(Failure::new(FailureKind::Usage, "a daemon does not judge the past again")
                .because("it would stand in the way of the events of now")
                .hint("`syndic backup DIR` takes what it has while it runs; then `syndic replay … --data DIR`"));
        }
    };
    let opened = Opened::new(&data)?;
    let equal = opened.with(|past, began| match args.sequence {
        Some(sequence) => replay_one(past, sequence, show),
        None => replay_range(past, (args.from, args.to), began, show),
    })?;
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::No.code()) })
}

fn replay_one(past: &Past<'_>, sequence: u64, show: &Show) -> Result<bool, Failure> {
    let Some(found) = read(past.replay(sequence))? else {
        return Err(no_such_receipt(sequence, read(past.size())?));
    };
    let line = line_of(&found);
    show.result(&line, |paint| replayed::replayed(&line, paint))?;
    Ok(line.equal)
}

fn replay_range(
    past: &Past<'_>,
    (from, to): (Option<u64>, Option<u64>),
    began: Instant,
    show: &Show,
) -> Result<bool, Failure> {
    let size = read(past.size())?;
    let (from, to) = (from.unwrap_or(1), to.unwrap_or(size));
    if let Some(outside) = [from, to].into_iter().find(|sequence| !(1..=size).contains(sequence) && size > 0) {
        return Err(no_such_receipt(outside, size));
    }
    let mut summary = ReplaySummary::default();
    past.replay_all(from..=to, |found| {
        let line = line_of(&found);
        summary.count(&line);
        match (show.json, line.equal) {
            (true, _) => show.result(&line, |_| String::new()),
            (false, false) => show.line(&replayed::different(&line)),
            (false, true) => Ok(()),
        }
        .map_err(Ended::Failed)
    })?;
    (summary.elapsed_ms, summary.decisions_per_second) = rate(summary.decisions, began.elapsed());
    if show.json {
        show.result(&serde_json::json!({ "summary": summary }), |_| String::new())?;
    } else {
        show.line(&replayed::replay_summary(&summary, show.paint))?;
    }
    Ok(summary.different == 0)
}

fn no_such_receipt(sequence: u64, size: u64) -> Failure {
    Failure::new(FailureKind::Usage, format!("there is no receipt {sequence}"))
        .because(format!("the ledger has receipts 1 to {size}"))
}

/// Milliseconds, and how many a second.
fn rate(count: u64, elapsed: Duration) -> (u64, u64) {
    let per_second = count as f64 / elapsed.as_secs_f64().max(1e-9);
    (u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), per_second as u64)
}

fn line_of(found: &Replayed) -> ReplayLine {
    let (id, kind) = found.event.clone().unzip();
    let decisions = found.parts.iter().map(part_of).collect();
    ReplayLine { receipt: found.sequence, id, kind, equal: found.difference().is_none(), decisions }
}

fn part_of(part: &Part) -> ReplayedLine {
    let (result, difference) = match &part.found {
        Found::Equal => ("equal", None),
        Found::EqualFuel => ("equal-fuel", None),
        Found::NotAsked => ("not-asked", None),
        Found::Stopped => ("stopped-by-the-clock", None),
        Found::Different(difference) => ("different", Some(difference)),
    };
    let difference = difference.map(|difference| DifferenceLine {
        call: Call::name(difference.call),
        kind: difference.what.kind(),
        message: difference.what.to_string(),
    });
    ReplayedLine {
        slot: part.slot.to_string(),
        version: part.version.clone(),
        digest: Digest(part.digest).to_string(),
        said: part.said.clone(),
        fuel: part.fuel,
        result,
        difference,
    }
}

pub(crate) fn backtest(args: &Backtest, show: &Show) -> Result<ExitCode, Failure> {
    let bytes = component::read(&args.file)?;
    let slot: Slot = component::slot(&args.slot)?;
    let opened = Opened::new(&args.data.data)?;
    let wasi = if args.wasi { std::slice::from_ref(&slot) } else { &[] };
    let limits = Config::of_play().with_wasi(wasi).slot(&slot);
    let candidate = opened.runtime.load(&slot, &bytes, &limits).map_err(|error| trouble::not_installed(&error))?;
    let gates = Gates {
        different_max: args.max_different,
        different_max_percent: args.max_different_percent,
        fuel_ratio_max: args.max_fuel_ratio,
    };
    let (summary, elapsed) = opened.with(|past, began| (past.backtest(&candidate, args.last), began.elapsed()));
    let summary = read(summary)?;
    let held_back = gates.check(&summary).err();
    let line = summary_of(&summary, held_back.clone(), elapsed);
    show.result(&line, |paint| replayed::backtest(&line, paint))?;
    match held_back {
        None => Ok(ExitCode::SUCCESS),
        Some(why) => Err(Failure::new(FailureKind::No, "the candidate is held back").because(why)),
    }
}

fn summary_of(summary: &Summary, held_back: Option<String>, elapsed: Duration) -> BacktestLine {
    let (elapsed_ms, decisions_per_second) = rate(summary.decisions, elapsed);
    let first = summary.not_comparable_first.as_ref();
    BacktestLine {
        slot: summary.slot.to_string(),
        candidate: VersionLine { version: summary.version.clone(), digest: Digest(summary.digest).to_string() },
        receipts: summary.receipts.into(),
        decisions: summary.decisions,
        same: summary.same,
        different: summary.different(),
        changes: summary.changes.iter().map(|(change, count)| (change.name(), *count)).collect(),
        not_comparable: summary.not_comparable.values().sum(),
        not_comparable_by: summary.not_comparable.clone(),
        not_comparable_first: first.map(|(receipt, what)| format!("receipt {receipt}: {what}")),
        fuel_ratio: summary.fuel.map(|ratio| ratio.median),
        time_ratio: summary.time.map(|ratio| ratio.median),
        timed: summary.time.map_or(0, |ratio| ratio.of),
        firsts: summary.firsts.iter().map(first_of).collect(),
        passed: held_back.is_none(),
        held_back,
        elapsed_ms,
        decisions_per_second,
    }
}

fn first_of(first: &First) -> FirstLine {
    let recorded = first.then.said.as_ref();
    FirstLine {
        change: first.change.name(),
        receipt: first.sequence,
        id: first.id.clone(),
        kind: first.kind.clone(),
        tenant: first.tenant.clone(),
        subject: first.subject.clone(),
        version: first.then.version.clone(),
        said: [first.then.words.clone(), said(&first.now)],
        not_shown: recorded.err().map(ToString::to_string),
        unanswered: first.unanswered.clone(),
        differences: recorded.map_or_else(|_| Vec::new(), |then| DecidedLine::between(then, &first.now)),
    }
}
