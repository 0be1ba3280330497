//! What one commit changes, record by record.

use syndic_core::ports::{Commit, Deferred, Entry, Head, Intent, Raised, StoreError, Timer, TimerKey, Unfinished};
use syndic_core::{DedupKey, Report, Time};
use syndic_ledger::{Hash, leaf_hash};

use crate::draft::Draft;
use crate::key::{Key, Table};
use crate::pack::{Known, Reported};
use crate::space::Space;

impl<S: Space> Draft<'_, S> {
    /// Adds a commit.
    pub(crate) fn commit(&mut self, commit: Commit) -> Result<(), StoreError> {
        // Every field is named here, so that a new one is not forgotten.
        let Commit {
            facts,
            lane,
            timers_set,
            timer_spent,
            raised,
            raised_spent,
            outbox,
            outbox_spent,
            accepted,
            dedup,
            receipt,
            numbers,
            claims,
            blobs,
            parked,
            dead,
            poison,
            registers,
            cases,
            works,
        } = commit;

        if let Some((sequence, entry)) = &receipt {
            self.append(*sequence, entry)?;
        }
        for (key, fact) in facts {
            self.put_or_remove(Key::fact(&key), fact.as_ref());
        }
        if let Some((lane, now)) = lane {
            self.put(Key::lane(&lane), &now);
        }
        // A timer that fires may set itself again, so what is spent goes first.
        if let Some(key) = timer_spent {
            self.end_timer(&key)?;
        }
        for timer in timers_set {
            self.set_timer(&timer)?;
        }
        self.queue(&raised, raised_spent, &outbox, outbox_spent);
        if let Some((event, kept)) = accepted {
            self.put_or_remove(Key::of(Table::Unfinished).event(&event), kept.as_ref());
        }
        if let Some((event, record)) = dedup {
            let told = receipt.as_ref().map(|(sequence, entry)| (*sequence, &entry.kept.report));
            self.know(&event, &Known::new(record, told));
            self.end_unfinished(&event)?;
        }
        for (tenant, series, last) in numbers {
            self.put(Key::of(Table::Numbers).text(&tenant).text(&series), &last);
        }
        for (tenant, key, claim) in claims {
            self.put(Key::of(Table::Claims).text(&tenant).text(&key), &claim);
        }
        if let Some((event, parked)) = parked {
            self.put_or_remove(Key::of(Table::Parked).event(&event), parked.as_ref());
        }
        if let Some((number, letter)) = dead {
            self.put_or_remove(Key::of(Table::DeadLetters).number(number), letter.as_ref());
        }
        for (key, poison) in poison {
            self.put_or_remove(Key::poison(&key), poison.as_ref());
        }
        for (register, key, entry) in registers {
            self.put_or_remove(Key::of(Table::Registers).text(&register).text(&key), entry.as_ref());
        }
        for (key, case) in cases {
            self.set_case(&key, case.as_ref())?;
        }
        for (key, row) in works {
            self.set_work(&key, row.as_ref())?;
        }
        self.keep(blobs)
    }

    /// Keeps content; what is there already is the same and stays.
    pub(crate) fn keep(&mut self, blobs: Vec<(Hash, Vec<u8>)>) -> Result<(), StoreError> {
        for (hash, bytes) in blobs {
            let key = Key::of(Table::Blobs).hash(&hash);
            if !self.has(&key)? {
                self.put_bytes(key, bytes);
            }
        }
        Ok(())
    }

    /// Adds an intent, and the event it belongs to.
    pub(crate) fn write_intent(&mut self, event: &Unfinished, nth: u32, intent: &Intent) {
        self.put(Key::of(Table::Unfinished).event(&intent.event), event);
        self.put(Key::of(Table::Intents).event(&intent.event).number(nth.into()), intent);
    }

    /// Appends a receipt, if it is the one that comes next: one that was judged on an old head would fork the ledger,
    /// and no later check could mend that.
    fn append(&mut self, sequence: u64, entry: &Entry) -> Result<(), StoreError> {
        let Head { frontier, tally } = &mut self.head;
        let next = frontier.size() + 1;
        if sequence != next {
            return Err(StoreError::Corrupt(format!(
                "receipt {sequence} does not follow the ledger, whose next is {next}: nothing was written"
            )));
        }
        frontier.append(leaf_hash(entry.leaf.as_bytes()));
        let Report { outcome, conflicts, state_path, .. } = &entry.kept.report;
        // An act goes through no states.
        tally.beyond += u64::from(entry.kept.again.is_some() || state_path.is_empty());
        *tally.outcomes.entry(*outcome).or_default() += 1;
        tally.conflicts += conflicts.len() as u64;
        self.put(Key::of(Table::Receipts).number(sequence), entry);
        Ok(())
    }

    /// Keeps what is known of an event, and where no receipt leads to it, also when it was taken.
    fn know(&mut self, event: &DedupKey, known: &Known) {
        if let Reported::Here(_) = known.report {
            self.put(Key::unreceipted(known.taken, event), &());
        }
        self.put(Key::dedup(event), known);
    }

    /// Keeps a timer under its key and under its due time; both change in one batch.
    fn set_timer(&mut self, timer: &Timer) -> Result<(), StoreError> {
        self.end_timer(&timer.key)?;
        self.put(Key::timer(&timer.key), &timer.due);
        self.put(Key::timer_due(timer.due, &timer.key), timer);
        self.counters.timers += 1;
        Ok(())
    }

    fn end_timer(&mut self, key: &TimerKey) -> Result<(), StoreError> {
        if let Some(due) = self.get::<Time>(&Key::timer(key))? {
            self.remove(Key::timer(key));
            self.remove(Key::timer_due(due, key));
            self.counters.timers = self.counters.timers.saturating_sub(1);
        }
        Ok(())
    }

    fn queue(&mut self, raised: &[Raised], raised_spent: Option<u64>, outbox: &[Deferred], outbox_spent: Option<u64>) {
        for event in raised {
            self.counters.raised += 1;
            self.put(Key::of(Table::Raised).number(self.counters.raised), event);
        }
        for effect in outbox {
            self.counters.outbox += 1;
            self.put(Key::of(Table::Outbox).number(self.counters.outbox), effect);
        }
        if let Some(number) = raised_spent {
            self.remove(Key::of(Table::Raised).number(number));
        }
        if let Some(number) = outbox_spent {
            self.remove(Key::of(Table::Outbox).number(number));
        }
    }

    fn end_unfinished(&mut self, event: &DedupKey) -> Result<(), StoreError> {
        let unfinished = Key::of(Table::Unfinished).event(event);
        if !self.has(&unfinished)? {
            return Ok(());
        }
        self.remove(unfinished);
        self.remove_all(&Key::of(Table::Intents).event(event))
    }
}
