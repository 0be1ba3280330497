//! The bank: the one outside service, with a book of its own that no crash of the host touches.
//!
//! It honours keys: what was asked under one key is answered alike for ever. Everything else it does as the world does:
//! answers come at once, late or never, requests arrive after the caller went away, arrive twice, arrive after their own
//! undo, which is then remembered; an undo is refused and later accepted; for a while nobody is there.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::ports::{Answer, Answering, Clock, Connector, Intent, NoAnswer, Request};
use syndic_core::{Text, Time};
use syndic_ledger::Hash;

use crate::clock::SimClock;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::log::Log;

/// How something that was asked for stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The bank said no.
    Declined,
    /// An authorisation or reservation that is neither undone nor captured.
    Open,
    /// It was undone, perhaps before it was done.
    Undone,
    /// An authorisation whose money was taken.
    Captured,
    /// Anything else that was done.
    Done,
}

/// What the book says of one key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The tenant.
    pub tenant: String,
    /// The action; none where the undo came first.
    pub action: String,
    /// The order it belongs to.
    pub order: String,
    /// How it stands.
    pub standing: Standing,
    body: Text,
    answer: Answer,
}

impl Entry {
    /// How much it is about.
    pub fn amount(&self) -> i64 {
        self.answer.body["amount"].as_i64().unwrap_or(0)
    }
}

/// The bank, and the network on the way to it.
pub struct Bank {
    clock: Arc<SimClock>,
    log: Arc<Log>,
    desk: Mutex<Desk>,
}

struct Desk {
    dice: Dice,
    /// How many calls in a hundred go wrong.
    trouble: u64,
    book: BTreeMap<Hash, Entry>,
    /// How often each undo will still be refused.
    refusals: BTreeMap<Hash, u32>,
    /// Requests on their way, by when they arrive.
    on_their_way: BTreeMap<(Time, u64), Request>,
    answers: BTreeMap<u64, Answer>,
    calls: u64,
    silent_until: Time,
    wrong: Option<String>,
    counts: Counts,
}

/// What becomes of one call: when it arrives, and when its answer is back.
struct Fate {
    name: &'static str,
    arrives_ms: Option<i64>,
    answers_ms: Option<i64>,
}

