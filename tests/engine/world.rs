//! A world for the engine: governors that answer from a script, a connector that counts, a store in memory.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use serde_json::{Value, json};
use syndic_core::config::SlotConfig;
use syndic_core::decision::{DeclaredRead, Effect, Raise, Reason, TimerRequest, Undo, Write};
use syndic_core::effect::{Mode, Way};
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Answer, Answering, Called, Clock, Code, Commit, Connector, Facts, Failure, GovernorRuntime, Installed, Migrated,
    NoAnswer, Question, Request, Store, Waiting,
};
use syndic_core::{Config, Decision, Error, Event, FactName, Manifest, Report, Scope, Slot, Time, Verdict};
use syndic_engine::{Consequence, Given, Host, Lineup, Ports};
use syndic_ledger::{Hash, Master, Receipt, sha256};
use syndic_store::MemoryStore;

use crate::lanes::Gate;

/// How a scripted governor answers.
pub type Script = dyn Fn(&Asked) -> Result<Decision, Failure> + Send + Sync;

/// What a scripted governor is asked.
pub struct Asked {
    pub question: Question,
    pub facts: Arc<dyn Facts>,
}

impl Asked {
    pub fn context(&self) -> &syndic_core::ports::Context {
        match &self.question {
            Question::Evaluate(context) | Question::Feedback(context, _) => context,
        }
    }

    pub fn is_feedback(&self) -> bool {
        matches!(self.question, Question::Feedback(..))
    }

    pub fn accepted(&self) -> bool {
        matches!(&self.question, Question::Feedback(_, results) if results.iter().all(|result| result.accepted))
    }

    pub fn fact(&self, name: &str) -> Option<String> {
        let seen = self.facts.read(&customer(name)).expect("it is declared");
        seen.map(|seen| seen.value)
    }
}

/// How a scripted governor carries facts over: from which schema, and what they are.
pub type Carry = dyn Fn(u32, Vec<Seen>) -> Result<Vec<(String, String)>, Failure> + Send + Sync;

/// One version: what it says of itself, how it answers, and how it carries facts over.
pub struct Version {
    pub manifest: Manifest,
    pub script: Box<Script>,
    pub carry: Box<Carry>,
}

#[derive(Default)]
pub struct Scripted {
    /// Who judges when the story begins.
    seated: Vec<Arc<Installed>>,
    /// Every version there is, by the SHA-256 of its component, which is its slot and its name.
    versions: BTreeMap<Hash, Version>,
}

impl GovernorRuntime for Scripted {
    fn load(&self, slot: &Slot, component: &[u8], _: &SlotConfig) -> Result<Arc<Installed>, Error> {
        let digest = sha256(component);
        let Some(version) = self.versions.get(&digest) else {
            let reason = format!("there is no `{}`", String::from_utf8_lossy(component));
            return Err(Error::ComponentRejected { governor: slot.clone(), reason });
        };
        let manifest = version.manifest.clone();
        Ok(Arc::new(Installed { slot: slot.clone(), manifest, digest, code: Code::none() }))
    }

    fn engine_hash(&self) -> Hash {
        sha256(b"scripted")
    }

    fn call(&self, version: &Installed, _: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let script = &self.versions[&version.digest].script;
        Called { answer: script(&Asked { question, facts }), fuel: 100 }
    }

    fn migrate(&self, version: &Installed, _: &SlotConfig, from: u32, facts: Vec<Seen>) -> Migrated {
        Migrated { answer: (self.versions[&version.digest].carry)(from, facts), fuel: 10 }
    }
}

/// How a scripted service answers.
pub type Service = dyn Fn(&Request) -> Result<Answer, NoAnswer> + Send + Sync;

/// Says what it is told to say, and writes down everything it was asked.
pub struct Telltale {
    pub asked: Mutex<Vec<Request>>,
    pub answer: Box<Service>,
    /// What happens elsewhere while it is asked.
    pub while_asked: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Connector for Telltale {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(request.clone());
            if let Some(happens) = &*self.while_asked.lock().unwrap() {
                happens();
            }
            (self.answer)(request)
        })
    }
}

/// A clock that is moved by hand, and by whoever waits for it: nothing else would happen until then.
#[derive(Default)]
pub struct HandClock {
    ms: AtomicI64,
    stands: AtomicBool,
    /// How far every look moves it.
    races: AtomicI64,
}

