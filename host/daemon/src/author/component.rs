//! A component in an author's hands: read from a file, and loaded the way the host loads every governor.

use std::path::Path;

use syndic_cli::{Failure, FailureKind};
use syndic_core::config::SlotConfig;
use syndic_core::ports::{GovernorRuntime as _, Installed};
use syndic_core::{Error, Slot};
use syndic_runtime::Runtime;

use crate::embedded::{compiled_cache, log_to_stderr};

/// The slot a component is looked at in where none is named. Which one makes no difference to what it may be.
pub(super) const ANY: &str = "new";

/// Reads a component's file.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|why| {
        Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
            .because(why)
            .hint("build a component with `syndic governor build`")
    })
}

/// A runtime for governors whose author listens.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Runtime::with_cache(log_to_stderr(), compiled_cache()).map_err(|why| {
        Failure::new(FailureKind::Unreachable, "governors cannot be run here")
            .because(why)
            .hint("it takes a 64-bit processor that WebAssembly can be compiled for")
    })
}

/// Loads a component as a slot's would be.
pub(super) fn examine(component: &[u8]) -> Result<Installed, Failure> {
    let loaded = runtime()?.load(&slot(ANY)?, component, &SlotConfig::default());
    loaded.map(|installed| (*installed).clone()).map_err(|error| refused(&error))
}

/// A slot by name.
pub(crate) fn slot(name: &str) -> Result<Slot, Failure> {
    Slot::new(name).map_err(|why| {
        Failure::new(FailureKind::Usage, format!("`{name}` is not a slot"))
            .because(why)
            .hint("the bundled governors stand in entitlement, billing, product-catalog, …; or name one of your own")
    })
}

/// A component that the host would not load: the answer is no.
pub(super) fn refused(error: &Error) -> Failure {
    let cause = match error {
        Error::ComponentRejected { reason, .. } => reason.clone(),
        other => other.to_string(),
    };
    Failure::new(FailureKind::No, "the host would not load it")
        .because(cause)
        .hint("`syndic governor check FILE` says all that is known of it")
}
