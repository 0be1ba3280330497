//! What a check says: the same to a program and to a person, here and at a daemon.

use std::collections::BTreeMap;

use syndic_api::{NetChoice, NetFault, NetPromise, NetReport, NetSize};
use syndic_cli::plain::plain_lines;
use syndic_nets::guard::Coverage;
use syndic_nets::model::{Kind as TaskKind, Value};
use syndic_nets::proof::{Answer, Counterexample, Kind, Verdict};
use syndic_nets::{Flat, Judgement, Net, Tokens, TransitionId};

/// Names of one story that are told: of a longer one, how it begins.
const TOLD_MAX: usize = 1_000;

/// Of a net and what was found out about it.
pub(super) fn of(net: &Net, judgement: &Judgement) -> NetReport {
    let inside = net.tasks.iter().filter(|task| matches!(task.kind, TaskKind::Composite(_))).count();
    let mut report = of_plain(&net.name, judgement);
    if inside > 0 {
        let note = "its composite tasks were taken as single steps; --inline proves them as one net";
        report.notes.push(note.to_owned());
    }
    report
}

/// Of a net that has no more than its shape.
pub(super) fn of_plain(name: &str, judgement: &Judgement) -> NetReport {
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
    NetReport {
        net: name.to_owned(),
        verdict: verdict.to_owned(),
        admitted: judgement.admits(),
        size: Some(NetSize {
            places: flat.places.len(),
            transitions: flat.transitions.len(),
            arcs: judgement.arcs(),
            markings: explored.markings,
            firings: explored.firings,
        }),
        faults: judgement.verdict.faults().iter().map(|found| fault(flat, found)).collect(),
        choices: judgement.choices.iter().map(|(task, coverage)| choice(task, coverage)).collect(),
        properties: judgement.properties.iter().map(promise).collect(),
        notes,
    }
}

/// Of a net about which nothing can be proved.
pub(super) fn undecided(name: &str, why: &str) -> NetReport {
    without_proof(name, "undecided", why)
}

/// Of a net whose cases do not begin as a workflow's do.
pub(super) fn no_workflow_net(name: &str, why: &str) -> NetReport {
    without_proof(name, "not-a-workflow-net", why)
}

fn without_proof(name: &str, verdict: &str, why: &str) -> NetReport {
    NetReport {
        net: name.to_owned(),
        verdict: verdict.to_owned(),
        admitted: false,
        size: None,
        faults: Vec::new(),
        choices: Vec::new(),
        properties: Vec::new(),
        notes: vec![why.to_owned()],
    }
}

/// The one sentence that says why no case may run on it.
pub(super) fn sentence(report: &NetReport) -> Option<&str> {
    let fault = report.faults.first().map(|fault| &fault.message);
    let choice = report.choices.iter().find(|choice| ["gap", "overlap"].contains(&&*choice.verdict));
    let promise = report.properties.iter().find(|promise| promise.holds != Some(true));
    let note = report.notes.last().filter(|_| report.verdict == "undecided");
    let first = fault.or(note).or(choice.map(|choice| &choice.message)).or(promise.map(|promise| &promise.message));
    first.map(String::as_str)
}

fn fault(flat: &Flat, fault: &Counterexample) -> NetFault {
    let names = |ids: &[TransitionId]| ids.iter().take(TOLD_MAX).map(|id| flat.transition(*id).name.clone()).collect();
    NetFault {
        kind: kind(fault.kind).to_owned(),
        message: fault.sentence.clone(),
        firing: names(&fault.firing),
        marking: named(flat, &fault.marking),
        tasks: names(&fault.tasks),
        shortest: fault.shortest,
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

fn choice(task: &str, coverage: &Coverage) -> NetChoice {
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
    NetChoice { task: task.to_owned(), verdict: verdict.to_owned(), message, example }
}

fn promise((property, answer): &(syndic_nets::model::Property, Answer)) -> NetPromise {
    let (holds, message) = match answer {
        Answer::Holds { .. } => (Some(true), String::new()),
        Answer::Broken { sentence, .. } => (Some(false), sentence.clone()),
        Answer::Unknown { sentence, .. } => (None, sentence.clone()),
    };
    NetPromise { name: property.name.clone(), rule: property.rule.to_string(), holds, message }
}

/// A report for a person.
pub(super) fn told(report: &NetReport) -> String {
    let net = &report.net;
    let mut lines = vec![match report.verdict.as_str() {
        "sound" if report.admitted => format!("`{net}` is proved sound"),
        "sound" => format!("`{net}` is sound, and not admitted"),
        "unsound" => format!("`{net}` is not sound"),
        "undecided" => format!("`{net}` is neither proved sound nor shown not to be"),
        _ => format!("`{net}` is no workflow net"),
    }];
    lines.extend(report.size.as_ref().map(|size| {
        let NetSize { places, transitions, arcs, markings, firings } = size;
        format!("  {places} places, {transitions} transitions, {arcs} arcs; {markings} markings, {firings} firings")
    }));
    lines.extend(report.notes.iter().map(|note| format!("  {note}")));
    lines.extend(report.faults.iter().map(|fault| format!("\n{}: {}", fault.kind, fault.message)));
    for (title, told) in [("choices", told_choices(report)), ("properties", told_properties(report))] {
        if !told.is_empty() {
            lines.push(format!("\n{title}"));
            lines.extend(told);
        }
    }
    plain_lines(&lines.join("\n")).into_owned()
}

fn told_choices(report: &NetReport) -> Vec<String> {
    let mark = |choice: &NetChoice| match choice.verdict.as_str() {
        "exact" => "yes",
        "undecided" => "?  ",
        _ => "no ",
    };
    report.choices.iter().map(|choice| format!("  {} {}: {}", mark(choice), choice.task, choice.message)).collect()
}

fn told_properties(report: &NetReport) -> Vec<String> {
    let told = |promise: &NetPromise| {
        let mark = promise.holds.map_or("?  ", |holds| if holds { "yes" } else { "no " });
        let why = if promise.message.is_empty() { String::new() } else { format!(": {}", promise.message) };
        format!("  {mark} {}{why}", promise.rule)
    };
    report.properties.iter().map(told).collect()
}
