//! Nets that are loaded while cases run. A proof takes its time where no request waits for it, and goes on though its
//! sender has gone; it ends by itself, for what it may look at is bounded.

use std::sync::Arc;

use syndic_api::server::{LoadWanted, NET_MAX_BYTES, Unavailable, UnloadWanted};
use syndic_api::{NetLine, ProblemLine, UnloadedLine};
use syndic_core::ports::Clock as _;
use syndic_engine::{Cause, Halt};
use syndic_ledger::{Hash, sha256};
use syndic_nets::format::LONGEST;

use super::staged::{Heard, Staged};
use super::unavailable;
use crate::nets::{is_pnml, line, load_problem, pnml_problem, unload_problem, unloaded_line};
use crate::run::Live;

// What is too long for the reader is turned away at the door.
const _: () = assert!(NET_MAX_BYTES == LONGEST);

/// Nets that are proved at once: a proof may take a processor, and some hundred megabytes, for seconds.
const PROVED_MAX: usize = 1;

/// Nets that are proved or wait for it.
const WAITING_MAX: usize = 4;

/// What a loading came to.
pub(super) type Told = Result<Result<NetLine, Box<ProblemLine>>, Unavailable>;

/// Nets that are being proved, and those whose end nobody heard.
pub(super) struct Proving(Staged<Told>);

impl Default for Proving {
    fn default() -> Self {
        Self(Staged::new(PROVED_MAX, WAITING_MAX))
    }
}

impl Proving {
    pub(super) async fn load(&self, live: &Arc<Live>, wanted: LoadWanted) -> Told {
        let live = Arc::clone(live);
        match self.0.done(identity(&wanted), || on_a_thread(move || load(&live, wanted))).await {
            Heard::First(told) | Heard::Later(told) => told,
            Heard::Full(problem) => Ok(Err(problem)),
            Heard::BrokenOff => Err(Unavailable("the proof was broken off by a bug".into())),
        }
    }
}

/// What a loading is the same by: who wants it, the key, and all that is wanted. Without a key, nothing is the same.
fn identity(wanted: &LoadWanted) -> Option<Hash> {
    let LoadWanted { by, reason, key: Some(key), text } = wanted else { return None };
    Some(sha256(format!("{:?}", (by, reason, key, sha256(text.as_bytes()))).as_bytes()))
}

pub(super) async fn unload(
    live: Arc<Live>,
    wanted: UnloadWanted,
) -> Result<Result<UnloadedLine, Box<ProblemLine>>, Unavailable> {
    on_a_thread(move || unloaded(&live, wanted)).await
}

type Done<T> = Result<Result<T, Box<ProblemLine>>, Halt>;

/// Does something on a thread that may wait.
async fn on_a_thread<T: Send + 'static>(
    act: impl FnOnce() -> Done<T> + Send + 'static,
) -> Result<Result<T, Box<ProblemLine>>, Unavailable> {
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => done.map_err(|halt| unavailable(&halt)),
        Err(panic) => {
            tracing::error!(%panic, "a net was neither loaded nor unloaded");
            Ok(Err(Box::new(ProblemLine::new("Internal", "a panic ended it"))))
        }
    }
}

/// A key is one caller's own: whatever another sends under the same is another act.
fn cause(live: &Live, by: String, reason: String, key: Option<String>) -> Cause {
    let id = key.map(|key| format!("{by}: {key}"));
    Cause { by, reason, at: live.clock.now(), id }
}

fn load(live: &Live, wanted: LoadWanted) -> Done<NetLine> {
    let LoadWanted { by, reason, key, text } = wanted;
    if is_pnml(&text) {
        return Ok(Err(Box::new(pnml_problem())));
    }
    let loaded = live.host.load_net(&text, &cause(live, by, reason, key))?;
    match &loaded {
        Ok(loaded) => {
            let (net, receipt, new) = (&loaded.name, loaded.record.receipt, loaded.report.is_some());
            tracing::info!(net, receipt, new, "a net is loaded");
        }
        Err(no) => tracing::warn!("a net was not loaded: {no}"),
    }
    let told = |loaded: &syndic_engine::LoadedNet| line(&loaded.name, &loaded.record, loaded.report.is_none());
    Ok(loaded.as_ref().map(told).map_err(|no| Box::new(load_problem(no))))
}

fn unloaded(live: &Live, wanted: UnloadWanted) -> Done<UnloadedLine> {
    let UnloadWanted { net, by, reason, key } = wanted;
    match live.host.unload_net(&net, &cause(live, by, reason, key))? {
        Ok(unloaded) => {
            tracing::info!(net, receipt = unloaded.receipt, new = !unloaded.duplicate, "a net is unloaded");
            Ok(Ok(unloaded_line(&*live.store, unloaded)?))
        }
        Err(no) => Ok(Err(Box::new(unload_problem(&no)))),
    }
}