impl Bank {
    /// A bank with an empty book.
    pub fn new(seed: u64, trouble: u64, clock: &Arc<SimClock>, log: &Arc<Log>) -> Self {
        let desk = Desk {
            dice: Dice::of(seed, "bank"),
            trouble,
            book: BTreeMap::new(),
            refusals: BTreeMap::new(),
            on_their_way: BTreeMap::new(),
            answers: BTreeMap::new(),
            calls: 0,
            silent_until: Time::default(),
            wrong: None,
            counts: Counts::default(),
        };
        Self { clock: Arc::clone(clock), log: Arc::clone(log), desk: Mutex::new(desk) }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next request arrives.
    pub fn next(&self) -> Option<Time> {
        self.desk().on_their_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes in what arrives up to a moment.
    pub fn go_to(&self, at: Time) {
        let mut desk = self.desk();
        while let Some(((when, call), request)) = desk.on_their_way.pop_first() {
            if when > at {
                desk.on_their_way.insert((when, call), request);
                break;
            }
            desk.execute(call, &request, &self.log);
        }
    }

    /// What it should never have been asked.
    pub fn wrong(&self) -> Option<String> {
        self.desk().wrong.clone()
    }

    /// The book.
    pub fn book(&self) -> BTreeMap<Hash, Entry> {
        self.desk().book.clone()
    }

    /// What happened at the desk, to be counted.
    pub fn counts(&self) -> Counts {
        self.desk().counts.clone()
    }

    /// Nothing goes wrong any more, so that what is left can come to its end.
    pub fn calm_down(&self) {
        let mut desk = self.desk();
        desk.trouble = 0;
        desk.silent_until = Time::default();
    }

    /// A person sees to it that something is undone, whether it was ever done or not.
    pub fn undo_by_hand(&self, intent: &Intent) {
        let mut desk = self.desk();
        match desk.book.get_mut(&intent.key) {
            Some(entry) if entry.standing == Standing::Open => entry.standing = Standing::Undone,
            Some(_) => {}
            None => desk.never(&intent.event.tenant, intent.key),
        }
    }

    fn take(&self, request: &Request) -> (u64, Option<Time>, Fate) {
        let now = self.clock.now();
        let mut desk = self.desk();
        desk.calls += 1;
        let call = desk.calls;
        let fate = desk.fate(now);
        desk.counts.add(fate.name);
        self.log.say(|| format!("  call {call}: {} {}, {}", way(request.way), request.action, fate.name));
        match fate.arrives_ms {
            Some(0) => desk.execute(call, request, &self.log),
            Some(ms) => {
                desk.on_their_way.insert((now.plus_ms(ms), call), request.clone());
            }
            None => {}
        }
        if fate.name == "a request that arrives twice" {
            let again = now.plus_ms(desk.dice.within(1, 9_000));
            desk.on_their_way.insert((again, call), request.clone());
        }
        (call, fate.answers_ms.map(|ms| now.plus_ms(ms)), fate)
    }
}

impl Connector for Bank {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(async move {
            let (call, answered, fate) = self.take(request);
            if fate.name == "a service that is not there" {
                return Err(NoAnswer { reason: "it cannot be reached".into() });
            }
            let Some(at) = answered else { return pending().await };
            self.clock.wait_until(at).await;
            let answer = self.desk().answers.remove(&call);
            answer.ok_or(NoAnswer { reason: "it hung up".into() })
        })
    }
}

impl Desk {
    fn fate(&mut self, now: Time) -> Fate {
        let fate = |name, arrives_ms, answers_ms| Fate { name, arrives_ms, answers_ms };
        if now < self.silent_until {
            return fate("a request in a silence", None, None);
        }
        if !self.dice.percent(self.trouble) {
            let slow = self.dice.within(1, 800);
            return match self.dice.below(3) {
                0 => fate("a slow answer", Some(slow), Some(slow + self.dice.within(0, 800))),
                _ => fate("an answer at once", Some(0), Some(0)),
            };
        }
        let later = self.dice.within(0, 3_000);
        match self.dice.below(8) {
            0 => fate("an answer that comes too late", Some(later), Some(later + self.dice.within(2_000, 5_000))),
            1 => fate("an answer that is lost", Some(later), None),
            2 => fate("a request that is lost", None, None),
            3 => fate("a service that is not there", None, None),
            4 => fate("a request that is late and lost", Some(later + 2_000), None),
            5 | 6 => fate("a request that arrives twice", Some(0), Some(self.dice.within(0, 1_500))),
            _ => {
                self.silent_until = now.plus_ms(self.dice.within(500, 20_000));
                fate("a request in a silence", None, None)
            }
        }
    }

    fn execute(&mut self, call: u64, request: &Request, log: &Log) {
        let answer = match request.way {
            Way::Do => self.do_it(request),
            Way::Undo => self.undo_it(request),
        };
        log.say(|| {
            let said = if answer.accepted { "yes" } else { "no" };
            let order = request.body.value()["order"].as_str().unwrap_or_default().to_owned();
            format!("  bank: call {call}, {} {} {order} [{:.6}]: {said}", way(request.way), request.action, request.key)
        });
        self.answers.insert(call, answer);
    }

