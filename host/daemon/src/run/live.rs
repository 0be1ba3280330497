//! A host that lives: store, governors, engine and clock, open for whoever comes through a door.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use syndic_api::server::Metrics;
use syndic_cli::{Failure, FailureKind};
use syndic_connect::Sandbox;
use syndic_core::ports::{Clock, GovernorRuntime, Observer, Store};
use syndic_core::{Config, Error, Slot};
use syndic_engine::{Bounds, Host, Lanes, Lineup, Ports, Roster};
use syndic_ledger::{Master, sha256};
use syndic_runtime::{Cache, Log, Runtime};
use syndic_store::{MasterWanted, SledStore};
use tracing::{info, warn};

use crate::embedded::{Component, compiled_in, given, not_installed};
use crate::run::clock::WallClock;
use crate::settings::Settings;
use crate::trouble;

/// What the doors reach for.
pub(crate) struct Live {
    pub(crate) lanes: Lanes,
    pub(crate) store: Arc<SledStore>,
    /// The host the lanes are over.
    pub(crate) host: Arc<Host>,
    pub(crate) clock: Arc<WallClock>,
}

/// What a host that lives is made of.
pub(crate) struct Plan {
    /// The rules decisions are made by.
    pub(crate) rules: Config,
    /// How much may wait at the door, and how many workers there are.
    pub(crate) bounds: Bounds,
    /// Governors, each for its slot.
    pub(crate) components: Vec<Component>,
    /// Where compiled governors are kept.
    pub(crate) compiled: Option<Cache>,
}

impl Plan {
    /// What the settings ask for.
    ///
    /// # Errors
    /// A component cannot be read.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            rules: settings.rules.clone(),
            bounds: settings.bounds,
            components: settings.components()?,
            compiled: compiled_in(&settings.compiled),
        })
    }
}

impl Live {
    /// Loads every governor, keeps the components beside the receipts that will name them, and goes on with what an
    /// earlier process left. The store is open and verified already; nobody else can have it.
    ///
    /// # Errors
    /// A governor that is refused or is not healthy in time; a store that fails.
    pub(crate) fn start(
        plan: Plan,
        store: SledStore,
        clock: Arc<WallClock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let bounds = plan.bounds;
        store.observed_by(Arc::clone(metrics) as Arc<dyn Observer>);
        let observer = Arc::clone(metrics) as Arc<dyn Observer>;
        let (host, store) = host_over(plan, store, &clock, observer)?;
        let lanes = Lanes::start(&host, bounds).map_err(|halt| trouble::halted(&halt))?;
        Ok(Self { lanes, store, host, clock })
    }

    /// How many governors there are.
    pub(crate) fn governors(&self) -> usize {
        self.host.lineup().active_count()
    }
}

/// A host that takes no turns yet, over its store and its governors.
///
/// # Errors
/// A governor that is refused or is not healthy in time; a store that fails.
pub(crate) fn host_over(
    plan: Plan,
    store: SledStore,
    clock: &Arc<WallClock>,
    observer: Arc<dyn Observer>,
) -> Result<(Arc<Host>, Arc<SledStore>), Failure> {
    let Plan { rules, components, compiled, .. } = plan;
    let runtime = Runtime::with_cache(log(), compiled)
        .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
    let runtime = Arc::new(runtime);
    let store = Arc::new(store);
    let kept = components.iter().map(|component| (sha256(&component.bytes), component.bytes.clone())).collect();
    store.keep(kept).map_err(|error| trouble::store_failed(&error))?;
    let lineup = load(&runtime, &components, &rules, &store)?;
    let ports = Ports {
        store: Arc::clone(&store) as Arc<dyn Store>,
        runtime: runtime as Arc<dyn GovernorRuntime>,
        connector: Arc::new(Sandbox),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    };
    let master = store.master().clone();
    let host = Host::new(ports, rules, master, lineup).map_err(|halt| trouble::halted(&halt))?;
    Ok((Arc::new(host.observed_by(observer)), store))
}

/// Opens the store, which locks its directory, and verifies it. A new one draws a secret master.
///
/// # Errors
/// It is in use, something else, or damaged.
pub(crate) fn open(data: &Path, fold_bytes: usize) -> Result<SledStore, Failure> {
    let opened = SledStore::open_folding(data, MasterWanted::Secret, fold_bytes);
    let store = opened.map_err(|error| trouble::store_did_not_open(&error))?;
    let head = store.verify().map_err(|error| trouble::store_failed(&error))?;
    info!(receipts = head.frontier.size(), root = %head.frontier.root(), "the ledger is whole");
    if store.master().reveal() == Master::from_seed(0).reveal() {
        warn!("the salts of this directory come from seed 0, which everybody knows: it was made by `play` or `demo`");
    }
    Ok(store)
}

/// Loads governors side by side. All of them have to be healthy within one limit, and nothing is accepted before.
/// What was installed in a slot judges there, whatever the configuration gives for it.
fn load(
    runtime: &Arc<Runtime>,
    components: &[Component],
    rules: &Config,
    store: &SledStore,
) -> Result<Lineup, Failure> {
    let mut given = given(components);
    given.iter_mut().for_each(|given| given.overrides = false);
    let roster = Roster::of(store, &given).map_err(|error| trouble::store_failed(&error))?;
    let (done, loading) = mpsc::channel();
    let wanted = roster.components();
    for (slot, bytes) in wanted {
        let (runtime, done, limits) = (Arc::clone(runtime), done.clone(), rules.slot(slot));
        let (slot, bytes) = (slot.clone(), bytes.clone());
        thread::spawn(move || {
            let loaded = runtime.load(&slot, &bytes, &limits);
            // Nobody listens any more where another was refused, or the time is over.
            let _ = done.send((slot, loaded));
        });
    }
    drop(done);
    let limit = Duration::from_millis(rules.limits.startup_ms);
    let until = Instant::now() + limit;
    let mut waiting: Vec<Slot> = wanted.iter().map(|(slot, _)| slot.clone()).collect();
    let mut loaded = Vec::new();
    while let Some(late) = waiting.first().cloned() {
        match loading.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((slot, Ok(governor))) => {
                info!(%slot, version = %governor.manifest.version, digest = %governor.digest, "a governor is ready");
                if let Some(place) = waiting.iter().position(|waits| *waits == slot) {
                    waiting.remove(place);
                }
                loaded.push(governor);
            }
            Ok((_, Err(error))) => return Err(not_installed(&error, components)),
            Err(RecvTimeoutError::Timeout) => {
                let timeout_secs = rules.limits.startup_ms.div_ceil(1_000);
                return Err(trouble::not_healthy(&Error::GovernorStartupFailed { governor: late, timeout_secs }));
            }
            Err(RecvTimeoutError::Disconnected) => panic!("loading a component does not panic"),
        }
    }
    Ok(roster.seat(&loaded))
}

/// Hands what governors say on to the log, under the name of their slot.
fn log() -> Log {
    use syndic_runtime::Level;
    Arc::new(|slot, level, line| match level {
        Level::Debug => tracing::debug!(target: "governor", %slot, "{line}"),
        Level::Info => tracing::info!(target: "governor", %slot, "{line}"),
        Level::Warn => tracing::warn!(target: "governor", %slot, "{line}"),
        Level::Error => tracing::error!(target: "governor", %slot, "{line}"),
    })
}
