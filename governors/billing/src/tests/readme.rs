//! The README's tables against the code: the moves, the chart, the ladder, and what happens in random histories.

use std::collections::BTreeSet;

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, Outcome};
use syndic_sdk::{FactName, Write};

use crate::GOVERNOR;
use crate::chart::CHART;
use crate::dunning::{LADDER, Rung};
use crate::table::MOVES;

const README: &str = include_str!("../../README.md");

/// The rows of the first table under a heading, without its head.
fn rows(heading: &str) -> Vec<&'static str> {
    let section = README.split_once(&format!("\n## {heading}\n")).map(|(_, rest)| rest).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect()
}

/// What stands in backquotes in the first column under a heading.
fn named(heading: &str) -> BTreeSet<&'static str> {
    let first = |row: &'static str| row.split('|').nth(1).unwrap_or_default();
    rows(heading).into_iter().flat_map(|row| first(row).split('`').skip(1).step_by(2)).collect()
}

#[test]
fn the_life_of_an_invoice_is_the_table() {
    let moves: Vec<_> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(rows("The life of an invoice"), moves);
}

#[test]
fn double_entry_is_the_chart() {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let row = |(heading, side, told)| format!("| `{}` | {} | {told} |", word(json!(heading)), word(json!(side)));
    assert_eq!(rows("Double entry"), CHART.map(row));
}

/// The hours of a rung in one of the ladder's columns.
type Column = fn(&(Rung, Option<i64>, Option<i64>)) -> Option<i64>;

#[test]
fn the_ladder_is_the_ladder() {
    let days = |wanted: fn(Rung) -> bool, column: Column| {
        let rungs = LADDER.iter().filter(|rung| wanted(rung.0)).filter_map(column);
        let days: Vec<_> = rungs.map(|hours| (hours / 24).to_string()).collect();
        match days.as_slice() {
            [] => "–".to_owned(),
            [one] if one == "1" => "1 day".to_owned(),
            [one] => format!("{one} days"),
            [before @ .., last] => format!("{} and {last} days", before.join(", ")),
        }
    };
    let both = |wanted| format!("| {} | {} |", days(wanted, |rung| rung.1), days(wanted, |rung| rung.2));
    let is: [fn(Rung) -> bool; 3] = [Rung::is_retry, |rung| rung == Rung::Suspend, |rung| rung == Rung::GiveUp];
    let rows = rows("The ladder");
    assert_eq!(rows.len(), is.len());
    for (row, wanted) in rows.iter().zip(is) {
        assert!(row.ends_with(&both(wanted)), "{row}: the code says {}", both(wanted));
    }
}

#[test]
fn effects_and_reads_are_the_manifests() {
    assert_eq!(named("Effects"), GOVERNOR.effects.iter().copied().collect());
    for read in GOVERNOR.reads.iter().map(|read| read.name).filter(|read| *read != "billing.*") {
        assert!(
            README.contains(&format!("`{read}`")) || README.contains(&format!(":{read}`")),
            "the README lacks {read}"
        );
    }
}

/// What decisions did, by name.
#[derive(Default)]
pub(super) struct Seen {
    facts: BTreeSet<String>,
    timers: BTreeSet<String>,
    actions: BTreeSet<String>,
    codes: BTreeSet<String>,
}

impl Seen {
    pub(super) fn note(&mut self, judged: &Judged) {
        if let Outcome::Refused(reason) | Outcome::Referred(reason) = &judged.outcome {
            self.codes.insert(reason.code.clone());
        }
        self.timers.extend(judged.timers.iter().map(|timer| timer.name.clone()));
        self.actions.extend(judged.effects.iter().map(|effect| effect.action.clone()));
        self.facts.extend(judged.writes.iter().filter_map(written).map(|fact| kind(&fact.name)));
    }

    pub(super) fn extend(&mut self, other: Seen) {
        self.facts.extend(other.facts);
        self.timers.extend(other.timers);
        self.actions.extend(other.actions);
        self.codes.extend(other.codes);
    }

    /// Nothing happens that the README does not tell; and what it tells of facts, timers and effects happens.
    pub(super) fn is_told(&self) {
        let facts: BTreeSet<_> = named("Facts").into_iter().map(kind).collect();
        assert_eq!(self.facts, facts);
        let actions: BTreeSet<_> = named("Effects").into_iter().map(str::to_owned).collect();
        assert_eq!(self.actions, actions);
        let codes = named("Codes");
        assert!(self.codes.iter().all(|code| codes.contains(code.as_str())), "{:?}", self.codes);
        let timers = named("Timers");
        let of = |timer: &str, told: &str| timer == told || (told.ends_with('-') && timer.starts_with(told));
        let untold: Vec<_> = self.timers.iter().filter(|timer| !timers.iter().any(|told| of(timer, told))).collect();
        assert!(untold.is_empty(), "the README does not tell of {untold:?}");
        // What one decision has no room for is a story of its own, and rare.
        let never: Vec<_> = timers.iter().filter(|told| !self.timers.iter().any(|timer| of(timer, told))).collect();
        assert!(never.iter().all(|told| told.ends_with("-rest")), "these were never set: {never:?}");
    }
}

fn written(write: &Write) -> Option<&FactName> {
    match write {
        Write::Set { fact, .. } | Write::Add { fact, .. } | Write::Remove { fact, .. } => Some(fact),
        Write::Increase { fact, .. } | Write::Stand { fact, .. } | Write::Number { fact, .. } => Some(fact),
        Write::Claim { .. } => None,
    }
}

/// The first two words of a fact's name: `billing.invoice`.
fn kind(fact: &str) -> String {
    fact.split('.').take(2).collect::<Vec<_>>().join(".")
}
