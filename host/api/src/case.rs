//! Cases and work items, on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_core::outcome::CaseStep;
use syndic_core::ports::{CaseKey, CaseRecord, CaseStatus, WorkKey, WorkRow, WorkState};

/// One step of a case, in the line of whatever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CaseStepLine {
    /// The case.
    pub id: String,
    /// Its net.
    pub net: String,
    /// running · suspended · stopped · completed · cancelled.
    pub status: &'static str,
    /// The transitions that fired, in order.
    pub fired: Vec<String>,
    /// What else happened, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

impl From<&CaseStep> for CaseStepLine {
    fn from(step: &CaseStep) -> Self {
        let CaseStep { id, net, status, fired, told } = step.clone();
        Self { id, net, status: status_name(status), fired, told }
    }
}

/// A case, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CaseLine {
    /// Its id.
    pub case: String,
    /// Its tenant.
    pub tenant: String,
    /// Its net.
    pub net: String,
    /// running · suspended · stopped · completed · cancelled.
    pub status: String,
    /// When something happens in it by itself; null where it waits for somebody, or is over.
    pub due: Option<String>,
    /// The receipt of its last step.
    pub receipt: u64,
}

impl CaseLine {
    /// The line of a record.
    pub fn new(key: &CaseKey, record: &CaseRecord) -> Self {
        Self {
            case: key.id.clone(),
            tenant: key.tenant.clone(),
            net: record.net.clone(),
            status: status_name(record.status).to_owned(),
            due: record.due.map(|due| due.to_string()),
            receipt: record.receipt,
        }
    }
}

/// Everything there is to say of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CaseFile {
    /// Which it is, and how it stands.
    #[serde(flatten)]
    pub line: CaseLine,
    /// Which text its net has: `sha256:…`.
    pub digest: String,
    /// Its marking, data, open items, deadlines, what is to be undone, and why it is stopped, if it is.
    pub now: Value,
    /// Its steps, the latest last.
    pub history: Vec<CaseHistoryLine>,
    /// Whether there were steps before these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
}

/// One step of a case, as it is told afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CaseHistoryLine {
    /// Its receipt.
    pub receipt: u64,
    /// When.
    pub time: String,
    /// What made it: a command by its type, by whom and as what; else time, or a service's answer.
    pub by: String,
    /// The transitions that fired, in order.
    pub fired: Vec<String>,
    /// What the case was at afterwards.
    pub status: String,
    /// What else happened, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

/// An open work item, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct WorkLine {
    /// Its name: `case/task/attempt`.
    pub work: String,
    /// Its tenant.
    pub tenant: String,
    /// enabled · offered · allocated · started · suspended.
    pub state: String,
    /// Who may take it: any of these roles.
    pub roles: Vec<String>,
    /// Whose it is.
    pub holder: Option<String>,
    /// The higher, the sooner.
    pub priority: i32,
    /// When it was enabled.
    pub since: String,
    /// From when on it is late.
    pub late: Option<String>,
}

impl WorkLine {
    /// The line of a row.
    pub fn new(key: &WorkKey, row: &WorkRow) -> Self {
        Self {
            work: format!("{}/{}/{}", key.case.id, key.task, key.attempt),
            tenant: key.case.tenant.clone(),
            state: state_name(row.state).to_owned(),
            roles: row.roles.clone(),
            holder: row.holder.clone(),
            priority: row.priority,
            since: row.since.to_string(),
            late: row.late.map(|late| late.to_string()),
        }
    }
}

/// A case that is to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LaunchBody {
    /// What it is called; once in a tenant, for ever.
    pub id: String,
    /// The net.
    pub net: String,
    /// Whose it is; the caller's own tenant, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What it knows from the beginning: values of the net's variables.
    #[serde(default = "nothing")]
    pub data: Value,
    /// How the sandbox answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearse: Option<Value>,
    /// When it begins, RFC 3339; where nothing is said, now, or when its `Idempotency-Key` was heard first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A command to a case or a work item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandBody {
    /// Of a case: cancel, suspend, resume, repair. Of a work item: take, start, complete, fail, release, suspend, resume,
    /// delegate, heartbeat, prioritise.
    pub command: String,
    /// Whose case it is; the caller's own tenant's, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What the command carries, as its event's data does. `by` is the caller, and need not be said.
    #[serde(default = "nothing")]
    pub data: Value,
    /// When it happens, RFC 3339; where nothing is said, now, or when its `Idempotency-Key` was heard first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// A status by its name on the wire.
pub fn status_name(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Running => "running",
        CaseStatus::Suspended => "suspended",
        CaseStatus::Stopped => "stopped",
        CaseStatus::Completed => "completed",
        CaseStatus::Cancelled => "cancelled",
    }
}

fn state_name(state: WorkState) -> &'static str {
    match state {
        WorkState::Enabled => "enabled",
        WorkState::Offered => "offered",
        WorkState::Allocated => "allocated",
        WorkState::Started => "started",
        WorkState::Suspended => "suspended",
    }
}
