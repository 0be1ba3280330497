//! The lineup: which governor version sits in which slot, and which is tried beside it.
//!
//! It is one pointer. Whoever begins to judge an event takes it and keeps it to the end; putting another version in a
//! slot makes a new lineup and changes the pointer, and an event sees the one or the other, never both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use syndic_core::config::SlotConfig;
use syndic_core::ports::{GovernorRuntime, Installed, Reads, StoreError};
use syndic_core::versions::{self, Mode, SLOT_REGISTER, SlotRecord, VERSION_REGISTER, VersionRecord, is_canary};
use syndic_core::{Config, Error, Lane, Slot};
use syndic_ledger::Hash;

/// Which version sits in which slot.
#[derive(Clone, Debug, Default)]
pub struct Lineup {
    slots: BTreeMap<Slot, Seating>,
}

/// Who sits in one slot.
#[derive(Clone, Debug)]
pub struct Seating {
    /// Who judges.
    pub active: Arc<Installed>,
    /// Who is tried.
    pub trial: Option<(Arc<Installed>, Mode)>,
    /// Who judged before, and can again at once.
    pub warm: Option<Arc<Installed>>,
    /// The state schemas that facts of the slot may have.
    pub(crate) schemas: BTreeSet<u32>,
    /// The numbers of the active version and of the one that is tried; none where nothing was ever installed.
    pub(crate) numbers: Option<(u32, Option<u32>)>,
}

impl Seating {
    fn of(active: Arc<Installed>) -> Self {
        let schemas = BTreeSet::from([active.manifest.state_schema]);
        Self { active, trial: None, warm: None, schemas, numbers: None }
    }

    /// Whether the failures of a version lead anywhere: to the one before, or out of its trial.
    pub fn watches(&self, digest: Hash) -> bool {
        let tried = matches!(&self.trial, Some((trial, Mode::Canary(_))) if trial.digest == digest);
        tried || (self.warm.is_some() && self.active.digest == digest)
    }
}

/// Who judges one event in one slot, and who is asked beside.
pub(crate) struct Called<'a> {
    pub(crate) judge: &'a Arc<Installed>,
    pub(crate) shadow: Option<&'a Arc<Installed>>,
    /// Whether facts may have another schema than the judge's.
    pub(crate) migrates: bool,
}

/// A component that whoever starts a host gives it for a slot.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    /// The slot.
    pub slot: Slot,
    /// The component.
    pub component: &'a [u8],
    /// Whether it judges whatever was installed: somebody tries it out.
    pub overrides: bool,
}

/// Why a lineup cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NoLineup {
    /// A component was refused.
    #[error(transparent)]
    Rejected(#[from] Error),
    /// What is installed cannot be found.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lineup {
    /// A lineup of these versions, each in the slot it was loaded for.
    pub fn of(versions: impl IntoIterator<Item = Arc<Installed>>) -> Self {
        Self { slots: versions.into_iter().map(|version| (version.slot.clone(), Seating::of(version))).collect() }
    }

    /// Loads components side by side, each for its slot and within its limits.
    ///
    /// # Errors
    /// [`Error::ComponentRejected`], of the first that is refused.
    pub fn load(runtime: &dyn GovernorRuntime, all: &[(Slot, &[u8], SlotConfig)]) -> Result<Self, Error> {
        load_all(runtime, all).map(Self::of)
    }

    /// The lineup that a store remembers, over what the host is given: what was installed in a slot judges there, and
    /// what is given where nothing was, or where it overrides.
    ///
    /// # Errors
    /// A component is refused, or missing.
    pub fn assemble(
        store: &dyn Reads,
        runtime: &dyn GovernorRuntime,
        config: &Config,
        given: &[Given<'_>],
    ) -> Result<Self, NoLineup> {
        let roster = Roster::of(store, given)?;
        let wanted = roster.components();
        let limits = |slot: &Slot| config.slot(slot);
        let wanted: Vec<_> = wanted.iter().map(|(slot, bytes)| (slot.clone(), &**bytes, limits(slot))).collect();
        let loaded = load_all(runtime, &wanted)?;
        Ok(roster.seat(&loaded))
    }

    /// Who sits in a slot.
    pub fn seating(&self, slot: &Slot) -> Option<&Seating> {
        self.slots.get(slot)
    }

    /// The version that judges in a slot.
    pub fn active(&self, slot: &Slot) -> Option<&Arc<Installed>> {
        self.slots.get(slot).map(|seating| &seating.active)
    }

    /// Every version that judges or is tried, in slot order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Installed>> {
        self.slots.values().flat_map(|seating| {
            std::iter::once(&seating.active).chain(seating.trial.as_ref().map(|(version, _)| version))
        })
    }

    /// How many slots have a governor.
    pub fn active_count(&self) -> usize {
        self.slots.len()
    }

    /// Every slot and who sits in it, in slot order.
    pub fn seatings(&self) -> impl Iterator<Item = (&Slot, &Seating)> {
        self.slots.iter()
    }

    /// Who judges an event of a lane in a slot.
    pub(crate) fn call(&self, slot: &Slot, lane: &Lane) -> Option<Called<'_>> {
        let seating = self.slots.get(slot)?;
        let (judge, shadow) = match &seating.trial {
            Some((trial, Mode::Canary(percent))) if is_canary(&lane.tenant, lane.customer.as_deref(), *percent) => {
                (trial, None)
            }
            Some((trial, Mode::Shadow)) => (&seating.active, Some(trial)),
            _ => (&seating.active, None),
        };
        Some(Called { judge, shadow, migrates: seating.schemas.len() > 1 })
    }

    pub(crate) fn seat(&mut self, version: Arc<Installed>) {
        self.slots.insert(version.slot.clone(), Seating::of(version));
    }

    /// Seats who a slot's record says.
    pub(crate) fn seat_by(
        &mut self,
        record: &SlotRecord,
        active: Arc<Installed>,
        trial: Option<(Arc<Installed>, Mode)>,
        warm: Option<Arc<Installed>>,
    ) {
        let numbers = Some((record.active, record.trial.map(|trial| trial.number)));
        let slot = active.slot.clone();
        self.slots.insert(slot, Seating { active, trial, warm, schemas: record.schemas.clone(), numbers });
    }
}

