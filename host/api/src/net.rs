//! Nets that cases may run on, on the wire; and what is found out about one that is to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A net that stands under its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NetLine {
    /// Its name.
    pub net: String,
    /// Which text that is: `sha256:…`.
    pub digest: String,
    /// When it was loaded.
    pub loaded: String,
    /// Who loaded it.
    pub by: String,
    /// The receipt of that.
    pub receipt: u64,
    /// Whether it stood there already, or the same act was done before: nothing was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// A net that stands under its name, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NetFile {
    /// The line of it.
    #[serde(flatten)]
    pub line: NetLine,
    /// The net as a file, with the nets it names in the places of its composite tasks.
    pub text: String,
}

/// A net on which no more cases begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnloadedLine {
    /// Its name.
    pub net: String,
    /// Which text that was.
    pub digest: String,
    /// The receipt of that.
    pub receipt: u64,
    /// Whether the same act was done before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// How many cases are under way on a net of this name, and go on; null where there are too many cases to count.
    pub under_way: Option<u64>,
}

/// A mistake in a text that is to be a net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetMistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// What is found out about a net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetReport {
    /// Its name.
    pub net: String,
    /// sound · unsound · undecided · not-a-workflow-net.
    pub verdict: String,
    /// Whether cases may run on it.
    pub admitted: bool,
    /// How large it is, and how much of it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<NetSize>,
    /// What is wrong, the shortest story first.
    pub faults: Vec<NetFault>,
    /// What its choices leave out.
    pub choices: Vec<NetChoice>,
    /// What it promises, and whether it keeps that.
    pub properties: Vec<NetPromise>,
    /// What is true, and no fault.
    pub notes: Vec<String>,
}

/// How large a net is, and how much of it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetSize {
    /// Its places.
    pub places: usize,
    /// Its transitions.
    pub transitions: usize,
    /// Its arcs.
    pub arcs: usize,
    /// Markings that were looked at.
    pub markings: usize,
    /// Firings between them.
    pub firings: usize,
}

/// A story that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetFault {
    /// not-a-workflow-net · dead-task · stuck · token-left · unbounded.
    pub kind: String,
    /// The same for people.
    pub message: String,
    /// What fires, in order; of a very long story, how it begins.
    pub firing: Vec<String>,
    /// What it ends in: tokens by place.
    pub marking: BTreeMap<String, u32>,
    /// The transitions it is about.
    pub tasks: Vec<String>,
    /// Whether there is no shorter one.
    pub shortest: bool,
}

/// A choice, and whether exactly one outcome applies whatever the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetChoice {
    /// The task.
    pub task: String,
    /// exact · gap · overlap · undecided.
    pub verdict: String,
    /// The same for people.
    pub message: String,
    /// Data that shows it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub example: BTreeMap<String, Value>,
}

/// A property, and whether it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetPromise {
    /// Its name.
    pub name: String,
    /// What it says.
    pub rule: String,
    /// Whether it holds; null where nobody knows.
    pub holds: Option<bool>,
    /// Where it is broken, or why nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
