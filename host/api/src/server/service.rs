//! The port: what the server needs of a host, and nothing of how it is done.
//!
//! The daemon implements it over lanes and store; tests over a few maps. Everything asked may take a while, so every
//! answer is a promise, and every promise may say that the host cannot.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use syndic_core::ports::{Act, CaseKey, Entry, WorkKey};
use syndic_core::versions::Mode;
use syndic_core::{DedupKey, Event, Outcome, Report, Time};
use tokio::sync::mpsc;

use crate::{
    CaseFile, CaseLine, EventFile, EventLine, FactLine, NetFile, NetLine, PastVersion, ProblemLine, QuarantinedLine,
    SlotLine, Stats, StuckLine, SwappedLine, TokenLine, TrialFile, UndeliveredLine, UnloadedLine, WorkLine,
};

/// An answer that takes a while.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// The host cannot answer: it stops, or its store failed. What was acknowledged is safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An event.
    Event(DedupKey),
    /// A deferred effect that nobody answered, by its number.
    Letter(u64),
}

/// Why an order was not carried out, in a sentence. Nothing has changed, but for what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub String);

/// What became of an event that is to be judged later.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// It is kept, durably, and will reach its outcome whatever happens.
    Kept,
    /// It was turned away, or has its outcome already.
    Told(Box<Report>),
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsWanted {
    /// Of this tenant only.
    pub tenant: Option<String>,
    /// With this outcome only.
    pub outcome: Option<Outcome>,
    /// Those behind this one.
    pub after: Option<DedupKey>,
    /// At most so many.
    pub limit: usize,
}

/// Which cases are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CasesWanted {
    /// Of this tenant only.
    pub tenant: Option<String>,
    /// That are at this only.
    pub status: Option<String>,
    /// On this net only.
    pub net: Option<String>,
    /// Those behind this one.
    pub after: Option<CaseKey>,
    /// At most so many.
    pub limit: usize,
}

/// Somebody who does work items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// As items say who holds them.
    pub name: String,
    /// In which roles; none for any.
    pub roles: Option<Vec<String>>,
}

/// Which open work items are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkWanted {
    /// Of this tenant only.
    pub tenant: Option<String>,
    /// That this role may take only.
    pub role: Option<String>,
    /// That somebody holds only.
    pub holder: Option<String>,
    /// That this one holds, or may take, only.
    pub worker: Option<Worker>,
    /// Those behind this one.
    pub after: Option<WorkKey>,
    /// At most so many.
    pub limit: usize,
}

impl WorkWanted {
    /// Whether an item is wanted. Whose it is, the search knows.
    pub fn fits(&self, line: &WorkLine) -> bool {
        let is_for = |role: &String| line.roles.is_empty() || line.roles.contains(role);
        let is_of = |worker: &Worker| match (&line.holder, &worker.roles) {
            (Some(holder), _) => *holder == worker.name,
            (None, None) => true,
            (None, Some(roles)) => line.roles.is_empty() || roles.iter().any(is_for),
        };
        self.role.as_ref().is_none_or(is_for)
            && self.holder.as_ref().is_none_or(|holder| line.holder.as_ref() == Some(holder))
            && self.worker.as_ref().is_none_or(is_of)
    }
}

/// Some of a list, and the key behind which it goes on; none where it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch<T, K> {
    /// What was found. It may be less than was wanted, and the list yet go on.
    pub items: Vec<T>,
    /// Where the search stopped.
    pub next: Option<K>,
}

/// A change of a slot that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct SwapWanted {
    /// The slot.
    pub slot: String,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What it is to be known by to whoever sends it twice.
    pub key: Option<String>,
    /// What.
    pub verb: SwapVerb,
}

/// What may be done to a slot.
#[derive(Clone, Debug, PartialEq)]
pub enum SwapVerb {
    /// Another version is put there.
    Install(InstallWanted),
    /// The version on trial judges from now on.
    Promote {
        /// Whatever the trial has shown.
        force: bool,
    },
    /// A trial ends, or the version before judges again.
    Revert,
    /// Differences of a trial are all right.
    Explain {
        /// Which; none for all.
        difference: Option<u64>,
    },
}

/// A component that is to be installed.
#[derive(Clone, Debug, PartialEq)]
pub struct InstallWanted {
    /// As what.
    pub mode: Mode,
    /// How many recorded decisions it judges first.
    pub backtest: Option<u64>,
    /// How many of those may differ.
    pub max_different: Option<u64>,
    /// What is let through, by the names of [`ALLOWED`](crate::ALLOWED).
    pub allow: Vec<&'static str>,
    /// Its signature, where it has one.
    pub signature: Option<String>,
    /// Its bytes.
    pub component: Bytes,
}

/// A net that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadWanted {
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What it is to be known by to whoever sends it twice.
    pub key: Option<String>,
    /// The net as a file.
    pub text: String,
}

/// A net that is wanted no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnloadWanted {
    /// Its name.
    pub net: String,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What it is to be known by to whoever sends it twice.
    pub key: Option<String>,
}

/// A token as it is kept: under the hash of its secret, which is nowhere kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptToken {
    /// SHA-256 of the secret, in hexadecimal.
    pub hash: String,
    /// What is shown of it.
    pub line: TokenLine,
}

