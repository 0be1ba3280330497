//! Trouble: every library's error as what a person at the command line needs to know.

use syndic_cli::{Failure, FailureKind};
use syndic_core::Error;
use syndic_core::ports::StoreError;
use syndic_engine::Halt;
use syndic_store::OpenError;

/// A store that did not open.
pub(crate) fn store_did_not_open(error: &OpenError) -> Failure {
    let (kind, hint) = match error {
        OpenError::NotAStore { .. } => {
            (FailureKind::Unreachable, "name a data directory of syndic, or one that is empty or missing")
        }
        OpenError::Busy { .. } => (FailureKind::Unreachable, "a data directory serves one process at a time"),
        OpenError::NewerFormat { .. } => (FailureKind::Unreachable, "use the newer syndic on this directory"),
        OpenError::OlderFormat { .. } => (FailureKind::Unreachable, "name another directory, or use the older syndic"),
        OpenError::OtherSeed { .. } => (FailureKind::Usage, "a data directory keeps the seed it was made with"),
        OpenError::Corrupt { .. } => {
            (FailureKind::Corrupt, "keep the directory as it is and restore a backup elsewhere")
        }
        OpenError::Io { .. } => (FailureKind::Unreachable, "check that the directory can be read and written"),
    };
    Failure::new(kind, "the data directory cannot be opened").because(error).hint(hint)
}

/// A store that failed while it was used.
pub(crate) fn store_failed(error: &StoreError) -> Failure {
    match error {
        StoreError::Unreachable(why) => {
            Failure::new(FailureKind::Unreachable, "the store cannot be reached").because(why)
        }
        StoreError::Corrupt(why) => Failure::new(FailureKind::Corrupt, "the store is damaged")
            .because(why)
            .hint("keep the directory as it is and restore a backup elsewhere"),
    }
}

/// A host that cannot go on.
pub(crate) fn halted(halt: &Halt) -> Failure {
    match halt {
        Halt::Store(error) => store_failed(error),
        Halt::Closed => Failure::new(FailureKind::Unreachable, "the host was closed").because(halt),
        Halt::Panicked(said) => Failure::new(FailureKind::Corrupt, "syndic panicked in the middle of an event")
            .because(said)
            .hint("what was acknowledged is safe: run the same command again, and report this"),
        Halt::Bug(error) => Failure::new(FailureKind::Corrupt, "syndic broke a rule of its own")
            .because(error)
            .hint("what was acknowledged is safe: run the same command again, and report this"),
    }
}

/// A governor that was not installed.
pub(crate) fn not_installed(error: &Error) -> Failure {
    let (what, cause) = match error {
        Error::ComponentRejected { governor, reason } => {
            (format!("governor `{governor}` was not loaded"), reason.clone())
        }
        other => ("a governor was not loaded".to_owned(), other.to_string()),
    };
    Failure::new(FailureKind::Usage, what)
        .because(format!("{}: {cause}", error.kind()))
        .hint("`syndic governor check FILE` says all that is wrong with it, and what to do")
}

/// A governor that was not healthy in time at start.
pub(crate) fn not_healthy(error: &Error) -> Failure {
    Failure::new(FailureKind::Unreachable, error.to_string())
        .because(format!("{}: `limits.startup_ms` is the limit, and nothing is accepted before all are", error.kind()))
        .hint("`syndic governor check FILE` says how it loads; a first start compiles, and takes longer")
}
