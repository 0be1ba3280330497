//! What a person wants to know of a month: a table of what became of everything, and what stood out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use syndic_api::{OutcomeLine, Prelude, Summary};
use syndic_cli::paint::Paint;
use syndic_cli::tables;
use syndic_core::outcome::{EffectStatus, Outcome, Report};
use syndic_engine::{Played, Trigger};

/// Listens to a month and tells it.
pub(crate) struct Story {
    /// The kind of each input line, as far as it can be read.
    kinds: Vec<String>,
    heard: usize,
    rows: BTreeMap<String, Row>,
    order: Vec<String>,
    slots: BTreeMap<String, (u64, u64)>,
    moments: Vec<(&'static str, String)>,
    /// A tenant and customer worth a look: the one most happened to.
    someone: (String, String),
}

/// Counts of one kind of event.
#[derive(Default)]
struct Row {
    outcomes: BTreeMap<Outcome, u64>,
    duplicates: u64,
}

impl Story {
    pub(crate) fn new(lines: &[String]) -> Self {
        let kinds = lines.iter().map(|line| kind_of(line)).collect();
        Self {
            kinds,
            heard: 0,
            rows: BTreeMap::new(),
            order: Vec::new(),
            slots: BTreeMap::new(),
            moments: Vec::new(),
            someone: busiest(lines),
        }
    }

    pub(crate) fn hear(&mut self, played: &Played) {
        match played {
            Played::Line(_, report) => {
                let kind = self.kinds.get(self.heard).cloned().unwrap_or_default();
                self.heard += 1;
                self.count(&kind, report);
                self.notice(report, Prelude { line: Some(self.heard as u64), ..Prelude::default() });
            }
            Played::Consequence(consequence) => {
                let kind = match consequence.trigger {
                    Trigger::Timer { .. } => "  timers that fired".to_owned(),
                    Trigger::Raised { .. } if consequence.kind == "EffectSettled" => {
                        "  effects that settled".to_owned()
                    }
                    Trigger::Raised { .. } => format!("  raised: {}", consequence.kind),
                    Trigger::Undone => "  undone at last".to_owned(),
                    Trigger::Case => "  steps of cases".to_owned(),
                };
                self.count(&kind, &consequence.report);
            }
            Played::Ordered(_) | Played::Recovered(_) => {}
        }
    }

    fn count(&mut self, kind: &str, report: &Report) {
        if !self.rows.contains_key(kind) {
            self.order.push(kind.to_owned());
        }
        let row = self.rows.entry(kind.to_owned()).or_default();
        if report.duplicate {
            row.duplicates += 1;
            return;
        }
        *row.outcomes.entry(report.outcome).or_default() += 1;
        for governor in &report.governors {
            let (calls, fuel) = self.slots.entry(governor.slot.to_string()).or_default();
            *calls += u64::from(governor.fuel > 0);
            *fuel += governor.fuel;
        }
    }

    /// Keeps the first of each kind of thing worth a sentence.
    fn notice(&mut self, report: &Report, prelude: Prelude) {
        let undone = report.effects.iter().filter(|effect| effect.status == EffectStatus::Undone).count();
        let code = |code: &str| report.governors.iter().any(|governor| governor.code.as_deref() == Some(code));
        let what = match report.outcome {
            _ if report.duplicate => "the same event again: the stored outcome, once",
            Outcome::Refused if code("payment-declined") => "a declined payment",
            Outcome::Refused if code("notice-too-short") => "a price raised overnight",
            Outcome::Refused => "a refusal",
            Outcome::Referred => "one for a person to decide",
            Outcome::RolledBack if undone > 1 => "a governor that trapped, and what was done is undone",
            Outcome::RolledBack if undone == 1 => {
                "a provider that never answered, and what may have been done is undone"
            }
            Outcome::RolledBack => "rolled back before anything was done",
            Outcome::Stuck => "stuck: an operator must look",
            Outcome::Invalid => "turned away at the door",
            Outcome::Completed => return,
        };
        if self.moments.iter().all(|(known, _)| *known != what) {
            let mut line = tables::outcome_line(&OutcomeLine::new(prelude, report), Paint { colours: false });
            for effect in report.effects.iter().filter(|effect| effect.status == EffectStatus::Undone) {
                line.push_str(&format!("\n          {} {} was undone", effect.id, effect.action));
            }
            self.moments.push((what, line));
        }
    }

