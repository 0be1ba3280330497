//! A row of the table: a component, how it ends, and what it may not get past.

use std::time::Duration;

use crate::guest::Guest;

/// What stops a component, and how soon at the latest. The times are for a busy machine; what is printed is what was
/// taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The loader: it never gets in.
    Door,
    /// Its fuel. The clock is far away, as it is in `play`.
    Fuel,
    /// The wall clock. It has fuel for years.
    Clock,
    /// The memory of its slot, or what an engine's stack and tables may have.
    Memory,
    /// The contract: what may be answered, asked and read.
    Contract,
    /// Nothing: it is odd, and harmless.
    Harmless,
}

impl Limit {
    /// How long its event may take.
    pub fn within(self) -> Duration {
        match self {
            Self::Clock => Duration::from_millis(250 + 1_500),
            _ => Duration::from_secs(3),
        }
    }

    /// The name in the printed table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Door => "loader",
            Self::Fuel => "fuel",
            Self::Clock => "clock",
            Self::Memory => "memory",
            Self::Contract => "contract",
            Self::Harmless => "none",
        }
    }
}

/// How long anything may take to load or to be refused.
pub const LOADS_WITHIN: Duration = Duration::from_secs(20);

/// What became of a component that was never let in.
pub const REFUSED: &str = "not-loaded";

/// What became of one that did nothing wrong.
pub const HARMLESS: &str = "completed";

/// A component that does its worst.
pub struct Row {
    /// What it does.
    pub does: &'static str,
    /// The class of its failure, as receipts name it; [`REFUSED`] or [`HARMLESS`].
    pub class: &'static str,
    /// Words of the sentence that an operator reads.
    pub says: &'static str,
    /// What stops it.
    pub limit: Limit,
    /// Its bytes, made when its turn comes.
    pub made: Box<dyn Fn() -> Vec<u8>>,
}

/// A row whose component is any bytes.
pub fn row(
    does: &'static str,
    limit: Limit,
    class: &'static str,
    says: &'static str,
    made: impl Fn() -> Vec<u8> + 'static,
) -> Row {
    Row { does, class, says, limit, made: Box::new(made) }
}

/// A row whose component is built around a guest.
pub fn guest(does: &'static str, limit: Limit, class: &'static str, says: &'static str, guest: Guest<'static>) -> Row {
    row(does, limit, class, says, move || guest.build())
}

/// A row whose component is a body for `evaluate`.
pub fn body(does: &'static str, limit: Limit, class: &'static str, says: &'static str, evaluate: &'static str) -> Row {
    guest(does, limit, class, says, Guest { evaluate, ..Guest::default() })
}

/// A row whose component never gets in, and is written as text.
pub fn refused(does: &'static str, says: &'static str, text: impl Fn() -> String + 'static) -> Row {
    row(does, Limit::Door, REFUSED, says, move || parse(&text()))
}

/// The bytes of a text. It need not be valid, but it must be a text.
pub fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}
