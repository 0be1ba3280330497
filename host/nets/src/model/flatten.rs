//! Flattening: from joins and splits to plain transitions.
//!
//! A task becomes one transition for every way in and every way out, and the same again in a person's hands where it
//! has a fallback: `T`, `T.entry`, `T.outcome`, `T.manual`. Each remembers where it comes from, so that a case that
//! fires it knows what to do.

use std::collections::BTreeMap;

use super::{Join, Net, Split, Task};
use crate::flat::{Flat, PlaceId, Transition};

/// A flat net, and where its transitions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flattened {
    /// The net.
    pub flat: Flat,
    /// For each transition, in order.
    pub origins: Vec<Origin>,
}

/// Where a transition comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The task's index in its net.
    pub task: usize,
    /// Which way in, as an index of [`Task::entries`].
    pub entry: usize,
    /// Which way out.
    pub way: Way,
    /// Whether it is the fallback.
    pub by_hand: bool,
}

/// Which way out of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// There is one only.
    Only,
    /// An index of [`Task::outcomes`].
    Outcome(usize),
    /// The indices of an OR-split's flows.
    Flows(Vec<usize>),
}

/// What has no flat form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlattenError {
    /// Whether it is enabled depends on what may still come, which no single transition can say.
    #[error("`{task}` joins with OR: it waits for what may still come, and no plain net can say that")]
    OrJoin {
        /// The task.
        task: String,
    },
    /// An arc to nowhere.
    #[error("`{task}` names `{place}`, which is no condition")]
    NoSuchPlace {
        /// The task.
        task: String,
        /// What it names.
        place: String,
    },
}

impl Net {
    /// The plain net that this one means, composite tasks as single steps.
    ///
    /// # Errors
    /// An OR-join, or a name that [`Net::faults`] would have found.
    pub fn flatten(&self) -> Result<Flat, FlattenError> {
        self.flattened().map(|flattened| flattened.flat)
    }

    /// The plain net, with the origin of every transition.
    ///
    /// # Errors
    /// As [`Net::flatten`].
    pub fn flattened(&self) -> Result<Flattened, FlattenError> {
        let places: BTreeMap<&str, PlaceId> =
            self.conditions.iter().zip(0..).map(|(condition, at)| (condition.name.as_str(), PlaceId(at))).collect();
        let (mut transitions, mut origins) = (Vec::new(), Vec::new());
        for (index, task) in self.tasks.iter().enumerate() {
            if matches!(task.join, Join::Or(_)) {
                return Err(FlattenError::OrJoin { task: task.name.clone() });
            }
            let ids =
                |names: &[String]| names.iter().map(|name| id(&places, task, name)).collect::<Result<Vec<_>, _>>();
            for step in steps(task) {
                transitions.push(Transition {
                    consumes: ids(step.takes)?,
                    produces: ids(&step.gives)?,
                    removes: ids(&task.cancels)?,
                    name: step.name,
                });
                origins.push(Origin { task: index, entry: step.entry, way: step.way, by_hand: step.by_hand });
            }
        }
        let names = self.conditions.iter().map(|condition| condition.name.clone()).collect();
        Ok(Flattened { flat: Flat::new(names, transitions), origins })
    }

    /// What the transitions will be called.
    pub(super) fn transition_names(&self) -> Vec<String> {
        self.tasks.iter().flat_map(names).collect()
    }
}

/// What the transitions of one task will be called.
pub(super) fn names(task: &Task) -> Vec<String> {
    steps(task).into_iter().map(|step| step.name).collect()
}

struct Step<'t> {
    name: String,
    takes: &'t [String],
    gives: Vec<String>,
    entry: usize,
    way: Way,
    by_hand: bool,
}

fn steps(task: &Task) -> Vec<Step<'_>> {
    let ways = ways(task);
    let hands = [None, task.fallback()];
    let hands = &hands[..1 + usize::from(hands[1].is_some())];
    let mut steps = Vec::new();
    for (entry, (entry_name, takes)) in task.entries().into_iter().enumerate() {
        for hand in hands {
            for (way, way_name, gives) in &ways {
                let parts =
                    [Some(task.name.as_str()), entry_name, hand.map(|hand| hand.name.as_str()), way_name.as_deref()];
                let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
                let (way, gives) = (way.clone(), gives.clone());
                steps.push(Step { name, takes, gives, entry, way, by_hand: hand.is_some() });
            }
        }
    }
    steps
}

/// Every way out: which, what it is called, and what it fills.
fn ways(task: &Task) -> Vec<(Way, Option<String>, Vec<String>)> {
    match &task.split {
        Split::And(gives) => vec![(Way::Only, None, gives.clone())],
        Split::Xor(outcomes) => {
            let way = |(at, outcome): (usize, &super::Outcome)| {
                (Way::Outcome(at), Some(outcome.name.clone()), outcome.gives.clone())
            };
            outcomes.iter().enumerate().map(way).collect()
        }
        Split::Or(flows) => (1..1u32 << flows.len().min(super::check::FLOWS))
            .map(|set| {
                let chosen: Vec<usize> = (0..flows.len()).filter(|at| set >> at & 1 == 1).collect();
                let gives: Vec<String> = chosen.iter().map(|at| flows[*at].gives.clone()).collect();
                (Way::Flows(chosen), Some(gives.join("+")), gives)
            })
            .collect(),
    }
}

fn id(places: &BTreeMap<&str, PlaceId>, task: &Task, name: &str) -> Result<PlaceId, FlattenError> {
    places
        .get(name)
        .copied()
        .ok_or_else(|| FlattenError::NoSuchPlace { task: task.name.clone(), place: name.to_owned() })
}
