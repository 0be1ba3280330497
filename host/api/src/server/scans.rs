//! Scans: reads that go through much of what is kept.
//!
//! Whoever writes waits for those who read what is durable, and events are judged on the same cores. A handful of callers
//! who leaf through old receipts would so take the host from everybody else. They take turns: lists, counts and streams
//! are read one after another, in the order in which they were asked for, and a scan costs events no more than one core's
//! worth. What is read is made into lines off the threads that serve connections.

use tokio::sync::Semaphore;

use super::App;
use super::look::lines;
use super::problem::Problem;
use crate::ReceiptLine;

/// Scans at one time.
const SCANS_MAX: usize = 1;

/// The turns of those who read much.
pub(crate) struct Scans(Semaphore);

impl Default for Scans {
    fn default() -> Self {
        Self(Semaphore::new(SCANS_MAX))
    }
}

impl Scans {
    /// Reads when it is its turn.
    pub(crate) async fn turn<T>(&self, read: impl Future<Output = T>) -> T {
        let _place = self.0.acquire().await.ok();
        read.await
    }
}

/// Some receipts behind one, as lines, and the last of them.
pub(crate) struct Stretch {
    pub(crate) lines: Vec<ReceiptLine>,
    pub(crate) last: Option<u64>,
}

/// At most so many receipts behind one.
pub(crate) async fn receipts(app: &App, after: u64, limit: usize) -> Result<Stretch, Problem> {
    let read = async {
        let entries = app.service.receipts(after, limit).await?;
        let last = entries.last().map(|(last, _)| *last);
        match tokio::task::spawn_blocking(move || lines(&entries)).await {
            Ok(lines) => Ok(Stretch { lines: lines?, last }),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    };
    app.scans.turn(read).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::test;

    use super::*;

    #[test]
    async fn whoever_reads_much_waits_for_whoever_did_before() {
        let (scans, reading, done) = (Scans::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let reads = (0..8).map(|_| {
            scans.turn(async {
                assert_eq!(reading.fetch_add(1, Ordering::SeqCst), SCANS_MAX - 1);
                tokio::task::yield_now().await;
                reading.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst)
            })
        });
        let order = join_all(reads).await;
        assert_eq!(order, (0..8).collect::<Vec<_>>());
    }
}
