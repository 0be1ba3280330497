//! Looking: what a data directory knows of facts and receipts, and how it stands. Nothing here writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use syndic_api::{FactLine, ReceiptFile, ReceiptLine, Stats, status_name};
use syndic_cli::args::{FactQuestion, FactVerb, ReceiptVerb, There, Watched};
use syndic_cli::plain::plain_lines;
use syndic_cli::{Failure, FailureKind, facts, tables};
use syndic_core::ports::{CaseCounts, CaseStatus, GovernorRuntime as _, Reads, StoreError};
use syndic_core::{Config, State};
use syndic_ledger::ReceiptError;
use syndic_runtime::Runtime;
use syndic_store::{MasterWanted, SledStore};

use crate::embedded::{Component, compiled_cache, components, log_to_nobody};
use crate::remote;
use crate::show::Show;
use crate::trouble;

pub(crate) fn open(data: &Path) -> Result<SledStore, Failure> {
    SledStore::open(data, MasterWanted::Kept).map_err(|error| trouble::store_did_not_open(&error))
}

pub(crate) fn read<T>(result: Result<T, StoreError>) -> Result<T, Failure> {
    result.map_err(|error| trouble::store_failed(&error))
}

pub(crate) fn fact(verb: FactVerb, show: &Show) -> Result<ExitCode, Failure> {
    let FactQuestion { tenant, customer, name, long, place } = verb.question()?;
    let all = match place.there()? {
        There::Data(data) => facts_of(&open(&data)?, &tenant, customer.as_deref())?,
        There::Server(daemon) => remote::facts(&daemon, &tenant, customer.as_deref())?,
    };
    let whose = customer.map_or_else(|| format!("tenant `{tenant}`"), |customer| format!("`{customer}` of `{tenant}`"));
    if all.is_empty() {
        return Err(Failure::new(FailureKind::No, format!("there are no facts of {whose}"))
            .because("no event of theirs has completed here, or the name is written in another way")
            .hint("`syndic event list` shows tenants and events; names are compared byte for byte"));
    }
    let facts = match &name {
        Some(name) => facts::named(all, name),
        None => all,
    };
    if let (true, Some(name)) = (facts.is_empty(), name) {
        return Err(Failure::new(FailureKind::No, format!("no fact of {whose} is called `{name}`, or begins so"))
            .because("there are others")
            .hint("`syndic fact list` shows their names"));
    }
    match (show.json, long) {
        (true, _) => facts.iter().try_for_each(|fact| show.result(fact, |_| String::new()))?,
        (false, true) => show.line(&facts::documents(&facts, show.paint))?,
        (false, false) => show.line(&facts::list(&facts))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn facts_of(store: &SledStore, tenant: &str, customer: Option<&str>) -> Result<Vec<FactLine>, Failure> {
    let facts = read(store.facts(tenant, customer))?;
    Ok(facts.iter().map(|(name, fact)| FactLine::new(name, fact)).collect())
}

pub(crate) fn receipt(verb: ReceiptVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        ReceiptVerb::List { from, limit, place } => match place.there()? {
            There::Data(data) => list_receipts(&open(&data)?, from, limit, show),
            There::Server(daemon) => remote::list_receipts(&daemon, from, limit, show),
        },
        ReceiptVerb::Show { sequence, place } => match place.there()? {
            There::Data(data) => show_receipt(&open(&data)?, sequence, show),
            There::Server(daemon) => remote::show(&daemon, &format!("/v1/receipts/{sequence}"), show),
        },
    }
}

fn list_receipts(store: &SledStore, from: u64, limit: usize, show: &Show) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for (sequence, entry) in read(store.receipts(from.max(1), limit))? {
        if show.json {
            show.line(&entry.leaf)?;
            continue;
        }
        rows.push(ReceiptLine::new(sequence, &entry).map_err(|why| unreadable(sequence, &why))?);
    }
    if !show.json {
        show.line(&tables::receipts(&rows, show.paint))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_receipt(store: &SledStore, sequence: u64, show: &Show) -> Result<ExitCode, Failure> {
    let Some(entry) = read(store.receipt(sequence))? else {
        let size = read(store.head())?.frontier.size();
        return Err(Failure::new(FailureKind::No, format!("there is no receipt {sequence}"))
            .because(format!("the ledger has receipts 1 to {size}"))
            .hint("`syndic receipt list` shows them"));
    };
    let file = ReceiptFile::new(&entry).map_err(|why| unreadable(sequence, &why))?;
    let all = json!(file);
    show.result(&all, |_| pretty(&all))?;
    Ok(ExitCode::SUCCESS)
}

fn unreadable(sequence: u64, why: &ReceiptError) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("receipt {sequence} does not read")).because(why)
}

