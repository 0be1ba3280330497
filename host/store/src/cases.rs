//! Cases: how their records and the rows of their work are written, found when they are due, and counted.
//!
//! A case that sleeps is one record, on disk and nowhere else; one that something is due in has an entry in a table that
//! goes by due times too. Record, entry and counts change in one batch, so they agree at every moment that can be read.

use syndic_core::Time;
use syndic_core::ports::{CaseCounts, CaseKey, CaseRecord, CaseStatus, StoreError, WorkKey, WorkRow, WorkState};

use crate::draft::Draft;
use crate::key::{Key, Table};
use crate::pack::{Members, Pack, Taking, Unpack, Unread, json, value};
use crate::reads::not_such_a_key;
use crate::space::Space;
use crate::value::damaged;
use crate::view::View;

impl<S: Space> Draft<'_, S> {
    /// Writes a case, or forgets it with all of its work.
    pub(crate) fn set_case(&mut self, key: &CaseKey, record: Option<&CaseRecord>) -> Result<(), StoreError> {
        let before = self.get::<Standing>(&Key::case(key))?;
        let after = record.map(|record| Standing { status: record.status, due: record.due });
        let counts = &mut self.counters.cases;
        if let Some(before) = &before {
            let count = count_of(counts, before.status);
            *count = count.saturating_sub(1);
        }
        if let Some(after) = &after {
            *count_of(counts, after.status) += 1;
        }
        let due = |standing: Option<Standing>| standing.and_then(|standing| standing.due);
        let (before, after) = (due(before), due(after));
        if before != after {
            before.into_iter().for_each(|due| self.remove(Key::case_due(due, key)));
            after.into_iter().for_each(|due| self.put(Key::case_due(due, key), &()));
        }
        self.put_or_remove(Key::case(key), record);
        if record.is_none() { self.end_works(key) } else { Ok(()) }
    }

    /// Whether something can still happen in a case.
    pub(crate) fn moves(&self, key: &CaseKey) -> Result<bool, StoreError> {
        let standing = self.get::<Standing>(&Key::case(key))?;
        let is_over = |status| matches!(status, CaseStatus::Completed | CaseStatus::Cancelled);
        Ok(standing.is_some_and(|Standing { status, due }| due.is_some() || !is_over(status)))
    }

    /// Writes the row of a work item, or none once it is open no more.
    pub(crate) fn set_work(&mut self, key: &WorkKey, row: Option<&WorkRow>) -> Result<(), StoreError> {
        let key = Key::work(key);
        let count = self.counters.cases.work + u64::from(row.is_some());
        self.counters.cases.work = count.saturating_sub(self.has(&key)?.into());
        self.put_or_remove(key, row);
        Ok(())
    }

    fn end_works(&mut self, case: &CaseKey) -> Result<(), StoreError> {
        for (key, ()) in self.look(|view| view.all(&Key::works_of(case)))? {
            self.counters.cases.work = self.counters.cases.work.saturating_sub(1);
            self.remove(key);
        }
        Ok(())
    }
}

/// The records of a table of a tenant's, or of all tenants: what their keys have in common.
pub(crate) fn within(table: Table, tenant: Option<&str>) -> Key {
    tenant.into_iter().fold(Key::of(table), Key::text)
}

pub(crate) fn case_of(key: &Key) -> Result<CaseKey, StoreError> {
    key.parts().case().ok_or_else(|| not_such_a_key(key))
}

pub(crate) fn case_due_of(key: &Key) -> Result<(Time, CaseKey), StoreError> {
    key.parts().case_due().ok_or_else(|| not_such_a_key(key))
}

pub(crate) fn work_of(key: &Key) -> Result<WorkKey, StoreError> {
    key.parts().work().ok_or_else(|| not_such_a_key(key))
}

/// Reads every case and every row, and finds that what is due is where it is looked for, and that all are counted.
pub(crate) fn agree(view: &View<'_>) -> Result<(), StoreError> {
    let (mut found, mut due, mut entries) = (CaseCounts::default(), 0_u64, 0_u64);
    each(view, Table::Cases, |_, standing: Standing| {
        *count_of(&mut found, standing.status) += 1;
        due += u64::from(standing.due.is_some());
        Ok(())
    })?;
    each(view, Table::CasesByDue, |key, ()| {
        let (due, case) = case_due_of(key)?;
        let standing = view.get::<Standing>(&Key::case(&case))?;
        entries += 1;
        match standing {
            Some(standing) if standing.due == Some(due) => Ok(()),
            Some(_) => Err(damaged(key, "its case has another time")),
            None => Err(damaged(key, "there is no such case")),
        }
    })?;
    // Every entry leads to a case of its own that has its time, so where there are as many of both none is missing.
    if entries != due {
        return Err(StoreError::Corrupt(format!(
            "of {due} cases that have a time, {entries} are found when they are due"
        )));
    }
    each(view, Table::Works, |_, ()| {
        found.work += 1;
        Ok(())
    })?;
    let counted = view.counters()?.cases;
    if found != counted {
        let text = |counts: &CaseCounts| String::from_utf8_lossy(&json(counts)).into_owned();
        let why = format!("it counted {} of cases and work, and finds {}", text(&counted), text(&found));
        return Err(StoreError::Corrupt(why));
    }
    Ok(())
}