    pub(crate) fn tell(&self, summary: &Summary, data: &Path, paint: Paint) -> String {
        let mut text = format!("{}\n{}\n", paint.bold("\nWhat became of it"), self.table());
        text.push_str(&format!("\n{}\n", paint.bold("What stood out")));
        for (what, line) in &self.moments {
            text.push_str(&format!("  {what}\n{}\n", paint.dim(line)));
        }
        text.push_str(&format!("\n{}\n{}\n", paint.bold("Who judged"), self.governors()));
        text.push_str(&format!("\n{}\n\n", tables::summary(summary, paint)));
        text.push_str(&format!("{}\n{}", paint.bold("Try next"), self.next(data)));
        text
    }

    fn table(&self) -> String {
        let mut kinds: Vec<&String> = self.order.iter().collect();
        kinds.sort_by_key(|kind| (kind.starts_with(' '), kind.starts_with('(')));
        let rows = kinds.into_iter().map(|kind| {
            let row = &self.rows[kind];
            let mut cells = vec![kind.clone()];
            let count = |outcome: Outcome| row.outcomes.get(&outcome).copied().unwrap_or(0);
            cells.extend(Outcome::ALL.map(|outcome| blank_zero(count(outcome))));
            cells.push(blank_zero(row.duplicates));
            cells
        });
        let mut headings = vec!["event"];
        headings.extend(Outcome::ALL.map(Outcome::name));
        headings.push("duplicate");
        tables::table(&headings, &[1, 2, 3, 4, 5, 6, 7], rows).to_string()
    }

    fn governors(&self) -> String {
        let rows = self
            .slots
            .iter()
            .map(|(slot, (calls, fuel))| vec![slot.clone(), calls.to_string(), (fuel / (*calls).max(1)).to_string()]);
        tables::table(&["governor", "judged", "fuel each"], &[1, 2], rows).to_string()
    }

    fn next(&self, data: &Path) -> String {
        let data = data.display();
        let line = self.moments.iter().find(|(what, _)| what.contains("trapped"));
        let receipt = line
            .and_then(|(_, line)| line.split_once('#'))
            .map_or("1", |(_, rest)| rest.split_whitespace().next().unwrap_or("1"));
        let syndic = called_as();
        [
            format!("{syndic} receipt show {receipt} --data {data}"),
            format!("{syndic} receipt list --data {data}"),
            format!("{syndic} fact list {} {} --data {data}", self.someone.0, self.someone.1),
            format!("{syndic} stats --data {data}"),
            format!("{syndic} demo --seed 7 --save month.jsonl"),
            format!("{syndic} play month.jsonl --data another"),
        ]
        .map(|line| format!("  {line}"))
        .join("\n")
    }
}

/// The program as it was called, so that what is printed can be typed.
fn called_as() -> String {
    std::env::args().next().unwrap_or_else(|| "syndic".into())
}

fn blank_zero(count: u64) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

fn busiest(lines: &[String]) -> (String, String) {
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        if let (Some(tenant), Some(subject)) = (event["tenant"].as_str(), event["subject"].as_str()) {
            *counts.entry((tenant.to_owned(), subject.to_owned())).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(who, _)| who).unwrap_or_default()
}

fn kind_of(line: &str) -> String {
    let event: Option<Value> = serde_json::from_str(line).ok();
    let kind = event.as_ref().and_then(|event| event["type"].as_str()).unwrap_or("(not an event)");
    kind.strip_prefix("marketplace.").unwrap_or(kind).to_owned()
}
