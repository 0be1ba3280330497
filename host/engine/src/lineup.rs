//! The lineup: which governor version sits in which slot.
//!
//! It is one pointer. Whoever begins to judge an event takes it and keeps it to the end; putting another version in a
//! slot makes a new lineup and changes the pointer, and an event sees the one or the other, never both.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use syndic_core::config::SlotConfig;
use syndic_core::ports::{GovernorRuntime, Installed};
use syndic_core::{Error, Slot};

/// Which version sits in which slot.
#[derive(Clone, Debug, Default)]
pub struct Lineup {
    slots: BTreeMap<Slot, Arc<Installed>>,
}

impl Lineup {
    /// A lineup of these versions, each in the slot it was loaded for.
    pub fn of(versions: impl IntoIterator<Item = Arc<Installed>>) -> Self {
        Self { slots: versions.into_iter().map(|version| (version.slot.clone(), version)).collect() }
    }

    /// Loads components side by side, each for its slot and within its limits.
    ///
    /// # Errors
    /// [`Error::ComponentRejected`], of the first that is refused.
    pub fn load(runtime: &dyn GovernorRuntime, all: &[(Slot, &[u8], SlotConfig)]) -> Result<Self, Error> {
        let loaded: Result<Vec<_>, Error> = thread::scope(|scope| {
            let load = |(slot, bytes, limits)| scope.spawn(move || runtime.load(slot, bytes, limits));
            let loading: Vec<_> = all.iter().map(|(slot, bytes, limits)| load((slot, *bytes, limits))).collect();
            let loaded = loading.into_iter().map(|thread| thread.join().expect("loading a component does not panic"));
            loaded.collect()
        });
        loaded.map(Self::of)
    }

    /// The version that judges in a slot.
    pub fn active(&self, slot: &Slot) -> Option<&Arc<Installed>> {
        self.slots.get(slot)
    }

    /// Every version that judges, in slot order.
    pub fn all_active(&self) -> impl Iterator<Item = &Arc<Installed>> {
        self.slots.values()
    }
}

/// Where the lineup of a host is found.
#[derive(Debug, Default)]
pub(crate) struct Board(RwLock<Arc<Lineup>>);

impl Board {
    pub(crate) fn new(lineup: Lineup) -> Self {
        Self(RwLock::new(Arc::new(lineup)))
    }

    /// The lineup as it is now.
    pub(crate) fn now(&self) -> Arc<Lineup> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the lineup: whoever begins after this sees the new one.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Lineup)) {
        let mut lineup = (*self.now()).clone();
        change(&mut lineup);
        let before = {
            let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *place, Arc::new(lineup))
        };
        // Giving back the code of a version that nobody else holds takes a while, so it is done where nobody waits.
        drop(before);
    }
}

impl Lineup {
    pub(crate) fn seat(&mut self, version: Arc<Installed>) {
        self.slots.insert(version.slot.clone(), version);
    }
}
