//! The README's tables against the code: the moves, the chart, the ladder, and what happens in random histories.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Page, Seen};

use crate::GOVERNOR;
use crate::chart::CHART;
use crate::dunning::{LADDER, Rung};
use crate::table::MOVES;

const README: Page = Page::new(include_str!("../../README.md"));

#[test]
fn the_life_of_an_invoice_is_the_table() {
    let moves: Vec<_> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(README.rows("The life of an invoice"), moves);
}

#[test]
fn double_entry_is_the_chart() {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let row = |(heading, side, told)| format!("| `{}` | {} | {told} |", word(json!(heading)), word(json!(side)));
    assert_eq!(README.rows("Double entry"), CHART.map(row));
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
    let rows = README.rows("The ladder");
    assert_eq!(rows.len(), is.len());
    for (row, wanted) in rows.iter().zip(is) {
        assert!(row.ends_with(&both(wanted)), "{row}: the code says {}", both(wanted));
    }
}

#[test]
fn effects_and_reads_are_the_manifests() {
    assert_eq!(README.names("Effects"), GOVERNOR.effects.iter().copied().collect());
    for read in GOVERNOR.reads.iter().map(|read| read.name).filter(|read| *read != "billing.*") {
        let told = |word: String| README.section("Facts").contains(&word);
        assert!(told(format!("`{read}`")) || told(format!(":{read}`")), "the README's facts lack {read}");
    }
}

/// Nothing happens that the README does not tell; and what it tells happens, here or in a story.
pub(super) fn is_told(seen: &Seen) {
    README.tells("Facts", &seen.facts);
    README.tells("Effects", &seen.effects);
    let untold = [README.untold("Timers", &seen.timers), README.untold("Codes", &seen.codes)].concat();
    assert!(untold.is_empty(), "the README does not tell of {untold:?}");
    // The histories ask for neither; each is a story of its own.
    assert_eq!(README.unseen("Codes", &seen.codes), ["currency-mismatch", "not-suspended"]);
    // What one decision has no room for is a story of its own, and rare.
    let never = README.unseen("Timers", &seen.timers);
    assert!(never.iter().all(|told| told.ends_with("-rest")), "these were never set: {never:?}");
}