/// All that is kept, as of one moment.
#[derive(Debug)]
pub struct Backup {
    /// The receipt that says who took it, and which root it has.
    pub receipt: u64,
    /// How long writers were held up.
    pub paused: Duration,
    /// The bytes, piece by piece. Whoever takes none for long is given no more.
    pub pieces: mpsc::Receiver<Result<Vec<u8>, Unavailable>>,
}

/// How the host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It takes events.
    Ready,
    /// It does not yet, or no longer: why.
    NotReady(String),
}

/// Where a request's sender was in a trace of its own: the headers of the W3C's trace context, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// `traceparent`.
    pub parent: Option<String>,
    /// `tracestate`.
    pub state: Option<String>,
}

/// A host, as the server sees it.
pub trait Service: Send + Sync {
    /// The host's time.
    fn now(&self) -> Time;
    /// Whether it takes events.
    fn health(&self) -> Health;

    /// Has an event judged. The answer is durable. That it was turned away is an outcome.
    fn submit(&self, event: Event, trail: &Trail) -> Promise<'_, Report>;
    /// Keeps an event to be judged later.
    fn accept(&self, event: Event, trail: &Trail) -> Promise<'_, Accepted>;
    /// The events of an id, over all tenants and sources.
    fn events_of_id(&self, id: String) -> Promise<'_, Vec<DedupKey>>;
    /// An event and what became of it. One that is kept and has no outcome yet is not found.
    fn event(&self, key: DedupKey) -> Promise<'_, Option<EventFile>>;
    /// Whether an event is kept and has no outcome yet.
    fn is_pending(&self, key: &DedupKey) -> bool;
    /// Events and their outcomes, in the order of their keys.
    fn events(&self, wanted: EventsWanted) -> Promise<'_, Stretch<EventLine, DedupKey>>;
    /// Carries out an order about something that is not over.
    fn order(&self, target: Target, act: Act) -> Promise<'_, Result<Report, Denied>>;

    /// Cases, by tenant and id.
    fn cases(&self, wanted: CasesWanted) -> Promise<'_, Stretch<CaseLine, CaseKey>>;
    /// A case, and how it came to where it is.
    fn case(&self, key: CaseKey) -> Promise<'_, Option<CaseFile>>;
    /// Open work items, by tenant, case, task and attempt.
    fn works(&self, wanted: WorkWanted) -> Promise<'_, Stretch<WorkLine, WorkKey>>;
    /// The nets that cases may begin on.
    fn nets(&self) -> Promise<'_, Vec<NetLine>>;
    /// A net of these, with its text.
    fn net(&self, name: String) -> Promise<'_, Option<NetFile>>;
    /// Proves a net, and has cases begin on it. The answer is durable. What was begun goes on though nobody waits for it
    /// any more, and ends by itself.
    fn load_net(&self, wanted: LoadWanted) -> Promise<'_, Result<NetLine, Box<ProblemLine>>>;
    /// Has no more cases begin on a net. The answer is durable.
    fn unload_net(&self, wanted: UnloadWanted) -> Promise<'_, Result<UnloadedLine, Box<ProblemLine>>>;

    /// What is stuck.
    fn stuck(&self) -> Promise<'_, Vec<StuckLine>>;
    /// What nobody answered: the first so many above a number.
    fn undelivered(&self, after: u64, limit: usize) -> Promise<'_, Vec<UndeliveredLine>>;
    /// Which versions are not asked about which events any more.
    fn quarantined(&self) -> Promise<'_, Vec<QuarantinedLine>>;
    /// Every fact of a customer, or of the tenant, by name.
    fn facts(&self, tenant: String, customer: Option<String>) -> Promise<'_, Vec<FactLine>>;
    /// A receipt.
    fn receipt(&self, sequence: u64) -> Promise<'_, Option<Entry>>;
    /// The first so many receipts behind one.
    fn receipts(&self, after: u64, limit: usize) -> Promise<'_, Vec<(u64, Entry)>>;
    /// Ready when the ledger has more receipts than so many; says how many it has.
    fn grown(&self, beyond: u64) -> Promise<'_, u64>;
    /// How it stands.
    fn stats(&self) -> Promise<'_, Stats>;

    /// Every slot, by name.
    fn slots(&self) -> Promise<'_, Vec<SlotLine>>;
    /// The versions a slot has had: the first so many above a number. None: there is no such slot.
    fn versions(&self, slot: String, after: u32, limit: usize) -> Promise<'_, Option<Vec<PastVersion>>>;
    /// What the trial of a slot has shown, with the differences above a number; none where nothing is tried there.
    fn trial(&self, slot: String, after: u64) -> Promise<'_, Option<TrialFile>>;
    /// Changes a slot. The answer is durable. What was begun goes on though nobody waits for it any more.
    fn swap(&self, wanted: SwapWanted) -> Promise<'_, Result<SwappedLine, Box<ProblemLine>>>;

    /// Every token that is kept.
    fn tokens(&self) -> Promise<'_, Vec<KeptToken>>;
    /// Keeps a token, or forgets it; `by` says who wanted it. Durable on return.
    fn keep_token(&self, token: KeptToken, keep: bool, by: String) -> Promise<'_, ()>;

    /// All that is kept, as of now; `by` says who wanted it. Denied where another is being taken.
    fn backup(&self, by: String) -> Promise<'_, Result<Backup, Denied>>;
}
