//! Calls: what goes on in a case by itself, and the services it asks.

use serde_json::json;
use syndic_core::failpoint;
use syndic_core::ports::{Answer, CaseKey, NoAnswer, Request};
use syndic_core::{Text, Time};

use super::commit::What;
use super::raised::{event_of, outcome_of, says_it_is_over};
use super::{CallKey, Moved};
use crate::cases::Call;
use crate::host::{Halt, Host};

/// What there is to do in a case that is due.
pub(crate) enum Next {
    /// Something happened to it.
    Moved(Box<Moved>),
    /// It asks services.
    Calls(Vec<Call>),
    /// Nothing: it was not due, or is no more.
    Nothing,
}

impl Host {
    /// The first case in which something is due by a time, and since when.
    pub(crate) fn first_due_case(&self, until: Time) -> Result<Option<(Time, CaseKey)>, Halt> {
        Ok(self.ports.store.front().cases_due(until, 1)?.pop())
    }

    /// Lets the first thing happen that is due in a case; or says which services it asks.
    pub(crate) fn case_goes_on(&self, key: &CaseKey, until: Time) -> Result<Next, Halt> {
        failpoint!("engine.case.taken");
        let moved = self.hear(key, until)?.map_or_else(|| self.let_happen(key, until), |moved| Ok(Some(moved)))?;
        if let Some(moved) = moved {
            return Ok(Next::Moved(Box::new(moved)));
        }
        let Some((net, case)) = self.case(key)? else { return Ok(Next::Nothing) };
        let in_force = self.in_force();
        let calls = case.calls(&net, until, in_force.calendars.of(&key.tenant));
        Ok(if calls.is_empty() { Next::Nothing } else { Next::Calls(calls) })
    }

    /// Makes a call of a case once, and brings the answer back, as of a time, or of when it comes. None where the case did
    /// not wait for it any more, or where the governors have not made anything of an event yet. What this returns is
    /// admitted.
    pub(crate) async fn make_call(&self, key: &CaseKey, call: &Call, at: Option<Time>) -> Result<Option<Moved>, Halt> {
        if call.event().is_none() {
            let request = rehearsed(call, call.request(key, self.config.limits.effect_ms));
            self.before_reaching_out().await?;
            let answer = self.reach_out(&request).await;
            return self.answered(key, call, &answer, at);
        }
        if call.raised {
            return self.hear(key, at.unwrap_or_else(|| self.ports.clock.now()));
        }
        let Some((net, _)) = self.case(key)? else { return Ok(None) };
        match event_of(key, net.net(), call, call.due) {
            Ok(event) => self.case_step(key, &What::Raised(call, &event), call.due),
            Err(why) => {
                let no = Answer { accepted: false, body: json!({"outcome": "invalid", "why": why}) };
                self.answered(key, call, &Ok(no), at)
            }
        }
    }

    /// Hears of the first event of a case that has come to its end, if one has. What the governors decided, or an operator,
    /// was decided before anybody looked at the clock again: no timer that became due meanwhile comes before it.
    pub(super) fn hear(&self, key: &CaseKey, at: Time) -> Result<Option<Moved>, Halt> {
        let Some((net, case)) = self.case(key)? else { return Ok(None) };
        let in_force = self.in_force();
        for call in case.raised_calls(&net, in_force.calendars.of(&key.tenant)) {
            let Some(answer) = outcome_of(self.ports.store.front(), key, &call.id)? else { continue };
            if case.awaits(&net, &call.id.task, call.id.attempt) && !says_it_is_over(&answer) {
                continue;
            }
            if let Some(moved) = self.case_step(key, &What::Answered(&call, &Ok(answer)), at)? {
                return Ok(Some(moved));
            }
        }
        Ok(None)
    }

    /// Brings an answer back.
    fn answered(
        &self,
        key: &CaseKey,
        call: &Call,
        answer: &Result<Answer, NoAnswer>,
        at: Option<Time>,
    ) -> Result<Option<Moved>, Halt> {
        let at = at.unwrap_or_else(|| self.ports.clock.now().max(call.due));
        self.catch_up(key, at)?;
        self.case_step(key, &What::Answered(call, answer), at)
    }
}

/// A script goes by how often a task was asked, over all the times that it was enabled.
fn rehearsed(call: &Call, request: Request) -> Request {
    if call.rehearse.is_none() {
        return request;
    }
    let mut body = request.body.value();
    body["try"] = json!(u64::from(call.id.attempt) + u64::from(call.tries));
    Request { body: Text::from(body), ..request }
}

/// The lane in which a call is made: one of its own, so that its case goes on meanwhile.
pub(crate) fn lane_of_call(key: &CallKey) -> syndic_core::Lane {
    let CallKey { case, task, attempt, .. } = key;
    syndic_core::Lane { tenant: case.tenant.clone(), customer: Some(format!("{}/{task}/{attempt}", case.id)) }
}
