//! Cases and work items, shown: to a person as tables, to a program line by line.

use std::process::ExitCode;

use serde_json::Value;
use syndic_api::{CaseFile, CaseHistoryLine, CaseLine, WorkLine};
use syndic_cli::paint::Paint;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::ports::{CaseKey, Reads, StoreError, WorkKey};
use syndic_engine::{CaseHistory, CaseLook, look_at_case};

use crate::events::rows;
use crate::look::read;
use crate::show::Show;

/// Steps of a case that are shown.
const STEPS: usize = 100;

/// Parts of a case that say what it waits for, and where it is.
const AWAITED: [&str; 4] = ["works", "items", "debts", "marking"];

/// Parts that a person is told above, or that are the engine's own. Programs are told all of them.
const INNER: [&str; 9] = ["stop", "status", "due", "at", "net", "attempts", "filled", "form", "rounds"];

/// Rows read at a time.
const AT_ONCE: usize = 512;

/// Everything there is to say of a case; none where there is none.
pub(crate) fn case_file(store: &dyn Reads, key: &CaseKey) -> Result<Option<CaseFile>, StoreError> {
    Ok(look_at_case(store, key, STEPS)?.map(|look| {
        let CaseLook { record, digest, now, history, earlier } = look;
        let history = history.into_iter().map(step).collect();
        CaseFile { line: CaseLine::new(key, &record), digest: digest.to_string(), now, history, earlier }
    }))
}

fn step(CaseHistory { receipt, time, by, step }: CaseHistory) -> CaseHistoryLine {
    let status = syndic_api::status_name(step.status).to_owned();
    CaseHistoryLine { receipt, time, by, fired: step.fired, status, told: step.told }
}

