//! What is due: when a case has to be looked at again, and what is called then.

use serde_json::{Map, Value as Json, json};
use syndic_core::Time;
use syndic_core::calendar::Calendar;
use syndic_core::ports::CaseStatus;
use syndic_nets::model::{Kind, Service};

use super::item::{Asked, Asking, Debt, Doing, Phase};
use super::turn::after;
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

/// A call that is under way.
#[derive(Clone, Copy)]
struct UnderWay<'c> {
    task: usize,
    attempt: u32,
    undo: bool,
    key: &'c str,
    asking: &'c Asking,
}

impl UnderWay<'_> {
    fn id(&self, net: &CaseNet) -> CallId {
        CallId { task: net.task(self.task).name.clone(), attempt: self.attempt, undo: self.undo }
    }
}

impl Case {
    /// The earliest moment of anything: what a record's `due` holds.
    pub fn due(&self) -> Option<Time> {
        let calls = self.under_way().filter_map(|call| call.asking.due()).min();
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
    pub fn calls(&self, net: &CaseNet, by: Time, calendar: &Calendar) -> Vec<Call> {
        let due = self.under_way().filter_map(|call| Some((call.asking.due()?, call)));
        let due = due.filter(|(at, _)| *at <= by.max(self.at));
        let mut calls: Vec<Call> = due.map(|(at, call)| self.call(net, &call, calendar, at)).collect();
        calls.sort_by_key(|call| call.due);
        calls
    }

    /// The events that somebody has yet to end.
    pub fn awaited(&self, net: &CaseNet) -> Vec<CallId> {
        self.under_way().filter(|call| call.asking.at == Asked::Awaited).map(|call| call.id(net)).collect()
    }

    /// The calls that are events in the orchestrator's queue, or were, and whose outcome there is to look for.
    pub fn raised_calls(&self, net: &CaseNet, calendar: &Calendar) -> Vec<Call> {
        let raised = self.under_way().filter(|call| call.asking.is_raised());
        raised.map(|call| self.call(net, &call, calendar, call.asking.due().unwrap_or(self.at))).collect()
    }

    /// Whether an answer is of an event that was raised: it comes before whatever is due, for it was decided before.
    pub(super) fn hears(&self, net: &CaseNet, id: &CallId) -> bool {
        self.under_way().any(|call| call.asking.is_raised() && call.id(net) == *id)
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

    /// The calls under way, where anything moves: those of items, and those of what is owed.
    fn under_way(&self) -> impl Iterator<Item = UnderWay<'_>> {
        let moves = self.status == CaseStatus::Running && !self.cancelling;
        let items = self.items.iter().filter(move |_| moves).filter_map(|(task, item)| match &item.doing {
            Doing::Service(asking) => {
                let key = item.key.as_deref().unwrap_or_default();
                Some(UnderWay { task: *task, attempt: item.attempt, undo: false, key, asking })
            }
            _ => None,
        });
        let owes = self.status != CaseStatus::Suspended;
        let debts = self.debts.iter().filter(move |_| owes).filter_map(|debt| {
            let (done, undo) = (&debt.done, matches!(debt.phase, Phase::Undoing(_)));
            let asking = debt.asking()?;
            Some(UnderWay { task: done.task, attempt: done.attempt, undo, key: &done.key, asking })
        });
        items.chain(debts)
    }

    fn call(&self, net: &CaseNet, call: &UnderWay<'_>, calendar: &Calendar, due: Time) -> Call {
        let (id, UnderWay { task, asking, .. }) = (call.id(net), *call);
        let Kind::Service(service) = &net.task(task).kind else { unreachable!("only services are called") };
        let done = || service.action.clone();
        let undo = || service.undo.clone().unwrap_or_default();
        Call {
            action: if id.undo { undo() } else { done() },
            undoes: id.undo.then(done),
            asks: Json::Object(if id.undo { Map::new() } else { asks(net, task) }),
            id,
            key: call.key.to_owned(),
            tries: asking.tries,
            timeout_ms: timeout(service, calendar, due),
            due,
            raised: asking.is_raised(),
            data: Json::Object(data::shown(net, &self.data)),
            rehearse: self.rehearse.clone(),
        }
    }
}

/// What whoever does a task may say.
pub(super) fn asks(net: &CaseNet, task: usize) -> Map<String, Json> {
    let variables = net.rules[task].says.iter().map(|at| &net.net.data[*at]);
    let mut asks: Map<String, Json> =
        variables.map(|variable| (variable.name.clone(), data::domain(&variable.kind))).collect();
    let outcomes = net.named_outcomes(task);
    if !outcomes.is_empty() {
        asks.insert("outcome".to_owned(), json!(outcomes));
    }
    asks
}

/// How long a try may take.
fn timeout(service: &Service, calendar: &Calendar, due: Time) -> Option<i64> {
    service.timeout.as_ref().map(|span| after(span, calendar, due).ms() - due.ms())
}
