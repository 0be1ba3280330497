//! Both stores are one: after the same commits, drawn from a seed, they answer everything alike.

use std::fmt::Debug;

use serde_json::json;
use syndic_core::ports::{Commit, Store, StoreError};
use syndic_core::{Lane, Time};
use syndic_ledger::{Master, sha256};
use syndic_store::{MasterWanted, MemoryStore, SledStore};

use crate::samples::*;

/// Commits per seed; the directory is closed and opened again after every tenth.
const COMMITS: u64 = 60;

/// Few names, so that commits meet.
const NAMES: [&str; 5] = ["", "a", "a\0", "ab", "b"];

/// splitmix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::try_from(self.roll(5)).unwrap()]
    }

    fn customer(&mut self) -> Option<&'static str> {
        (self.roll(4) > 0).then(|| self.name())
    }

    fn some<T>(&mut self, most: u64, mut draw: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.roll(most + 1)).map(|_| draw(self)).collect()
    }

    fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(2) > 0).then(|| draw(self))
    }

    fn timer(&mut self) -> syndic_core::ports::Timer {
        let slot = ["billing", "entitlement", "own"][usize::try_from(self.roll(3)).unwrap()];
        timer(self.customer(), slot, self.name(), Time::from_ms(self.roll(20).cast_signed() - 10))
    }

    fn commit(&mut self, store: &dyn Store) -> Commit {
        let head = store.head().unwrap();
        Commit {
            facts: self.some(4, |dice| {
                let length = usize::try_from(dice.roll(40_000)).unwrap();
                let value = json!(dice.name().repeat(length));
                (fact_key(dice.customer(), dice.name()), dice.maybe(|_| fact(value)))
            }),
            lane: self.maybe(|dice| {
                let lane = Lane { tenant: dice.name().into(), customer: dice.customer().map(Into::into) };
                (lane, Time::from_ms(dice.roll(1000).cast_signed()))
            }),
            timers_set: self.some(3, Self::timer),
            timer_spent: self.maybe(|dice| dice.timer().key),
            raised: self.some(2, |dice| raised(dice.name())),
            raised_spent: store.next_raised().unwrap().map(|(number, _)| number),
            outbox: self.some(2, |dice| deferred(dice.name())),
            outbox_spent: self.maybe(|dice| 1 + dice.roll(20)),
            dedup: self.maybe(|dice| (event(dice.name()), dedup(dice.name()))),
            receipt: self.maybe(|dice| receipt(&head, dice.name())),
            numbers: self.some(2, |dice| (dice.name().into(), dice.name().into(), dice.roll(99))),
            claims: self.some(2, |dice| (dice.name().into(), dice.name().into(), claim(dice.name(), "e"))),
            blobs: self.some(2, |dice| {
                let content = dice.name().repeat(usize::try_from(dice.roll(50_000)).unwrap()).into_bytes();
                (sha256(&content), content)
            }),
            parked: self.maybe(|dice| (event(dice.name()), parked())),
        }
    }
}

/// Everything a store can be asked within the names of this test.
fn answers(store: &dyn Store) -> Vec<String> {
    fn told<T: Debug>(answer: Result<T, StoreError>) -> String {
        format!("{answer:?}")
    }
    let mut told_all = vec![
        told(store.head()),
        told(store.timers()),
        told(store.next_raised()),
        told(store.next_deferred()),
        told(store.unfinished()),
        told(store.parked()),
    ];
    told_all.extend((-11..10).map(|due| told(store.next_timer(Time::from_ms(due)))));
    told_all.extend((0..COMMITS).map(|sequence| told(store.receipt(sequence))));
    for name in NAMES {
        told_all.extend([
            told(store.facts("acme", Some(name))),
            told(store.facts("acme", None)),
            told(store.fact(&fact_key(None, name))),
            told(store.dedup(&event(name))),
            told(store.intents(&event(name))),
            told(store.events_of_id(name)),
        ]);
        for other in NAMES {
            told_all.extend([
                told(store.claim(name, other)),
                told(store.last_number(name, other)),
                told(store.fact(&fact_key(Some(name), other))),
                told(store.lane_now(&Lane { tenant: name.into(), customer: Some(other.into()) })),
            ]);
        }
    }
    told_all
}

#[test]
fn both_stores_answer_alike_after_any_commits() {
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let dir = tempfile::tempdir().unwrap();
        let open = || SledStore::open(dir.path(), MasterWanted::Seed(seed)).unwrap();
        let (memory, mut sled) = (MemoryStore::new(Master::from_seed(seed)), open());
        for nth in 1..=COMMITS {
            if dice.roll(3) == 0 {
                let event = event(dice.name());
                let (nth, intent) = (u32::try_from(dice.roll(3)).unwrap(), intent(&event, dice.name()));
                memory.write_intent(&unfinished(&event), nth, &intent).unwrap();
                sled.write_intent(&unfinished(&event), nth, &intent).unwrap();
            }
            let commit = dice.commit(&memory);
            for (hash, _) in &commit.blobs {
                assert_eq!(memory.blob(hash).unwrap(), sled.blob(hash).unwrap(), "seed {seed}, commit {nth}");
            }
            assert_eq!(memory.commit(commit.clone()), sled.commit(commit), "seed {seed}, commit {nth}");
            if nth % 10 == 0 {
                drop(sled);
                sled = open();
                assert_eq!(answers(&memory), answers(&sled), "seed {seed}, commit {nth}");
            }
        }
        assert_eq!(memory.verify_all().unwrap(), sled.verify_all().unwrap(), "seed {seed}");
        assert_eq!(memory.receipts(0, 99), sled.receipts(0, 99), "seed {seed}");
        assert_eq!(memory.events(None, 99), sled.events(None, 99), "seed {seed}");
    }
}
