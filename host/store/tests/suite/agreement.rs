//! All stores are one: after the same commits, drawn from a seed, they answer everything alike, and what is admitted
//! reads as it will when it is durable.

use syndic_core::ports::Store;
use syndic_ledger::Master;
use syndic_store::{MasterWanted, MemoryStore, SledStore};

use crate::dice::{Dice, answers};
use crate::samples::*;

/// Commits per seed; the directory is closed and opened again after every tenth.
const COMMITS: u64 = 60;

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
