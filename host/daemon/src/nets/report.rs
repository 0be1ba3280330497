//! What a check says: the same to a program and to a person.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use syndic_cli::plain::plain_lines;
use syndic_nets::guard::Coverage;
use syndic_nets::model::{Kind as TaskKind, Value};
use syndic_nets::proof::{Answer, Counterexample, Kind, Verdict};
use syndic_nets::{Flat, Judgement, Net, Tokens, TransitionId};

/// The report of one net.
#[derive(Serialize)]
pub(super) struct Report {
    net: String,
    verdict: &'static str,
    /// Whether cases may run on it.
    admitted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Size>,
    faults: Vec<Fault>,
    choices: Vec<Choice>,
    properties: Vec<Promise>,
    /// What is true, and no fault.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Size {
    places: usize,
    transitions: usize,
    arcs: usize,
    markings: usize,
    firings: usize,
}

#[derive(Serialize)]
struct Fault {
    kind: &'static str,
    message: String,
    firing: Vec<String>,
    marking: BTreeMap<String, u32>,
    tasks: Vec<String>,
    shortest: bool,
}

#[derive(Serialize)]
struct Choice {
    task: String,
    verdict: &'static str,
    message: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    example: BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Promise {
    name: String,
    rule: String,
    holds: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

impl Report {
    /// Of a net and what was found out about it.
    pub(super) fn of(net: &Net, judgement: &Judgement) -> Self {
        let inside = net.tasks.iter().filter(|task| matches!(task.kind, TaskKind::Composite(_))).count();
        let mut report = Self::of_plain(&net.name, judgement);
        if inside > 0 {
            let note = "its composite tasks were taken as single steps; --inline proves them as one net";
            report.notes.push(note.to_owned());
        }
        report
    }

    /// Of a net that has no more than its shape.
    pub(super) fn of_plain(name: &str, judgement: &Judgement) -> Self {
        let explored = judgement.verdict.explored();
        let flat = &judgement.flat;
        let mut notes = Vec::new();
        let verdict = match &judgement.verdict {
            Verdict::Sound { reduced, .. } => {
                let smaller = reduced.map(|size| {
                    format!("a smaller net of {} places and {} transitions was explored", size.places, size.transitions)
                });
                notes.extend(smaller);
                "sound"
            }
            Verdict::Unsound { faults, .. } if faults.iter().any(|fault| fault.kind == Kind::NotAWorkflowNet) => {
                "not-a-workflow-net"
            }
            Verdict::Unsound { .. } => "unsound",
            Verdict::Undecided { sentence, .. } => {
                notes.push(sentence.clone());
                "undecided"
            }
        };
        Self {
            net: name.to_owned(),
            verdict,
            admitted: judgement.admits(),
            size: Some(Size {
                places: flat.places.len(),
                transitions: flat.transitions.len(),
                arcs: judgement.arcs(),
                markings: explored.markings,
                firings: explored.firings,
            }),
            faults: judgement.verdict.faults().iter().map(|fault| Fault::of(flat, fault)).collect(),
            choices: judgement.choices.iter().map(|(task, coverage)| Choice::of(task, coverage)).collect(),
            properties: judgement.properties.iter().map(Promise::of).collect(),
            notes,
        }
    }

    /// Of a net about which nothing can be proved.
    pub(super) fn undecided(name: &str, why: &str) -> Self {
        Self::without_proof(name, "undecided", why)
    }

    /// Of a net whose cases do not begin as a workflow's do.
    pub(super) fn no_workflow_net(name: &str, why: &str) -> Self {
        Self::without_proof(name, "not-a-workflow-net", why)
    }

    fn without_proof(name: &str, verdict: &'static str, why: &str) -> Self {
        Self {
            net: name.to_owned(),
            verdict,
            admitted: false,
            size: None,
            faults: Vec::new(),
            choices: Vec::new(),
            properties: Vec::new(),
            notes: vec![why.to_owned()],
        }
    }

    /// Whether the answer is yes.
    pub(super) fn proved(&self) -> bool {
        self.admitted
    }
}

impl Fault {
    fn of(flat: &Flat, fault: &Counterexample) -> Self {
        let names = |ids: &[TransitionId]| ids.iter().map(|id| flat.transition(*id).name.clone()).collect();
        Self {
            kind: kind(fault.kind),
            message: fault.sentence.clone(),
            firing: names(&fault.firing),
            marking: named(flat, &fault.marking),
            tasks: names(&fault.tasks),
            shortest: fault.shortest,
        }
    }
}

fn named(flat: &Flat, tokens: &Tokens) -> BTreeMap<String, u32> {
    tokens.iter().map(|(place, count)| (flat.place(*place).to_owned(), *count)).collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::NotAWorkflowNet => "not-a-workflow-net",
        Kind::DeadTask => "dead-task",
        Kind::Stuck => "stuck",
        Kind::TokenLeft => "token-left",
        Kind::Unbounded => "unbounded",
    }
}

impl Choice {
    fn of(task: &str, coverage: &Coverage) -> Self {
        let told = |values: &[(String, Value)]| {
            values.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
        };
        let (verdict, message, values): (_, _, &[(String, Value)]) = match coverage {
            Coverage::Exact { combinations, each } => {
                let each: Vec<String> = each.iter().map(|(name, count)| format!("{count} {name}")).collect();
                ("exact", format!("{combinations} combinations = {}", each.join(" + ")), &[])
            }
            Coverage::Gap(example) => ("gap", format!("no outcome applies when {}", told(example)), example),
            Coverage::Overlap { first, second, example } => {
                ("overlap", format!("both `{first}` and `{second}` apply when {}", told(example)), example)
            }
            Coverage::Undecided(why) => ("undecided", format!("{why}; each case is judged when it comes here"), &[]),
        };
        let json = |value: &Value| match value {
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => text.clone().into(),
        };
        let example = values.iter().map(|(name, value)| (name.clone(), json(value))).collect();
        Self { task: task.to_owned(), verdict, message, example }
    }
}

impl Promise {
    fn of((property, answer): &(syndic_nets::model::Property, Answer)) -> Self {
        let (holds, message) = match answer {
            Answer::Holds { .. } => (Some(true), String::new()),
            Answer::Broken { sentence, .. } => (Some(false), sentence.clone()),
            Answer::Unknown { sentence, .. } => (None, sentence.clone()),
        };
        Self { name: property.name.clone(), rule: property.rule.to_string(), holds, message }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![match self.verdict {
            "sound" if self.admitted => format!("`{}` is proved sound", self.net),
            "sound" => format!("`{}` is sound, and not admitted", self.net),
            "unsound" => format!("`{}` is not sound", self.net),
            "undecided" => format!("`{}` is neither proved sound nor shown not to be", self.net),
            _ => format!("`{}` is no workflow net", self.net),
        }];
        lines.extend(self.size.as_ref().map(|size| {
            let Size { places, transitions, arcs, markings, firings } = size;
            format!("  {places} places, {transitions} transitions, {arcs} arcs; {markings} markings, {firings} firings")
        }));
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.extend(self.faults.iter().map(|fault| format!("\n{}: {}", fault.kind, fault.message)));
        for (title, told) in [("choices", self.told_choices()), ("properties", self.told_properties())] {
            if !told.is_empty() {
                lines.push(format!("\n{title}"));
                lines.extend(told);
            }
        }
        out.write_str(&plain_lines(&lines.join("\n")))
    }
}

impl Report {
    fn told_choices(&self) -> Vec<String> {
        let mark = |choice: &Choice| match choice.verdict {
            "exact" => "yes",
            "undecided" => "?  ",
            _ => "no ",
        };
        self.choices.iter().map(|choice| format!("  {} {}: {}", mark(choice), choice.task, choice.message)).collect()
    }

    fn told_properties(&self) -> Vec<String> {
        let told = |promise: &Promise| {
            let mark = promise.holds.map_or("?  ", |holds| if holds { "yes" } else { "no " });
            let why = if promise.message.is_empty() { String::new() } else { format!(": {}", promise.message) };
            format!("  {mark} {}{why}", promise.rule)
        };
        self.properties.iter().map(told).collect()
    }
}
