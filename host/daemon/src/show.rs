//! Where words go: results to stdout, everything else to stderr.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use syndic_cli::paint::Paint;
use syndic_cli::{Failure, FailureKind};

/// How results are shown.
pub(crate) struct Show {
    /// One JSON object per line.
    pub(crate) json: bool,
    /// Colours, for people.
    pub(crate) paint: Paint,
    out: Mutex<io::BufWriter<io::Stdout>>,
}

impl Show {
    pub(crate) fn new(json: bool, paint: Paint) -> Self {
        Self { json, paint, out: Mutex::new(io::BufWriter::new(io::stdout())) }
    }

    /// A result: as JSON for programs, else the text.
    pub(crate) fn result(&self, value: &impl Serialize, text: impl FnOnce(Paint) -> String) -> Result<(), Failure> {
        if self.json {
            let line = serde_json::to_string(value).map_err(cannot_write)?;
            return self.line(&line);
        }
        self.line(&text(self.paint))
    }

    /// A line of a result.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(out, "{text}").map_err(cannot_write)
    }

    /// Makes sure that what was said has arrived.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).flush().map_err(cannot_write)
    }

    /// A word beside the result, for whoever watches. Nobody watching is no failure.
    pub(crate) fn aside(&self, text: &str) {
        let _ = self.flush();
        let _ = writeln!(io::stderr(), "{text}");
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

fn cannot_write(why: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unreachable, "the result cannot be written").because(why)
}
