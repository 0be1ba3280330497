//! Lifting: a plain net as a model, so that what came as PNML can go on as a net file.
//!
//! Names tell what belongs together. `T.pass` and `T.fail` that take the same are one task with two outcomes; `T.early`
//! and `T.late` that give the same are one task with two ways in. What fits neither stays a task of its own, under a
//! name that a file can hold. Who does the work no plain net says: a choice is put to a person, all else is done by
//! itself, and the author goes on from there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Condition, Entry, Join, Kind, Net, Outcome, Split, Task, User};
use crate::flat::{Flat, PlaceId, Transition};

impl Net {
    /// The model of a plain net. Flattened, it has the same places, transitions and arcs.
    pub fn of_flat(name: &str, flat: &Flat) -> Self {
        let condition = |place: &String| Condition { name: place.clone(), about: String::new() };
        let mut lift = Lift { flat, tasks: Vec::new(), taken: BTreeSet::new() };
        for (base, group) in groups(flat) {
            lift.group(base, &group);
        }
        Self {
            name: name.to_owned(),
            about: String::new(),
            data: Vec::new(),
            conditions: flat.places.iter().map(condition).collect(),
            tasks: lift.tasks,
            closing: None,
            properties: Vec::new(),
        }
    }
}

/// Transitions by the part of their name before the first dot, in the order of the net.
fn groups(flat: &Flat) -> Vec<(&str, Vec<&Transition>)> {
    let mut groups: Vec<(&str, Vec<&Transition>)> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for transition in &flat.transitions {
        let base = transition.name.split('.').next().unwrap_or_default();
        let at = *known.entry(base).or_insert_with(|| {
            groups.push((base, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(transition);
    }
    groups
}

struct Lift<'f> {
    flat: &'f Flat,
    tasks: Vec<Task>,
    taken: BTreeSet<String>,
}

impl Lift<'_> {
    fn group(&mut self, base: &str, group: &[&Transition]) {
        let suffixes: Option<Vec<Option<&str>>> =
            group.iter().map(|transition| suffix(base, &transition.name)).collect();
        let alike = |of: fn(&Transition) -> &Vec<PlaceId>| group.iter().all(|one| of(one) == of(group[0]));
        let all_named = |suffixes: &[Option<&str>]| suffixes.iter().all(Option::is_some);
        let good = super::is_task_name(base) && alike(|transition| &transition.removes);
        match suffixes.filter(|suffixes| good && (group.len() > 1 || all_named(suffixes))) {
            Some(suffixes) if all_named(&suffixes) && alike(|transition| &transition.consumes) => {
                let outcome = |(name, one): (&Option<&str>, &&Transition)| Outcome {
                    name: name.unwrap_or_default().to_owned(),
                    when: None,
                    gives: self.names(&one.produces),
                    sets: Vec::new(),
                    closes: None,
                };
                let split = Split::Xor(suffixes.iter().zip(group).map(outcome).collect());
                self.push(base, Join::And(self.names(&group[0].consumes)), split, group[0]);
            }
            Some(suffixes) if alike(|transition| &transition.produces) => {
                let entry = |(name, one): (&Option<&str>, &&Transition)| Entry {
                    name: name.map(str::to_owned),
                    takes: self.names(&one.consumes),
                    sets: Vec::new(),
                };
                let mut entries: Vec<Entry> = suffixes.iter().zip(group).map(entry).collect();
                // The ordinary way in stands first, where a file has it.
                entries.sort_by_key(|entry| entry.name.is_some());
                self.push(base, Join::Xor(entries), Split::And(self.names(&group[0].produces)), group[0]);
            }
            _ => group.iter().for_each(|one| {
                let (takes, gives) = (self.names(&one.consumes), self.names(&one.produces));
                self.push(&one.name, Join::And(takes), Split::And(gives), one);
            }),
        }
    }

    fn names(&self, places: &[PlaceId]) -> Vec<String> {
        places.iter().map(|place| self.flat.place(*place).to_owned()).collect()
    }

    fn push(&mut self, name: &str, join: Join, split: Split, like: &Transition) {
        let mut name: String =
            name.chars().map(|letter| if super::is_name_letter(letter) { letter } else { '_' }).collect();
        while name.is_empty() || !self.taken.insert(name.clone()) {
            name.push('_');
        }
        let chosen = matches!(&split, Split::Xor(_));
        let mut task = Task::auto(name, String::new(), join, split);
        if chosen {
            task.kind = Kind::User(User::default());
        }
        task.cancels = self.names(&like.removes);
        self.tasks.push(task);
    }
}

/// What stands after the task's name: nothing, or one word. More than one word is no name of an outcome.
#[expect(clippy::option_option, reason = "no suffix is an answer, and no answer is another")]
fn suffix<'n>(base: &str, name: &'n str) -> Option<Option<&'n str>> {
    match name.strip_prefix(base)?.strip_prefix('.') {
        None => Some(None),
        Some(word) => (!word.is_empty() && !word.contains('.')).then_some(Some(word)),
    }
}
