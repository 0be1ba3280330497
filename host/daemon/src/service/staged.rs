//! What takes longer than anybody waits for an answer: it is done in its turn, and goes on though its sender has gone.
//!
//! Whoever sends the same again under the same key hears what became of it: of what was done the ledger tells for ever;
//! what is under way, or was refused while nobody listened, is remembered here. Only so many are done at once, and only
//! so many wait for it; more are turned away while they are cheap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_api::ProblemLine;
use syndic_core::Error;
use syndic_ledger::Hash;
use tokio::sync::{Semaphore, watch};

/// Those that are remembered until somebody hears what became of them.
const REMEMBERED_MAX: usize = 16;

/// When to come back where too many wait already.
const BACK_IN_MS: u64 = 1_000;

/// What is under way, and what ended and nobody heard.
pub(super) struct Staged<T> {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    known: Mutex<VecDeque<(Hash, Outcome<T>)>>,
}

type Outcome<T> = watch::Receiver<Option<T>>;

/// What became of it, as whoever waited for it is told.
pub(super) enum Heard<T> {
    /// By whoever began it.
    First(T),
    /// By somebody who sent the same again.
    Later(T),
    /// It was not begun: too many are.
    Full(Box<ProblemLine>),
    /// A bug of ours broke it off.
    BrokenOff,
}

impl<T: Clone + Send + Sync + 'static> Staged<T> {
    /// So many at once, and so many under way and waiting.
    pub(super) fn new(at_once: usize, places: usize) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { turns: semaphore(at_once), places: semaphore(places), known: Mutex::default() }
    }

    /// Does something in its turn, unless the same is under way; and waits for what becomes of it.
    pub(super) async fn done<F>(&self, id: Option<Hash>, act: impl FnOnce() -> F) -> Heard<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (mut outcome, first) = match self.before(id) {
            Some(outcome) => (outcome, false),
            None => match self.begun(id, act) {
                Some(outcome) => (outcome, true),
                None => {
                    return Heard::Full(Box::new(ProblemLine::from(&Error::Overloaded { retry_after_ms: BACK_IN_MS })));
                }
            },
        };
        let told = outcome.wait_for(Option::is_some).await.map(|told| told.clone());
        // Somebody was told: from here on what was done stands in the ledger, and what was refused may be tried again.
        self.known().retain(|(known, _)| Some(*known) != id);
        match told.ok().flatten() {
            Some(told) if first => Heard::First(told),
            Some(told) => Heard::Later(told),
            None => Heard::BrokenOff,
        }
    }

    /// What becomes of the same, where it was begun under the same key and nobody heard of it yet.
    fn before(&self, id: Option<Hash>) -> Option<Outcome<T>> {
        let mut known = self.known();
        // One that broke off tells nothing, and is begun again.
        known.retain(|(_, outcome)| outcome.has_changed().is_ok() || outcome.borrow().is_some());
        known.iter().find(|(known, _)| Some(*known) == id).map(|(_, outcome)| outcome.clone())
    }

    /// Begins it, where there is a place. It ends whoever still waits for it.
    fn begun<F>(&self, id: Option<Hash>, act: impl FnOnce() -> F) -> Option<Outcome<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (tell, outcome) = watch::channel(None);
        if let Some(id) = id {
            let mut known = self.known();
            known.truncate(REMEMBERED_MAX - 1);
            known.push_front((id, outcome.clone()));
        }
        let (turns, act) = (Arc::clone(&self.turns), act());
        tokio::spawn(async move {
            let turn = turns.acquire_owned().await;
            tell.send_replace(Some(act.await));
            drop((turn, place));
        });
        Some(outcome)
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<(Hash, Outcome<T>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
