//! The host: the ports, the rules, and the door.

use std::collections::{BTreeMap, HashSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use syndic_core::command::is_command;
use syndic_core::config::SlotConfig;
use syndic_core::failpoint;
use syndic_core::ports::{
    Again, Clock, Connector, GovernorRuntime, Installed, Observer, Store, StoreError, Ticket, Unfinished,
};
use syndic_core::slot::TIMER_FIRED;
use syndic_core::{Config, DedupKey, Error, Event, Report, Slot, Time};
use syndic_ledger::{Hash, Master};

use crate::act::{Denied, Order};
use crate::failing::Failing;
use crate::foresight::Foreseen;
use crate::in_force::{InForce, kept};
use crate::lineup::{Board, Lineup};
use crate::nets::Known;
use crate::observed::Observed;
use crate::parks::Parks;
use crate::poison::Trapped;
use crate::standing::Standing;
use crate::turn::{Finished, Origin, Turn};

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
    pub(crate) engine_hash: Hash,
    pub(crate) board: Board,
    /// Held by whoever puts a version into a slot, from finding out what is there to publishing.
    pub(crate) swapping: Mutex<()>,
    failing: Mutex<Failing>,
    pub(crate) tenant_kinds: Vec<String>,
    routes: BTreeMap<String, Arc<[Slot]>>,
    slots: BTreeMap<Slot, Arc<SlotConfig>>,
    /// Events an earlier process had begun, and may have written intents of.
    begun: Mutex<HashSet<DedupKey>>,
    parks: Mutex<Parks>,
    trapped: Mutex<Trapped>,
    pub(crate) nets: Known,
    pub(crate) in_force: RwLock<Arc<InForce>>,
    pub(crate) master: Master,
    pub(crate) observed: Observed,
    pub(crate) standing: Arc<Standing>,
}

/// The host cannot go on. What was acknowledged is safe; the process must stop and recover.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Halt {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was closed before the event's turn came. Events that were not accepted may be sent again.
    #[error("the host was closed before the event's turn came")]
    Closed,
    /// A turn panicked, in the engine or behind one of its ports.
    #[error("this is a bug in syndic: a turn panicked: {0}")]
    Panicked(String),
    /// A rule of our own was broken.
    #[error("this is a bug in syndic: {0}")]
    Bug(Error),
}

