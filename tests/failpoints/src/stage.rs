//! A host over a store in a directory, and the provider's book beside it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use syndic_core::ports::{Act, Clock, Connector, Store, Verb};
use syndic_core::versions::Mode;
use syndic_core::{Config, DedupKey, Slot};
use syndic_engine::{Cause, Halt, Host, Install, Order, PlayClock, Player, Ports, StreamRules, Target, Tell};
use syndic_ledger::Master;
use syndic_store::{MasterWanted, OpenError, SledStore, Watch};

use crate::stream::{ERRAND, acts, lines, minute, until};
use crate::{Provider, Scripted};

/// Folds as small as a short stream needs, so that it has several.
pub struct Small;

impl Watch for Small {
    fn fold_bytes(&self) -> usize {
        96 * 1024
    }

    fn write(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// Folds as large as ever.
pub struct Normal;

impl Watch for Normal {
    fn write(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// The rules of play, with longer waits between two tries of an undo, so that there are few.
fn config() -> Config {
    let mut config = Config::of_play();
    (config.limits.wait_first_ms, config.limits.wait_most_ms) = (3_600_000, 4 * 3_600_000);
    config
}

/// Why a run came to no end.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The book does not.
    #[error(transparent)]
    Book(#[from] io::Error),
    /// The host stopped.
    #[error(transparent)]
    Host(#[from] Halt),
}

/// A host on the stage.
pub struct Stage {
    pub(crate) host: Arc<Host>,
    clock: Arc<PlayClock>,
}

impl Stage {
    /// Where the store is, in the folder of a run.
    pub const STORE: &str = "data";
    /// Where the provider's book is.
    pub const BOOK: &str = "book";

    /// The host of a folder, and its provider. It goes on with what an earlier one left there.
    ///
    /// # Errors
    /// Something does not open.
    pub fn open(folder: &Path, watch: Arc<dyn Watch>) -> Result<(Self, Arc<Provider>), Refused> {
        let store = Self::store(folder, watch)?;
        let provider = Arc::new(Provider::open(&folder.join(Self::BOOK))?);
        Ok((Self::over(Arc::new(store), Arc::clone(&provider) as Arc<dyn Connector>)?, provider))
    }

    /// The store of a folder.
    ///
    /// # Errors
    /// It does not open.
    pub fn store(folder: &Path, watch: Arc<dyn Watch>) -> Result<SledStore, OpenError> {
        SledStore::open_watched(folder.join(Self::STORE), MasterWanted::Seed(0), watch)
    }

    /// The host over a store, and a provider of any kind.
    ///
    /// # Errors
    /// The store fails.
    pub fn over(store: Arc<dyn Store>, connector: Arc<dyn Connector>) -> Result<Self, Halt> {
        let clock = Arc::new(PlayClock::default());
        Ok(Self { host: host(store, connector, Arc::clone(&clock) as Arc<dyn Clock>)?, clock })
    }

    /// The host itself.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Completes what an earlier host left, one event after another.
    ///
    /// # Errors
    /// The host stopped.
    pub fn recover(&self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        self.player()?.recover(tell)
    }

    fn player(&self) -> Result<Player, Halt> {
        // Without threads that look ahead, every run comes by the same points in the same order.
        Player::new(&self.host, &self.clock, StreamRules::default(), 0)
    }

    /// Plays the whole stream, one event after another, as `syndic play` does, and then does what is left to a person.
    ///
    /// # Errors
    /// The host stopped.
    pub fn play(&self, provider: &Provider, tell: &mut Tell<'_>) -> Result<(), Refused> {
        let mut player = self.player()?;
        player.recover(tell)?;
        for (number, line) in (1..).zip(lines()) {
            player.line(number, Ok(line.into_bytes()), tell)?;
        }
        player.settle(tell)?;
        if !provider.is_well() {
            self.resend(&mut player, tell)?;
            provider.gets_well()?;
        }
        player.run_on(until(), tell)?;
        self.resend(&mut player, tell)?;
        for (verb, id) in acts() {
            if verb == Verb::Settle {
                provider.is_told_to_void(&id)?;
            }
            // Denied where an earlier process has carried it out.
            let _ = player.order(order(event_of(id), verb), tell)?;
        }
        self.swap()
    }

    /// Puts another version in a slot and takes it back, each once, however often it is tried.
    fn swap(&self) -> Result<(), Refused> {
        let slot = Slot::new("billing").expect("a slot's name");
        let cause = |id: &str| Cause {
            by: "ann".into(),
            reason: "it is time".into(),
            at: self.clock.now(),
            id: Some(id.into()),
        };
        let install = Install {
            slot: slot.clone(),
            component: b"another billing".to_vec(),
            signature: None,
            mode: Mode::Active,
            backtest: None,
            allow: BTreeSet::new(),
            cause: cause("install"),
        };
        self.host.install(install)?.expect("nothing is wrong with it");
        self.host.revert(&slot, &cause("back"))?.expect("there is a way back");
        Ok(())
    }

    /// Sends every dead letter again.
    fn resend(&self, player: &mut Player, tell: &mut Tell<'_>) -> Result<(), Halt> {
        let letters = self.host.ports().store.dead_letters(0, usize::MAX)?;
        let mut numbers = letters.into_iter().map(|(number, _)| number);
        numbers.try_for_each(|number| player.order(order(Target::Letter(number), Verb::Resend), tell).map(drop))
    }
}

/// A host with the governors and rules of the stage.
pub(crate) fn host(
    store: Arc<dyn Store>,
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Host>, Halt> {
    let lineup = Scripted.lineup(&*store, &config())?;
    let ports = Ports { store, runtime: Arc::new(Scripted), connector, clock };
    let host = Host::new(ports, config(), Master::from_seed(0), lineup)?;
    let cause = Cause { by: "ann".into(), reason: "errands are run".into(), at: minute(0), id: None };
    host.load_net(ERRAND, &cause)?.expect("the net is sound");
    Ok(Arc::new(host))
}

pub(crate) fn event_of(id: String) -> Target {
    Target::Event(DedupKey { tenant: "acme".into(), source: "/shop".into(), id })
}

/// What somebody orders.
pub(crate) fn order(target: Target, verb: Verb) -> Order {
    Order { target, act: Act { verb, by: "ann".into(), reason: "it is time".into() } }
}
