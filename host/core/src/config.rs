//! Configuration the core judges by: routes, policies, limits, slots.
//!
//! It arrives from `host/daemon`, already read. Its digest goes into every receipt, and the configuration itself is kept
//! beside them, because a decision is only repeatable under the rules it was made by.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use syndic_ledger::{Hash, canonical, sha256};

use crate::calendar::Calendars;
use crate::slot::{ROUTES, Slot};
use crate::trust::Policy;

/// Everything a decision depends on besides facts, components and the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Routes for kinds beyond the marketplace's own.
    pub routes: Vec<Route>,
    /// Policies per `shared.…` name; names not listed have [`SharedPolicy::default`].
    pub shared: BTreeMap<String, SharedPolicy>,
    /// Limits of the states and of calls.
    pub limits: Limits,
    /// Slots with limits or configuration of their own.
    pub slots: BTreeMap<Slot, SlotConfig>,
    /// What a lane does while one of its events is stuck.
    pub stuck_lane: StuckLane,
    /// What cases count days by.
    #[serde(default, skip_serializing_if = "Calendars::are_default")]
    pub calendars: Calendars,
}

/// What a lane does while one of its events is stuck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StuckLane {
    /// It goes on. In `play` it always does.
    #[default]
    GoOn,
    /// Its events, timers and effects wait until the event is settled.
    Hold,
}

/// A route an operator added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The kind.
    pub kind: String,
    /// Who judges it.
    pub slots: Vec<Slot>,
    /// Whether its events run in the tenant's own lane.
    pub tenant_lane: bool,
}

/// What happens when a shared fact is in conflict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPolicy {
    /// When two decisions of one event disagree.
    pub disagreement: Disagreement,
    /// When the fact moved since it was read.
    pub staleness: Staleness,
}

/// Policies for two decisions of one event that set one name differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disagreement {
    /// Undo everything, roll back, say `ConflictDetected`.
    #[default]
    Compensate,
    /// The slot that stands first in this order wins; the loser is recorded.
    SlotOrder(Vec<Slot>),
    /// Every slot keeps its own standing value; the fact reads as the strictest. The order, strictest first.
    Strictest(Vec<String>),
    /// The outcome is referred: an operator decides.
    Manual,
}

/// Policies for a fact whose stored version moved since the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Staleness {
    /// Judge again.
    #[default]
    Optimistic,
    /// A write of an event older than the fact's `at` is dropped and recorded. Never for money or access.
    LastWriteWins,
}

/// Limits, in milliseconds where not said otherwise. They run on the `Clock` port, save the epoch deadline of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// For all governors to be healthy at start.
    pub startup_ms: u64,
    /// For all governors to decide.
    pub coordination_ms: u64,
    /// For effects and feedback.
    pub feedback_ms: u64,
    /// For weighing what to undo.
    pub error_ms: u64,
    /// For undoing everything.
    pub recovery_ms: u64,
    /// For one try of one effect.
    pub effect_ms: u64,
    /// Tries of a deferred effect before it counts as expired. Between them is the wait of [`Limits::wait_ms`].
    pub deferred_tries_max: u32,
    /// Between the first try of something that goes on in the background and the second. It doubles from try to try.
    pub wait_first_ms: u64,
    /// The longest wait between two tries.
    pub wait_most_ms: u64,
    /// For how long undoing is tried in the background before only an operator can settle the event.
    pub stuck_ms: u64,
    /// How often a decision whose facts moved is judged again; none: always.
    pub stale_max: Option<u32>,
}

impl Limits {
    /// How long to wait after so many tries.
    pub fn wait_ms(&self, tries: u32) -> u64 {
        let doubled = self.wait_first_ms.saturating_mul(1 << tries.saturating_sub(1).min(40));
        doubled.min(self.wait_most_ms)
    }

    /// Whether all the waits after so many tries come to more than [`stuck_ms`](Self::stuck_ms).
    pub fn is_over(&self, tries: u32) -> bool {
        let mut waits = (1..=tries).scan(0_u64, |sum, tries| {
            *sum = sum.saturating_add(self.wait_ms(tries));
            Some(*sum)
        });
        waits.any(|sum| sum > self.stuck_ms)
    }
}

