//! What the store answers: core's port for reading, once for what is durable and once for what is admitted.

use syndic_core::ports::{
    CaseCounts, CaseKey, CaseRecord, Cases, Claim, DeadLetter, DedupRecord, Deferred, Entry, Head, Intent, Parked,
    Poison, PoisonKey, Raised, Reads, StoreError, Timer, TimerKey, Unfinished, WorkKey, WorkRow, Works,
};
use syndic_core::{DedupKey, Fact, FactKey, Lane, Slot, Text, Time};
use syndic_ledger::Hash;

use crate::cases::{case_due_of, case_of, within, work_of};
use crate::key::{Key, Table};
use crate::pack::{Known, Reported, Told, Unpack, Waiting};
use crate::records::{Front, Records};
use crate::space::Space;
use crate::value::damaged;
use crate::view::View;

macro_rules! answers {
    ($($store:ident),*) => {$(
        impl<S: Space> Reads for $store<S> {
            fn head(&self) -> Result<Head, StoreError> {
                self.look(|view| view.head())
            }

            fn fact(&self, key: &FactKey) -> Result<Option<Fact>, StoreError> {
                self.look(|view| view.get(&Key::fact(key)))
            }

            fn facts(&self, tenant: &str, customer: Option<&str>) -> Result<Vec<(String, Fact)>, StoreError> {
                let found = self.look(|view| view.all(&Key::facts_of(tenant, customer)))?;
                found.into_iter().map(|(key, fact)| Ok((fact_name_of(&key)?, fact))).collect()
            }

            fn lane_now(&self, lane: &Lane) -> Result<Option<Time>, StoreError> {
                self.look(|view| view.get(&Key::lane(lane)))
            }

            fn due(&self, until: Time, limit: usize) -> Result<Vec<Timer>, StoreError> {
                let due = self.first_due(Table::TimersByDue, until, limit)?;
                due.into_iter().map(|(key, waiting)| timer_of(&key, waiting)).collect()
            }

            fn timer(&self, key: &TimerKey) -> Result<Option<Timer>, StoreError> {
                let found = self.look(|view| {
                    let Some(due) = view.get::<Time>(&Key::timer(key))? else { return Ok(None) };
                    let key = Key::timer_due(due, key);
                    Ok(view.get::<Waiting>(&key)?.map(|waiting| (key, waiting)))
                })?;
                found.map(|(key, waiting)| timer_of(&key, waiting)).transpose()
            }

            fn timers_of(&self, lane: &Lane, slot: &Slot) -> Result<u64, StoreError> {
                self.look(|view| view.count(&Key::timers_of(lane, slot)))
            }

            fn timers(&self) -> Result<u64, StoreError> {
                self.look(|view| Ok(view.counters()?.timers))
            }

            fn raised(&self, after: u64, limit: usize) -> Result<Vec<(u64, Raised)>, StoreError> {
                self.look(|view| numbered(view, Table::Raised, after.saturating_add(1), limit))
            }

            fn deferred(&self, after: u64, limit: usize) -> Result<Vec<(u64, Deferred)>, StoreError> {
                self.look(|view| numbered(view, Table::Outbox, after.saturating_add(1), limit))
            }

            fn dedup(&self, key: &DedupKey) -> Result<Option<DedupRecord>, StoreError> {
                self.look(|view| {
                    let known = view.get(&Key::dedup(key))?;
                    known.map(|known| told(view, known)).transpose()
                })
            }

            fn events_of_id(&self, id: &str) -> Result<Vec<DedupKey>, StoreError> {
                let found = self.look(|view| view.all::<()>(&Key::of(Table::Dedup).text(id)))?;
                found.into_iter().map(|(key, ())| known_event_of(&key)).collect()
            }

            fn claim(&self, tenant: &str, key: &str) -> Result<Option<Claim>, StoreError> {
                self.look(|view| view.get(&Key::of(Table::Claims).text(tenant).text(key)))
            }

            fn last_number(&self, tenant: &str, series: &str) -> Result<u64, StoreError> {
                let last = self.look(|view| view.get(&Key::of(Table::Numbers).text(tenant).text(series)))?;
                Ok(last.unwrap_or(0))
            }

            fn receipt(&self, sequence: u64) -> Result<Option<Entry>, StoreError> {
                self.look(|view| view.get(&Key::of(Table::Receipts).number(sequence)))
            }

            fn blob(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
                self.look(|view| Ok(view.payload(&Key::of(Table::Blobs).hash(hash))?.map(|bytes| bytes.into_owned())))
            }

            fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
                let found = self.look(|view| view.all(&Key::of(Table::Unfinished)))?;
                Ok(found.into_iter().map(|(_, event)| event).collect())
            }

            fn intents(&self, event: &DedupKey) -> Result<Vec<Intent>, StoreError> {
                let found = self.look(|view| view.all(&Key::of(Table::Intents).event(event)))?;
                Ok(found.into_iter().map(|(_, intent)| intent).collect())
            }

            fn parked(&self) -> Result<Vec<(DedupKey, Parked)>, StoreError> {
                let found = self.look(|view| view.all(&Key::of(Table::Parked)))?;
                found.into_iter().map(|(key, parked)| Ok((event_of(&key)?, parked))).collect()
            }

            fn parked_event(&self, event: &DedupKey) -> Result<Option<Parked>, StoreError> {
                self.look(|view| view.get(&Key::of(Table::Parked).event(event)))
            }

            fn dead_letters(&self, after: u64, limit: usize) -> Result<Vec<(u64, DeadLetter)>, StoreError> {
                self.look(|view| numbered(view, Table::DeadLetters, after.saturating_add(1), limit))
            }

            fn poison(&self, key: &PoisonKey) -> Result<Option<Poison>, StoreError> {
                self.look(|view| view.get(&Key::poison(key)))
            }

            fn poisons(&self) -> Result<Vec<(PoisonKey, Poison)>, StoreError> {
                let found = self.look(|view| view.all(&Key::of(Table::Poison)))?;
                let known = |key: &Key| key.parts().poison().ok_or_else(|| not_such_a_key(key));
                found.into_iter().map(|(key, poison)| Ok((known(&key)?, poison))).collect()
            }

            fn register(&self, register: &str, key: &str) -> Result<Option<Text>, StoreError> {
                self.look(|view| view.get(&Key::of(Table::Registers).text(register).text(key)))
            }

            fn registers(&self, register: &str, after: &str, limit: usize) -> Result<Vec<(String, Text)>, StoreError> {
                let whole = Key::of(Table::Registers).text(register);
                let from = if after.is_empty() { whole.clone() } else { whole.clone().text(after) };
                let found = self.look(|view| view.some(&whole, &from, limit.saturating_add(1)))?;
                let named = found.into_iter().map(|(key, entry)| Ok((entry_name_of(&key)?, entry)));
                let later = named.filter(|entry| !matches!(entry, Ok((key, _)) if !after.is_empty() && key == after));
                later.take(limit).collect()
            }

            fn case(&self, key: &CaseKey) -> Result<Option<CaseRecord>, StoreError> {
                self.look(|view| view.get(&Key::case(key)))
            }

            fn cases(&self, tenant: Option<&str>, after: Option<&CaseKey>, limit: usize) -> Result<Cases, StoreError> {
                let (within, after) = (within(Table::Cases, tenant), after.map(Key::case));
                let found = self.look(|view| view.after(&within, after.as_ref(), limit))?;
                found.into_iter().map(|(key, record)| Ok((case_of(&key)?, record))).collect()
            }

            fn cases_due(&self, until: Time, limit: usize) -> Result<Vec<(Time, CaseKey)>, StoreError> {
                let due = self.first_due::<()>(Table::CasesByDue, until, limit)?;
                due.into_iter().map(|(key, ())| case_due_of(&key)).collect()
            }

            fn case_counts(&self) -> Result<CaseCounts, StoreError> {
                self.look(|view| Ok(view.counters()?.cases))
            }

            fn work(&self, key: &WorkKey) -> Result<Option<WorkRow>, StoreError> {
                self.look(|view| view.get(&Key::work(key)))
            }

            fn works(&self, tenant: Option<&str>, after: Option<&WorkKey>, limit: usize) -> Result<Works, StoreError> {
                let (within, after) = (within(Table::Works, tenant), after.map(Key::work));
                let found = self.look(|view| view.after(&within, after.as_ref(), limit))?;
                found.into_iter().map(|(key, row)| Ok((work_of(&key)?, row))).collect()
            }

            fn works_of(&self, case: &CaseKey) -> Result<Works, StoreError> {
                let found = self.look(|view| view.all(&Key::works_of(case)))?;
                found.into_iter().map(|(key, row)| Ok((work_of(&key)?, row))).collect()
            }
        }
    )*};
}
answers!(Records, Front);

