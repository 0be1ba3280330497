//! The cache: what was compiled once is not compiled at the next start.
//!
//! Compiling eight governors takes seconds of processor time, loading them milliseconds. But compiled code is run as
//! it is read, so whoever could plant some here would own the host. Each entry therefore begins with a MAC, under a
//! key that only this host has, over the code, the component that it was compiled from and the engine that it was
//! compiled for. An entry is read into memory, checked there and used from there; a [`Vouched`] is the proof. One that
//! is torn, changed, or moved to another's name is refused, and the component is compiled as if it had never been.
//!
//! That a decision came from compiled or from kept code is nobody's business: both answer alike and burn the same.
//! Nothing here can fail a start: the disk may be full, the directory may be gone, and another process of this host may
//! be using it at the same time.
//!
//! Not here: who may have access to the directory (`private`), compiling and running (`compile`).

use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use syndic_ledger::Hash;

use crate::private::{self, ASIDE, Aside, CacheUnusable, Key};

/// What an entry begins with. Another number is another format, whose entries have other names; see [`Origin`].
pub(crate) const FORMAT: &[u8] = b"syndic compiled governor 1\n";

/// Bytes of a MAC.
const MAC_BYTES: usize = 32;

/// Bytes before an entry's code.
const HEAD_BYTES: usize = FORMAT.len() + MAC_BYTES;

/// Entries that are kept: the last versions of every slot, many times over.
const ENTRIES_MAX: usize = 256;

/// Bytes that all entries may have together. Our own eight have some ten million.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Compiled governors, in a directory of this host's own.
pub struct Cache {
    dir: PathBuf,
    key: Key,
    entries_max: usize,
    bytes_max: u64,
    /// Held while an entry is marked as used and while old ones are removed: the first protects from the second.
    turn: Mutex<()>,
}

/// What some code was compiled from, and for.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// SHA-256 of the component's bytes.
    pub(crate) component: Hash,
    /// What must be the same for its code to run: [`FORMAT`], engine, settings and kind of processor.
    pub(crate) engine: Hash,
}

/// An entry that this host wrote for what was asked for, whole and in memory.
pub(crate) struct Vouched(Vec<u8>);

