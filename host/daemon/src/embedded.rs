//! An embedded host: governors, store and engine in this process, driven by events instead of a clock.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use syndic_cli::args::Replacement;
use syndic_cli::{Failure, FailureKind};
use syndic_connect::Sandbox;
use syndic_core::calendar::Calendars;
use syndic_core::ports::{Clock, GovernorRuntime, Store};
use syndic_core::{Config, Error, Slot};
use syndic_engine::{Given, Host, Lineup, NoLineup, PlayClock, Ports, last_calendars};
use syndic_ledger::sha256;
use syndic_runtime::{Cache, Level, Log, Runtime};
use syndic_store::{MasterWanted, SledStore};

use crate::settings::Settings;
use crate::show::Show;
use crate::trouble;

/// What a run is made of.
pub(crate) struct Embedded {
    pub(crate) host: Arc<Host>,
    pub(crate) clock: Arc<PlayClock>,
    pub(crate) store: Arc<SledStore>,
}

/// A component and where it goes.
pub(crate) struct Component {
    pub(crate) slot: Slot,
    pub(crate) bytes: Vec<u8>,
    /// The file it was read from; none where it is bundled.
    pub(crate) file: Option<PathBuf>,
}

impl Component {
    /// The governor that came with this program for a slot.
    ///
    /// # Errors
    /// There is none for it.
    pub(crate) fn bundled(slot: &Slot) -> Result<Self, Failure> {
        let bundled = syndic_governors::GOVERNORS.iter().find(|bundled| bundled.slot == slot.as_str());
        let bundled = bundled.ok_or_else(|| no_such(slot.as_str()))?;
        Ok(Self { slot: slot.clone(), bytes: bundled.bytes.to_vec(), file: None })
    }

    /// The governor in a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn of_file(slot: &Slot, file: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(file).map_err(|why| {
            Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
                .because(why)
                .hint("build a component with `syndic governor build`")
        })?;
        Ok(Self { slot: slot.clone(), bytes, file: Some(file.to_owned()) })
    }
}

/// The bundled governors, with what the command line puts in their places.
pub(crate) fn components(replacements: &[Replacement]) -> Result<Vec<Component>, Failure> {
    let mut components = Vec::new();
    for bundled in syndic_governors::GOVERNORS {
        components.push(Component::bundled(&slot(bundled.slot)?)?);
    }
    for Replacement { slot: name, file } in replacements {
        let own = Component::of_file(&slot(name)?, file)?;
        match components.iter_mut().find(|component| component.slot == own.slot) {
            Some(component) => *component = own,
            None => return Err(no_such(name)),
        }
    }
    Ok(components)
}

/// Slots that are named on the command line.
pub(crate) fn slots(names: &[String]) -> Result<Vec<Slot>, Failure> {
    let known = |name: &String| syndic_governors::GOVERNORS.iter().any(|bundled| bundled.slot == name);
    names.iter().map(|name| if known(name) { slot(name) } else { Err(no_such(name)) }).collect()
}

fn no_such(name: &str) -> Failure {
    let slots: Vec<&str> = syndic_governors::GOVERNORS.iter().map(|bundled| bundled.slot).collect();
    Failure::new(FailureKind::Usage, format!("there is no slot `{name}`"))
        .because("the command line names it")
        .hint(format!("the slots are {}", slots.join(", ")))
}

fn slot(name: &str) -> Result<Slot, Failure> {
    Slot::new(name).map_err(|why| Failure::new(FailureKind::Usage, "that is not a slot").because(why))
}

impl Embedded {
    /// Opens the store, loads every governor, and keeps the components beside the receipts that will name them. A new
    /// directory gets a seed for play, and else a secret of its own.
    /// Days are counted there as they were when it was last written to.
    pub(crate) fn open(
        data: &Path,
        master: MasterWanted,
        config: Config,
        components: &[Component],
        log: Log,
    ) -> Result<Self, Failure> {
        Self::open_counting(data, master, config, components, log, None)
    }

    /// The same, where days are counted by these calendars, if any are given.
    pub(crate) fn open_counting(
        data: &Path,
        master: MasterWanted,
        mut config: Config,
        components: &[Component],
        log: Log,
        calendars: Option<Calendars>,
    ) -> Result<Self, Failure> {
        let runtime = Runtime::with_cache(log, compiled_cache())
            .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
        // Where there is no directory yet, a component that is refused shall leave none behind.
        let early = match data.join("store").exists() {
            true => None,
            false => {
                let limits = |component: &'_ Component| config.slot(&component.slot);
                let wanted: Vec<_> =
                    components.iter().map(|own| (own.slot.clone(), own.bytes.as_slice(), limits(own))).collect();
                Some(Lineup::load(&runtime, &wanted).map_err(|error| not_installed(&error, components))?)
            }
        };
        let store = open_store(data, master)?;
        store.verify().map_err(|error| trouble::store_failed(&error))?;
        let store = Arc::new(store);
        let kept = components.iter().map(|component| (sha256(&component.bytes), component.bytes.clone())).collect();
        store.keep(kept).map_err(|error| trouble::store_failed(&error))?;
        let lineup = match early {
            Some(lineup) => lineup,
            None => Lineup::assemble(&*store, &runtime, &config, &given(components))
                .map_err(|why| no_lineup(&why, components))?,
        };

        config.calendars = match calendars {
            Some(calendars) => calendars,
            None => last_calendars(&*store).map_err(|error| trouble::store_failed(&error))?,
        };
        let clock = Arc::new(PlayClock::default());
        let master = store.master().clone();
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            runtime: Arc::new(runtime) as Arc<dyn GovernorRuntime>,
            connector: Arc::new(Sandbox),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let host = Host::new(ports, config, master, lineup).map_err(|halt| trouble::halted(&halt))?;
        Ok(Self { host: Arc::new(host), clock, store })
    }
}

