//! Looking at a case: how it stands, and how it came there.

use serde_json::Value;
use syndic_core::outcome::CaseStep;
use syndic_core::ports::{CaseKey, CaseRecord, Entry, Kept, Reads, StoreError};
use syndic_ledger::{Digest, Master, Receipt, Relation};

use crate::act::entry;
use crate::cases::{Case, CaseNet};
use crate::nets::text_of;

use super::sealed::status;

/// Cases read at a time.
const AT_ONCE: usize = 256;

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

/// Holds every case against the receipt of its last step, and says how many there are.
///
/// # Errors
/// The store failed; corrupt, where a case is not what its receipt vouches for.
pub fn verify_cases(front: &dyn Reads, master: &Master) -> Result<u64, StoreError> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = front.cases(None, after.as_ref(), AT_ONCE)?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        after = Some(last.clone());
        for (key, record) in page {
            vouched_for(front, master, &key, &record)?;
            count += 1;
        }
    }
}

fn vouched_for(front: &dyn Reads, master: &Master, key: &CaseKey, record: &CaseRecord) -> Result<(), StoreError> {
    let leaf = leaf(record.receipt, &entry(front, record.receipt)?)?;
    let state = master.salt(&key.tenant, &key.id).commit(record.state.as_bytes());
    let is_its = leaf.case.as_ref().is_some_and(|case| {
        case.id == key.id && case.status == status(record.status) && case.state.is_none_or(|kept| kept == state)
    });
    match is_its && leaf.tenant.as_ref() == Some(&key.tenant) {
        true => Ok(()),
        false => {
            let CaseKey { tenant, id } = key;
            let why = format!("the case `{id}` of `{tenant}` is not what receipt {} left", record.receipt);
            Err(StoreError::Corrupt(why))
        }
    }
}

fn leaf(sequence: u64, entry: &Entry) -> Result<Receipt, StoreError> {
    Receipt::parse(entry.leaf.as_bytes())
        .map_err(|why| StoreError::Corrupt(format!("receipt {sequence} does not read: {why}")))
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
        let leaf = leaf(sequence, &entry)?;
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