/// Walks a whole table.
fn each<T: Unpack>(
    view: &View<'_>,
    table: Table,
    mut each: impl FnMut(&Key, T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    view.walk(&Key::of(table), &[], usize::MAX, |key, payload| {
        let record = T::unpack(&payload).map_err(|why| damaged(&key, why))?;
        each(&key, record).map(|()| true)
    })
}

fn count_of(counts: &mut CaseCounts, status: CaseStatus) -> &mut u64 {
    match status {
        CaseStatus::Running => &mut counts.running,
        CaseStatus::Suspended => &mut counts.suspended,
        CaseStatus::Stopped => &mut counts.stopped,
        CaseStatus::Completed => &mut counts.completed,
        CaseStatus::Cancelled => &mut counts.cancelled,
    }
}

/// Of a case, what it is found and counted by. Its record begins with it.
struct Standing {
    status: CaseStatus,
    due: Option<Time>,
}

/// What a case is at, by the number it is kept as.
const STATUSES: [CaseStatus; 5] =
    [CaseStatus::Running, CaseStatus::Suspended, CaseStatus::Stopped, CaseStatus::Completed, CaseStatus::Cancelled];

/// Where a work item is, by the number it is kept as.
const STATES: [WorkState; 5] =
    [WorkState::Enabled, WorkState::Offered, WorkState::Allocated, WorkState::Started, WorkState::Suspended];

impl Members {
    /// Its number among all there are.
    fn one_of<T: PartialEq>(self, all: &[T], one: &T) -> Self {
        let place = all.iter().position(|it| it == one).expect("all that there are is in the table");
        self.number(place as u64)
    }
}

impl Taking<'_> {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, Unread> {
        let place = usize::try_from(self.number()?).map_err(|_| Unread::Length)?;
        all.get(place).copied().ok_or_else(|| Unread::Other(format!("there is no kind {place}")))
    }

    fn standing(&mut self) -> Result<Standing, Unread> {
        Ok(Standing { status: self.one_of(&STATUSES)?, due: self.time_if_any()? })
    }
}

impl Pack for CaseRecord {
    fn pack(&self) -> Vec<u8> {
        let Self { status, net, due, receipt, state } = self;
        let standing = Members::default().one_of(&STATUSES, status).time_if_any(*due);
        standing.number(*receipt).text(net).text(state).0
    }
}

impl Unpack for CaseRecord {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let Standing { status, due } = taking.standing()?;
        let (receipt, net, state) = (taking.number()?, taking.text()?.to_owned(), value(taking.text()?)?);
        taking.end(Self { status, net, due, receipt, state })
    }
}

impl Unpack for Standing {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        Taking(bytes).standing()
    }
}

impl Pack for WorkRow {
    fn pack(&self) -> Vec<u8> {
        let Self { state, roles, holder, priority, since, late } = self;
        let members = Members::default().one_of(&STATES, state).number(priority.cast_unsigned().into());
        let members = members.time(*since).time_if_any(*late);
        let members = roles.iter().fold(members.number(roles.len() as u64), |members, role| members.text(role));
        holder.iter().fold(members, |members, holder| members.text(holder)).0
    }
}

impl Unpack for WorkRow {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let state = taking.one_of(&STATES)?;
        let priority = u32::try_from(taking.number()?).map_err(|_| Unread::Length)?.cast_signed();
        let (since, late) = (taking.time()?, taking.time_if_any()?);
        let roles = (0..taking.number()?).map(|_| taking.text().map(str::to_owned)).collect::<Result<_, _>>()?;
        // What is left is who has it.
        let holder = if taking.0.is_empty() { None } else { Some(taking.text()?.to_owned()) };
        taking.end(Self { state, roles, holder, priority, since, late })
    }
}

#[cfg(test)]
mod tests {
    use syndic_core::ports::Commit;
    use syndic_ledger::Master;

    use super::*;
    use crate::MemoryStore;

    fn key(id: &str) -> CaseKey {
        CaseKey { tenant: "acme".into(), id: id.into() }
    }

    /// Does to a store with two cases, of which one has a time, what no commit would, and says how that is found.
    fn check(meddle: impl FnOnce(&mut Draft<'_, crate::Memory>), found: &str) {
        let store = MemoryStore::new(Master::from_seed(0));
        let record = |due| {
            let state = value("{}").unwrap();
            CaseRecord { status: CaseStatus::Running, net: "order".into(), due, receipt: 1, state }
        };
        let cases = [(key("1"), Some(Time::from_ms(5))), (key("2"), None)].map(|(key, due)| (key, Some(record(due))));
        store.commit(Commit { cases: cases.into(), ..Commit::default() }).unwrap();
        store.verify_all().unwrap();
        let meddled = store.write(|draft| {
            meddle(draft);
            Ok(())
        });
        meddled.unwrap();
        assert_eq!(store.verify_all().unwrap_err(), StoreError::Corrupt(found.into()));
    }

    #[test]
    fn cases_that_are_not_found_when_they_are_due_or_are_miscounted_are_damage() {
        let entry = |due, id: &str| Key::case_due(Time::from_ms(due), &key(id));
        check(|draft| draft.remove(entry(5, "1")), "of 1 cases that have a time, 0 are found when they are due");
        check(
            |draft| draft.put(entry(5, "2"), &()),
            "the case due 1970-01-01T00:00:00.005Z/acme/2 is damaged: its case has another time",
        );
        check(
            |draft| draft.put(entry(4, "3"), &()),
            "the case due 1970-01-01T00:00:00.004Z/acme/3 is damaged: there is no such case",
        );
        let counts = |running, work| {
            format!(r#"{{"running":{running},"suspended":0,"stopped":0,"completed":0,"cancelled":0,"work":{work}}}"#)
        };
        let told = |running, work| {
            format!("it counted {} of cases and work, and finds {}", counts(2, work), counts(running, 0))
        };
        check(|draft| draft.remove(Key::case(&key("2"))), &told(1, 0));
        check(|draft| draft.counters.cases.work += 1, &told(2, 1));
    }
}
