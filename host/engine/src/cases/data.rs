//! Data: what a case carries along, between the wire and the net.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use syndic_nets::model::{Template, Type, Value};

use super::{CaseNet, CaseRefused};

/// One place for each variable of the net, in its order.
pub(super) type Data = Vec<Option<Value>>;

/// What a case begins with: counters at their least, flags down, nothing else.
pub(super) fn initial(net: &CaseNet) -> Data {
    let first = |kind: &Type| match kind {
        Type::Bool => Some(Value::Bool(false)),
        Type::Range { low, .. } => Some(Value::Number(*low)),
        Type::Enum(_) | Type::Text | Type::Money => None,
    };
    net.net.data.iter().map(|variable| first(&variable.kind)).collect()
}

/// One value for one variable.
///
/// # Errors
/// The variable cannot hold it.
pub(super) fn read(net: &CaseNet, at: usize, json: &Json) -> Result<Value, CaseRefused> {
    let variable = &net.net.data[at];
    let value = match json {
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number.as_i64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    value.filter(|value| variable.kind.holds(value)).ok_or_else(|| CaseRefused::Domain {
        variable: variable.name.clone(),
        value: shorten(&json.to_string()),
        domain: variable.kind.to_string(),
    })
}

/// What somebody said: variables by their index.
///
/// # Errors
/// The net declares no such variable, or it cannot hold that.
pub(super) fn said(net: &CaseNet, data: &BTreeMap<String, Json>) -> Result<Vec<(usize, Value)>, CaseRefused> {
    let one = |(name, json): (&String, &Json)| {
        let at = net.find_variable(name).ok_or_else(|| CaseRefused::NoSuchVariable(shorten(name)))?;
        Ok((at, read(net, at, json)?))
    };
    data.iter().map(one).collect()
}

/// What whoever does a task said of it.
///
/// # Errors
/// As [`said`]; or it is not theirs to say.
pub(super) fn said_of(
    net: &CaseNet,
    task: usize,
    data: &BTreeMap<String, Json>,
) -> Result<Vec<(usize, Value)>, CaseRefused> {
    let said = said(net, data)?;
    let may = &net.rules[task].says;
    match said.iter().find(|(at, _)| !may.contains(at)) {
        None => Ok(said),
        Some((at, _)) => {
            let name = |at: &usize| net.net.data[*at].name.clone();
            Err(CaseRefused::NotTheirs { variable: name(at), may: may.iter().map(name).collect() })
        }
    }
}

/// What a service said: members that it is not asked are its own business, and so is `null`.
///
/// # Errors
/// A variable cannot hold what was said.
pub(super) fn answered(net: &CaseNet, task: usize, body: &Json) -> Result<Vec<(usize, Value)>, CaseRefused> {
    let members = body.as_object().into_iter().flatten().filter(|(_, json)| !json.is_null());
    let known = members.filter_map(|(name, json)| Some((net.find_variable(name)?, json)));
    let asked = known.filter(|(at, _)| net.rules[task].says.contains(at));
    asked.map(|(at, json)| Ok((at, read(net, at, json)?))).collect()
}

/// Every variable that has a value.
pub(super) fn shown(net: &CaseNet, data: &Data) -> Map<String, Json> {
    let named = net.net.data.iter().zip(data);
    named.filter_map(|(variable, value)| Some((variable.name.clone(), json_of(value.as_ref()?)))).collect()
}

pub(super) fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}

/// What may be said of a variable.
pub(super) fn domain(kind: &Type) -> Json {
    match kind {
        Type::Bool => json!("bool"),
        Type::Enum(words) => json!(words),
        Type::Range { low, high } => json!({"low": low, "high": high}),
        Type::Text => json!("text"),
        Type::Money => json!("money"),
    }
}

/// A net's key for a call, with values in the places of variables; what has no value leaves its place empty.
pub(super) fn fill(net: &CaseNet, data: &Data, key: &str) -> String {
    Template::parse(key).map_or_else(|_| key.to_owned(), |key| key.fill(&net.net.data, data))
}

/// What is quoted in a sentence is no longer than a sentence.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