/// One slot's limits per call, and what its governor reads with `config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotConfig {
    /// Fuel.
    pub fuel_max: u64,
    /// Wall time, in milliseconds.
    pub deadline_ms: u64,
    /// Bytes of all its memories and tables together.
    pub memory_max_bytes: u64,
    /// What the governor may read.
    pub values: BTreeMap<String, String>,
    /// Whether its governor may import WASI.
    #[serde(default, skip_serializing_if = "Wasi::is_refused")]
    pub wasi: Wasi,
    /// How often its version may fail before the host takes it back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub budget: Budget,
    /// What a trial has to show before its version is promoted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gate: Gate,
    /// What it asks of a component before it lets it in.
    #[serde(default, skip_serializing_if = "Policy::is_open")]
    pub trust: Policy,
}

/// How often a version may fail: traps, deadlines, invalid answers, faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Over so many of its last calls,
    pub calls: u32,
    /// it may fail so often. With one more it is taken back.
    pub failures: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { calls: 100, failures: 2 }
    }
}

/// What a trial has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Over so many calls at least,
    pub calls: u64,
    /// no more differences that nobody explained,
    pub different: u64,
    /// and no more failures.
    pub failed: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { calls: 100, different: 0, failed: 0 }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether a slot's governor may import WASI, the system interface that most languages' runtimes want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wasi {
    /// It may not. A configuration that does not say so means so, and reads as it did before there was a choice.
    #[default]
    Refused,
    /// It may, and sees a world that is the same whenever the event is judged: the clock is the lane's, chance is the
    /// event's, what it prints is logged, and there are no files, no network and no environment.
    Deterministic,
}

impl Wasi {
    fn is_refused(&self) -> bool {
        *self == Self::Refused
    }
}

impl SlotConfig {
    const DEFAULT: Self = Self {
        fuel_max: 20_000_000,
        deadline_ms: 250,
        memory_max_bytes: 64 * 1024 * 1024,
        values: BTreeMap::new(),
        wasi: Wasi::Refused,
        budget: Budget { calls: 100, failures: 2 },
        gate: Gate { calls: 100, different: 0, failed: 0 },
        trust: Policy::OPEN,
    };
}

impl Default for SlotConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How strict `shared.access` is, strictest first.
pub const ACCESS_ORDER: [&str; 4] = ["blocked", "read-only", "grace", "full"];

impl Default for Config {
    fn default() -> Self {
        let access = SharedPolicy {
            disagreement: Disagreement::Strictest(ACCESS_ORDER.map(String::from).into()),
            staleness: Staleness::Optimistic,
        };
        Self {
            routes: Vec::new(),
            shared: BTreeMap::from([("shared.access".to_owned(), access)]),
            limits: Limits {
                startup_ms: 30_000,
                coordination_ms: 5_000,
                feedback_ms: 10_000,
                error_ms: 5_000,
                recovery_ms: 10_000,
                effect_ms: 2_000,
                deferred_tries_max: 105,
                wait_first_ms: 1_000,
                wait_most_ms: 900_000,
                stuck_ms: 86_400_000,
                stale_max: Some(3),
            },
            slots: BTreeMap::new(),
            stuck_lane: StuckLane::GoOn,
            calendars: Calendars::default(),
        }
    }
}

impl Config {
    /// The configuration of `play`: fuel alone stops a governor, and a decision is judged again until it holds, so
    /// that the result does not depend on the machine.
    pub fn of_play() -> Self {
        let mut config = Self::default();
        config.limits.stale_max = None;
        // Waiting takes no time, so nothing is gained by it.
        config.limits.deferred_tries_max = 5;
        for name in crate::slot::SLOTS {
            if let Ok(slot) = Slot::new(name) {
                let deadline_ms = 600_000;
                config.slots.insert(slot, SlotConfig { deadline_ms, ..SlotConfig::default() });
            }
        }
        config
    }

    /// The same, where the governors of these slots may import WASI.
    pub fn with_wasi(mut self, slots: &[Slot]) -> Self {
        for slot in slots {
            let own = self.slots.entry(slot.clone()).or_default();
            own.wasi = Wasi::Deterministic;
        }
        self
    }

    /// The slots that judge a kind, in slot order; none where there is no route.
    pub fn route(&self, kind: &str) -> Option<Vec<Slot>> {
        let mut slots: Vec<Slot> = match self.routes.iter().find(|route| route.kind == kind) {
            Some(route) => route.slots.clone(),
            None => {
                let (_, names) = ROUTES.iter().find(|(name, _)| *name == kind)?;
                names.iter().filter_map(|name| Slot::new(name).ok()).collect()
            }
        };
        slots.sort();
        slots.dedup();
        Some(slots)
    }

