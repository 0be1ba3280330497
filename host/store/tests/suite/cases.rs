//! Cases and their work: listed, found when they are due, counted. What is promised is promised by every store; what only
//! a directory can get wrong comes after.

use std::thread;

use syndic_core::Time;
use syndic_core::ports::{CaseCounts, CaseKey, CaseRecord, CaseStatus, Commit, Reads, Store as _, WorkKey, WorkState};
use syndic_store::{MasterWanted, SledStore};

use crate::samples::*;
use crate::stores::on_every_store;

fn key(tenant: &str, id: &str) -> CaseKey {
    CaseKey { tenant: tenant.into(), id: id.into() }
}

fn write(key: &CaseKey, record: Option<CaseRecord>) -> Commit {
    Commit { cases: vec![(key.clone(), record)], ..Commit::default() }
}

fn running(due: Option<Time>) -> Option<CaseRecord> {
    Some(case(CaseStatus::Running, due, ""))
}

on_every_store! {
    #[test]
    fn what_is_due_comes_by_time_tenant_and_id_and_each_case_once(store) {
        let (early, late) = (NOON, NOON.plus_ms(1));
        let order = [(early, key("a", "z")), (early, key("b", "a")), (early, key("b", "a.1")), (late, key("a", "a"))];
        for (due, case) in order.iter().rev() {
            store.commit(write(case, running(Some(late.plus_ms(9))))).unwrap();
            store.commit(write(case, running(Some(*due)))).unwrap();
        }
        store.commit(write(&key("a", "sleeps"), running(None))).unwrap();
        assert_eq!(store.cases_due(early.plus_ms(-1), 9).unwrap(), []);
        assert_eq!(store.cases_due(early, 9).unwrap(), order[..3]);
        assert_eq!(store.cases_due(Time::from_ms(i64::MAX), 9).unwrap(), order);
        assert_eq!(store.cases_due(late, 2).unwrap(), order[..2]);
        for left in 1..=order.len() {
            // Whoever runs them asks for the next one, and is not told again of one that it has taken on.
            let (_, next) = store.front().cases_due(late, 1).unwrap().remove(0);
            assert_eq!(next, order[left - 1].1);
            store.commit(write(&next, running(None))).unwrap();
            assert_eq!(store.cases_due(late, 9).unwrap(), order[left..]);
        }
        store.commit(write(&key("a", "a"), running(Some(Time::from_ms(-5))))).unwrap();
        assert_eq!(store.front().cases_due(early, 9).unwrap(), [(Time::from_ms(-5), key("a", "a"))]);
        store.verify_all().unwrap();
    }

    #[test]
    fn a_record_may_be_large_and_its_time_and_status_are_known_all_the_same(store) {
        let key = case_key("1");
        for (length, due) in [(64 * 1024, 5), (10, 5), (20_000, 4), (100_000, 6), (0, 7)] {
            let due = Time::from_ms(due);
            let large = case(CaseStatus::Running, Some(due), &"x".repeat(length));
            store.commit(write(&key, Some(large.clone()))).unwrap();
            assert_eq!(store.case(&key).unwrap(), Some(large), "{length}");
            assert_eq!(store.cases_due(NOON, 9).unwrap(), [(due, key.clone())], "{length}");
            assert_eq!(store.case_counts().unwrap(), CaseCounts { running: 1, ..CaseCounts::default() });
        }
        store.verify_all().unwrap();
    }

    #[test]
    fn cases_are_listed_in_pages_and_nobodys_are_anothers(store) {
        let keys = ["", "a", "a-1", "a:1", "b"].map(|id| key("acme", id));
        for case in keys.iter().chain([&key("acm", "a"), &key("acme2", "a")]) {
            store.commit(write(case, running(None))).unwrap();
        }
        let listed = |tenant, after: Option<&CaseKey>, limit| -> Vec<CaseKey> {
            store.cases(tenant, after, limit).unwrap().into_iter().map(|(case, _)| case).collect()
        };
        assert_eq!(listed(Some("acme"), None, 9), keys);
        assert_eq!(listed(Some("acme"), None, 0), []);
        let (mut pages, mut after) = (Vec::new(), None);
        while let Some(last) = listed(Some("acme"), after.as_ref(), 2).last() {
            pages.extend(listed(Some("acme"), after.as_ref(), 2));
            after = Some(last.clone());
        }
        assert_eq!(pages, keys);
        assert_eq!(listed(Some("acme"), Some(&key("acme", "a0")), 1), [key("acme", "a:1")], "which is none itself");
        assert_eq!(listed(None, Some(&key("acme", "b")), 9), [key("acme2", "a")]);
        assert_eq!(listed(None, None, 1), [key("acm", "a")]);
    }

    #[test]
    fn work_items_are_listed_by_case_and_in_pages_whatever_they_are_called(store) {
        let long = "U".repeat(2000);
        let tasks = [("b", "T_A", 2), ("b", "T_A", 10), ("b", "T_A.x", 1), ("b", long.as_str(), 1), ("b", long.as_str(), 2)];
        let mut items: Vec<WorkKey> = tasks.map(|(case, task, attempt)| work_key(case, task, attempt)).into();
        items.insert(0, work_key("a", "T_Z", 1));
        items.push(work_key("b1", "T_A", 1));
        for item in items.iter().rev() {
            let row = work_row(WorkState::Offered, None);
            store.commit(Commit { works: vec![(item.clone(), Some(row))], ..Commit::default() }).unwrap();
        }
        let of = |case| store.works_of(&case_key(case)).unwrap().into_iter().map(|(item, _)| item);
        assert!(of("a").eq(items[..1].iter().cloned()));
        assert_eq!(of("b").count(), 5);
        let mut pages = Vec::new();
        while let Some((next, row)) = store.works(Some("acme"), pages.last(), 1).unwrap().pop() {
            assert_eq!(row, work_row(WorkState::Offered, None));
            pages.push(next);
        }
        // Those that are too long to be filed whole are in no order among themselves.
        pages[4..6].sort();
        assert_eq!(pages, items);
        assert_eq!(store.works(Some("acm"), None, 9).unwrap(), []);
    }

    #[test]
    fn cases_and_open_work_are_counted_and_a_forgotten_case_takes_its_work_with_it(store) {
        let counted = |running, suspended, completed, work| {
            let counts = CaseCounts { running, suspended, completed, work, ..CaseCounts::default() };
            assert_eq!(store.case_counts().unwrap(), counts);
        };
        let (one, two) = (case_key("1"), case_key("2"));
        let row = |attempt, state| (work_key("1", "T_A", attempt), Some(work_row(state, Some("ada"))));
        let both = [(one.clone(), running(Some(NOON))), (two.clone(), running(None))];
        let works = vec![row(1, WorkState::Enabled), row(1, WorkState::Offered), row(2, WorkState::Enabled)];
        store.commit(Commit { cases: both.into(), works, ..Commit::default() }).unwrap();
        counted(2, 0, 0, 2);
        let taken = row(1, WorkState::Allocated);
        let cases = vec![(one.clone(), Some(case(CaseStatus::Suspended, Some(NOON), "")))];
        store.commit(Commit { cases, works: vec![taken.clone()], ..Commit::default() }).unwrap();
        counted(1, 1, 0, 2);
        assert_eq!(store.work(&taken.0).unwrap(), taken.1);
        let over = Commit { works: vec![(taken.0.clone(), None), (taken.0.clone(), None)], ..Commit::default() };
        store.commit(over).unwrap();
        store.commit(write(&two, Some(case(CaseStatus::Completed, None, "")))).unwrap();
        counted(0, 1, 1, 1);
        assert_eq!(store.work(&taken.0).unwrap(), None);
        for _ in 0..2 {
            store.commit(write(&one, None)).unwrap();
            counted(0, 0, 1, 0);
        }
        assert_eq!((store.case(&one).unwrap(), store.works_of(&one).unwrap()), (None, Vec::new()));
        assert_eq!(store.cases_due(NOON, 9).unwrap(), []);
        store.verify_all().unwrap();
    }
}

