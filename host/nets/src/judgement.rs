//! The judgement of a net: everything that has to be known before a case may run on it.
//!
//! Three questions, and none answers another. Is it sound: can every case end, properly? Do its choices leave nobody
//! out: does exactly one outcome apply, whatever the data? Does it keep its promises: the properties its author wrote
//! beside it? Only a net with three good answers is admitted.

use crate::flat::Flat;
use crate::guard::{COMBINATIONS, Coverage, LOOKS, cover_within};
use crate::model::{FlattenError, Net, Property, Rule};
use crate::proof::{Answer, Budget, Claim, Explored, Verdict, holds, prove};

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
        let mut looks = LOOKS;
        let covered = |task: &crate::model::Task| {
            (task.name.clone(), cover_within(task.outcomes(), &net.data, COMBINATIONS, &mut looks))
        };
        // All properties together may take as much as the proof.
        let mut work = budget.work;
        Ok(Self {
            verdict: prove(&flat, budget),
            choices: net.tasks.iter().filter(guarded).map(covered).collect(),
            properties: net.properties.iter().map(|property| kept(property, &flat, budget, &mut work)).collect(),
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

/// Whether a property is kept, within what is left for all properties together.
fn kept(property: &Property, flat: &Flat, budget: &Budget, left: &mut u64) -> (Property, Answer) {
    let unknown = |sentence: String| Answer::Unknown { explored: Explored::default(), sentence };
    let answer = match property.rule.claim(flat) {
        Ok(_) if *left == 0 => unknown("the properties before took all that the budget allows".to_owned()),
        Ok(claim) => holds(flat, &claim, &Budget { work: budget.work.min(*left), ..*budget }),
        Err(missing) => unknown(missing.to_string()),
    };
    *left = left.saturating_sub(answer.explored().work);
    (property.clone(), answer)
}

/// Something that a rule names and the net does not have. What is said of something else is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it names `{name}`, and the net has no such {}", if *task { "task" } else { "place" })]
pub struct NotThere {
    /// The name.
    pub name: String,
    /// Whether it is meant for a task's, or else for a place's.
    pub task: bool,
}

impl Rule {
    /// What it says of a flat net. A task stands for all of its transitions.
    ///
    /// # Errors
    /// The first name in it that the net does not have.
    pub fn claim(&self, flat: &Flat) -> Result<Claim, NotThere> {
        let place = |name: &String| flat.find_place(name).ok_or_else(|| NotThere { name: name.clone(), task: false });
        match self {
            Self::Together { place: one, other } => Ok(Claim::NeverTogether(vec![place(one)?, place(other)?])),
            Self::Without { place: at, tasks } => {
                let mut meant = Vec::new();
                for task in tasks {
                    let known = meant.len();
                    meant.extend(flat.transition_ids().filter(|id| is_of(&flat.transition(*id).name, task)));
                    if meant.len() == known {
                        return Err(NotThere { name: task.clone(), task: true });
                    }
                }
                meant.sort_unstable();
                meant.dedup();
                Ok(Claim::NoPlaceWithout(place(at)?, meant))
            }
        }
    }
}

/// Whether a transition is this one, or one of this task's.
fn is_of(transition: &str, task: &str) -> bool {
    transition.strip_prefix(task).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_names_what_is_not_there_is_not_answered_for_the_rest() {
        let net = crate::format::read(
            "net = \"small\"\n[conditions]\nP_A = \"\"\nP_B = \"\"\n[task.T_Real]\nkind = \"user\"\n\
             takes = \"P_A\"\noutcome.yes = { gives = \"P_B\" }\noutcome.no = { gives = \"P_B\" }\n",
        );
        let flat = net.unwrap().flatten().unwrap();
        let claim = |rule: &str| rule.parse::<Rule>().unwrap().claim(&flat).map_err(|missing| missing.to_string());
        let Ok(Claim::NoPlaceWithout(_, meant)) = claim("no P_B without T_Real.yes or T_Real") else { panic!() };
        assert_eq!(meant.len(), 2, "each of its transitions once");
        for (rule, sentence) in [
            ("no P_B without T_Real or T_Typo", "it names `T_Typo`, and the net has no such task"),
            ("no P_B without T_Re", "it names `T_Re`, and the net has no such task"),
            ("no P_C without T_Real", "it names `P_C`, and the net has no such place"),
            ("never P_A with P_D", "it names `P_D`, and the net has no such place"),
        ] {
            assert_eq!(claim(rule).unwrap_err(), sentence);
        }
    }
}
