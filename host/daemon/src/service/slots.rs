//! Slots that are changed while events flow.
//!
//! What is staged goes on though its sender has gone, for it may take longer than anybody waits for an answer. Whoever
//! sends the same again under the same key hears what became of it: of what was done the ledger tells for ever; what is
//! under way, or was refused while nobody listened, is remembered here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_api::server::{InstallWanted, SwapVerb, SwapWanted, Unavailable};
use syndic_api::{ProblemLine, SwappedLine};
use syndic_core::Slot;
use syndic_core::ports::Clock as _;
use syndic_engine::replay::Gates;
use syndic_engine::{Allow, Cause, Halt, Install, NotSwapped, Swapped, Trialled};
use syndic_ledger::{Hash, sha256};
use tokio::sync::{Semaphore, watch};

use super::unavailable;
use crate::run::Live;
use crate::slots::{problem_of, swapped_line};

/// Components that are staged at once. More would take the processor from events; with one, who installs in another slot
/// would wait for it.
const STAGED_MAX: usize = 2;

/// Installations that are remembered until somebody hears what became of them.
const REMEMBERED_MAX: usize = 16;

/// What a change came to.
pub(super) type Told = Result<Result<SwappedLine, Box<ProblemLine>>, Unavailable>;

/// Installations under way, and those whose end nobody heard.
pub(super) struct Staging {
    turns: Arc<Semaphore>,
    known: Mutex<VecDeque<(Hash, watch::Receiver<Option<Told>>)>>,
}

impl Default for Staging {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(STAGED_MAX)), known: Mutex::default() }
    }
}

impl Staging {
    /// Changes a slot. A component waits for its turn; everything else is one commit, and waits for nobody.
    pub(super) async fn swap(&self, live: &Arc<Live>, wanted: SwapWanted) -> Told {
        if !matches!(wanted.verb, SwapVerb::Install(_)) {
            return carried_out(Arc::clone(live), wanted).await;
        }
        let id = identity(&wanted);
        let (mut outcome, first) = match self.begun(id) {
            Begun::Before(outcome) => (outcome, false),
            Begun::Now(tell, outcome) => {
                self.stage(live, wanted.clone(), tell);
                (outcome, true)
            }
        };
        let told = outcome.wait_for(Option::is_some).await.map(|told| told.clone());
        let told = told.ok().flatten();
        self.heard(id);
        match told {
            // The ledger knows better: that it was done before, and how the slot is now.
            Some(Ok(Ok(_))) if !first => carried_out(Arc::clone(live), wanted).await,
            Some(told) => told,
            None => Err(Unavailable("the installation was broken off by a bug".into())),
        }
    }

    /// Has a component staged in its turn, whoever still waits for it.
    fn stage(&self, live: &Arc<Live>, wanted: SwapWanted, tell: watch::Sender<Option<Told>>) {
        let (turns, live) = (Arc::clone(&self.turns), Arc::clone(live));
        tokio::spawn(async move {
            let turn = turns.acquire_owned().await;
            tell.send_replace(Some(carried_out(live, wanted).await));
            drop(turn);
        });
    }

    /// Whether the same was begun before, under the same key, and nobody heard yet what became of it.
    fn begun(&self, id: Option<Hash>) -> Begun {
        let (tell, outcome) = watch::channel(None);
        let Some(id) = id else { return Begun::Now(tell, outcome) };
        let mut known = self.known();
        // One that broke off tells nothing, and is begun again.
        known.retain(|(_, outcome)| outcome.has_changed().is_ok() || outcome.borrow().is_some());
        if let Some((_, before)) = known.iter().find(|(known, _)| *known == id) {
            return Begun::Before(before.clone());
        }
        known.truncate(REMEMBERED_MAX - 1);
        known.push_front((id, outcome.clone()));
        Begun::Now(tell, outcome)
    }

    /// Somebody was told: from here on what was done stands in the ledger, and what was refused may be tried again.
    fn heard(&self, id: Option<Hash>) {
        self.known().retain(|(known, _)| Some(*known) != id);
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<(Hash, watch::Receiver<Option<Told>>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Begun {
    Before(watch::Receiver<Option<Told>>),
    Now(watch::Sender<Option<Told>>, watch::Receiver<Option<Told>>),
}

/// What an installation is the same by: who wants it, the key, and all that is wanted. Without a key, nothing is the same.
fn identity(wanted: &SwapWanted) -> Option<Hash> {
    let SwapWanted { slot, by, reason, key: Some(key), verb: SwapVerb::Install(install) } = wanted else { return None };
    let InstallWanted { mode, backtest, max_different, allow, signature, component } = install;
    let component = sha256(component);
    let all = (slot, by, reason, key, mode, backtest, max_different, allow, signature, component);
    Some(sha256(format!("{all:?}").as_bytes()))
}

/// Changes a slot on a thread that may wait.
async fn carried_out(live: Arc<Live>, wanted: SwapWanted) -> Told {
    match tokio::task::spawn_blocking(move || swap(&live, wanted)).await {
        Ok(Ok(swapped)) => Ok(swapped),
        Ok(Err(halt)) => Err(unavailable(&halt)),
        Err(panic) => {
            tracing::error!(%panic, "a slot was not changed");
            Ok(Err(Box::new(ProblemLine::new("Internal", "changing the slot panicked"))))
        }
    }
}

fn swap(live: &Live, wanted: SwapWanted) -> Result<Result<SwappedLine, Box<ProblemLine>>, Halt> {
    let SwapWanted { slot: name, by, reason, key, verb } = wanted;
    let Ok(slot) = Slot::new(&name) else {
        let detail = format!("there is no slot `{}`", name.escape_debug());
        return Ok(Err(Box::new(ProblemLine::new("NotFound", detail))));
    };
    // A key is one caller's own: whatever another sends under the same is another act.
    let id = key.map(|key| format!("{by}: {key}"));
    let cause = Cause { by, reason, at: live.clock.now(), id };
    let swapped = match verb {
        SwapVerb::Install(wanted) => live.host.install(install(&slot, wanted, cause)),
        SwapVerb::Promote { force } => live.host.promote(&slot, force, &cause),
        SwapVerb::Revert => live.host.revert(&slot, &cause),
        SwapVerb::Explain { difference } => live.host.explain(&slot, difference, &cause),
    }?;
    tell(&slot, &swapped);
    Ok(swapped.map(|swapped| swapped_line(&swapped)).map_err(|no| Box::new(problem_of(&no))))
}

fn install(slot: &Slot, wanted: InstallWanted, cause: Cause) -> Install {
    let InstallWanted { mode, backtest, max_different, allow, signature, component } = wanted;
    let gates = Gates { different_max: max_different, ..Gates::default() };
    Install {
        slot: slot.clone(),
        component: component.into(),
        signature: signature.map(String::into_bytes),
        mode,
        backtest: backtest.map(|last| Trialled { last, gates }),
        allow: allow.into_iter().filter_map(Allow::named).collect(),
        cause,
    }
}

fn tell(slot: &Slot, swapped: &Result<Swapped, NotSwapped>) {
    match swapped {
        Ok(Swapped { report, active, trial, .. }) => {
            tracing::info!(%slot, receipt = report.receipt, active, trial, "a slot was changed");
        }
        Err(no) => tracing::warn!(%slot, why = no.name(), "a slot was not changed: {no}"),
    }
}
