//! What every store promises. Each story runs on all.

use serde_json::json;
use syndic_core::ports::{Commit, Head, Reads as _, Store as _, StoreError};
use syndic_core::{DedupKey, Lane, Time};
use syndic_ledger::{Master, sha256};

use crate::samples::*;
use crate::stores::on_every_store;

on_every_store! {
    #[test]
    fn an_empty_store_knows_nothing(store) {
        assert_eq!(store.head().unwrap(), Head::default());
        assert_eq!(store.fact(&fact_key(None, "shared.x")).unwrap(), None);
        assert_eq!(store.due(Time::from_ms(i64::MAX), 1).unwrap(), []);
        assert_eq!(store.raised(0, 1).unwrap(), []);
        assert_eq!(store.deferred(0, 1).unwrap(), []);
        assert_eq!((store.timers().unwrap(), store.last_number("acme", "invoice").unwrap()), (0, 0));
        assert_eq!(store.blob(&sha256(b"")).unwrap(), None);
        assert_eq!(store.master().reveal(), Master::from_seed(0).reveal());
        assert_eq!(store.verify().unwrap(), Head::default());
    }

    #[test]
    fn a_commit_is_kept_in_every_part(store) {
        store.commit(full_commit(&store)).unwrap();
        check_full_commit(&store);
        assert_eq!(store.verify().unwrap(), store.head().unwrap());
    }

    #[test]
    fn a_customers_facts_come_by_name_and_nobody_elses_with_them(store) {
        let keys = [
            fact_key(Some("cust-1"), "b"),
            fact_key(Some("cust-1"), "a"),
            fact_key(Some("cust-12"), "c"),
            fact_key(Some(""), "d"),
            fact_key(None, "e"),
        ];
        let facts = keys.clone().map(|key| (key.clone(), Some(fact(json!(key.name)))));
        store.commit(Commit { facts: facts.into(), ..Commit::default() }).unwrap();
        let names = |customer| -> Vec<String> {
            store.facts("acme", customer).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(Some("cust-1")), ["a", "b"]);
        assert_eq!(names(None), ["e"]);
        assert_eq!(names(Some("")), ["d"]);
        assert_eq!(store.facts("acm", None).unwrap(), []);

        store.commit(Commit { facts: vec![(keys[0].clone(), None)], ..Commit::default() }).unwrap();
        assert_eq!(names(Some("cust-1")), ["a"]);
        assert_eq!(store.fact(&keys[0]).unwrap(), None);
    }

    #[test]
    fn timers_come_due_in_order_and_one_name_is_one_timer(store) {
        let (early, late) = (NOON, NOON.plus_ms(1));
        let order = [
            timer(None, "billing", "z", early),
            timer(Some("a"), "entitlement", "z", early),
            timer(Some("a"), "billing", "y", early),
            timer(Some("a"), "own-slot", "a", early),
            timer(Some("b"), "billing", "a", early),
            timer(None, "billing", "a", late),
        ];
        let mut set = order.to_vec();
        set.reverse();
        set.insert(0, timer(Some("b"), "billing", "a", late));
        store.commit(Commit { timers_set: set, ..Commit::default() }).unwrap();
        assert_eq!(store.timers().unwrap(), 6, "the second of one name replaced the first");
        assert_eq!(store.due(early.plus_ms(-1), 9).unwrap(), []);
        assert_eq!(store.due(early, 9).unwrap(), order[..5]);
        assert_eq!(store.due(late, 2).unwrap(), order[..2]);
        assert_eq!(store.timers_of(&lane(Some("a")), &slot("billing")).unwrap(), 1);
        for (left, expected) in (0..6).rev().zip(order) {
            let next = store.due(late, 1).unwrap().pop().unwrap();
            assert_eq!(next, expected);
            store.commit(Commit { timer_spent: Some(next.key), ..Commit::default() }).unwrap();
            assert_eq!(store.timers().unwrap(), left);
        }
    }

    #[test]
    fn a_timer_that_fires_may_set_itself_again(store) {
        let first = timer(Some("a"), "billing", "renew", NOON);
        let again = timer(Some("a"), "billing", "renew", NOON.plus_ms(1));
        store.commit(Commit { timers_set: vec![first.clone()], ..Commit::default() }).unwrap();
        let fired = Commit { timer_spent: Some(first.key), timers_set: vec![again.clone()], ..Commit::default() };
        store.commit(fired).unwrap();
        assert_eq!(store.due(NOON.plus_ms(1), 9).unwrap(), [again]);
        assert_eq!(store.timers().unwrap(), 1);
    }

    #[test]
    fn queues_are_first_in_first_out_and_a_number_is_never_given_twice(store) {
        let queue = |raise: &[&str], spent| Commit {
            raised: raise.iter().map(|event| raised(event)).collect(),
            raised_spent: spent,
            outbox: raise.iter().map(|id| deferred(id)).collect(),
            outbox_spent: spent,
            ..Commit::default()
        };
        store.commit(queue(&["a", "b"], None)).unwrap();
        store.commit(queue(&["c"], Some(1))).unwrap();
        assert_eq!(store.raised(0, 9).unwrap(), [(2, raised("b")), (3, raised("c"))]);
        assert_eq!(store.deferred(2, 9).unwrap(), [(3, deferred("c"))]);
        for (number, name) in [(2, "b"), (3, "c")] {
            assert_eq!(store.raised(0, 1).unwrap(), [(number, raised(name))]);
            assert_eq!(store.deferred(0, 1).unwrap(), [(number, deferred(name))]);
            store.commit(queue(&[], Some(number))).unwrap();
        }
        assert_eq!(store.raised(0, 9).unwrap(), []);
        store.commit(queue(&["d"], None)).unwrap();
        assert_eq!(store.raised(0, 9).unwrap(), [(4, raised("d"))]);
        assert_eq!(store.deferred(0, 9).unwrap(), [(4, deferred("d"))]);
    }

    #[test]
    fn an_intent_keeps_its_event_until_the_outcome_is_known(store) {
        let (one, two) = (event("evt-1"), event("evt-12"));
        for nth in [0, 2, 1, 10] {
            store.admit_intent(&unfinished(&one), nth, &intent(&one, &nth.to_string())).unwrap();
        }
        store.admit_intent(&unfinished(&two), 0, &intent(&two, "0")).unwrap();
        let last = store.admit_intent(&unfinished(&one), 2, &answered(&one, "2")).unwrap();
        store.wait(last).unwrap();
        let expected = [intent(&one, "0"), intent(&one, "1"), answered(&one, "2"), intent(&one, "10")];
        assert_eq!(store.intents(&one).unwrap(), expected);
        assert_eq!(store.unfinished().unwrap(), [unfinished(&one), unfinished(&two)]);

        store.commit(Commit { dedup: Some((one.clone(), dedup("evt-1"))), ..Commit::default() }).unwrap();
        assert_eq!(store.intents(&one).unwrap(), []);
        assert_eq!(store.unfinished().unwrap(), [unfinished(&two)]);
        assert_eq!(store.intents(&two).unwrap(), [intent(&two, "0")]);
    }

    #[test]
    fn an_event_that_is_kept_before_it_is_judged_is_kept_until_its_outcome_or_until_nobody_wants_it(store) {
        let (one, two) = (event("evt-1"), event("evt-12"));
        let accepted = |event: &DedupKey, kept| Commit { accepted: Some((event.clone(), kept)), ..Commit::default() };
        for event in [&one, &two] {
            store.commit(accepted(event, Some(unfinished(event)))).unwrap();
        }
        store.commit(Commit { dedup: Some((one.clone(), dedup("evt-1"))), ..Commit::default() }).unwrap();
        assert_eq!(store.unfinished().unwrap(), [unfinished(&two)]);
        store.commit(accepted(&two, None)).unwrap();
        assert_eq!(store.unfinished().unwrap(), []);
    }

    #[test]
    fn an_id_is_found_in_every_tenant_and_source(store) {
        let key = |tenant: &str, source: &str, id: &str| {
            DedupKey { tenant: tenant.into(), source: source.into(), id: id.into() }
        };
        let same = [key("acme", "/b", "1"), key("acme", "/c", "1"), key("zeta", "/a", "1")];
        for event in same.iter().rev().chain([&key("acme", "/b", "11"), &key("acme", "1", "")]) {
            store.commit(Commit { dedup: Some((event.clone(), dedup("x"))), ..Commit::default() }).unwrap();
        }
        assert_eq!(store.events_of_id("1").unwrap(), same);
        assert_eq!(store.events_of_id("2").unwrap(), []);
    }

    #[test]
    fn content_of_any_size_is_kept_and_large_values_shrink_and_grow(store) {
        let component: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
        let hash = sha256(&component);
        store.keep(vec![(hash, component.clone())]).unwrap();
        let kept = store.keep(vec![(hash, component.clone()), (sha256(b""), Vec::new())]).unwrap();
        store.wait(kept).unwrap();
        assert_eq!(store.blob(&hash).unwrap(), Some(component));
        assert_eq!(store.blob(&sha256(b"")).unwrap(), Some(Vec::new()));

        let key = fact_key(None, "billing.large");
        for length in [64_000, 10, 0, 20_000, 40_000] {
            let large = fact(json!("x".repeat(length)));
            store.commit(Commit { facts: vec![(key.clone(), Some(large.clone()))], ..Commit::default() }).unwrap();
            assert_eq!(store.fact(&key).unwrap(), Some(large), "{length}");
        }
    }

    #[test]
    fn names_may_be_long_and_hold_any_character(store) {
        let long = "x".repeat(2000);
        let names = [long.clone(), format!("{long}1"), format!("{long}2"), "a\0b".into(), "ä/ö".into(), String::new()];
        for (number, name) in (1..).zip(&names) {
            let lane = Lane { tenant: name.clone(), customer: Some(name.clone()) };
            let commit = Commit {
                facts: vec![(fact_key(Some(name), name), Some(fact(json!(number))))],
                lane: Some((lane, Time::from_ms(number))),
                numbers: vec![(name.clone(), name.clone(), number.cast_unsigned())],
                claims: vec![("acme".into(), name.clone(), claim(name, "e"))],
                dedup: Some((event(name), dedup(name))),
                ..Commit::default()
            };
            store.commit(commit).unwrap();
        }
        for (number, name) in (1_i64..).zip(&names) {
            assert_eq!(store.facts("acme", Some(name)).unwrap(), [(name.clone(), fact(json!(number)))]);
            assert_eq!(store.last_number(name, name).unwrap(), number.cast_unsigned());
            assert_eq!(store.claim("acme", name).unwrap(), Some(claim(name, "e")));
            assert_eq!(store.events_of_id(name).unwrap(), [event(name)]);
        }
    }

    #[test]
    fn a_receipt_that_does_not_follow_is_refused_and_nothing_of_its_commit_is_kept(store) {
        store.commit(full_commit(&store)).unwrap();
        for sequence in [0, 1, 3] {
            let receipt = (sequence, entry("leaf 2", "evt-2", sequence));
            let commit = Commit {
                facts: vec![(fact_key(Some("cust-1"), "billing.account"), Some(fact(json!("overwritten"))))],
                receipt: Some(receipt),
                raised: vec![raised("third")],
                raised_spent: Some(1),
                ..Commit::default()
            };
            let why = store.commit(commit).unwrap_err().to_string();
            assert!(why.ends_with("does not follow the ledger, whose next is 2: nothing was written"), "{why}");
            check_full_commit(&store);
        }
    }

    #[test]
    fn several_commits_are_written_as_one_or_not_at_all(store) {
        let commit = |sequence, name: &str| Commit {
            receipt: Some((sequence, entry(name, name, sequence))),
            timers_set: vec![timer(None, "billing", "t", NOON)],
            timer_spent: Some(timer(None, "billing", "t", NOON).key),
            blobs: vec![(sha256(b"same"), b"same".to_vec())],
            raised: vec![raised(name)],
            ..Commit::default()
        };
        let torn = vec![commit(1, "a"), commit(1, "b")];
        assert!(matches!(store.commit_all(torn), Err(StoreError::Corrupt(_))));
        assert_eq!(store.head().unwrap(), Head::default());
        assert_eq!(store.raised(0, 9).unwrap(), []);

        store.commit_all(vec![commit(1, "a"), commit(2, "b")]).unwrap();
        assert_eq!((store.head().unwrap(), store.timers().unwrap()), (head(["a", "b"]), 1));
        assert_eq!(store.raised(0, 9).unwrap(), [(1, raised("a")), (2, raised("b"))]);
    }

    #[test]
    fn receipts_and_events_are_listed_in_pages(store) {
        for (sequence, id) in (1..).zip(["a", "b", "c", "d"]) {
            let dedup = Some((event(id), known(id, NOON, Some(sequence))));
            let receipt = Some(receipt(&store, id, id));
            store.commit(Commit { receipt, dedup, ..Commit::default() }).unwrap();
        }
        let sequences = |from, limit| -> Vec<u64> {
            store.receipts(from, limit).unwrap().into_iter().map(|(sequence, _)| sequence).collect()
        };
        assert_eq!(sequences(0, 3), [1, 2, 3]);
        assert_eq!(sequences(4, 3), [4]);
        assert_eq!(sequences(5, 3), [0; 0]);
        let ids = |after: Option<&str>, limit| -> Vec<String> {
            let events = store.events(after.map(event).as_ref(), limit).unwrap();
            events.into_iter().map(|(key, _)| key.id).collect()
        };
        assert_eq!(ids(None, 3), ["a", "b", "c"]);
        assert_eq!(ids(Some("b"), 1), ["c"]);
        assert_eq!(ids(Some("bb"), 9), ["c", "d"]);
    }
}
