//! The desk: where one decision is worked out.
//!
//! Facts are taken out, changed and put back here, and `close` turns the difference into a decision. An event that
//! needs money reserved first is judged twice by the same code: `evaluate` runs it without answers and keeps nothing
//! but the questions; `feedback` runs it again with the answers and keeps everything else. So there is one story per
//! event, not two halves that must agree.
//!
//! No decision leaves the desk unless its books balance, and one that moves money says how (`books`).

use std::collections::BTreeMap;

use syndic_book::{ACCESS, Access, SUSPENSIONS};
use syndic_sdk::prelude::*;

use crate::account::{Account, Standing, keep};
use crate::books::{self, Entry};
use crate::invoice::Invoice;

/// The fact that holds the account.
const ACCOUNT: &str = "billing.account";

/// The longest invoice id that is looked up: ours are shorter, and fact names are bounded.
const ID_BYTES_MAX: usize = 32;

/// Invoices one decision may touch where it could touch any number. Each takes up to two of the 64 writes; the plans
/// that end with them, the account, the entry, the usage, access and cause take thirteen.
const INVOICES_MAX: usize = 24;

/// Effects, and timers, that one decision may ask for where it could ask for any number. 16 is the end, and one more
/// invoice may take three.
const ASKED_MAX: usize = 12;

/// Why judging stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The request was refused or referred.
    No(Verdict),
    /// An amount leaves the range of money: nothing of it is charged, counted or kept.
    Beyond,
    /// Facts or code are broken.
    Broken(Fault),
}

/// What every step of a judgement returns.
pub(crate) type Step<T = ()> = Result<T, Stop>;

impl Stop {
    /// Refuses the request.
    pub(crate) fn refuse<T>(code: &str, message: impl Into<String>) -> Step<T> {
        Err(Stop::No(Verdict::Refuse(Reason::new(code, message))))
    }

    /// Leaves the request to a person.
    pub(crate) fn refer<T>(code: &str, message: impl Into<String>) -> Step<T> {
        Err(Stop::No(Verdict::Refer(Reason::new(code, message))))
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Broken(fault)
    }
}

impl From<MoneyError> for Stop {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::OutOfRange => Stop::Beyond,
            broken => Stop::Broken(broken.into()),
        }
    }
}

/// One decision in the making.
pub(crate) struct Desk<'a> {
    /// What is judged.
    pub cx: &'a Context,
    /// The lane's time.
    pub now: Time,
    /// The account as it will be.
    pub account: Account,
    /// What else is decided: effects, timers, raised events, facts of other kinds.
    pub out: Decision,
    found: Account,
    files: BTreeMap<String, File>,
    numbers: Vec<(&'static str, String, String)>,
    answers: &'a [EffectResult],
    questions: Vec<Effect>,
}

/// An invoice as it was found, and as it will be.
pub(crate) struct File {
    pub(crate) found: Option<Invoice>,
    pub(crate) filed: Invoice,
}

impl<'a> Desk<'a> {
    /// An empty desk with the account on it.
    pub(crate) fn new(cx: &'a Context, answers: &'a [EffectResult]) -> Result<Self, Fault> {
        let found: Account = cx.fact(ACCOUNT)?.unwrap_or_default();
        Ok(Desk {
            cx,
            now: cx.now(),
            account: found.clone(),
            out: Decision::default(),
            found,
            files: BTreeMap::new(),
            numbers: Vec::new(),
            answers,
            questions: Vec::new(),
        })
    }

    /// Takes an invoice out; none where there is none of that id.
    pub(crate) fn invoice(&mut self, id: &str) -> Step<Option<Invoice>> {
        if let Some(file) = self.files.get(id) {
            return Ok(Some(file.filed.clone()));
        }
        if !id.starts_with("inv-") || id.len() > ID_BYTES_MAX {
            return Ok(None);
        }
        let Some(found) = self.cx.fact::<Invoice>(&fact(id))? else { return Ok(None) };
        self.files.insert(id.to_owned(), File { found: Some(found.clone()), filed: found.clone() });
        Ok(Some(found))
    }

