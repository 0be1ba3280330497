//! Times of single runs, two sides by turns.
//!
//! A mean hides the run that took ten times as long, which is the one an operator hears of. So every run is timed by
//! itself, and the two sides take turns, so that whatever else the machine does meets both of them alike.

use std::fmt;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Times, in nanoseconds, sorted.
pub struct Samples(Vec<u64>);

/// Two sides that were measured by turns.
pub struct Pair {
    /// What we are compared with.
    pub bare: Samples,
    /// Ours.
    pub ours: Samples,
}

impl Samples {
    /// Times in nanoseconds, in any order.
    pub fn new(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that so many of a hundred do not exceed, in microseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).map_or(0.0, |time| *time as f64 / 1000.0)
    }

    /// The mean, in microseconds.
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<u64>() as f64 / self.0.len().max(1) as f64 / 1000.0
    }
}

/// Times so many runs of each side by turns; the side that begins alternates. What is done before the clock starts
/// prepares a run and hands it over.
pub fn interleave<B, P, O>(
    runs: usize,
    mut bare: impl FnMut() -> B,
    mut prepare: impl FnMut() -> P,
    mut ours: impl FnMut(P) -> O,
) -> Pair {
    let mut times = (Vec::with_capacity(runs), Vec::with_capacity(runs));
    for run in 0..runs {
        let mut bare = || times.0.push(timed(&mut bare));
        let mut ours = || {
            let prepared = prepare();
            times.1.push(timed(|| ours(prepared)));
        };
        if run % 2 == 0 {
            bare();
            ours();
        } else {
            ours();
            bare();
        }
    }
    Pair { bare: Samples::new(times.0), ours: Samples::new(times.1) }
}

/// Runs per second of so many threads together, each running so often.
pub fn per_second<T>(threads: usize, runs: usize, run: impl Fn() -> T + Sync) -> f64 {
    let (together, run) = (Barrier::new(threads + 1), &run);
    let began = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                together.wait();
                (0..runs).for_each(|_| drop(black_box(run())));
            });
        }
        together.wait();
        Instant::now()
    });
    (threads * runs) as f64 / began.elapsed().as_secs_f64()
}

/// The time a run takes, with dropping what it returns.
fn timed<T>(run: impl FnOnce() -> T) -> u64 {
    let begin = Instant::now();
    drop(black_box(run()));
    nanoseconds(begin.elapsed())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Pair {
    /// How many times as long ours takes, at the median.
    pub fn ratio(&self) -> f64 {
        self.ours.percentile(50.0) / self.bare.percentile(50.0)
    }

    /// The head of a table whose rows are pairs.
    pub const HEAD: &'static str = "   bare µs: p50   mean    p99   ours µs: p50   mean    p99   ratio: p50   mean";
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for side in [&self.bare, &self.ours] {
            write!(f, "{:15.1}{:7.1}{:7.1}", side.percentile(50.0), side.mean(), side.percentile(99.0))?;
        }
        write!(f, "{:13.2}{:7.2}", self.ratio(), self.ours.mean() / self.bare.mean())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let samples = Samples::new((1..=200).rev().map(|n| n * 1000).collect());
        let at = |percent| samples.percentile(percent);
        assert_eq!([at(0.0), at(50.0), at(99.0), at(100.0)], [1.0, 100.0, 198.0, 200.0]);
        assert_eq!(Samples::new(Vec::new()).percentile(50.0), 0.0);
    }

    #[test]
    fn both_sides_run_equally_often_and_each_begins_half_of_the_time() {
        let order = std::cell::RefCell::new(String::new());
        let pair = interleave(4, || order.borrow_mut().push('b'), || 'o', |ours| order.borrow_mut().push(ours));
        assert_eq!(order.into_inner(), "boobboob");
        assert_eq!((pair.bare.0.len(), pair.ours.0.len()), (4, 4));
    }

    #[test]
    fn every_thread_runs_as_often_as_it_was_told() {
        let runs = AtomicUsize::new(0);
        assert!(per_second(3, 5, || runs.fetch_add(1, Ordering::Relaxed)) > 0.0);
        assert_eq!(runs.into_inner(), 15);
    }
}
