//! Facts: what the host remembers for governors, and how it is named.
//!
//! A fact is `(tenant, customer or tenant, name) → {value, version, by, event, at}`. Names under a slot are written by
//! that slot alone, `shared.…` by several; a set remembers who added each element, a standing value who stands where.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::slot::Slot;
use crate::text::Text;
use crate::time::Time;

/// Bytes a fact's value may have: 64 KiB.
pub const VALUE_MAX_BYTES: usize = 64 * 1024;

/// Bytes a fact's name may have.
pub const NAME_MAX_BYTES: usize = 512;

/// Whose fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The customer's.
    Customer,
    /// The tenant's.
    Tenant,
}

/// A fact within one event's view: whose, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactName {
    /// The name.
    pub name: String,
    /// Whose.
    pub scope: Scope,
}

/// A fact within the whole store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactKey {
    /// The tenant.
    pub tenant: String,
    /// The customer; none for the tenant's own facts.
    pub customer: Option<String>,
    /// The name.
    pub name: String,
}

/// A fact as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it holds.
    pub value: Held,
    /// How often it was written since it was last absent; 1 is the first time.
    pub version: u64,
    /// The receipt that wrote it: no two writes of one fact have the same.
    pub receipt: u64,
    /// The last receipt that did more than step it: made it, or wrote it otherwise than by `increase`, `add` or `remove`.
    pub base: u64,
    /// The slot that wrote it last.
    pub by: Slot,
    /// The state schema of the version that gave it its shape: a step changes no shape.
    pub schema: u32,
    /// The id of the event it was written for.
    pub event: String,
    /// The time of that event.
    pub at: Time,
}

/// What a fact holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// A JSON value that was set, or a counter.
    Plain(Text),
    /// A set's elements, each with the slots that added it.
    Elements(BTreeMap<String, BTreeSet<Slot>>),
    /// What each slot stands for; it reads as the strictest.
    Standing {
        /// The slots' own values.
        stands: BTreeMap<Slot, String>,
        /// The strictest of them.
        strictest: String,
    },
}

impl Held {
    /// The value as a governor reads it, and as receipts commit to it.
    pub fn text(&self) -> Text {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Elements(_) | Self::Standing { .. } => self.read().into(),
        }
    }

    /// The value as an operator reads it.
    pub fn read(&self) -> Value {
        match self {
            Self::Plain(text) => text.value(),
            Self::Elements(elements) => elements.keys().cloned().collect(),
            Self::Standing { strictest, .. } => strictest.clone().into(),
        }
    }
}

/// What a governor sees of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Its value as canonical JSON.
    pub value: String,
}

/// One fact of a decision's read set: what was read, and what it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The fact.
    pub fact: FactName,
    /// The version seen; 0 where it was absent.
    pub version: u64,
    /// The receipt that wrote it, with which its value is kept; 0 where it was absent.
    pub receipt: u64,
}

impl Fact {
    /// The value as canonical JSON.
    pub fn canonical(&self) -> String {
        self.value.text().to_string()
    }
}

impl FactName {
    /// Checks a name a governor gave: `<slot>.…` of its own, or `shared.…`.
    ///
    /// # Errors
    /// A sentence that names the rule.
    pub fn check(&self, slot: &Slot) -> Result<(), String> {
        let name = &self.name;
        if name.len() > NAME_MAX_BYTES || name.chars().any(|c| c.is_control() || c == '*') {
            return Err(format!("`{}` is not a fact name", name.escape_debug()));
        }
        let owned = slot.owns(name) && name.len() > slot.as_str().len() + 1;
        let shared = name.strip_prefix("shared.").is_some_and(|rest| !rest.is_empty());
        if !owned && !shared {
            return Err(format!("it may not write `{name}`: only `{slot}.…` and `shared.…`"));
        }
        Ok(())
    }

    /// The fact's key in the store.
    pub fn key(&self, tenant: &str, subject: &str) -> FactKey {
        FactKey {
            tenant: tenant.to_owned(),
            customer: (self.scope == Scope::Customer).then(|| subject.to_owned()),
            name: self.name.clone(),
        }
    }
}

impl FactKey {
    /// The key seen from within its tenant and customer.
    pub fn within(&self) -> FactName {
        let scope = if self.customer.is_some() { Scope::Customer } else { Scope::Tenant };
        FactName { scope, name: self.name.clone() }
    }
}

impl std::fmt::Display for FactName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.scope {
            Scope::Customer => f.write_str(&self.name),
            Scope::Tenant => write!(f, "tenant:{}", self.name),
        }
    }
}
