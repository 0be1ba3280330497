//! What governors are asked and what they answer, in the core's own types.
//!
//! An answer is checked here against everything the contract bounds, before anything looks at what it says; an answer
//! that breaks a rule is the governor's error, and the event is rolled back.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_ledger::canonical;

use crate::effect::{self, Mode};
use crate::fact::{FactName, Scope, VALUE_MAX_BYTES};
use crate::json;
use crate::slot::Slot;
use crate::text::{Text, embedded, embedded_if_any};
use crate::time::Time;

/// Writes one governor may ask for per event.
pub const WRITES_MAX: usize = 64;
/// Effects one governor may ask for per event.
pub const EFFECTS_MAX: usize = 16;
/// Timers one governor may set per event.
pub const TIMERS_MAX: usize = 16;
/// Bytes of data a timer may bring back.
pub const TIMER_DATA_MAX_BYTES: usize = 16 * 1024;
/// Events one governor may raise per event.
pub const RAISES_MAX: usize = 4;
/// Bytes one governor's whole answer may have.
pub const DECISION_MAX_BYTES: usize = 128 * 1024;

/// What a governor says of itself when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name, as a person would say it.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// The kinds it judges.
    pub kinds: Vec<String>,
    /// The facts it may read.
    pub reads: Vec<DeclaredRead>,
    /// The effect actions it may ask for.
    pub effects: Vec<String>,
    /// The version of the shape of its facts.
    pub state_schema: u32,
}

/// A name, or with a final `*` a prefix of names, that a governor may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredRead {
    /// Whose facts.
    pub scope: Scope,
    /// The name or prefix.
    pub name: String,
    /// Whether a tenant fact that others only count up or down makes the decision stale when it moves.
    pub exact: bool,
}

impl DeclaredRead {
    /// Whether this declaration covers a name.
    pub fn covers(&self, fact: &FactName) -> bool {
        let named = match self.name.strip_suffix('*') {
            Some(prefix) => fact.name.starts_with(prefix),
            None => fact.name == self.name,
        };
        self.scope == fact.scope && named
    }
}

/// A governor's answer to "may this happen?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// Nothing to say.
    Abstain,
    /// No.
    Refuse(Reason),
    /// A person decides.
    Refer(Reason),
}

/// Why: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable, lower case with hyphens.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// One change to what the host keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the variants and their members are documented in wit/governor.wit")]
pub enum Write {
    Set {
        fact: FactName,
        #[serde(with = "embedded")]
        value: Text,
    },
    Add {
        element: String,
        fact: FactName,
    },
    Remove {
        element: String,
        fact: FactName,
    },
    Increase {
        by: i64,
        fact: FactName,
    },
    Stand {
        fact: FactName,
        value: Option<String>,
    },
    Number {
        fact: FactName,
        pointer: String,
        series: String,
    },
    Claim {
        #[serde(with = "embedded")]
        content: Text,
        key: String,
    },
}

/// How an effect is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The undoing action.
    pub action: String,
    /// Its body, an object.
    #[serde(with = "embedded")]
    pub body: Text,
}

/// An action on the outside world, asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The action.
    pub action: String,
    /// Its body, an object.
    #[serde(with = "embedded")]
    pub body: Text,
    /// Unique within the governor's answer to one event.
    pub id: String,
    /// What it acts on.
    pub key: String,
    /// When it happens.
    pub mode: Mode,
    /// Its undo, where it is reversible.
    pub undo: Option<Undo>,
}

/// A deadline, asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRequest {
    /// What comes back with it.
    #[serde(with = "embedded_if_any")]
    pub data: Option<Text>,
    /// When it is due.
    pub due: Time,
    /// Its name within the slot and lane.
    pub name: String,
}

/// An event to follow, asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// Its data.
    #[serde(with = "embedded")]
    pub data: Text,
    /// Its kind.
    pub kind: String,
}

/// What a governor decides. Members stand in the order of their names, here and in all that is part of it, so that
/// writing it canonically has nothing to put in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the members are documented in wit/governor.wit")]
pub struct Decision {
    pub effects: Vec<Effect>,
    pub note: Option<String>,
    pub raises: Vec<Raise>,
    pub timers: Vec<TimerRequest>,
    pub verdict: Verdict,
    pub writes: Vec<Write>,
}

impl Verdict {
    /// The verdict's name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Abstain => "abstain",
            Self::Refuse(_) => "refuse",
            Self::Refer(_) => "refer",
        }
    }

    /// The reason, where there is one.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Approve | Self::Abstain => None,
            Self::Refuse(reason) | Self::Refer(reason) => Some(reason),
        }
    }
}

impl Decision {
    /// A decision that says nothing and does nothing.
    pub fn abstain() -> Self {
        Self {
            verdict: Verdict::Abstain,
            writes: Vec::new(),
            effects: Vec::new(),
            timers: Vec::new(),
            raises: Vec::new(),
            note: None,
        }
    }

