//! Reading the configuration again, while the daemon runs on it.

use syndic_cli::Failure;
use syndic_cli::args::Configured;
use tracing::{error, info, warn};

use crate::run::live::Live;
use crate::run::log::Log;
use crate::run::manager::Manager;
use crate::settings::Settings;
use crate::settings::keys::{self, Takes};
use crate::settings::layers::{Values, spelt};
use crate::trouble;

/// What the daemon runs on, and where it was told so.
pub(crate) struct Reload {
    args: Configured,
    settings: Settings,
    log: Log,
}

impl Reload {
    pub(crate) fn new(args: Configured, settings: Settings, log: Log) -> Self {
        Self { args, settings, log }
    }

    /// What holds.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads everything again, takes over what may change while the daemon runs, and says what has to wait for the next
    /// start. Where anything is wrong, nothing changes.
    ///
    /// # Errors
    /// The host cannot go on.
    pub(crate) fn again(&mut self, live: &Live) -> Result<(), Failure> {
        Manager::reloading();
        match Settings::read(&self.args) {
            Ok(settings) => self.take_over(settings, live)?,
            Err(wrong) => {
                for failure in wrong {
                    let (cause, hint) = (failure.cause.unwrap_or_default(), failure.hint.unwrap_or_default());
                    error!(cause, hint, "the configuration stays as it is: {}", failure.what);
                }
            }
        }
        Manager::ready();
        Ok(())
    }

    fn take_over(&mut self, new: Settings, live: &Live) -> Result<(), Failure> {
        if self.settings.rules.calendars != new.rules.calendars {
            live.host.count_by(new.rules.calendars.clone()).map_err(|halt| trouble::halted(&halt))?;
            self.settings.rules.calendars = new.rules.calendars;
        }
        let changed = changed(&self.settings.values, &new.values);
        for path in &changed {
            let from = new.values.get(path).map(|given| given.origin.to_string()).unwrap_or_default();
            match keys::at(path).map(|key| key.takes) {
                Some(Takes::Reload) => info!(key = spelt(path), from, "changed"),
                _ => warn!(key = spelt(path), from, "changed; it is taken over at the next start"),
            }
        }
        if changed.is_empty() {
            info!("the configuration is as it was");
        }
        self.log.set_level(&new.log);
        // What waits for the next start stays what it was, so that it is told again when it is read again.
        self.settings.drain = new.drain;
        self.settings.log = new.log;
        for path in changed.iter().filter(|path| keys::at(path).is_some_and(|key| key.takes == Takes::Reload)) {
            match new.values.get(path) {
                Some(given) => drop(self.settings.values.insert(path.clone(), given.clone())),
                None => drop(self.settings.values.remove(path)),
            }
        }
        Ok(())
    }
}

/// The paths whose values differ, wherever they come from.
fn changed(old: &Values, new: &Values) -> Vec<Vec<String>> {
    let value = |values: &Values, path: &Vec<String>| values.get(path).map(|given| given.value.clone());
    let mut paths: Vec<Vec<String>> = old.keys().chain(new.keys()).cloned().collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| value(old, path) != value(new, path));
    paths
}
