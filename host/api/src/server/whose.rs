//! Whose a command is: who gives it, and in which roles. The caller's token says so, and not what was sent.
//!
//! Both are receipted with the command and count for what the case answers, so both are made sure of here, on the one way
//! that leads in from every door, before the host sees the command. Operators put right what went wrong, and act in any
//! role that they name, but in nobody else's name.
//!
//! Not here: whether the item is for such a role, and whether somebody else has it. The case knows.

use serde_json::{Map, Value};
use syndic_core::command::{PREFIXES, is_command};
use syndic_core::{Error, Event};

use super::App;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::service::Unavailable;

/// Who may send a command of a kind: a case is begun like any event is sent; what goes wrong is put right by operators;
/// work is done by whoever does work.
fn may_command(caller: &Caller, kind: &str) -> bool {
    let is_work = kind.starts_with(PREFIXES[1]);
    match kind {
        "syndic.case.launch" => true,
        _ if is_work => matches!(caller.role, Role::Operator | Role::Agent),
        _ => caller.role == Role::Operator,
    }
}

/// An event as this caller sends it: a work command in the roles that it has. What is no command is as it was sent.
///
/// What is sent again is what it was, though the roles of somebody may have changed since: it is done once.
///
/// # Errors
/// The host cannot answer. Within: it is not for this caller; [`Error::RoleNotHeld`], where the command names a role that
/// this one has not.
pub(crate) async fn as_theirs(app: &App, caller: &Caller, event: Event) -> Result<Result<Event, Error>, Unavailable> {
    if let Err(why) = may_send(caller, &event) {
        return Ok(Err(why));
    }
    if !event.kind.starts_with(PREFIXES[1]) {
        return Ok(Ok(event));
    }
    let said = data_of(&event);
    let first = app.service.event(event.key()).await?;
    let data = match first.and_then(|first| as_it_was(&said, first.event["data"].as_object()?)) {
        Some(data) => Ok(data),
        None => as_it_counts(app, caller, &event, &said),
    };
    Ok(data.and_then(|data| if data == said { Ok(event) } else { event.with_data(data.into()) }))
}

fn data_of(event: &Event) -> Map<String, Value> {
    serde_json::from_str(event.data_text()).unwrap_or_default()
}

fn may_send(caller: &Caller, event: &Event) -> Result<(), Error> {
    if !is_command(&event.kind) {
        return Ok(());
    }
    if !may_command(caller, &event.kind) {
        return Err(Error::invalid(format!("`type` may not be `{}` with the role {}", event.kind, caller.role)));
    }
    match data_of(event).get("by").filter(|by| **by != caller.name.as_str()) {
        Some(by) => Err(Error::invalid(format!("`data.by` may not be {by} with the token of `{}`", caller.name))),
        None => Ok(()),
    }
}

/// A work command's data with the roles in which it counts.
fn as_it_counts(
    app: &App,
    caller: &Caller,
    event: &Event,
    said: &Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let mut data = said.clone();
    if let Some(roles) = roles(caller, said)? {
        data.insert("roles".into(), roles.into());
    }
    if let Some(to) = said.get("to").and_then(Value::as_str).filter(|_| event.kind == "syndic.work.delegate") {
        match app.tokens.work_roles_of(to, &event.tenant, app.service.now()) {
            Some(roles) => data.insert("to_roles".into(), roles.into()),
            None => data.remove("to_roles"),
        };
    }
    Ok(data)
}

/// The data with which a command counted that was heard under this key before, where nothing else was said then.
fn as_it_was(said: &Map<String, Value>, first: &Map<String, Value>) -> Option<Map<String, Value>> {
    let without_ours = |data: &Map<String, Value>| {
        let mut data = data.clone();
        data.remove("to_roles");
        if named(said).is_none() {
            data.remove("roles");
        }
        data
    };
    (without_ours(said) == without_ours(first)).then(|| first.clone())
}

/// The roles that a command names, where it names any.
fn named(said: &Map<String, Value>) -> Option<&Vec<Value>> {
    said.get("roles").and_then(Value::as_array).filter(|named| !named.is_empty())
}

/// The roles in which a command counts; none where what it says of them is to stand.
fn roles(caller: &Caller, said: &Map<String, Value>) -> Result<Option<Vec<String>>, Error> {
    let Some(own) = caller.acts_in() else { return Ok(None) };
    let Some(named) = named(said) else { return Ok((!own.is_empty()).then(|| own.to_vec())) };
    let strange = named.iter().filter_map(Value::as_str).find(|role| !own.iter().any(|own| own == role));
    match strange {
        Some(role) => Err(Error::RoleNotHeld { by: caller.name.clone(), role: role.to_owned() }),
        None => Ok(None),
    }
}

/// What is said to whoever sends a command by itself that is not theirs.
pub(crate) fn not_theirs(error: &Error) -> Problem {
    match error {
        Error::RoleNotHeld { .. } => Problem::from(error),
        _ => Problem::new("Forbidden", error.to_string()),
    }
}
