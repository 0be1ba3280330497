//! The one table of routes: method, path, who may, over which tenants, what goes in, what comes out, and who answers.
//!
//! The router, the OpenAPI document, the page for people and the matrix of rights are all made from it. A handler that
//! is in no row cannot be reached, and a row without a handler does not compile.

use std::pin::Pin;
use std::sync::Arc;

use axum::http::Method;
use axum::response::Response;

use super::App;
use super::ask::Ask;
use super::caller::Role::{self, Admin, Agent, Auditor, Ingest, Operator};
use super::problem::Problem;
use super::shape::{Given, Shape};
use super::{admin, backup, cases, events, look, nets, openapi, page, slots, stream};
use crate::{
    CaseFile, CaseLine, CommandBody, EventFile, EventLine, ExplainBody, FactLine, LaunchBody, MoveLine, NetFile,
    NetLine, NewToken, OrderBody, OutcomeLine, PastVersion, PromoteBody, QuarantinedLine, ReceiptFile, ReceiptLine,
    ResendBody, RevertBody, SlotLine, Stats, StuckLine, SwappedLine, TokenBody, TokenLine, TrialFile, UndeliveredLine,
    UnloadedLine, WorkLine,
};

/// A handler at work.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nothing that anybody may not know. No caller is needed.
    Open,
    /// What belongs to a tenant: a caller of one tenant sees and touches that one's alone.
    Tenant,
    /// The whole host: it is for callers of all tenants.
    Host,
}

/// What a request brings.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    Events,
    /// JSON of this shape.
    Json(Shape),
    /// The same; an `Idempotency-Key` keeps it from being done twice.
    Act(Shape),
    /// A component; so does one of it.
    Component,
    /// A net file; so does one of it.
    Net,
    /// Nothing; so does one of it.
    Keyed,
}

/// A row.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Who may, where it is not open.
    pub(crate) roles: &'static [Role],
    pub(crate) scope: Scope,
    /// Names the operation.
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    /// Members that the query may have.
    pub(crate) query: &'static [&'static str],
    pub(crate) takes: Takes,
    pub(crate) gives: &'static [Given],
    pub(crate) handler: fn(Arc<App>, Ask) -> Answering,
}

/// Looks at everything.
const LOOKERS: &[Role] = &[Admin, Operator, Auditor];
/// Looks at customers.
const SERVERS: &[Role] = &[Admin, Operator, Auditor, Agent];
/// Sends events.
const SENDERS: &[Role] = &[Operator, Agent, Ingest];
/// Hears what became of an event.
const HEARERS: &[Role] = &Role::ALL;
/// Gives orders.
const ORDERERS: &[Role] = &[Operator];
/// Puts governors in slots, and nets under their names.
const INSTALLERS: &[Role] = &[Admin, Operator];
/// Does work items.
const WORKERS: &[Role] = &[Operator, Agent];
/// Hands out tokens.
const ADMINS: &[Role] = &[Admin];
/// Carries everything away.
const KEEPERS: &[Role] = &[Admin, Operator];
/// Nobody in particular.
const ANYBODY: &[Role] = &[];

use Scope::{Host, Open, Tenant};
use Takes::{Act, Component, Events, Json, Keyed, Net, Nothing};

macro_rules! answers {
    ($handler:path) => {
        |app, ask| Box::pin(async move { $handler(&app, ask).await })
    };
}

/// What a command comes to.
const COMMANDED: &[Given] = &[
    Given::json(201, "What became of it now; it may be refused", Shape::of::<OutcomeLine>()),
    Given::json(200, "What became of it before", Shape::of::<OutcomeLine>()),
];

