//! A host of a few maps, and callers of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use syndic_core::ports::{Act, Again, CaseKey, Entry, Kept, Lineage, WorkKey};
use syndic_core::{DedupKey, Error, Event, Outcome, Report, Time};
use syndic_ledger as ledger;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

use crate::server::caller::Peer;
use crate::server::router::router;
use crate::server::service::*;
use crate::server::{App, Metrics, Rate, ServerConfig, mint};
use crate::*;

/// The time of the fake host.
pub(super) const NOW: &str = "2026-01-02T03:04:05Z";

/// Judges every event `completed`, save those whose id says otherwise.
#[derive(Default)]
pub(super) struct Fake {
    state: Mutex<State>,
    tokens: Mutex<HashMap<String, KeptToken>>,
    /// The changes of slots that were wanted.
    pub(super) wanted: Mutex<Vec<SwapWanted>>,
    /// The nets that were wanted, and those that were wanted no more.
    pub(super) loads: Mutex<Vec<LoadWanted>>,
    pub(super) unloads: Mutex<Vec<UnloadWanted>>,
    grown: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    known: BTreeMap<DedupKey, (Event, Report)>,
    pending: Vec<DedupKey>,
    entries: Vec<Entry>,
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn judge(&self, event: Event) -> Report {
        let mut state = self.state();
        let key = event.key();
        if let Some((first, report)) = state.known.get(&key) {
            return if first.hash() == event.hash() {
                Report { duplicate: true, ..report.clone() }
            } else {
                let reason = "the id stands for something else".into();
                Report::turned_away(&event.id, Error::IdempotencyViolation { event_id: event.id.clone(), reason })
            };
        }
        if event.id == "overloaded" {
            return Report::turned_away(&event.id, Error::Overloaded { retry_after_ms: 1_200 });
        }
        let outcome = if event.id.starts_with("referred") { Outcome::Referred } else { Outcome::Completed };
        let sequence = state.entries.len() as u64 + 1;
        let report = Report {
            outcome,
            receipt: Some(sequence),
            error: None,
            ..Report::turned_away(&event.id, Error::invalid(""))
        };
        state.entries.push(entry(sequence, &event, &report, None));
        state.known.insert(key, (event, report.clone()));
        self.grown.send_replace(sequence);
        report
    }
}

/// A receipt that says little, and reads.
fn entry(sequence: u64, event: &Event, report: &Report, again: Option<Again>) -> Entry {
    let zero = "0".repeat(64);
    let leaf = ledger::canonical(&json!({
        "changes": [], "claims": [], "configuration": zero, "conflicts": [], "effects": [], "engine": zero,
        "event": {"hash": zero, "id": event.id, "source": zero, "type": event.wire_type()}, "governors": [],
        "kind": "event", "numbers": [], "outcome": report.outcome.name(), "raises": [], "read_set": [],
        "sequence": sequence, "state_path": [], "tenant": event.tenant, "time": NOW, "timers": [], "v": 1,
    }));
    ledger::Receipt::parse(leaf.as_bytes()).expect("the fake's leaf is a receipt");
    let kept = Kept {
        key: event.key(),
        event: event.canonical().to_owned(),
        now: event.time,
        reads: Vec::new(),
        writes: Vec::new(),
        intents: Vec::new(),
        lineage: Lineage::default(),
        report: report.clone(),
        again,
    };
    Entry { leaf, kept }
}

/// The one case that there is.
fn net_line() -> NetLine {
    let digest = "sha256:0".into();
    NetLine { net: "sale".into(), digest, loaded: NOW.into(), by: "olga".into(), receipt: 1, duplicate: false }
}

fn case_line() -> CaseLine {
    let text = |text: &str| text.to_owned();
    CaseLine {
        case: text("order-1"),
        tenant: text("acme"),
        net: text("n"),
        status: text("running"),
        due: None,
        receipt: 1,
    }
}

/// The items that there are: for support, for anybody, for support and vera's, for legal.
fn work_lines() -> Vec<WorkLine> {
    let line = |(task, roles, holder): (&str, &[&str], Option<&str>)| WorkLine {
        work: format!("order-1/{task}/1"),
        tenant: "acme".into(),
        state: if holder.is_some() { "allocated" } else { "offered" }.into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        holder: holder.map(str::to_owned),
        priority: 0,
        since: NOW.into(),
        late: None,
    };
    let items = [
        ("T_Answer", &["support", "sales"][..], None),
        ("T_Greet", &[], None),
        ("T_Review", &["support"], Some("vera")),
        ("T_Sign", &["legal"], None),
    ];
    items.map(line).into()
}

