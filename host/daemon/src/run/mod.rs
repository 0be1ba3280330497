//! `run`: the daemon, from its configuration to its last answer.
//!
//! It comes up in one order, and nothing is accepted before the end of it: the data directory is locked, the store
//! opened and verified, governors are healthy, and what an earlier process left is in its lanes. It goes down the other
//! way: lanes come to rest, and what is left then is finished after the next start.
//!
//! Not here: whose turn it is (`host/engine`), what there is to configure (`settings`).

mod clock;
mod doors;
mod live;
mod log;
mod manager;
mod pulse;
mod reload;
mod signals;
mod spans;

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use syndic_api::server::Metrics;
use syndic_cli::args::Run;
use syndic_cli::{Failure, FailureKind};
use syndic_core::ports::Reads;
use tokio::runtime::Runtime;
use tracing::{info, warn};

pub(crate) use crate::run::clock::{WallClock, wall};
use crate::run::doors::{Bound, Doors};
pub(crate) use crate::run::live::{Live, Plan, host_over, open};
use crate::run::log::Log;
use crate::run::manager::Manager;
use crate::run::pulse::Pulse;
use crate::run::reload::Reload;
use crate::run::signals::{Signals, Wish};
use crate::run::spans::Spans;
pub(crate) use crate::run::spans::door;
use crate::settings::{Settings, all_but_last};
use crate::show::Show;
use crate::trouble;

pub(crate) fn run(args: &Run, show: &Show) -> Result<ExitCode, Failure> {
    let settings = Settings::read(&args.configured);
    let settings = settings.map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))?;
    let metrics = Arc::new(Metrics::new());
    let spans = settings.otlp.as_ref().map(|otlp| Spans::to(otlp, &metrics)).transpose()?;
    let log = Log::to_stderr(&settings.log, spans.as_ref())?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let signals = Signals::watched()?;
        let clock = Arc::new(WallClock::new(runtime.handle().clone()));
        let reload = Reload::new(args.configured.clone(), settings, log);
        let mut daemon = Daemon { signals, reload, metrics, spans };
        let bound = Bound::of(&daemon.reload.settings().http).await?;
        let Some(live) = daemon.start(clock).await? else { return Ok(ExitCode::SUCCESS) };
        let mut pulse = Pulse::of(&live);
        let places = bound.places.clone();
        let doors = bound.open(&live, &daemon.metrics, &daemon.reload.settings().http);
        daemon.ready(&live, &places, show)?;
        daemon.until_stopped(&live, &mut pulse, &doors).await?;
        drop(pulse);
        daemon.close(doors).await;
        daemon.drain(live).await
    })
}

/// Threads for doors, signals and the passing of time. Turns have threads of their own.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|why| Failure::new(FailureKind::Unreachable, "no thread can be started").because(why))
}

/// The daemon's own life.
struct Daemon {
    signals: Signals,
    reload: Reload,
    metrics: Arc<Metrics>,
    spans: Option<Spans>,
}

impl Daemon {
    /// Opens everything; nothing where it was told to stop before that was done. Nothing was accepted then.
    async fn start(&mut self, clock: Arc<WallClock>) -> Result<Option<Arc<Live>>, Failure> {
        let plan = live::Plan::of(self.reload.settings())?;
        let (data, fold_bytes) = (self.reload.settings().data.clone(), self.reload.settings().fold_bytes);
        info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), data = %data.display(), "starting");
        let metrics = Arc::clone(&self.metrics);
        let starting = tokio::task::spawn_blocking(move || {
            let store = live::open(&data, fold_bytes)?;
            Live::start(plan, store, clock, &metrics)
        });
        tokio::select! {
            started = starting => match started {
                Ok(live) => live.map(|live| Some(Arc::new(live))),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            },
            signal = self.signals.stop() => {
                info!(signal, "stopped before anything was accepted");
                // What is being opened has promised nothing to anybody, and is not waited for.
                std::process::exit(0)
            }
        }
    }

    fn ready(&self, live: &Live, places: &[String], show: &Show) -> Result<(), Failure> {
        let governors = live.governors();
        let receipts = live.store.head().map_err(|error| trouble::store_failed(&error))?.frontier.size();
        info!(governors, receipts, waiting = live.lanes.waiting(), "ready");
        Manager::ready();
        let told = json!({"ready": true, "pid": std::process::id(), "governors": governors, "receipts": receipts, "listening": places});
        show.result(&told, |_| format!("ready: {governors} governors, {receipts} receipts; {}", places.join(", ")))
    }

    /// Goes on until it is told to stop, or until the host cannot.
    async fn until_stopped(&mut self, live: &Live, pulse: &mut Pulse, doors: &Doors) -> Result<(), Failure> {
        loop {
            let wish = tokio::select! {
                wish = self.signals.next() => wish,
                halt = pulse.stopped() => return Err(trouble::halted(&halt)),
            };
            match wish {
                Wish::Reload => {
                    self.reload.again(live)?;
                    doors.renew();
                }
                Wish::Stop(signal) => {
                    info!(signal, "stopping");
                    Manager::stopping();
                    return Ok(());
                }
            }
        }
    }

    /// Lets nobody in any more, and waits for those who are in; in a hurry, not even for them.
    async fn close(&mut self, doors: Doors) {
        tokio::select! {
            () = doors.close() => {}
            signal = self.signals.stop() => self.end_in_a_hurry(signal),
        }
    }

    /// Ends at once. Nothing that was acknowledged is lost: it was durable before it was told.
    fn end_in_a_hurry(&self, signal: &str) -> ! {
        warn!(signal, "in a hurry: what is not finished, the next start goes on with");
        std::process::exit(0)
    }

    /// Lets lanes come to rest, for as long as the configuration says, or until somebody is in a hurry. What is left was
    /// accepted and is durable, or nobody was told anything of it: either way the next start has all it needs.
    async fn drain(&mut self, live: Arc<Live>) -> Result<ExitCode, Failure> {
        let limit = self.reload.settings().drain;
        let rested = tokio::select! {
            biased;
            rested = rest(&live) => rested,
            () = tokio::time::sleep(limit) => false,
            signal = self.signals.stop() => self.end_in_a_hurry(signal),
        };
        self.send_spans().await;
        if !rested {
            warn!(waiting = live.lanes.waiting(), "not everything was finished; the next start goes on with it");
            std::process::exit(0)
        }
        drop(live);
        info!("stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Sends the spans that are left, unless somebody is in a hurry.
    async fn send_spans(&mut self) {
        let Some(spans) = self.spans.take() else { return };
        tokio::select! {
            _ = tokio::task::spawn_blocking(|| spans.end()) => {}
            signal = self.signals.stop() => self.end_in_a_hurry(signal),
        }
    }
}

/// Waits until no lane has anything to do; false where the host stops before.
async fn rest(live: &Arc<Live>) -> bool {
    let live = Arc::clone(live);
    tokio::task::spawn_blocking(move || live.lanes.rest().is_ok()).await.unwrap_or(false)
}
