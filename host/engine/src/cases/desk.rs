//! The desk: what people do with a case's work items, and what an operator puts right.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syndic_core::ports::CaseStatus;
use syndic_nets::model::Kind;

use super::case::OWED;
use super::data;
use super::item::{Doing, Phase};
use super::people::{Asker, Came};
use super::turn::Turn;
use super::undo::OPERATOR;
use super::{CaseRefused, Repair, Told, WorkVerb};

impl Turn<'_> {
    /// Something is done with a work item.
    ///
    /// # Errors
    /// It is not open, or not to be had, or what is said decides nothing.
    pub fn work(&mut self, name: &str, attempt: u32, asker: Asker<'_>, verb: &WorkVerb) -> Result<(), CaseRefused> {
        if self.case.status == CaseStatus::Suspended {
            return Err(CaseRefused::Suspended);
        }
        let none = || CaseRefused::NoSuchWork(format!("{name}/{attempt}"));
        let owed = name.strip_prefix(OWED).and_then(|task| self.net.find_task(task));
        if let Some(done) = owed.and_then(|task| self.owed_work(task, attempt, asker, verb)) {
            return done;
        }
        let named = |task: &usize| self.net.item_name(*task) == name;
        let task = self.case.items.keys().copied().find(named).ok_or_else(none)?;
        let roles = self.case.item_roles(self.net, task);
        let now = self.now;
        let item = self.case.items.get_mut(&task).filter(|item| item.attempt == attempt).ok_or_else(none)?;
        let Doing::Person(work) = &mut item.doing else { return Err(none()) };
        if let Some(stop) = &self.case.stop {
            return Err(CaseRefused::Stopped(stop.why.clone()));
        }
        match (work.ask(verb, asker, &roles, now)?, verb) {
            (Came::Completed, WorkVerb::Complete { outcome, data }) => {
                self.completed(task, outcome.as_deref(), data)?
            }
            (Came::Failed, _) => item.doing = Doing::Failed,
            _ => {}
        }
        Ok(())
    }

    /// A person did it: what they say decides.
    fn completed(
        &mut self,
        task: usize,
        outcome: Option<&str>,
        given: &BTreeMap<String, Json>,
    ) -> Result<(), CaseRefused> {
        let said = data::said_of(self.net, task, given)?;
        let asks = &self.net.rules[task].asks;
        let guarded = self.net.task(task).outcomes().iter().any(|outcome| outcome.when.is_some());
        if guarded && !asks.is_empty() && !said.iter().any(|(at, _)| asks.contains(at)) {
            // What was said another time does not count again.
            let names: Vec<&str> = asks.iter().map(|at| self.net.net.data[*at].name.as_str()).collect();
            return Err(CaseRefused::NoOutcome(format!("say what was found: {}", names.join(", "))));
        }
        said.into_iter().for_each(|(at, value)| self.case.data[at] = Some(value));
        let by_hand = matches!(self.net.task(task).kind, Kind::Service(_));
        let id = self.way(task, outcome, by_hand).map_err(CaseRefused::NoOutcome)?;
        self.keep_undo(task);
        self.fire(id);
        Ok(())
    }

    /// The same for what is to be undone by hand: it is undone, or it stays owed.
    fn owed_work(
        &mut self,
        task: usize,
        attempt: u32,
        asker: Asker<'_>,
        verb: &WorkVerb,
    ) -> Option<Result<(), CaseRefused>> {
        let of = |debt: &&super::item::Debt| (debt.done.task, debt.done.attempt) == (task, attempt);
        let at = self.case.debts.iter().position(|debt| of(&debt))?;
        let Phase::ByHand(work) = &mut self.case.debts[at].phase else { return None };
        self.owing = true;
        if matches!(verb, WorkVerb::Fail { .. }) {
            let state = "the last way to undo something".to_owned();
            return Some(Err(CaseRefused::WrongState { state, verb: verb.name().to_owned() }));
        }
        Some(work.ask(verb, asker, &[OPERATOR.to_owned()], self.now).map(|came| {
            if came == Came::Completed {
                self.case.debts.remove(at);
                self.undo_next();
            }
        }))
    }

    /// The holder of something that is to be undone by hand was not heard of.
    pub fn owed_lease_ends(&mut self, at: usize) {
        let Some(debt) = self.case.debts.get_mut(at) else { return };
        let Phase::ByHand(work) = &mut debt.phase else { return };
        self.owing = true;
        if let Some(holder) = work.lease_ends(&[OPERATOR.to_owned()]) {
            let task = format!("{OWED}{}", self.net.task(debt.done.task).name);
            self.told.push(Told::LeaseEnded { task, holder });
        }
    }

    /// An operator puts right what is wrong: data, then what is tried anew, then what is taken for done.
    ///
    /// # Errors
    /// There is no such thing, or it cannot be done as the case stands.
    pub fn repair(&mut self, repair: &Repair) -> Result<(), CaseRefused> {
        self.still_open()?;
        if self.case.status == CaseStatus::Suspended {
            return Err(CaseRefused::Suspended);
        }
        if *repair == Repair::default() {
            return Err(CaseRefused::EmptyRepair);
        }
        for (name, json) in &repair.data {
            let at = self.net.find_variable(name).ok_or_else(|| CaseRefused::NoSuchVariable(name.clone()))?;
            self.case.data[at] = if json.is_null() { None } else { Some(data::read(self.net, at, json)?) };
        }
        self.case.status = CaseStatus::Running;
        self.case.stop = None;
        if let Some(name) = &repair.retry {
            self.retry(name)?;
        }
        if let Some(name) = &repair.fire {
            self.fire_named(name)?;
        }
        Ok(())
    }

    /// The task is enabled anew. Its call keeps its key as long as data gives the same.
    fn retry(&mut self, name: &str) -> Result<(), CaseRefused> {
        let nothing = || CaseRefused::NothingToRetry(name.to_owned());
        let task = self.net.find_task(name).ok_or_else(nothing)?;
        if !matches!(self.net.task(task).kind, Kind::Service(_) | Kind::User(_)) {
            return Err(nothing());
        }
        self.case.items.get(&task).ok_or_else(nothing)?;
        self.withdraw(task);
        self.make(task);
        Ok(())
    }

    /// An operator says what happened.
    fn fire_named(&mut self, name: &str) -> Result<(), CaseRefused> {
        let flat = &self.net.flat;
        let id = flat.find_transition(name).ok_or_else(|| CaseRefused::NoSuchTransition(name.to_owned()))?;
        let empty = flat.transition(id).consumes.iter().find(|place| !self.case.tokens.contains_key(place));
        if let Some(place) = empty {
            let why = format!("transition `{name}` is not enabled: place `{}` is empty", flat.place(*place));
            return Err(CaseRefused::NotEnabled(why));
        }
        self.keep_undo(self.net.origins[id.0 as usize].task);
        self.fire(id);
        Ok(())
    }
}
