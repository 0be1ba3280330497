//! Thousands of random lives: people, services and the clock do what they like, in any order, on the marketplace's nets
//! and on nets that are made up. What is always true is checked by the world after every step; here is what has to be
//! true in the end: nothing that was done stays done unless it counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};
use syndic_core::ports::{Answer, CaseStatus, NoAnswer};
use syndic_engine::cases::{Call, CallId, CaseNet, CaseRefused, Command, Repair, WorkVerb};
use syndic_nets::model::{Due, Event, Kind, Net, Service, Span, Split, Template, Timer, Type, Unit, User};

use crate::generate::{Dice, sound};
use crate::nets::{PHASES, admitted, phase};
use crate::world::{DAY, World};

/// The outside world: it does a thing once for each key, and remembers.
#[derive(Default)]
struct Provider {
    /// What was answered the first time.
    said: BTreeMap<(String, String), Answer>,
    /// What is done and not undone, by task and key.
    done: BTreeSet<(String, String)>,
}

impl Provider {
    /// A call; sometimes it is done and nobody hears of it.
    fn hears(&mut self, call: &Call, dice: &mut Dice) -> Result<Answer, NoAnswer> {
        let silent = Err(NoAnswer { reason: "down".into() });
        let name = (call.id.task.clone(), call.key.clone());
        // Whoever waits for an event's outcome hears it.
        let is_event = call.event().is_some();
        if dice.below(8) == 0 && !is_event {
            return silent;
        }
        let answer = if call.id.undo {
            let accepted = dice.below(8) > 0;
            if accepted {
                self.done.remove(&name);
            }
            Answer { accepted, body: json!({}) }
        } else {
            let fresh = Answer { accepted: dice.below(4) > 0, body: said(&call.asks, dice) };
            let answer = self.said.entry(name.clone()).or_insert(fresh).clone();
            if answer.accepted {
                self.done.insert(name);
            }
            answer
        };
        if dice.below(6) == 0 && !is_event { silent } else { Ok(answer) }
    }
}

/// Something to say to what is asked, mostly what is wanted.
fn said(asks: &Json, dice: &mut Dice) -> Json {
    let word = |domain: &Json, dice: &mut Dice| match domain {
        Json::Array(words) => words[dice.below(words.len())].clone(),
        Json::String(kind) if kind == "bool" => json!(dice.below(2) == 1),
        Json::String(kind) if kind == "money" => json!(dice.below(1000)),
        Json::Object(range) => range["low"].clone(),
        _ => json!("a word"),
    };
    let mut body = Map::new();
    for (name, domain) in asks.as_object().into_iter().flatten() {
        match dice.below(20) {
            0 => {}
            1 => drop(body.insert(name.clone(), json!("never heard of"))),
            _ => drop(body.insert(name.clone(), word(domain, dice))),
        }
    }
    Json::Object(body)
}

struct Life<'n> {
    world: World<'n>,
    dice: Dice,
    provider: Provider,
    /// Calls that were made and whose answers are still on the way.
    flying: Vec<(CallId, Result<Answer, NoAnswer>)>,
    /// Tasks that were done by a service's yes, or by an operator's word: what was done for them counts.
    counts: BTreeSet<String>,
}

