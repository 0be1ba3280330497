//! Tasks: what moves a case on, who does it, and what happens when nobody does.

use super::{Due, Event, Span, Value};
use crate::guard::Guard;

/// What moves a case on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Unique in its net: `T_VerifyIdentity`.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// Who does it.
    pub kind: Kind,
    /// It is not enabled where this does not hold, whatever is marked.
    pub when: Option<Guard>,
    /// What it waits for.
    pub join: Join,
    /// What it leaves behind.
    pub split: Split,
    /// Conditions that are emptied before any is filled.
    pub cancels: Vec<String>,
    /// What it writes into the case by itself, whatever its outcome.
    pub sets: Vec<Write>,
    /// The variables that whoever does it may say, beside those that its guards ask about.
    pub says: Vec<String>,
    /// How often it is done side by side; once, if nothing is said.
    pub instances: Option<Instances>,
    /// What is promised: being late moves nothing, it is counted and escalated.
    pub sla: Option<Span>,
    /// The role that hears of it when it is late.
    pub escalation: Option<String>,
}

/// Who does a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The engine itself, as soon as it is enabled.
    Auto {
        /// What it computes on the way, in the same commit: `market/confirm-order`.
        action: Option<String>,
    },
    /// A connector, a reducer or a component.
    Service(Service),
    /// A person, or an agent that stands in for one.
    User(User),
    /// The clock.
    Timer(Timer),
    /// Another net, of this name.
    Composite(String),
}

/// How a service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// What it is asked for: `kyc/verify`. Where it raises an event, `event/` and the event's type.
    pub action: String,
    /// Under which key, with variables of the case in braces: `{vendor_id}/identity`. Asked twice, it does it once. Empty
    /// where it raises an event, which has an id of its own.
    pub key: String,
    /// The event it raises, whose outcome is its answer; none where a connector is asked.
    pub event: Option<Box<Event>>,
    /// What is asked for when what it did has to be undone, or came too late.
    pub undo: Option<String>,
    /// How often it is asked again when there is no answer.
    pub retry: Option<Retry>,
    /// How long one try may take.
    pub timeout: Option<Span>,
    /// Who does it by hand when all tries are spent; without one, the case waits for an operator.
    pub fallback: Option<Fallback>,
}

/// How often a service is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How many times it is asked in all.
    pub attempts: u32,
    /// How long to wait before each further try; the last one holds for all that follow.
    pub backoff: Vec<Span>,
}

/// The same task in a person's hands: one more transition, with the same arcs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// What its transition is called after the task's name: `manual`.
    pub name: String,
    /// Who may do it.
    pub roles: Vec<String>,
}

/// Who is offered a user task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// Any of these.
    pub roles: Vec<String>,
}

/// A task that time does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// When.
    pub due: Due,
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Join {
    /// All of these conditions; one token is taken from each.
    And(Vec<String>),
    /// All conditions of any one entry.
    Xor(Vec<Entry>),
    /// Any of these, once no further token can come to the others.
    Or(Vec<String>),
}

/// One way into a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What its transition is called after the task's name; the ordinary way in needs no name.
    pub name: Option<String>,
    /// One token from each.
    pub takes: Vec<String>,
    /// What it writes into the case when it is taken.
    pub sets: Vec<Write>,
}

/// What a task leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// One token on each of these.
    And(Vec<String>),
    /// Exactly one outcome. If no outcome has a guard, whoever does the task names it.
    Xor(Vec<Outcome>),
    /// Every flow whose guard holds, and at least one.
    Or(Vec<Flow>),
}

/// One way out of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What its transition is called after the task's name: `pass`.
    pub name: String,
    /// When it is taken; where others have a guard, the one without is taken when theirs do not hold.
    pub when: Option<Guard>,
    /// One token on each.
    pub gives: Vec<String>,
    /// What it writes into the case when it is taken.
    pub sets: Vec<Write>,
    /// Of a composite task: what the sub-net's closing transition is called when the net is in-lined.
    pub closes: Option<String>,
}

