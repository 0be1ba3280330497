//! Guards: what a case's data has to say before a way is taken.
//!
//! The language is a part of CEL, so nobody has to learn it: comparisons, `in`, `&&`, `||`, `!` and `?:` over declared
//! variables. What is left out is what could go wrong later. There is no arithmetic to overflow, no index to miss, no
//! function to call, and every name and word is checked when the net is read; so a guard that was accepted can be
//! evaluated on any case, in no time to speak of, and guards over finite domains can be compared exhaustively.

mod choose;
mod cover;
mod read;

use std::collections::BTreeSet;

use crate::model::{Value, Variable};

pub use choose::{ChoiceError, choose};
pub use cover::{COMBINATIONS, Coverage, LOOKS, cover, cover_within};
pub use read::GuardError;

/// A condition on a case's data, read and checked against the net's variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    text: String,
    root: Expr,
}

/// A variable that a guard asks about and that nothing has been written to yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unset(
    /// Its index among the net's variables.
    pub usize,
);

/// A case's data: one place for each of the net's variables, in their order.
pub type Data = [Option<Value>];

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expr {
    Const(bool),
    Flag(usize),
    Not(Box<Expr>),
    All(Box<[Expr; 2]>),
    Any(Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
    Compare(Term, Order, Term),
    OneOf(Term, Vec<Value>),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Variable(usize),
    Literal(Value),
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Guard {
    /// Reads a guard over these variables.
    ///
    /// # Errors
    /// What is no CEL, names what is not declared, compares what cannot be equal, or asks for more than guards may.
    pub fn parse(text: &str, data: &[Variable]) -> Result<Self, GuardError> {
        Ok(Self { text: text.to_owned(), root: read::read(text, data)? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables it asks about, by their index among the net's.
    pub fn variables(&self) -> BTreeSet<usize> {
        let mut asked = BTreeSet::new();
        let mut ask = |term: &Term| match term {
            Term::Variable(at) => drop(asked.insert(*at)),
            Term::Literal(_) => {}
        };
        self.root.comparisons(&mut |left, right| [left, right].into_iter().for_each(&mut ask));
        asked
    }

    /// Whether it holds. As in CEL, what decides a conjunction or a disjunction decides it wherever it stands.
    ///
    /// # Errors
    /// The variable without which nobody can tell.
    pub fn holds(&self, data: &Data) -> Result<bool, Unset> {
        self.root.holds(data)
    }
}

impl Expr {
    fn holds(&self, data: &Data) -> Result<bool, Unset> {
        match self {
            Self::Const(flag) => Ok(*flag),
            Self::Flag(at) => Ok(value(data, *at)? == &Value::Bool(true)),
            Self::Not(inner) => inner.holds(data).map(|held| !held),
            Self::All(both) => either(both, data, false),
            Self::Any(both) => either(both, data, true),
            Self::If(parts) => parts[if parts[0].holds(data)? { 1 } else { 2 }].holds(data),
            Self::Compare(left, order, right) => Ok(order.holds(left.value(data)?, right.value(data)?)),
            Self::OneOf(term, values) => Ok(values.contains(term.value(data)?)),
        }
    }

    /// Shows every comparison as its two sides; a flag is compared with `true`, a list word by word.
    fn comparisons(&self, show: &mut dyn FnMut(&Term, &Term)) {
        match self {
            Self::Const(_) => {}
            Self::Flag(at) => show(&Term::Variable(*at), &Term::Literal(Value::Bool(true))),
            Self::Not(inner) => inner.comparisons(show),
            Self::All(both) | Self::Any(both) => both.iter().for_each(|part| part.comparisons(show)),
            Self::If(parts) => parts.iter().for_each(|part| part.comparisons(show)),
            Self::Compare(left, _, right) => show(left, right),
            Self::OneOf(term, values) => {
                values.iter().for_each(|value| show(term, &Term::Literal(value.clone())));
            }
        }
    }
}

/// A conjunction (`decides` false) or a disjunction (`decides` true).
fn either(both: &[Expr; 2], data: &Data, decides: bool) -> Result<bool, Unset> {
    match (both[0].holds(data), both[1].holds(data)) {
        (Ok(held), _) | (_, Ok(held)) if held == decides => Ok(decides),
        (Err(unset), _) | (_, Err(unset)) => Err(unset),
        _ => Ok(!decides),
    }
}

impl Term {
    fn value<'v>(&'v self, data: &'v Data) -> Result<&'v Value, Unset> {
        match self {
            Self::Variable(at) => value(data, *at),
            Self::Literal(value) => Ok(value),
        }
    }
}

fn value(data: &Data, at: usize) -> Result<&Value, Unset> {
    data.get(at).and_then(Option::as_ref).ok_or(Unset(at))
}

impl Order {
    fn holds(self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}
