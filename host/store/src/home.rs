//! The directory a store lives in: how it is made, recognised, locked and refused.
//!
//! A store is made aside, in `store.new`, closed, synced and renamed to `store`, so that a crash leaves either a whole
//! store or a leftover that the next opening clears away. It all happens inside the directory the user named, which may
//! therefore exist already, a mounted volume for example, as long as it is empty.

use std::any::Any;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use syndic_core::failpoint;
use syndic_core::ports::StoreError;
use syndic_ledger::{Hash, Master};

use crate::disk::{DAMAGED_LOG, Disk, FILES, FOLD_BYTES, Unopened, Unwatched, Watch, sync_files};
use crate::error::OpenError;
use crate::key::{Key, Table};
use crate::pack::{Pack, Unpack, Unread, from_json, json};
use crate::records::Records;
use crate::view::View;

/// The format this version writes, and the only one it reads. It is kept in a file, not in sled, so that it can be read
/// where everything else is different.
pub(crate) const FORMAT: u64 = 6;
pub(crate) const FORMAT_TEXT: &str = "syndic store format ";

/// The file with the number of the process that has the store. It says who is in the way and nothing else: the lock is
/// sled's own, and what an earlier process left here is written over.
pub(crate) const HOLDER: &str = "holder";

/// Which master a store must have; see [`Master`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MasterWanted {
    /// The one of a seed: `play` and `demo`. A store with another is refused.
    Seed(u64),
    /// The store's own. A new store draws a secret one from the operating system.
    Secret,
    /// The store's own. Where there is no store none is made: for whoever only reads.
    Kept,
}

/// The store's description, written when it is made.
#[derive(Serialize, Deserialize)]
struct About {
    master: Hash,
    /// The seed the master comes from; none where it is secret.
    seed: Option<u64>,
}

impl Pack for About {
    fn pack(&self) -> Vec<u8> {
        json(self)
    }
}

impl Unpack for About {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        from_json(bytes)
    }
}

impl Records<Disk> {
    /// Opens the store in a directory, or makes one where the directory is missing or empty.
    ///
    /// # Errors
    /// The directory is something else, in use, of another format, of another seed, damaged or out of reach.
    pub fn open(dir: impl AsRef<Path>, wanted: MasterWanted) -> Result<Self, OpenError> {
        Self::open_folding(dir, wanted, FOLD_BYTES)
    }

    /// [`open`](Self::open), with so many bytes that come together in memory before they are folded. Few, for a machine
    /// with little memory; it costs time.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_folding(dir: impl AsRef<Path>, wanted: MasterWanted, bytes: usize) -> Result<Self, OpenError> {
        Self::open_watched(dir, wanted, Arc::new(Unwatched { fold_bytes: bytes }))
    }

    /// [`open`](Self::open), for tests that watch what happens to the files, or make it fail.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_watched(dir: impl AsRef<Path>, wanted: MasterWanted, watch: Arc<dyn Watch>) -> Result<Self, OpenError> {
        let home = Home { dir: dir.as_ref().to_owned(), watch };
        if !home.has_store()? {
            home.create(wanted)?;
        }
        home.settle().map_err(|why| home.io(why))?;
        failpoint!("store.open.settled", else |why| home.io(why));
        home.check_files()?;
        let (disk, about) = home.read()?;
        match wanted {
            MasterWanted::Seed(seed) if about.master.0 != *Master::from_seed(seed).reveal() => {
                Err(OpenError::OtherSeed { dir: home.dir, kept: about.seed, wanted: seed })
            }
            _ => Self::with_thread(disk, Master::new(about.master.0)).map_err(|why| home.failed(why)),
        }
    }
}

struct Home {
    dir: PathBuf,
    watch: Arc<dyn Watch>,
}

impl Home {
    fn store(&self) -> PathBuf {
        self.dir.join("store")
    }

    fn aside(&self) -> PathBuf {
        self.dir.join("store.new")
    }

