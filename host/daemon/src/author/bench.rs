//! `governor bench`: what a component costs on the questions of its stories, or of a file of events.
//!
//! A question is one call as the host makes it: a fresh instance, the answer, and the end of the instance. Time is
//! measured on this machine; fuel is the same on every one. Memory is the least limit under which the answer is the
//! same, because that is the number an operator has to allow.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use syndic_cli::args::Bench;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::Event;
use syndic_core::config::SlotConfig;
use syndic_core::ports::{Called, Installed};

use super::component::read;
use super::scene::Scene;
use super::stage::{Call, Stage};
use super::story::{Step, When, read_all};
use super::test::Teller;
use crate::show::Show;

/// A page of WebAssembly's memory: the steps in which memory is measured.
const PAGE_BYTES: u64 = 64 * 1024;

pub(super) fn run(args: &Bench, show: &Show) -> Result<ExitCode, Failure> {
    let mut teller = Teller::new(read(&args.file)?, args.slot.as_deref())?;
    let mut questions: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    let stories = args.stories.clone().or_else(|| beside(&args.file).filter(|_| args.events.is_none()));
    if let Some(stories) = stories {
        for told in read_all(&stories)? {
            let calls = teller.tell(&told)?.into_iter().flat_map(|played| played.calls);
            questions.entry(told.story.story.clone()).or_default().extend(calls);
        }
    }
    if let Some(events) = &args.events {
        let installed = teller.installed()?;
        for (kind, call) in calls_of(events, &teller.stage, &installed)? {
            questions.entry(kind).or_default().push(call);
        }
    }
    questions.retain(|_, calls| !calls.is_empty());
    if questions.is_empty() {
        return Err(Failure::new(FailureKind::Usage, "there is nothing to ask it")
            .because("no story and no event is of a kind that it judges")
            .hint("write a story, or name a file of events with `--events`"));
    }
    let rows: Vec<Row> =
        questions.iter().map(|(name, calls)| measure(&teller.stage, name, calls, args.rounds)).collect();
    report(&rows, args.rounds, show)?;
    Ok(ExitCode::SUCCESS)
}

/// The stories beside a component, as `new` lays them out.
fn beside(file: &Path) -> Option<std::path::PathBuf> {
    let folder = file.parent().unwrap_or(Path::new(""));
    Some(folder.join("stories"))
}

/// The questions that a file of events asks, each on no facts, by kind.
fn calls_of(file: &Path, stage: &Stage, installed: &Installed) -> Result<Vec<(String, Call)>, Failure> {
    let broken = |line: usize, why: String| {
        Failure::new(FailureKind::Usage, format!("line {line} of `{}` is no event", file.display()))
            .because(why)
            .hint("one CloudEvents JSON a line; `syndic play --help` shows one")
    };
    let mut all = Vec::new();
    for (text, line) in String::from_utf8_lossy(&read(file)?).lines().zip(1..) {
        if text.trim().is_empty() {
            continue;
        }
        let event = Event::from_outside(text.as_bytes()).map_err(|error| broken(line, error.to_string()))?;
        let data = serde_json::from_str(event.data_text()).map_err(|why| broken(line, why.to_string()))?;
        let when = When { kind: event.kind.clone(), time: Some(event.time.to_string()), data };
        let step = Step { when, answers: BTreeMap::new(), then: None };
        let mut scene = Scene::empty().map_err(|why| broken(line, why))?;
        let played = stage.play(installed, &mut scene, &step).map_err(|why| broken(line, why))?;
        all.extend(played.calls.into_iter().map(|call| (event.kind.clone(), call)));
    }
    Ok(all)
}

/// What a question costs.
#[derive(Serialize)]
struct Row {
    question: String,
    calls: usize,
    /// Of the dearest call.
    fuel: u64,
    p50_us: f64,
    p99_us: f64,
    /// Of the dearest call; none where it fails.
    memory_bytes: Option<u64>,
    /// How the dearest call ends, where it gives no decision.
    failed: Option<&'static str>,
}

fn measure(stage: &Stage, question: &str, calls: &[Call], rounds: u32) -> Row {
    let mut dearest: Option<(&Call, Called)> = None;
    for call in calls {
        let called = stage.call(call);
        if dearest.as_ref().is_none_or(|(_, before)| called.fuel > before.fuel) {
            dearest = Some((call, called));
        }
    }
    // Every call is made as often; many calls share the rounds.
    let times = usize::try_from(rounds).unwrap_or(usize::MAX).div_ceil(calls.len()).max(1);
    let mut took = Vec::with_capacity(times * calls.len());
    for _ in 0..times {
        for call in calls {
            let began = Instant::now();
            let called = stage.call(call);
            took.push(began.elapsed());
            drop(called);
        }
    }
    took.sort();
    let (memory_bytes, fuel, failed) = match &dearest {
        Some((call, Called { answer: Ok(_), fuel })) => (least_memory(stage, call), *fuel, None),
        Some((_, Called { answer: Err(failure), fuel })) => (None, *fuel, Some(failure.class.name())),
        None => (None, 0, None),
    };
    let (p50_us, p99_us) = (micros(&took, 50), micros(&took, 99));
    Row { question: question.to_owned(), calls: calls.len(), fuel, p50_us, p99_us, memory_bytes, failed }
}

/// The least limit, in pages, under which a call has the same answer.
fn least_memory(stage: &Stage, call: &Call) -> Option<u64> {
    let whole = stage.call(call);
    let same = |pages: u64| {
        let limits = SlotConfig { memory_max_bytes: pages * PAGE_BYTES, ..call.limits.clone() };
        let called = stage.call(&Call { limits, ..call.clone() });
        called.answer == whole.answer
    };
    let (mut too_few, mut enough) = (0, call.limits.memory_max_bytes / PAGE_BYTES);
    if !same(enough) {
        return None;
    }
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if same(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough * PAGE_BYTES)
}

fn micros(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    let micros = sorted.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e6);
    (micros * 10.0).round() / 10.0
}

fn report(rows: &[Row], rounds: u32, show: &Show) -> Result<(), Failure> {
    let limits = SlotConfig::default();
    let value = json!({"rounds": rounds, "fuel_max": limits.fuel_max, "memory_max_bytes": limits.memory_max_bytes, "questions": rows});
    show.result(&value, |_| {
        let cells = rows.iter().map(|row| {
            let memory = match (row.memory_bytes, row.failed) {
                (Some(bytes), _) => format!("{} KiB", bytes / 1024),
                (None, failed) => failed.unwrap_or("-").to_owned(),
            };
            let (fuel, p50, p99) = (row.fuel.to_string(), format!("{:.1}", row.p50_us), format!("{:.1}", row.p99_us));
            vec![plain(&row.question).into_owned(), row.calls.to_string(), fuel, p50, p99, memory]
        });
        let table =
            tables::table(&["question", "calls", "fuel", "p50 µs", "p99 µs", "memory"], &[1, 2, 3, 4, 5], cells);
        format!(
            "{table}\n{rounds} rounds; a slot allows {} fuel and {} KiB a call unless it is told otherwise",
            limits.fuel_max,
            limits.memory_max_bytes / 1024
        )
    })
}
