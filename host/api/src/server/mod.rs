//! The HTTP server: the host's doors for programs on other machines.
//!
//! It reaches the host through one port, [`Service`], and knows nothing of lanes or stores. All it serves is one table
//! of routes, from which come the router, the guard, the OpenAPI document and the page for people. A request is read
//! whole and within limits, its caller is known, and its row of the table has let it through, before any handler sees it.
//!
//! It speaks HTTP/1.1 and nothing else: what stands before it may speak HTTP/2 to the world, and what is not built in
//! cannot be attacked.
//!
//! Not here: what the answers are made of (the wire types beside this module), how a host is run (`host/daemon`).

mod admin;
mod answer;
mod ask;
mod backup;
mod binding;
mod caller;
mod cases;
mod crowd;
mod events;
mod listen;
mod look;
mod metrics;
mod nets;
mod openapi;
mod page;
mod patience;
mod problem;
mod rate;
mod router;
mod routes;
mod scans;
mod service;
mod shape;
mod slots;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod whose;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

pub use caller::{Caller, Grant, Role};
pub use listen::{Listener, serve};
pub use metrics::Metrics;
pub use nets::NET_MAX_BYTES;
pub use rate::Rate;
pub use router::Limits;
pub use service::{
    Accepted, Backup, CasesWanted, Denied, EventsWanted, Health, InstallWanted, KeptToken, LoadWanted, Promise,
    Service, Stretch, SwapVerb, SwapWanted, Target, Trail, Unavailable, UnloadWanted, WorkWanted, Worker,
};
pub use tls::{Tls, TlsError};
pub use tokens::{mint, work_roles};

use rate::Buckets;
use scans::Scans;
use tokens::Tokens;

/// How the server serves.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// What one request may take.
    pub limits: Limits,
    /// What one caller may send; none: whatever it likes.
    pub rate: Option<Rate>,
    /// Connections there may be at once.
    pub connections_max: usize,
    /// Of these, from one address of another machine; 0: as many as there are.
    pub connections_per_address_max: usize,
    /// For how long requests that are under way may go on once the server closes.
    pub drain: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let rate = Rate { per_ms: 1_000, requests: 1_000, burst: 2_000 };
        Self {
            limits: Limits::default(),
            rate: Some(rate),
            connections_max: 1_000,
            connections_per_address_max: 100,
            drain: Duration::from_secs(10),
        }
    }
}

/// Requests without a good token that one address may send: ten a minute.
const STRANGERS: Rate = Rate { per_ms: 60_000, requests: 10, burst: 10 };

/// Addresses and callers counted at once; some hundred bytes each.
const COUNTED_MAX: usize = 20_000;

/// Components that may be under way to this host at once: each may be in memory whole.
const UPLOADS_MAX: usize = 4;

/// Nets that may be under way to this host at once, with those whose senders wait for a proof.
const NETS_MAX: usize = 8;

/// What handlers share.
pub(crate) struct App {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) tokens: Tokens,
    pub(crate) callers: Buckets,
    pub(crate) strangers: Buckets,
    pub(crate) metrics: Arc<Metrics>,
    /// Places for components that are being sent.
    pub(crate) uploads: Semaphore,
    /// Places for nets that are being sent, or proved.
    pub(crate) nets: Semaphore,
    /// Turns of those who read much.
    pub(crate) scans: Scans,
    pub(crate) limits: Limits,
    /// True from the moment the server closes.
    pub(crate) closing: watch::Receiver<bool>,
}

impl App {
    pub(crate) async fn new(
        service: Arc<dyn Service>,
        metrics: Arc<Metrics>,
        config: &ServerConfig,
        closing: watch::Receiver<bool>,
    ) -> Result<Self, Unavailable> {
        Ok(Self {
            tokens: Tokens::load(&*service).await?,
            service,
            callers: Buckets::new(config.rate, COUNTED_MAX),
            strangers: Buckets::new(Some(STRANGERS), COUNTED_MAX),
            metrics,
            uploads: Semaphore::new(UPLOADS_MAX),
            nets: Semaphore::new(NETS_MAX),
            scans: Scans::default(),
            limits: config.limits,
            closing,
        })
    }
}
