//! Signals: what the world outside wants of the daemon.

use std::io;

use syndic_cli::{Failure, FailureKind};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To come to an end: SIGTERM or SIGINT, by name.
    Stop(&'static str),
    /// To read the configuration again: SIGHUP.
    Reload,
}

/// The signals the daemon listens to. From when it is made none of them ends the process by itself.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system lets nobody listen.
    pub(crate) fn watched() -> Result<Self, Failure> {
        let watched = || -> io::Result<Self> {
            Ok(Self {
                term: signal(SignalKind::terminate())?,
                int: signal(SignalKind::interrupt())?,
                hup: signal(SignalKind::hangup())?,
            })
        };
        watched().map_err(|why| Failure::new(FailureKind::Unreachable, "signals cannot be heard").because(why))
    }

    /// The next wish to stop.
    pub(crate) async fn stop(&mut self) -> &'static str {
        loop {
            if let Wish::Stop(signal) = self.next().await {
                return signal;
            }
        }
    }

    /// The next wish. One that came before anybody asked is not lost.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            biased;
            _ = self.term.recv() => Wish::Stop("SIGTERM"),
            _ = self.int.recv() => Wish::Stop("SIGINT"),
            _ = self.hup.recv() => Wish::Reload,
        }
    }
}