    /// Whether a store is there, or else room for one.
    fn has_store(&self) -> Result<bool, OpenError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(why) if why.kind() == io::ErrorKind::NotADirectory => return Err(self.not_a_store("it is a file")),
            Err(why) => return Err(self.io(why)),
        };
        let mut others = false;
        for entry in entries {
            let name = entry.map_err(|why| self.io(why))?.file_name();
            if name == "store" {
                return Ok(true);
            }
            others |= name != "store.new";
        }
        if others { Err(self.not_a_store("it holds other things")) } else { Ok(false) }
    }

    /// Sees to it that the store is found again: who made it may have been killed before it synced the folders in which
    /// the store's own, or one above, had just got its name. What is above may be somebody else's, and is not looked
    /// into.
    fn settle(&self) -> io::Result<()> {
        let whole = self.dir.canonicalize()?;
        File::open(&whole)?.sync_all()?;
        for above in whole.ancestors().skip(1) {
            let _ = File::open(above).and_then(|above| above.sync_all());
        }
        Ok(())
    }

    fn create(&self, wanted: MasterWanted) -> Result<(), OpenError> {
        let about = match wanted {
            MasterWanted::Seed(seed) => About { master: Hash(*Master::from_seed(seed).reveal()), seed: Some(seed) },
            MasterWanted::Secret => {
                let mut secret = [0; 32];
                getrandom::fill(&mut secret).map_err(|why| self.io(why.into()))?;
                About { master: Hash(secret), seed: None }
            }
            MasterWanted::Kept if self.dir.exists() => return Err(self.not_a_store("there is nothing in it")),
            MasterWanted::Kept => return Err(self.not_a_store("there is no such directory")),
        };
        make_folder(&self.dir).map_err(|why| self.io(why))?;
        failpoint!("store.make.folder", else |why| self.io(why));
        // Two that make a store at once take turns; the second finds the first one's.
        let turn = File::open(&self.dir).and_then(|dir| dir.lock().map(|()| dir)).map_err(|why| self.io(why))?;
        if !self.has_store()? {
            self.make_aside(&about)?;
            fs::rename(self.aside(), self.store()).map_err(|why| self.io(why))?;
            failpoint!("store.make.renamed", else |why| self.io(why));
            turn.sync_all().map_err(|why| self.io(why))?;
            failpoint!("store.make.durable", else |why| self.io(why));
        }
        Ok(())
    }

    /// Makes the whole store in `store.new` and closes it.
    fn make_aside(&self, about: &About) -> Result<(), OpenError> {
        let aside = self.aside();
        let io = |why| self.io(why);
        match fs::remove_dir_all(&aside) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(io(why)),
            _ => {}
        }
        make_private_folder(&aside).map_err(io)?;
        failpoint!("store.make.aside", else io);
        fs::write(aside.join("format"), format!("{FORMAT_TEXT}{FORMAT}\n")).map_err(io)?;
        failpoint!("store.make.format", else io);
        let disk = Disk::open(&aside, &self.watch).map_err(|why| self.unopened(why))?;
        let made = Records::over(disk, Master::new(about.master.0)).and_then(|records| {
            records.write(|draft| {
                draft.put(Key::of(Table::About), about);
                Ok(())
            })
        });
        made.map_err(|why| self.failed(why))?;
        failpoint!("store.make.written", else io);
        sync_files(&aside.join("blobs")).and_then(|()| sync_files(&aside)).map_err(io)?;
        failpoint!("store.make.synced", else io);
        Ok(())
    }

    /// What can be told before sled touches anything; sled would make what is missing.
    fn check_files(&self) -> Result<(), OpenError> {
        let format = match fs::read_to_string(self.store().join("format")) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                return Err(self.not_a_store("its `store` has no `format`"));
            }
            Err(why) if why.kind() == io::ErrorKind::NotADirectory => {
                return Err(self.not_a_store("its `store` is a file"));
            }
            Err(why) => return Err(self.io(why)),
        };
        let number = format.strip_prefix(FORMAT_TEXT).and_then(|number| number.trim_end().parse::<u64>().ok());
        match number {
            None | Some(0) => return Err(self.corrupt("`format` does not say a format")),
            Some(found) if found > FORMAT => {
                return Err(OpenError::NewerFormat { dir: self.dir.clone(), found, known: FORMAT });
            }
            Some(found) if found < FORMAT => {
                return Err(OpenError::OlderFormat { dir: self.dir.clone(), found, known: FORMAT });
            }
            Some(_) => {}
        }
        for file in ["db", "conf"].iter().chain(&FILES) {
            if !self.store().join(file).is_file() {
                return Err(self.corrupt(&format!("its file `{file}` is missing")));
            }
        }
        match fs::read_dir(self.store().join("blobs")).map(|mut blobs| blobs.next()) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(self.corrupt("`blobs` is not empty, and this program puts nothing there")),
            Err(why) => Err(self.io(why)),
        }
    }

    /// Opens sled, which panics on some kinds of damage.
    fn read(&self) -> Result<(Disk, About), OpenError> {
        let opened = catch_unwind(AssertUnwindSafe(|| Disk::open(&self.store(), &self.watch)));
        let disk = opened.map_err(|panic| self.corrupt(&said(&*panic)))?.map_err(|why| self.unopened(why))?;
        // Nothing depends on it, so that it cannot be written is no trouble.
        let _ = fs::write(self.store().join(HOLDER), std::process::id().to_string());
        let about = View::of(&disk).get(&Key::of(Table::About)).map_err(|why| self.failed(why))?;
        let about = about.ok_or_else(|| self.corrupt("it does not say which master it has"))?;
        Ok((disk, about))
    }

    fn not_a_store(&self, why: &'static str) -> OpenError {
        OpenError::NotAStore { dir: self.dir.clone(), why }
    }

    fn corrupt(&self, why: &str) -> OpenError {
        OpenError::Corrupt { dir: self.dir.clone(), why: why.to_owned() }
    }

    fn io(&self, source: io::Error) -> OpenError {
        OpenError::Io { dir: self.dir.clone(), source }
    }

    fn failed(&self, why: StoreError) -> OpenError {
        match why {
            StoreError::Corrupt(why) => self.corrupt(&why),
            StoreError::Unreachable(why) => self.io(io::Error::other(why)),
        }
    }

    /// sled tells a lock that is taken only by its sentence.
    fn unopened(&self, why: Unopened) -> OpenError {
        match why {
            Unopened::Sled(sled::Error::Io(why)) if why.to_string().contains("could not acquire lock") => {
                OpenError::Busy { dir: self.dir.clone(), holder: holder(&self.dir) }
            }
            Unopened::Sled(sled::Error::Io(why)) | Unopened::Io(why) => match why.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => self.corrupt(&why.to_string()),
                _ => self.io(why),
            },
            Unopened::Sled(sled::Error::Corruption { .. }) => self.corrupt(DAMAGED_LOG),
            why => self.corrupt(&why.to_string()),
        }
    }
}

/// The process that has the store in a directory, as far as it said so.
pub(crate) fn holder(dir: &Path) -> Option<u32> {
    fs::read_to_string(dir.join("store").join(HOLDER)).ok()?.trim().parse().ok()
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("sled gave up on it: {}", text.unwrap_or("without a word"))
}

/// Makes a folder and those above it, each of which survives a power cut before the next is made.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => Err(why),
        _ => File::open(above)?.sync_all(),
    }
}

/// The master is in it, so that it is its owner's alone.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
