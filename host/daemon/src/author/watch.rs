//! What a governor is built from, and whether it has moved.
//!
//! Files are looked at by the clock, some times a second: a crate has few, looking costs less than a millisecond, and it
//! works on every file system there is, where what the system would tell differs from one to the other and does not come
//! at all from a network or out of a container. What cargo and this program write themselves is not looked at.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use syndic_ledger::{Hash, sha256};

/// How often files are looked at; and for how long none may move before they are read, because an editor that saves, or
/// somebody who changes branches, moves several.
const LOOK: Duration = Duration::from_millis(60);

/// After so many looks files that never rest are read all the same.
const LOOKS_MAX: u32 = 30;

/// How far a file system's clock may be behind: two changes so near to one another may have one time.
const GRAIN: Duration = Duration::from_millis(20);

/// What cargo lays into every folder of things it built.
const BUILT: &str = "CACHEDIR.TAG";

/// Where the files of a build lie.
pub(super) struct Ground {
    /// Folders of which all is looked at, and single files.
    pub(super) roots: Vec<PathBuf>,
    /// Files and folders in them that are not: what is written, not read.
    pub(super) not: Vec<PathBuf>,
}

/// What is seen of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// When anything about it was changed, which nobody can set back.
    changed: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            let (seconds, nanos) = (u64::try_from(metadata.ctime()), u32::try_from(metadata.ctime_nsec()));
            seconds.ok().zip(nanos.ok()).map(|(seconds, nanos)| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
        };
        #[cfg(not(unix))]
        let changed = None;
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), changed }
    }

    fn moments(self) -> [Option<SystemTime>; 2] {
        [self.modified, self.changed]
    }
}

/// A build's files as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs(BTreeMap<PathBuf, (Stamp, Hash)>);

impl Inputs {
    fn was_changed_within(&self, grain: Duration) -> bool {
        let now = SystemTime::now();
        // A time to come says nothing, and would be waited for.
        let fresh = |moment: SystemTime| now.duration_since(moment).is_ok_and(|since| since < grain);
        self.0.values().any(|(stamp, _)| stamp.moments().into_iter().flatten().any(fresh))
    }

    /// The files that are not what they were: another content, new, or gone.
    pub(super) fn since<'a>(&'a self, before: &'a Self) -> Vec<&'a Path> {
        let hash = |inputs: &Self, file: &Path| inputs.0.get(file).map(|(_, hash)| *hash);
        let gone = before.0.keys().filter(|file| !self.0.contains_key(*file));
        let mut moved: Vec<&Path> = self.0.keys().chain(gone).map(PathBuf::as_path).collect();
        moved.retain(|file| hash(self, file) != hash(before, file));
        moved
    }

    /// Of those, the files that look older than a moment: they were brought from elsewhere with their time, and whoever
    /// goes by times takes them for what was there.
    pub(super) fn hidden_from<'a>(&'a self, before: &'a Self, moment: SystemTime) -> Vec<&'a Path> {
        let modified = |file: &Path| self.0.get(file).and_then(|(stamp, _)| stamp.modified);
        let mut moved = self.since(before);
        moved.retain(|file| modified(file).is_some_and(|modified| modified < moment));
        moved
    }
}

impl Ground {
    /// Reads the files as they are, as soon as none was changed just now: whatever changes one later is then seen by its
    /// time.
    pub(super) fn read_at_rest(&self) -> Inputs {
        let mut inputs = self.read(&Inputs::default());
        while inputs.was_changed_within(GRAIN) {
            std::thread::sleep(GRAIN);
            inputs = self.read(&Inputs::default());
        }
        inputs
    }

    /// Reads the files as they are. What is known and looks the same is not read again.
    pub(super) fn read(&self, known: &Inputs) -> Inputs {
        let read = |(file, stamp): (PathBuf, Stamp)| {
            let same = known.0.get(&file).filter(|(before, _)| *before == stamp).map(|(_, hash)| *hash);
            // A file that was removed meanwhile is one that is not there.
            let hash = same.or_else(|| fs::read(&file).ok().map(|bytes| sha256(&bytes)))?;
            Some((file, (stamp, hash)))
        };
        Inputs(self.stamps().into_iter().filter_map(read).collect())
    }

    /// Waits until something other stands in the files than what is known.
    pub(super) fn moved(&self, known: &Inputs) -> Inputs {
        let mut known = known.clone();
        loop {
            std::thread::sleep(LOOK);
            let looks_the_same = known.0.iter().map(|(file, (stamp, _))| (file, stamp)).eq(&self.stamps());
            if looks_the_same {
                continue;
            }
            let now = self.at_rest(&known);
            if !now.since(&known).is_empty() {
                return now;
            }
            known = now;
        }
    }

