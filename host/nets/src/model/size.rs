//! Size: how much one net may be.
//!
//! A few lines can stand for very many transitions, one for every way in and every way out of a task, and nets in nets
//! multiply. So a net is counted, from what is written, before anything is made of it: what is too much is refused while
//! it is still small.

use super::{Net, Split, Task};

/// Conditions of one net, tasks of one, and transitions they stand for. The marketplace has about a hundred of each.
pub(crate) const NODES_MAX: usize = 10_000;

/// Arcs of its transitions.
const ARCS_MAX: usize = 200_000;

/// Variables a case may carry along.
const VARIABLES_MAX: usize = 1_000;

/// Properties beside a net: each is looked for in every marking.
const PROPERTIES_MAX: usize = 1_000;

/// Bytes of all guards together: to read one takes longer than all else of its line.
const GUARDS_MAX_BYTES: usize = 256 * 1024;

/// Bytes of one name: it stands in reports, in receipts and in what is stored under.
const NAME_MAX_BYTES: usize = 256;

/// A net that is too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{count} {what} are too many for one net: {most} are allowed")]
pub struct Oversize {
    /// Of what.
    pub what: &'static str,
    /// How many there are, or bytes.
    pub count: usize,
    /// How many there may be.
    pub most: usize,
}

impl Net {
    /// What there is too much of.
    ///
    /// # Errors
    /// The first thing.
    pub fn sized(&self) -> Result<(), Oversize> {
        let all = |of: fn(&Task) -> usize| self.tasks.iter().map(of).fold(0, usize::saturating_add);
        within("conditions", self.conditions.len(), NODES_MAX)?;
        within("tasks", self.tasks.len(), NODES_MAX)?;
        within("variables", self.data.len(), VARIABLES_MAX)?;
        within("properties", self.properties.len(), PROPERTIES_MAX)?;
        within("transitions", all(Task::transitions), NODES_MAX)?;
        within("arcs", all(Task::arcs), ARCS_MAX)?;
        within("bytes of guards", all(Task::guard_bytes), GUARDS_MAX_BYTES)
    }

    /// The names that are too long to be any, and the paths they stand under.
    pub(super) fn long_names(&self) -> impl Iterator<Item = (String, usize)> {
        let conditions = self.conditions.iter().map(|condition| ("conditions.", condition.name.as_str()));
        let tasks = self.tasks.iter().flat_map(|task| task.names().map(move |name| ("task.", name)));
        let variables = self.data.iter().map(|variable| ("data.", variable.name.as_str()));
        let properties = self.properties.iter().map(|property| ("properties.", property.name.as_str()));
        let all = conditions.chain(tasks).chain(variables).chain(properties);
        all.filter(|(_, name)| name.len() > NAME_MAX_BYTES).map(|(under, name)| (format!("{under}{name}"), name.len()))
    }

    /// What is wrong with what the net is called: it is found and kept under that.
    pub(super) fn misnamed(&self) -> Option<String> {
        let name = &self.name;
        let long = name.len() > NAME_MAX_BYTES;
        (long || name.trim().is_empty() || name.chars().any(char::is_control))
            .then(|| format!("a net is called by one line of at most {NAME_MAX_BYTES} bytes"))
    }
}

fn within(what: &'static str, count: usize, most: usize) -> Result<(), Oversize> {
    if count > most { Err(Oversize { what, count, most }) } else { Ok(()) }
}

impl Task {
    /// How many transitions it stands for.
    fn transitions(&self) -> usize {
        self.entries().len().saturating_mul(self.ways().0).saturating_mul(self.hands())
    }

    /// How many arcs those have.
    fn arcs(&self) -> usize {
        let ((ways, gives), entries) = (self.ways(), self.entries().len());
        let takes = self.takes().count().saturating_mul(ways);
        let gives = gives.saturating_mul(entries);
        let cancels = self.cancels.len().saturating_mul(entries).saturating_mul(ways);
        takes.saturating_add(gives).saturating_add(cancels).saturating_mul(self.hands())
    }

    /// How many ways lead out, and how many conditions they fill in all. An OR-split goes every set of its flows.
    fn ways(&self) -> (usize, usize) {
        match &self.split {
            Split::And(gives) => (1, gives.len()),
            Split::Xor(outcomes) => (outcomes.len(), outcomes.iter().map(|outcome| outcome.gives.len()).sum()),
            Split::Or(flows) => {
                let sets = 1 << flows.len().min(super::check::FLOWS);
                (sets - 1, sets / 2 * flows.len())
            }
        }
    }

    fn hands(&self) -> usize {
        1 + usize::from(self.fallback().is_some())
    }

    fn guard_bytes(&self) -> usize {
        let outcomes = self.outcomes().iter().filter_map(|outcome| outcome.when.as_ref());
        let flows = if let Split::Or(flows) = &self.split { flows.as_slice() } else { &[] };
        let guards = self.when.iter().chain(outcomes).chain(flows.iter().map(|flow| &flow.when));
        guards.map(|guard| guard.text().len()).sum()
    }

    /// The names it gives to what it stands for.
    fn names(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries().into_iter().filter_map(|(name, _)| name);
        let outcomes = self.outcomes().iter().map(|outcome| outcome.name.as_str());
        let by_hand = self.fallback().map(|fallback| fallback.name.as_str());
        std::iter::once(self.name.as_str()).chain(entries).chain(outcomes).chain(by_hand)
    }
}
