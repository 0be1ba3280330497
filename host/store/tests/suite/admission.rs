//! Admitting: what is admitted is seen in front at once, directly only when it is durable, and becomes durable in order.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use serde_json::json;
use syndic_core::ports::{Admitted, Commit, Reads, Store, StoreError, Ticket};
use syndic_ledger::Master;
use syndic_store::{MasterWanted, Memory, MemoryStore, Pairs, Records, SledStore, Space, Writes};

use crate::samples::*;

/// A waker that counts.
#[derive(Default)]
struct Calls(AtomicU64);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn held() -> MemoryStore {
    MemoryStore::new_held(Master::from_seed(0))
}

fn admit(store: &dyn Store, commit: &Commit) -> Admitted {
    store.admit(&mut |_| Ok(Some(commit.clone()))).unwrap().unwrap()
}

fn fact_is(value: u64) -> Commit {
    Commit { facts: vec![(fact_key(None, "shared.x"), Some(fact(json!(value))))], ..Commit::default() }
}

fn seen(reads: &dyn Reads) -> Option<u64> {
    reads.fact(&fact_key(None, "shared.x")).unwrap().and_then(|fact| fact.value.read().as_u64())
}

#[test]
fn what_is_admitted_is_seen_in_front_alone_until_it_is_durable() {
    let store = held();
    let full = full_commit(&store);
    let admitted = admit(&store, &full);
    assert_eq!(admitted, Admitted { ticket: Ticket(1), raised: 1, outbox: 1 });
    check_full_commit(store.front());
    let nothing = format!("{:?}", MemoryStore::new(Master::from_seed(0)).head());
    assert_eq!(format!("{:?}", store.head()), nothing);
    assert_eq!((store.timers().unwrap(), store.raised(0, 9).unwrap()), (0, Vec::new()));
    assert_eq!(store.after_crash().unwrap().front().receipt(1).unwrap(), None);

    store.write_out().unwrap();
    check_full_commit(&store);
    check_full_commit(store.front());
    check_full_commit(&store.after_crash().unwrap());
    assert_eq!(admit(&store, &full_commit(store.front())).ticket, Ticket(2));
    assert_eq!(admit(&store, &Commit::default()), Admitted { ticket: Ticket(3), raised: 5, outbox: 5 });
    assert_eq!(store.last(), Ticket(3));
}

#[test]
fn a_removal_hides_what_is_durable() {
    let store = held();
    let timer = timer(None, "billing", "t", NOON);
    let begin = Commit { timers_set: vec![timer.clone()], raised: vec![raised("a"), raised("b")], ..fact_is(1) };
    store.commit(begin).unwrap();
    let spend = Commit {
        facts: vec![(fact_key(None, "shared.x"), None)],
        timer_spent: Some(timer.key.clone()),
        raised_spent: Some(1),
        ..Commit::default()
    };
    admit(&store, &spend);
    let front = store.front();
    assert_eq!((seen(front), front.facts("acme", None).unwrap()), (None, Vec::new()));
    assert_eq!((front.due(NOON, 9).unwrap(), front.timers().unwrap()), (Vec::new(), 0));
    assert_eq!(front.timers_of(&timer.key.lane, &timer.key.slot).unwrap(), 0);
    assert_eq!(front.raised(0, 1).unwrap(), [(2, raised("b"))]);
    assert_eq!((seen(&store), store.timers().unwrap(), store.raised(0, 1).unwrap()[0].0), (Some(1), 1, 1));
}

#[test]
fn a_committer_sees_everything_admitted_before_it_and_may_think_better_of_it() {
    let store = held();
    admit(&store, &fact_is(1));
    let next = |store: &MemoryStore| store.admit(&mut |front| Ok(seen(front).map(|value| fact_is(value + 1))));
    next(&store).unwrap().unwrap();
    let ticket = next(&store).unwrap().unwrap().ticket;
    assert_eq!(store.admit(&mut |_| Ok(None)).unwrap(), None);
    let refused = StoreError::Corrupt("no".into());
    assert_eq!(store.admit(&mut |_| Err(refused.clone())).unwrap_err(), refused);
    assert_eq!((seen(store.front()), seen(&store), store.last()), (Some(3), None, ticket));
}

#[test]
fn wakers_are_called_when_their_ticket_is_durable() {
    let store = held();
    let (first, second) = (admit(&store, &fact_is(1)).ticket, Ticket(2));
    let [early, late] = [(); 2].map(|()| Arc::new(Calls::default()));
    let poll = |ticket, calls: &Arc<Calls>| store.poll_durable(ticket, &Waker::from(Arc::clone(calls)));
    assert_eq!(poll(first, &early), Poll::Pending);
    assert_eq!(poll(first, &early), Poll::Pending);
    assert_eq!(poll(second, &late), Poll::Pending);
    let calls = || [&early, &late].map(|calls| calls.0.load(Ordering::SeqCst));
    store.write_out().unwrap();
    assert_eq!(calls(), [1, 0], "one call, however often it was asked");
    assert_eq!(poll(first, &early), Poll::Ready(Ok(())));
    admit(&store, &fact_is(2));
    assert_eq!((poll(second, &late), calls()), (Poll::Pending, [1, 0]));
    store.write_out().unwrap();
    assert_eq!((poll(second, &late), calls()), (Poll::Ready(Ok(())), [1, 1]));
}

/// Memory that remembers every batch it was given, and may be told to fail.
#[derive(Default)]
struct Watched {
    memory: Memory,
    batches: Mutex<Vec<Writes>>,
    failing: Mutex<Option<StoreError>>,
}

