//! Events whose senders do not wait: kept, durably, before the sender is told so.
//!
//! An event goes into its lane first, because the door may turn it away; then it is kept among what is unfinished, where
//! the next process finds it should this one die. Its outcome ends that, in the same commit. Where it ends without one
//! that is kept, because it was turned away in its turn, it is dropped here.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_api::server::{Accepted, Unavailable};
use syndic_core::ports::{Commit, Reads, Store, StoreError, Unfinished};
use syndic_core::{DedupKey, Event, Outcome};
use syndic_engine::Pending;
use tracing::warn;

use crate::run::Live;

/// Which events are kept and have no outcome yet.
#[derive(Default)]
pub(super) struct Later(Mutex<HashSet<DedupKey>>);

impl Later {
    /// With those of an earlier process.
    pub(super) fn over(store: &impl Reads) -> Self {
        let left = store.unfinished().unwrap_or_default();
        let keys = left.iter().filter_map(|left| Some(Event::from_store(&left.event).ok()?.key()));
        Self(Mutex::new(keys.collect()))
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<DedupKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an event is kept and has no outcome yet.
    pub(super) fn is_pending(&self, store: &impl Reads, key: &DedupKey) -> bool {
        let mut keys = self.keys();
        // Those of an earlier process end without a word to anybody here.
        if keys.contains(key) && store.dedup(key).is_ok_and(|known| known.is_some()) {
            keys.remove(key);
        }
        keys.contains(key)
    }

    /// Keeps an event that is in its lane, unless it is answered already.
    pub(super) async fn accept(
        self: &Arc<Self>,
        live: &Arc<Live>,
        event: Event,
        mut pending: Pending,
    ) -> Result<Accepted, Unavailable> {
        let told = |report| Accepted::Told(Box::new(report));
        if let Some(answer) = pending.try_answer() {
            return answer.map(told).map_err(|halt| super::unavailable(&halt));
        }
        let key = event.key();
        let kept = Unfinished { event: event.canonical().to_owned(), again: None };
        if !write(live, &key, Some(&kept)).await.map_err(|why| Unavailable(why.to_string()))? {
            // Its outcome was quicker.
            return pending.await.map(told).map_err(|halt| super::unavailable(&halt));
        }
        self.keys().insert(key.clone());
        let (later, live) = (Arc::clone(self), Arc::clone(live));
        tokio::spawn(async move {
            // A host that halted left it to the next process.
            let Ok(report) = pending.await else { return };
            if report.outcome == Outcome::Invalid
                && let Err(why) = write(&live, &key, None).await
            {
                warn!(%why, id = key.id, "an event that was turned away is looked at again after the next start");
            }
            later.keys().remove(&key);
        });
        Ok(Accepted::Kept)
    }
}

/// Keeps an event, or keeps it no more, unless it has its outcome: says whether it had none. It is durable on return.
async fn write(live: &Live, key: &DedupKey, kept: Option<&Unfinished>) -> Result<bool, StoreError> {
    let admitted = live.store.admit(&mut |front| {
        if front.dedup(key)?.is_some() {
            return Ok(None);
        }
        Ok(Some(Commit { accepted: Some((key.clone(), kept.cloned())), ..Commit::default() }))
    })?;
    let Some(admitted) = admitted else { return Ok(false) };
    poll_fn(|context| live.store.poll_durable(admitted.ticket, context.waker())).await?;
    Ok(true)
}