/// Every route there is.
#[rustfmt::skip]
pub(crate) static ROUTES: &[Route] = &[
    // ── events ───────────────────────────────────────────────────────────────
    Route { method: Method::POST, path: "/v1/events", roles: SENDERS, scope: Tenant,
        name: "submitEvents", summary: "Sends an event, or a batch of them, and tells what became of it",
        query: &[], takes: Events,
        gives: &[
            Given::json(201, "It was judged now", Shape::of::<OutcomeLine>()),
            Given::json(200, "It was judged before; or the outcomes of a batch, in its order", Shape::either::<OutcomeLine>()),
            Given::nothing(202, "It is kept, and will be judged; `Location` says where its outcome will be"),
        ],
        handler: answers!(events::submit) },
    Route { method: Method::GET, path: "/v1/events", roles: SERVERS, scope: Tenant,
        name: "listEvents", summary: "Events and their outcomes",
        query: &["tenant", "outcome", "after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page", Shape::page::<EventLine>())],
        handler: answers!(events::list) },
    Route { method: Method::GET, path: "/v1/events/{id}", roles: HEARERS, scope: Tenant,
        name: "showEvent", summary: "An event, its outcome, and how it came to that",
        query: &["tenant", "source"], takes: Nothing,
        gives: &[
            Given::json(200, "It has an outcome", Shape::of::<EventFile>()),
            Given::nothing(202, "It is kept, and not judged yet"),
            Given::nothing(304, "It is as the caller knows it"),
        ],
        handler: answers!(events::show) },
    Route { method: Method::POST, path: "/v1/events/{id}/orders", roles: ORDERERS, scope: Tenant,
        name: "orderAboutEvent", summary: "Does something about an event that is not over",
        query: &["tenant", "source"], takes: Json(Shape::of::<OrderBody>()),
        gives: &[Given::json(200, "The outcome it has now", Shape::of::<OutcomeLine>())],
        handler: answers!(events::order) },
    // ── cases ────────────────────────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/cases", roles: SERVERS, scope: Tenant,
        name: "listCases", summary: "Cases, and how they stand",
        query: &["tenant", "status", "net", "after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page", Shape::page::<CaseLine>())],
        handler: answers!(cases::list) },
    Route { method: Method::POST, path: "/v1/cases", roles: SENDERS, scope: Tenant,
        name: "launchCase", summary: "Begins a case on a net that is loaded; `Idempotency-Key` names the command",
        query: &["tenant"], takes: Json(Shape::of::<LaunchBody>()),
        gives: COMMANDED,
        handler: answers!(cases::launch) },
    Route { method: Method::GET, path: "/v1/cases/{id}", roles: SERVERS, scope: Tenant,
        name: "showCase", summary: "A case: where it is, what it knows, what is open and due, what has happened",
        query: &["tenant"], takes: Nothing,
        gives: &[Given::json(200, "The case", Shape::of::<CaseFile>()), Given::nothing(304, "It is as the caller knows it")],
        handler: answers!(cases::show) },
    Route { method: Method::POST, path: "/v1/cases/{id}/commands", roles: ORDERERS, scope: Tenant,
        name: "commandCase", summary: "Cancels, suspends, resumes or repairs a case",
        query: &["tenant"], takes: Json(Shape::of::<CommandBody>()),
        gives: COMMANDED,
        handler: answers!(cases::command_case) },
    Route { method: Method::GET, path: "/v1/work", roles: SERVERS, scope: Tenant,
        name: "listWork", summary: "Open work items; of an agent those it may take or holds, where nothing is said",
        query: &["tenant", "role", "holder", "mine", "after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page", Shape::page::<WorkLine>())],
        handler: answers!(cases::work) },
    Route { method: Method::POST, path: "/v1/work/{id}/commands", roles: WORKERS, scope: Tenant,
        name: "commandWork", summary: "Takes, does or gives back a work item; its id goes in with its slashes as %2F",
        query: &["tenant"], takes: Json(Shape::of::<CommandBody>()),
        gives: COMMANDED,
        handler: answers!(cases::command_work) },
    Route { method: Method::GET, path: "/v1/nets", roles: SERVERS, scope: Host,
        name: "listNets", summary: "The nets that cases may begin on",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "By name", Shape::list::<NetLine>())],
        handler: answers!(nets::list) },
    Route { method: Method::POST, path: "/v1/nets", roles: INSTALLERS, scope: Host,
        name: "loadNet", summary: "Proves a net, and has cases begin on it from now on; those that run stay on theirs",
        query: &["reason"], takes: Net,
        gives: &[
            Given::json(201, "It stands there now", Shape::of::<NetLine>()),
            Given::json(200, "It stood there already, or was loaded under this key before", Shape::of::<NetLine>()),
        ],
        handler: answers!(nets::load) },
    Route { method: Method::GET, path: "/v1/nets/{name}", roles: SERVERS, scope: Host,
        name: "showNet", summary: "A net and its text; the text alone where `Accept` asks for application/toml",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "The net", Shape::of::<NetFile>()), Given::nothing(304, "It is as the caller knows it")],
        handler: answers!(nets::show) },
    Route { method: Method::DELETE, path: "/v1/nets/{name}", roles: INSTALLERS, scope: Host,
        name: "unloadNet", summary: "Has no more cases begin on a net; those that run on it go on",
        query: &["reason"], takes: Keyed,
        gives: &[Given::json(200, "No more begin", Shape::of::<UnloadedLine>())],
        handler: answers!(nets::unload) },
    // ── what waits for somebody ──────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/stuck", roles: LOOKERS, scope: Tenant,
        name: "listStuck", summary: "Events of which an effect could not be undone",
        query: &["tenant"], takes: Nothing,
        gives: &[Given::json(200, "All of them", Shape::list::<StuckLine>())],
        handler: answers!(look::stuck) },
    Route { method: Method::GET, path: "/v1/undelivered", roles: LOOKERS, scope: Tenant,
        name: "listUndelivered", summary: "Deferred effects that nobody answered",
        query: &["tenant", "after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page", Shape::page::<UndeliveredLine>())],
        handler: answers!(look::undelivered) },
    Route { method: Method::POST, path: "/v1/undelivered/{number}/resend", roles: ORDERERS, scope: Tenant,
        name: "resendUndelivered", summary: "Sends such an effect again, under the same key",
        query: &[], takes: Json(Shape::of::<ResendBody>()),
        gives: &[Given::json(200, "What became of it", Shape::of::<OutcomeLine>())],
        handler: answers!(events::resend) },
    Route { method: Method::GET, path: "/v1/quarantined", roles: LOOKERS, scope: Tenant,
        name: "listQuarantined", summary: "Governor versions that are not asked about an event any more",
        query: &["tenant"], takes: Nothing,
        gives: &[Given::json(200, "All of them", Shape::list::<QuarantinedLine>())],
        handler: answers!(look::quarantined) },
    // ── what the host knows ──────────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/tenants/{tenant}/facts", roles: SERVERS, scope: Tenant,
        name: "listTenantFacts", summary: "Facts of the tenant itself",
        query: &["name"], takes: Nothing,
        gives: &[Given::json(200, "By name", Shape::list::<FactLine>()), Given::nothing(304, "They are as the caller knows them")],
        handler: answers!(look::facts) },
    Route { method: Method::GET, path: "/v1/tenants/{tenant}/customers/{customer}/facts", roles: SERVERS, scope: Tenant,
        name: "listCustomerFacts", summary: "Facts of a customer",
        query: &["name"], takes: Nothing,
        gives: &[Given::json(200, "By name", Shape::list::<FactLine>()), Given::nothing(304, "They are as the caller knows them")],
        handler: answers!(look::facts) },
    Route { method: Method::GET, path: "/v1/receipts", roles: LOOKERS, scope: Tenant,
        name: "listReceipts", summary: "Receipts, in the ledger's order",
        query: &["tenant", "after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page", Shape::page::<ReceiptLine>())],
        handler: answers!(look::receipts) },
    Route { method: Method::GET, path: "/v1/receipts/{sequence}", roles: LOOKERS, scope: Tenant,
        name: "showReceipt", summary: "A receipt: what the ledger commits to, and what stands beside it",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "The receipt", Shape::of::<ReceiptFile>()), Given::nothing(304, "It never changes")],
        handler: answers!(look::receipt) },
    Route { method: Method::GET, path: "/v1/stream", roles: LOOKERS, scope: Tenant,
        name: "streamReceipts", summary: "Every receipt as it becomes durable, as server-sent events; `Last-Event-ID` or `after` resumes",
        query: &["after"], takes: Nothing,
        gives: &[Given::media(200, "Events named `receipt`, each with its sequence as id", "text/event-stream")],
        handler: |app, ask| Box::pin(stream::stream(app, ask)) },
    // ── governors ────────────────────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/governors", roles: LOOKERS, scope: Host,
        name: "listGovernors", summary: "Slots: who judges there, who is tried, who judged before",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "By name", Shape::list::<SlotLine>())],
        handler: answers!(slots::list) },
    Route { method: Method::GET, path: "/v1/governors/{slot}", roles: LOOKERS, scope: Host,
        name: "showGovernor", summary: "A slot",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "The slot", Shape::of::<SlotLine>())],
        handler: answers!(slots::show) },
    Route { method: Method::GET, path: "/v1/governors/{slot}/history", roles: LOOKERS, scope: Host,
        name: "listVersions", summary: "Every version a slot has had: from whom, when, as what, and why it left",
        query: &["after", "limit"], takes: Nothing,
        gives: &[Given::json(200, "A page; empty where nothing was ever installed", Shape::page::<PastVersion>())],
        handler: answers!(slots::history) },
    Route { method: Method::GET, path: "/v1/governors/{slot}/trial", roles: LOOKERS, scope: Host,
        name: "showTrial", summary: "What a trial has shown: how often it was asked, and where it decided otherwise",
        query: &["after"], takes: Nothing,
        gives: &[Given::json(200, "The trial, with the differences behind `after`", Shape::of::<TrialFile>())],
        handler: answers!(slots::trial) },
    Route { method: Method::POST, path: "/v1/governors/{slot}/install", roles: INSTALLERS, scope: Host,
        name: "installGovernor", summary: "Puts a component in a slot, to judge or on trial, if every step says yes",
        query: &["mode", "percent", "backtest", "max_different", "allow", "signature", "reason"], takes: Component,
        gives: &[Given::json(200, "It is there", Shape::of::<SwappedLine>())],
        handler: answers!(slots::install) },
    Route { method: Method::POST, path: "/v1/governors/{slot}/promote", roles: INSTALLERS, scope: Host,
        name: "promoteGovernor", summary: "Has the version on trial judge from now on; the one that did stays warm",
        query: &[], takes: Act(Shape::of::<PromoteBody>()),
        gives: &[Given::json(200, "It judges", Shape::of::<SwappedLine>())],
        handler: answers!(slots::promote) },
    Route { method: Method::POST, path: "/v1/governors/{slot}/revert", roles: INSTALLERS, scope: Host,
        name: "revertGovernor", summary: "Ends a trial; or, where there is none, has the version before judge again",
        query: &[], takes: Act(Shape::of::<RevertBody>()),
        gives: &[Given::json(200, "It is so", Shape::of::<SwappedLine>())],
        handler: answers!(slots::revert) },
    Route { method: Method::POST, path: "/v1/governors/{slot}/explain", roles: INSTALLERS, scope: Host,
        name: "explainTrial", summary: "Says why differences of a trial are all right",
        query: &[], takes: Act(Shape::of::<ExplainBody>()),
        gives: &[Given::json(200, "They are explained", Shape::of::<SwappedLine>())],
        handler: answers!(slots::explain) },
    // ── the host ─────────────────────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/stats", roles: LOOKERS, scope: Host,
        name: "showStats", summary: "How the host stands",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "Counts", Shape::of::<Stats>())],
        handler: answers!(look::stats) },
    Route { method: Method::GET, path: "/v1/tokens", roles: ADMINS, scope: Host,
        name: "listTokens", summary: "Tokens, without their secrets",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "The oldest first", Shape::list::<TokenLine>())],
        handler: answers!(admin::list_tokens) },
    Route { method: Method::POST, path: "/v1/tokens", roles: ADMINS, scope: Host,
        name: "makeToken", summary: "Makes a token; its secret is shown this once",
        query: &[], takes: Json(Shape::of::<TokenBody>()),
        gives: &[Given::json(201, "The token", Shape::of::<NewToken>())],
        handler: answers!(admin::make_token) },
    Route { method: Method::DELETE, path: "/v1/tokens/{id}", roles: ADMINS, scope: Host,
        name: "revokeToken", summary: "Lets a token in no more",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "What it was", Shape::of::<TokenLine>())],
        handler: answers!(admin::revoke_token) },
    Route { method: Method::POST, path: "/v1/backup", roles: KEEPERS, scope: Host,
        name: "takeBackup", summary: "All that is kept, as of now, while events go on; `syndic backup` lays it out and verifies it",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "A stream; `Location` is the receipt of its taking", backup::BACKUP)],
        handler: |app, ask| Box::pin(backup::backup(app, ask)) },
    Route { method: Method::GET, path: "/metrics", roles: LOOKERS, scope: Host,
        name: "metrics", summary: "What Prometheus reads",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "OpenMetrics text", "application/openmetrics-text")],
        handler: answers!(look::metrics) },
    // ── what anybody may know ────────────────────────────────────────────────
    Route { method: Method::GET, path: "/v1/moves", roles: ANYBODY, scope: Open,
        name: "listMoves", summary: "The nine states: every legal move of a lane",
        query: &[], takes: Nothing,
        gives: &[Given::json(200, "The table", Shape::list::<MoveLine>()), Given::nothing(304, "It is as the caller knows it")],
        handler: answers!(look::moves) },
    Route { method: Method::GET, path: "/healthz", roles: ANYBODY, scope: Open,
        name: "healthz", summary: "Whether the process lives",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "It does", "text/plain")],
        handler: answers!(look::healthz) },
    Route { method: Method::GET, path: "/readyz", roles: ANYBODY, scope: Open,
        name: "readyz", summary: "Whether events are taken",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "They are", "text/plain")],
        handler: answers!(look::readyz) },
    Route { method: Method::GET, path: "/openapi.json", roles: ANYBODY, scope: Open,
        name: "openapi", summary: "This document",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "OpenAPI 3.1", "application/json"), Given::nothing(304, "It is as the caller knows it")],
        handler: answers!(openapi::answer) },
    Route { method: Method::GET, path: "/problems/{kind}", roles: ANYBODY, scope: Open,
        name: "describeProblem", summary: "What a kind of problem means, and what to do about it",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "A page", "text/html")],
        handler: answers!(page::problem) },
    Route { method: Method::GET, path: "/", roles: ANYBODY, scope: Open,
        name: "index", summary: "This document, for people",
        query: &[], takes: Nothing,
        gives: &[Given::media(200, "A page", "text/html")],
        handler: answers!(page::index) },
];
