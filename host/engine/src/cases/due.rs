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
        let asking = self.asked().map(|(_, _, asking)| asking).chain(self.owed().map(|(_, asking)| asking));
        let calls = asking.filter_map(Asking::due).min();
        [self.happens(), calls].into_iter().flatten().min()
    }

    /// The earliest moment at which something comes to pass by [`Command::Due`](super::Command::Due).
    pub fn happens(&self) -> Option<Time> {
        self.next_happening().map(|(at, _)| at)
    }

    /// The same, if it comes before whatever else happens at a time. To a case that was moved since, that is now.
    pub fn happens_by(&self, time: Time) -> Option<Time> {
        self.happens().filter(|happens| *happens <= time.max(self.at))
    }

    /// The calls that are due by then, in the order in which they are to be made. One that is under way already is
    /// listed until it is answered: whoever makes calls knows which those are.
    pub fn calls(&self, net: &CaseNet, by: Time) -> Vec<Call> {
        let mut calls = self.calls_that(net, |asking| asking.due().filter(|at| *at <= by.max(self.at)));
        calls.sort_by_key(|call| call.due);
        calls
    }

    /// The events that somebody has yet to end, as calls whose outcome is to be looked for when somebody has.
    pub fn awaited(&self, net: &CaseNet) -> Vec<Call> {
        self.calls_that(net, |asking| (asking.at == Asked::Awaited).then_some(self.at))
    }

    /// Whether it waits for somebody to end the event of this attempt at a task, now or when it moves again.
    pub fn awaits(&self, net: &CaseNet, task: &str, attempt: u32) -> bool {
        let Some(task) = net.find_task(task) else { return false };
        let item = self.items.get(&task).filter(|item| item.attempt == attempt).map(|item| &item.doing);
        let owed = |debt: &Debt| {
            (debt.done.task, debt.done.attempt) == (task, attempt)
                && matches!(&debt.phase, Phase::Listening(asking) if asking.at == Asked::Awaited)
        };
        matches!(item, Some(Doing::Service(asking)) if asking.at == Asked::Awaited) || self.debts.iter().any(owed)
    }

    fn calls_that(&self, net: &CaseNet, due: impl Fn(&Asking) -> Option<Time> + Copy) -> Vec<Call> {
        let name = |task: usize| net.task(task).name.clone();
        let asked = self.asked().filter_map(|(task, item, asking)| {
            let id = CallId { task: name(task), attempt: item.attempt, undo: false };
            due(asking).map(|at| self.call(net, id, task, item.key.clone().unwrap_or_default(), asking, at))
        });
        let owed = self.owed().filter_map(|(debt, asking)| {
            let undo = matches!(debt.phase, Phase::Undoing(_));
            let id = CallId { task: name(debt.done.task), attempt: debt.done.attempt, undo };
            due(asking).map(|at| self.call(net, id, debt.done.task, debt.done.key.clone(), asking, at))
        });
        asked.chain(owed).collect()
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

    fn asked(&self) -> impl Iterator<Item = (usize, &Item, &Asking)> {
        let moves = self.status == CaseStatus::Running && !self.cancelling;
        self.items.iter().filter(move |_| moves).filter_map(|(task, item)| match &item.doing {
            Doing::Service(asking) => Some((*task, item, asking)),
            _ => None,
        })
    }

    fn owed(&self) -> impl Iterator<Item = (&Debt, &Asking)> {
        let owes = self.status != CaseStatus::Suspended;
        self.debts.iter().filter(move |_| owes).filter_map(|debt| Some((debt, debt.asking()?)))
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
            raised: matches!(asking.at, Asked::Raised(_) | Asked::Awaited),
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
