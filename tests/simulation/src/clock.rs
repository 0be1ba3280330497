//! The clock: it stands still while the host works, and jumps to the next moment that somebody waits for.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use syndic_core::Time;
use syndic_core::ports::{Clock, Waiting};

/// When every run begins.
pub const BEGIN: &str = "2026-01-05T08:00:00Z";

/// Simulated time.
#[derive(Debug)]
pub struct SimClock(Mutex<Hands>);

#[derive(Debug)]
struct Hands {
    now: Time,
    /// Who waits, by when to wake them and in the order in which they came.
    sleepers: BTreeMap<(Time, u64), Waker>,
    came: u64,
}

impl Default for SimClock {
    fn default() -> Self {
        let now = Time::parse(BEGIN).unwrap_or_default();
        Self(Mutex::new(Hands { now, sleepers: BTreeMap::new(), came: 0 }))
    }
}

impl SimClock {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next moment that somebody waits for.
    pub fn next(&self) -> Option<Time> {
        self.hands().sleepers.first_key_value().map(|((at, _), _)| *at)
    }

    /// Goes on to a moment, and wakes who waited for one up to it.
    pub fn go_to(&self, at: Time) {
        let mut hands = self.hands();
        hands.now = hands.now.max(at);
        let after = (hands.now.plus_ms(1), 0);
        let later = hands.sleepers.split_off(&after);
        let woken = std::mem::replace(&mut hands.sleepers, later);
        drop(hands);
        woken.into_values().for_each(Waker::wake);
    }

    /// Nobody waits any more: the process died.
    pub fn forget_sleepers(&self) {
        self.hands().sleepers.clear();
    }
}

impl Clock for SimClock {
    fn now(&self) -> Time {
        self.hands().now
    }

    fn wait_until(&self, at: Time) -> Waiting<'_> {
        let mut place = None;
        Box::pin(poll_fn(move |cx| {
            let mut hands = self.hands();
            if hands.now >= at {
                return Poll::Ready(());
            }
            let place = *place.get_or_insert_with(|| {
                hands.came += 1;
                (at, hands.came)
            });
            hands.sleepers.insert(place, cx.waker().clone());
            Poll::Pending
        }))
    }
}
