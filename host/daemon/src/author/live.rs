//! A governor that is tried in a daemon that runs, while it is written: a shadow in its slot, another one with every
//! build, and what it decides otherwise as events come in.
//!
//! A shadow judges nobody. Somebody else's trial is not ended for it: whoever wants that says so, with `revert`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use syndic_api::{SlotLine, TrialFile};
use syndic_cli::args::Dev;
use syndic_cli::client::Remote;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Time;
use syndic_core::versions::Mode;
use syndic_engine::{Allow, Cause};
use syndic_ledger::Digest;

use crate::show::Show;
use crate::slots::{install_at, install_of, named, show_difference, show_swapped, slot_at, trial_at};

/// How often the daemon is asked for more.
const LOOK: Duration = Duration::from_millis(200);

/// The shadows of one crate in one daemon.
pub(super) struct Shadow {
    daemon: Arc<Remote>,
    allow: BTreeSet<Allow>,
    /// The number of the last one.
    number: Option<u32>,
    following: Option<Following>,
}

impl Shadow {
    /// In the daemon that is named; none where none is.
    ///
    /// # Errors
    /// That is no URL of one.
    pub(super) fn of(args: &Dev) -> Result<Option<Self>, Failure> {
        let Some(server) = &args.server else { return Ok(None) };
        let daemon = Arc::new(Remote::at(server, args.token.clone())?);
        // What is being written has a low version yet, and may fail: to see that is what it is tried for.
        let given = args.allow.iter().filter_map(|allow| Allow::named(allow));
        let allow = [Allow::Downgrade, Allow::Failing].into_iter().chain(given).collect();
        Ok(Some(Self { daemon, allow, number: None, following: None }))
    }

    /// Puts a component in the place of the last one, and shows from then on what it decides otherwise.
    pub(super) fn tries(
        &mut self,
        slot: &str,
        file: &Path,
        digest: Digest,
        show: &Show,
        once: bool,
    ) -> Result<(), Failure> {
        self.following = None;
        let there = slot_at(&self.daemon, slot)?;
        let number = match self.of_ours(&there, digest)? {
            Some(number) => number,
            None => self.install(slot, file, show)?,
        };
        self.number = Some(number);
        if once {
            let trial = trial_at(&self.daemon, slot, 0)?;
            return trial.differences.iter().try_for_each(|difference| show_difference(difference, show));
        }
        self.following = Some(Following::begin(Arc::clone(&self.daemon), slot.to_owned(), number, show));
        Ok(())
    }

    /// The number under which these very bytes are tried already.
    ///
    /// # Errors
    /// Another one is on trial, which was not put there from here.
    fn of_ours(&self, there: &SlotLine, digest: Digest) -> Result<Option<u32>, Failure> {
        let Some(trial) = &there.trial else { return Ok(None) };
        let same = trial.version.digest == digest.to_string();
        if !same && trial.version.number != self.number {
            let (slot, version) = (&there.slot, &trial.version.version);
            return Err(Failure::new(FailureKind::No, format!("`{slot}` has another version on trial"))
                .because(format!("`{}` {version} is there, as {}", trial.version.name, trial.mode))
                .hint(format!("promote it, or take it back with `syndic governor revert {slot}`")));
        }
        Ok(trial.version.number.filter(|_| same))
    }

    fn install(&self, slot: &str, file: &Path, show: &Show) -> Result<u32, Failure> {
        let (by, reason) = (String::new(), format!("`governor dev` built {}", file.display()));
        let cause = Cause { by, reason, at: Time::default(), id: None };
        let install = install_of(&named(slot)?, file, None, Mode::Shadow, self.allow.clone(), cause)?;
        let swapped = install_at(&self.daemon, &install)?;
        show_swapped(&swapped, show)?;
        let gone = || Failure::new(FailureKind::No, format!("the trial in `{slot}` was ended at once"));
        swapped.trial.ok_or_else(gone)
    }
}

/// Somebody who asks a daemon what a trial has shown, until that is of no interest any more.
struct Following {
    stop: Option<Sender<()>>,
    asks: Option<JoinHandle<()>>,
}

impl Following {
    fn begin(daemon: Arc<Remote>, slot: String, number: u32, show: &Show) -> Self {
        let show = Show::new(show.json, show.paint);
        let (stop, stopped) = mpsc::channel::<()>();
        let asks = thread::spawn(move || {
            let mut after = 0;
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let told = trial_at(&daemon, &slot, after).and_then(|trial| tell(&trial, number, &mut after, &show));
                match told {
                    Ok(true) => {}
                    Ok(false) => return show.aside(&format!("another version is on trial in `{slot}` now")),
                    // It may be started anew, or busy; or somebody ended the trial.
                    Err(failure) if failure.kind == FailureKind::No => return show.aside(&failure.to_string()),
                    Err(_) => {}
                }
            }
        });
        Self { stop: Some(stop), asks: Some(asks) }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(asks) = self.asks.take() {
            let _ = asks.join();
        }
    }
}

/// Shows what is new of a trial. Says whether it is the one that was meant.
fn tell(trial: &TrialFile, number: u32, after: &mut u64, show: &Show) -> Result<bool, Failure> {
    if trial.number != number {
        return Ok(false);
    }
    for difference in &trial.differences {
        show_difference(difference, show)?;
        *after = difference.number;
    }
    Ok(true)
}
