//! A host over a store in a directory, and the provider's book beside it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use syndic_core::Config;
use syndic_core::ports::{Clock, Connector, Store};
use syndic_engine::{Halt, Host, PlayClock, Player, Ports, StreamRules, Tell};
use syndic_ledger::Master;
use syndic_store::{MasterWanted, OpenError, SledStore, Watch};

use crate::{Provider, Scripted, lines, until};

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
    host: Arc<Host>,
    clock: Arc<PlayClock>,
}

impl Stage {
    /// Where the store is, in the folder of a run.
    pub const STORE: &str = "data";
    /// Where the provider's book is.
    pub const BOOK: &str = "book";

    /// The host of a folder. It goes on with what an earlier one left there.
    ///
    /// # Errors
    /// Something does not open.
    pub fn open(folder: &Path, watch: Arc<dyn Watch>) -> Result<Self, Refused> {
        let store = Self::store(folder, watch)?;
        Ok(Self::over(Arc::new(store), Arc::new(Provider::open(&folder.join(Self::BOOK))?))?)
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
        let ports = Ports {
            store,
            runtime: Arc::new(Scripted::default()),
            connector,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        Ok(Self { host: Arc::new(Host::new(ports, Config::of_play(), Master::from_seed(0))?), clock })
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

    /// Plays the whole stream, one event after another, as `syndic play` does.
    ///
    /// # Errors
    /// The host stopped.
    pub fn play(&self, tell: &mut Tell<'_>) -> Result<(), Halt> {
        let mut player = self.player()?;
        player.recover(tell)?;
        for (number, line) in (1..).zip(lines()) {
            player.line(number, Ok(line.into_bytes()), tell)?;
        }
        player.settle(tell)?;
        player.run_on(until(), tell)
    }
}