fn ready<'a, T: Send + 'a>(value: T) -> Promise<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Service for Fake {
    fn now(&self) -> Time {
        Time::parse(NOW).unwrap()
    }

    fn health(&self) -> Health {
        Health::Ready
    }

    fn submit(&self, event: Event, _: &Trail) -> Promise<'_, Report> {
        if event.id == "never" {
            return Box::pin(std::future::pending());
        }
        if event.id == "halted" {
            return Box::pin(std::future::ready(Err(Unavailable("the store cannot be reached".into()))));
        }
        assert_ne!(event.id, "panic", "as asked");
        ready(self.judge(event))
    }

    fn accept(&self, event: Event, _: &Trail) -> Promise<'_, Accepted> {
        if event.id == "later" {
            self.state().pending.push(event.key());
            return ready(Accepted::Kept);
        }
        ready(Accepted::Told(Box::new(self.judge(event))))
    }

    fn events_of_id(&self, id: String) -> Promise<'_, Vec<DedupKey>> {
        ready(self.state().known.keys().filter(|key| key.id == id).cloned().collect())
    }

    fn event(&self, key: DedupKey) -> Promise<'_, Option<EventFile>> {
        ready(self.state().known.get(&key).map(|(event, report)| EventFile {
            event: serde_json::from_str(event.canonical()).unwrap(),
            outcome: OutcomeLine::new(Prelude::default(), report),
            history: Vec::new(),
        }))
    }

    fn is_pending(&self, key: &DedupKey) -> bool {
        self.state().pending.contains(key)
    }

    fn events(&self, wanted: EventsWanted) -> Promise<'_, Stretch<EventLine, DedupKey>> {
        let state = self.state();
        let behind = state.known.iter().filter(|(key, _)| wanted.after.as_ref().is_none_or(|after| *key > after));
        let fits = behind.filter(|(key, (_, report))| {
            wanted.tenant.as_ref().is_none_or(|tenant| key.tenant == *tenant)
                && wanted.outcome.is_none_or(|outcome| report.outcome == outcome)
        });
        let found: Vec<_> = fits.take(wanted.limit + 1).collect();
        let more = found.len() > wanted.limit;
        let items: Vec<EventLine> =
            found.iter().take(wanted.limit).map(|(key, (_, report))| line(key, report)).collect();
        let next = more.then(|| found[wanted.limit - 1].0.clone());
        ready(Stretch { items, next })
    }

    fn order(&self, target: Target, act: Act) -> Promise<'_, Result<Report, Denied>> {
        let Target::Event(key) = target else { return ready(Err(Denied("the service still does not answer".into()))) };
        let mut state = self.state();
        let (event, first) = state.known[&key].clone();
        if first.outcome != Outcome::Referred {
            return ready(Err(Denied(format!("event `{}` is {}", key.id, first.outcome.name()))));
        }
        let sequence = state.entries.len() as u64 + 1;
        let report = Report { outcome: Outcome::Completed, receipt: Some(sequence), ..first.clone() };
        let again = Again { first: first.receipt.unwrap(), act };
        state.entries.push(entry(sequence, &event, &report, Some(again)));
        state.known.insert(key, (event, report.clone()));
        ready(Ok(report))
    }

    fn cases(&self, wanted: CasesWanted) -> Promise<'_, Stretch<CaseLine, CaseKey>> {
        let fits = |line: &CaseLine| wanted.tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant);
        ready(Stretch { items: Some(case_line()).into_iter().filter(fits).collect(), next: None })
    }

    fn case(&self, key: CaseKey) -> Promise<'_, Option<CaseFile>> {
        let line = case_line();
        let known = key.tenant == line.tenant;
        let file = CaseFile { line, digest: "sha256:0".into(), now: json!({}), history: Vec::new(), earlier: false };
        ready(known.then_some(file))
    }

    fn works(&self, wanted: WorkWanted) -> Promise<'_, Stretch<WorkLine, WorkKey>> {
        let fits =
            |line: &WorkLine| wanted.tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant) && wanted.fits(line);
        ready(Stretch { items: work_lines().into_iter().filter(fits).collect(), next: None })
    }

    fn nets(&self) -> Promise<'_, Vec<NetLine>> {
        ready(vec![net_line()])
    }

    fn net(&self, name: String) -> Promise<'_, Option<NetFile>> {
        let file = NetFile { line: net_line(), text: "net = \"sale\"".into() };
        ready((name == file.line.net).then_some(file))
    }

    /// Loads nothing, and remembers what was wanted.
    fn load_net(&self, wanted: LoadWanted) -> Promise<'_, Result<NetLine, Box<ProblemLine>>> {
        let duplicate = wanted.key.as_deref() == Some("again");
        self.loads.lock().unwrap().push(wanted);
        ready(Ok(NetLine { duplicate, ..net_line() }))
    }

    fn unload_net(&self, wanted: UnloadWanted) -> Promise<'_, Result<UnloadedLine, Box<ProblemLine>>> {
        let NetLine { net, digest, receipt, .. } = net_line();
        let line = UnloadedLine { net, digest, receipt, duplicate: false, under_way: Some(3) };
        let told = if wanted.net == line.net { Ok(line) } else { Err(Box::new(ProblemLine::new("NotFound", "no"))) };
        self.unloads.lock().unwrap().push(wanted);
        ready(told)
    }

    fn stuck(&self) -> Promise<'_, Vec<StuckLine>> {
        ready(Vec::new())
    }

    fn undelivered(&self, after: u64, limit: usize) -> Promise<'_, Vec<UndeliveredLine>> {
        let letter = |(number, tenant): (u64, &str)| UndeliveredLine {
            number,
            tenant: tenant.into(),
            subject: "cust-1".into(),
            effect: "billing/1".into(),
            action: "capture-payment".into(),
            cause: 1,
            key: "0".repeat(64),
            resent: 0,
        };
        let letters = [(3, "acme"), (5, "globex")].map(letter);
        ready(letters.into_iter().filter(|letter| letter.number > after).take(limit).collect())
    }

    fn quarantined(&self) -> Promise<'_, Vec<QuarantinedLine>> {
        ready(Vec::new())
    }

    fn facts(&self, tenant: String, customer: Option<String>) -> Promise<'_, Vec<FactLine>> {
        let fact = |name: &str| FactLine {
            name: name.into(),
            version: 1,
            value: customer.clone().unwrap_or_else(|| tenant.clone()).into(),
            by: "billing".into(),
            event: "evt-1".into(),
            at: NOW.into(),
        };
        ready(["billing.invoice.inv-1", "billing.plan"].map(fact).into())
    }

    fn receipt(&self, sequence: u64) -> Promise<'_, Option<Entry>> {
        let at = usize::try_from(sequence).ok().and_then(|sequence| sequence.checked_sub(1));
        ready(at.and_then(|at| self.state().entries.get(at).cloned()))
    }

    fn receipts(&self, after: u64, limit: usize) -> Promise<'_, Vec<(u64, Entry)>> {
        let state = self.state();
        let numbered = (1..).zip(&state.entries).filter(|(sequence, _)| *sequence > after);
        ready(numbered.take(limit).map(|(sequence, entry)| (sequence, entry.clone())).collect())
    }

    fn grown(&self, beyond: u64) -> Promise<'_, u64> {
        let mut grown = self.grown.subscribe();
        Box::pin(async move {
            let sequence = grown.wait_for(|sequence| *sequence > beyond).await;
            sequence.map(|sequence| *sequence).map_err(|why| Unavailable(why.to_string()))
        })
    }

    fn stats(&self) -> Promise<'_, Stats> {
        ready(Stats { receipts: self.state().entries.len() as u64, ..Stats::default() })
    }

    fn slots(&self) -> Promise<'_, Vec<SlotLine>> {
        let active = SeatLine {
            number: None,
            name: "billing".into(),
            version: "1.0.0".into(),
            digest: format!("sha256:{}", "0".repeat(64)),
            kinds: Vec::new(),
        };
        let budget = BudgetLine { calls: 100, failures_max: 2, failed: 0, watched: false };
        ready(vec![SlotLine { slot: "billing".into(), active, trial: None, warm: None, versions: 0, budget }])
    }

    fn versions(&self, slot: String, _: u32, _: usize) -> Promise<'_, Option<Vec<PastVersion>>> {
        ready((slot == "billing").then(Vec::new))
    }

    fn trial(&self, slot: String, _: u64) -> Promise<'_, Option<TrialFile>> {
        let shown = TrialCounts::default();
        let file = |slot| TrialFile { slot, number: 2, mode: "shadow".into(), shown, differences: Vec::new() };
        ready((slot == "billing").then(|| file(slot)))
    }

    /// Changes nothing, and remembers what was wanted.
    fn swap(&self, wanted: SwapWanted) -> Promise<'_, Result<SwappedLine, Box<ProblemLine>>> {
        let no = |kind: &str| Err(Box::new(ProblemLine::new(kind, "the fake has but `billing`")));
        let told = if wanted.slot == "billing" {
            Ok(SwappedLine { receipt: Some(1), duplicate: false, active: 1, trial: None, warm: None })
        } else {
            no("NotFound")
        };
        self.wanted.lock().unwrap().push(wanted);
        ready(told)
    }

    fn tokens(&self) -> Promise<'_, Vec<KeptToken>> {
        ready(self.tokens.lock().unwrap().values().cloned().collect())
    }

    fn keep_token(&self, token: KeptToken, keep: bool, _: String) -> Promise<'_, ()> {
        let mut tokens = self.tokens.lock().unwrap();
        if keep {
            tokens.insert(token.hash.clone(), token)
        } else {
            tokens.remove(&token.hash)
        };
        ready(())
    }

    fn backup(&self, _: String) -> Promise<'_, Result<Backup, Denied>> {
        let (give, pieces) = mpsc::channel(2);
        for piece in ["all that ", "is kept"] {
            give.try_send(Ok(piece.into())).unwrap();
        }
        ready(Ok(Backup { receipt: 7, paused: std::time::Duration::from_micros(42), pieces }))
    }
}