    /// Checks the whole answer against the slot's manifest and the bounds of the contract, and returns its text, for who
    /// goes on to commit to it. `tenant_lane` says whether the event runs in the tenant's own lane, where alone tenant
    /// facts may be `set`.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn checked(&self, slot: &Slot, manifest: &Manifest, tenant_lane: bool) -> Result<Text, String> {
        self.check_parts(slot, manifest, tenant_lane)?;
        let text = self.text();
        within("bytes", text.len(), DECISION_MAX_BYTES)?;
        Ok(text)
    }

    /// The answer as canonical JSON.
    pub fn text(&self) -> Text {
        Text::of_canonical(canonical(self))
    }

    fn check_parts(&self, slot: &Slot, manifest: &Manifest, tenant_lane: bool) -> Result<(), String> {
        within("writes", self.writes.len(), WRITES_MAX)?;
        within("effects", self.effects.len(), EFFECTS_MAX)?;
        within("timers", self.timers.len(), TIMERS_MAX)?;
        within("raised events", self.raises.len(), RAISES_MAX)?;
        if let Some(reason) = self.verdict.reason() {
            check_reason(reason)?;
        }
        for write in &self.writes {
            self.check_write(write, slot, tenant_lane)?;
        }
        for (nth, effect) in self.effects.iter().enumerate() {
            check_effect(effect, manifest)?;
            if self.effects[..nth].iter().any(|earlier| earlier.id == effect.id) {
                return Err(format!("two effects have the id `{}`", effect.id));
            }
        }
        for timer in &self.timers {
            check_id("timer name", &timer.name)?;
            within("bytes of timer data", timer.data.as_ref().map_or(0, |data| data.len()), TIMER_DATA_MAX_BYTES)?;
        }
        Ok(())
    }

    fn check_write(&self, write: &Write, slot: &Slot, tenant_lane: bool) -> Result<(), String> {
        let fact = match write {
            Write::Set { fact, .. }
            | Write::Add { fact, .. }
            | Write::Remove { fact, .. }
            | Write::Increase { fact, .. }
            | Write::Stand { fact, .. }
            | Write::Number { fact, .. } => Some(fact),
            Write::Claim { .. } => None,
        };
        if let Some(fact) = fact {
            fact.check(slot)?;
            if tenant_lane && fact.scope == Scope::Customer {
                return Err(format!("it may not write `{fact}`: in the tenant's lane there is no customer"));
            }
        }
        match write {
            Write::Set { fact, value } => {
                if fact.scope == Scope::Tenant && !tenant_lane {
                    return Err(format!("it may not set `{fact}`: tenant facts are set in the tenant's lane only"));
                }
                let bytes = value.len();
                if bytes > VALUE_MAX_BYTES {
                    return Err(format!("the value of `{fact}` has {bytes} bytes, over {VALUE_MAX_BYTES}"));
                }
                Ok(())
            }
            Write::Add { element, .. } | Write::Remove { element, .. } => check_label("element", element),
            Write::Increase { fact, by } => {
                if by.abs() > json::MAX_SAFE_INTEGER {
                    return Err(format!("it steps `{fact}` by {by}, outside ±(2^53 − 1)"));
                }
                Ok(())
            }
            Write::Stand { .. } => Ok(()),
            Write::Number { series, fact, pointer } => {
                check_label("series", series)?;
                let target = self.writes.iter().rev().find_map(|write| match write {
                    Write::Set { fact: set, value } if set == fact => Some(value),
                    _ => None,
                });
                match target {
                    None => Err(format!("it asks a number for `{fact}`, which it does not set")),
                    Some(value) if !can_hold(&value.value(), pointer) => {
                        Err(format!("`{pointer}` does not point into an object of `{fact}`"))
                    }
                    Some(_) => Ok(()),
                }
            }
            Write::Claim { key, .. } => check_label("claim key", key),
        }
    }
}

/// Whether a JSON Pointer names a member, there or not yet, of an object inside `value`.
fn can_hold(value: &Value, pointer: &str) -> bool {
    let Some((parent, _)) = pointer.rsplit_once('/') else {
        return false;
    };
    value.pointer(parent).is_some_and(Value::is_object)
}

fn check_reason(reason: &Reason) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if reason.code.is_empty() || reason.code.len() > 64 || !reason.code.chars().all(legal) {
        return Err(format!(
            "`{}` is not a code: use 1 to 64 lower-case letters, digits and hyphens",
            reason.code.escape_debug()
        ));
    }
    within("bytes of its sentence", reason.message.len(), 4096)
}

fn check_effect(effect: &Effect, manifest: &Manifest) -> Result<(), String> {
    let Effect { id, action, mode, key, body, undo } = effect;
    check_id("effect id", id)?;
    check_label("effect key", key)?;
    if !manifest.effects.contains(action) {
        return Err(format!("effect `{id}` asks for `{action}`, which its manifest does not declare"));
    }
    if !body.is_object() {
        return Err(format!("the body of effect `{id}` is not an object"));
    }
    effect::check_mode(action, *mode)?;
    match (mode, undo) {
        (Mode::Reversible, None) => Err(format!("effect `{id}` is reversible but carries no undo")),
        (Mode::Reversible, Some(undo)) if !undo.body.is_object() => {
            Err(format!("the undo body of effect `{id}` is not an object"))
        }
        (Mode::Reversible, Some(_)) | (_, None) => Ok(()),
        (_, Some(_)) => Err(format!("effect `{id}` carries an undo but is not reversible")),
    }
}

fn check_label(what: &str, text: &str) -> Result<(), String> {
    check_text(what, text, 512)
}

/// Effect ids and timer names become part of an event's id, which has 256 bytes.
fn check_id(what: &str, text: &str) -> Result<(), String> {
    check_text(what, text, 128)
}

fn check_text(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() || text.len() > most || text.chars().any(char::is_control) {
        return Err(format!(
            "the {what} `{}` is not 1 to {most} bytes without control characters",
            text.escape_debug()
        ));
    }
    Ok(())
}

fn within(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most {
        return Err(format!("its answer has {count} {what}, over {most}"));
    }
    Ok(())
}