/// One branch of an OR-split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// When it is taken.
    pub when: Guard,
    /// The condition it fills.
    pub gives: String,
}

/// What a task writes into its case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// This value.
    Set {
        /// The variable.
        variable: String,
        /// What it holds from then on.
        value: Value,
    },
    /// One more than before, up to the end of the variable's range.
    Count(String),
}

/// How often a task is done side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instances {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: u32,
    /// It is done once this many are; the others are withdrawn.
    pub threshold: u32,
    /// The variable that names the instances.
    pub over: String,
}

impl Task {
    /// A task that the engine does by itself, and of which nothing more is to be said.
    pub fn auto(name: String, about: String, join: Join, split: Split) -> Self {
        Self {
            name,
            about,
            kind: Kind::Auto { action: None },
            when: None,
            join,
            split,
            cancels: Vec::new(),
            sets: Vec::new(),
            says: Vec::new(),
            instances: None,
            sla: None,
            escalation: None,
        }
    }

    /// Every way in: the conditions, and what the entry is called.
    pub fn entries(&self) -> Vec<(Option<&str>, &[String])> {
        match &self.join {
            Join::And(takes) | Join::Or(takes) => vec![(None, takes.as_slice())],
            Join::Xor(entries) => entries.iter().map(|entry| (entry.name.as_deref(), entry.takes.as_slice())).collect(),
        }
    }

    /// Every condition a token may be taken from.
    pub fn takes(&self) -> impl Iterator<Item = &String> {
        self.entries().into_iter().flat_map(|(_, takes)| takes)
    }

    /// Every condition a token may be put on.
    pub fn gives(&self) -> Vec<&String> {
        match &self.split {
            Split::And(gives) => gives.iter().collect(),
            Split::Xor(outcomes) => outcomes.iter().flat_map(|outcome| &outcome.gives).collect(),
            Split::Or(flows) => flows.iter().map(|flow| &flow.gives).collect(),
        }
    }

    /// The outcomes of an XOR-split; none where there is no choice.
    pub fn outcomes(&self) -> &[Outcome] {
        match &self.split {
            Split::Xor(outcomes) => outcomes,
            Split::And(_) | Split::Or(_) => &[],
        }
    }

    /// The fallback of a service, if it has one.
    pub fn fallback(&self) -> Option<&Fallback> {
        match &self.kind {
            Kind::Service(service) => service.fallback.as_ref(),
            _ => None,
        }
    }

    /// Shows every condition that a span counts from.
    pub(super) fn spans_mut(&mut self, show: &mut dyn FnMut(&mut String)) {
        let mut spans: Vec<&mut Span> = self.sla.iter_mut().collect();
        match &mut self.kind {
            Kind::Timer(Timer { due: Due::After(span) }) => spans.push(span),
            Kind::Timer(Timer { due: Due::By { spans: each, .. } }) => {
                spans.extend(each.iter_mut().map(|(_, span)| span))
            }
            Kind::Service(service) => spans.extend(service.timeout.iter_mut()),
            Kind::Auto { .. } | Kind::User(_) | Kind::Composite(_) => {}
        }
        spans.into_iter().filter_map(|span| span.since.as_mut()).for_each(show);
    }

    /// Shows every guard there is, until one is refused.
    pub(super) fn guards_mut<E>(&mut self, show: &mut dyn FnMut(&mut Guard) -> Result<(), E>) -> Result<(), E> {
        self.when.iter_mut().try_for_each(&mut *show)?;
        match &mut self.split {
            Split::And(_) => Ok(()),
            Split::Xor(outcomes) => outcomes.iter_mut().filter_map(|outcome| outcome.when.as_mut()).try_for_each(show),
            Split::Or(flows) => flows.iter_mut().map(|flow| &mut flow.when).try_for_each(show),
        }
    }
}
