//! The clock on the wall, for a host that lives.
//!
//! It never goes back and never stands still: where the wall's is set back, it goes on from where it was, at the pace
//! of the machine's own, until the wall's has caught up or the daemon is started anew.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use syndic_core::Time;
use syndic_core::ports::{Clock, Waiting};
use tokio::runtime::Handle;

/// Tells the time, and wakes who waits for it.
pub(crate) struct WallClock {
    runtime: Handle,
    /// Where the machine's own clock and the wall's were seen together.
    began: (Instant, Time),
    /// How far ahead of the machine's own clock the wall's has ever been since, in milliseconds.
    ahead_ms: AtomicI64,
}

impl WallClock {
    /// A clock whose waiting is done by a runtime.
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime, began: (Instant::now(), wall()), ahead_ms: AtomicI64::new(0) }
    }

    /// How far the wall's clock is behind this one, in milliseconds: it was set back by so much.
    pub(crate) fn set_back_ms(&self) -> u64 {
        u64::try_from(self.now().ms() - wall().ms()).unwrap_or(0)
    }

    /// What the time is where the two clocks say this.
    fn told(&self, machine: Instant, wall: Time) -> Time {
        let elapsed = machine.duration_since(self.began.0).as_millis();
        let paced = self.began.1.plus_ms(i64::try_from(elapsed).unwrap_or(i64::MAX));
        let ahead = wall.ms().saturating_sub(paced.ms());
        paced.plus_ms(self.ahead_ms.fetch_max(ahead, Ordering::SeqCst).max(ahead))
    }
}

impl Clock for WallClock {
    fn now(&self) -> Time {
        self.told(Instant::now(), wall())
    }

    fn wait_until(&self, at: Time) -> Waiting<'_> {
        let left = u64::try_from(at.ms().saturating_sub(self.now().ms())).unwrap_or(0);
        let _inside = self.runtime.enter();
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}

/// What the wall's clock says; 1970 where it says something before that.
pub(crate) fn wall() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_forward_is_followed_and_one_that_is_set_back_is_not() {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let clock = WallClock::new(tokio.handle().clone());
        let (began, midnight) = clock.began;
        let after = |ms: i64, set_ms: i64| {
            let machine = began + Duration::from_millis(ms.unsigned_abs());
            clock.told(machine, midnight.plus_ms(ms + set_ms)).ms() - midnight.ms()
        };
        assert_eq!(after(1_000, 0), 1_000);
        assert_eq!(after(2_000, 60_000), 62_000, "it is set a minute ahead");
        assert_eq!(after(3_000, -3_600_000), 63_000, "and then an hour back");
        assert_eq!(after(4_000, 60_001), 64_001, "until it has caught up");
    }
}