/// The first cases after one that are wanted.
pub(super) fn case_lines(
    store: &dyn Reads,
    tenant: Option<&str>,
    after: Option<CaseKey>,
    limit: usize,
    wanted: impl Fn(&CaseLine) -> bool,
) -> Result<Vec<CaseLine>, StoreError> {
    let (mut lines, mut after) = (Vec::new(), after);
    while lines.len() < limit {
        let page = store.cases(tenant, after.as_ref(), AT_ONCE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        lines.extend(page.iter().map(|(key, record)| CaseLine::new(key, record)).filter(&wanted));
    }
    lines.truncate(limit);
    Ok(lines)
}

/// The first open work items after one that are wanted.
pub(super) fn work_lines(
    store: &dyn Reads,
    tenant: Option<&str>,
    after: Option<WorkKey>,
    limit: usize,
    wanted: impl Fn(&WorkLine) -> bool,
) -> Result<Vec<WorkLine>, StoreError> {
    let (mut lines, mut after) = (Vec::new(), after);
    while lines.len() < limit {
        let page = store.works(tenant, after.as_ref(), AT_ONCE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        lines.extend(page.iter().map(|(key, row)| WorkLine::new(key, row)).filter(&wanted));
    }
    lines.truncate(limit);
    Ok(lines)
}

/// The one case of an id that is meant.
pub(super) fn the_case(store: &dyn Reads, id: &str, tenant: Option<&str>) -> Result<CaseKey, Failure> {
    if let Some(tenant) = tenant {
        return Ok(CaseKey { tenant: tenant.to_owned(), id: id.to_owned() });
    }
    let mut keys = read(case_lines(store, None, None, usize::MAX, |line| line.case == id))?;
    match keys.len() {
        0 => Err(no_such_case(id)),
        1 => Ok(CaseKey { tenant: keys.remove(0).tenant, id: id.to_owned() }),
        _ => {
            let tenants: Vec<String> = keys.into_iter().map(|line| line.tenant).collect();
            Err(Failure::new(FailureKind::Usage, format!("several tenants have a case `{id}`"))
                .because(tenants.join(", "))
                .hint("name the one that is meant with `--tenant`"))
        }
    }
}

pub(super) fn no_such_case(id: &str) -> Failure {
    Failure::new(FailureKind::No, format!("there is no case `{id}`"))
        .because("no case of that id was ever launched here")
        .hint("`syndic case list` shows those that were")
}

pub(super) fn cases(lines: &[CaseLine], none: &str, show: &Show) -> Result<ExitCode, Failure> {
    let headings = ["case", "tenant", "net", "status", "due", "receipt"];
    rows(show, lines, none, &headings, |line| {
        let due = line.due.clone().unwrap_or_else(|| "-".into());
        vec![
            clean(&line.case),
            clean(&line.tenant),
            clean(&line.net),
            line.status.clone(),
            due,
            line.receipt.to_string(),
        ]
    })
}

pub(super) fn works(lines: &[WorkLine], show: &Show) -> Result<ExitCode, Failure> {
    let headings = ["item", "tenant", "state", "roles", "holder", "priority", "late"];
    rows(show, lines, "no such work item is open", &headings, |line| {
        let holder = line.holder.as_deref().map_or_else(|| "-".into(), clean);
        let late = line.late.clone().unwrap_or_else(|| "-".into());
        let roles = clean(&line.roles.join(", "));
        vec![clean(&line.work), clean(&line.tenant), line.state.clone(), roles, holder, line.priority.to_string(), late]
    })
}

/// A case, for a person: how it stands, part by part, and then what has happened.
pub(super) fn case(file: &CaseFile, paint: Paint) -> String {
    let CaseLine { case, tenant, net, status, due, .. } = &file.line;
    let mut text = paint.bold(&format!("{} of {} on {}: {status}", plain(case), plain(tenant), plain(net)));
    if let Some(stop) = file.now["stop"].as_object() {
        for (said, member) in [("it is stopped", "why"), ("what now", "what_now")] {
            let why = stop.get(member).and_then(Value::as_str).unwrap_or("nobody said");
            text.push_str(&format!("\n{said}: {}", plain(why)));
        }
    }
    if let Some(due) = due {
        text.push_str(&format!("\nsomething happens by itself at {due}"));
    }
    for (name, part) in by_urgency(&file.now) {
        text.push_str(&format!("\n\n{}{}", paint.bold(name), part_of(part)));
    }
    if file.earlier {
        text.push_str("\n\nthere were steps before these");
    }
    let row = |line: &CaseHistoryLine| {
        let did: Vec<&str> = line.fired.iter().chain(&line.told).map(String::as_str).collect();
        vec![line.receipt.to_string(), line.time.clone(), clean(&line.by), clean(&did.join("; ")), line.status.clone()]
    };
    let history = tables::table(&["receipt", "time", "by", "what", "then"], &[0], file.history.iter().map(row));
    text.push_str(&format!("\n\n{history}"));
    text
}

/// The parts of a case that say something to people, where there is something in them: what it waits for, where it is,
/// and then the rest.
fn by_urgency(now: &Value) -> Vec<(&String, &Value)> {
    let parts = now.as_object().into_iter().flatten();
    let mut parts: Vec<_> = parts.filter(|(name, part)| !INNER.contains(&name.as_str()) && !is_empty(part)).collect();
    parts.sort_by_key(|(name, _)| AWAITED.iter().position(|awaited| name == awaited).unwrap_or(AWAITED.len()));
    parts
}

fn is_empty(part: &Value) -> bool {
    match part {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A part of a case: each member on a line of its own.
fn part_of(part: &Value) -> String {
    let line = |text: String| format!("\n  {}", plain(&text));
    match part {
        Value::Object(members) => {
            members.iter().map(|(name, value)| line(format!("{name}: {}", word(value)))).collect()
        }
        Value::Array(items) => items.iter().map(|item| line(word(item))).collect(),
        other => format!(": {}", plain(&word(other))),
    }
}

/// A value in a line: an object's members one after another.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} {}", word(value))).collect();
            members.join(", ")
        }
        Value::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn clean(text: &str) -> String {
    plain(text).into_owned()
}
