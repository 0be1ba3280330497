//! Tables and lines for people. Programs use `--json`.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::Value;
use syndic_api::{CaseStep, ErrorLine, OutcomeLine, Prelude, ReceiptLine, Stats, Summary};

use crate::paint::Paint;
use crate::plain::plain;

/// A line under the heading, and nothing else that is not a word.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Transitions of a step that are named in a table; one step may fire hundreds.
const FIRED_SHOWN: usize = 3;

/// A table with a heading row; columns named in `right` are aligned so.
pub fn table(headings: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// One outcome on one line: where it comes from, what became of it, and why.
pub fn outcome_line(line: &OutcomeLine, paint: Paint) -> String {
    let (prelude, id, outcome, duplicate, receipt) = match line {
        OutcomeLine::Judged { prelude, id, outcome, duplicate, receipt, .. } => {
            (prelude, id, *outcome, *duplicate, *receipt)
        }
        OutcomeLine::TurnedAway { prelude, id, outcome, duplicate, .. } => (prelude, id, *outcome, *duplicate, None),
    };
    let receipt = receipt.map_or_else(|| "-".to_owned(), |receipt| format!("#{receipt}"));
    let word = paint.outcome(outcome, &format!("{outcome:<11}"));
    let mut text = format!("{:>8}  {word} {receipt:>7}  {}", place(prelude), plain(id));
    if let Some(kind) = &prelude.kind {
        let subject = prelude.subject.as_deref().unwrap_or_default();
        text.push_str(&paint.dim(&format!(" {} for {}", plain(kind), plain(subject))));
    }
    if let OutcomeLine::Judged { case: Some(case), .. } = line {
        let did: Vec<&str> = case.fired.iter().chain(&case.told).map(String::as_str).collect();
        let did = if did.is_empty() { String::new() } else { format!(": {}", did.join("; ")) };
        text.push_str(&format!("  {}{}", plain(case.status), plain(&did)));
    }
    if duplicate {
        text.push_str(&paint.dim(" (duplicate)"));
    }
    if let Some(why) = why(line) {
        text.push_str(&format!("  {}", plain(&why)));
    }
    text
}

fn place(prelude: &Prelude) -> String {
    if let Some(act) = &prelude.act {
        return act.clone();
    }
    if prelude.kind.as_deref() == Some("case") {
        return "case".into();
    }
    match (prelude.line, &prelude.timer, &prelude.raised_by) {
        (Some(line), ..) => line.to_string(),
        (_, Some(_), _) => "timer".into(),
        (_, _, Some(_)) => "follows".into(),
        _ => "again".into(),
    }
}

/// Why an event did not complete: the error, or the first governor that was against it.
pub fn why(line: &OutcomeLine) -> Option<String> {
    match line {
        OutcomeLine::TurnedAway { error, .. } => error.as_ref().map(told),
        OutcomeLine::Judged { error: Some(error), .. } => Some(told(error)),
        OutcomeLine::Judged { governors, .. } => governors.iter().find_map(|governor| {
            let code = governor.code.as_ref()?;
            let message = governor.message.as_deref().unwrap_or_default();
            Some(format!("{} says {code}: {message}", governor.slot))
        }),
    }
}

/// An error's kind, with the code that tells its kinds of kinds apart where it has one, and its sentence.
fn told(error: &ErrorLine) -> String {
    let ErrorLine { kind, message, fields } = error;
    match fields.get("code").and_then(Value::as_str) {
        Some(code) => format!("{kind} ({code}): {message}"),
        None => format!("{kind}: {message}"),
    }
}

/// What a stream came to.
pub fn summary(summary: &Summary, paint: Paint) -> String {
    let counts = [
        ("completed", summary.completed),
        ("refused", summary.refused),
        ("referred", summary.referred),
        ("rolled-back", summary.rolled_back),
        ("stuck", summary.stuck),
        ("invalid", summary.invalid),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| paint.outcome(name, &format!("{count} {name}")))
        .collect();
    let mut text = format!("{} events: {}", summary.events, counts.join(", "));
    if summary.duplicates > 0 {
        text.push_str(&format!(" ({} of them duplicates)", summary.duplicates));
    }
    text.push_str(&format!(
        "\n{} followed from them, {} timers fired; {} receipts in the ledger; {} events/s\nroot {}",
        summary.raised,
        summary.timers,
        summary.receipts,
        summary.events_per_second,
        paint.bold(&summary.root_hash)
    ));
    text
}

/// Receipts, one a line. What a case's step fired stands where an event's type does, or behind it.
pub fn receipts(lines: &[ReceiptLine], paint: Paint) -> String {
    let clean = |text: &Option<String>| plain(text.as_deref().unwrap_or_default()).into_owned();
    let rows = lines.iter().map(|line| {
        let kind = clean(&line.kind);
        let kind = kind.strip_prefix("marketplace.").unwrap_or(&kind);
        let about = [kind.to_owned(), line.case.as_ref().map(fired).unwrap_or_default()].join(" ").trim().to_owned();
        let id = line.id.as_ref().or(line.case.as_ref().map(|case| &case.id)).cloned();
        let outcome = paint.outcome(&line.outcome, &line.outcome);
        vec![line.sequence.to_string(), line.time.clone(), clean(&line.tenant), about, clean(&id), outcome]
    });
    table(&["receipt", "time", "tenant", "event", "id", "outcome"], &[0], rows).to_string()
}

/// What a case's step fired, and where that left it if it is not running.
fn fired(case: &CaseStep) -> String {
    let (shown, more) = case.fired.split_at(case.fired.len().min(FIRED_SHOWN));
    let mut words: Vec<String> = shown.iter().map(|name| plain(name).into_owned()).collect();
    words.extend((!more.is_empty()).then(|| format!("and {} more", more.len())));
    words.extend((case.status != "running").then(|| plain(&case.status).into_owned()));
    format!("({})", words.join(", "))
}

/// How a data directory stands.
pub fn stats(stats: &Stats) -> String {
    let mut rows = vec![
        vec!["events processed".to_owned(), stats.events_processed.to_string()],
        vec!["pending events".to_owned(), stats.pending_events.to_string()],
        vec!["stuck events".to_owned(), stats.stuck_events.to_string()],
        vec!["undelivered effects".to_owned(), stats.undelivered_effects.to_string()],
        vec!["quarantined".to_owned(), stats.quarantined.to_string()],
        vec!["conflicts detected".to_owned(), stats.conflicts_detected.to_string()],
        vec!["cases".to_owned(), some_of(&stats.cases)],
        vec!["open work items".to_owned(), stats.work_items.to_string()],
        vec!["timers waiting".to_owned(), stats.timers_waiting.to_string()],
        vec!["governors".to_owned(), format!("{} healthy of {}", stats.governors_healthy, stats.total_governors)],
        vec!["lanes".to_owned(), some_of(&stats.current_state)],
        vec!["receipts".to_owned(), stats.receipts.to_string()],
        vec!["root".to_owned(), stats.root_hash.clone()],
        vec!["error".to_owned(), stats.error_state.clone().unwrap_or_else(|| "none".into())],
    ];
    let outcomes = stats.outcomes.iter().map(|(name, count)| vec![format!("  {name}"), count.to_string()]);
    rows.splice(1..1, outcomes);
    table(&["", ""], &[], rows).to_string()
}

/// What there is at least one of, with how many.
fn some_of(counts: &BTreeMap<String, u64>) -> String {
    let states = counts.iter().filter(|(_, count)| **count > 0);
    let states: Vec<String> = states.map(|(state, count)| format!("{count} {state}")).collect();
    if states.is_empty() { "none".into() } else { states.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_of_a_case_says_what_fired_and_where_that_left_it() {
        let line = |kind: Option<&str>, fired: &[&str], status: &'static str| ReceiptLine {
            sequence: 7,
            time: "2026-01-02T03:04:05Z".into(),
            tenant: Some("acme".into()),
            kind: kind.map(Into::into),
            id: kind.map(|_| "evt-1".into()),
            outcome: "completed".into(),
            case: Some(CaseStep {
                id: "vendor-7".into(),
                fired: fired.iter().map(ToString::to_string).collect(),
                status: status.into(),
            }),
        };
        let lines = [
            line(Some("syndic.case.launch"), &["T_Apply"], "running"),
            line(None, &["T_A", "T_B", "T_C", "T_D", "T_E"], "stopped"),
        ];
        let text = receipts(&lines, Paint { colours: false });
        let rows: Vec<&str> = text.lines().skip(2).map(str::trim).collect();
        assert_eq!(
            rows,
            [
                "7   2026-01-02T03:04:05Z   acme     syndic.case.launch (T_Apply)           evt-1      completed",
                "7   2026-01-02T03:04:05Z   acme     (T_A, T_B, T_C, and 2 more, stopped)   vendor-7   completed",
            ]
        );
    }
}
