//! The host on the wire: its governors, and the table it moves by.

use serde::Serialize;
use syndic_core::State;
use syndic_core::ports::Installed;
use syndic_core::states::{Action, MOVES, On};
use syndic_ledger::Digest;

/// An installed governor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct InstalledLine {
    /// The slot.
    pub slot: String,
    /// What the component calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// The kinds of event it judges.
    pub kinds: Vec<String>,
}

impl From<&Installed> for InstalledLine {
    fn from(installed: &Installed) -> Self {
        let manifest = &installed.manifest;
        Self {
            slot: installed.slot.to_string(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: Digest(installed.digest).to_string(),
            kinds: manifest.kinds.clone(),
        }
    }
}

/// One legal move of a lane. What is in no line cannot happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct MoveLine {
    /// In this state,
    pub from: String,
    /// on this,
    pub on: String,
    /// go there,
    pub to: String,
    /// and do this.
    pub then: String,
}

impl MoveLine {
    /// Every legal move.
    pub fn all() -> Vec<Self> {
        let line = |from: State, on: On, to: State, then: Action| Self {
            from: from.name().into(),
            on: format!("{on:?}"),
            to: to.name().into(),
            then: format!("{then:?}"),
        };
        MOVES.iter().map(|&(from, on, to, then)| line(from, on, to, then)).collect()
    }
}
