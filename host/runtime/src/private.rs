//! What is this host's alone: the cache's directory, and the key that vouches for what is in it.
//!
//! Machine code is run as it is read, so the key is worth as much as this program itself. It is drawn from the
//! operating system when a directory is first used and never leaves it. Where somebody else owns the directory or the
//! key, or could write the one or read the other, neither is repaired, because what they were used for meanwhile
//! cannot be known: the directory does not serve, and governors are compiled.
//!
//! Whoever may act as this user can read the key; but may then also change this program.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The key's file.
const KEY: &str = "key";

/// What the name of a file begins with that is still being made.
pub(crate) const ASIDE: &str = "new-";

/// The key of one host.
pub(crate) type Key = [u8; 32];

/// A directory that does not serve as the cache. Governors run without one; every start compiles them.
#[derive(Debug, thiserror::Error)]
#[error("`{}` does not serve as the cache of compiled governors: {why}", dir.display())]
pub struct CacheUnusable {
    /// The directory.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub why: WhyUnusable,
}

/// Why a directory does not serve as the cache.
#[derive(Debug, thiserror::Error)]
pub enum WhyUnusable {
    /// Somebody else could put machine code there, or the key to vouch for it.
    #[error("{0} belongs to another user than this host runs as; name a directory of the host's own")]
    Foreign(&'static str),
    /// Others could put something there, or know what vouches for it.
    #[error(
        "others have access to {what} (mode {mode:03o}), so that it cannot be trusted any more; name a new directory"
    )]
    Shared {
        /// The directory or the key.
        what: &'static str,
        /// Its permissions.
        mode: u32,
    },
    /// Something else has the key's name.
    #[error("its `{KEY}` is not a file of {} bytes; remove it, and another is drawn", size_of::<Key>())]
    NotAKey,
    /// The system has no owners and permissions that this host knows.
    #[error("this system does not say who else has access to a file")]
    NoOwners,
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Makes sure that a directory is there and nobody else's, and reads its key or makes one.
pub(crate) fn open(dir: &Path) -> Result<(PathBuf, Key), WhyUnusable> {
    make(dir)?;
    // From here on no link on the way can lead elsewhere.
    let dir = fs::canonicalize(dir)?;
    let about = fs::metadata(&dir)?;
    if !about.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory).into());
    }
    let aside = Aside::new(&dir)?;
    // What has just been made has the owner that this host runs as, which is how a program without the system's own
    // calls knows who it is.
    let me = Owner::of(&aside.file.metadata()?)?;
    me.alone("the directory", &about, OTHERS_WRITE)?;
    // Two that make the key at once take turns; the second finds the first one's.
    let turn = File::open(&dir)?;
    turn.lock()?;
    let key = match fs::symlink_metadata(dir.join(KEY)) {
        Ok(about) => read(&dir.join(KEY), &about, &me)?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => draw(aside, &turn)?,
        Err(why) => return Err(why.into()),
    };
    Ok((dir, key))
}

/// Makes a directory and what is missing above it, for its owner alone.
fn make(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Draws a key and keeps it. A crash leaves the whole key or none.
fn draw(mut aside: Aside, dir: &File) -> io::Result<Key> {
    let mut key = Key::default();
    getrandom::fill(&mut key).map_err(io::Error::from)?;
    aside.file.write_all(&key)?;
    aside.file.sync_all()?;
    aside.place(KEY)?;
    dir.sync_all()?;
    Ok(key)
}

/// Reads the key from the very file that was looked at.
fn read(path: &Path, about: &Metadata, me: &Owner) -> Result<Key, WhyUnusable> {
    if !about.is_file() || about.len() != size_of::<Key>() as u64 {
        return Err(WhyUnusable::NotAKey);
    }
    let mut file = File::open(path)?;
    me.alone("its `key`", &file.metadata()?, OTHERS_READ_OR_WRITE)?;
    let mut key = Key::default();
    file.read_exact(&mut key)?;
    Ok(key)
}

/// A file that is made aside, and then is put in its place or is gone.
pub(crate) struct Aside {
    pub(crate) file: File,
    path: PathBuf,
}

impl Aside {
    pub(crate) fn new(dir: &Path) -> io::Result<Self> {
        let name = getrandom::u64().map_err(io::Error::from)?;
        let path = dir.join(format!("{ASIDE}{name:016x}"));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&path)?, path })
    }

    /// Gives it its name, in the place of what had it.
    pub(crate) fn place(self, name: &str) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_file_name(name))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Where it was put in its place, nothing has this name any more.
        let _ = fs::remove_file(&self.path);
    }
}

