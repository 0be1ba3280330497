//! A host as `syndic play` has it, in this process: the eight governors, a store in memory, the sandbox behind a witness
//! who writes down what the outside world was asked. Lines go in, and every receipt that came of them comes out.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use syndic_connect::Sandbox;
use syndic_core::effect::Way;
use syndic_core::ports::{
    Answer, Answering, Clock, Commit, Connector, GovernorRuntime, Reads, Request, Store, StoreError, Timer,
};
use syndic_core::{Config, Event, Outcome, Report, Scope, Slot, Time};
use syndic_engine::replay::Past;
use syndic_engine::{Host, Lineup, PlayClock, Played, Player, Ports, StreamRules};
use syndic_ledger::{Master, sha256};
use syndic_runtime::{Cache, Runtime};
use syndic_store::MemoryStore;

use crate::facts::{Facts, Whose};

/// A runtime, and the versions in its host's slots.
#[derive(Clone)]
pub struct Governors {
    /// The runtime.
    pub runtime: Arc<dyn GovernorRuntime>,
    /// The versions.
    pub lineup: Lineup,
}

/// Starts a runtime with the eight, under the limits of a configuration. A folder for compiled code spares the next one
/// the compiling.
///
/// # Panics
/// This machine cannot run them.
pub fn eight(compiled: &Path, config: &Config) -> Governors {
    let runtime = Runtime::with_cache(Arc::new(|_, _, _| {}), Cache::open(compiled).ok());
    let runtime = runtime.expect("this machine can run components");
    let all: Vec<_> = syndic_governors::GOVERNORS
        .iter()
        .map(|bundled| {
            let slot = Slot::new(bundled.slot).expect("a bundled governor's slot has a slot's name");
            (slot.clone(), bundled.bytes, config.slot(&slot))
        })
        .collect();
    let lineup = Lineup::load(&runtime, &all).expect("the bundled governors can be installed");
    Governors { runtime: Arc::new(runtime), lineup }
}

/// What makes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Somebody outside.
    Line,
    /// A governor.
    Raise,
    /// A timer.
    Timer,
    /// The end of a deferred effect.
    Effect,
}

/// One receipt: an event, what became of it, and what it wrote.
#[derive(Clone, Debug)]
pub struct Step {
    /// The receipt's place.
    pub sequence: u64,
    /// What made the event.
    pub by: By,
    /// The event.
    pub event: Event,
    /// Its payload.
    pub data: Value,
    /// The lane's time that governors saw.
    pub now: Time,
    /// What was answered.
    pub report: Report,
    /// The facts it wrote, and what they read as afterwards; none where it deleted one.
    pub writes: Vec<(Whose, String, Option<Value>)>,
}

impl Step {
    /// A member of the event's data that is text.
    pub fn text(&self, member: &str) -> &str {
        self.data.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// What a slot answered; empty where it was not asked.
    pub fn verdict(&self, slot: &str) -> &str {
        let opinion = self.report.governors.iter().find(|opinion| opinion.slot.as_str() == slot);
        opinion.map_or("", |opinion| &opinion.verdict)
    }

    /// Whether something of it was kept.
    pub fn done(&self) -> bool {
        self.report.outcome == Outcome::Completed
    }
}

/// One call to an outside service, and what it said; none is silence.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The call.
    pub request: Request,
    /// Whether the answer was yes.
    pub accepted: Option<bool>,
}

impl Asked {
    /// Whether it was asked to do this, and said yes.
    pub fn did(&self, action: &str) -> bool {
        self.request.way == Way::Do && self.request.action == action && self.accepted == Some(true)
    }
}

/// The outside world, and somebody who writes down what it was asked.
struct Witness {
    world: Arc<dyn Connector>,
    asked: Mutex<Vec<Asked>>,
}

impl Connector for Witness {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(async move {
            let answer: Result<Answer, _> = self.world.call(request).await;
            let accepted = answer.as_ref().ok().map(|answer| answer.accepted);
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(Asked { request: request.clone(), accepted });
            answer
        })
    }

    fn reaches_out(&self) -> bool {
        false
    }
}

/// What one line, or the passing of time, led to.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// The answer to the line itself. It has no receipt where it was turned away.
    pub answer: Option<Report>,
    /// The receipts, in order: timers due before, the event, and what followed.
    pub steps: Vec<Step>,
    /// What the world was asked meanwhile.
    pub asked: Vec<Asked>,
}

/// A host that plays.
pub struct Stage {
    host: Arc<Host>,
    player: Player,
    store: Arc<MemoryStore>,
    witness: Arc<Witness>,
    lines: u64,
    seen: u64,
}

impl Stage {
    /// A new host, that knows nothing, before the sandbox.
    ///
    /// # Panics
    /// As all methods: the host cannot go on, and that is a bug.
    pub fn new(governors: &Governors, threads: usize) -> Self {
        Self::before(Arc::new(Sandbox), Config::of_play(), governors, threads)
    }

