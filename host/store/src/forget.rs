//! Forgetting: dedup records end after a time, so that a store does not grow by them for ever. Receipts stay.
//!
//! Most events have a receipt, and receipts stand in the order in which events were settled: a counter says how far
//! they were walked. The few without one stand in a table of their own, by when they were taken.

use syndic_core::command::{CASES_SOURCE, item_of};
use syndic_core::ports::{CaseKey, StoreError};
use syndic_core::{DedupKey, Outcome, Report, Time};

use crate::draft::Draft;
use crate::heart::Heart;
use crate::key::{Key, Table};
use crate::pack::{Known, Reported, Told};
use crate::reads::not_such_a_key;
use crate::space::Space;

/// Records looked at in one turn, so that who commits meanwhile waits little.
const LOOKS_AT_ONCE: usize = 64;

/// How far one turn came.
struct Turn {
    forgotten: u64,
    /// Nothing is left that is old enough.
    done: bool,
}

/// What the next receipt leads to.
enum Next {
    Event(Candidate),
    Passed,
    End,
}

/// What may be forgotten.
struct Candidate {
    taken: Time,
    event: DedupKey,
    /// The receipt that led here; none where the event has none.
    receipt: Option<u64>,
}

/// Whether an outcome is not the end of an event.
fn is_open(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Referred | Outcome::Stuck)
}

impl<S: Space> Heart<S> {
    /// Forgets dedup records of events taken before a time, at most `limit` of them.
    pub(crate) fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        let limit = limit as u64;
        while forgotten < limit {
            let mut turn = Turn { forgotten: 0, done: false };
            self.admit(|draft| {
                let was = draft.counters.forgotten;
                turn = draft.forget(before, limit - forgotten)?;
                Ok((!draft.changes.is_empty() || draft.counters.forgotten != was).then_some(()))
            })?;
            forgotten += turn.forgotten;
            if turn.done {
                break;
            }
        }
        Ok(forgotten)
    }
}

impl<S: Space> Draft<'_, S> {
    fn forget(&mut self, before: Time, limit: u64) -> Result<Turn, StoreError> {
        let mut forgotten = 0;
        for _ in 0..LOOKS_AT_ONCE {
            if forgotten == limit {
                break;
            }
            let with = match self.next_with_receipt()? {
                Next::Passed => continue,
                Next::Event(candidate) => Some(candidate),
                Next::End => None,
            };
            let oldest = with.into_iter().chain(self.next_without_receipt()?).min_by_key(|candidate| candidate.taken);
            let Some(oldest) = oldest.filter(|candidate| candidate.taken < before) else {
                return Ok(Turn { forgotten, done: true });
            };
            forgotten += u64::from(self.forget_one(&oldest)?);
        }
        Ok(Turn { forgotten, done: false })
    }

    /// The event of the next receipt, if its dedup record still leads to it. Acts have none, and of an event that was
    /// judged again it leads to the later one. What waits for somebody stays known until it has another receipt; and what
    /// a case asked stays known, if that case is not over when it comes up here: it may not have heard the answer yet.
    fn next_with_receipt(&mut self) -> Result<Next, StoreError> {
        let sequence = self.counters.forgotten + 1;
        if sequence > self.head.frontier.size() {
            return Ok(Next::End);
        }
        let told: Option<Told> = self.get(&Key::of(Table::Receipts).number(sequence))?;
        if let Some(Told { key: event, report: Report { outcome: told_outcome, .. } }) = told
            && let Some(Known { taken, report: Reported::By(by), .. }) = self.get(&Key::dedup(&event))?
            && by == sequence
            && !is_open(told_outcome)
            && !self.is_asked(&event)?
        {
            return Ok(Next::Event(Candidate { taken, event, receipt: Some(sequence) }));
        }
        self.counters.forgotten = sequence;
        Ok(Next::Passed)
    }

    /// Whether a case raised the event, and something can still happen in it.
    fn is_asked(&self, event: &DedupKey) -> Result<bool, StoreError> {
        let asked = item_of(&event.id).filter(|_| event.source == CASES_SOURCE);
        let case = asked.map(|item| CaseKey { tenant: event.tenant.clone(), id: item.case.to_owned() });
        case.map_or(Ok(false), |case| self.moves(&case))
    }

    /// The first of the events that have none.
    fn next_without_receipt(&self) -> Result<Option<Candidate>, StoreError> {
        let table = Key::of(Table::Unreceipted);
        let first: Vec<(Key, ())> = self.look(|view| view.some(&table, &table, 1))?;
        let Some((key, ())) = first.into_iter().next() else { return Ok(None) };
        let mut parts = key.parts();
        let taken = parts.time().ok_or_else(|| not_such_a_key(&key))?;
        let event = parts.event().ok_or_else(|| not_such_a_key(&key))?;
        Ok(Some(Candidate { taken, event, receipt: None }))
    }

    /// Whether there was something to forget.
    fn forget_one(&mut self, oldest: &Candidate) -> Result<bool, StoreError> {
        let Candidate { taken, event, receipt } = oldest;
        if let Some(sequence) = receipt {
            self.counters.forgotten = *sequence;
            self.remove(Key::dedup(event));
            return Ok(true);
        }
        self.remove(Key::unreceipted(*taken, event));
        match self.get(&Key::dedup(event))? {
            Some(Known { hash, taken: known, report: Reported::Here(_) }) if known == *taken => {
                self.remove(Key::dedup(event));
                // The event itself; no receipt keeps it.
                self.remove(Key::of(Table::Blobs).hash(&hash));
                Ok(true)
            }
            // It was judged again since, and another entry leads to it.
            _ => Ok(false),
        }
    }
}