    fn do_it(&mut self, request: &Request) -> Answer {
        if let Some(known) = self.book.get(&request.key) {
            let same = known.action == request.action && known.body == request.body;
            let (undone_first, answer) = (known.action.is_empty(), known.answer.clone());
            if !same && !undone_first {
                self.is_wrong(format!("one key was used for `{}` and for `{}`", known.body, request.body));
            }
            self.counts.add("an effect asked for again under its key");
            return answer;
        }
        let body = request.body.value();
        let order = body["order"].as_str().unwrap_or_default().to_owned();
        let yes = self.dice.percent(88);
        let standing = match request.action.as_str() {
            "authorize-payment" | "reserve" if yes => {
                self.only_one(request, &order);
                Standing::Open
            }
            "capture" if yes => self.capture(&body),
            "mail" => Standing::Done,
            "kyc-check" if yes => Standing::Done,
            _ => Standing::Declined,
        };
        let accepted = standing != Standing::Declined;
        let standing = if request.action == "capture" && accepted { Standing::Done } else { standing };
        let answer = Answer { accepted, body: json!({"amount": body["amount"]["minor_units"].as_i64()}) };
        self.enter(request, order, standing, answer)
    }

    fn enter(&mut self, request: &Request, order: String, standing: Standing, answer: Answer) -> Answer {
        let (tenant, action, body) = (request.tenant.clone(), request.action.clone(), request.body.clone());
        let entry = Entry { tenant, action, order, standing, body, answer: answer.clone() };
        self.book.insert(request.key, entry);
        answer
    }

    /// Nothing is done for one order while it stands done already.
    fn only_one(&mut self, request: &Request, order: &str) {
        let same = |entry: &&Entry| {
            entry.standing == Standing::Open
                && (entry.tenant.as_str(), entry.action.as_str(), entry.order.as_str())
                    == (request.tenant.as_str(), request.action.as_str(), order)
        };
        if self.book.values().any(|entry| same(&entry)) {
            self.is_wrong(format!("`{}` was done twice for `{order}`", request.action));
        }
    }

    fn capture(&mut self, body: &Value) -> Standing {
        let key: Option<Hash> = serde_json::from_value(body["authorization"].clone()).ok();
        match key.and_then(|key| self.book.get_mut(&key)) {
            Some(entry) if entry.standing == Standing::Open => {
                entry.standing = Standing::Captured;
                Standing::Done
            }
            other => {
                let standing = other.map(|entry| entry.standing);
                self.is_wrong(format!("a capture of an authorisation that stands {standing:?}"));
                Standing::Declined
            }
        }
    }

    fn undo_it(&mut self, request: &Request) -> Answer {
        let answer = |accepted| Answer { accepted, body: json!({}) };
        let (dice, trouble) = (&mut self.dice, self.trouble);
        let refusals = self.refusals.entry(request.key).or_insert_with(|| match dice.below(100) {
            0..8 if trouble > 0 => 1 + u32::try_from(dice.below(3)).unwrap_or(0),
            8..10 if trouble > 0 => 100,
            _ => 0,
        });
        if *refusals > 0 {
            *refusals -= 1;
            self.counts.add("an undo that is refused");
            return answer(false);
        }
        let Some(key) = request.undoes else {
            self.is_wrong("an undo that does not say of what".into());
            return answer(false);
        };
        match self.book.get_mut(&key) {
            Some(entry) if entry.standing == Standing::Captured => {
                let order = entry.order.clone();
                self.is_wrong(format!("an undo of what was captured, for `{order}`"));
            }
            Some(entry) if entry.standing == Standing::Open => entry.standing = Standing::Undone,
            Some(_) => {}
            None => {
                self.counts.add("an undo that overtakes its effect");
                self.never(&request.tenant, key);
            }
        }
        answer(true)
    }

    /// Nothing will be done under a key any more.
    fn never(&mut self, tenant: &str, key: Hash) {
        let (action, order, body) = (String::new(), String::new(), json!({}).into());
        let answer = Answer { accepted: false, body: json!({}) };
        let entry = Entry { tenant: tenant.into(), action, order, standing: Standing::Undone, body, answer };
        self.book.insert(key, entry);
    }

    fn is_wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Do => "do",
        Way::Undo => "undo",
    }
}
