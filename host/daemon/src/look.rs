//! Looking: what a data directory knows of facts and receipts, and how it stands. Nothing here writes.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use syndic_api::{FactLine, OutcomeLine, Prelude, Stats};
use syndic_cli::args::{FactQuestion, FactVerb, ReceiptVerb};
use syndic_cli::plain::{plain, plain_lines};
use syndic_cli::{Failure, FailureKind, facts, tables};
use syndic_core::ports::{Entry, GovernorRuntime as _, Reads, StoreError};
use syndic_core::{Config, State};
use syndic_ledger::Receipt;
use syndic_runtime::Runtime;
use syndic_store::{MasterWanted, SledStore};

use crate::embedded::{Component, compiled_cache, components, log_to_nobody};
use crate::show::Show;
use crate::trouble;

pub(crate) fn open(data: &Path) -> Result<SledStore, Failure> {
    SledStore::open(data, MasterWanted::Kept).map_err(|error| trouble::store_did_not_open(&error))
}

pub(crate) fn read<T>(result: Result<T, StoreError>) -> Result<T, Failure> {
    result.map_err(|error| trouble::store_failed(&error))
}

pub(crate) fn fact(verb: FactVerb, show: &Show) -> Result<ExitCode, Failure> {
    let FactQuestion { tenant, customer, name, long, data } = verb.question()?;
    let store = open(&data)?;
    let all = read(store.facts(&tenant, customer.as_deref()))?;
    let all: Vec<FactLine> = all.iter().map(|(name, fact)| FactLine::new(name, fact)).collect();
    let whose = customer.map_or_else(|| format!("tenant `{tenant}`"), |customer| format!("`{customer}` of `{tenant}`"));
    if all.is_empty() {
        return Err(Failure::new(FailureKind::No, format!("there are no facts of {whose}")));
    }
    let facts = match &name {
        Some(name) => facts::named(all, name),
        None => all,
    };
    if let (true, Some(name)) = (facts.is_empty(), name) {
        return Err(Failure::new(FailureKind::No, format!("no fact of {whose} is called `{name}`, or begins so"))
            .hint("`syndic fact list` shows their names"));
    }
    match (show.json, long) {
        (true, _) => facts.iter().try_for_each(|fact| show.result(fact, |_| String::new()))?,
        (false, true) => show.line(&facts::documents(&facts, show.paint))?,
        (false, false) => show.line(&facts::list(&facts))?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn receipt(verb: ReceiptVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        ReceiptVerb::List { from, limit, data } => list_receipts(&open(&data.data)?, from, limit, show),
        ReceiptVerb::Show { sequence, data } => show_receipt(&open(&data.data)?, sequence, show),
    }
}

fn list_receipts(store: &SledStore, from: u64, limit: usize, show: &Show) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    for (sequence, entry) in read(store.receipts(from.max(1), limit))? {
        let leaf = leaf_of(sequence, &entry)?;
        if show.json {
            show.line(&entry.leaf)?;
            continue;
        }
        let (kind, id) = leaf.event.map_or_else(Default::default, |event| (event.r#type, event.id));
        let kind = kind.strip_prefix("marketplace.").unwrap_or(&kind);
        let outcome = entry.kept.report.outcome.name();
        rows.push(vec![
            sequence.to_string(),
            leaf.time,
            plain(&leaf.tenant.unwrap_or_default()).into_owned(),
            plain(kind).into_owned(),
            plain(&id).into_owned(),
            show.paint.outcome(outcome, outcome),
        ]);
    }
    if !show.json {
        show.line(&tables::table(&["receipt", "time", "tenant", "event", "id", "outcome"], &[0], rows).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_receipt(store: &SledStore, sequence: u64, show: &Show) -> Result<ExitCode, Failure> {
    let Some(entry) = read(store.receipt(sequence))? else {
        let size = read(store.head())?.frontier.size();
        return Err(Failure::new(FailureKind::No, format!("there is no receipt {sequence}"))
            .because(format!("the ledger has receipts 1 to {size}")));
    };
    let receipt = leaf_of(sequence, &entry)?;
    let leaf: Value = serde_json::from_str(&entry.leaf).unwrap_or(Value::Null);
    let outcome = OutcomeLine::new(Prelude::default(), &entry.kept.report);
    let mut all = json!({"leaf": leaf, "leaf_hash": receipt.leaf_hash(), "outcome": outcome});
    if let Some(again) = &entry.kept.again {
        let act = &again.act;
        all["act"] = json!({"verb": act.verb.name(), "by": act.by, "reason": act.reason, "after": again.first});
    }
    show.result(&all, |_| pretty(&all))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn leaf_of(sequence: u64, entry: &Entry) -> Result<Receipt, Failure> {
    Receipt::parse(entry.leaf.as_bytes())
        .map_err(|why| Failure::new(FailureKind::Corrupt, format!("receipt {sequence} does not read")).because(why))
}

pub(crate) fn stats(data: &Path, show: &Show) -> Result<ExitCode, Failure> {
    let store = open(data)?;
    let verified = store.verify();
    let head = read(store.head())?;
    let waiting = read(store.raised(0, usize::MAX))?.len() as u64;
    let (governors_healthy, total_governors) = governors()?;
    let stats = Stats {
        current_state: [(State::Idle.name().to_owned(), read(store.lanes())?)].into(),
        governors_healthy,
        total_governors,
        events_processed: head.tally.outcomes.values().sum(),
        pending_events: read(store.unfinished())?.len() as u64 + waiting,
        conflicts_detected: head.tally.conflicts,
        error_state: verified.err().map(|error| error.to_string()),
        outcomes: head.tally.outcomes.iter().map(|(outcome, count)| (outcome.name().to_owned(), *count)).collect(),
        effects_waiting: !read(store.deferred(0, 1))?.is_empty(),
        timers_waiting: read(store.timers())?,
        stuck_events: read(store.parked())?.len() as u64,
        undelivered_effects: read(store.dead_letters(0, usize::MAX))?.len() as u64,
        quarantined: read(store.poisons())?.iter().filter(|(_, poison)| poison.is_quarantined()).count() as u64,
        receipts: head.frontier.size(),
        root_hash: head.frontier.root().to_string(),
    };
    show.result(&stats, |_| tables::stats(&stats))?;
    Ok(ExitCode::SUCCESS)
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
