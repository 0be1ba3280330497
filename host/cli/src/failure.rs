//! Failures: what, why, what now; and the exit code scripts may rely on.

use std::fmt;

use crate::plain::plain_lines;

/// Why a command failed. The kind decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The question was understood, and the answer is no.
    No,
    /// The command line or its input cannot be read.
    Usage,
    /// Something cannot be reached or opened.
    Unreachable,
    /// What is stored is damaged.
    Corrupt,
}

impl FailureKind {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::No => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Corrupt => 4,
        }
    }

    /// What to do now, where nobody knows better.
    fn hint(self) -> &'static str {
        match self {
            Self::No => "nothing was changed; `--help` after the verb says what else there is to ask",
            Self::Usage => "`--help` after the verb says how it is written",
            Self::Unreachable => "`syndic doctor` looks at all that syndic stands on",
            Self::Corrupt => "keep what there is as it is, and restore a backup elsewhere",
        }
    }
}

/// A failure in three lines: what went wrong, why, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: FailureKind,
    /// What went wrong, in the words of the command.
    pub what: String,
    /// Why.
    pub cause: Option<String>,
    /// What to do now; where nobody knows better, the kind says.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cause: None, hint: None }
    }

    /// With its cause.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// With what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", plain_lines(&self.what))?;
        if let Some(cause) = &self.cause {
            write!(f, "\ncause: {}", plain_lines(cause))?;
        }
        write!(f, "\nhint:  {}", plain_lines(self.hint.as_deref().unwrap_or(self.kind.hint())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_and_what_now() {
        let failure = Failure::new(FailureKind::Unreachable, "the store in `data` cannot be opened")
            .because("another syndic is using it")
            .hint("stop that one first");
        assert_eq!(
            failure.to_string(),
            "error: the store in `data` cannot be opened\ncause: another syndic is using it\nhint:  stop that one first"
        );
        assert_eq!(failure.kind.code(), 3);
    }
}
