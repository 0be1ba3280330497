//! What one lane has to do, and in which order: what a person orders, raised events, deferred effects, then its inbox.

use std::collections::VecDeque;

use syndic_core::ports::{Again, CaseKey, Deferred, TimerKey};
use syndic_core::{DedupKey, Event};
use tracing::Span;

use crate::act::Order;
use crate::caseload::CallKey;
use crate::cases::Call;
use crate::consequence::Following;

/// Something for a lane to do. `A` stands for who waits for the answer to an order.
pub(crate) enum Todo<A> {
    /// An event from outside, and the span its sender was in.
    Event(Box<Event>, Span),
    /// An event that an earlier process had begun, and the act that had it judged again.
    LeftOver(Box<(Event, Option<Again>)>),
    /// Something of the host's own.
    Follow(Box<Following>),
    /// A deferred effect by its number, after so many tries in vain.
    Deliver(Box<(u64, Deferred)>, u32),
    /// An order, for somebody who waits for its answer.
    Order(Box<Order>, A),
    /// The undo of a stuck event that is due.
    Undo(Box<DedupKey>),
    /// A case in which something is due.
    Case(Box<CaseKey>),
    /// A call that a case has to make.
    Call(Box<(CaseKey, Call)>),
}

/// What a lane holds for as long as it does something, so that it is not put there twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// A timer.
    Timer(TimerKey),
    /// The undo of a stuck event.
    Undo(DedupKey),
    /// A case that is looked at.
    Case(CaseKey),
    /// A call of a case.
    Call(CallKey),
}

/// What one lane has to do.
pub(crate) struct Queue<R, A> {
    acts: VecDeque<Todo<A>>,
    raised: VecDeque<Following>,
    deferred: VecDeque<Box<(u64, Deferred)>>,
    inbox: VecDeque<Todo<A>>,
    /// How often the first of the deferred effects was tried in vain.
    tries: u32,
    /// Whether it rests until its next try.
    pub(crate) rests: bool,
    pub(crate) stage: Stage<R>,
}

/// How a lane stands.
pub(crate) enum Stage<R> {
    /// On its tenant's list, with the turn that goes on, or a new one to begin.
    Ready(Option<R>),
    /// A worker has it; whether it can go on again already.
    Held { woken: bool },
    /// Its turn waits to be woken.
    Paused(R),
    /// It has something to do, and none of it now.
    Asleep,
}

impl<R, A> Default for Queue<R, A> {
    fn default() -> Self {
        let (acts, raised, deferred, inbox) = Default::default();
        Self { acts, raised, deferred, inbox, tries: 0, rests: false, stage: Stage::Asleep }
    }
}

impl<R, A> Queue<R, A> {
    /// Adds something where it belongs.
    pub(crate) fn put(&mut self, todo: Todo<A>) {
        match todo {
            Todo::Order(..) | Todo::Undo(_) => self.acts.push_back(todo),
            // What was ordered and begun comes before what is ordered now: the event has one judgement at a time.
            Todo::LeftOver(ref begun) if begun.1.is_some() => self.acts.push_back(todo),
            Todo::Event(..) | Todo::LeftOver(_) | Todo::Follow(_) | Todo::Case(_) | Todo::Call(_) => {
                self.inbox.push_back(todo)
            }
            Todo::Deliver(effect, _) => self.deferred.push_back(effect),
        }
    }

    /// Adds what follows from a turn.
    pub(crate) fn follow(&mut self, following: Following) {
        match following {
            Following::Raised(..) => self.raised.push_back(following),
            Following::Deferred(number, deferred) => self.deferred.push_back(Box::new((number, deferred))),
            Following::Timer(_) => self.inbox.push_back(Todo::Follow(Box::new(following))),
        }
    }

    /// How many events from outside wait.
    pub(crate) fn events(&self) -> usize {
        self.inbox.iter().filter(|todo| matches!(todo, Todo::Event(..))).count()
    }

    /// Whether there is something to begin. A lane on hold does what is ordered and nothing else.
    pub(crate) fn can_begin(&self, on_hold: bool) -> bool {
        let delivers = !self.rests && !self.deferred.is_empty();
        !self.acts.is_empty() || (!on_hold && (delivers || !self.raised.is_empty() || !self.inbox.is_empty()))
    }

    /// What comes next. While a deferred effect rests the lane goes on, and those behind it wait.
    pub(crate) fn begin(&mut self, on_hold: bool) -> Option<Todo<A>> {
        if let Some(act) = self.acts.pop_front() {
            return Some(act);
        }
        if on_hold {
            return None;
        }
        if let Some(raised) = self.raised.pop_front() {
            return Some(Todo::Follow(Box::new(raised)));
        }
        if !self.rests
            && let Some(effect) = self.deferred.pop_front()
        {
            return Some(Todo::Deliver(effect, std::mem::take(&mut self.tries)));
        }
        self.inbox.pop_front()
    }

    /// Puts back a deferred effect that nobody answered: it is the first to be tried again.
    pub(crate) fn rest(&mut self, effect: Box<(u64, Deferred)>, tries: u32) {
        self.deferred.push_front(effect);
        (self.tries, self.rests) = (tries, true);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.acts.is_empty() && self.raised.is_empty() && self.deferred.is_empty() && self.inbox.is_empty()
    }
}
