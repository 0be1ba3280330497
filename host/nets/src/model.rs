//! The model: what an engineer writes down.
//!
//! A [`Net`] speaks of conditions (places a case can be in) and tasks (what moves it on). A task *joins*: it waits for
//! all of its conditions, or for any of several sets of them. It *splits*: it fills all conditions, or those of one
//! named outcome, or those whose guards hold. Everything a case engine needs to know stands beside it: who does the
//! work, under which key, how often it is tried, when it is late.
//!
//! Names are kept as they were written; [`Net::flatten`] turns them into indices.

mod check;
mod data;
mod event;
mod flatten;
mod inline;
mod lift;
mod property;
mod size;
mod span;
mod task;

pub use check::Fault;
pub use data::{Type, Value, Variable};
pub use event::{Body, Event, NotATemplate, Template};
pub use flatten::{FlattenError, Flattened, Origin, Way};
pub use inline::{InlineError, Library};
pub use property::{Property, Rule};
pub(crate) use size::NODES_MAX;
pub use size::Oversize;
pub use span::{Due, NotASpan, Span, Unit};
pub use task::{
    Entry, Fallback, Flow, Instances, Join, Kind, Outcome, Retry, Service, Split, Task, Timer, User, Write,
};

/// A workflow net, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// What it is called, in files and in composite tasks: `vendor-onboarding`.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// What a case carries along, and guards ask about.
    pub data: Vec<Variable>,
    /// Where a case can be, in the order they were written.
    pub conditions: Vec<Condition>,
    /// What moves it on, in the order they were written.
    pub tasks: Vec<Task>,
    /// The task that ends the net, whose entries are its named ends; a net that simply stops has none.
    pub closing: Option<String>,
    /// What has to be true of every case, beside soundness.
    pub properties: Vec<Property>,
}

/// A place a case can be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Unique in its net: `P_VendorApproved`.
    pub name: String,
    /// What it means for the case to be here.
    pub about: String,
}

impl Net {
    /// The task of this name.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The variable of this name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.data.iter().find(|variable| variable.name == name)
    }
}

/// Whether a task may be called this. A dot divides a task from its outcome; a slash, the net that a task stands for from
/// a task inside it.
pub(crate) fn is_task_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_letter)
}

/// Whether a letter may stand in a task's name.
fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/')
}
