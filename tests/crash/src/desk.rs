//! The folder of a tale: the directory under test, and everything that is kept beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::copy::copy;
use crate::syndic::{Syndic, Trouble};

/// Where a tale's things lie.
pub(crate) struct Desk(PathBuf);

impl Desk {
    pub(crate) fn new(dir: &Path) -> Result<Self, Trouble> {
        let desk = Self(dir.to_owned());
        for folder in [desk.world(), desk.grave()] {
            fs::create_dir_all(&folder).map_err(Trouble::io(folder.display().to_string()))?;
        }
        Ok(desk)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// The disk that forgets.
    fn world(&self) -> PathBuf {
        self.0.join("world")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.world().join("data")
    }

    fn grave(&self) -> PathBuf {
        self.0.join("grave")
    }

    pub(crate) fn stderr(&self) -> PathBuf {
        self.0.join("stderr")
    }

    fn carried(&self) -> PathBuf {
        self.0.join("carried")
    }

    fn before(&self) -> PathBuf {
        self.0.join("before")
    }

    /// Keeps all as it is before a life.
    pub(crate) fn keep_before(&self) -> Result<(), Trouble> {
        let before = self.before();
        let kept = clear(&before)
            .and_then(|()| copy(&self.world(), &before.join("world")))
            .and_then(|()| copy(&self.grave(), &before.join("grave")))
            .and_then(|()| match self.carried().exists() {
                true => fs::copy(self.carried(), before.join("carried")).map(drop),
                false => Ok(()),
            });
        kept.map_err(Trouble::io("a copy of what a life begins with"))
    }

    /// Writes down how the last life is lived once more, from what it began with.
    pub(crate) fn write_again(&self, command: &str) -> Result<PathBuf, Trouble> {
        let file = self.0.join("again.sh");
        let text = format!(
            "# What the last life began with, and then that life. Where it was ended by the clock, end it yourself.\n\
             cd {} && rm -rf world grave carried && cp -r before/. . &&\n{command}\n",
            self.0.display()
        );
        fs::write(&file, text).map_err(Trouble::io("how to do it again"))?;
        Ok(file)
    }

    /// What the library counted in the last life.
    pub(crate) fn report(&self) -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(self.0.join("report")).ok()?).ok()
    }

    /// A process whose calls the library notes.
    pub(crate) fn noted(&self, mut command: Command, syndic: &Syndic) -> Command {
        let places = [
            ("LD_PRELOAD", syndic.shim.clone()),
            ("SYNDIC_CRASH_BELOW", self.world()),
            ("SYNDIC_CRASH_GRAVE", self.grave()),
            ("SYNDIC_CRASH_CARRIED", self.carried()),
            ("SYNDIC_CRASH_REPORT", self.0.join("report")),
        ];
        command.envs(places);
        command
    }

    /// Forgets what the last life left unsynced, and what was kept to put it back.
    pub(crate) fn power_went(&self) -> Result<(), Trouble> {
        clear(&self.grave())
            .and_then(|()| fs::create_dir(self.grave()))
            .and_then(|()| if self.carried().exists() { fs::remove_file(self.carried()) } else { Ok(()) })
            .map_err(Trouble::io("what was kept to be put back"))
    }

    /// The receipts of the directory as it is. They are read from a copy, because to open it is to mend it. None where
    /// there is no store yet.
    pub(crate) fn receipts(&self, syndic: &Syndic, skipped: usize) -> Result<Result<Vec<String>, String>, Trouble> {
        if !self.data().join("store").exists() {
            return Ok(Ok(Vec::new()));
        }
        let copied = self.0.join("copy");
        clear(&copied).and_then(|()| copy(&self.data(), &copied)).map_err(Trouble::io("a copy of the directory"))?;
        Ok(syndic.receipts(&copied, skipped))
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}