    /// The files, as soon as two looks in a row see the same.
    fn at_rest(&self, known: &Inputs) -> Inputs {
        let mut seen = self.stamps();
        for _ in 0..LOOKS_MAX {
            std::thread::sleep(LOOK);
            let now = self.stamps();
            if now == seen {
                break;
            }
            seen = now;
        }
        self.read(known)
    }

    fn stamps(&self) -> BTreeMap<PathBuf, Stamp> {
        let mut stamps = BTreeMap::new();
        for root in &self.roots {
            self.look(root, &mut stamps);
        }
        stamps
    }

    fn look(&self, path: &Path, stamps: &mut BTreeMap<PathBuf, Stamp>) {
        let Ok(metadata) = fs::metadata(path) else { return };
        if !metadata.is_dir() {
            stamps.insert(path.to_owned(), Stamp::of(&metadata));
            return;
        }
        if path.join(BUILT).exists() {
            return;
        }
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let file = entry.path();
            // A link to a folder may lead back to where it stands.
            let circular = entry.file_type().is_ok_and(|kind| kind.is_symlink()) && file.is_dir();
            if !circular && !self.not.contains(&file) && !is_an_editors(&entry.file_name().to_string_lossy()) {
                self.look(&file, stamps);
            }
        }
    }
}

/// What editors and version control keep beside what one writes. Cargo's own folder of settings is none of that.
fn is_an_editors(name: &str) -> bool {
    (name.starts_with('.') && name != ".cargo") || name.starts_with('#') || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    struct Crate(tempfile::TempDir);

    impl Crate {
        fn new() -> (Self, Ground) {
            let dir = tempfile::tempdir().unwrap();
            let ground = Ground { roots: vec![dir.path().to_owned()], not: vec![dir.path().join("guest.wasm")] };
            let own = Self(dir);
            own.write("src/lib.rs", "one");
            own.write("Cargo.toml", "[package]");
            (own, ground)
        }

        fn write(&self, name: &str, content: &str) {
            let file = self.0.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
    }

    fn names(inputs: &Inputs, before: &Inputs) -> Vec<String> {
        let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
        inputs.since(before).into_iter().map(name).collect()
    }

    #[test]
    fn what_is_written_by_the_loop_itself_or_by_an_editor_moves_nothing() {
        let (own, ground) = Crate::new();
        let before = ground.read_at_rest();
        assert_eq!(names(&before, &Inputs::default()), ["Cargo.toml", "lib.rs"]);
        own.write("target/CACHEDIR.TAG", "");
        for file in ["target/x/lib.d", "guest.wasm", ".git/index", "src/.lib.rs.swp", "src/lib.rs~", "src/#lib.rs#"] {
            own.write(file, "new");
        }
        assert_eq!(names(&ground.read(&before), &before), [""; 0]);
        own.write(".cargo/config.toml", "");
        assert_eq!(names(&ground.read(&before), &before), ["config.toml"]);
    }

    #[test]
    fn a_file_that_is_saved_as_it_was_moves_nothing_and_was_touched_all_the_same() {
        let (own, ground) = Crate::new();
        let before = ground.read_at_rest();
        File::options()
            .write(true)
            .open(own.0.path().join("src/lib.rs"))
            .unwrap()
            .set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))
            .unwrap();
        let after = ground.read(&before);
        assert_eq!(names(&after, &before), [""; 0]);
        assert_ne!(after, before, "a build that ran meanwhile may have seen anything");
    }

    #[test]
    fn what_was_written_made_or_removed_is_found_however_old_it_looks() {
        let (own, ground) = Crate::new();
        let before = ground.read_at_rest();
        let built = SystemTime::now() - Duration::from_secs(1);
        own.write("src/lib.rs", "two");
        own.write("src/more.rs", "");
        fs::remove_file(own.0.path().join("Cargo.toml")).unwrap();
        let after = ground.moved(&before);
        assert_eq!(names(&after, &before), ["lib.rs", "more.rs", "Cargo.toml"]);
        assert!(after.hidden_from(&before, SystemTime::UNIX_EPOCH).is_empty());
        File::options()
            .write(true)
            .open(own.0.path().join("src/lib.rs"))
            .unwrap()
            .set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))
            .unwrap();
        let hidden = ground.read(&after).hidden_from(&before, built).len();
        assert_eq!(hidden, 1, "cargo would take it for what it has built");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_leads_back_to_itself_is_looked_at_once() {
        let (own, ground) = Crate::new();
        std::os::unix::fs::symlink(own.0.path(), own.0.path().join("src/again")).unwrap();
        assert_eq!(names(&ground.read(&Inputs::default()), &Inputs::default()), ["Cargo.toml", "lib.rs"]);
    }
}
