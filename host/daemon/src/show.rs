//! Where words go: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use syndic_cli::paint::Paint;
use syndic_cli::{Failure, FailureKind};

/// How results are shown.
pub(crate) struct Show {
    /// One JSON object per line.
    pub(crate) json: bool,
    /// Colours, for people.
    pub(crate) paint: Paint,
}

impl Show {
    pub(crate) fn new(json: bool, paint: Paint) -> Self {
        Self { json, paint }
    }

    /// A result: as JSON for programs, else the text.
    pub(crate) fn result(&self, value: &impl Serialize, text: impl FnOnce(Paint) -> String) -> Result<(), Failure> {
        if self.json {
            let line = serde_json::to_string(value).map_err(cannot_write)?;
            return self.line(&line);
        }
        self.line(&text(self.paint))
    }

    /// A line of a result. It has left this process on return: whoever reads it may act on it.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(cannot_write)
    }

    /// Makes room on a screen for a result that takes the place of the last one. Elsewhere each stands below the other.
    pub(crate) fn clear(&self) {
        let mut out = io::stdout().lock();
        if !self.json && out.is_terminal() {
            let _ = write!(out, "\x1b[H\x1b[2J");
        }
    }

    /// A word beside the result, for whoever watches. Nobody watching is no failure.
    pub(crate) fn aside(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn cannot_write(why: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unreachable, "the result cannot be written").because(why)
}