    /// Puts an invoice back, and keeps the account's lists in step with it.
    pub(crate) fn file(&mut self, mut invoice: Invoice) {
        if !invoice.status.unsettled() {
            invoice.dunning = None;
        }
        keep(&mut self.account.open, &invoice.id, invoice.status.unsettled());
        keep(&mut self.account.past_due, &invoice.id, invoice.dunning.is_some());
        match self.files.get_mut(&invoice.id) {
            Some(file) => file.filed = invoice,
            None => drop(self.files.insert(invoice.id.clone(), File { found: None, filed: invoice })),
        }
    }

    /// Asks the committer for a legal number at `pointer` of an invoice.
    pub(crate) fn number(&mut self, series: &'static str, invoice: &str, pointer: impl Into<String>) {
        self.numbers.push((series, fact(invoice), pointer.into()));
    }

    /// The answer to a blocking effect; asks, where there is none yet.
    pub(crate) fn answer(&mut self, id: &str, question: impl FnOnce() -> Effect) -> Option<&'a EffectResult> {
        let answer = self.answers.iter().find(|answer| answer.id == id);
        if answer.is_none() {
            self.questions.push(question());
        }
        answer
    }

    /// Whether that many more invoices fit into this decision. What does not fit follows by a timer.
    pub(crate) fn has_room_for(&self, invoices: usize) -> bool {
        let asked = self.out.timers.len().max(self.out.effects.len() + self.questions.len());
        self.files.len() + invoices <= INVOICES_MAX && asked < ASKED_MAX
    }

    /// Whether all that came in can still be counted.
    pub(crate) fn is_countable(&self) -> bool {
        self.account.received.keys().all(|currency| self.account.may_receive(*currency, 0))
    }

    /// The decision.
    pub(crate) fn close(mut self, event: &Event) -> Answer {
        if !self.questions.is_empty() {
            return self.ask();
        }
        if self.account.past_due.is_empty() {
            self.account.suspended = false;
        }
        let lines = books::lines(&self.found, &self.account, self.files.values())?;
        if !lines.is_empty() {
            self.account.entries += 1;
            let entry = Entry::new(self.now, event, lines);
            self.out.set(format!("billing.entry.{}", self.account.entries), &entry);
        }
        self.write();
        if self.out != Decision::default() {
            self.out.verdict = Verdict::Approve;
        }
        Ok(self.out)
    }

    /// The first of two runs: nothing but the questions.
    fn ask(self) -> Answer {
        if !self.answers.is_empty() {
            return Err(Fault::new("broken-feedback", "the answers lead to a question that was not asked"));
        }
        Ok(Decision { effects: self.questions, ..Decision::approve() })
    }

    fn write(&mut self) {
        for file in self.files.values().filter(|file| file.found.as_ref() != Some(&file.filed)) {
            self.out.set(fact(&file.filed.id), &file.filed);
        }
        for (series, fact, pointer) in std::mem::take(&mut self.numbers) {
            self.out.number(series, fact, pointer);
        }
        if self.account != self.found {
            self.out.set(ACCOUNT, &self.account);
            self.stand(self.found.standing(), self.account.standing());
        }
    }

    /// Access and cause follow from what is past due, here and nowhere else.
    fn stand(&mut self, before: Standing, after: Standing) {
        if before == after {
            return;
        }
        match after {
            Standing::Clear => self.out.withdraw(ACCESS),
            Standing::Grace => self.out.stand(ACCESS, Access::Grace.as_str()),
            Standing::Blocked => self.out.stand(ACCESS, Access::Blocked.as_str()),
        };
        match (before, after) {
            (_, Standing::Blocked) => drop(self.out.add(SUSPENSIONS, Cause::Payment.as_str())),
            (Standing::Blocked, _) => drop(self.out.remove(SUSPENSIONS, Cause::Payment.as_str())),
            _ => {}
        }
    }
}

fn fact(invoice: &str) -> String {
    format!("billing.invoice.{invoice}")
}
