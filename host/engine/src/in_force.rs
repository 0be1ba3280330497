//! The calendars in force, and the digest of the configuration that they stand in.
//!
//! They are what may change of a configuration while the host runs on it. Whoever reckons takes both together and keeps
//! them to the end of the step: so its receipt names the calendars that its deadlines were reckoned by. A deadline is a
//! moment from then on, and no calendar is asked about it again.

use std::sync::{Arc, PoisonError};

use syndic_core::Config;
use syndic_core::calendar::Calendars;
use syndic_core::ports::{Reads, Store, StoreError};
use syndic_ledger::{Hash, Receipt, sha256};

use crate::act::entry;
use crate::host::{Halt, Host};

/// Calendars, and the digest of the configuration that they stand in.
pub(crate) struct InForce {
    pub(crate) calendars: Calendars,
    pub(crate) digest: Hash,
}

/// Keeps a configuration beside the receipts that will name it. Nobody waits for that: no receipt that names it is
/// durable before it is.
pub(crate) fn kept(store: &dyn Store, config: &Config) -> Result<InForce, StoreError> {
    let text = config.canonical();
    let digest = sha256(text.as_bytes());
    store.keep(vec![(digest, text.into_bytes())])?;
    Ok(InForce { calendars: config.calendars.clone(), digest })
}

impl Host {
    /// What is in force now.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts days by other calendars from now on. What is due already stays due when it is.
    ///
    /// # Errors
    /// The store cannot be written; then nothing has changed.
    pub fn count_by(&self, calendars: Calendars) -> Result<(), Halt> {
        let next = kept(&*self.ports.store, &Config { calendars, ..self.config.clone() })?;
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }
}

/// The calendars that counted when a ledger was last written to: those of its last receipt's configuration.
///
/// # Errors
/// The store failed.
pub fn last_calendars(store: &dyn Reads) -> Result<Calendars, StoreError> {
    let last = store.head()?.frontier.size();
    if last == 0 {
        return Ok(Calendars::default());
    }
    let unreadable =
        |why: String| StoreError::Corrupt(format!("the configuration of receipt {last} does not read: {why}"));
    let leaf = Receipt::parse(entry(store, last)?.leaf.as_bytes()).map_err(|why| unreadable(why.to_string()))?;
    let text = store.blob(&leaf.configuration)?.ok_or_else(|| unreadable("it is not there".into()))?;
    let config: Config = serde_json::from_slice(&text).map_err(|why| unreadable(why.to_string()))?;
    Ok(config.calendars)
}
