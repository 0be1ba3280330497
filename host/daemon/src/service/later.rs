//! Events whose senders do not wait: kept, durably, before the sender is told so.
//!
//! An event goes into its lane first, because the door may turn it away; then it is kept among what is unfinished, where
//! the next process finds it should this one die. Its outcome ends that, in the same commit, whatever it is. What is sent
//! under the id of another event that is under way is not kept: there is one event of an id.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syndic_api::server::{Accepted, Unavailable};
use syndic_core::ports::{Commit, Reads, Store, StoreError, Unfinished};
use syndic_core::{DedupKey, Event};
use syndic_engine::Pending;

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
        if pending.is_beside_another() {
            return pending.await.map(told).map_err(|halt| super::unavailable(&halt));
        }
        let key = event.key();
        let kept = Unfinished { event: event.canonical().to_owned(), again: None };
        if !keep(live, &key, &kept).await.map_err(|why| Unavailable(why.to_string()))? {
            // Its outcome was quicker.
            return pending.await.map(told).map_err(|halt| super::unavailable(&halt));
        }
        self.keys().insert(key.clone());
        let later = Arc::clone(self);
        tokio::spawn(async move {
            // A host that halted left it to the next process.
            if pending.await.is_ok() {
                later.keys().remove(&key);
            }
        });
        Ok(Accepted::Kept)
    }
}

/// Keeps an event, unless it has its outcome: says whether it had none. It is durable on return.
async fn keep(live: &Live, key: &DedupKey, kept: &Unfinished) -> Result<bool, StoreError> {
    let admitted = live.store.admit(&mut |front| {
        if front.dedup(key)?.is_some() {
            return Ok(None);
        }
        Ok(Some(Commit { accepted: Some((key.clone(), Some(kept.clone()))), ..Commit::default() }))
    })?;
    let Some(admitted) = admitted else { return Ok(false) };
    poll_fn(|context| live.store.poll_durable(admitted.ticket, context.waker())).await?;
    Ok(true)
}