fn line(key: &DedupKey, report: &Report) -> EventLine {
    let DedupKey { tenant, source, id } = key.clone();
    EventLine { id, tenant, source, outcome: report.outcome.name().into(), receipt: report.receipt }
}

/// A server over the fake.
pub(super) struct Door {
    pub(super) app: Arc<App>,
    pub(super) closing: watch::Sender<bool>,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Told {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem's kind, and that it is a whole problem.
    pub(super) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["type"], format!("/problems/{}", problem["kind"].as_str().unwrap()));
        problem["kind"].as_str().unwrap().to_owned()
    }
}

impl Door {
    pub(super) async fn open() -> Self {
        Self::with(ServerConfig { rate: None, ..ServerConfig::default() }).await
    }

    pub(super) async fn with(config: ServerConfig) -> Self {
        Self::over(Arc::new(Fake::default()), config).await
    }

    /// With the fake, for tests that ask what reached it.
    pub(super) async fn over_fake() -> (Self, Arc<Fake>) {
        let fake = Arc::new(Fake::default());
        let config = ServerConfig { rate: None, ..ServerConfig::default() };
        (Self::over(Arc::clone(&fake), config).await, fake)
    }

    async fn over(fake: Arc<Fake>, config: ServerConfig) -> Self {
        let (closing, is_closing) = watch::channel(false);
        let app = Arc::new(App::new(fake, Arc::new(Metrics::new()), &config, is_closing).await.unwrap());
        Self { router: router(&app), app, closing }
    }

