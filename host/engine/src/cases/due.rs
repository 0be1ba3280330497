//! What is due: when a case has to be looked at again, and what is called then.

use serde_json::{Map, Value as Json, json};
use syndic_core::Time;
use syndic_core::calendar::Calendar;
use syndic_core::ports::CaseStatus;
use syndic_nets::model::{Kind, Service, Span};

use super::item::{Asked, Asking, Debt, Doing, Item, Phase};
use super::turn::counted;
use super::{Call, CallId, Case, CaseNet, data};

/// What comes to pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// A timer fires.
    Timer(usize),
    /// The holder of a work item was not heard of.
    Lease(usize),
    /// A promise was not kept.
    Late(usize),
    /// The holder of what is to be undone by hand was not heard of.
    OwedLease(usize),
}

impl Case {
    /// The earliest moment of anything: what a record's `due` holds.
    pub fn due(&self) -> Option<Time> {
        let calls = self.asked().map(|(at, _)| at).chain(self.owed().map(|(at, _)| at)).min();
        [self.happens(), calls].into_iter().flatten().min()
    }

    /// The earliest moment at which something comes to pass by [`Command::Due`](super::Command::Due).
    pub fn happens(&self) -> Option<Time> {
        self.next_happening().map(|(at, _)| at)
    }

    /// The calls that are due by then, in the order in which they are to be made. One that is under way already is
    /// listed until it is answered: whoever makes calls knows which those are.
    pub fn calls(&self, net: &CaseNet, by: Time) -> Vec<Call> {
        let asked = self.asked().map(|(at, (task, item, asking))| {
            let id = CallId { task: net.task(task).name.clone(), attempt: item.attempt, undo: false };
            self.call(net, id, task, item.key.clone().unwrap_or_default(), asking, at)
        });
        let owed = self.owed().map(|(at, (debt, asking))| {
            let undo = matches!(debt.phase, Phase::Undoing(_));
            let id = CallId { task: net.task(debt.done.task).name.clone(), attempt: debt.done.attempt, undo };
            self.call(net, id, debt.done.task, debt.done.key.clone(), asking, at)
        });
        let mut calls: Vec<Call> = asked.chain(owed).filter(|call| call.due <= by.max(self.at)).collect();
        calls.sort_by_key(|call| call.due);
        calls
    }

    /// The first of what comes to pass: the earliest, and at one moment in the order of the net.
    pub(super) fn next_happening(&self) -> Option<(Time, Happening)> {
        let moves = self.status == CaseStatus::Running && !self.cancelling;
        let items = self.items.iter().filter(|_| moves).flat_map(|(task, item)| {
            let own = match &item.doing {
                Doing::Timer(due) => due.map(|due| (due, Happening::Timer(*task))),
                Doing::Person(work) => work.lease.map(|lease| (lease, Happening::Lease(*task))),
                Doing::Auto | Doing::Service(_) | Doing::Failed => None,
            };
            own.into_iter().chain(item.lateness().map(|late| (late, Happening::Late(*task))))
        });
        let owes = self.status != CaseStatus::Suspended;
        let owed = self.debts.iter().enumerate().filter(|_| owes).filter_map(|(at, debt)| match &debt.phase {
            Phase::ByHand(work) => work.lease.map(|lease| (lease, Happening::OwedLease(at))),
            Phase::Listening(_) | Phase::Undoing(_) => None,
        });
        // The first of equals: items stand in the order of the net.
        items.chain(owed).reduce(|first, other| if other.0 < first.0 { other } else { first })
    }

    fn asked(&self) -> impl Iterator<Item = (Time, (usize, &Item, &Asking))> {
        let moves = self.status == CaseStatus::Running && !self.cancelling;
        self.items.iter().filter(move |_| moves).filter_map(|(task, item)| match &item.doing {
            Doing::Service(asking) => Some((asking.due()?, (*task, item, asking))),
            _ => None,
        })
    }

    fn owed(&self) -> impl Iterator<Item = (Time, (&Debt, &Asking))> {
        let owes = self.status != CaseStatus::Suspended;
        let owed = self.debts.iter().filter(move |_| owes);
        owed.filter_map(|debt| debt.asking().and_then(|asking| Some((asking.due()?, (debt, asking)))))
    }

    fn call(&self, net: &CaseNet, id: CallId, task: usize, key: String, asking: &Asking, due: Time) -> Call {
        let Kind::Service(service) = &net.task(task).kind else { unreachable!("only services are called") };
        let done = || service.action.clone();
        let undo = || service.undo.clone().unwrap_or_default();
        Call {
            action: if id.undo { undo() } else { done() },
            undoes: id.undo.then(done),
            asks: Json::Object(if id.undo { Map::new() } else { asks(net, task) }),
            id,
            key,
            tries: asking.tries,
            timeout_ms: timeout(service, due),
            due,
            raised: matches!(asking.at, Asked::Raised(_)),
            data: Json::Object(data::shown(net, &self.data)),
            rehearse: self.rehearse.clone(),
        }
    }
}

/// What whoever does a task may say.
pub(super) fn asks(net: &CaseNet, task: usize) -> Map<String, Json> {
    let variables = net.rules[task].asks.iter().map(|at| &net.net.data[*at]);
    let mut asks: Map<String, Json> =
        variables.map(|variable| (variable.name.clone(), data::domain(&variable.kind))).collect();
    let outcomes = net.named_outcomes(task);
    if !outcomes.is_empty() {
        asks.insert("outcome".to_owned(), json!(outcomes));
    }
    asks
}

/// How long a try may take. Nobody measures that in business days.
fn timeout(service: &Service, due: Time) -> Option<i64> {
    let ms = |span: &Span| Calendar::default().due(span.count, counted(span.unit), due).ms() - due.ms();
    service.timeout.as_ref().map(ms)
}
