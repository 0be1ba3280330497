//! The host: the ports, the rules, and the door.

use std::sync::Arc;

use syndic_core::ports::{Clock, Connector, GovernorRuntime, Store, StoreError};
use syndic_core::slot::TIMER_FIRED;
use syndic_core::{Config, Error, Event, Report, Time};
use syndic_ledger::{Hash, Master, sha256};

use crate::turn::{Origin, Turn};

/// The world, as the engine sees it.
#[derive(Clone)]
pub struct Ports {
    /// Remembers.
    pub store: Arc<dyn Store>,
    /// Runs governors.
    pub runtime: Arc<dyn GovernorRuntime>,
    /// Reaches out.
    pub connector: Arc<dyn Connector>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Governors, store, connectors and rules, ready to take events.
pub struct Host {
    pub(crate) ports: Ports,
    pub(crate) config: Config,
    pub(crate) config_digest: Hash,
    pub(crate) engine_hash: Hash,
    pub(crate) tenant_kinds: Vec<String>,
    pub(crate) master: Master,
}

/// The host cannot go on. What was acknowledged is safe; the process must stop and recover.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Halt {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule of our own was broken.
    #[error("this is a bug in syndic: {0}")]
    Bug(Error),
}

impl Host {
    /// A host over its ports. Keeps the configuration beside the receipts it will appear in.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn new(ports: Ports, config: Config, master: Master) -> Result<Self, Halt> {
        let kept = config.canonical();
        let config_digest = sha256(kept.as_bytes());
        ports.store.keep(vec![(config_digest, kept.into_bytes())])?;
        Ok(Self {
            engine_hash: ports.runtime.engine_hash(),
            tenant_kinds: config.tenant_kinds(),
            config_digest,
            config,
            master,
            ports,
        })
    }

    /// Takes one event from outside and drives it to its outcome.
    ///
    /// # Errors
    /// [`Halt`]: the outcome is not known, and will be after recovery.
    pub fn submit(&self, event: Event) -> Result<Report, Halt> {
        if let Some(report) = self.known(&event)? {
            return Ok(report);
        }
        let Some(slots) = self.config.route(&event.kind) else {
            let error = Error::NoGovernorsAssigned { event_id: event.id.clone(), event_type: event.wire_type() };
            return Ok(Report::turned_away(event.id, error));
        };
        let lane = event.lane(&self.tenant_kinds);
        Turn::new(self, event, lane, slots, Origin::Outside)?.run()
    }

    /// What is known of an event already: its stored outcome, or that its id stands for another.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn known(&self, event: &Event) -> Result<Option<Report>, Halt> {
        Ok(self.ports.store.dedup(&event.key())?.map(|known| {
            if known.hash == event.hash() {
                Report { duplicate: true, ..known.report }
            } else {
                Report::turned_away(event.id.clone(), reused_id(event))
            }
        }))
    }

    /// The latest time of a timer that an earlier process was firing when it was stopped.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn unfinished_timer(&self) -> Result<Option<Time>, Halt> {
        let unfinished = self.unfinished()?;
        Ok(unfinished.iter().filter(|event| event.kind == TIMER_FIRED).map(|event| event.time).max())
    }

    fn unfinished(&self) -> Result<Vec<Event>, Halt> {
        let unreadable = |error| StoreError::Corrupt(format!("an unfinished event does not read: {error}"));
        let events = self.ports.store.unfinished()?;
        let events = events.iter().map(|unfinished| Event::from_store(&unfinished.event).map_err(unreadable));
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Completes every event that an earlier process left unfinished, in the order they were begun.
    ///
    /// # Errors
    /// [`Halt`], as for [`submit`](Self::submit).
    pub fn finish_unfinished(&self) -> Result<Vec<Report>, Halt> {
        let mut reports = Vec::new();
        for event in self.unfinished()? {
            // The host's own events still wait in their queues and are finished from there.
            if event.made_by().is_none() {
                reports.push(self.submit(event)?);
            }
        }
        Ok(reports)
    }

    /// The ports, for those who only want to look.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The rules in force.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

fn reused_id(event: &Event) -> Error {
    Error::IdempotencyViolation {
        event_id: event.id.clone(),
        reason: format!("the id `{}` from `{}` already stands for an event with other content", event.id, event.source),
    }
}
