//! All stores are one: after the same commits, drawn from a seed, they answer everything alike, and what is admitted
//! reads as it will when it is durable.

use std::fmt::Debug;

use serde_json::json;
use syndic_core::ports::{Commit, Reads, Store, StoreError};
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

    fn commit(&mut self, store: &dyn Reads) -> Commit {
        let id = self.name();
        let receipt = self.maybe(|dice| receipt(store, dice.name(), id));
        let sequence = receipt.as_ref().map(|(sequence, _)| *sequence);
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
            raised_spent: store.raised(0, 1).unwrap().first().map(|(number, _)| *number),
            outbox: self.some(2, |dice| deferred(dice.name())),
            outbox_spent: self.maybe(|dice| 1 + dice.roll(20)),
            dedup: self.maybe(|_| (event(id), known(id, NOON, sequence))),
            receipt,
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
fn answers(store: &dyn Reads) -> Vec<String> {
    fn told<T: Debug>(answer: Result<T, StoreError>) -> String {
        format!("{answer:?}")
    }
    let mut told_all = vec![
        told(store.head()),
        told(store.timers()),
        told(store.raised(0, 99)),
        told(store.deferred(2, 5)),
        told(store.unfinished()),
        told(store.parked()),
    ];
    told_all.extend((-11..10).map(|due| told(store.due(Time::from_ms(due), 3))));
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
fn every_store_answers_alike_after_any_commits() {
    for seed in 0..6 {
        let mut dice = Dice(seed);
        let dir = tempfile::tempdir().unwrap();
        let open = || SledStore::open(dir.path(), MasterWanted::Seed(seed)).unwrap();
        let (memory, held) =
            (MemoryStore::new(Master::from_seed(seed)), MemoryStore::new_held(Master::from_seed(seed)));
        let mut sled = open();
        for nth in 1..=COMMITS {
            if dice.roll(3) == 0 {
                let event = event(dice.name());
                let (nth, intent) = (u32::try_from(dice.roll(3)).unwrap(), intent(&event, dice.name()));
                for store in [&memory as &dyn Store, &held, &sled] {
                    store.admit_intent(&unfinished(&event), nth, &intent).unwrap();
                }
            }
            let commit = dice.commit(&memory);
            let told = [&memory as &dyn Store, &held, &sled].map(|store| {
                let mut commit = Some(commit.clone());
                store.admit(&mut |_| Ok(commit.take())).map(|admitted| admitted.map(|it| (it.raised, it.outbox)))
            });
            assert!(told[0].is_ok(), "seed {seed}, commit {nth}");
            assert!(told.iter().all(|it| *it == told[0]), "seed {seed}, commit {nth}: {told:?}");
            let answered = answers(&memory);
            assert_eq!(answered, answers(held.front()), "seed {seed}, commit {nth}");
            assert_eq!(answered, answers(sled.front()), "seed {seed}, commit {nth}");
            if nth % 7 == 0 {
                held.write_out().unwrap();
                assert_eq!(answered, answers(&held), "seed {seed}, commit {nth}");
            }
            if nth % 10 == 0 {
                drop(sled);
                sled = open();
                assert_eq!(answered, answers(&sled), "seed {seed}, commit {nth}");
            }
        }
        assert_eq!(memory.verify_all().unwrap(), sled.verify_all().unwrap(), "seed {seed}");
        held.write_out().unwrap();
        assert_eq!(memory.verify_all().unwrap(), held.verify_all().unwrap(), "seed {seed}");
        for other in [memory.receipts(0, 99), held.receipts(0, 99)] {
            assert_eq!(other, sled.receipts(0, 99), "seed {seed}");
        }
        assert_eq!(memory.events(None, 99), sled.events(None, 99), "seed {seed}");
    }
}
