//! A world of one case: it is driven, and held to what is always true of every case after every step.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use syndic_core::Time;
use syndic_core::calendar::Calendar;
use syndic_core::ports::{Answer, CaseStatus, NoAnswer, WorkRow};
use syndic_engine::cases::{
    Call, Case, CaseNet, CaseRefused, Command, REFUSALS, Repair, STATE_MAX, Step, Stop, WorkVerb,
};

use crate::oracle::Oracle;

/// A Monday.
pub const BEGIN: &str = "2026-01-05T10:00:00Z";

pub struct World<'n> {
    pub net: &'n CaseNet,
    pub calendar: Calendar,
    pub case: Case,
    pub now: Time,
    pub last: Step,
    oracle: Oracle,
    /// The open work items, put together from what each step said was different.
    works: BTreeMap<(String, u32), WorkRow>,
}

pub fn object(json: &Json) -> BTreeMap<String, Json> {
    json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl<'n> World<'n> {
    pub fn launch(net: &'n CaseNet, data: &Json) -> Self {
        Self::launch_in(net, data, Calendar::default(), BEGIN)
    }

    pub fn launch_in(net: &'n CaseNet, data: &Json, calendar: Calendar, at: &str) -> Self {
        let now = Time::parse(at).expect("a time");
        let step = Case::launch(net, &object(data), None, now, &calendar).expect("launched");
        let oracle = Oracle::new(net);
        let case = step.case.clone();
        let mut world = Self { net, calendar, case, now, oracle, works: BTreeMap::new(), last: step.clone() };
        world.takes(step);
        world
    }

    /// A command, now.
    pub fn does(&mut self, command: &Command) -> Result<&Step, CaseRefused> {
        match self.case.step(self.net, command, self.now, &self.calendar) {
            Ok(step) => {
                if let Command::Repair(Repair { retry: Some(task), .. }) = command {
                    self.oracle.retried(task);
                }
                self.takes(step);
                Ok(&self.last)
            }
            Err(refused) => {
                assert!(REFUSALS.iter().any(|(code, _)| *code == refused.code()), "{refused} has no code");
                Err(refused)
            }
        }
    }

    pub fn must(&mut self, command: &Command) -> &Step {
        self.does(command).unwrap_or_else(|refused| panic!("{command:?} was refused: {refused}"))
    }

    /// Everything that is true of a case after every step.
    fn takes(&mut self, step: Step) {
        let case = &step.case;
        self.oracle.follow(&step.fired, case, self.net);
        // The rows that were told to be different make up what is open.
        for (task, attempt, row) in &step.works {
            let key = (task.clone(), *attempt);
            match row {
                Some(row) => drop(self.works.insert(key, row.clone())),
                None => assert!(self.works.remove(&key).is_some(), "{key:?} was closed and not open"),
            }
        }
        let open: BTreeMap<_, _> = case.works(self.net).into_iter().map(|(task, at, row)| ((task, at), row)).collect();
        assert_eq!(open, self.works);
        // What is kept is the case: a host that dies here goes on as if it had not.
        let record = step.record(self.net, 7);
        assert_eq!(Case::read(self.net, &record).as_ref(), Ok(case));
        assert_eq!(record, case.record(self.net, 7));
        assert!(record.state.len() <= STATE_MAX || case.view(self.net)["debts"].is_array());
        assert_eq!(record.due, case.due());
        // A case that runs can go on, and one that cannot says why, by a known code.
        let complete = self.oracle.is_complete();
        let moves = case.due().is_some() || !open.is_empty() || !case.awaited(self.net).is_empty();
        match case.status() {
            CaseStatus::Running if !case.is_cancelling() => {
                assert!(!complete, "it is complete and runs");
                assert!(moves, "nobody can ever move it: {}", record.state);
            }
            CaseStatus::Running => assert!(moves, "it is never undone"),
            CaseStatus::Completed => assert!(complete),
            CaseStatus::Stopped => assert!(!complete),
            CaseStatus::Suspended => assert_eq!(case.due(), None),
            CaseStatus::Cancelled => assert_eq!((case.due(), open.len()), (None, 0)),
        }
        assert_eq!(case.stopped().is_some(), case.status() == CaseStatus::Stopped);
        assert!(case.stopped().is_none_or(|stop| Stop::CODES.iter().any(|(code, _)| *code == stop.code)));
        self.case = step.case.clone();
        self.last = step;
    }

    /// Time passes, and what becomes due happens; what fired.
    pub fn wait(&mut self, ms: i64) -> Vec<String> {
        let until = self.now.plus_ms(ms);
        let mut fired = Vec::new();
        while let Some(at) = self.case.happens().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            fired.extend(self.must(&Command::Due).fired.clone());
        }
        self.now = until;
        fired
    }

    /// The next thing happens, whenever that is.
    pub fn next(&mut self) -> Vec<String> {
        self.now = self.now.max(self.case.happens().expect("something is due"));
        self.must(&Command::Due).fired.clone()
    }

    pub fn calls(&self) -> Vec<Call> {
        self.case.calls(self.net, self.now, &self.calendar)
    }

    pub fn call(&self, task: &str) -> Call {
        let calls = self.calls();
        let found = calls.iter().find(|call| call.id.task == task);
        found.cloned().unwrap_or_else(|| panic!("{task} is not asked: {calls:?}"))
    }

    pub fn answers(&mut self, call: &Call, accepted: bool, body: Json) -> Result<&Step, CaseRefused> {
        self.does(&Command::Answered { call: call.id.clone(), answer: Ok(Answer { accepted, body }) })
    }

    pub fn yes(&mut self, task: &str, body: Json) -> Vec<String> {
        let call = self.call(task);
        self.answers(&call, true, body).expect("taken").fired.clone()
    }

    pub fn no(&mut self, task: &str, body: Json) -> Vec<String> {
        let call = self.call(task);
        self.answers(&call, false, body).expect("taken").fired.clone()
    }

    pub fn silent(&mut self, task: &str) -> &Step {
        let call = self.call(task);
        self.must(&Command::Answered { call: call.id, answer: Err(NoAnswer { reason: "down".into() }) })
    }

    /// The open item of that name.
    pub fn work(&self, task: &str) -> (u32, WorkRow) {
        let found = self.works.iter().find(|((name, _), _)| name == task);
        found.map(|((_, at), row)| (*at, row.clone())).unwrap_or_else(|| panic!("no {task} in {:?}", self.works))
    }

    pub fn open(&self) -> Vec<String> {
        self.works.keys().map(|(task, attempt)| format!("{task}/{attempt}")).collect()
    }

    /// Somebody with the item's own roles asks something of it.
    pub fn asks(&mut self, by: &str, task: &str, verb: WorkVerb) -> Result<&Step, CaseRefused> {
        let (attempt, row) = self.work(task);
        self.does(&Command::Work { task: task.into(), attempt, by: by.into(), roles: row.roles, verb })
    }

    /// Somebody takes it and completes it.
    pub fn completes(&mut self, task: &str, outcome: Option<&str>, data: Json) -> Vec<String> {
        self.asks("ann", task, WorkVerb::Take { lease_ms: None }).expect("taken");
        let verb = WorkVerb::Complete { outcome: outcome.map(str::to_owned), data: object(&data) };
        self.asks("ann", task, verb).expect("completed").fired.clone()
    }

    pub fn sets(&mut self, data: Json) -> Vec<String> {
        self.must(&Command::Repair(Repair { data: object(&data), ..Repair::default() })).fired.clone()
    }

    pub fn shows(&self, variable: &str) -> Json {
        self.case.view(self.net)["data"].get(variable).cloned().unwrap_or(json!(null))
    }
}

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The code of a refusal.
pub fn code<T>(result: Result<T, CaseRefused>) -> &'static str {
    result.map_or_else(|refused| refused.code(), |_| "taken")
}

/// Somebody takes an item.
pub fn take() -> WorkVerb {
    WorkVerb::Take { lease_ms: None }
}

/// Somebody completes it, and found out nothing.
pub fn complete(outcome: Option<&str>) -> WorkVerb {
    WorkVerb::Complete { outcome: outcome.map(str::to_owned), data: object(&json!({})) }
}
