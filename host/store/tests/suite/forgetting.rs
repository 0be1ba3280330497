//! Forgetting: dedup records end, the oldest first; receipts stay.

use syndic_core::command::CASES_SOURCE;
use syndic_core::ports::{CaseStatus, Commit, Reads, Store as _};
use syndic_core::{DedupKey, Outcome, Time};
use syndic_ledger::sha256;

use crate::samples::*;
use crate::stores::on_every_store;

fn at(hour: i64) -> Time {
    NOON.plus_ms(hour * 3_600_000)
}

/// An event that was taken at an hour and left a receipt.
fn settled(store: &dyn Reads, id: &str, hour: i64) -> Commit {
    let mut receipt = receipt(store, id, id);
    let known = known(id, at(hour), Some(receipt.0));
    receipt.1.kept.report = known.report.clone();
    Commit { receipt: Some(receipt), dedup: Some((event(id), known)), ..Commit::default() }
}

/// One that left none.
fn unsettled(id: &str, hour: i64) -> Commit {
    let blobs = vec![(sha256(id.as_bytes()), id.as_bytes().to_vec())];
    Commit { dedup: Some((event(id), known(id, at(hour), None))), blobs, ..Commit::default() }
}

/// The ids that are still known.
fn left(store: &dyn Reads) -> String {
    let known = |id: &&str| {
        let found = store.dedup(&event(id)).unwrap().is_some();
        assert_eq!(store.events_of_id(id).unwrap().len(), usize::from(found), "{id}");
        found
    };
    ["a", "b", "c", "d", "e", "f"].iter().filter(|id| known(id)).copied().collect()
}

on_every_store! {
    #[test]
    fn what_waits_for_somebody_stays_known_until_it_has_another_receipt(store) {
        for (id, outcome) in [("a", Outcome::Referred), ("b", Outcome::Stuck), ("c", Outcome::RolledBack)] {
            let mut commit = settled(&store, id, 1);
            if let (Some((_, entry)), Some((_, known))) = (&mut commit.receipt, &mut commit.dedup) {
                (entry.kept.report.outcome, known.report.outcome) = (outcome, outcome);
            }
            store.commit(commit).unwrap();
        }
        assert_eq!((store.forget(at(9), 9).unwrap(), left(store.front())), (1, "ab".into()));
        store.commit(settled(&store, "a", 1)).unwrap();
        assert_eq!((store.forget(at(9), 9).unwrap(), left(store.front())), (1, "b".into()));
    }

    #[test]
    fn what_a_case_asked_stays_known_while_something_can_still_happen_in_it(store) {
        let asked = |case: &str| DedupKey { source: CASES_SOURCE.into(), ..event(&format!("{case}/T_Pay/1")) };
        let cases = [
            ("rests", case(CaseStatus::Suspended, None, "{}")),
            ("over", case(CaseStatus::Completed, None, "{}")),
            ("undoes", case(CaseStatus::Completed, Some(at(5)), "{}")),
        ];
        for (name, record) in cases {
            let id = format!("{name}/T_Pay/1");
            let mut commit = settled(&store, &id, 1);
            commit.dedup.iter_mut().for_each(|(key, _)| *key = asked(name));
            commit.receipt.iter_mut().for_each(|(_, entry)| entry.kept.key = asked(name));
            commit.cases = vec![(case_key(name), Some(record))];
            store.commit(commit).unwrap();
        }
        assert_eq!(store.forget(at(9), 9).unwrap(), 1);
        let known = ["rests", "over", "undoes"].map(|name| store.front().dedup(&asked(name)).unwrap().is_some());
        assert_eq!(known, [true, false, true]);
    }

    #[test]
    fn the_oldest_are_forgotten_first_and_their_receipts_stay(store) {
        for (id, hour) in [("a", 1), ("c", 3), ("e", 5)] {
            store.commit(settled(&store, id, hour)).unwrap();
        }
        for (id, hour) in [("f", 6), ("b", 2), ("d", 4)] {
            store.commit(unsettled(id, hour)).unwrap();
        }
        let forgets = |hour, limit| {
            let forgotten = store.forget(at(hour), limit).unwrap();
            let front = left(store.front());
            store.wait(store.last()).unwrap();
            assert_eq!(front, left(&store));
            (forgotten, front)
        };
        assert_eq!(forgets(1, 9), (0, "abcdef".into()), "taken before, not at");
        assert_eq!(forgets(9, 2), (2, "cdef".into()));
        assert_eq!(forgets(5, 9), (2, "ef".into()));
        assert_eq!(store.blob(&sha256(b"b")).unwrap(), None, "an event without receipt goes whole");
        assert_eq!(store.blob(&sha256(b"f")).unwrap(), Some(b"f".to_vec()));
        assert_eq!(forgets(9, 9), (2, String::new()));
        assert_eq!(forgets(9, 9), (0, String::new()));
        assert_eq!(store.head().unwrap(), head(["a", "c", "e"]));
        assert_eq!(store.receipt(1).unwrap().unwrap().leaf, "a");
        store.commit(settled(&store, "a", 7)).unwrap();
        assert_eq!(forgets(8, 9), (1, String::new()), "and again, if it comes again");
        store.verify_all().unwrap();
    }

    #[test]
    fn a_record_that_was_replaced_is_forgotten_by_when_it_was_taken_last(store) {
        store.commit(settled(&store, "a", 1)).unwrap();
        store.commit(unsettled("b", 1)).unwrap();
        store.commit(unsettled("c", 1)).unwrap();
        store.commit(settled(&store, "a", 5)).unwrap();
        store.commit(settled(&store, "b", 5)).unwrap();
        store.commit(unsettled("c", 5)).unwrap();
        assert_eq!((store.forget(at(3), 9).unwrap(), left(store.front())), (0, "abc".into()));
        assert_eq!((store.forget(at(6), 9).unwrap(), left(store.front())), (3, String::new()));
    }

    #[test]
    fn acts_are_passed_over_however_many_they_are(store) {
        let act = |sequence| {
            let mut act = entry("act", "act", sequence);
            act.kept.key.source = "/acts".into();
            Commit { receipt: Some((sequence, act)), ..Commit::default() }
        };
        store.commit_all((1..=200).map(act).collect()).unwrap();
        store.commit(settled(&store, "a", 1)).unwrap();
        store.commit_all((202..=300).map(act).collect()).unwrap();
        store.commit(settled(&store, "b", 2)).unwrap();
        assert_eq!((store.forget(at(2), 9).unwrap(), left(store.front())), (1, "b".into()));
        assert_eq!((store.forget(at(3), 9).unwrap(), left(store.front())), (1, String::new()));
    }
}