const OTHERS_WRITE: u32 = 0o022;
const OTHERS_READ_OR_WRITE: u32 = 0o077;

/// The user a file belongs to.
#[derive(PartialEq, Eq)]
struct Owner(u32);

#[cfg(unix)]
impl Owner {
    fn of(about: &Metadata) -> Result<Self, WhyUnusable> {
        Ok(Self(std::os::unix::fs::MetadataExt::uid(about)))
    }

    /// Whether a file is this user's, and nobody else may do with it what is forbidden to others.
    fn alone(&self, what: &'static str, about: &Metadata, forbidden: u32) -> Result<(), WhyUnusable> {
        let mode = std::os::unix::fs::MetadataExt::mode(about) & 0o777;
        match Self::of(about)? == *self {
            false => Err(WhyUnusable::Foreign(what)),
            true if mode & forbidden != 0 => Err(WhyUnusable::Shared { what, mode }),
            true => Ok(()),
        }
    }
}

#[cfg(not(unix))]
impl Owner {
    fn of(_: &Metadata) -> Result<Self, WhyUnusable> {
        Err(WhyUnusable::NoOwners)
    }

    fn alone(&self, _: &'static str, _: &Metadata, _: u32) -> Result<(), WhyUnusable> {
        Err(WhyUnusable::NoOwners)
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_drawn_once_and_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("not/yet/there");
        let (at, key) = open(&dir).unwrap();
        assert_eq!((mode(&at), mode(&at.join(KEY))), (0o700, 0o600));
        assert_ne!(key, Key::default());
        assert_eq!(open(&dir).unwrap().1, key);
        assert_ne!(open(&home.path().join("another")).unwrap().1, key);
        let left: Vec<_> = fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [KEY], "what was made aside is gone");
    }

    #[test]
    fn two_that_open_a_new_directory_at_once_have_one_key() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cache");
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&dir).unwrap().1)).collect();
            opening.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn what_others_may_write_is_not_trusted_and_not_repaired() {
        let home = tempfile::tempdir().unwrap();
        let (dir, _) = open(&home.path().join("cache")).unwrap();
        for (path, loose) in
            [(dir.clone(), 0o777), (dir.clone(), 0o720), (dir.join(KEY), 0o640), (dir.join(KEY), 0o602)]
        {
            let tight = mode(&path);
            chmod(&path, loose);
            let told = open(&dir).unwrap_err().to_string();
            assert!(told.contains(&format!("mode {loose:o}")) && told.contains("others have access"), "{told}");
            assert_eq!(mode(&path), loose);
            chmod(&path, tight);
            open(&dir).unwrap();
        }
    }

    #[test]
    fn what_belongs_to_another_user_is_not_trusted() {
        let home = tempfile::tempdir().unwrap();
        let about = fs::metadata(home.path()).unwrap();
        let Owner(me) = Owner::of(&about).unwrap();
        assert!(matches!(Owner(me + 1).alone("it", &about, 0), Err(WhyUnusable::Foreign("it"))));
        assert!(Owner(me).alone("it", &about, OTHERS_WRITE).is_ok());
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let home = tempfile::tempdir().unwrap();
        let (dir, _) = open(&home.path().join("cache")).unwrap();
        let elsewhere = home.path().join("elsewhere");
        fs::copy(dir.join(KEY), &elsewhere).unwrap();
        fs::remove_file(dir.join(KEY)).unwrap();
        symlink(&elsewhere, dir.join(KEY)).unwrap();
        assert!(matches!(open(&dir), Err(WhyUnusable::NotAKey)), "a key that lies elsewhere");
        fs::remove_file(dir.join(KEY)).unwrap();
        fs::write(dir.join(KEY), "short").unwrap();
        assert!(matches!(open(&dir), Err(WhyUnusable::NotAKey)), "a key of five bytes");
        fs::write(&elsewhere, "").unwrap();
        assert!(matches!(open(&elsewhere), Err(WhyUnusable::Io(_))), "a file for a directory");
    }
}