impl HandClock {
    pub fn move_by(&self, ms: i64) {
        self.ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// From now on every look at it moves it so far: whatever is done takes so long.
    pub fn race(&self, ms: i64) {
        self.races.store(ms, Ordering::SeqCst);
    }

    /// From now on nobody's waiting moves it: what a story holds back is not late.
    pub fn stand_still(&self) {
        self.stands.store(true, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time::from_ms(self.ms.fetch_add(self.races.load(Ordering::SeqCst), Ordering::SeqCst))
    }

    fn wait_until(&self, at: Time) -> Waiting<'_> {
        Box::pin(poll_fn(move |_| {
            if self.stands.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
            self.ms.fetch_max(at.ms(), Ordering::SeqCst);
            Poll::Ready(())
        }))
    }
}

/// Everything a story needs, before the host is built over it.
pub struct World {
    pub config: Config,
    pub scripted: Scripted,
    pub connector: Telltale,
    pub store: Arc<dyn Store>,
    pub clock: Arc<HandClock>,
}

/// The host of a story.
pub struct Stage {
    pub host: Arc<Host>,
    pub connector: Arc<Telltale>,
    pub store: Arc<dyn Store>,
}

impl World {
    pub fn new() -> Self {
        let answer = Box::new(|_: &Request| Ok(Answer { accepted: true, body: json!({}) }));
        Self {
            config: Config::default(),
            scripted: Scripted::default(),
            connector: Telltale { asked: Mutex::default(), answer, while_asked: Mutex::default() },
            store: Arc::new(MemoryStore::new(Master::from_seed(0))),
            clock: Arc::default(),
        }
    }

    /// Has a governor judge that is asked about every kind of the stories, may read everything, and answers so.
    pub fn governor(
        mut self,
        slot: &str,
        script: impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync + 'static,
    ) -> Self {
        self = self.version(slot, slot, |_| {}, script);
        let seated = self.scripted.load(&self::slot(slot), slot.as_bytes(), &SlotConfig::default()).unwrap();
        self.scripted.seated.push(seated);
        self
    }

    /// A version that can be installed: its component is its name. It has another schema where its manifest says so, and
    /// carries facts over as they are.
    pub fn version(
        mut self,
        slot: &str,
        name: &str,
        say: impl Fn(&mut Manifest),
        script: impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync + 'static,
    ) -> Self {
        let any = |scope| DeclaredRead { scope, name: "*".into(), exact: false };
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let mut manifest = Manifest {
            name: slot.to_owned(),
            version: "1.0.0".into(),
            kinds: texts(&[
                "RenewalDue",
                "PaymentProcessed",
                "CustomerCancels",
                "ProductChanged",
                "TimerFired",
                "EffectSettled",
            ]),
            reads: vec![any(Scope::Customer), any(Scope::Tenant)],
            effects: texts(&["authorize-payment", "kyc-check", "mail", "capture", "reserve"]),
            state_schema: 1,
        };
        say(&mut manifest);
        let carry = |_, facts: Vec<Seen>| Ok(facts.into_iter().map(|fact| (fact.name, fact.value)).collect());
        let version = Version { manifest, script: Box::new(script), carry: Box::new(carry) };
        self.scripted.versions.insert(sha256(name.as_bytes()), version);
        self
    }

    /// How a version carries facts over.
    pub fn carrying(
        mut self,
        name: &str,
        carry: impl Fn(u32, Vec<Seen>) -> Result<Vec<(String, String)>, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.scripted.versions.get_mut(&sha256(name.as_bytes())).unwrap().carry = Box::new(carry);
        self
    }

    pub fn connector(mut self, answer: impl Fn(&Request) -> Result<Answer, NoAnswer> + Send + Sync + 'static) -> Self {
        self.connector.answer = Box::new(answer);
        self
    }

    pub fn over(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    pub fn stage(mut self) -> Stage {
        let answer = Box::new(|_: &Request| unreachable!("it was replaced"));
        let silent = Telltale { asked: Mutex::default(), answer, while_asked: Mutex::default() };
        let connector = Arc::new(std::mem::replace(&mut self.connector, silent));
        let store = Arc::clone(&self.store);
        let host = self.host(Arc::clone(&connector) as Arc<dyn Connector>);
        Stage { host, connector, store }
    }

    /// The host of a story whose service answers when it is let, however long that takes.
    pub fn gated(self, gate: &Arc<Gate>) -> Arc<Host> {
        self.clock.stand_still();
        self.host(Arc::clone(gate) as Arc<dyn Connector>)
    }

    /// The host of a story with a connector of its own.
    pub fn host(self, connector: Arc<dyn Connector>) -> Arc<Host> {
        let given: Vec<Given<'_>> = self
            .scripted
            .seated
            .iter()
            .map(|seated| Given {
                slot: seated.slot.clone(),
                component: seated.manifest.name.as_bytes(),
                overrides: false,
            })
            .collect();
        let kept = given.iter().map(|given| (sha256(given.component), given.component.to_vec())).collect();
        self.store.keep(kept).unwrap();
        let lineup = Lineup::assemble(&*self.store, &self.scripted, &self.config, &given).unwrap();
        let ports = Ports { store: self.store, runtime: Arc::new(self.scripted), connector, clock: self.clock };
        Arc::new(Host::new(ports, self.config, Master::from_seed(0), lineup).unwrap())
    }
}

impl Stage {
    pub fn submit(&self, event: Value) -> Report {
        let report = self.host.submit(Event::from_outside(event.to_string().as_bytes()).unwrap()).unwrap();
        self.check_ledger();
        report
    }

