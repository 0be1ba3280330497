//! What judging again has shown, for people.

use syndic_api::{BacktestLine, DecidedLine, FirstLine, ReplayLine, ReplaySummary, ReplayedLine};

use crate::paint::Paint;
use crate::plain::plain;
use crate::tables::table;

/// Differences of one decision that are shown. `--json` has all of them.
const ROWS_MAX: usize = 24;

/// Characters of a value that are shown.
const VALUE_MAX_CHARS: usize = 160;

/// A receipt, governor by governor.
pub fn replayed(line: &ReplayLine, paint: Paint) -> String {
    if line.decisions.is_empty() {
        return format!("{}: nobody was asked", title(line));
    }
    let row = |decision: &ReplayedLine| {
        let ReplayedLine { slot, version, said, fuel, result, .. } = decision;
        vec![slot.clone(), version.clone(), said.clone(), fuel.to_string(), painted(result, paint)]
    };
    let rows = line.decisions.iter().map(row);
    let all = table(&["governor", "version", "said", "fuel", "now"], &[3], rows);
    let sentence = match first_difference(line) {
        Some(difference) => difference,
        None => "every decision is equal, and burns equal fuel".to_owned(),
    };
    format!("{all}\n{}: {sentence}", title(line))
}

/// A receipt that differs, on one line.
pub fn different(line: &ReplayLine) -> String {
    format!("{}: {}", title(line), first_difference(line).unwrap_or_default())
}

fn title(line: &ReplayLine) -> String {
    let about = line.id.as_ref().map(|id| format!(" ({})", plain(id)));
    format!("receipt {}{}", line.receipt, about.unwrap_or_default())
}

fn first_difference(line: &ReplayLine) -> Option<String> {
    line.decisions.iter().find_map(|decision| {
        let difference = decision.difference.as_ref()?;
        Some(format!("`{}`, {}: {}", decision.slot, difference.call, plain(&difference.message)))
    })
}

fn painted(result: &str, paint: Paint) -> String {
    match result {
        "different" => paint.outcome("rolled-back", result),
        "stopped-by-the-clock" => paint.outcome("referred", result),
        _ => result.to_owned(),
    }
}

/// What many receipts came to.
pub fn replay_summary(summary: &ReplaySummary, paint: Paint) -> String {
    let ReplaySummary { receipts, decisions, equal, equal_fuel, not_asked, stopped_by_the_clock, different, .. } =
        summary;
    let counts = [
        (*equal, "equal, for equal fuel"),
        (*equal_fuel, "for equal fuel, of which the ledger has no hash"),
        (*not_asked, "that nobody was asked for"),
        (*stopped_by_the_clock, "that the clock stopped, which cannot be repeated"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .chain([
            paint.outcome(if *different > 0 { "rolled-back" } else { "completed" }, &format!("{different} different"))
        ])
        .collect();
    let rate = summary.decisions_per_second;
    format!("{receipts} receipts, {decisions} decisions: {}; {rate} decisions/s", counts.join(", "))
}

/// What a back-test came to: counts, and the first decision of each kind that differs.
pub fn backtest(line: &BacktestLine, paint: Paint) -> String {
    let [from, to] = line.receipts;
    let mut text = format!(
        "{} {} in `{}`: {} decisions of receipts {from} to {to}, {} the same, {} different, {} not comparable; {} decisions/s",
        paint.bold("candidate"),
        plain(&line.candidate.version),
        line.slot,
        line.decisions,
        line.same,
        line.different,
        line.not_comparable,
        line.decisions_per_second,
    );
    let changes: Vec<String> = line.changes.iter().map(|(change, count)| format!("{count} {change}")).collect();
    if !changes.is_empty() {
        text.push_str(&format!("\ndifferent: {}", changes.join(", ")));
    }
    if let Some(first) = &line.not_comparable_first {
        text.push_str(&format!("\nnot comparable: {}", plain(first)));
    }
    let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "not known".to_owned(), |ratio| format!("{ratio:.3} times"));
    text.push_str(&format!(
        "\nfuel {} and time {} the recorded, in the median",
        ratio(line.fuel_ratio),
        ratio(line.time_ratio)
    ));
    for first in &line.firsts {
        text.push_str(&format!("\n\n{}", first_of(first, line, paint)));
    }
    text
}

fn first_of(first: &FirstLine, line: &BacktestLine, paint: Paint) -> String {
    let FirstLine { change, receipt, id, kind, tenant, subject, version, .. } = first;
    let [id, kind, tenant, subject] = [id, kind, tenant, subject].map(|text| plain(text));
    let mut text = format!("first {}: receipt {receipt}, {id}, {kind} for {subject} of {tenant}", paint.bold(change));
    if let Some(why) = &first.not_shown {
        let [then, now] = &first.said;
        text.push_str(&format!("\n{then} → {now}; the recorded decision cannot be shown: {}", plain(why)));
    }
    if !first.differences.is_empty() {
        let rows = first.differences.iter().take(ROWS_MAX).map(row);
        let headings = [version.as_str(), line.candidate.version.as_str()].map(plain);
        text.push_str(&format!("\n{}", table(&["", &headings[0], &headings[1]], &[], rows)));
    }
    if let Some(more) = first.differences.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("\nand {more} more; --json shows them"));
    }
    if let Some(effect) = &first.unanswered {
        text.push_str(&format!(
            "\nnobody asked for `{}` so; what it would say to an answer is not known",
            plain(effect)
        ));
    }
    text
}

fn row(line: &DecidedLine) -> Vec<String> {
    let shown = |value: &Option<String>| match value {
        None => "–".to_owned(),
        Some(text) => match text.char_indices().nth(VALUE_MAX_CHARS) {
            Some((end, _)) => format!("{}…", plain(&text[..end])),
            None => plain(text).into_owned(),
        },
    };
    vec![plain(&line.part).into_owned(), shown(&line.recorded), shown(&line.candidate)]
}
