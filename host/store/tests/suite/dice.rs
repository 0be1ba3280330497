//! Commits that are drawn from a seed, and everything a store can be asked about them.

use std::fmt::Debug;

use serde_json::json;
use syndic_core::ports::{CaseKey, CaseRecord, CaseStatus, Commit, Reads, StoreError, WorkKey, WorkState};
use syndic_core::{Lane, Time};
use syndic_ledger::sha256;

use crate::samples::*;

/// Receipts that are asked for.
const RECEIPTS: u64 = 60;

/// Few names, so that commits meet.
const NAMES: [&str; 5] = ["", "a", "a\0", "ab", "b"];

/// splitmix64: small, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(crate) fn name(&mut self) -> &'static str {
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

    fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[usize::try_from(self.roll(N as u64)).unwrap()]
    }

    /// Of many that are due, most are at one moment.
    fn case(&mut self) -> CaseRecord {
        use CaseStatus::{Cancelled, Completed, Running, Stopped, Suspended};
        let status = self.one_of([Running, Running, Suspended, Stopped, Completed, Cancelled]);
        let due = self.maybe(|dice| Time::from_ms(dice.roll(3).cast_signed() - 1));
        let length = usize::try_from(self.roll(14_000)).unwrap();
        case(status, due, &self.name().repeat(length))
    }

    fn case_key(&mut self) -> CaseKey {
        CaseKey { tenant: self.name().into(), id: self.name().into() }
    }

    fn work_key(&mut self) -> WorkKey {
        WorkKey { case: self.case_key(), task: self.name().into(), attempt: self.roll(2) as u32 }
    }

    pub(crate) fn commit(&mut self, store: &dyn Reads) -> Commit {
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
            accepted: self.maybe(|dice| {
                let event = event(dice.name());
                let kept = dice.maybe(|_| unfinished(&event));
                (event, kept)
            }),
            dedup: self.maybe(|_| (event(id), known(id, NOON, sequence))),
            receipt,
            numbers: self.some(2, |dice| (dice.name().into(), dice.name().into(), dice.roll(99))),
            claims: self.some(2, |dice| (dice.name().into(), dice.name().into(), claim(dice.name(), "e"))),
            blobs: self.some(2, |dice| {
                let content = dice.name().repeat(usize::try_from(dice.roll(50_000)).unwrap()).into_bytes();
                (sha256(&content), content)
            }),
            parked: self.maybe(|dice| (event(dice.name()), dice.maybe(|_| parked()))),
            dead: self.maybe(|dice| (dice.roll(9), dice.maybe(|_| dead_letter()))),
            poison: self.some(2, |dice| (poison().0, dice.maybe(|_| poison().1))),
            registers: self.some(2, |dice| {
                let (register, key, entry) = register(dice.name(), dice.name());
                (register, key, dice.maybe(|_| entry.clone()).flatten())
            }),
            cases: self.some(3, |dice| {
                let record = (dice.roll(4) > 0).then(|| dice.case());
                (dice.case_key(), record)
            }),
            works: self.some(3, |dice| {
                let row = dice.maybe(|dice| {
                    let state = dice.one_of([WorkState::Enabled, WorkState::Offered, WorkState::Suspended]);
                    work_row(state, dice.maybe(Self::name))
                });
                (dice.work_key(), row)
            }),
        }
    }
}

/// Everything a store can be asked within the names of this test.
pub(crate) fn answers(store: &dyn Reads) -> Vec<String> {
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
        told(store.dead_letters(1, 5)),
        told(store.poisons()),
        told(store.case_counts()),
        told(store.cases(None, None, 99)),
        told(store.works(None, None, 99)),
        told(store.cases_due(Time::from_ms(0), 99)),
        told(store.cases_due(Time::from_ms(0), 3)),
        told(store.cases_due(Time::from_ms(-1), 99)),
    ];
    told_all.extend((-11..10).map(|due| told(store.due(Time::from_ms(due), 3))));
    told_all.extend((0..RECEIPTS).map(|sequence| told(store.receipt(sequence))));
    for name in NAMES {
        told_all.extend([
            told(store.facts("acme", Some(name))),
            told(store.facts("acme", None)),
            told(store.fact(&fact_key(None, name))),
            told(store.dedup(&event(name))),
            told(store.intents(&event(name))),
            told(store.events_of_id(name)),
            told(store.works(Some(name), None, 9)),
        ]);
        for other in NAMES {
            let case = CaseKey { tenant: name.into(), id: other.into() };
            let item = WorkKey { case: case.clone(), task: other.into(), attempt: 1 };
            told_all.extend([
                told(store.case(&case)),
                told(store.cases(Some(name), Some(&case), 2)),
                told(store.cases(None, Some(&case), 2)),
                told(store.work(&item)),
                told(store.works(None, Some(&item), 2)),
                told(store.works_of(&case)),
                told(store.claim(name, other)),
                told(store.last_number(name, other)),
                told(store.register(name, other)),
                told(store.registers(name, other, 3)),
                told(store.fact(&fact_key(Some(name), other))),
                told(store.lane_now(&Lane { tenant: name.into(), customer: Some(other.into()) })),
            ]);
        }
    }
    told_all
}
