//! What the store keeps of cases: one record for each, and a row for each work item that is open.
//!
//! A case that sleeps is one record on disk and nothing in memory. What is in the record is the engine's business; the
//! store knows of it what it needs to list cases and to find those that are due.

use serde::{Deserialize, Serialize};

use crate::text::{Text, embedded};
use crate::time::Time;

/// Names a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    /// The tenant.
    pub tenant: String,
    /// Its id, unique in the tenant for ever.
    pub id: String,
}

/// What a case is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    /// It goes on by itself, by time, or by somebody's work.
    Running,
    /// Nothing in it moves until it is resumed; its deadlines run on.
    Suspended,
    /// It cannot go on as it is. Nothing of it is lost, and an operator can repair it.
    Stopped,
    /// One token in the net's sink, and none elsewhere.
    Completed,
    /// Somebody ended it, and what was done in the world is undone.
    Cancelled,
}

/// A case, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// What it is at.
    pub status: CaseStatus,
    /// The net it runs on, by name. Which bytes that is, the state says.
    pub net: String,
    /// When something has to happen in it by itself: a timer, a service's next try, a lease that ends. None where it
    /// sleeps until somebody comes.
    pub due: Option<Time>,
    /// The receipt of its last step: equal receipts, equal record.
    pub receipt: u64,
    /// Its marking, data and work, as canonical JSON.
    #[serde(with = "embedded")]
    pub state: Text,
}

/// Names a work item: `case/task/attempt`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkKey {
    /// Whose case.
    pub case: CaseKey,
    /// The task.
    pub task: String,
    /// From 1, rising with every time that the task is enabled anew.
    pub attempt: u32,
}

/// Where an open work item is on its way. What is over (completed, failed, withdrawn) is not open and has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkState {
    /// It can be done, and nobody was told.
    Enabled,
    /// Whoever has the role may take it.
    Offered,
    /// It is somebody's, who has not begun.
    Allocated,
    /// Somebody is at it.
    Started,
    /// Whoever is at it has laid it aside.
    Suspended,
}

/// The row of an open work item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkRow {
    /// Where it is.
    pub state: WorkState,
    /// Who may take it: any of these roles.
    pub roles: Vec<String>,
    /// Whose it is.
    pub holder: Option<String>,
    /// The higher, the sooner; 0 where nobody said.
    pub priority: i32,
    /// When it was enabled.
    pub since: Time,
    /// From when on it is late.
    pub late: Option<Time>,
}

/// How many cases there are, by what they are at, and how many work items are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCounts {
    /// Running.
    pub running: u64,
    /// Suspended.
    pub suspended: u64,
    /// Stopped.
    pub stopped: u64,
    /// Completed.
    pub completed: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Open work items.
    pub work: u64,
}
