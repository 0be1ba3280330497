//! A runtime with one slot, and what its governor can see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use syndic_core::config::SlotConfig;
use syndic_core::fact::{FactName, Seen};
use syndic_core::ports::{Called, Context, Facts, Failure, GovernorRuntime, Installed, Question, ReadError};
use syndic_core::{Error, Slot, Time};
use syndic_runtime::{Cache, Level, Runtime};

/// A runtime whose log is kept.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) slot: Slot,
    pub(crate) limits: SlotConfig,
    version: Mutex<Option<Arc<Installed>>>,
    lines: Arc<Mutex<Vec<(Level, String)>>>,
}

/// What a governor reads: `billing.n`, and the configuration `greeting`.
pub(crate) struct Known;

impl Facts for Known {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        let known = BTreeMap::from([("billing.n", (3, r#"{"n":7}"#))]);
        if !fact.name.starts_with("billing.") {
            return Err(ReadError::Undeclared(fact.name.clone()));
        }
        let seen = |(version, value): &(u64, &str)| Seen {
            name: fact.name.clone(),
            version: *version,
            value: (*value).to_owned(),
        };
        Ok(known.get(fact.name.as_str()).map(seen))
    }

    fn config(&self, key: &str) -> Option<String> {
        (key == "greeting").then(|| "hello".to_owned())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(None)
    }

    /// A world whose runtime may keep code.
    pub(crate) fn over(cache: Option<Cache>) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = move |_: &Slot, level, line: &str| kept.lock().unwrap().push((level, line.to_owned()));
        let runtime = Runtime::with_cache(Arc::new(log), cache).unwrap();
        let limits = SlotConfig { deadline_ms: 600_000, ..SlotConfig::default() };
        Self { runtime, slot: Slot::new("billing").unwrap(), limits, version: Mutex::default(), lines }
    }

    /// A world with a governor in its slot.
    pub(crate) fn with(component: &[u8]) -> Self {
        let world = Self::new();
        world.install(component);
        world
    }

    pub(crate) fn install(&self, component: &[u8]) {
        *self.version.lock().unwrap() = Some(self.load(component).unwrap());
    }

    pub(crate) fn load(&self, component: &[u8]) -> Result<Arc<Installed>, Error> {
        self.runtime.load(&self.slot, component, &self.limits)
    }

    /// What was installed last.
    pub(crate) fn version(&self) -> Arc<Installed> {
        self.version.lock().unwrap().clone().expect("a governor is installed")
    }

    /// The sentence a component is refused with.
    pub(crate) fn refuses(&self, component: &[u8]) -> String {
        self.load(component).unwrap_err().to_string()
    }

    pub(crate) fn ask(&self, question: Question) -> Called {
        self.runtime.call(&self.version(), &self.limits, question, Arc::new(Known))
    }

    pub(crate) fn evaluate(&self) -> Called {
        self.ask(Question::Evaluate(context()))
    }

    /// The failure of an evaluation.
    pub(crate) fn fails(&self) -> Failure {
        self.evaluate().answer.unwrap_err()
    }

    pub(crate) fn lines(&self) -> Vec<(Level, String)> {
        self.lines.lock().unwrap().clone()
    }
}

/// An event to judge.
pub(crate) fn context() -> Context {
    Context {
        id: "evt-1".to_owned(),
        source: "/shop".to_owned(),
        kind: "Tested".to_owned(),
        subject: "cust-1".to_owned(),
        time: Time::parse("2026-01-02T03:04:05Z").unwrap(),
        data: r#"{"sku":"pro"}"#.to_owned(),
        now: Time::parse("2026-01-02T03:04:06Z").unwrap(),
        seed: 42,
    }
}
