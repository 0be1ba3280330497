//! Calls: what a case asks of services, and under which key.

use serde_json::{Map, Value, json};
use syndic_core::effect::Way;
use syndic_core::ports::{CaseKey, Request};
use syndic_core::{Text, Time};
use syndic_ledger::{Hash, sha256};

/// Names a call of a case: every try of it has this name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId {
    /// The task.
    pub task: String,
    /// Which time the task is enabled.
    pub attempt: u32,
    /// Whether it is undone.
    pub undo: bool,
}

/// A call that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// What is asked for: `kyc/verify`, `event/RefundRequested`.
    pub action: String,
    /// The net's key, filled in when the task was enabled: the same for every try, whatever data does meanwhile. Of an
    /// event, which is another one each time, the attempt.
    pub key: String,
    /// Of an undo: the action that is undone, under the same key.
    pub undoes: Option<String>,
    /// How many tries there were before.
    pub tries: u32,
    /// How long one try may take; the host's own limit, where the net says nothing.
    pub timeout_ms: Option<i64>,
    /// When it became due.
    pub due: Time,
    /// It was raised as an event already: its outcome is to be looked for, not the event to be raised.
    pub raised: bool,
    /// The case's data: an object of variables that have a value.
    pub data: Value,
    /// What the answer may say, an object: for each variable `"bool"`, `"text"`, `"money"`, `{"low":…,"high":…}`, or
    /// the list of its words. Where whoever does the task names its outcome, `outcome` lists those.
    pub asks: Value,
    /// What was said at launch for rehearsals, opaque.
    pub rehearse: Option<Value>,
}

impl Call {
    /// The event type, where this is asked of the orchestrator: `event/RefundRequested` is `RefundRequested`.
    pub fn event(&self) -> Option<&str> {
        self.action.strip_prefix("event/")
    }

    /// The key a provider sees.
    pub fn connector_key(&self, case: &CaseKey) -> Hash {
        connector_key(case, &self.id.task, &self.key, &self.action, self.way())
    }

    /// What is sent.
    pub fn request(&self, case: &CaseKey, timeout_ms: u64) -> Request {
        let undone = |action: &String| connector_key(case, &self.id.task, &self.key, action, Way::Do);
        Request {
            tenant: case.tenant.clone(),
            subject: case.id.clone(),
            action: self.action.clone(),
            body: self.body(case),
            key: self.connector_key(case),
            way: self.way(),
            undoes: self.undoes.as_ref().map(undone),
            timeout_ms: self.timeout_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(timeout_ms),
        }
    }

    fn way(&self) -> Way {
        if self.id.undo { Way::Undo } else { Way::Do }
    }

    fn body(&self, case: &CaseKey) -> Text {
        let mut body = Map::new();
        body.insert("case".into(), json!(case.id));
        body.insert("task".into(), json!(self.id.task));
        body.insert("attempt".into(), json!(self.id.attempt));
        body.insert("data".into(), self.data.clone());
        body.insert("asks".into(), self.asks.clone());
        if let Some(rehearse) = &self.rehearse {
            body.insert("rehearse".into(), rehearse.clone());
        }
        Text::from(Value::Object(body))
    }
}

/// SHA-256 over (tenant, case, task, key, action, do | undo), each with its length before it.
fn connector_key(case: &CaseKey, task: &str, key: &str, action: &str, way: Way) -> Hash {
    let way = match way {
        Way::Do => "do",
        Way::Undo => "undo",
    };
    let mut bytes = Vec::with_capacity(256);
    for part in ["case", &case.tenant, &case.id, task, key, action, way] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    sha256(&bytes)
}
