//! Slots that are changed while events flow. What is staged goes on though its sender has gone.

use std::sync::Arc;

use syndic_api::server::{InstallWanted, SwapVerb, SwapWanted, Unavailable};
use syndic_api::{ProblemLine, SwappedLine};
use syndic_core::Slot;
use syndic_core::ports::Clock as _;
use syndic_engine::replay::Gates;
use syndic_engine::{Allow, Cause, Halt, Install, NotSwapped, Swapped, Trialled};
use syndic_ledger::{Hash, sha256};

use super::staged::{Heard, Staged};
use super::unavailable;
use crate::run::Live;
use crate::slots::{problem_of, swapped_line};

/// Components that are staged at once. More would take the processor from events; with one, who installs in another slot
/// would wait for it.
const STAGED_MAX: usize = 2;

/// Components that are staged or wait for it: each is in memory whole.
const WAITING_MAX: usize = 8;

/// What a change came to.
pub(super) type Told = Result<Result<SwappedLine, Box<ProblemLine>>, Unavailable>;

/// Installations under way, and those whose end nobody heard.
pub(super) struct Staging(Staged<Told>);

impl Default for Staging {
    fn default() -> Self {
        Self(Staged::new(STAGED_MAX, WAITING_MAX))
    }
}

impl Staging {
    /// Changes a slot. A component waits for its turn; everything else is one commit, and waits for nobody.
    pub(super) async fn swap(&self, live: &Arc<Live>, wanted: SwapWanted) -> Told {
        if !matches!(wanted.verb, SwapVerb::Install(_)) {
            return carried_out(Arc::clone(live), wanted).await;
        }
        match self.0.done(identity(&wanted), || carried_out(Arc::clone(live), wanted.clone())).await {
            // The ledger knows better: that it was done before, and how the slot is now.
            Heard::Later(Ok(Ok(_))) => carried_out(Arc::clone(live), wanted).await,
            Heard::First(told) | Heard::Later(told) => told,
            Heard::Full(problem) => Ok(Err(problem)),
            Heard::BrokenOff => Err(Unavailable("the installation was broken off by a bug".into())),
        }
    }
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
