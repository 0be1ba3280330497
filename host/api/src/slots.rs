//! Slots on the wire: which version is in which, what a trial has shown, every version there was, and what is to change.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What may be let through at an installation that is refused otherwise.
pub const ALLOWED: [&str; 4] = ["wider", "downgrade", "one-way", "failing"];

/// A slot: who judges there, who is tried, and who judged before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SlotLine {
    /// Its name.
    pub slot: String,
    /// Who judges.
    pub active: SeatLine,
    /// Who is tried beside.
    pub trial: Option<TrialLine>,
    /// Who judged before, and can again at once.
    pub warm: Option<SeatLine>,
    /// How many versions there were; 0 where nothing was ever installed.
    pub versions: u32,
    /// How often its versions may fail, and did.
    pub budget: BudgetLine,
}

/// A version in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SeatLine {
    /// Its number in the slot; null where nothing was ever installed.
    pub number: Option<u32>,
    /// What the component calls itself.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// The kinds of event it judges; none are told of a version that is being put there at this moment.
    pub kinds: Vec<String>,
}

/// A version on trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TrialLine {
    /// The version.
    #[serde(flatten)]
    pub version: SeatLine,
    /// How it is tried: shadow · canary N %.
    pub mode: String,
    /// What it has shown.
    #[serde(flatten)]
    pub shown: TrialCounts,
}

/// What a trial has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TrialCounts {
    /// Events it was asked about.
    pub calls: u64,
    /// Of those, decided otherwise than by the active version.
    pub different: u64,
    /// Of those, explained by somebody.
    pub explained: u64,
    /// Of those calls, failed.
    pub failed: u64,
    /// Fuel of the active version and of this one, over all calls; of a canary, who is asked alone, only its own.
    pub fuel: [u64; 2],
    /// Microseconds of the two, over all calls; a measurement.
    pub micros: [u64; 2],
}

/// How often a version may fail, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BudgetLine {
    /// Over so many of its last calls,
    pub calls: u32,
    /// it may fail so often. With one more the host takes it back.
    pub failures_max: u32,
    /// So often the active version did, or the one that is tried as a canary.
    pub failed: u64,
    /// Whether there is anything to go back to. Where there is not, nothing is counted.
    pub watched: bool,
}

/// A trial, and the decisions that differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TrialFile {
    /// The slot.
    pub slot: String,
    /// The version's number.
    pub number: u32,
    /// How it is tried: shadow · canary N %.
    pub mode: String,
    /// What it has shown.
    #[serde(flatten)]
    pub shown: TrialCounts,
    /// Where it decided otherwise, in order. The first 64 are kept; more are only counted.
    pub differences: Vec<TrialDifference>,
}

/// One event that two versions decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TrialDifference {
    /// Its number in the trial, from 1.
    pub number: u64,
    /// In what: verdict · writes · effects · timers · raises · note · failed.
    pub kinds: Vec<String>,
    /// The event's id.
    pub event: String,
    /// The event's type.
    pub r#type: String,
    /// The event's tenant.
    pub tenant: String,
    /// The event's receipt.
    pub receipt: u64,
    /// What the active version decided, and what the one on trial did; of what is very long only how long it is.
    pub decisions: [Value; 2],
    /// Fuel of the two.
    pub fuel: [u64; 2],
    /// Microseconds of the two; a measurement.
    pub micros: [u64; 2],
    /// Why that is all right, by whoever said so.
    pub explained: Option<String>,
}

/// A version that was ever in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PastVersion {
    /// Its number in the slot, from 1.
    pub number: u32,
    /// What the component calls itself.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// `sha256:…` of the component, which is kept.
    pub digest: String,
    /// The version of the shape of its facts.
    pub state_schema: u32,
    /// Whose signature it came with.
    pub publisher: Option<String>,
    /// As what it was installed last: active · shadow · canary N %.
    pub mode: String,
    /// What it is now: active · warm · on trial · gone.
    pub is: String,
    /// When it was installed; null for the one that was there before anything was.
    pub installed: Option<String>,
    /// The receipt of that.
    pub receipt: Option<u64>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it began to judge for everybody, where it did.
    pub active_since: Option<String>,
    /// Why it judges no more.
    pub left: Option<LeftLine>,
    /// Whether its facts cannot be carried back to the version before.
    pub one_way: bool,
}

/// How a version left its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LeftLine {
    /// When.
    pub at: String,
    /// Why.
    pub why: String,
    /// The receipt of that.
    pub receipt: u64,
}

/// What a change of a slot came to. It is durable, and whoever begins to judge an event sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SwappedLine {
    /// Its receipt.
    pub receipt: Option<u64>,
    /// Whether it was done before, under the same key; the numbers are those of now.
    pub duplicate: bool,
    /// The version that judges.
    pub active: u32,
    /// The one on trial.
    pub trial: Option<u32>,
    /// The one before.
    pub warm: Option<u32>,
}

/// The version on trial is to judge from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PromoteBody {
    /// Why; it is kept for ever beside the receipt.
    #[cfg_attr(feature = "server", schema(max_length = 1024))]
    pub reason: String,
    /// Whatever the trial has shown.
    #[serde(default)]
    pub force: bool,
}

/// A trial is to end; or, where there is none, the version before is to judge again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RevertBody {
    /// Why; it is kept for ever beside the receipt.
    #[cfg_attr(feature = "server", schema(max_length = 1024))]
    pub reason: String,
}

/// Differences of a trial are all right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ExplainBody {
    /// Why; it is kept for ever beside the receipt.
    #[cfg_attr(feature = "server", schema(max_length = 1024))]
    pub reason: String,
    /// Which of them; absent or null for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<u64>,
}
