//! Slots for people: tables, and decisions side by side. For programs: the same, a line each.

use serde_json::{Value, json};
use syndic_api::{PastVersion, SeatLine, SlotLine, SwappedLine, TrialCounts, TrialDifference, TrialFile};
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};

use crate::look::pretty;
use crate::show::Show;

/// Which version is in which slot, and which is on trial.
pub(crate) fn slots(lines: &[SlotLine], show: &Show) -> Result<(), Failure> {
    let row = |line: &SlotLine, mode: &str, version: &SeatLine| {
        let warm = line.warm.as_ref().filter(|_| mode == "active").and_then(|warm| warm.number);
        json!({
            "slot": line.slot, "number": version.number, "mode": mode, "name": version.name,
            "version": version.version, "warm": warm, "digest": version.digest,
        })
    };
    let rows = lines.iter().flat_map(|line| {
        let trial = line.trial.as_ref().map(|trial| row(line, &trial.mode, &trial.version));
        std::iter::once(row(line, "active", &line.active)).chain(trial)
    });
    table(&["slot", "mode", "name", "version", "number", "warm", "digest"], &rows.collect::<Vec<_>>(), show)
}

/// Every version that a slot has had.
pub(crate) fn history(slot: &str, versions: &[PastVersion], show: &Show) -> Result<(), Failure> {
    if versions.is_empty() {
        return Err(Failure::new(FailureKind::No, format!("nothing was ever installed in `{slot}`"))
            .because("the bundled governor judges there"));
    }
    let row = |version: &PastVersion| {
        let mut row = json!(version);
        row["why"] = json!(version.left.as_ref().map_or(&version.reason, |left| &left.why));
        row
    };
    let rows: Vec<Value> = versions.iter().map(row).collect();
    table(&["number", "version", "is", "installed", "by", "why", "publisher", "digest"], &rows, show)
}

/// What a trial has shown.
pub(crate) fn trial(file: &TrialFile, show: &Show) -> Result<(), Failure> {
    if show.json {
        show.line(
            &json!({ "slot": file.slot, "number": file.number, "mode": file.mode, "trial": file.shown }).to_string(),
        )?;
    } else {
        let TrialCounts { calls, different, explained, failed, fuel, micros } = file.shown;
        show.line(&format!(
            "version {} as {}: asked {calls} times, {different} different ({explained} explained), {failed} failed; \
             fuel × {}, time × {}",
            file.number,
            file.mode,
            ratio(fuel),
            ratio(micros)
        ))?;
    }
    file.differences.iter().try_for_each(|found| difference(found, show))
}

fn ratio([one, other]: [u64; 2]) -> String {
    if one == 0 { "–".to_owned() } else { format!("{:.2}", other as f64 / one as f64) }
}

/// One event that two versions decided otherwise: what the active one decided, and what the one on trial did.
pub(crate) fn difference(difference: &TrialDifference, show: &Show) -> Result<(), Failure> {
    if show.json {
        return show.line(&json!({ "difference": difference.number, "is": difference }).to_string());
    }
    let TrialDifference { number, kinds, event, r#type, receipt, decisions, explained, .. } = difference;
    let why = explained.as_ref().map_or(String::new(), |why| format!(" (explained: {})", plain(why)));
    let kinds_told = plain(&kinds.join(", ")).into_owned();
    show.line(&format!("\n{number}. {kinds_told} of `{}`, {}, receipt {receipt}{why}", plain(event), plain(r#type)))?;
    for (mark, decision) in ["-", "+"].iter().zip(decisions) {
        for line in pretty(&only(decision, kinds)).lines() {
            show.line(&format!("{mark} {line}"))?;
        }
    }
    Ok(())
}

/// The parts of a decision that differ; all of it where there are no parts.
fn only(decision: &Value, kinds: &[String]) -> Value {
    match decision.as_object() {
        Some(parts) if kinds.iter().any(|kind| parts.contains_key(kind)) => parts
            .iter()
            .filter(|(name, _)| kinds.contains(name))
            .map(|(name, part)| (name.clone(), part.clone()))
            .collect(),
        _ => decision.clone(),
    }
}

/// What a swap came to.
pub(crate) fn swapped(line: &SwappedLine, show: &Show) -> Result<(), Failure> {
    show.result(line, |_| {
        let SwappedLine { receipt, duplicate, active, trial, warm } = line;
        let on_trial = trial.map_or(String::new(), |number| format!(", version {number} is on trial"));
        let before = warm.map_or(String::new(), |number| format!(", version {number} is warm"));
        let again = if *duplicate { "; it was done before" } else { "" };
        format!("version {active} judges{on_trial}{before}; receipt {}{again}", receipt.unwrap_or_default())
    })
}

fn table(columns: &[&str], rows: &[Value], show: &Show) -> Result<(), Failure> {
    if show.json {
        return rows.iter().try_for_each(|row| show.line(&row.to_string()));
    }
    let cell = |row: &Value, column: &str| match &row[column] {
        Value::Null => String::new(),
        Value::String(text) if column == "digest" => text.chars().take(19).collect(),
        Value::String(text) => plain(text).into_owned(),
        other => other.to_string(),
    };
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    show.line(&tables::table(columns, &[], cells).to_string())
}
