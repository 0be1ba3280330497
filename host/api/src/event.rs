//! An event and everything that became of it, on the wire.

use serde::Serialize;
use serde_json::Value;

use crate::OutcomeLine;

/// An event, its outcome, and how it came to that.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EventFile {
    /// The event as it was taken; null where it is no longer kept.
    pub event: Value,
    /// Its outcome, the last one.
    pub outcome: OutcomeLine,
    /// Its receipts, the oldest first; absent where there was one outcome and nobody's act.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryLine>,
}

/// One outcome of an event that had several, and the act that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct HistoryLine {
    /// The receipt.
    pub receipt: u64,
    /// What it says.
    pub outcome: &'static str,
    /// What was done; null for the first judgement.
    pub act: Option<&'static str>,
    /// By whom.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}