/// The calendars of a configuration that a command line names; none where it names none.
pub(crate) fn calendars(file: Option<&Path>, show: &Show) -> Result<Option<Calendars>, Failure> {
    file.map(|file| Ok(Settings::in_file(file, show)?.rules.calendars)).transpose()
}

/// Components as the engine is given them: one from a file judges whatever was installed in its slot.
pub(crate) fn given(components: &[Component]) -> Vec<Given<'_>> {
    components
        .iter()
        .map(|component| Given {
            slot: component.slot.clone(),
            component: &component.bytes,
            overrides: component.file.is_some(),
        })
        .collect()
}

fn no_lineup(why: &NoLineup, components: &[Component]) -> Failure {
    match why {
        NoLineup::Rejected(error) => not_installed(error, components),
        NoLineup::Store(error) => trouble::store_failed(error),
    }
}

/// Says too which file a governor came from that was not installed.
pub(crate) fn not_installed(error: &Error, components: &[Component]) -> Failure {
    let mut failure = trouble::not_installed(error);
    if let Error::ComponentRejected { governor, .. } = error
        && let Some(component) = components.iter().find(|component| component.slot == *governor)
        && let Some(file) = &component.file
    {
        failure.what.push_str(&format!(" from `{}`", file.display()));
    }
    failure
}

/// A run that names no seed takes an existing directory's own, and seed 0 for a new one.
pub(crate) fn seed_of(data: &Path, seed: Option<u64>) -> MasterWanted {
    match seed {
        Some(seed) => MasterWanted::Seed(seed),
        None if data.join("store").exists() => MasterWanted::Kept,
        None => MasterWanted::Seed(0),
    }
}

/// Opens the store for judging. `SYNDIC_FOLD_BYTES` bounds what it gathers in memory.
fn open_store(data: &Path, wanted: MasterWanted) -> Result<SledStore, Failure> {
    let opened = match std::env::var("SYNDIC_FOLD_BYTES") {
        Err(_) => SledStore::open(data, wanted),
        Ok(bytes) => match bytes.parse() {
            Ok(bytes) => SledStore::open_folding(data, wanted, bytes),
            Err(_) => {
                return Err(Failure::new(FailureKind::Usage, "`SYNDIC_FOLD_BYTES` is not a number of bytes")
                    .because(format!("it is `{bytes}`"))
                    .hint("leave it away: 67108864 is what holds then"));
            }
        },
    };
    opened.map_err(|error| trouble::store_did_not_open(&error))
}

/// Where compiled governors are kept between runs. Where that is nowhere, they are compiled at every start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CompiledIn {
    /// A folder in the user's cache.
    Users,
    /// This folder, or nowhere.
    Folder(Option<PathBuf>),
}

/// What was compiled before: in the folder that `SYNDIC_CACHE` names, or nowhere where that is empty, else in the
/// user's cache.
pub(crate) fn compiled_cache() -> Option<Cache> {
    let named = std::env::var_os("SYNDIC_CACHE").map(PathBuf::from);
    compiled_in(
        &named.map_or(CompiledIn::Users, |dir| CompiledIn::Folder(Some(dir).filter(|dir| !dir.as_os_str().is_empty()))),
    )
}

/// What was compiled before, in a place.
pub(crate) fn compiled_in(place: &CompiledIn) -> Option<Cache> {
    let dir = match place {
        CompiledIn::Folder(dir) => dir.clone()?,
        CompiledIn::Users => {
            let own = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
            own.or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?.join("syndic").join("compiled")
        }
    };
    match Cache::open(&dir) {
        Ok(cache) => Some(cache),
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "compiled governors are not kept: {why}");
            None
        }
    }
}

/// Prints what governors log at `warn` and above.
pub(crate) fn log_to_stderr() -> Log {
    Arc::new(|slot, level, line| {
        if matches!(level, Level::Warn | Level::Error) {
            let _ = writeln!(std::io::stderr(), "{slot}: {line}");
        }
    })
}

/// Lets governors talk to nobody.
pub(crate) fn log_to_nobody() -> Log {
    Arc::new(|_, _, _| {})
}