/// The first records of a table that is numbered, from a number on.
pub(crate) fn numbered<T: Unpack>(
    view: &View<'_>,
    table: Table,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, T)>, StoreError> {
    let table = Key::of(table);
    let found = view.some(&table, &table.clone().number(from), limit)?;
    found.into_iter().map(|(key, record)| Ok((number_of(&key)?, record))).collect()
}

/// A dedup record with its report, wherever that is.
pub(crate) fn told(view: &View<'_>, known: Known) -> Result<DedupRecord, StoreError> {
    let Known { hash, taken, report } = known;
    let report = match report {
        Reported::Here(report) => *report,
        Reported::By(sequence) => {
            let key = Key::of(Table::Receipts).number(sequence);
            let told: Option<Told> = view.get(&key)?;
            told.ok_or_else(|| damaged(&key, "it is missing, and a dedup record leads to it"))?.report
        }
    };
    Ok(DedupRecord { hash, taken, report })
}

pub(crate) fn number_of(key: &Key) -> Result<u64, StoreError> {
    key.parts().number().ok_or_else(|| not_such_a_key(key))
}

/// The event of a dedup record's key.
pub(crate) fn known_event_of(key: &Key) -> Result<DedupKey, StoreError> {
    key.parts().dedup().ok_or_else(|| not_such_a_key(key))
}

fn event_of(key: &Key) -> Result<DedupKey, StoreError> {
    key.parts().event().ok_or_else(|| not_such_a_key(key))
}

fn timer_of(key: &Key, waiting: Waiting) -> Result<Timer, StoreError> {
    let Waiting { data, cause, subject, lineage } = waiting;
    let (due, key) = key.parts().timer_due().ok_or_else(|| not_such_a_key(key))?;
    Ok(Timer { key, due, data, cause, subject, lineage })
}

fn fact_name_of(key: &Key) -> Result<String, StoreError> {
    let mut parts = key.parts();
    parts.text().and_then(|_| parts.customer()).and_then(|_| parts.text()).ok_or_else(|| not_such_a_key(key))
}

fn entry_name_of(key: &Key) -> Result<String, StoreError> {
    let mut parts = key.parts();
    parts.text().and_then(|_| parts.text()).ok_or_else(|| not_such_a_key(key))
}

pub(crate) fn not_such_a_key(key: &Key) -> StoreError {
    damaged(key, "its key is not one of its table")
}
