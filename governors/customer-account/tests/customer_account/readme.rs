//! The README tells of everything that the governor was seen to do, and of nothing else.

use std::collections::BTreeSet;

use syndic_sdk::testing::Judged;
use syndic_sdk::{Subject, Write};

const README: &str = include_str!("../../README.md");

/// What was seen: the names of facts, timers, actions and codes.
#[derive(Default)]
pub(crate) struct Seen {
    facts: BTreeSet<String>,
    timers: BTreeSet<String>,
    actions: BTreeSet<String>,
    codes: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn note(&mut self, judged: &Judged) {
        for write in &judged.writes {
            let (Write::Set { fact, .. } | Write::Add { fact, .. } | Write::Stand { fact, .. }) = write else {
                continue;
            };
            assert_eq!(fact.subject, Subject::Customer);
            self.facts.insert(fact.name.clone());
        }
        self.timers.extend(judged.timers.iter().map(|timer| timer.name.clone()));
        self.actions.extend(judged.effects.iter().map(|effect| effect.action.clone()));
        self.codes.extend(judged.code().filter(|code| *code != "EffectFailed").map(str::to_owned));
    }
}

pub(crate) fn tells_of(seen: &Seen) {
    for (section, seen) in
        [("Facts", &seen.facts), ("Timers", &seen.timers), ("Effects", &seen.actions), ("Codes", &seen.codes)]
    {
        let told = first_cells(section);
        let untold: Vec<_> = seen.iter().filter(|name| !told.iter().any(|told| fits(told, name))).collect();
        assert!(untold.is_empty(), "the README's {section} lack {untold:?}");
        let unseen: Vec<_> = told.iter().filter(|told| !seen.iter().any(|name| fits(told, name))).collect();
        assert!(unseen.is_empty(), "the README's {section} have {unseen:?}, which nobody saw");
    }
}

/// The rows of a section's table, without the heading.
pub(crate) fn rows(section: &str) -> Vec<&'static str> {
    let text = README.split(&format!("## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next());
    text.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1).collect()
}

/// What stands between the first pair of backticks of each row.
fn first_cells(section: &str) -> Vec<&'static str> {
    rows(section).into_iter().filter_map(|row| row.split('`').nth(1)).collect()
}

/// Whether a name is what the README calls it; `<…>` there stands for anything.
fn fits(told: &str, name: &str) -> bool {
    match told.split_once('<') {
        Some((begins, rest)) => {
            let ends = rest.rsplit_once('>').map_or("", |(_, ends)| ends);
            name.len() > begins.len() + ends.len() && name.starts_with(begins) && name.ends_with(ends)
        }
        None => told == name,
    }
}
