//! What a command wants: its data, as the cases understand it.
//!
//! The door has checked it; what does not fit here is our bug.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use syndic_core::command::{case_of, item_of};
use syndic_core::ports::CaseKey;
use syndic_core::{Error, Event};

use crate::cases::{Command, Repair, WorkVerb};
use crate::host::Halt;

/// What a command wants.
pub(crate) enum Wanted {
    /// A case that begins.
    Launch { net: String, data: BTreeMap<String, Value>, rehearse: Option<Value> },
    /// Something of a case that has begun.
    Of(Command),
}

/// The case that a command is about, and what it wants of it.
pub(crate) fn wanted(event: &Event) -> Result<(CaseKey, Wanted), Halt> {
    let bug = || Halt::Bug(Error::invalid(format!("the door let in `{}`, which is no command", event.kind)));
    let id = case_of(&event.kind, &event.subject).ok_or_else(bug)?.to_owned();
    let case = CaseKey { tenant: event.tenant.clone(), id };
    let data: Map<String, Value> = serde_json::from_str(event.data_text()).map_err(|_| bug())?;
    let told = Told(data);
    let wanted = match event.kind.as_str() {
        "syndic.case.launch" => Wanted::Launch {
            net: told.text("net"),
            data: told.values("data"),
            rehearse: told.0.get("rehearse").cloned(),
        },
        "syndic.case.cancel" => Wanted::Of(Command::Cancel),
        "syndic.case.suspend" => Wanted::Of(Command::Suspend),
        "syndic.case.resume" => Wanted::Of(Command::Resume),
        "syndic.case.repair" => {
            let (retry, fire) = (told.text_if_any("retry"), told.text_if_any("fire"));
            Wanted::Of(Command::Repair(Repair { data: told.values("data"), retry, fire }))
        }
        kind => {
            let (item, verb) = item_of(&event.subject).zip(told.verb(kind)).ok_or_else(bug)?;
            let (task, attempt) = (item.task.to_owned(), item.attempt);
            Wanted::Of(Command::Work { task, attempt, by: told.text("by"), roles: told.texts("roles"), verb })
        }
    };
    Ok((case, wanted))
}

/// A command's data.
struct Told(Map<String, Value>);

impl Told {
    fn verb(&self, kind: &str) -> Option<WorkVerb> {
        let lease_ms = self.0.get("lease_ms").and_then(Value::as_i64);
        Some(match kind.strip_prefix("syndic.work.")? {
            "take" => WorkVerb::Take { lease_ms },
            "start" => WorkVerb::Start { lease_ms },
            "heartbeat" => WorkVerb::Heartbeat { lease_ms },
            "complete" => WorkVerb::Complete { outcome: self.text_if_any("outcome"), data: self.values("data") },
            "fail" => WorkVerb::Fail { reason: self.text("reason") },
            "release" => WorkVerb::Release,
            "suspend" => WorkVerb::Suspend,
            "resume" => WorkVerb::Resume,
            "delegate" => {
                let to_roles = self.0.contains_key("to_roles").then(|| self.texts("to_roles"));
                WorkVerb::Delegate { to: self.text("to"), to_roles }
            }
            "prioritise" => {
                let priority = self.0.get("priority").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok())?;
                WorkVerb::Prioritise { priority }
            }
            _ => return None,
        })
    }

    fn text(&self, name: &str) -> String {
        self.text_if_any(name).unwrap_or_default()
    }

    fn text_if_any(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn values(&self, name: &str) -> BTreeMap<String, Value> {
        let values = self.0.get(name).and_then(Value::as_object).into_iter().flatten();
        values.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