impl Host {
    /// A host over its ports, with these versions in its slots. Keeps the configuration beside the receipts it will
    /// appear in.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn new(ports: Ports, config: Config, master: Master, lineup: Lineup) -> Result<Self, Halt> {
        let in_force = kept(&*ports.store, &config)?;
        failpoint!("engine.start.kept");
        let unfinished = ports.store.unfinished()?;
        failpoint!("engine.start.begun");
        let begun = unfinished.iter().map(|begun| Ok(read_unfinished(begun)?.key())).collect::<Result<_, Halt>>()?;
        let parked = ports.store.parked()?;
        let trapped = Trapped::of(&ports.store.poisons()?);
        let failing = Failing::of(ports.store.front())?;
        let slots = config.slots.iter().map(|(slot, config)| (slot.clone(), Arc::new(config.clone())));
        let host = Self {
            begun: Mutex::new(begun),
            parks: Mutex::default(),
            nets: Known::default(),
            in_force: RwLock::new(Arc::new(in_force)),
            trapped: Mutex::new(trapped),
            slots: slots.collect(),
            board: Board::new(lineup),
            swapping: Mutex::default(),
            failing: Mutex::new(failing),
            engine_hash: ports.runtime.engine_hash(),
            tenant_kinds: config.tenant_kinds(),
            routes: config.all_routes(),
            config,
            master,
            ports,
            observed: Observed::default(),
            standing: Arc::default(),
        };
        for (event, parked) in parked {
            let lane = host.lane_of_receipt(parked.receipt)?;
            host.parks().put(event, lane, &parked);
        }
        host.take_back_the_failing()?;
        Ok(host)
    }

    /// The same host, with somebody who hears what it does.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observed: Observed::by(observer), ..self }
    }

    /// Takes one event from outside and drives it to its outcome, in the caller's thread. What it returns is durable.
    ///
    /// It is for one caller at a time. [`Lanes`](crate::Lanes) takes events of many.
    ///
    /// # Errors
    /// [`Halt`]: the outcome is not known, and will be after recovery.
    pub fn submit(&self, event: Event) -> Result<Report, Halt> {
        pollster::block_on(async {
            let report = match self.known(&event)? {
                Some(report) => report,
                None => self.take(event, None).await?.report,
            };
            self.durable(self.ports.store.last()).await?;
            Ok(report)
        })
    }

    /// Drives an event from outside, that is not known yet, to its outcome. What it returns is admitted.
    pub(crate) async fn take(&self, event: Event, foreseen: Option<Foreseen>) -> Result<Finished, Halt> {
        if is_command(&event.kind) {
            return self.command(&event);
        }
        let Some(turn) = self.turn(event)? else {
            // Whoever calls has asked for the route before.
            return Err(Halt::Bug(Error::invalid("an event without a route was taken")));
        };
        turn.foreseen(foreseen).run().await
    }

    /// What governors would say of an event from outside as things stand; nothing where it is known, or has no route.
    pub(crate) fn foresee(&self, event: Event) -> Result<Option<Foreseen>, Halt> {
        if self.ports.store.front().dedup(&event.key())?.is_some() {
            return Ok(None);
        }
        self.turn(event)?.map(Turn::foresee).transpose()
    }

    fn turn(&self, event: Event) -> Result<Option<Turn<'_>>, Halt> {
        let Some(slots) = self.route(&event.kind).filter(|_| !is_command(&event.kind)) else { return Ok(None) };
        let lane = event.lane(&self.tenant_kinds);
        Turn::new(self, event, lane, slots, Origin::Outside).map(Some)
    }

    /// What is known of an event already: its stored outcome, or that its id stands for another, or that no governor is
    /// assigned to its kind.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn known(&self, event: &Event) -> Result<Option<Report>, Halt> {
        if let Some(known) = self.ports.store.front().dedup(&event.key())? {
            return Ok(Some(if known.hash == event.hash() {
                Report { duplicate: true, ..known.report }
            } else {
                Report::turned_away(event.id.clone(), reused_id(event))
            }));
        }
        Ok((!self.answers(&event.kind)).then(|| {
            let error = Error::NoGovernorsAssigned { event_id: event.id.clone(), event_type: event.wire_type() };
            Report::turned_away(event.id.clone(), error)
        }))
    }

    /// Whether anybody answers events of a kind: governors that it is routed to, or, to a command, its case.
    pub(crate) fn answers(&self, kind: &str) -> bool {
        is_command(kind) || self.route(kind).is_some()
    }

    /// The slots that judge a kind; none where it has no route.
    pub(crate) fn route(&self, kind: &str) -> Option<Arc<[Slot]>> {
        self.routes.get(kind).cloned()
    }

    /// Returns when what was admitted up to a ticket survives a power cut.
    pub(crate) async fn durable(&self, ticket: Ticket) -> Result<(), Halt> {
        let waiting = poll_fn(|cx| self.ports.store.poll_durable(ticket, cx.waker()));
        failpoint!("engine.durable.wait", waiting.await?);
        failpoint!("engine.durable.reached");
        Ok(())
    }

    /// Waits until nothing that was admitted can be lost any more. Whatever leaves the process comes after this.
    pub(crate) async fn before_reaching_out(&self) -> Result<(), Halt> {
        if self.ports.connector.reaches_out() {
            self.durable(self.ports.store.last()).await?;
        }
        Ok(())
    }

    /// The latest time of a timer that an earlier process was firing when it was stopped.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn unfinished_timer(&self) -> Result<Option<Time>, Halt> {
        let fired =
            self.unfinished()?.into_iter().filter(|(event, again)| again.is_none() && event.kind == TIMER_FIRED);
        Ok(fired.map(|(event, _)| event.time).max())
    }

    /// What an earlier process had begun, each with the act that had it judged again.
    fn unfinished(&self) -> Result<Vec<(Event, Option<Again>)>, Halt> {
        let unfinished = self.ports.store.unfinished()?;
        let begun: Vec<(Event, Option<Again>)> = unfinished
            .into_iter()
            .map(|begun| Ok((read_unfinished(&begun)?, begun.again)))
            .collect::<Result<_, Halt>>()?;
        self.begun().extend(begun.iter().map(|(event, _)| event.key()));
        Ok(begun)
    }

    /// Of what an earlier process had begun, what nothing else leads to: events from outside, and any that were judged
    /// again. The host's own events still wait in their queues and are finished from there.
    pub(crate) fn left_over(&self) -> Result<Vec<(Event, Option<Again>)>, Halt> {
        let mut left = self.unfinished()?;
        left.retain(|(event, again)| again.is_some() || event.made_by().is_none());
        Ok(left)
    }

    /// Finishes what an earlier process had begun. What it returns is admitted.
    pub(crate) async fn finish(&self, event: Event, again: Option<Again>) -> Result<Finished, Halt> {
        match again {
            Some(again) => self.resumed(event, again)?.run().await,
            // Its route may be gone with the configuration it was taken under. It was promised an outcome, and what was
            // done for it has to be undone.
            None => {
                let slots = self.route(&event.kind).unwrap_or_else(|| Arc::new([]));
                let lane = event.lane(&self.tenant_kinds);
                Turn::new(self, event, lane, slots, Origin::Outside)?.run().await
            }
        }
    }

    pub(crate) fn parks(&self) -> MutexGuard<'_, Parks> {
        self.parks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn trapped(&self) -> MutexGuard<'_, Trapped> {
        self.trapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn failing(&self) -> MutexGuard<'_, Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self) -> MutexGuard<'_, HashSet<DedupKey>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there may be intents of an event that this process did not write.
    pub(crate) fn was_begun(&self, event: &DedupKey) -> bool {
        self.begun().contains(event)
    }

    /// Which version sits in which slot, as it is now.
    pub fn lineup(&self) -> Arc<Lineup> {
        self.board.now()
    }

    /// Has a version judge in its slot from now on, for as long as this process lives and without a word in the ledger:
    /// what somebody does who tries a governor out.
    pub fn substitute(&self, version: Arc<Installed>) {
        let _swapping = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lineup = (*self.lineup()).clone();
        lineup.seat(version);
        self.board.publish(lineup);
    }

    /// A slot's limits and values.
    pub(crate) fn slot(&self, slot: &Slot) -> Arc<SlotConfig> {
        self.slots.get(slot).map_or_else(|| Arc::new(self.config.slot(slot)), Arc::clone)
    }

    /// Completes every event that an earlier process left unfinished, in the order of their keys.
    ///
    /// # Errors
    /// [`Halt`], as for [`submit`](Self::submit).
    pub fn finish_unfinished(&self) -> Result<Vec<Report>, Halt> {
        self.left_over()?
            .into_iter()
            .map(|(event, again)| {
                pollster::block_on(async {
                    let report = self.finish(event, again).await?.report;
                    self.durable(self.ports.store.last()).await?;
                    Ok(report)
                })
            })
            .collect()
    }

    /// Carries out an order about something that is not over, in the caller's thread. What it returns is durable.
    ///
    /// It is for one caller at a time, as [`submit`](Self::submit).
    ///
    /// # Errors
    /// [`Halt`]: what became of it is not known, and will be after recovery.
    pub fn order(&self, order: Order) -> Result<Result<Report, Denied>, Halt> {
        pollster::block_on(async {
            let ordered = self.carry_out_order(order).await?;
            self.durable(self.ports.store.last()).await?;
            Ok(ordered.map(|finished| finished.report))
        })
    }

    /// The ports, for those who only want to look.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The rules it began with. All of them are in force still, but for calendars, which may be others by now.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

#[cfg(feature = "failpoints")]
impl From<failpoint::Injected> for Halt {
    fn from(injected: failpoint::Injected) -> Self {
        Self::Store(injected.into())
    }
}

fn read_unfinished(begun: &Unfinished) -> Result<Event, Halt> {
    let unreadable = |error| StoreError::Corrupt(format!("an unfinished event does not read: {error}"));
    Ok(Event::from_store(&begun.event).map_err(unreadable)?)
}

/// What is said of an id that stands for another event.
pub(crate) fn reused_id(event: &Event) -> Error {
    Error::IdempotencyViolation {
        event_id: event.id.clone(),
        reason: format!("the id `{}` from `{}` already stands for an event with other content", event.id, event.source),
    }
}
