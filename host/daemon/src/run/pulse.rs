//! The pulse: a thread that lets time pass in the host, tells the watchdog that it does, and notices when it stopped.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use syndic_core::ports::Clock;
use syndic_engine::Halt;
use tokio::sync::oneshot;
use tracing::warn;

use crate::run::live::Live;
use crate::run::manager::Manager;

/// How often time passes: timers, retries of what is stuck and of deferred effects, and keys that are forgotten are at
/// most so late.
const BEAT: Duration = Duration::from_secs(1);

/// A wall clock that was set back by more is worth a word.
const SET_BACK_MS: u64 = 5_000;

/// Beats until it is dropped.
pub(crate) struct Pulse {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    stopped: oneshot::Receiver<Halt>,
}

impl Pulse {
    /// Begins to beat.
    pub(crate) fn of(live: &Arc<Live>) -> Self {
        let (stop, stopping) = mpsc::channel();
        let (halted, stopped) = oneshot::channel();
        let live = Arc::clone(live);
        let thread = thread::spawn(move || {
            if let Err(halt) = beat(&live, &stopping) {
                // Nobody listens where the daemon is on its way down already.
                let _ = halted.send(halt);
            }
        });
        Self { stop: Some(stop), thread: Some(thread), stopped }
    }

    /// What the host stopped with, when it did.
    pub(crate) async fn stopped(&mut self) -> Halt {
        match (&mut self.stopped).await {
            Ok(halt) => halt,
            // The thread ends otherwise only where this is dropped, or where it panicked.
            Err(_) => Halt::Panicked("the thread that lets time pass".into()),
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn beat(live: &Live, stopping: &mpsc::Receiver<()>) -> Result<(), Halt> {
    let mut told = false;
    while stopping.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        if let Some(halt) = live.lanes.halted() {
            return Err(halt);
        }
        live.lanes.time_passes(live.clock.now())?;
        // Only now: a host whose lanes or store hang is not alive.
        Manager::alive();
        let set_back_ms = live.clock.set_back_ms();
        if set_back_ms > SET_BACK_MS && !told {
            warn!(set_back_ms, "the wall clock was set back; time goes on from where it was until the next start");
        }
        told = set_back_ms > SET_BACK_MS;
    }
    Ok(())
}
