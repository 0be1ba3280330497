//! The door: how much may wait, when to come back, how early one may come, and how long it is remembered who came.

use syndic_core::{Error, Event, Time};

/// How many workers there are, and how many events may wait for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Threads that take turns.
    pub workers: usize,
    /// Events that may wait in one lane.
    pub lane_max: usize,
    /// Events that may wait in all lanes of one tenant.
    pub tenant_max: usize,
    /// Events that may wait in all.
    pub host_max: usize,
    /// How long an event is known by its key after it was taken, in milliseconds. Sent again later, it is a new event.
    pub keys_kept_ms: i64,
    /// How far ahead of the host's clock an event's time may be, in milliseconds; none: as far as it likes.
    pub ahead_max_ms: Option<i64>,
}

/// 30 days.
const KEYS_KEPT_MS: i64 = 30 * 86_400_000;

impl Default for Bounds {
    fn default() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (lane_max, tenant_max, host_max) = (256, 4_096, 16_384);
        Self { workers, lane_max, tenant_max, host_max, keys_kept_ms: KEYS_KEPT_MS, ahead_max_ms: None }
    }
}

impl Bounds {
    /// How much waits before the caller's turn in the first queue that is full; none where there is room in all.
    pub(crate) fn exceeded(&self, waiting: [usize; 3]) -> Option<usize> {
        let full = waiting.into_iter().zip([self.lane_max, self.tenant_max, self.host_max]);
        full.filter(|(waiting, most)| waiting >= most).map(|(waiting, _)| waiting).max()
    }

    /// What is said of an event from too far in the future: judging it would take its lane's time there, and nothing
    /// brings it back.
    pub(crate) fn too_early(&self, event: &Event, now: Time) -> Option<Error> {
        let latest = now.plus_ms(self.ahead_max_ms?);
        (event.time > latest).then(|| {
            Error::invalid(format!("`time` is {}, and the host's clock says {now}: it is too far ahead", event.time))
        })
    }
}

/// Times of the last turns that ended, to tell callers when there will be room.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    last: Option<Time>,
    /// Mean time from one end of a turn to the next, in microseconds; the last ones count most.
    mean_us: u64,
}

/// Nobody is asked to come back sooner, or later.
const RETRY_MS: std::ops::RangeInclusive<u64> = 50..=30_000;

/// An idle hour between two turns says nothing about how fast turns are.
const GAP_MAX_MS: i64 = 1_000;

impl Pace {
    pub(crate) fn finished(&mut self, now: Time) {
        if let Some(last) = self.last.replace(now) {
            let gap = u64::try_from((now.ms() - last.ms()).clamp(0, GAP_MAX_MS)).unwrap_or(0) * 1_000;
            self.mean_us = (self.mean_us * 63 + gap) / 64;
        }
    }

    /// When half of what waits will be done.
    pub(crate) fn retry_after_ms(&self, waiting: usize) -> u64 {
        (waiting as u64 / 2).saturating_mul(self.mean_us).div_ceil(1_000).clamp(*RETRY_MS.start(), *RETRY_MS.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_queue_says_how_long_to_wait() {
        let bounds = Bounds { lane_max: 4, tenant_max: 10, host_max: 100, ..Bounds::default() };
        assert_eq!(bounds.exceeded([3, 9, 99]), None);
        assert_eq!(bounds.exceeded([4, 9, 99]), Some(4));
        assert_eq!(bounds.exceeded([3, 10, 100]), Some(100));
    }

    #[test]
    fn an_event_may_be_as_early_as_it_is_let() {
        let event = serde_json::json!({
            "specversion": "1.0", "id": "e", "source": "/s", "type": "marketplace.RenewalDue", "tenant": "t",
            "subject": "c", "time": "2026-01-01T00:05:00Z", "data": {"subscription_id": "s"},
        });
        let event = Event::from_outside(event.to_string().as_bytes()).unwrap();
        let five_minutes = Bounds { ahead_max_ms: Some(300_000), ..Bounds::default() };
        let midnight = Time::parse("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(five_minutes.too_early(&event, midnight), None);
        let refused = five_minutes.too_early(&event, midnight.plus_ms(-1)).unwrap();
        assert_eq!(refused.kind(), "EventValidationFailed");
        assert_eq!(Bounds::default().too_early(&event, Time::from_ms(0)), None);
    }

    #[test]
    fn who_is_turned_away_is_told_when_half_of_the_queue_will_be_done() {
        let mut pace = Pace::default();
        assert_eq!(pace.retry_after_ms(1_000), 50);
        for ms in 0..2_000 {
            pace.finished(Time::from_ms(ms * 4));
        }
        let told = pace.retry_after_ms(1_000);
        assert!((1_900..=2_000).contains(&told), "{told}");
        assert_eq!(pace.retry_after_ms(1_000_000), 30_000);
    }
}
