//! The host on the wire: the table it moves by.

use serde::Serialize;
use syndic_core::State;
use syndic_core::states::{Action, MOVES, On};

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
