//! Settings: what the daemon is told before it starts.
//!
//! A value comes from a TOML file, from a `SYNDIC_…` variable or from a flag, the later over the earlier, and every one
//! knows where it came from. What is not in the table of keys is refused, with what was probably meant; so is what the
//! contract forbids. Everything that is wrong is told at once.
//!
//! Not here: what the values do.

mod calendars;
mod http;
pub(crate) mod keys;
pub(crate) mod layers;
mod otlp;
mod page;
mod read;
mod rules;
mod value;
mod verbs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use syndic_cli::args::Configured;
use syndic_cli::{Failure, FailureKind};
use syndic_core::trust::{self, Signature};
use syndic_core::{Config, Slot};
use syndic_engine::Bounds;

use crate::author::signature_of;
use crate::embedded::{CompiledIn, Component, not_installed};
use crate::run::wall;
pub(crate) use crate::settings::http::Http;
use crate::settings::layers::{Layers, Values};
pub(crate) use crate::settings::otlp::Otlp;
use crate::settings::read::Reader;
pub(crate) use crate::settings::verbs::run;
use crate::show::Show;

/// What the daemon runs on.
pub(crate) struct Settings {
    /// Every value, with where it came from.
    pub(crate) values: Values,
    pub(crate) data: PathBuf,
    pub(crate) fold_bytes: usize,
    pub(crate) compiled: CompiledIn,
    pub(crate) drain: Duration,
    pub(crate) bounds: Bounds,
    pub(crate) rules: Config,
    pub(crate) log: Log,
    pub(crate) http: Http,
    pub(crate) otlp: Option<Otlp>,
    components: Vec<(Slot, String)>,
}

/// What is told on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: String,
}

impl Settings {
    /// Reads all that is given.
    ///
    /// # Errors
    /// Everything that is wrong, at least one thing.
    pub(crate) fn read(args: &Configured) -> Result<Self, Vec<Failure>> {
        let env = std::env::vars_os().filter_map(|(name, word)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("SYNDIC_"))?;
            Some((name, word.to_string_lossy().into_owned()))
        });
        Self::of(Layers::of(args, env))
    }

    /// Reads the configuration in a file that a command line names, as the daemon would.
    ///
    /// # Errors
    /// The last thing that is wrong; the others were told.
    pub(crate) fn in_file(file: &Path, show: &Show) -> Result<Self, Failure> {
        let configured = Configured { config: Some(file.to_owned()), ..Configured::default() };
        Self::read(&configured).map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))
    }

    fn of(layers: Layers) -> Result<Self, Vec<Failure>> {
        let mut read = Reader::of(layers);
        let rules = rules::rules(&mut read);
        let http = http::http(&mut read);
        let otlp = otlp::otlp(&mut read);
        let path = |key: &str| Some(PathBuf::from(read.text(key))).filter(|path| !path.as_os_str().is_empty());
        let components = rules.slots.keys().map(|slot| (slot.clone(), component(&read, slot))).collect();
        let cache = ["host".to_owned(), "compiled_cache".to_owned()];
        Ok(Self {
            data: read.text("host.data").into(),
            fold_bytes: size(read.count("host.fold_bytes")),
            compiled: if read.says(&cache) {
                CompiledIn::Folder(path("host.compiled_cache"))
            } else {
                CompiledIn::Users
            },
            drain: Duration::from_millis(read.count("host.drain_ms")),
            bounds: bounds(&read),
            log: Log { level: read.text("log.level"), format: read.text("log.format") },
            rules,
            http,
            otlp,
            components,
            values: read.end()?,
        })
    }

    /// The governors, each for its slot.
    ///
    /// # Errors
    /// A component's file cannot be read, or its slot does not trust it.
    pub(crate) fn components(&self) -> Result<Vec<Component>, Failure> {
        self.components.iter().map(|(slot, from)| self.component(slot, from)).collect()
    }

    /// A governor that its slot lets in. A bundled one is part of this program and needs no signature, but pins hold.
    fn component(&self, slot: &Slot, from: &str) -> Result<Component, Failure> {
        let mut policy = self.rules.of_slot(slot).trust.clone();
        let (component, signature) = if from == "bundled" {
            policy.signature = Signature::Optional;
            (Component::bundled(slot)?, None)
        } else {
            (Component::of_file(slot, from.as_ref())?, signature_of(from.as_ref(), None)?)
        };
        match trust::judge(&policy, slot, &component.bytes, signature.as_deref(), wall()) {
            Ok(_) => Ok(component),
            Err(refused) => Err(not_installed(&refused.into_error(slot), &[component])),
        }
    }
}

fn component(read: &Reader, slot: &Slot) -> String {
    read.text_at(&["slots".to_owned(), slot.to_string(), "component".to_owned()])
}

fn bounds(read: &Reader) -> Bounds {
    let most = Bounds::default();
    let workers = match read.count("host.workers") {
        0 => most.workers,
        workers => size(workers),
    };
    let ms = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Bounds {
        workers,
        lane_max: size(read.count("host.lane_max")),
        tenant_max: size(read.count("host.tenant_max")),
        host_max: size(read.count("host.host_max")),
        keys_kept_ms: ms(read.count("retention.keys_days") * 86_400_000),
        ahead_max_ms: Some(ms(read.count("limits.ahead_max_ms"))),
    }
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Tells all but the last of what is wrong, and gives that back to be told with the exit code.
pub(crate) fn all_but_last(mut wrong: Vec<Failure>, tell: impl Fn(&Failure)) -> Failure {
    let last = wrong.pop();
    wrong.iter().for_each(tell);
    last.unwrap_or_else(|| Failure::new(FailureKind::Usage, "the configuration cannot be used"))
}
