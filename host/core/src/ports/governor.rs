//! Running governors: what they are asked, what they may read, and how a call can end.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use syndic_ledger::Hash;

use crate::config::SlotConfig;
use crate::decision::{Decision, Manifest};
use crate::error::Error;
use crate::fact::{FactName, Seen};
use crate::slot::Slot;
use crate::time::Time;

/// Bytes a component may have. An interpreter compiled in has some ten million; compiling more would stall the host.
pub const COMPONENT_MAX_BYTES: usize = 32 * 1024 * 1024;

/// A governor version, loaded for a slot and ready to be asked for as long as somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The slot.
    pub slot: Slot,
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of the component's bytes.
    pub digest: Hash,
    /// What its runtime runs.
    pub code: Code,
}

/// What a runtime keeps with a version that it loaded. It is the runtime's own affair, and no part of what a version
/// is: two loads of one component are equal.
#[derive(Clone)]
pub struct Code(Arc<dyn Any + Send + Sync>);

impl Code {
    /// Something of a runtime's own.
    pub fn new(code: impl Any + Send + Sync) -> Self {
        Self(Arc::new(code))
    }

    /// Nothing: the runtime knows its governors by slot and digest.
    pub fn none() -> Self {
        Self::new(())
    }

    /// What it is, where it is of this type.
    pub fn of<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

impl PartialEq for Code {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Code {}

/// What a governor judges, beside the facts it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The event's id.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its kind.
    pub kind: String,
    /// Its subject.
    pub subject: String,
    /// Its time.
    pub time: Time,
    /// Its data as canonical JSON.
    pub data: String,
    /// The lane's time.
    pub now: Time,
    /// A number below 2^53 derived from the event.
    pub seed: u64,
}

/// A blocking effect's answer, as its governor hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectResult {
    /// The effect's id.
    pub id: String,
    /// Its action.
    pub action: String,
    /// The connector key it was done under.
    pub key: Hash,
    /// Yes or no.
    pub accepted: bool,
    /// The answer's body as canonical JSON.
    pub body: String,
}

/// What a governor is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Judge this.
    Evaluate(Context),
    /// Hear the answers of your own effects.
    Feedback(Context, Vec<EffectResult>),
}

/// What one call gave.
#[derive(Clone, Debug)]
pub struct Called {
    /// The decision, unchecked, or why there is none.
    pub answer: Result<Decision, Failure>,
    /// Fuel burned.
    pub fuel: u64,
}

/// How a call can fail. The name goes into receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// It burned all its fuel.
    OutOfFuel,
    /// It ran into the wall-clock deadline. Not repeatable, and never replayed as a decision.
    Deadline,
    /// Its stack overflowed.
    StackOverflow,
    /// It asked for more memory than its slot allows.
    OutOfMemory,
    /// It executed `unreachable`: a panic, in most languages.
    Unreachable,
    /// Another trap.
    Trap,
    /// Its answer breaks a rule of the contract.
    BadAnswer,
    /// It read a fact it does not declare.
    UndeclaredRead,
    /// It reported a fault: broken facts or broken code.
    Fault,
    /// It was not asked: this version trapped on the same event too often.
    Quarantined,
}

impl FailureClass {
    /// The name on the wire and in receipts.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfFuel => "out-of-fuel",
            Self::Deadline => "deadline",
            Self::StackOverflow => "stack-overflow",
            Self::OutOfMemory => "out-of-memory",
            Self::Unreachable => "unreachable",
            Self::Trap => "trap",
            Self::BadAnswer => "bad-answer",
            Self::UndeclaredRead => "undeclared-read",
            Self::Fault => "fault",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether the component was stopped in the middle of its work.
    pub fn is_trap(self) -> bool {
        match self {
            Self::OutOfFuel | Self::Deadline | Self::StackOverflow | Self::OutOfMemory => true,
            Self::Unreachable | Self::Trap => true,
            Self::BadAnswer | Self::UndeclaredRead | Self::Fault | Self::Quarantined => false,
        }
    }
}

/// Why a call gave no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// A sentence, with function and line where the component carries them.
    pub reason: String,
}

/// The longest sentence about a bad answer that is kept. The answer's own words may be in it, and receipts are for ever.
const REASON_MAX_BYTES: usize = 4096;

impl Failure {
    /// An answer that breaks a rule of the contract.
    pub fn bad_answer(mut reason: String) -> Self {
        if reason.len() > REASON_MAX_BYTES {
            reason.truncate(reason.floor_char_boundary(REASON_MAX_BYTES));
            reason.push('…');
        }
        Self { class: FailureClass::BadAnswer, reason }
    }
}

/// What a governor may read during one call. Each call gets its own; it notes what was read.
pub trait Facts: Send + Sync {
    /// Reads a fact of the snapshot; none where it is absent.
    ///
    /// # Errors
    /// The name is not declared, or the store cannot be read.
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError>;

    /// Reads the slot's configuration.
    fn config(&self, key: &str) -> Option<String>;
}

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The manifest does not declare it.
    #[error("it read `{0}`, which its manifest does not declare")]
    Undeclared(String),
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(String),
}

/// What `migrate` gave.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// Every fact in its new shape, by name, as JSON, or why there is none.
    pub answer: Result<Vec<(String, String)>, Failure>,
    /// Fuel burned.
    pub fuel: u64,
}

/// Loads governors and runs them. Which version judges what is not its affair.
pub trait GovernorRuntime: Send + Sync {
    /// Makes a governor of a component's bytes, within the limits of the slot it is for. Whoever holds it may have it
    /// asked; when nobody does, its code is given back.
    ///
    /// # Errors
    /// [`Error::ComponentRejected`], saying what is wrong and what to do.
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error>;

    /// What besides component, configuration and inputs a decision and its fuel depend on: engine version and settings.
    fn engine_hash(&self) -> Hash;

    /// Asks a version, in a fresh instance, within the slot's limits.
    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called;

    /// Has a version carry its slot's facts of one lane over from another schema, in a fresh instance, within the
    /// slot's limits.
    fn migrate(&self, version: &Installed, limits: &SlotConfig, from_schema: u32, facts: Vec<Seen>) -> Migrated;
}