/// A version's record.
pub(crate) fn version(store: &dyn Reads, slot: &Slot, number: u32) -> Result<VersionRecord, StoreError> {
    let key = versions::version_key(slot, number);
    let missing = || StoreError::Corrupt(format!("the record of version {number} in `{slot}` is missing"));
    versions::entry(store, VERSION_REGISTER, &key)?.ok_or_else(missing)
}

fn load_all(runtime: &dyn GovernorRuntime, wanted: &[(Slot, &[u8], SlotConfig)]) -> Result<Vec<Arc<Installed>>, Error> {
    thread::scope(|scope| {
        let load = |(slot, bytes, limits)| scope.spawn(move || runtime.load(slot, bytes, limits));
        let loading: Vec<_> = wanted.iter().map(|(slot, bytes, limits)| load((slot, *bytes, limits))).collect();
        loading.into_iter().map(|thread| thread.join().expect("loading a component does not panic")).collect()
    })
}

/// The components that a lineup is made of, before they are loaded.
#[derive(Debug)]
pub struct Roster {
    components: Vec<(Slot, Vec<u8>)>,
    seats: Vec<Place>,
}

/// A slot that something was installed in, with the digests of its versions by number.
#[derive(Debug)]
struct Place {
    slot: Slot,
    record: SlotRecord,
    digests: BTreeMap<u32, Hash>,
}

impl Roster {
    /// What a store remembers, over what the host is given.
    ///
    /// # Errors
    /// The store fails, or a component is missing.
    pub fn of(store: &dyn Reads, given: &[Given<'_>]) -> Result<Self, StoreError> {
        let (mut components, mut seats) = (Vec::new(), Vec::new());
        for (name, record) in versions::entries::<SlotRecord>(store, SLOT_REGISTER, "")? {
            let slot = Slot::new(&name).map_err(|why| StoreError::Corrupt(format!("the register of slots: {why}")))?;
            if given.iter().any(|given| given.slot == slot && given.overrides) {
                continue;
            }
            let numbers = [Some(record.active), record.trial.map(|trial| trial.number), record.warm];
            let mut digests = BTreeMap::new();
            for number in numbers.into_iter().flatten() {
                let digest = version(store, &slot, number)?.digest;
                let missing = || format!("the component of version {number} in `{slot}` is not kept");
                let bytes = store.blob(&digest)?.ok_or_else(|| StoreError::Corrupt(missing()))?;
                digests.insert(number, digest);
                components.push((slot.clone(), bytes));
            }
            seats.push(Place { slot, record, digests });
        }
        let others = given.iter().filter(|given| !seats.iter().any(|place| place.slot == given.slot));
        components.extend(others.map(|given| (given.slot.clone(), given.component.to_vec())));
        Ok(Self { components, seats })
    }

    /// What is to be loaded, each for its slot.
    pub fn components(&self) -> &[(Slot, Vec<u8>)] {
        &self.components
    }

    /// The lineup, of what was loaded.
    pub fn seat(self, loaded: &[Arc<Installed>]) -> Lineup {
        let in_places = |version: &&Arc<Installed>| self.seats.iter().all(|place| place.slot != version.slot);
        let mut lineup = Lineup::of(loaded.iter().filter(in_places).cloned());
        for Place { slot, record, digests } in self.seats {
            let of = |number: u32| {
                let digest = digests.get(&number)?;
                loaded.iter().find(|version| version.slot == slot && version.digest == *digest).cloned()
            };
            if let Some(active) = of(record.active) {
                let trial = record.trial.and_then(|trial| Some((of(trial.number)?, trial.mode)));
                let warm = record.warm.and_then(of);
                lineup.seat_by(&record, active, trial, warm);
            }
        }
        lineup
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

    /// Publishes a lineup: whoever begins after this sees it.
    pub(crate) fn publish(&self, lineup: Lineup) {
        let lineup = Arc::new(lineup);
        let before = {
            let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *place, lineup)
        };
        // Giving back the code of a version that nobody else holds takes a while, so it is done where nobody waits.
        drop(before);
    }
}