    /// A token of a role, for a tenant or for all.
    pub(super) async fn token(&self, role: &str, tenant: Option<&str>) -> String {
        self.token_of(&format!("a-{role}"), role, tenant, &[]).await
    }

    /// A token by its name, with work roles.
    pub(super) async fn token_of(&self, name: &str, role: &str, tenant: Option<&str>, roles: &[&str]) -> String {
        let (tenant, work_roles) = (tenant.map(str::to_owned), roles.iter().map(|role| (*role).to_owned()).collect());
        let wish = TokenBody { name: name.into(), role: role.into(), tenant, work_roles, days: None };
        let (new, kept) = mint(&wish, self.app.service.now()).unwrap();
        self.app.tokens.add(&*self.app.service, kept, "tests").await.unwrap();
        new.secret
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Told {
        let response = self.answer(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Told { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(super) async fn answer(&self, request: Request<Body>) -> Response {
        self.answer_to(Peer { address: Some([192, 0, 2, 1].into()), standing: None }, request).await
    }

    pub(super) async fn answer_to(&self, peer: Peer, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(peer);
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn get(&self, path: &str, token: &str) -> Told {
        self.send(request("GET", path, token).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, token: &str, headers: &[(&str, &str)], body: &str) -> Told {
        let mut request = request("POST", path, token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

/// A request with a token, or with none where that is empty.
pub(super) fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
}

/// An event, of a tenant.
pub(super) fn event(id: &str, tenant: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/shop","type":"marketplace.CustomerSubscribes","tenant":"{tenant}","subject":"cust-1","time":"{NOW}","data":{{"sku":"pro"}}}}"#
    )
}

/// One request a second, and no burst.
pub(super) const SLOW: Rate = Rate { per_ms: 1_000, requests: 1, burst: 1 };

pub(super) const JSON: (&str, &str) = ("content-type", "application/json");