impl Life<'_> {
    /// Something is done, or time passes.
    fn goes_on(&mut self) {
        match self.dice.below(16) {
            0..5 => self.called(),
            5..7 => self.answered(),
            7..12 => self.worked(),
            12 => drop(self.world.wait(self.dice.below(3 * DAY as usize) as i64)),
            13 => drop(self.world.case.happens().map(|_| self.world.next())),
            _ => self.operated(),
        }
    }

    /// A call that is due is made. Its answer may take a while.
    fn called(&mut self) {
        let calls = self.world.calls();
        if calls.is_empty() {
            return;
        }
        let call = calls[self.dice.below(calls.len())].clone();
        if self.flying.iter().all(|(id, _)| *id != call.id)
            && let Some(answer) = self.made(&call)
        {
            self.flying.push((call.id, answer));
        }
        if self.dice.below(3) > 0 {
            self.answered();
        }
    }

    /// What a call comes to. Of an event nothing yet: it is raised, and judged at once.
    fn made(&mut self, call: &Call) -> Option<Result<Answer, NoAnswer>> {
        if call.event().is_some() && !call.raised {
            let raised = Command::Raised { call: call.id.clone(), look: self.world.now };
            return self.asks(&raised).then(|| drop(self.provider.hears(call, &mut self.dice))).and(None);
        }
        Some(self.provider.hears(call, &mut self.dice))
    }

    fn answered(&mut self) {
        if !self.flying.is_empty() {
            let (call, answer) = self.flying.swap_remove(self.dice.below(self.flying.len()));
            self.asks(&Command::Answered { call, answer });
        }
    }

    fn worked(&mut self) {
        let open = self.world.case.works(self.world.net);
        if open.is_empty() {
            return;
        }
        let (name, attempt, row) = open[self.dice.below(open.len())].clone();
        let somebody = ["ann", "bob"][self.dice.below(2)].to_owned();
        let by = row.holder.clone().filter(|_| self.dice.below(6) > 0).unwrap_or(somebody);
        let task = name.split('.').next().unwrap_or_default().to_owned();
        let lease_ms = [None, Some(DAY), Some(1)][self.dice.below(3)];
        let verb = match self.dice.below(16) {
            0..4 => WorkVerb::Take { lease_ms },
            4..6 => WorkVerb::Start { lease_ms },
            6..11 => self.completion(&task),
            11 => WorkVerb::Release,
            12 => [WorkVerb::Suspend, WorkVerb::Resume][self.dice.below(2)].clone(),
            13 => WorkVerb::Delegate { to: "bob".into(), to_roles: None },
            14 => [WorkVerb::Heartbeat { lease_ms }, WorkVerb::Prioritise { priority: 3 }][self.dice.below(2)].clone(),
            _ => WorkVerb::Fail { reason: "no".into() },
        };
        let roles = if self.dice.below(10) == 0 { vec![] } else { row.roles };
        self.asks(&Command::Work { task: name, attempt, by, roles, verb });
    }

    fn completion(&mut self, task: &str) -> WorkVerb {
        let Some(task) = self.world.net.net().task(task) else {
            return WorkVerb::Complete { outcome: None, data: BTreeMap::new() };
        };
        let outcomes = task.outcomes();
        let outcome = (!outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.when.is_none()))
            .then(|| outcomes[self.dice.below(outcomes.len())].name.clone());
        let guarded = outcomes.iter().any(|outcome| outcome.when.is_some());
        let data = if guarded { self.anything(4) } else { BTreeMap::new() };
        WorkVerb::Complete { outcome, data }
    }

    /// Some variables, and something they may hold.
    fn anything(&mut self, of: usize) -> BTreeMap<String, Json> {
        let mut data = BTreeMap::new();
        for variable in &self.world.net.net().data {
            let value = match &variable.kind {
                Type::Bool => json!(self.dice.below(2) == 1),
                Type::Enum(words) => json!(words[self.dice.below(words.len())]),
                Type::Range { low, .. } => json!(low),
                Type::Text => json!("a word"),
                Type::Money => json!(1),
            };
            if self.dice.below(of) > 0 {
                data.insert(variable.name.clone(), value);
            }
        }
        data
    }

    fn operated(&mut self) {
        let net = self.world.net.net();
        let command = match self.dice.below(12) {
            0 => Command::Suspend,
            1..4 => Command::Resume,
            4 if self.dice.below(6) == 0 => Command::Cancel,
            4..8 => Command::Repair(Repair { data: self.anything(3), ..Repair::default() }),
            8..10 => {
                let task = net.tasks[self.dice.below(net.tasks.len())].name.clone();
                Command::Repair(Repair { retry: Some(task), ..Repair::default() })
            }
            10 => Command::Work {
                task: net.tasks[self.dice.below(net.tasks.len())].name.clone(),
                attempt: 1,
                by: "eve".into(),
                roles: vec![],
                verb: WorkVerb::Take { lease_ms: None },
            },
            _ => {
                let flat = net.flatten().expect("flat");
                let name = flat.transitions[self.dice.below(flat.transitions.len())].name.clone();
                Command::Repair(Repair { fire: Some(name), ..Repair::default() })
            }
        };
        self.asks(&command);
    }

    /// A command, after what is due. It may be refused; whether it was taken.
    fn asks(&mut self, command: &Command) -> bool {
        self.world.wait(0);
        let owed = self.world.case.view(self.world.net)["debts"].clone();
        let refused = match (self.world.does(command), command) {
            (Ok(_), Command::Work { task, attempt, verb: WorkVerb::Complete { .. }, .. })
                if task.starts_with("undo/") =>
            {
                let is_it = |done: &Json| {
                    format!("undo/{}", done["task"].as_str().unwrap_or_default()) == *task
                        && done["attempt"] == *attempt
                };
                let debt = owed.as_array().into_iter().flatten().map(|debt| &debt["done"]).find(|done| is_it(done));
                let key = debt.and_then(|done| done["key"].as_str()).expect("it was owed").to_owned();
                self.provider.done.remove(&(task["undo/".len()..].to_owned(), key));
                None
            }
            (Ok(step), Command::Answered { call, .. }) if !step.fired.is_empty() => {
                self.counts.insert(call.task.clone());
                None
            }
            (Ok(step), Command::Repair(Repair { fire: Some(_), .. })) => {
                self.counts.extend(step.fired.first().map(|name| name.split('.').next().unwrap_or(name).to_owned()));
                None
            }
            (refused, _) => refused.err(),
        };
        assert!(!matches!(refused, Some(CaseRefused::DueFirst(_) | CaseRefused::OtherNet)), "{refused:?}");
        refused.is_none()
    }

    /// The operator ends it, services recover, and what is owed is paid.
    fn ends(&mut self) {
        self.asks(&Command::Resume);
        self.asks(&Command::Cancel);
        for _ in 0..400 {
            let Some(due) = self.world.case.due() else { break };
            self.world.now = self.world.now.max(due);
            self.world.wait(0);
            for call in self.world.calls() {
                if let Some(answer) = self.made(&call) {
                    self.asks(&Command::Answered { call: call.id, answer });
                }
            }
        }
        for (name, attempt, _) in self.world.case.works(self.world.net) {
            assert!(name.starts_with("undo/"), "{name} was not withdrawn");
            for verb in [WorkVerb::Take { lease_ms: None }, WorkVerb::Complete { outcome: None, data: BTreeMap::new() }]
            {
                let (by, roles) = ("otto".to_owned(), vec!["operator".to_owned()]);
                self.asks(&Command::Work { task: name.clone(), attempt, by, roles, verb });
            }
        }
    }
}

