//! Facts for people: a list that fits a screen, and documents that are read.
//!
//! What a value shows of itself is read off its shape, not off its name, so facts of governors that nobody here has
//! heard of are as legible as ours. Programs use `--json`, where nothing is left out.

mod document;
mod order;
mod words;

use serde_json::Value;
use syndic_api::FactLine;

use crate::paint::Paint;
use crate::plain::plain;
use crate::tables::table;

/// A screen. Nothing here is wider.
const WIDTH: usize = 100;

/// The longest name in a list; whoever wants to see that fact types how it begins.
const NAME_MAX: usize = 48;

/// What a list has beside names and values: the versions, and the blanks around and between three columns.
const BESIDE: usize = "version".len() + 8;

/// A customer's or tenant's facts, one on a line: its name, how often it was written, and what it comes to.
pub fn list(facts: &[FactLine]) -> String {
    let names: Vec<String> = facts.iter().map(|fact| words::cut(&words::shown(&fact.name), NAME_MAX)).collect();
    let widest = names.iter().map(|name| words::width(name)).max().unwrap_or(0);
    let room = WIDTH - BESIDE - widest.max("fact".len());
    let rows = facts
        .iter()
        .zip(names)
        .map(|(fact, name)| vec![name, fact.version.to_string(), words::cut(&order::summary(&fact.value), room)]);
    table(&["fact", "version", "value"], &[1], rows).to_string()
}

/// Facts as documents, one under the other.
pub fn documents(facts: &[FactLine], paint: Paint) -> String {
    let documents: Vec<String> = facts.iter().map(|fact| document(fact, paint)).collect();
    documents.join("\n\n")
}

fn document(fact: &FactLine, paint: Paint) -> String {
    let FactLine { name, version, value, by, event, at } = fact;
    let written = format!("version {version}, written by {by} at {at} for {}", plain(event));
    let mut lines: Vec<String> = words::wrap(&words::shown(name), WIDTH).iter().map(|line| paint.bold(line)).collect();
    lines.extend(words::wrap(&written, WIDTH).iter().map(|line| paint.dim(line)));
    lines.extend(document::lines(value, WIDTH - 2).into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// Which facts a name means: the one that is called so, else all whose names begin so. A name may be typed as a list
/// shows it, with what was left out at its end.
pub fn named(facts: Vec<FactLine>, name: &str) -> Vec<FactLine> {
    let begins = name.trim_end_matches('…');
    let exact = |fact: &&FactLine| fact.name == begins;
    match facts.iter().find(exact).cloned() {
        Some(fact) => vec![fact],
        None => facts.into_iter().filter(|fact| fact.name.starts_with(begins)).collect(),
    }
}

/// A value's members, if it is an object with any.
fn members(value: &Value) -> Option<&serde_json::Map<String, Value>> {
    value.as_object().filter(|members| !members.is_empty())
}
