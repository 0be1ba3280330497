//! Formats: nets as text.
//!
//! Ours is TOML, one block a task: an engineer reads it top to bottom, comments are free, and a diff of two versions
//! says what changed. (YAML was the other candidate; its parsers are no longer looked after, and a task list in it is
//! an indentation.) PNML is what other tools speak: it carries places, transitions and arcs, and nothing of the rest.
//!
//! A file is read in full before anything is said of it: every mistake is told, with the line and column where it
//! stands and what to do about it.

mod event;
mod fields;
mod pnml;
mod read;
mod task;
mod write;

use std::fmt;

pub use pnml::{Pnml, read_pnml, write_pnml};
pub use read::read;
pub use write::write;

/// Bytes of a net file. A net has hundreds of tasks, not hundreds of thousands; what is longer is no net.
pub const LONGEST: usize = 1 << 20;

/// Mistakes of one text that are told; whoever has more begins with those.
const TOLD_MAX: usize = 100;

fn too_long(bytes: usize, most: usize) -> Mistake {
    let (what, hint) = (format!("{bytes} bytes are too long for a net"), format!("{most} are allowed"));
    Mistake { line: 1, column: 1, what, hint }
}

/// A text that is no net, and every reason why, up to a hundred.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.first().map_or_else(String::new, ToString::to_string))]
pub struct NotANet {
    /// In the order of the text; at least one.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Mistake {
    /// A mistake at a byte of this text.
    fn at(text: &str, byte: usize, what: impl Into<String>, hint: impl Into<String>) -> Self {
        let before = text.get(..byte.min(text.len())).unwrap_or(text);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Self { line, column, what: what.into(), hint: hint.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}