#[test]
fn of_many_who_step_one_case_at_once_each_goes_on_from_what_the_one_before_left() {
    const STEPS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    let at = |steps: i64| CaseRecord { receipt: steps.cast_unsigned(), ..running(Some(Time::from_ms(steps))).unwrap() };
    store.commit(write(&case_key("1"), Some(at(0)))).unwrap();
    // A step is worked out beside the others, and holds if the case is still the one it was worked out for.
    let step = || {
        loop {
            let known = store.front().case(&case_key("1")).unwrap().unwrap();
            thread::yield_now();
            let mut commit = Some(write(&case_key("1"), Some(at(known.receipt.cast_signed() + 1))));
            let decide = &mut |front: &dyn Reads| {
                let now = front.case(&case_key("1"))?.unwrap();
                Ok(commit.take().filter(|_| now == known))
            };
            if let Some(admitted) = store.admit(decide).unwrap() {
                return store.wait(admitted.ticket).unwrap();
            }
        }
    };
    let look = || {
        let due = store.front().cases_due(Time::from_ms(i64::MAX), 9).unwrap();
        assert_eq!(due.len(), 1, "a case is due once, whoever looks while it moves: {due:?}");
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..STEPS {
                    step();
                    look();
                }
            });
        }
    });
    let steps = 4 * STEPS as i64;
    assert_eq!(store.case(&case_key("1")).unwrap(), Some(at(steps)));
    assert_eq!(store.cases_due(Time::from_ms(steps), 9).unwrap(), [(Time::from_ms(steps), case_key("1"))]);
    drop(store);
    SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap().verify_all().unwrap();
}

#[test]
fn many_cases_that_are_due_at_one_moment_are_each_found_once_through_folds_and_openings() {
    const CASES: usize = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let open = || SledStore::open_folding(dir.path(), MasterWanted::Seed(0), 40_000).unwrap();
    let mut store = open();
    let id = |nth: usize| case_key(&format!("{nth:05}"));
    for first in (0..CASES).step_by(100) {
        let cases = (first..first + 100).rev().map(|nth| (id(nth), running(Some(NOON)))).collect();
        store.commit(Commit { cases, ..Commit::default() }).unwrap();
    }
    for (nth, took) in (0..CASES).zip((0..7).cycle()) {
        let (due, next) = store.front().cases_due(NOON, 1 + took).unwrap().swap_remove(0);
        assert_eq!((due, &next), (NOON, &id(nth)));
        // Some are due again, at the same moment to come, and some of them before those that are left.
        let due = [None, Some(NOON.plus_ms(1))][nth % 2];
        let ticket = store.admit(&mut |_| Ok(Some(write(&next, running(due))))).unwrap().unwrap().ticket;
        if nth % 50 == 0 {
            store.wait(ticket).unwrap();
        }
        if nth % 1_000 == 999 {
            drop(store);
            store = open();
        }
    }
    store.wait(store.last()).unwrap();
    assert_eq!(store.front().cases_due(NOON, 1).unwrap(), []);
    assert_eq!(store.front().cases_due(NOON.plus_ms(1), CASES).unwrap().len(), CASES / 2);
    store.verify_all().unwrap();
}