/// How often a daemon that is watched is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

pub(crate) fn stats(Watched { place, watch }: Watched, show: &Show) -> Result<ExitCode, Failure> {
    let tell = |stats: &Stats| show.result(stats, |_| tables::stats(stats));
    match place.there()? {
        There::Data(data) => {
            let store = open(&data)?;
            let error = store.verify().err().map(|error| error.to_string());
            tell(&read(stats_of(&store, governors()?, error))?)?;
        }
        There::Server(daemon) if watch => loop {
            let stats: Stats = daemon.get("/v1/stats")?.read()?;
            show.clear();
            tell(&stats)?;
            std::thread::sleep(LOOKED_AT_EVERY);
        },
        There::Server(daemon) => tell(&daemon.get("/v1/stats")?.read()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Deferred effects that are counted.
const DEFERRED_MAX: usize = 10_000;

/// How a store stands, with so many healthy governors of so many.
pub(crate) fn stats_of(store: &SledStore, governors: (u64, u64), error: Option<String>) -> Result<Stats, StoreError> {
    let head = store.head()?;
    let waiting = store.raised(0, usize::MAX)?.len() as u64;
    let deferred = store.deferred(0, DEFERRED_MAX)?.len() as u64;
    let lanes = store.lanes()?;
    let cases = store.case_counts()?;
    let in_state = |state: State| if state == State::Idle { lanes } else { 0 };
    Ok(Stats {
        current_state: State::ALL.into_iter().map(|state| (state.name().to_owned(), in_state(state))).collect(),
        governors_healthy: governors.0,
        total_governors: governors.1,
        events_processed: head.tally.events(),
        pending_events: store.unfinished()?.len() as u64 + waiting,
        waiting_events: 0,
        conflicts_detected: head.tally.conflicts,
        error_state: error,
        outcomes: head.tally.outcomes.iter().map(|(outcome, count)| (outcome.name().to_owned(), *count)).collect(),
        effects_waiting: deferred > 0,
        effects_deferred: deferred,
        timers_waiting: store.timers()?,
        timers_due: 0,
        timers_late_ms: 0,
        stuck_events: store.parked()?.len() as u64,
        undelivered_effects: store.dead_letters(0, usize::MAX)?.len() as u64,
        quarantined: store.poisons()?.iter().filter(|(_, poison)| poison.is_quarantined()).count() as u64,
        cases: by_status(&cases),
        work_items: cases.work,
        receipts: head.frontier.size(),
        root_hash: head.frontier.root().to_string(),
    })
}

/// Counts of cases under the names of their statuses. Every status is told, and so its absence never is.
fn by_status(counts: &CaseCounts) -> BTreeMap<String, u64> {
    let CaseCounts { running, suspended, stopped, completed, cancelled, work: _ } = *counts;
    let all = [
        (CaseStatus::Running, running),
        (CaseStatus::Suspended, suspended),
        (CaseStatus::Stopped, stopped),
        (CaseStatus::Completed, completed),
        (CaseStatus::Cancelled, cancelled),
    ];
    all.into_iter().map(|(status, count)| (status_name(status).to_owned(), count)).collect()
}

/// How many of the bundled governors load and describe themselves on this machine, and how many there are.
fn governors() -> Result<(u64, u64), Failure> {
    let components = components(&[])?;
    let runtime = Runtime::with_cache(log_to_nobody(), compiled_cache())
        .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
    let config = Config::of_play();
    let loads =
        |component: &&Component| runtime.load(&component.slot, &component.bytes, &config.slot(&component.slot)).is_ok();
    Ok((components.iter().filter(loads).count() as u64, components.len() as u64))
}

pub(crate) fn pretty(value: &Value) -> String {
    plain_lines(&serde_json::to_string_pretty(value).unwrap_or_default()).into_owned()
}
