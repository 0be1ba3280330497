//! Slots and the versions that are, were or may come to be in them: what the host writes of itself when a governor is
//! put in a slot, tried, promoted or taken back.
//!
//! Every version that was ever installed keeps its record, with why it left. A slot that nobody ever installed anything
//! in has none: there the bundled governor judges.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use syndic_ledger::{Hash, canonical};

use crate::ports::{Installed, Reads, StoreError};
use crate::slot::Slot;
use crate::text::Text;
use crate::time::Time;

/// The register of slots; its keys are their names.
pub const SLOT_REGISTER: &str = "slot";
/// The register of versions; see [`version_key`].
pub const VERSION_REGISTER: &str = "version";
/// The register of trials under way; its keys are slots' names.
pub const TRIAL_REGISTER: &str = "trial";
/// The register of differences between a version and the one that is tried beside it; see [`difference_key`].
pub const DIFFERENCE_REGISTER: &str = "difference";
/// The register of versions that failed of late; its keys are slots' names.
pub const FAILING_REGISTER: &str = "failing";

/// The versions of a slot, by number from 1, sort as they came.
pub fn version_key(slot: &Slot, number: u32) -> String {
    format!("{slot}/{number:08}")
}

/// The differences of a trial sort as they were found.
pub fn difference_key(slot: &Slot, number: u32, nth: u64) -> String {
    format!("{slot}/{number:08}/{nth:08}")
}

/// What the host knows of a slot that something was installed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotRecord {
    /// The number of the version that judges.
    pub active: u32,
    /// The one that was active before and can be again at once.
    pub warm: Option<u32>,
    /// The one that is tried.
    pub trial: Option<Trial>,
    /// How many versions there were.
    pub versions: u32,
    /// How often the slot was changed.
    pub generation: u64,
    /// The state schemas that facts of the slot may have.
    pub schemas: BTreeSet<u32>,
}

/// A version on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Its number.
    pub number: u32,
    /// How it is tried.
    pub mode: Mode,
}

/// How a version is in its slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It judges.
    #[default]
    Active,
    /// It is asked beside the active one, about the same; its answers are compared and come to nothing.
    Shadow,
    /// It judges for so many of a hundred customers, always the same ones, and the active one for the others.
    Canary(u8),
}

impl Mode {
    /// The name on the command line, on the wire and in receipts.
    pub fn name(self) -> String {
        match self {
            Self::Active => "active".to_owned(),
            Self::Shadow => "shadow".to_owned(),
            Self::Canary(percent) => format!("canary {percent} %"),
        }
    }
}

/// One version of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRecord {
    /// The slot.
    pub slot: Slot,
    /// Its number in the slot, from 1.
    pub number: u32,
    /// SHA-256 of the component, which is kept under it.
    pub digest: Hash,
    /// What it calls itself.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// The version of the shape of its facts.
    pub state_schema: u32,
    /// Whose signature it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When it was installed.
    pub installed: Time,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// As what.
    pub mode: Mode,
    /// The receipt of that; none for the one that was there before anything was installed.
    pub receipt: Option<u64>,
    /// When it began to judge for everybody, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_since: Option<Time>,
    /// Why it judges no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// Whether its facts could not be carried back to the version before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
}

/// How a version left its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// When.
    pub at: Time,
    /// Why, as the act that did it said.
    pub why: String,
    /// The receipt of that.
    pub receipt: u64,
}

/// What a trial has shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// The version's number.
    pub number: u32,
    /// Events it was asked about.
    pub calls: u64,
    /// Of those, decided otherwise than by the active version.
    pub different: u64,
    /// Of those, explained by somebody.
    pub explained: u64,
    /// Of those calls, failed.
    pub failed: u64,
    /// Fuel of the active version and of this one, over all calls.
    pub fuel: [u64; 2],
    /// Microseconds of the active version and of this one, over all calls; a measurement.
    pub micros: [u64; 2],
}

/// One event that two versions decided otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// In what: `verdict`, `writes`, `effects`, `timers`, `raises`, `note`, or `failed`.
    pub kinds: Vec<String>,
    /// The event's id.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// Its tenant.
    pub tenant: String,
    /// Its receipt.
    pub receipt: u64,
    /// What the active version decided, and what the one on trial did, as JSON; of what is very long only how long it is.
    pub decisions: [serde_json::Value; 2],
    /// Fuel of the two.
    pub fuel: [u64; 2],
    /// Microseconds of the two.
    pub micros: [u64; 2],
    /// Why that is all right, by whoever said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
}

/// The calls of a version among which its failures count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailingRecord {
    /// The version.
    pub digest: Option<Hash>,
    /// Calls since its failures are counted.
    pub calls: u64,
    /// Which of those failed.
    pub failures: Vec<u64>,
    /// The receipt of the last of them.
    pub receipt: u64,
}

impl VersionRecord {
    /// The record of a version that is new in its slot.
    pub fn of(version: &Installed, number: u32, installed: Time, by: &str, reason: &str, mode: Mode) -> Self {
        Self {
            slot: version.slot.clone(),
            number,
            digest: version.digest,
            name: version.manifest.name.clone(),
            version: version.manifest.version.clone(),
            state_schema: version.manifest.state_schema,
            publisher: None,
            installed,
            by: by.to_owned(),
            reason: reason.to_owned(),
            mode,
            receipt: None,
            active_since: (mode == Mode::Active).then_some(installed),
            left: None,
            one_way: false,
        }
    }
}

/// Whether a customer is among the first so many of a hundred. Who is among ten is among twenty too.
pub fn is_canary(tenant: &str, customer: Option<&str>, percent: u8) -> bool {
    let [a, b, c, d, ..] = syndic_ledger::sha256(canonical(&(tenant, customer)).as_bytes()).0;
    u64::from(u32::from_be_bytes([a, b, c, d])) * 100 < u64::from(percent) << 32
}

/// An entry of a register, read.
///
/// # Errors
/// The store cannot be read, or the entry is not what it should be.
pub fn entry<T: DeserializeOwned>(store: &dyn Reads, register: &str, key: &str) -> Result<Option<T>, StoreError> {
    store.register(register, key)?.map(|text| read(register, key, &text)).transpose()
}

/// Every entry of a register whose keys begin so, with those keys.
///
/// # Errors
/// As [`entry`].
pub fn entries<T: DeserializeOwned>(
    store: &dyn Reads,
    register: &str,
    prefix: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let found = store.registers(register, prefix, usize::MAX)?;
    let with = found.into_iter().take_while(|(key, _)| key.starts_with(prefix));
    with.map(|(key, text)| read(register, &key, &text).map(|entry| (key, entry))).collect()
}

/// An entry to write.
pub fn put(register: &str, key: String, entry: &impl Serialize) -> (String, String, Option<Text>) {
    (register.to_owned(), key, Some(Text::from(serde_json::to_value(entry).expect("a record has a JSON text"))))
}

fn read<T: DeserializeOwned>(register: &str, key: &str, text: &Text) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|why| StoreError::Corrupt(format!("`{key}` of the register `{register}` does not read: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_has_its_share_of_customers_and_keeps_them_as_it_grows() {
        let among = |percent| (0..10_000).filter(move |nth| is_canary("acme", Some(&format!("cust-{nth}")), percent));
        let (ten, twenty): (Vec<_>, Vec<_>) = (among(10).collect(), among(20).collect());
        assert!((900..1_100).contains(&ten.len()) && (1_850..2_150).contains(&twenty.len()), "{}", ten.len());
        assert!(ten.iter().all(|nth| twenty.contains(nth)));
        assert_eq!((among(0).count(), among(100).count()), (0, 10_000));
    }
}
