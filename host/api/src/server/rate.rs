//! Rates: how many requests one caller may send, in a table that does not grow.
//!
//! One moment is kept of each caller: when its bucket will be full again. Who has been quiet for that long has a full
//! bucket, and needs no row.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests that one caller may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run, in so many milliseconds.
    pub per_ms: u64,
    /// This many.
    pub requests: u64,
    /// And at once, this many.
    pub burst: u64,
}

/// Buckets of callers.
pub(crate) struct Buckets {
    rate: Option<Rate>,
    full_at: Mutex<HashMap<String, Instant>>,
    most: usize,
}

impl Buckets {
    /// Buckets of a rate, for at most so many callers at once; without a rate, nobody is counted.
    pub(crate) fn new(rate: Option<Rate>, most: usize) -> Self {
        Self { rate, full_at: Mutex::default(), most }
    }

    /// Takes a request from a caller's bucket, or says in how many milliseconds there will be room. While the table
    /// holds the most, nobody new is let in: who fills it does so on purpose.
    pub(crate) fn take(&self, caller: &str, now: Instant) -> Result<(), u64> {
        let Some(Rate { per_ms, requests, burst }) = self.rate else { return Ok(()) };
        let each = Duration::from_millis(per_ms) / u32::try_from(requests.max(1)).unwrap_or(u32::MAX);
        let room = each * u32::try_from(burst.max(1) - 1).unwrap_or(u32::MAX);
        let mut rows = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if !rows.contains_key(caller) && rows.len() >= self.most {
            rows.retain(|_, full_at| *full_at > now);
            if rows.len() >= self.most {
                return Err(per_ms);
            }
        }
        let full_at = rows.get(caller).map_or(now, |full_at| (*full_at).max(now));
        match full_at.saturating_duration_since(now).checked_sub(room) {
            Some(over) if !over.is_zero() => Err(u64::try_from(over.as_millis()).unwrap_or(u64::MAX).max(1)),
            _ => {
                rows.insert(caller.to_owned(), full_at + each);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_ms: 1_000, requests: 10, burst: 3 };

    #[test]
    fn a_burst_is_let_in_and_then_the_rate() {
        let (buckets, start) = (Buckets::new(Some(RATE), 8), Instant::now());
        let at = |ms| buckets.take("a", start + Duration::from_millis(ms));
        assert_eq!([at(0), at(0), at(0)], [Ok(()); 3]);
        assert_eq!(at(0), Err(100));
        assert_eq!(at(40), Err(60));
        assert_eq!(at(100), Ok(()));
        assert_eq!(buckets.take("b", start), Ok(()));
        assert_eq!(at(10_000), Ok(()));
    }

    #[test]
    fn the_table_does_not_grow_and_forgets_who_was_quiet() {
        let (buckets, start) = (Buckets::new(Some(RATE), 2), Instant::now());
        assert_eq!([buckets.take("a", start), buckets.take("b", start)], [Ok(()); 2]);
        assert_eq!(buckets.take("c", start), Err(1_000));
        assert_eq!(buckets.take("c", start + Duration::from_secs(1)), Ok(()));
    }
}