/// Why an entry is not used. It is removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is not a file")]
    NotAFile,
    #[error("it is not what this host wrote")]
    NotOurs,
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Cache {
    /// The cache in a directory, which is made where it is missing.
    ///
    /// # Errors
    /// Others have access to the directory, or it cannot be used at all. [`Runtime::new`](crate::Runtime::new) does
    /// without.
    pub fn open(dir: &Path) -> Result<Self, CacheUnusable> {
        let (dir, key) = private::open(dir).map_err(|why| CacheUnusable { dir: dir.to_owned(), why })?;
        Ok(Self { dir, key, entries_max: ENTRIES_MAX, bytes_max: BYTES_MAX, turn: Mutex::new(()) })
    }

    /// The code that was kept of an origin, if any.
    pub(crate) fn find(&self, origin: &Origin) -> Result<Option<Vouched>, Refused> {
        match self.read(&self.path(origin)) {
            Ok(entry) => self.vouch(origin, entry).map(Some),
            Err(Refused::Unreadable(why)) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Refused> {
        // Opening a pipe would wait for its writer.
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(Refused::NotAFile);
        }
        let mut entry = Vec::new();
        self.open_used(path)?.take(self.bytes_max).read_to_end(&mut entry)?;
        Ok(entry)
    }

    /// Checks what was read. Nothing else makes a [`Vouched`].
    fn vouch(&self, origin: &Origin, entry: Vec<u8>) -> Result<Vouched, Refused> {
        let rest = entry.strip_prefix(FORMAT).ok_or(Refused::NotOurs)?;
        let (mac, code) = rest.split_at_checked(MAC_BYTES).ok_or(Refused::NotOurs)?;
        // In constant time: how long it takes must not tell how much of a guess was right.
        self.mac(origin, code).verify_slice(mac).map_err(|_| Refused::NotOurs)?;
        Ok(Vouched(entry))
    }

    /// Keeps code. Nobody ever sees half of it under its name; what a power cut leaves of it the MAC finds out, so that
    /// nobody need wait for the disk.
    pub(crate) fn keep(&self, origin: &Origin, code: &[u8]) -> io::Result<()> {
        if (HEAD_BYTES + code.len()) as u64 > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut aside = Aside::new(&self.dir)?;
        aside.file.write_all(FORMAT)?;
        aside.file.write_all(&self.mac(origin, code).finalize().into_bytes())?;
        aside.file.write_all(code)?;
        let name = name(origin);
        aside.place(&name)?;
        self.make_room(&name)
    }

    /// Removes an entry that is not used.
    pub(crate) fn forget(&self, origin: &Origin) {
        // What cannot be removed is refused again next time.
        let _ = fs::remove_file(self.path(origin));
    }

    fn path(&self, origin: &Origin) -> PathBuf {
        self.dir.join(name(origin))
    }

    /// Every part but the last has a fixed length, so that no two readings of one input exist.
    fn mac(&self, origin: &Origin, code: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.chain_update(FORMAT).chain_update(origin.component.0).chain_update(origin.engine.0).chain_update(code)
    }

    /// Opens an entry and marks it as used now.
    fn open_used(&self, path: &Path) -> io::Result<File> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let file = File::open(path)?;
        // An entry that cannot be marked is removed sooner than it should be, and that is all.
        let _ = file.set_modified(SystemTime::now());
        Ok(file)
    }

    /// Removes what was not used for longest until the rest is within bounds, and never what is newest.
    fn make_room(&self, newest: &str) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held: Vec<Held> = fs::read_dir(&self.dir)?.filter_map(Held::of).collect();
        let (mut count, mut bytes) = (held.len(), held.iter().map(|held| held.bytes).sum::<u64>());
        let now = SystemTime::now();
        held.retain(|held| !held.path.ends_with(newest));
        // A time that is still to come was written before the clock was set back.
        held.sort_by_key(|held| if held.used > now { SystemTime::UNIX_EPOCH } else { held.used });
        for oldest in held {
            if count <= self.entries_max && bytes <= self.bytes_max {
                break;
            }
            // Another process may have been faster.
            let _ = fs::remove_file(&oldest.path);
            (count, bytes) = (count - 1, bytes - oldest.bytes);
        }
        Ok(())
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the key.
        f.debug_struct("Cache").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Vouched {
    /// The code.
    pub(crate) fn code(&self) -> &[u8] {
        &self.0[HEAD_BYTES..]
    }
}

/// A file of ours in the directory: an entry, or one that was never finished.
struct Held {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl Held {
    /// What stands there under other names was not put there by us and is left alone.
    fn of(entry: io::Result<DirEntry>) -> Option<Self> {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let about = entry.metadata().ok().filter(|about| !about.is_dir() && is_ours(&name.to_string_lossy()))?;
        Some(Self { used: about.modified().ok()?, bytes: about.len(), path: entry.path() })
    }
}

/// The name of an entry.
fn name(origin: &Origin) -> String {
    format!("{}-{}", origin.component, origin.engine)
}

fn is_ours(name: &str) -> bool {
    let is_hash = |text: &str| text.parse::<Hash>().is_ok();
    match name.strip_prefix(ASIDE) {
        Some(number) => number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => name.split_once('-').is_some_and(|(component, engine)| is_hash(component) && is_hash(engine)),
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use syndic_ledger::sha256;
    use tempfile::TempDir;

    use super::*;

    const CODE: &[u8] = b"not run in these tests";

    /// A cache, the directory it goes with, and an entry of [`CODE`] in it.
    fn kept() -> (TempDir, Cache, Origin) {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::open(&home.path().join("cache")).unwrap();
        let origin = origin("component");
        cache.keep(&origin, CODE).unwrap();
        (home, cache, origin)
    }

    fn origin(component: &str) -> Origin {
        Origin { component: sha256(component.as_bytes()), engine: sha256(b"engine") }
    }

    fn found(cache: &Cache, origin: &Origin) -> bool {
        cache.find(origin).unwrap().is_some()
    }

    fn set_used(cache: &Cache, origin: &Origin, used: SystemTime) {
        File::open(cache.path(origin)).unwrap().set_modified(used).unwrap();
    }

    #[test]
    fn what_was_kept_is_found_by_whoever_has_the_key() {
        let (home, cache, origin) = kept();
        assert_eq!(cache.find(&origin).unwrap().unwrap().code(), CODE);
        let again = Cache::open(&home.path().join("cache")).unwrap();
        assert_eq!(again.find(&origin).unwrap().unwrap().code(), CODE);
        assert!(!found(&cache, &self::origin("another")));
        assert!(!found(&cache, &Origin { engine: sha256(b"another"), ..origin }));
        cache.forget(&origin);
        assert!(!found(&cache, &origin));
    }

    #[test]
    fn no_byte_of_an_entry_may_change_and_none_may_be_missing() {
        let (_home, cache, origin) = kept();
        let path = cache.path(&origin);
        let good = fs::read(&path).unwrap();
        let refused = |entry: &[u8]| {
            fs::write(&path, entry).unwrap();
            matches!(cache.find(&origin), Err(Refused::NotOurs))
        };
        for nth in 0..good.len() {
            let mut changed = good.clone();
            changed[nth] ^= 1;
            assert!(refused(&changed), "byte {nth} was changed");
            assert!(refused(&good[..nth]), "all but {nth} bytes were cut off");
        }
        assert!(refused(&[&good, &[0][..]].concat()), "a byte was added");
        assert!(!refused(&good));
    }

    #[test]
    fn an_entry_vouches_for_its_own_component_engine_and_host_only() {
        let (home, cache, origin) = kept();
        let good = cache.path(&origin);
        let refused = |as_if: &Origin, cache: &Cache| {
            fs::copy(&good, cache.path(as_if)).unwrap();
            matches!(cache.find(as_if), Err(Refused::NotOurs))
        };
        assert!(refused(&self::origin("another"), &cache));
        assert!(refused(&Origin { engine: sha256(b"another"), ..origin }, &cache));
        assert!(refused(&Origin { component: origin.engine, engine: origin.component }, &cache));
        let other_host = Cache::open(&home.path().join("other")).unwrap();
        assert!(refused(&origin, &other_host));
    }

    #[test]
    fn only_a_file_is_an_entry() {
        let (home, cache, origin) = kept();
        let path = cache.path(&origin);
        let elsewhere = home.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert!(matches!(cache.find(&origin), Err(Refused::NotAFile)));
        cache.forget(&origin);
        assert!(elsewhere.exists());
        fs::create_dir(&path).unwrap();
        assert!(matches!(cache.find(&origin), Err(Refused::NotAFile)));
        cache.keep(&origin, CODE).unwrap_err();
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let (_home, mut cache, first) = kept();
        cache.entries_max = 3;
        let [second, third, fourth, fifth] = ["second", "third", "fourth", "fifth"].map(origin);
        let hour = |hours: u64| SystemTime::now() - Duration::from_secs(3600 * hours);
        for (origin, used) in [(&first, hour(3)), (&second, hour(2)), (&third, hour(1))] {
            cache.keep(origin, CODE).unwrap();
            set_used(&cache, origin, used);
        }
        assert!(found(&cache, &first), "and is thereby used");
        cache.keep(&fourth, CODE).unwrap();
        assert_eq!(
            [&first, &second, &third, &fourth].map(|origin| cache.path(origin).exists()),
            [true, false, true, true]
        );
        set_used(&cache, &fourth, SystemTime::now() + Duration::from_secs(3600));
        cache.keep(&fifth, CODE).unwrap();
        assert_eq!(
            [&first, &third, &fourth, &fifth].map(|origin| cache.path(origin).exists()),
            [true, true, false, true]
        );
    }

    #[test]
    fn the_bytes_of_all_entries_are_bounded_and_what_is_not_ours_is_left_alone() {
        let (_home, mut cache, first) = kept();
        let size = (HEAD_BYTES + CODE.len()) as u64;
        fs::write(cache.dir.join("letter.txt"), vec![0; 1000]).unwrap();
        fs::write(cache.dir.join("new-letter.txt"), vec![0; 1000]).unwrap();
        fs::write(cache.dir.join("new-0123456789abcdef"), vec![0; 1000]).unwrap();
        for (name, used) in [("new-0123456789abcdef", 2), ("letter.txt", 3)] {
            let file = File::open(cache.dir.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600 * used)).unwrap();
        }
        cache.bytes_max = 2 * size;
        cache.keep(&origin("second"), CODE).unwrap();
        assert!(found(&cache, &first) && found(&cache, &origin("second")));
        assert!(!cache.dir.join("new-0123456789abcdef").exists(), "what was never finished goes like the rest");
        cache.bytes_max = size;
        cache.keep(&first, CODE).unwrap();
        assert!(found(&cache, &first) && !found(&cache, &origin("second")));
        assert_eq!(cache.keep(&origin("third"), &[0; 100]).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(cache.dir.join("letter.txt").exists() && cache.dir.join("new-letter.txt").exists());
        assert!(cache.dir.join("key").exists());
    }
}
