//! Events that cases raise: what a task asks of the governors, and what they made of it.

use serde_json::{Value as Json, json};
use syndic_core::command::{CASES_SOURCE, item_of};
use syndic_core::event::HostLane;
use syndic_core::outcome::Outcome;
use syndic_core::ports::{Answer, CaseKey, CaseRecord, Reads, StoreError};
use syndic_core::{DedupKey, Event, Time};
use syndic_nets::Net;
use syndic_nets::model::{Kind, Value};

use crate::cases::{Call, CallId, is_over};
use crate::host::{Halt, Host};

/// The case that raised an event.
pub(crate) fn raised_by(event: &Event) -> Option<CaseKey> {
    let item = item_of(&event.id).filter(|_| event.source == CASES_SOURCE)?;
    Some(CaseKey { tenant: event.tenant.clone(), id: item.case.to_owned() })
}

impl Host {
    /// The case that waits for somebody to end an event, as it is kept once somebody has: it is due. None where no case
    /// waits, or the event has still not ended.
    pub(crate) fn told_case(
        &self,
        front: &dyn Reads,
        event: &Event,
        outcome: Outcome,
    ) -> Result<Option<(CaseKey, Option<CaseRecord>)>, StoreError> {
        let Some(key) = raised_by(event).filter(|_| is_over(outcome.name())) else { return Ok(None) };
        let Some(record) = front.case(&key)? else { return Ok(None) };
        let (net, case) = self.case_of(front, &key, &record)?;
        let waits = case.awaited(&net).iter().any(|call| event_id(&key, call) == event.id);
        let now = case.at().max(self.ports.clock.now());
        let due = Some(record.due.map_or(now, |due| due.min(now)));
        Ok(waits.then_some((key, Some(CaseRecord { due, ..record }))))
    }

    /// Whether the case that raised an event waits for its end; none where no case raised it.
    pub(crate) fn is_awaited(&self, event: &Event) -> Result<Option<bool>, Halt> {
        let Some((key, item)) = raised_by(event).zip(item_of(&event.id)) else { return Ok(None) };
        let case = self.case(&key)?;
        Ok(Some(case.is_some_and(|(net, case)| case.awaits(&net, item.task, item.attempt))))
    }
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

/// Whether an event that a case waits for has come to its end.
pub(super) fn is_heard(front: &dyn Reads, case: &CaseKey, call: &CallId) -> Result<bool, StoreError> {
    Ok(outcome_of(front, case, call)?.is_some_and(|answer| says_it_is_over(&answer)))
}

/// Whether an answer is the end of an event.
pub(super) fn says_it_is_over(answer: &Answer) -> bool {
    answer.body["outcome"].as_str().is_some_and(is_over)
}

/// An outcome as a service's answer.
pub(super) fn answer(outcome: Outcome) -> Answer {
    Answer { accepted: outcome == Outcome::Completed, body: json!({"outcome": outcome.name()}) }
}