    /// Every route there is, by kind: [`route`](Self::route) for who asks for each event.
    pub fn all_routes(&self) -> BTreeMap<String, Arc<[Slot]>> {
        let given = ROUTES.iter().map(|(kind, _)| *kind);
        let kinds = given.chain(self.routes.iter().map(|route| route.kind.as_str()));
        kinds.filter_map(|kind| Some((kind.to_owned(), self.route(kind)?.into()))).collect()
    }

    /// Kinds, beyond the marketplace's own, whose events run in the tenant's lane.
    pub fn tenant_kinds(&self) -> Vec<String> {
        let wide = self.routes.iter().filter(|route| route.tenant_lane);
        wide.map(|route| route.kind.clone()).collect()
    }

    /// A shared name's policy.
    pub fn policy(&self, name: &str) -> &SharedPolicy {
        static DEFAULT: SharedPolicy =
            SharedPolicy { disagreement: Disagreement::Compensate, staleness: Staleness::Optimistic };
        self.shared.get(name).unwrap_or(&DEFAULT)
    }

    /// A slot's limits and values, to keep.
    pub fn slot(&self, slot: &Slot) -> SlotConfig {
        self.of_slot(slot).clone()
    }

    /// A slot's limits and values, to look at.
    pub fn of_slot(&self, slot: &Slot) -> &SlotConfig {
        static DEFAULT: SlotConfig = SlotConfig::DEFAULT;
        self.slots.get(slot).unwrap_or(&DEFAULT)
    }

    /// The configuration as canonical JSON.
    pub fn canonical(&self) -> String {
        canonical(self)
    }

    /// SHA-256 of the canonical JSON.
    pub fn digest(&self) -> Hash {
        sha256(self.canonical().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_go_on_for_a_day() {
        let limits = Config::default().limits;
        let waits: Vec<u64> = [1, 2, 3, 10, 11, 99, u32::MAX].map(|tries| limits.wait_ms(tries)).into();
        assert_eq!(waits, [1_000, 2_000, 4_000, 512_000, 900_000, 900_000, 900_000]);
        let last = (1..).find(|tries| limits.is_over(*tries)).unwrap();
        let waited = |tries| (1..=tries).map(|tries| limits.wait_ms(tries)).sum::<u64>();
        assert!(waited(last) > 86_400_000 && waited(last - 1) <= 86_400_000, "{last}");
        assert_eq!(last, limits.deferred_tries_max, "a deferred effect is tried for as long");
    }

    #[test]
    fn a_slot_with_wasi_has_another_digest_and_one_without_has_the_old_one() {
        let plain = Config::of_play();
        for choice in ["wasi", "trust", "calendars"] {
            assert!(!plain.canonical().contains(choice), "what was kept before there was a choice reads the same");
        }
        let billing = Slot::new("billing").unwrap();
        let with = plain.clone().with_wasi(std::slice::from_ref(&billing));
        assert_ne!(plain.digest(), with.digest());
        assert_eq!(with.of_slot(&billing).deadline_ms, plain.of_slot(&billing).deadline_ms, "its limits are its own");
        let read: Config = serde_json::from_str(&with.canonical()).unwrap();
        assert_eq!((read.of_slot(&billing).wasi, &read), (Wasi::Deterministic, &with));
    }
    #[test]
    fn calendars_that_say_nothing_change_no_digest_and_others_read_back() {
        let reads = |json: &str| Calendars { everybody: serde_json::from_str(json).unwrap(), ..Calendars::default() };
        let with = |json: &str| Config { calendars: reads(json), ..Config::default() };
        let spelt_out =
            r#"{"zone":"utc","working_days":["fri","mon","tue","wed","thu"],"hours":{"open":"00:00","close":"24:00"}}"#;
        assert_eq!(with(spelt_out).digest(), Config::default().digest());
        let berlin = with(r#"{"zone":"Europe/Berlin"}"#);
        assert_ne!(berlin.digest(), Config::default().digest());
        let read: Config = serde_json::from_str(&berlin.canonical()).unwrap();
        assert_eq!(read, berlin);
    }
}