/// A life of so many deeds, and its end.
fn lives(net: &CaseNet, seed: u64, deeds: usize) -> CaseStatus {
    let mut dice = Dice(seed);
    let data = if dice.below(4) == 0 { json!({}) } else { given(net) };
    let world = World::launch(net, &data);
    let mut life = Life { world, dice, provider: Provider::default(), flying: Vec::new(), counts: BTreeSet::new() };
    for _ in 0..deeds {
        life.goes_on();
    }
    life.ends();
    let (status, due) = (life.world.case.status(), life.world.case.due());
    assert_eq!(due, None);
    let undoable = |task: &String| matches!(&net.net().task(task).expect("a task").kind, Kind::Service(service) if service.undo.is_some());
    // Of what a completed case did, what counts stays done; a cancelled case did nothing.
    let may_stay = |task: &String| status == CaseStatus::Completed && life.counts.contains(task);
    let left: Vec<_> = life.provider.done.iter().filter(|(task, _)| undoable(task) && !may_stay(task)).collect();
    assert!(left.is_empty(), "{status:?}, and still done: {left:?}");
    assert!(matches!(status, CaseStatus::Completed | CaseStatus::Cancelled), "{status:?}");
    status
}

/// What the marketplace's nets are launched with.
fn given(net: &CaseNet) -> Json {
    let known =
        [("tier", "standard"), ("order_id", "o-1"), ("vendor_id", "v-1"), ("product_id", "p-1"), ("severity", "S2")];
    let declared = known.into_iter().filter(|(name, _)| net.net().variable(name).is_some());
    Json::Object(declared.map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

/// A service that raises an event, and may be undone by a connector.
fn asked(dice: &mut Dice) -> Service {
    let event = Event { kind: "Errand".into(), subject: Template::parse("c").expect("a template"), data: vec![] };
    Service {
        action: "event/Errand".into(),
        key: String::new(),
        event: Some(Box::new(event)),
        undo: (dice.below(3) > 0).then(|| "undo".into()),
        retry: None,
        timeout: None,
        fallback: None,
    }
}

/// A net that was made up, with somebody for each of its tasks.
fn peopled(seed: u64, replacements: usize) -> CaseNet {
    let mut dice = Dice(seed);
    let mut net = Net::of_flat("made-up", &sound(&mut dice, replacements, true));
    for task in &mut net.tasks {
        let chosen = matches!(task.split, Split::Xor(_));
        task.kind = match dice.below(if chosen { 5 } else { 8 }) {
            0..2 => Kind::User(User { roles: vec!["clerk".into()] }),
            2..5 => Kind::Service(match dice.below(2) {
                0 => Service { action: "do".into(), key: "k".into(), event: None, ..asked(&mut dice) },
                _ => asked(&mut dice),
            }),
            5..7 => Kind::Timer(Timer {
                due: Due::After(Span { count: 1 + dice.below(3) as u32, unit: Unit::Hours, since: None }),
            }),
            _ => Kind::Auto { action: None },
        };
    }
    admitted(&net)
}

/// So many seeds, and what became of them.
fn many(lives_max: u32, one: impl Fn(u64) -> CaseStatus) -> BTreeMap<CaseStatus, usize> {
    let became = std::cell::RefCell::new(BTreeMap::new());
    let config = Config { cases: lives_max, failure_persistence: None, ..Config::default() };
    let told = TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()))
        .run(&any::<u64>(), |seed| {
            *became.borrow_mut().entry(one(seed)).or_default() += 1;
            Ok(())
        });
    told.unwrap_or_else(|why| panic!("{why}"));
    became.into_inner()
}

#[test]
fn whatever_happens_to_a_case_of_the_marketplace_its_work_is_its_marking_and_nothing_is_left_done() {
    for name in PHASES {
        let net = phase(name);
        let became = many(300, |seed| lives(&net, seed, 120));
        // Lives of both kinds were led, or nothing was shown.
        assert!(became.len() == 2 && became.values().all(|count| *count > 5), "{name}: {became:?}");
    }
}

#[test]
fn whatever_happens_on_a_net_that_is_made_up_too() {
    let became = many(400, |seed| lives(&peopled(seed, 4 + (seed % 12) as usize), seed, 80));
    assert!(became.values().all(|count| *count > 20), "{became:?}");
}
