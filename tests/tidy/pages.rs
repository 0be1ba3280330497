//! What is printed is what is true: tables that stand in a README and in the code are the same table.

use std::fmt::Debug;

use crate::house::{files, text, texts, tidy};
use syndic_core::slot::{ROUTES, SLOTS};
use syndic_core::states::MOVES;

/// The map of the host, where its two tables are printed.
const MAP: &str = "host/README.md";

/// What a governor's README tells, and the words a heading tells it by.
const TOLD: [(&str, &[&str]); 5] = [
    ("its states", &["moves", "the life of", "table:"]),
    ("its facts", &["facts"]),
    ("its timers", &["timers", "deadlines"]),
    ("its effects", &["effects"]),
    ("its codes", &["codes"]),
];

#[test]
fn the_map_prints_the_nine_states_as_they_are() {
    let name = |word: &dyn Debug| format!("{word:?}");
    let moves = MOVES.iter().map(|(from, on, to, then)| vec![name(from), name(on), name(to), name(then)]);
    prints(MAP, "moves", &table(["From", "On", "To", "Then"], moves));
}

#[test]
fn the_map_prints_who_judges_what() {
    let routes = ROUTES.iter().map(|(kind, slots)| vec![(*kind).to_owned(), slots.join(", ")]);
    prints(MAP, "routes", &table(["Event", "Slots"], routes));
}

#[test]
fn every_governor_tells_its_states_facts_timers_effects_and_codes() {
    tidy(SLOTS.iter().flat_map(|slot| {
        let page = format!("governors/{slot}/README.md");
        let told = text(&page).unwrap_or_default();
        let headings: Vec<String> =
            told.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
        let tells =
            move |words: &[&str]| words.iter().any(|word| headings.iter().any(|heading| heading.contains(word)));
        TOLD.into_iter()
            .filter(move |(_, words)| !tells(words))
            .map(move |(what, words)| format!("{page} has no section on {what}: head one `## {}`", words[0]))
    }));
}

#[test]
fn every_slot_has_a_governor_of_ours_and_every_governor_a_slot() {
    let files = files();
    let homes = files.iter().filter_map(|file| file.strip_prefix("governors/")?.strip_suffix("/Cargo.toml"));
    let mut homes: Vec<&str> = homes.filter(|home| !["book", "bundle"].contains(home)).collect();
    let mut slots = SLOTS.to_vec();
    homes.sort_unstable();
    slots.sort_unstable();
    assert_eq!(homes, slots);
}

#[test]
fn every_word_of_the_contract_is_explained() {
    tidy(texts(".wit").into_iter().flat_map(|(file, text)| {
        let complaint = |(line, item)| format!("{file}:{line} has no `///` line above it: {item}");
        undocumented(&text).into_iter().map(complaint).collect::<Vec<_>>()
    }));
}

/// The items of a WIT text without a doc comment. What is only brought in or out (`use`, `import`, `export`) is
/// explained where it is made.
fn undocumented(wit: &str) -> Vec<(usize, &str)> {
    let (mut explained, mut open) = (false, 0);
    let mut mute = Vec::new();
    for (line, number) in wit.lines().map(str::trim).zip(1..) {
        let mentions = ["use ", "import ", "export ", "}", "//"].iter().any(|start| line.starts_with(start));
        if open == 0 && !explained && !line.is_empty() && !mentions {
            mute.push((number, line));
        }
        if !line.starts_with("//") {
            open += line.matches('(').count();
            open -= line.matches(')').count();
        }
        explained = line.starts_with("///") || (explained && open > 0);
    }
    mute
}

#[test]
fn a_word_of_the_contract_without_an_explanation_is_found() {
    let wit = "
        /// Words.
        interface types {
          use other.{thing};
          /// Colours.
          enum colour {
            /// Like blood.
            red,
            blue,
          }
          // A remark explains nothing to a reader of the contract.
          mix: func(
            a: colour,
          ) -> colour;
        }";
    assert_eq!(undocumented(wit), [(9, "blue,"), (12, "mix: func(")]);
}

/// A Markdown table.
fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(N));
    row(&head.map(str::to_owned)) + &rule + &rows.map(|cells| row(&cells)).collect::<String>()
}

/// Holds a page to the table between its two marks, and shows what belongs there.
fn prints(page: &str, mark: &str, table: &str) {
    let told = text(page).unwrap_or_default();
    let (open, close) = (format!("<!-- {mark} -->"), format!("<!-- /{mark} -->"));
    let printed =
        told.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map(|(printed, _)| printed.trim());
    assert!(
        printed == Some(table.trim()),
        "\n\n{page} does not print the table of the code. What belongs there:\n\n{open}\n{table}{close}\n"
    );
}
