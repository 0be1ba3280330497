//! Two decisions side by side: the parts that differ, each as it is in the one and in the other.
//!
//! A part is named as its author would name it: `set billing.account`, `effect auth`, `timer dunning`. Where both have it
//! and it is a document, only the members that differ are shown, by their place in it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use syndic_core::Decision;
use syndic_core::decision::{Effect, Raise, TimerRequest, Write};
use syndic_core::settle::Said;

/// A part that is in one decision otherwise than in the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecidedLine {
    /// The part, and the place in it.
    pub part: String,
    /// What it is in the recorded decision; null where that has none.
    pub recorded: Option<String>,
    /// What it is in the candidate's.
    pub candidate: Option<String>,
}

/// Parts in the order in which a decision has them. Several of one name are told apart by their place.
type Parts = Vec<((String, usize), Value)>;

impl DecidedLine {
    /// What differs between two answers.
    pub fn between(recorded: &Said, candidate: &Said) -> Vec<Self> {
        let (then, now) = (parts(recorded), parts(candidate));
        let known: BTreeMap<_, _> = now.iter().map(|(name, value)| (name, value)).collect();
        let mut lines = Vec::new();
        for (name, value) in &then {
            differences((&name.0, ""), Some(value), known.get(name).copied(), &mut lines);
        }
        let old: BTreeMap<_, _> = then.iter().map(|(name, value)| (name, value)).collect();
        for (name, value) in now.iter().filter(|(name, _)| !old.contains_key(name)) {
            differences((&name.0, ""), None, Some(value), &mut lines);
        }
        lines
    }
}

fn differences(at: (&str, &str), then: Option<&Value>, now: Option<&Value>, lines: &mut Vec<DecidedLine>) {
    if then == now {
        return;
    }
    let (part, place) = at;
    if let (Some(Value::Object(then)), Some(Value::Object(now))) = (then, now) {
        let new = now.keys().filter(|name| !then.contains_key(*name));
        for name in then.keys().chain(new) {
            differences((part, &format!("{place}/{name}")), then.get(name), now.get(name), lines);
        }
        return;
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let part = if place.is_empty() { part.to_owned() } else { format!("{part} {place}") };
    lines.push(DecidedLine { part, recorded: then.map(text), candidate: now.map(text) });
}

fn parts(said: &Said) -> Parts {
    let mut parts = Vec::new();
    let mut add = |name: String, value: Value| {
        let nth = parts.iter().filter(|((other, _), _): &&((String, usize), Value)| *other == name).count();
        parts.push(((name, nth), value));
    };
    match said {
        Said::Failed(failure) => {
            add("verdict".into(), format!("failed {}: {}", failure.class.name(), failure.reason).into())
        }
        Said::Decided(decision) => {
            add("verdict".into(), verdict(decision).into());
            decision.writes.iter().map(write).for_each(|(name, value)| add(name, value));
            decision.effects.iter().map(effect).for_each(|(name, value)| add(name, value));
            decision.timers.iter().map(timer).for_each(|(name, value)| add(name, value));
            decision.raises.iter().map(raise).for_each(|(name, value)| add(name, value));
            if let Some(note) = &decision.note {
                add("note".into(), note.as_str().into());
            }
        }
    }
    parts
}

fn verdict(decision: &Decision) -> String {
    let reason = decision.verdict.reason().map(|reason| format!(" {}: {}", reason.code, reason.message));
    format!("{}{}", decision.verdict.name(), reason.unwrap_or_default())
}

fn write(write: &Write) -> (String, Value) {
    match write {
        Write::Set { fact, value } => (format!("set {fact}"), value.value()),
        Write::Add { element, fact } => (format!("add to {fact}"), element.as_str().into()),
        Write::Remove { element, fact } => (format!("remove from {fact}"), element.as_str().into()),
        Write::Increase { by, fact } => (format!("increase {fact}"), (*by).into()),
        Write::Stand { fact, value } => (format!("stand in {fact}"), value.as_deref().unwrap_or("withdrawn").into()),
        Write::Number { fact, pointer, series } => (format!("number {fact}{pointer}"), series.as_str().into()),
        Write::Claim { content, key } => (format!("claim {key}"), content.value()),
    }
}

fn effect(effect: &Effect) -> (String, Value) {
    let Effect { action, body, id, key, mode, undo } = effect;
    let mut parts = Map::new();
    parts.insert("action".into(), action.as_str().into());
    parts.insert("mode".into(), json!(mode));
    parts.insert("key".into(), key.as_str().into());
    parts.insert("body".into(), body.value());
    if let Some(undo) = undo {
        parts.insert("undo".into(), json!({"action": undo.action, "body": undo.body.value()}));
    }
    (format!("effect {id}"), parts.into())
}

fn timer(timer: &TimerRequest) -> (String, Value) {
    let TimerRequest { data, due, name } = timer;
    let data = data.as_ref().map(|data| data.value());
    (format!("timer {name}"), json!({"due": due.to_string(), "data": data}))
}

fn raise(raise: &Raise) -> (String, Value) {
    (format!("raise {}", raise.kind), raise.data.value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_core::decision::Reason;
    use syndic_core::{FactName, Scope, Verdict};

    fn set(name: &str, value: Value) -> Write {
        Write::Set { fact: FactName { scope: Scope::Customer, name: name.into() }, value: value.into() }
    }

    fn shown(then: Decision, now: Decision) -> Vec<(String, String, String)> {
        let lines = DecidedLine::between(&Said::Decided(then), &Said::Decided(now));
        let none = || "-".to_owned();
        lines
            .into_iter()
            .map(|line| (line.part, line.recorded.unwrap_or_else(none), line.candidate.unwrap_or_else(none)))
            .collect()
    }

    fn row(part: &str, then: &str, now: &str) -> (String, String, String) {
        (part.into(), then.into(), now.into())
    }

    #[test]
    fn of_a_document_that_both_write_only_the_members_that_differ_are_shown() {
        let account = |status: &str| set("billing.account", json!({"balance": {"minor": 5}, "status": status}));
        let then = Decision { writes: vec![account("active"), set("billing.n", json!(1))], ..Decision::abstain() };
        let now = Decision { writes: vec![set("billing.m", json!(2)), account("late")], ..Decision::abstain() };
        let expected = [
            row("set billing.account /status", "active", "late"),
            row("set billing.n", "1", "-"),
            row("set billing.m", "-", "2"),
        ];
        assert_eq!(shown(then, now), expected);
    }

    #[test]
    fn a_verdict_is_shown_with_its_reason_and_a_raised_event_beside_the_one_in_its_place() {
        let raise = |n: i64| Raise { kind: "RenewalDue".into(), data: json!({"n": n}).into() };
        let then = Decision { verdict: Verdict::Approve, raises: vec![raise(1), raise(2)], ..Decision::abstain() };
        let reason = Reason { code: "too-many".into(), message: "over 20".into() };
        let now =
            Decision { verdict: Verdict::Refuse(reason), raises: vec![raise(1), raise(3)], ..Decision::abstain() };
        let expected = [row("verdict", "approve", "refuse too-many: over 20"), row("raise RenewalDue /n", "2", "3")];
        assert_eq!(shown(then, now), expected);
    }
}