impl Space for &Watched {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.memory.scan(prefix, from, limit)
    }

    fn write(&self, number: u64, writes: Writes) -> Result<(), StoreError> {
        self.batches.lock().unwrap().push(writes.clone());
        self.memory.write(number, writes)
    }

    fn barrier(&self, _: u64) -> Result<(), StoreError> {
        self.failing.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn acknowledged(&self) -> u64 {
        0
    }
}

#[test]
fn what_came_and_went_within_a_group_is_never_written() {
    let watched = Watched::default();
    let store = Records::held(&watched, Master::from_seed(0)).unwrap();
    let event = event("evt-1");
    for nth in 0..3 {
        store.admit_intent(&unfinished(&event), nth, &intent(&event, "1")).unwrap();
        admit(&store, &fact_is(nth.into()));
    }
    admit(&store, &Commit { dedup: Some((event.clone(), dedup("evt-1"))), ..fact_is(9) });
    store.write_out().unwrap();
    let batches = watched.batches.lock().unwrap();
    assert_eq!(batches.len(), 1, "one group is one batch");
    let tables: Vec<u8> = batches[0].keys().map(|key| key[0]).collect();
    assert_eq!(tables, *b"Cdfq", "counters, the dedup record, the fact, and when it was taken");
    drop(batches);
    assert_eq!((seen(&store), store.intents(&event).unwrap()), (Some(9), Vec::new()));
    store.write_out().unwrap();
    store.wait(store.keep(Vec::new()).unwrap()).unwrap();
    assert_eq!(watched.batches.lock().unwrap().len(), 1, "what changes nothing writes nothing");
    store.verify_all().unwrap();
}

#[test]
fn a_write_that_fails_is_told_to_everyone_and_nothing_more_is_admitted() {
    let watched = Watched::default();
    let store = Records::held(&watched, Master::from_seed(0)).unwrap();
    store.commit(fact_is(1)).unwrap();
    let why = StoreError::Unreachable("the disk is gone".into());
    *watched.failing.lock().unwrap() = Some(why.clone());
    let ticket = admit(&store, &fact_is(2)).ticket;
    let calls = Arc::new(Calls::default());
    let waker = Waker::from(Arc::clone(&calls));
    assert_eq!(store.poll_durable(ticket, &waker), Poll::Pending);
    assert_eq!(store.write_out().unwrap_err(), why);
    assert_eq!(calls.0.load(Ordering::SeqCst), 1);
    assert_eq!(store.poll_durable(ticket, &waker), Poll::Ready(Err(why.clone())));
    *watched.failing.lock().unwrap() = None;
    assert_eq!(store.admit(&mut |_| Ok(Some(fact_is(3)))).unwrap_err(), why);
    assert_eq!(store.write_out().unwrap_err(), why);
    assert_eq!(store.poll_durable(Ticket(1), &waker), Poll::Ready(Ok(())), "what was durable stays so");
}

#[test]
fn many_that_admit_at_once_leave_no_gap_and_what_was_answered_is_there_after_reopening() {
    const THREADS: u64 = 8;
    const EACH: u64 = 40;
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    let commit = |thread: u64, nth: u64| {
        let id = format!("{thread}/{nth}");
        let mut sequence = 0;
        let admitted = store.admit(&mut |front| {
            let receipt = receipt(front, &id, &id);
            sequence = receipt.0;
            let known = known(&id, NOON, Some(sequence));
            let facts = vec![(fact_key(Some(&thread.to_string()), "billing.n"), Some(fact(json!(nth))))];
            let raised = vec![raised(&id)];
            let dedup = Some((event(&id), known));
            Ok(Some(Commit { receipt: Some(receipt), dedup, facts, raised, ..Commit::default() }))
        });
        let Admitted { ticket, raised, .. } = admitted.unwrap().unwrap();
        store.wait(ticket).unwrap();
        // Durable is read directly, by everyone and at once.
        assert_eq!(store.receipt(sequence).unwrap().unwrap().leaf, id);
        assert_eq!(store.raised(raised - 1, 1).unwrap()[0].0, raised);
        sequence
    };
    let sequences: BTreeSet<u64> = std::thread::scope(|scope| {
        let commit = &commit;
        let of_one = move |thread| -> Vec<u64> { (0..EACH).map(|nth| commit(thread, nth)).collect() };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || of_one(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(sequences.iter().copied().eq(1..=THREADS * EACH));
    let (head, receipts) = (store.verify_all().unwrap(), store.receipts(1, usize::MAX).unwrap());
    drop(store);

    let store = SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    assert_eq!((store.verify_all().unwrap(), store.receipts(1, usize::MAX).unwrap()), (head, receipts));
    for thread in 0..THREADS {
        let last = store.fact(&fact_key(Some(&thread.to_string()), "billing.n")).unwrap().unwrap();
        assert_eq!(last.value.read(), json!(EACH - 1));
        for nth in 0..EACH {
            assert!(store.dedup(&event(&format!("{thread}/{nth}"))).unwrap().is_some());
        }
    }
}

#[test]
fn a_store_that_is_dropped_writes_what_is_queued() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    for round in 0..5 {
        let store = open();
        for value in 1..=50 {
            assert_eq!(admit(&store, &fact_is(round * 100 + value)).ticket, store.last());
        }
        assert_eq!(seen(store.front()), Some(round * 100 + 50));
        drop(store);
        assert_eq!(seen(&open()), Some(round * 100 + 50));
    }
}