    pub fn follow(&self, until: Option<&str>) -> Vec<Consequence> {
        let until = until.map(|text| Time::parse(text).unwrap());
        std::iter::from_fn(|| self.host.next_consequence(until).unwrap()).collect()
    }

    pub fn fact(&self, name: &str) -> Option<Value> {
        self.store.fact(&customer(name).key("acme", "c1")).unwrap().map(|fact| fact.value.read())
    }

    /// What the world was asked, as `do action` and `undo action`.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.connector.asked.lock().unwrap();
        let way = |way| if way == Way::Do { "do" } else { "undo" };
        asked.iter().map(|request| format!("{} {}", way(request.way), request.action)).collect()
    }

    /// Every leaf reads back strictly, and the root is over exactly these leaves.
    pub fn check_ledger(&self) {
        let head = self.store.head().unwrap();
        let mut frontier = syndic_ledger::Frontier::new();
        for sequence in 1..=head.frontier.size() {
            let entry = self.store.receipt(sequence).unwrap().expect("no gap");
            let receipt = Receipt::parse(entry.leaf.as_bytes()).unwrap();
            assert_eq!(receipt.sequence, sequence);
            frontier.append(receipt.leaf_hash());
        }
        assert_eq!(frontier.root(), head.frontier.root());
    }

    pub fn receipt(&self, sequence: u64) -> Receipt {
        Receipt::parse(self.store.receipt(sequence).unwrap().unwrap().leaf.as_bytes()).unwrap()
    }
}

// ── words the stories use ───────────────────────────────────────────────────────────────────────────────────────────

pub fn slot(name: &str) -> Slot {
    Slot::new(name).unwrap()
}

pub fn customer(name: &str) -> FactName {
    FactName { scope: Scope::Customer, name: name.into() }
}

/// Writes past the engine, as another lane would.
pub fn commit(store: &Arc<dyn Store>, commit: Commit) {
    store.admit(&mut |_| Ok(Some(commit.clone()))).unwrap();
}

pub fn renewal(id: &str, time: &str) -> Value {
    event(id, "RenewalDue", time, json!({"subscription_id": "sub-1"}))
}

pub fn payment(id: &str, key: &str, amount: i64) -> Value {
    event(id, "PaymentProcessed", "2026-01-01T00:00:00Z", json!({"amount": amount, "idempotency_key": key}))
}

pub fn event(id: &str, kind: &str, time: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": format!("marketplace.{kind}"), "tenant": "acme",
           "subject": "c1", "time": time, "data": data})
}

pub fn approve() -> Decision {
    Decision { verdict: Verdict::Approve, ..Decision::abstain() }
}

pub fn refuse(code: &str) -> Decision {
    let reason = Reason { code: code.into(), message: format!("no: {code}") };
    Decision { verdict: Verdict::Refuse(reason), ..Decision::abstain() }
}

pub fn refer(code: &str) -> Decision {
    let reason = Reason { code: code.into(), message: format!("ask: {code}") };
    Decision { verdict: Verdict::Refer(reason), ..Decision::abstain() }
}

/// Adds to a decision, so that stories read as sentences.
pub trait With {
    fn set(self, name: &str, value: Value) -> Self;
    fn write(self, write: Write) -> Self;
    fn reversible(self, id: &str) -> Self;
    fn check(self, id: &str) -> Self;
    fn mail(self, id: &str) -> Self;
    fn timer(self, name: &str, due: &str) -> Self;
    fn raise(self, kind: &str, data: Value) -> Self;
}

impl With for Decision {
    fn set(self, name: &str, value: Value) -> Self {
        self.write(Write::Set { fact: customer(name), value: value.into() })
    }

    fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    fn reversible(mut self, id: &str) -> Self {
        let undo = Undo { action: "void-authorization".into(), body: json!({"of": id}).into() };
        self.effects.push(effect(id, "authorize-payment", Mode::Reversible, Some(undo)));
        self
    }

    fn check(mut self, id: &str) -> Self {
        self.effects.push(effect(id, "kyc-check", Mode::Check, None));
        self
    }

    fn mail(mut self, id: &str) -> Self {
        self.effects.push(effect(id, "mail", Mode::Deferred, None));
        self
    }

    fn timer(mut self, name: &str, due: &str) -> Self {
        self.timers.push(TimerRequest { name: name.into(), due: Time::parse(due).unwrap(), data: None });
        self
    }

    fn raise(mut self, kind: &str, data: Value) -> Self {
        self.raises.push(Raise { kind: kind.into(), data: data.into() });
        self
    }
}

fn effect(id: &str, action: &str, mode: Mode, undo: Option<Undo>) -> Effect {
    Effect { id: id.into(), action: action.into(), mode, key: id.into(), body: json!({"id": id}).into(), undo }
}
