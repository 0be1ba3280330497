//! Statistics on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a host or a data directory stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Counts of lanes per state; offline, every lane is idle.
    pub current_state: BTreeMap<String, u64>,
    /// Governors that are loaded and healthy.
    pub governors_healthy: u64,
    /// Governors that are installed.
    pub total_governors: u64,
    /// Events with an outcome and a receipt.
    pub events_processed: u64,
    /// Events that reached an effect but no outcome, and raised ones that wait.
    pub pending_events: u64,
    /// Conflicts recorded.
    pub conflicts_detected: u64,
    /// What is wrong, if anything is.
    pub error_state: Option<String>,
    /// Outcomes with a receipt, by name.
    pub outcomes: BTreeMap<String, u64>,
    /// Deferred effects that wait: whether there is at least one.
    pub effects_waiting: bool,
    /// Timers that wait.
    pub timers_waiting: u64,
    /// Parked events an operator must look at.
    pub stuck_events: u64,
    /// Deferred effects that nobody answered and that wait for an operator.
    pub undelivered_effects: u64,
    /// Governor versions and event fingerprints of which one is not asked about the other.
    pub quarantined: u64,
    /// Receipts in the ledger.
    pub receipts: u64,
    /// The ledger's root.
    pub root_hash: String,
}
