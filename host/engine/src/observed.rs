//! Who observes the host, if anybody does. Where nobody does, no clock is read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use syndic_core::ports::{Observer, Source};

use crate::turn::Origin;

/// An observer, or nobody.
#[derive(Clone, Default)]
pub(crate) struct Observed(Option<Arc<dyn Observer>>);

impl Observed {
    pub(crate) fn by(observer: Arc<dyn Observer>) -> Self {
        Self(Some(observer))
    }

    /// Tells it something.
    pub(crate) fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = self.0.as_deref() {
            what(observer);
        }
    }

    /// The moment, by the machine's own clock, where somebody wants to know.
    pub(crate) fn now(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| Instant::now())
    }

    /// Tells it something that began then, and is over.
    pub(crate) fn tell_since(&self, began: Option<Instant>, what: impl FnOnce(&dyn Observer, Duration)) {
        if let (Some(observer), Some(began)) = (self.0.as_deref(), began) {
            what(observer, began.elapsed());
        }
    }
}

impl Origin {
    /// Where an event came from, as an observer is told.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Outside => Source::Sent,
            Self::Raised { .. } => Source::Raised,
            Self::Settled { .. } => Source::Settled,
            Self::Timer { .. } => Source::Timer,
            Self::Again { .. } => Source::Again,
        }
    }

    /// The receipt of what made the event, or of its outcome before.
    pub(crate) fn cause(&self) -> Option<u64> {
        match self {
            Self::Outside => None,
            Self::Raised { cause, .. } | Self::Settled { cause, .. } | Self::Timer { cause, .. } => Some(*cause),
            Self::Again { again, .. } => Some(again.first),
        }
    }
}
