//! Covering: whether the guards of one task's outcomes leave no case out and let none go two ways.
//!
//! Soundness says nothing of data: it assumes that exactly one outcome applies. Here that is checked, by trying every
//! combination of values that the guards ask about. A variable without an end of values is tried at the constants it is
//! compared with and beside them, which decides as much as all values would, as long as it is compared with nothing
//! else.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChoiceError, Expr, Term, choose};
use crate::model::{Outcome, Type, Value, Variable};

/// How many combinations are tried before a check gives up. Four reviews with three verdicts are 81.
pub const COMBINATIONS: u64 = 100_000;

/// Comparisons that all tasks of one net may take together, each on so many combinations: about a second.
pub const LOOKS: u64 = 50_000_000;

/// Longer ranges are tried at their ends and around the constants they are compared with.
const LISTED: u64 = 1_000;

/// What is known of a task's guards before any case runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Exactly one outcome applies, always.
    Exact {
        /// How many combinations were tried.
        combinations: u64,
        /// How many of them end in each outcome, in the order of the outcomes.
        each: Vec<(String, u64)>,
    },
    /// For these values no outcome applies.
    Gap(Vec<(String, Value)>),
    /// For these values two do.
    Overlap {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// The values.
        example: Vec<(String, Value)>,
    },
    /// Nobody can tell beforehand, for this reason.
    Undecided(String),
}

/// Tries every combination of what the guards ask about. Outcomes without any guard are named by whoever does the
/// task, so for them there is nothing to try.
pub fn cover(outcomes: &[Outcome], variables: &[Variable], budget: u64) -> Coverage {
    cover_within(outcomes, variables, budget, &mut LOOKS.clone())
}

/// The same, within what is left of the comparisons of a whole net.
pub fn cover_within(outcomes: &[Outcome], variables: &[Variable], budget: u64, left: &mut u64) -> Coverage {
    let mut asked = Asked::default();
    let guards = outcomes.iter().filter_map(|outcome| outcome.when.as_ref());
    guards.for_each(|guard| asked.of(&guard.root));
    match asked.domains(variables) {
        Err(reason) => Coverage::Undecided(reason),
        Ok(domains) => {
            let size = domains.iter().fold(1u64, |size, (_, values)| size.saturating_mul(values.len() as u64));
            if size > budget {
                return Coverage::Undecided(format!("{size} combinations of values are more than {budget}"));
            }
            let looks = size.saturating_mul(asked.looks.max(1));
            let Some(less) = left.checked_sub(looks) else {
                return Coverage::Undecided(format!("{looks} comparisons are more than are left for this net"));
            };
            *left = less;
            try_all(outcomes, variables, &domains)
        }
    }
}

type Domains = Vec<(usize, Vec<Value>)>;

fn try_all(outcomes: &[Outcome], variables: &[Variable], domains: &Domains) -> Coverage {
    let mut each: Vec<(String, u64)> = outcomes.iter().map(|outcome| (outcome.name.clone(), 0)).collect();
    let mut data: Vec<Option<Value>> = vec![None; variables.len()];
    let mut turn = vec![0usize; domains.len()];
    let mut combinations = 0;
    loop {
        for ((variable, values), at) in domains.iter().zip(&turn) {
            data[*variable] = Some(values[*at].clone());
        }
        combinations += 1;
        match choose(outcomes, variables, &data) {
            Ok(outcome) => {
                let found = each.iter_mut().find(|(name, _)| *name == outcome.name);
                found.into_iter().for_each(|(_, count)| *count += 1);
            }
            Err(ChoiceError::Named) => return Coverage::Exact { combinations: 0, each: Vec::new() },
            Err(ChoiceError::None) => return Coverage::Gap(example(variables, &data)),
            Err(ChoiceError::Several(first, second)) => {
                return Coverage::Overlap { first, second, example: example(variables, &data) };
            }
            Err(unset @ ChoiceError::Unset { .. }) => return Coverage::Undecided(unset.to_string()),
        }
        if !advance(&mut turn, domains) {
            return Coverage::Exact { combinations, each };
        }
    }
}

/// The next combination, as an odometer counts; false after the last.
fn advance(turn: &mut [usize], domains: &Domains) -> bool {
    for (at, (_, values)) in turn.iter_mut().zip(domains) {
        *at += 1;
        if *at < values.len() {
            return true;
        }
        *at = 0;
    }
    false
}

fn example(variables: &[Variable], data: &[Option<Value>]) -> Vec<(String, Value)> {
    let named = variables.iter().zip(data).filter_map(|(variable, value)| Some((variable, value.clone()?)));
    named.map(|(variable, value)| (variable.name.clone(), value)).collect()
}

/// What guards ask about: variables, the constants each is compared with, and the variables it is compared with.
#[derive(Default)]
struct Asked {
    constants: BTreeMap<usize, BTreeSet<Value>>,
    rivals: BTreeMap<usize, usize>,
    /// How many comparisons there are.
    looks: u64,
}

impl Asked {
    fn of(&mut self, guard: &Expr) {
        guard.comparisons(&mut |_, _| self.looks += 1);
        guard.comparisons(&mut |left, right| match (left, right) {
            (Term::Variable(at), Term::Literal(value)) | (Term::Literal(value), Term::Variable(at)) => {
                self.constants.entry(*at).or_default().insert(value.clone());
            }
            (Term::Variable(one), Term::Variable(two)) => {
                self.constants.entry(*one).or_default();
                self.constants.entry(*two).or_default();
                self.rivals.extend([(*one, *two), (*two, *one)]);
            }
            (Term::Literal(_), Term::Literal(_)) => {}
        });
    }

    fn domains(&self, variables: &[Variable]) -> Result<Domains, String> {
        self.constants
            .iter()
            .map(|(at, constants)| {
                let Variable { name, kind } = &variables[*at];
                match (kind.size(), self.rivals.get(at)) {
                    (Some(size), _) if size <= LISTED => Ok((0..size).filter_map(|index| kind.nth(index)).collect()),
                    (_, None) => Ok(landmarks(kind, constants)),
                    (_, Some(other)) => Err(format!(
                        "`{name}` is {kind} and is compared with `{}`: there is no end of combinations",
                        variables[*other].name
                    )),
                }
                .map(|values: Vec<Value>| (*at, values))
            })
            .collect()
    }
}

/// The constants themselves, what lies between and beside them, and one value that is none of them.
fn landmarks(kind: &Type, constants: &BTreeSet<Value>) -> Vec<Value> {
    let mut values = constants.clone();
    for constant in constants {
        if let Value::Number(number) = constant {
            values.insert(Value::Number(number.saturating_sub(1)));
            values.insert(Value::Number(number.saturating_add(1)));
        }
    }
    match kind {
        Type::Range { low, high } => values.extend([*low, *high].map(Value::Number)),
        Type::Text => {
            let longest = constants.iter().map(|value| value.to_string().len()).max().unwrap_or(0);
            values.insert(Value::Text("x".repeat(longest + 1)));
        }
        Type::Bool | Type::Enum(_) | Type::Money => {}
    }
    values.into_iter().filter(|value| kind.holds(value)).collect()
}
