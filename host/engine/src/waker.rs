//! Waking a lane whose turn waits, from whatever thread what it waits for comes.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use syndic_core::Lane;

use crate::lanes::Inner;

/// Puts a lane back on its tenant's list when what it waits for is there.
pub(crate) fn wakes(inner: &Arc<Inner>, lane: &Lane) -> Waker {
    Waker::from(Arc::new(LaneWaker { inner: Arc::downgrade(inner), lane: lane.clone() }))
}

struct LaneWaker {
    inner: Weak<Inner>,
    lane: Lane,
}

impl Wake for LaneWaker {
    fn wake(self: Arc<Self>) {
        if let Some(inner) = self.inner.upgrade() {
            let mut state = inner.lock();
            state.queues.wake(&self.lane);
            inner.wake_worker(&state);
        }
    }
}
