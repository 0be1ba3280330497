//! Looking at a case: how it stands, and how it came there.

use serde_json::Value;
use syndic_core::outcome::CaseStep;
use syndic_core::ports::{CaseKey, CaseRecord, Kept, Reads, StoreError};
use syndic_ledger::{Digest, Receipt, Relation};

use crate::act::entry;
use crate::cases::{Case, CaseNet};
use crate::nets::text_of;

/// A case, as it is shown.
#[derive(Clone, Debug)]
pub struct CaseLook {
    /// Its record.
    pub record: CaseRecord,
    /// Which text its net has.
    pub digest: Digest,
    /// Its marking, data, work and deadlines, by their names in the net.
    pub now: Value,
    /// Its steps, the latest last.
    pub history: Vec<CaseHistory>,
    /// Whether there were steps before these.
    pub earlier: bool,
}

/// One step of a case.
#[derive(Clone, Debug)]
pub struct CaseHistory {
    /// Its receipt.
    pub receipt: u64,
    /// When.
    pub time: String,
    /// What made it: a command by its type, by whom and as what; else time, or a service that answered.
    pub by: String,
    /// What it did.
    pub step: CaseStep,
}

/// A case and its last so many steps; none where there is no such case.
///
/// # Errors
/// The store failed.
pub fn look_at_case(front: &dyn Reads, key: &CaseKey, steps: usize) -> Result<Option<CaseLook>, StoreError> {
    let Some(record) = front.case(key)? else { return Ok(None) };
    let unreadable = |why: String| StoreError::Corrupt(format!("the case `{}` does not read: {why}", key.id));
    let digest = Case::digest_of(&record).map_err(unreadable)?;
    let net = CaseNet::admitted(&text_of(front, &digest)?).map_err(unreadable)?;
    let now = Case::read(&net, &record).map_err(unreadable)?.view(&net);
    let (history, earlier) = history(front, record.receipt, steps)?;
    Ok(Some(CaseLook { record, digest: Digest(digest), now, history, earlier }))
}

/// The steps that led to a receipt, each by the one after it.
fn history(front: &dyn Reads, last: u64, steps: usize) -> Result<(Vec<CaseHistory>, bool), StoreError> {
    let mut history = Vec::new();
    let mut next = Some(last);
    while let Some(sequence) = next {
        if history.len() == steps {
            break;
        }
        let entry = entry(front, sequence)?;
        let unreadable = |why| StoreError::Corrupt(format!("receipt {sequence} does not read: {why}"));
        let leaf = Receipt::parse(entry.leaf.as_bytes()).map_err(unreadable)?;
        let before = leaf.parent.as_ref().filter(|parent| parent.relation == Relation::Continues);
        next = before.map(|parent| parent.sequence);
        let by =
            leaf.event.as_ref().map_or_else(|| by_itself(&entry.kept), |event| commanded(&event.r#type, &entry.kept));
        let step = entry.kept.report.case;
        history.extend(step.map(|step| CaseHistory { receipt: sequence, time: leaf.time, by, step }));
    }
    history.reverse();
    Ok((history, next.is_some()))
}

/// A command, who gave it and in which roles, where it says so.
fn commanded(kind: &str, kept: &Kept) -> String {
    let event: Value = serde_json::from_str(&kept.event).unwrap_or_default();
    let Some(who) = event.pointer("/data/by").and_then(Value::as_str) else { return kind.to_owned() };
    let roles = event.pointer("/data/roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
    let as_what = if roles.is_empty() { String::new() } else { format!(" as {}", roles.join(", ")) };
    format!("{kind} by {who}{as_what}")
}

/// What happened, where nobody asked for it.
fn by_itself(kept: &Kept) -> String {
    let happening: Value = serde_json::from_str(&kept.event).unwrap_or_default();
    let task = happening.pointer("/call/task").and_then(Value::as_str).unwrap_or_default();
    let undo = happening.pointer("/call/undo").and_then(Value::as_bool).unwrap_or_default();
    let undo = if undo { "undo/" } else { "" };
    match (happening.get("answer"), happening.get("raised")) {
        (Some(answer), _) if answer.get("silence").is_some() => format!("silence of {undo}{task}"),
        (Some(_), _) => format!("answer to {undo}{task}"),
        (_, Some(_)) => format!("event of {task}"),
        _ => "time".to_owned(),
    }
}
