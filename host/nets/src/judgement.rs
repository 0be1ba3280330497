//! The judgement of a net: everything that has to be known before a case may run on it.
//!
//! Three questions, and none answers another. Is it sound: can every case end, properly? Do its choices leave nobody
//! out: does exactly one outcome apply, whatever the data? Does it keep its promises: the properties its author wrote
//! beside it? Only a net with three good answers is admitted.

use crate::flat::Flat;
use crate::guard::{COMBINATIONS, Coverage, cover};
use crate::model::{FlattenError, Net, Property, Rule};
use crate::proof::{Answer, Budget, Claim, Verdict, holds, prove};

/// What is known of a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Its flat form, composite tasks as single steps.
    pub flat: Flat,
    /// Whether it is sound.
    pub verdict: Verdict,
    /// Every task with more than one outcome whose guards decide, and what they leave out.
    pub choices: Vec<(String, Coverage)>,
    /// Every property, and whether it is kept.
    pub properties: Vec<(Property, Answer)>,
}

impl Judgement {
    /// The judgement of a net.
    ///
    /// # Errors
    /// It has no flat form, so nothing can be proved of it.
    pub fn of(net: &Net, budget: &Budget) -> Result<Self, FlattenError> {
        let flat = net.flatten()?;
        let guarded = |task: &&crate::model::Task| task.outcomes().iter().any(|outcome| outcome.when.is_some());
        let covered = |task: &crate::model::Task| (task.name.clone(), cover(task.outcomes(), &net.data, COMBINATIONS));
        Ok(Self {
            verdict: prove(&flat, budget),
            choices: net.tasks.iter().filter(guarded).map(covered).collect(),
            properties: net.properties.iter().map(|property| kept(property, &flat, budget)).collect(),
            flat,
        })
    }

    /// Whether cases may run on it. A choice that cannot be judged beforehand is judged case by case, and stops the
    /// case that it fails; whatever else is not known is a no.
    pub fn admits(&self) -> bool {
        let decent =
            |(_, coverage): &(String, Coverage)| matches!(coverage, Coverage::Exact { .. } | Coverage::Undecided(_));
        let kept = |(_, answer): &(Property, Answer)| matches!(answer, Answer::Holds { .. });
        self.verdict.is_sound() && self.choices.iter().all(decent) && self.properties.iter().all(kept)
    }

    /// How many arcs there are.
    pub fn arcs(&self) -> usize {
        let of = |t: &crate::flat::Transition| t.consumes.len() + t.produces.len() + t.removes.len();
        self.flat.transitions.iter().map(of).sum()
    }
}

fn kept(property: &Property, flat: &Flat, budget: &Budget) -> (Property, Answer) {
    let answer = match property.rule.claim(flat) {
        Some(claim) => holds(flat, &claim, budget),
        None => Answer::Unknown {
            explored: crate::proof::Explored::default(),
            sentence: "it names places or tasks that the net does not have".to_owned(),
        },
    };
    (property.clone(), answer)
}

impl Rule {
    /// What it says of a flat net, if that has what it names. A task stands for all of its transitions.
    pub fn claim(&self, flat: &Flat) -> Option<Claim> {
        match self {
            Self::Together { place, other } => {
                Some(Claim::NeverTogether(vec![flat.find_place(place)?, flat.find_place(other)?]))
            }
            Self::Without { place, tasks } => {
                let of = |name: &str| tasks.iter().any(|task| is_of(name, task));
                let meant = flat.transition_ids().filter(|id| of(&flat.transition(*id).name)).collect::<Vec<_>>();
                let place = flat.find_place(place)?;
                (!meant.is_empty()).then_some(Claim::NoPlaceWithout(place, meant))
            }
        }
    }
}

/// Whether a transition is this one, or one of this task's.
fn is_of(transition: &str, task: &str) -> bool {
    transition.strip_prefix(task).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
