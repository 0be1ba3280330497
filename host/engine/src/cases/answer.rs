//! Answers: what services say, and what becomes of a task when they say nothing.

use serde_json::Value as Json;
use syndic_core::Time;
use syndic_core::outcome::Outcome;
use syndic_core::ports::{Answer, CaseStatus, NoAnswer};
use syndic_nets::model::{Kind, Retry, Service, Value};

use super::data;
use super::item::{Asked, Asking, Doing, Done};
use super::people::Work;
use super::turn::{Turn, after};
use super::{CallId, CaseRefused, Told};

/// Whether an event with this outcome has come to its end: what was referred, and what could not be undone, an operator
/// ends.
pub(crate) fn is_over(outcome: &str) -> bool {
    ![Outcome::Referred, Outcome::Stuck].iter().any(|open| open.name() == outcome)
}

/// How often a service is asked where the net does not say, and how long is waited in between, in seconds.
const ATTEMPTS: u32 = 3;
const BACKOFF_SECONDS: [i64; 2] = [1, 5];

impl Turn<'_> {
    /// A call has ended.
    ///
    /// # Errors
    /// Nobody waits for it, or nothing may move now; then it is listed again when something may.
    pub fn answered(&mut self, call: &CallId, answer: &Result<Answer, NoAnswer>) -> Result<(), CaseRefused> {
        let late = || CaseRefused::Late(call.task.clone());
        let task = self.net.find_task(&call.task).ok_or_else(late)?;
        if self.case.status == CaseStatus::Suspended {
            return Err(CaseRefused::Suspended);
        }
        if let Ok(Answer { body, .. }) = answer
            && self.leaves_open(task, body)
            && !call.undo
        {
            let referred = Told::Referred { task: self.net.task(task).name.clone() };
            self.asking(task, call)?.at = Asked::Awaited;
            self.told.push(referred);
            return Ok(());
        }
        if self.settle_debt(task, call, answer) {
            return Ok(());
        }
        self.waited_for(task, call)?;
        match answer {
            Err(_) => self.unanswered(task),
            Ok(answer) => self.heard(task, answer),
        }
        Ok(())
    }

    /// The event that a call stands for is in the queue.
    ///
    /// # Errors
    /// As [`Turn::answered`].
    pub fn raised(&mut self, call: &CallId, look: Time) -> Result<(), CaseRefused> {
        let late = || CaseRefused::Late(call.task.clone());
        let task = self.net.find_task(&call.task).ok_or_else(late)?;
        if self.case.status == CaseStatus::Suspended {
            return Err(CaseRefused::Suspended);
        }
        // The event is in the queue by the same commit, so this is not refused for want of room.
        self.owing = true;
        let look = look.max(self.now);
        self.asking(task, call)?.at = Asked::Raised(look);
        Ok(())
    }

    /// Whether an event's outcome is not the end of it, and no way out for the net either.
    fn leaves_open(&self, task: usize, body: &Json) -> bool {
        let Some(outcome) = body.get("outcome").and_then(Json::as_str) else { return false };
        let raises = matches!(&self.net.task(task).kind, Kind::Service(service) if service.event.is_some());
        let named = self.net.named_outcomes(task).contains(&outcome);
        let variable = self.net.find_variable("outcome").filter(|at| self.net.rules[task].asks.contains(at));
        let word = variable.is_some_and(|at| data::read(self.net, at, &outcome.into()).is_ok());
        raises && !is_over(outcome) && !named && !word
    }

    /// The call of something that is owed, or of an open item, if this is it.
    fn asking(&mut self, task: usize, call: &CallId) -> Result<&mut Asking, CaseRefused> {
        match self.find_debt(task, call) {
            Some(_) => self.debt_asking(task, call).ok_or_else(|| CaseRefused::Late(call.task.clone())),
            None => self.waited_for(task, call),
        }
    }

    /// The call of an open item, if this is it and it may move.
    fn waited_for(&mut self, task: usize, call: &CallId) -> Result<&mut Asking, CaseRefused> {
        let late = CaseRefused::Late(call.task.clone());
        let stopped = self.case.stop.as_ref().map(|stop| CaseRefused::Stopped(stop.why.clone()));
        let item = self.case.items.get_mut(&task).filter(|item| item.attempt == call.attempt && !call.undo);
        match item.map(|item| &mut item.doing) {
            Some(Doing::Service(asking)) if asking.is_open() => stopped.map_or(Ok(asking), Err),
            _ => Err(late),
        }
    }

    /// A service answered. Its word decides the outcome, or the case stops; a no that decides nothing is the end of
    /// asking.
    fn heard(&mut self, task: usize, answer: &Answer) {
        let said = match data::answered(self.net, task, &answer.body) {
            Ok(said) => said,
            Err(refused) => {
                let name = &self.net.task(task).name;
                let what_now =
                    format!("ask again (`case repair --retry {name}`), or say how it ended (`--fire {name}…`)");
                return self.stop("outside-domain", format!("`{name}` was answered, but {refused}"), what_now);
            }
        };
        let before = self.case.data.clone();
        let told = answer.accepted || self.tells(task, &said);
        said.into_iter().for_each(|(at, value)| self.case.data[at] = Some(value));
        let named = answer.body.get("outcome").and_then(Json::as_str).filter(|_| self.is_named(task));
        match self.way(task, named, false) {
            Ok(id) if told => {
                if answer.accepted {
                    self.keep_undo(task);
                }
                self.fire(id);
            }
            Err(why) if answer.accepted => {
                self.case.data = before;
                self.undecided(task, &why);
            }
            _ => {
                self.case.data = before;
                self.spent(task, Asked::Denied);
            }
        }
    }

    fn is_named(&self, task: usize) -> bool {
        !self.net.named_outcomes(task).is_empty()
    }

    /// Whether a no says something that decides: an outcome by name, one thing that guards ask about, or, where there
    /// is but one way out, everything that is asked.
    fn tells(&self, task: usize, said: &[(usize, Value)]) -> bool {
        let asks = &self.net.rules[task].asks;
        let is_said = |at: &usize| said.iter().any(|(known, _)| known == at);
        match self.net.task(task).outcomes().len() {
            0 | 1 => !asks.is_empty() && asks.iter().all(is_said),
            _ => self.is_named(task) || asks.iter().any(is_said),
        }
    }

    /// Remembers how to undo what was done.
    pub fn keep_undo(&mut self, task: usize) {
        let Kind::Service(service) = &self.net.task(task).kind else { return };
        let Some(item) = self.case.items.get(&task).filter(|_| service.undo.is_some()) else { return };
        let done = Done { task, attempt: item.attempt, key: item.key.clone().unwrap_or_default() };
        // The same key is the same effect: it is undone once.
        self.case.done.retain(|known| (known.task, &known.key) != (done.task, &done.key));
        self.case.done.push(done);
    }

    fn unanswered(&mut self, task: usize) {
        let Kind::Service(service) = &self.net.task(task).kind else { return };
        let now = self.now;
        let next = |asking: &Asking| self.next_try(service, asking.tries.saturating_add(1), now);
        let Some(Doing::Service(asking)) = self.case.items.get(&task).map(|item| &item.doing) else { return };
        match next(asking) {
            Some(at) => {
                let asking = Asking { tries: asking.tries + 1, at: Asked::Due(at) };
                self.put(task, Doing::Service(asking));
            }
            None => self.spent(task, Asked::Unanswered),
        }
    }

    /// When a service is asked again after so many tries; never, if that was the last.
    pub fn next_try(&self, service: &Service, tries: u32, now: Time) -> Option<Time> {
        let Some(Retry { attempts, backoff }) = &service.retry else {
            let wait = BACKOFF_SECONDS.get(tries as usize - 1).copied().unwrap_or(BACKOFF_SECONDS[1]);
            return (tries < ATTEMPTS).then(|| now.plus_ms(wait * 1000));
        };
        let span = backoff.get(tries as usize - 1).or(backoff.last());
        (tries < *attempts).then(|| span.map_or(now, |span| after(span, self.calendar, now)))
    }

    /// Nobody is asked any more: a person does it, or somebody else takes the token, or the case stops.
    fn spent(&mut self, task: usize, how: Asked) {
        let rules = self.net.task(task);
        let unsure = how == Asked::Unanswered;
        let Some(item) = self.case.items.get_mut(&task) else { return };
        let Doing::Service(asking) = &item.doing else { return };
        item.unsure = unsure;
        match rules.fallback() {
            Some(fallback) => {
                item.doing = Doing::Person(Work::offered(&fallback.roles));
                self.told.push(Told::FellBack { task: rules.name.clone() });
            }
            None => item.doing = Doing::Service(Asking { tries: asking.tries.saturating_add(1), at: how }),
        }
    }

    fn put(&mut self, task: usize, doing: Doing) {
        if let Some(item) = self.case.items.get_mut(&task) {
            item.doing = doing;
        }
    }
}
