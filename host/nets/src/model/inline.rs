//! In-lining: a net of nets as one net.
//!
//! A composite task can be proved as a single step, net by net. To prove the whole, its insides take its place: the
//! sub-net begins where the task waited and, for each of its ends, goes on where the outcome of that name leads. Where
//! both ends of the seam have one name, they are one condition; else a transition leads across.

use std::collections::BTreeSet;

use super::{Condition, Entry, FlattenError, Join, Kind, Net, Outcome, Oversize, Property, Rule, Split, Task};
use crate::guard::{Guard, GuardError};

/// The nets that composite tasks may name.
#[derive(Debug, Clone, Default)]
pub struct Library(
    /// Each with a name of its own.
    pub Vec<Net>,
);

/// Why a net could not be in-lined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InlineError {
    /// A composite task names a net that is not there.
    #[error("`{task}` stands for the net `{net}`, which is not there")]
    NoSuchNet {
        /// The task.
        task: String,
        /// The net it names.
        net: String,
    },
    /// A net that contains itself.
    #[error("the net `{0}` contains itself")]
    Endless(String),
    /// The ends of the sub-net and the outcomes of the task are not the same.
    #[error("`{task}` has no outcome for the end `{end}` of the net `{net}`, or the net no such end")]
    Ends {
        /// The task.
        task: String,
        /// The net inside.
        net: String,
        /// The end, or outcome, without a partner.
        end: String,
    },
    /// A sub-net without a single beginning or end.
    #[error("the net `{0}` does not begin in one condition and end in one")]
    NoWorkflow(String),
    /// One name, two meanings.
    #[error("`{0}` is declared twice, and differently")]
    TwoKinds(String),
    /// The whole would be too much.
    #[error("with the nets it names in their places, {0}")]
    Oversize(#[from] Oversize),
    /// The sub-net has no flat form.
    #[error(transparent)]
    Flatten(#[from] FlattenError),
    /// A guard no longer reads; that would be our fault, but it is told and not hidden.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// How deep nets may lie in nets.
const DEEPEST: usize = 16;

impl Library {
    /// This net with every composite task replaced by its insides.
    ///
    /// # Errors
    /// A net that is missing, contains itself, or does not fit its task.
    pub fn inline(&self, net: &Net) -> Result<Net, InlineError> {
        self.inline_below(net, 0)
    }

    fn inline_below(&self, net: &Net, depth: usize) -> Result<Net, InlineError> {
        if depth > DEEPEST {
            return Err(InlineError::Endless(net.name.clone()));
        }
        let mut whole = Net { tasks: Vec::new(), closing: None, ..net.clone() };
        let own: BTreeSet<&str> = net.tasks.iter().map(|task| task.name.as_str()).collect();
        for task in &net.tasks {
            match &task.kind {
                Kind::Composite(name) => {
                    let inner = self.0.iter().find(|net| net.name == *name);
                    let missing = || InlineError::NoSuchNet { task: task.name.clone(), net: name.clone() };
                    let inner = self.inline_below(inner.ok_or_else(missing)?, depth + 1)?;
                    splice(&mut whole, task, inner, &own)?;
                    whole.sized()?;
                }
                _ => whole.tasks.push(task.clone()),
            }
        }
        whole.closing.clone_from(&net.closing);
        Ok(whole)
    }
}

/// Puts the insides of one composite task into the net, whose own tasks have these names.
fn splice(whole: &mut Net, task: &Task, inner: Net, own: &BTreeSet<&str>) -> Result<(), InlineError> {
    let flat = inner.flatten()?;
    let (Some(source), Some(sink)) = (flat.source, flat.sink) else { return Err(InlineError::NoWorkflow(inner.name)) };
    let begins = task.takes().next().cloned().unwrap_or_default();
    let ends = ends(task, &inner, flat.place(sink))?;
    let mut seams: BTreeSet<&str> = BTreeSet::new();
    seams.extend(ends.iter().filter(|end| end.fused()).map(|end| end.takes[0].as_str()));

    let taken: BTreeSet<String> = whole.conditions.iter().map(|condition| condition.name.clone()).collect();
    let place = |name: &str| match () {
        () if name == flat.place(source) => begins.clone(),
        () if taken.contains(name) && !seams.contains(name) => format!("{}/{name}", task.name),
        () => name.to_owned(),
    };
    let gone = inner.closing.is_some().then(|| flat.place(sink));
    for Condition { name, about } in inner.conditions.iter().filter(|inside| gone != Some(inside.name.as_str())) {
        let name = place(name);
        if !whole.conditions.iter().any(|condition| condition.name == name) {
            whole.conditions.push(Condition { name, about: about.clone() });
        }
    }
    declare(whole, &inner)?;
    let known: BTreeSet<String> = whole.tasks.iter().map(|known| known.name.clone()).collect();
    // A task, or a transition of one.
    let called = |name: &str| {
        let of = name.split('.').next().unwrap_or(name);
        if known.contains(of) || own.contains(of) { format!("{}/{name}", task.name) } else { name.to_owned() }
    };
    for inside in inner.tasks.iter().filter(|inside| inner.closing.as_ref() != Some(&inside.name)) {
        let moved = Task { name: called(&inside.name), ..renamed(inside, &place, whole)? };
        whole.tasks.push(moved);
    }
    for end in ends.iter().filter(|end| !end.fused()) {
        let end = End { takes: end.takes.iter().map(|name| place(name)).collect(), ..end.clone() };
        close(whole, task, end);
    }
    whole.properties.extend(inner.properties.iter().map(|property| moved(property, &task.name, &place, &called)));
    Ok(())
}

/// One end of a sub-net, and where the composite task goes on from it.
#[derive(Debug, Clone)]
struct End {
    takes: Vec<String>,
    gives: Vec<String>,
    closes: Option<String>,
    name: String,
}

impl End {
    /// Whether inside and outside are one condition.
    fn fused(&self) -> bool {
        self.takes == self.gives && self.takes.len() == 1
    }
}

fn ends(task: &Task, inner: &Net, sink: &str) -> Result<Vec<End>, InlineError> {
    let none = |end: &str| InlineError::Ends { task: task.name.clone(), net: inner.name.clone(), end: end.to_owned() };
    let closing = inner.closing.as_ref().and_then(|name| inner.task(name));
    let entries: Vec<(String, Vec<String>)> = match closing {
        Some(closing) => {
            let named =
                |(name, takes): (Option<&str>, &[String])| (name.unwrap_or_default().to_owned(), takes.to_vec());
            closing.entries().into_iter().map(named).collect()
        }
        None => vec![("ended".to_owned(), vec![sink.to_owned()])],
    };
    let outcomes = match &task.split {
        Split::And(gives) if entries.len() == 1 => {
            let only =
                Outcome { name: entries[0].0.clone(), when: None, gives: gives.clone(), sets: vec![], closes: None };
            vec![only]
        }
        _ => task.outcomes().to_vec(),
    };
    if let Some(extra) = outcomes.iter().find(|outcome| !entries.iter().any(|(name, _)| *name == outcome.name)) {
        return Err(none(&extra.name));
    }
    entries
        .into_iter()
        .map(|(name, takes)| {
            let outcome = outcomes.iter().find(|outcome| outcome.name == name).ok_or_else(|| none(&name))?;
            Ok(End { takes, gives: outcome.gives.clone(), closes: outcome.closes.clone(), name })
        })
        .collect()
}

/// The sub-net's variables join the whole's; a name may mean one thing only.
fn declare(whole: &mut Net, inner: &Net) -> Result<(), InlineError> {
    for variable in &inner.data {
        match whole.variable(&variable.name) {
            Some(known) if known.kind != variable.kind => return Err(InlineError::TwoKinds(variable.name.clone())),
            Some(_) => {}
            None => whole.data.push(variable.clone()),
        }
    }
    Ok(())
}

/// A transition across a seam: an entry of the task it is to be called after, `T_CloseCase.rejected`.
fn close(whole: &mut Net, composite: &Task, end: End) {
    let named = end.closes.as_deref().and_then(|name| name.split_once('.'));
    let (task, entry) = named.map_or_else(
        || (end.closes.clone().unwrap_or_else(|| format!("{}/{}", composite.name, end.name)), None),
        |(task, entry)| (task.to_owned(), Some(entry.to_owned())),
    );
    let entry = Entry { name: entry, takes: end.takes, sets: Vec::new() };
    let split = Split::And(end.gives);
    let known = whole.tasks.iter_mut().find(|known| known.name == task && known.split == split);
    if let Some(Task { join: Join::Xor(entries), .. }) = known {
        return entries.push(entry);
    }
    let about = "ends the case".to_owned();
    whole.tasks.push(Task::auto(task, about, Join::Xor(vec![entry]), split));
}

/// A task of the sub-net, with its conditions' new names and its guards over the whole's variables.
fn renamed(inside: &Task, place: &impl Fn(&str) -> String, whole: &Net) -> Result<Task, InlineError> {
    let mut task = inside.clone();
    let all = |names: &mut Vec<String>| names.iter_mut().for_each(|name| *name = place(name));
    all(&mut task.cancels);
    match &mut task.join {
        Join::And(takes) | Join::Or(takes) => all(takes),
        Join::Xor(entries) => entries.iter_mut().for_each(|entry| all(&mut entry.takes)),
    }
    match &mut task.split {
        Split::And(gives) => all(gives),
        Split::Xor(outcomes) => outcomes.iter_mut().for_each(|outcome| all(&mut outcome.gives)),
        Split::Or(flows) => flows.iter_mut().for_each(|flow| flow.gives = place(&flow.gives)),
    }
    task.spans_mut(&mut |since| *since = place(since));
    task.guards_mut(&mut |guard| {
        *guard = Guard::parse(guard.text(), &whole.data)?;
        Ok::<(), GuardError>(())
    })?;
    Ok(task)
}

/// A property of the sub-net, about what its conditions and tasks are called now; each net names its own properties, so
/// here they are told apart by the task that stands for the net.
fn moved(
    property: &Property,
    within: &str,
    place: &impl Fn(&str) -> String,
    called: &impl Fn(&str) -> String,
) -> Property {
    let rule = match &property.rule {
        Rule::Without { place: at, tasks } => {
            Rule::Without { place: place(at), tasks: tasks.iter().map(|task| called(task)).collect() }
        }
        Rule::Together { place: at, other } => Rule::Together { place: place(at), other: place(other) },
    };
    Property { name: format!("{within}/{}", property.name), rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::read;
    use crate::{Budget, prove};

    #[test]
    fn two_nets_may_call_their_ends_alike() {
        let inner = "net = \"inner\"\nclosing = \"T_Close\"\n[conditions]\nP_Begin = \"\"\nP_Done = \"\"\nP_End = \"\"\n\
                     [task.T_Do]\nkind = \"user\"\ntakes = \"P_Begin\"\ngives = \"P_Done\"\n\
                     [task.T_Close]\nkind = \"auto\"\nentry.ok = { takes = \"P_Done\" }\ngives = \"P_End\"\n";
        let outer = "net = \"outer\"\n[conditions]\nP_Begin = \"\"\nP_End = \"\"\n\
                     [task.T]\nkind = \"composite\"\nnet = \"inner\"\ntakes = \"P_Begin\"\noutcome.ok = { gives = \"P_End\" }\n";
        let whole = Library(vec![read(inner).unwrap()]).inline(&read(outer).unwrap()).unwrap();
        let names: Vec<&str> = whole.conditions.iter().map(|condition| condition.name.as_str()).collect();
        assert_eq!(names, ["P_Begin", "P_End", "P_Done"]);
        assert!(prove(&whole.flatten().unwrap(), &Budget::default()).is_sound());
    }

    #[test]
    fn a_task_inside_is_told_from_one_of_its_name_outside_and_so_is_what_is_promised_of_it() {
        let task = |name: &str, takes: &str, gives: &str, rest: &str| {
            format!("[task.{name}]\nkind = \"{rest}\"\ntakes = \"{takes}\"\ngives = \"{gives}\"\n")
        };
        let net = |name: &str, conditions: &[&str], tasks: &[String], rest: &str| {
            let conditions: String = conditions.iter().map(|name| format!("{name} = \"\"\n")).collect();
            read(&format!("net = \"{name}\"\n[conditions]\n{conditions}{}{rest}", tasks.concat())).unwrap()
        };
        let inner_tasks = [task("T_Ask", "P_In", "P_Mid", "user"), task("T_End", "P_Mid", "P_Out", "auto")];
        let promised = "[properties]\nasked = \"no P_Out without T_Ask or T_End\"\n";
        let inner = net("inner", &["P_In", "P_Mid", "P_Out"], &inner_tasks, promised);
        let composite = "composite\"\nnet = \"inner";
        let tasks = [
            task("T_Once", "P_Begin", "P_Once", composite),
            task("T_Again", "P_Once", "P_Twice", composite),
            task("T_Ask", "P_Twice", "P_Done", "user"),
        ];
        let outer = net("outer", &["P_Begin", "P_Once", "P_Twice", "P_Done"], &tasks, "");
        let whole = Library(vec![inner]).inline(&outer).unwrap();
        let names: Vec<&str> = whole.tasks.iter().map(|task| task.name.as_str()).collect();
        assert_eq!(whole.faults(), []);
        let twice = ["T_Again/T_Ask", "T_Again/T_End", "T_Again/ended", "T_Ask"];
        assert_eq!(names, [&["T_Once/T_Ask", "T_End", "T_Once/ended"][..], &twice].concat());
        let rules: Vec<String> = whole.properties.iter().map(|property| property.rule.to_string()).collect();
        let told =
            ["no P_Out without T_Once/T_Ask or T_End", "no T_Again/P_Out without T_Again/T_Ask or T_Again/T_End"];
        assert_eq!(rules, told);
        let text = crate::format::write(&whole);
        assert_eq!(crate::format::write(&read(&text).unwrap()), text, "the whole is a net like any other");
    }
}
