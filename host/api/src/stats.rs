//! Statistics on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a host or a data directory stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Counts of lanes per state, all nine; offline, every lane is idle.
    pub current_state: BTreeMap<String, u64>,
    /// Governors that are loaded and healthy.
    pub governors_healthy: u64,
    /// Governors that are installed.
    pub total_governors: u64,
    /// Events with an outcome in the ledger, each counted once: those that were sent, and those that followed from them
    /// (raised, settled, fired). That one was judged again, or that somebody installed something, has a receipt and is no
    /// further event.
    pub events_processed: u64,
    /// Events that were taken and have no durable outcome, and raised ones that wait. Offline: those that were promised
    /// one, or had reached an effect.
    pub pending_events: u64,
    /// Of these, events that were sent and wait for their turn; offline none.
    pub waiting_events: u64,
    /// Conflicts recorded.
    pub conflicts_detected: u64,
    /// What is wrong, if anything is.
    pub error_state: Option<String>,
    /// Outcomes with a receipt, by name.
    pub outcomes: BTreeMap<String, u64>,
    /// Deferred effects that wait: whether there is at least one.
    pub effects_waiting: bool,
    /// How many, up to 10,000.
    pub effects_deferred: u64,
    /// Timers that wait.
    pub timers_waiting: u64,
    /// Of these, those that should have fired by now, up to 1,000; offline none.
    pub timers_due: u64,
    /// For how long the first of these should have fired, in milliseconds.
    pub timers_late_ms: u64,
    /// Parked events an operator must look at.
    pub stuck_events: u64,
    /// Deferred effects that nobody answered and that wait for an operator.
    pub undelivered_effects: u64,
    /// Governor versions and event fingerprints of which one is not asked about the other.
    pub quarantined: u64,
    /// Cases per status, all five.
    pub cases: BTreeMap<String, u64>,
    /// Work items that are open.
    pub work_items: u64,
    /// Receipts in the ledger.
    pub receipts: u64,
    /// The ledger's root.
    pub root_hash: String,
}

impl Stats {
    /// Cases that wait for somebody to put right what stopped them.
    pub fn stopped_cases(&self) -> u64 {
        self.cases.get("stopped").copied().unwrap_or_default()
    }
}
