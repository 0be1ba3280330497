//! A story: writes of every kind, drawn from a seed, and what a store answers after each of them.

use syndic_core::Time;
use syndic_core::ports::{Commit, Intent, Reads, Store, StoreError, Ticket, Unfinished};
use syndic_ledger::{Hash, Master, sha256};
use syndic_store::MemoryStore;

use crate::dice::{Dice, answers};
use crate::samples::*;

/// One write.
enum Step {
    Commit(Box<Commit>),
    Intent(Unfinished, u32, Box<Intent>),
    Keep(Vec<(Hash, Vec<u8>)>),
    Forget(Time),
}

/// What is written, and what a store answers before the first write, after it, after the second, and so on.
pub(crate) struct Story {
    steps: Vec<Step>,
    states: Vec<Vec<String>>,
}

impl Story {
    pub(crate) fn of_seed(seed: u64, length: usize) -> Self {
        let mut dice = Dice(seed);
        let model = MemoryStore::new(Master::from_seed(0));
        let mut story = Self { steps: Vec::new(), states: vec![answers(&model)] };
        for _ in 0..length {
            let step = draw(&mut dice, &model);
            step.admit(&model).unwrap();
            story.steps.push(step);
            story.states.push(answers(&model));
        }
        story
    }

    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Does the write of a number, from 0.
    pub(crate) fn tell(&self, step: usize, store: &dyn Store) -> Result<Ticket, StoreError> {
        self.steps[step].admit(store)
    }

    /// After how many writes a store answers as this one does, which must be at least `told`.
    pub(crate) fn place(&self, store: &dyn Reads, told: usize) -> Option<usize> {
        let answered = answers(store);
        (told..self.states.len()).find(|place| self.states[*place] == answered)
    }
}

impl Step {
    fn admit(&self, store: &dyn Store) -> Result<Ticket, StoreError> {
        match self {
            Self::Commit(commit) => {
                let admitted = store.admit(&mut |_| Ok(Some(Commit::clone(commit))))?;
                Ok(admitted.expect("it was decided").ticket)
            }
            Self::Intent(event, nth, intent) => store.admit_intent(event, *nth, intent),
            Self::Keep(blobs) => store.keep(blobs.clone()),
            Self::Forget(before) => store.forget(*before, 2).map(|_| store.last()),
        }
    }
}

fn draw(dice: &mut Dice, model: &MemoryStore) -> Step {
    match dice.roll(8) {
        0 | 1 => {
            let event = event(dice.name());
            Step::Intent(unfinished(&event), dice.roll(3) as u32, Box::new(intent(&event, dice.name())))
        }
        2 => {
            let content = dice.name().repeat(dice.roll(50_000) as usize).into_bytes();
            Step::Keep(vec![(sha256(&content), content)])
        }
        3 => Step::Forget(NOON.plus_ms(1)),
        _ => Step::Commit(Box::new(dice.commit(model))),
    }
}