    /// A new host, that knows nothing, configured so, before this world. It answers from the request alone, as the sandbox does.
    ///
    /// # Panics
    /// As all methods: the host cannot go on, and that is a bug.
    pub fn before(world: Arc<dyn Connector>, config: Config, governors: &Governors, threads: usize) -> Self {
        let clock = Arc::new(PlayClock::default());
        let master = Master::from_seed(0);
        let store = Arc::new(MemoryStore::new(master.clone()));
        let witness = Arc::new(Witness { world, asked: Mutex::default() });
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            runtime: Arc::clone(&governors.runtime),
            connector: Arc::clone(&witness) as Arc<dyn Connector>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let host = Arc::new(Host::new(ports, config, master, governors.lineup.clone()).expect("memory can be written"));
        let rules = StreamRules { jump: true };
        let player = Player::new(&host, &clock, rules, threads).expect("memory can be read");
        Self { host, player, store, witness, lines: 0, seen: 0 }
    }

    /// The host itself.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Plays one line, and all that follows from it.
    pub fn send(&mut self, line: &str) -> Came {
        self.play([line])
    }

    /// Plays lines without looking at what each led to.
    pub fn play<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> Came {
        let mut answer = None;
        let tell = &mut |played| {
            if let Played::Line(_, report) = played {
                answer = Some(report);
            }
        };
        for line in lines {
            self.lines += 1;
            self.player.line(self.lines, Ok(line.as_bytes().to_vec()), tell).expect("the host goes on");
        }
        self.player.settle(tell).expect("the host goes on");
        self.came(answer)
    }

    /// Lets time pass.
    pub fn pass(&mut self, until: Time) -> Came {
        self.player.run_on(until, &mut |_| {}).expect("the host goes on");
        self.came(None)
    }

    fn came(&mut self, answer: Option<Report>) -> Came {
        let end = self.store.head().expect("memory can be read").frontier.size();
        let steps = (self.seen + 1..=end).map(|sequence| self.step(sequence)).collect();
        self.seen = end;
        let mut asked = self.witness.asked.lock().unwrap_or_else(PoisonError::into_inner);
        Came { answer, steps, asked: std::mem::take(&mut *asked) }
    }

    fn step(&self, sequence: u64) -> Step {
        let kept = self.store.receipt(sequence).expect("memory can be read").expect("a ledger has no gap").kept;
        let event = Event::from_store(&kept.event).expect("what was kept reads");
        let by = match (event.made_by(), event.kind.as_str()) {
            (None, _) => By::Line,
            (_, "TimerFired") => By::Timer,
            (_, "EffectSettled") => By::Effect,
            _ => By::Raise,
        };
        let whose = |scope| (event.tenant.clone(), (scope == Scope::Customer).then(|| event.subject.clone()));
        let writes = kept.writes.iter();
        let writes =
            writes.map(|(fact, text)| (whose(fact.scope), fact.name.clone(), text.as_ref().map(|t| t.value())));
        let writes = writes.collect();
        let data = serde_json::from_str(event.data_text()).expect("an event's data is JSON");
        Step { sequence, by, now: kept.now, report: kept.report, writes, event, data }
    }

    /// Every fact of these, as the store has them.
    pub fn stored<'a>(&self, whose: impl Iterator<Item = &'a Whose>) -> Facts {
        let mut facts = Facts::default();
        for (tenant, customer) in whose {
            let known = self.store.facts(tenant, customer.as_deref()).expect("memory can be read");
            let known = known.into_iter().map(|(name, fact)| (name, fact.value.read()));
            facts.0.insert((tenant.clone(), customer.clone()), known.collect());
        }
        facts
    }

    /// Timers that wait.
    pub fn timers(&self) -> Vec<Timer> {
        self.store.due(Time::from_ms(i64::MAX), usize::MAX).expect("memory can be read")
    }

    /// Raised events and deferred effects that wait.
    pub fn queued(&self) -> usize {
        let raised = self.store.raised(0, usize::MAX).expect("memory can be read").len();
        raised + self.store.deferred(0, usize::MAX).expect("memory can be read").len()
    }

    /// Judges again what every receipt says was decided, from what is kept beside it. Says how many decisions were made
    /// again, and the first that is not as it was.
    pub fn judged_again(&self, governors: &Governors) -> Result<u64, String> {
        let components = syndic_governors::GOVERNORS.iter();
        let blobs = components.map(|bundled| (sha256(bundled.bytes), bundled.bytes.to_vec())).collect();
        self.store.commit(Commit { blobs, ..Commit::default() }).expect("memory can be written");
        let reads = Arc::clone(&self.store) as Arc<dyn Reads>;
        let past = Past::new(reads, &*governors.runtime, self.store.master(), &|| 0, 1);
        let (mut decisions, mut different) = (0, None);
        let told = past.replay_all(1..=self.seen, |replayed| {
            decisions += replayed.parts.len() as u64;
            if let Some((slot, difference)) = replayed.difference() {
                let (sequence, call) = (replayed.sequence, difference.call.name());
                different.get_or_insert(format!("receipt {sequence}, {slot}, {call}: {}", difference.what));
            }
            Ok::<_, StoreError>(())
        });
        told.expect("memory can be read");
        different.map_or(Ok(decisions), Err)
    }

    /// The ledger's root: it vouches for every receipt, with its fuel and its facts.
    pub fn root(&self) -> String {
        self.store.head().expect("memory can be read").frontier.root().to_string()
    }
}
