//! Undoing: what was done and must not stay done.
//!
//! Two things end here. A service was at a task when its token went another way: it is heard out, and a yes is undone.
//! And a case is cancelled: what it did is undone, newest first, one after the other. What cannot be undone by a call is
//! a work item for an operator; nothing that is owed is ever dropped.

use syndic_core::ports::{Answer, CaseStatus, NoAnswer};
use syndic_nets::model::{Kind, Service};

use super::item::{Asked, Asking, Debt, Done, Phase};
use super::people::Work;
use super::turn::Turn;
use super::{CallId, Told};

/// Who sees to what no call could undo.
pub(super) const OPERATOR: &str = "operator";

impl Turn<'_> {
    /// Ends the case: nobody works on it any more, and then it is undone.
    pub fn cancel(&mut self) {
        self.owing = true;
        self.case.status = CaseStatus::Running;
        self.case.stop = None;
        self.case.cancelling = true;
        let open: Vec<usize> = self.case.items.keys().copied().collect();
        open.into_iter().for_each(|task| self.withdraw(task));
        self.undo_next();
    }

    /// Of a case that is cancelled, undoes the next thing when no other call is under way; when all is undone, it is over.
    pub fn undo_next(&mut self) {
        if !self.case.cancelling || self.case.debts.iter().any(|debt| debt.asking().is_some()) {
            return;
        }
        if let Some(done) = self.case.done.pop() {
            let phase = self.undoing(&done);
            self.case.debts.push(Debt { done, since: self.now, phase });
        } else if self.case.debts.is_empty() {
            self.case.cancelling = false;
            self.case.status = CaseStatus::Cancelled;
            self.case.filled.clear();
        }
    }

    /// The call of something that is owed, if this is it.
    pub fn debt_asking(&mut self, task: usize, call: &CallId) -> Option<&mut Asking> {
        let at = self.find_debt(task, call)?;
        self.owing = true;
        match &mut self.case.debts[at].phase {
            Phase::Listening(asking) | Phase::Undoing(asking) => Some(asking),
            Phase::ByHand(_) => None,
        }
    }

    pub fn find_debt(&self, task: usize, call: &CallId) -> Option<usize> {
        self.case.debts.iter().position(|debt| {
            let phase = matches!((&debt.phase, call.undo), (Phase::Listening(_), false) | (Phase::Undoing(_), true));
            phase && (debt.done.task, debt.done.attempt) == (task, call.attempt)
        })
    }

    /// Takes an answer for something that is owed; whether there was any such thing.
    pub fn settle_debt(&mut self, task: usize, call: &CallId, answer: &Result<Answer, NoAnswer>) -> bool {
        let Some(at) = self.find_debt(task, call) else { return false };
        self.owing = true;
        let name = self.net.task(task).name.clone();
        let again = self.tried_again(task, at);
        let undoing = |turn: &mut Self| turn.undoing(&turn.case.debts[at].done.clone());
        let phase = match (&self.case.debts[at].phase, answer) {
            // It was not done, or it is undone.
            (Phase::Listening(_), Ok(Answer { accepted: false, .. }))
            | (Phase::Undoing(_), Ok(Answer { accepted: true, .. })) => None,
            (Phase::Listening(_), Ok(_)) => {
                self.told.push(Told::LateYes { task: name });
                Some(undoing(self))
            }
            // Whoever never answers may have done it.
            (Phase::Listening(_), Err(_)) => Some(again.map_or_else(|| undoing(self), Phase::Listening)),
            (_, answer) => Some(again.filter(|_| answer.is_err()).map_or_else(
                || {
                    self.told.push(Told::DeadLetter { task: name });
                    Phase::ByHand(Work::offered(&[OPERATOR.to_owned()]))
                },
                Phase::Undoing,
            )),
        };
        match phase {
            Some(phase) => self.case.debts[at].phase = phase,
            None => drop(self.case.debts.remove(at)),
        }
        self.undo_next();
        true
    }

    /// An undo that is to be called now; its key is spent.
    fn undoing(&mut self, done: &Done) -> Phase {
        self.case.undone.insert((done.task, done.key.clone()));
        Phase::Undoing(Asking::from(self.now))
    }

    /// The next try of what is owed, if there is one.
    fn tried_again(&self, task: usize, at: usize) -> Option<Asking> {
        let tries = self.case.debts[at].asking()?.tries.saturating_add(1);
        let service: &Service = match &self.net.task(task).kind {
            Kind::Service(service) => service,
            _ => return None,
        };
        self.next_try(service, tries, self.now).map(|due| Asking { tries, at: Asked::Due(due) })
    }
}
