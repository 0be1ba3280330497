//! Answers that are waited for: of events, and of orders.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_channel::oneshot;
use syndic_core::{DedupKey, Report};
use syndic_ledger::Hash;

use crate::act::Denied;
use crate::host::Halt;

/// The answer to one event or order, when it comes. It can be awaited, or waited for with [`Pending::wait`].
#[derive(Debug)]
pub struct Pending<T = Report> {
    pub(crate) answer: oneshot::Receiver<Result<T, Halt>>,
    pub(crate) beside_another: bool,
}

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Halt>>;

impl<T> Pending<T> {
    /// Waits for the answer in this thread.
    ///
    /// # Errors
    /// [`Halt`]: what became of it is not known, and will be after recovery.
    pub fn wait(self) -> Result<T, Halt> {
        pollster::block_on(self)
    }

    /// Whether it waits for what becomes of another event, that was taken before under the same id. It will be turned
    /// away then, and must be kept nowhere: the id is the other one's.
    pub fn is_beside_another(&self) -> bool {
        self.beside_another
    }

    /// The answer, if it is there. It is given once.
    pub fn try_answer(&mut self) -> Option<Result<T, Halt>> {
        self.answer.try_recv().unwrap_or(Some(Err(Halt::Closed)))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Halt>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(cx).map(|answer| answer.unwrap_or(Err(Halt::Closed)))
    }
}

/// An order, for whoever waits for its answer.
pub(crate) type OrderNumber = u64;

/// Who is told what.
pub(crate) enum Told {
    /// Whoever sent an event.
    Senders(DedupKey, Report),
    /// Whoever sent an event that had its outcome already.
    Again(Answer<Report>, Report),
    /// Whoever gave an order.
    Orderer(OrderNumber, Result<Report, Denied>),
}

/// An event that was taken and not answered yet.
pub(crate) struct Flight {
    pub(crate) hash: Hash,
    /// When it was taken, where somebody wants to know.
    pub(crate) since: Option<Instant>,
    /// Whether it was taken before anybody of now asked.
    pub(crate) recovered: bool,
    pub(crate) answers: Vec<Answer<Report>>,
    /// Who sent another event under the same id meanwhile, and what is told then.
    pub(crate) others: Vec<(Answer<Report>, Report)>,
}

impl Flight {
    /// Answers all who sent the event: the first, unless it was taken before, and those who sent it again.
    pub(crate) fn answer(mut self, report: Report) {
        for (answer, report) in self.others {
            let _ = answer.send(Ok(report));
        }
        let last = self.answers.pop();
        let others = self.answers.len();
        for (nth, answer) in self.answers.into_iter().enumerate() {
            // Who went away does not want to know.
            let _ = answer.send(Ok(told_to(nth, self.recovered, report.clone())));
        }
        if let Some(last) = last {
            let _ = last.send(Ok(told_to(others, self.recovered, report)));
        }
    }
}

fn told_to(nth: usize, recovered: bool, report: Report) -> Report {
    Report { duplicate: report.duplicate || nth > 0 || recovered, ..report }
}
