//! Facts on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_core::Fact;

/// One fact, as an operator reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct FactLine {
    /// Its name.
    pub name: String,
    /// How often it was written.
    pub version: u64,
    /// Its value, as governors read it.
    pub value: Value,
    /// The slot that wrote it last.
    pub by: String,
    /// The event it was written for.
    pub event: String,
    /// That event's time.
    pub at: String,
}

impl FactLine {
    /// The line of a fact.
    pub fn new(name: &str, fact: &Fact) -> Self {
        Self {
            name: name.to_owned(),
            version: fact.version,
            value: fact.value.read(),
            by: fact.by.to_string(),
            event: fact.event.clone(),
            at: fact.at.to_string(),
        }
    }
}
