//! A decision in the words of a story's `then`: what is not in it was not decided.

use serde_json::{Map, Value, json};
use syndic_core::decision::{Decision, Effect, Raise, TimerRequest, Write};
use syndic_core::effect::Mode;

/// A decision.
pub(super) fn decision(decision: &Decision, undone: &[String]) -> Value {
    let mut said = Map::new();
    said.insert("verdict".into(), decision.verdict.name().into());
    if let Some(reason) = decision.verdict.reason() {
        said.insert("code".into(), reason.code.clone().into());
        said.insert("message".into(), reason.message.clone().into());
    }
    let mut list = |name: &str, items: Vec<Value>| {
        if !items.is_empty() {
            said.insert(name.into(), items.into());
        }
    };
    list("writes", decision.writes.iter().map(write).collect());
    list("effects", decision.effects.iter().map(effect).collect());
    list("timers", decision.timers.iter().map(timer).collect());
    list("raises", decision.raises.iter().map(raise).collect());
    list("undone", undone.iter().cloned().map(Value::from).collect());
    if let Some(note) = &decision.note {
        said.insert("note".into(), note.clone().into());
    }
    said.into()
}

/// A question that has no decision for an answer.
pub(super) fn failed(class: &str, reason: &str, undone: &[String]) -> Value {
    match undone {
        [] => json!({"failed": class, "reason": reason}),
        undone => json!({"failed": class, "reason": reason, "undone": undone}),
    }
}

fn write(write: &Write) -> Value {
    match write {
        Write::Set { fact, value } => json!({"set": fact.to_string(), "value": value.value()}),
        Write::Add { fact, element } => json!({"add": fact.to_string(), "element": element}),
        Write::Remove { fact, element } => json!({"remove": fact.to_string(), "element": element}),
        Write::Increase { fact, by } => json!({"increase": fact.to_string(), "by": by}),
        Write::Stand { fact, value } => json!({"stand": fact.to_string(), "value": value}),
        Write::Number { series, fact, pointer } => {
            json!({"number": fact.to_string(), "series": series, "pointer": pointer})
        }
        Write::Claim { key, content } => json!({"claim": key, "content": content.value()}),
    }
}

fn effect(effect: &Effect) -> Value {
    let mode = match effect.mode {
        Mode::Check => "check",
        Mode::Reversible => "reversible",
        Mode::Deferred => "deferred",
    };
    let Effect { id, action, key, body, undo, .. } = effect;
    let mut said = json!({mode: id, "action": action, "key": key, "body": body.value()});
    if let Some(undo) = undo {
        said["undo"] = json!({"action": undo.action, "body": undo.body.value()});
    }
    said
}

fn timer(TimerRequest { name, due, data }: &TimerRequest) -> Value {
    match data {
        Some(data) => json!({"timer": name, "due": due.to_string(), "data": data.value()}),
        None => json!({"timer": name, "due": due.to_string()}),
    }
}

fn raise(Raise { kind, data }: &Raise) -> Value {
    json!({"raise": kind, "data": data.value()})
}
