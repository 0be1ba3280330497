//! Events that cases raise: what a task asks of the governors, and what they made of it.

use serde_json::{Value as Json, json};
use syndic_core::command::{CASES_SOURCE, item_of};
use syndic_core::event::HostLane;
use syndic_core::outcome::Outcome;
use syndic_core::ports::{Answer, CaseKey, Reads, StoreError};
use syndic_core::{DedupKey, Event, Time};
use syndic_nets::Net;
use syndic_nets::model::{Kind, Value};

use crate::cases::{Call, CallId};

/// The case that raised an event.
pub(crate) fn raised_by(event: &Event) -> Option<CaseKey> {
    let item = item_of(&event.id).filter(|_| event.source == CASES_SOURCE)?;
    Some(CaseKey { tenant: event.tenant.clone(), id: item.case.to_owned() })
}

fn event_id(case: &CaseKey, call: &CallId) -> String {
    format!("{}/{}/{}", case.id, call.task, call.attempt)
}

/// The event that a call stands for; or why it is none, which is the answer no.
pub(super) fn event_of(case: &CaseKey, net: &Net, call: &Call, at: Time) -> Result<Event, String> {
    let service = net.task(&call.id.task).and_then(|task| match &task.kind {
        Kind::Service(service) => service.event.as_deref(),
        _ => None,
    });
    let event = service.ok_or_else(|| format!("the net does not say which event `{}` raises", call.id.task))?;
    let data: Vec<_> = net.data.iter().map(|variable| call.data.get(&variable.name).and_then(value)).collect();
    let subject = event.subject.fill(&net.data, &data);
    let lane = HostLane { tenant: &case.tenant, subject: &subject };
    Event::of_case(event_id(case, &call.id), &event.kind, &lane, at, event.data(&net.data, &data).into())
}

/// What a variable holds; none for what no variable can.
fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number.as_i64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text.clone())),
        _ => None,
    }
}

/// What the governors made of the event that a call stands for; none while they have not.
pub(super) fn outcome_of(front: &dyn Reads, case: &CaseKey, call: &CallId) -> Result<Option<Answer>, StoreError> {
    let key = DedupKey { tenant: case.tenant.clone(), source: CASES_SOURCE.to_owned(), id: event_id(case, call) };
    let known = front.dedup(&key)?;
    Ok(known.map(|known| answer(known.report.outcome)))
}

/// An outcome as a service's answer.
pub(super) fn answer(outcome: Outcome) -> Answer {
    Answer { accepted: outcome == Outcome::Completed, body: json!({"outcome": outcome.name()}) }
}
