//! What was done to names, and how it is undone.
//!
//! Nothing is removed for good before its folder is synced: it is moved to the grave, a folder beside, under a number.
//! There it stays the same file, so that what was open stays open, and nothing else gets its inode.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::kernel::{self, Answer, Id};

/// A name in a folder. The folder is held open, because it may itself be renamed.
pub(crate) struct Named {
    pub(crate) folder: File,
    pub(crate) name: CString,
}

/// One change of one folder that its sync has not made durable yet.
pub(crate) struct Change {
    /// The folder whose sync makes it durable.
    pub(crate) of: Id,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// A file or folder was made.
    Made(Named),
    /// It was removed, and lies in the grave under this name.
    Gone(Named, CString),
    /// It came from somewhere else, and what it replaced lies in the grave.
    Moved { from: Named, to: Named, replaced: Option<CString> },
}

impl Named {
    /// The folder and last name of a path, where the folder is one of those we watch.
    pub(crate) fn watched(below: &Path, from: RawFd, path: &CStr) -> Option<Self> {
        let path = path.to_bytes();
        let path = &path[..path.iter().rposition(|byte| *byte != b'/')? + 1];
        let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&path[..=at], &path[at + 1..]),
            None => (&b"."[..], path),
        };
        let (folder, name) = (CString::new(folder).ok()?, CString::new(name).ok()?);
        let folder = kernel::open(from, &folder, libc::O_PATH | libc::O_DIRECTORY)?;
        kernel::place(folder.as_raw_fd())?.starts_with(below).then_some(Self { folder, name })
    }

    pub(crate) fn id(&self) -> Id {
        kernel::id(self.folder.as_raw_fd()).unwrap_or_default()
    }

    pub(crate) fn exists(&self) -> bool {
        kernel::open(self.folder.as_raw_fd(), &self.name, libc::O_PATH | libc::O_NOFOLLOW).is_some()
    }

    fn renamed(&self, to: &Self, flags: libc::c_int) -> Answer {
        kernel::renameat(self.folder.as_raw_fd(), &self.name, to.folder.as_raw_fd(), &to.name, flags)
    }
}

/// Where things lie that may have to come back.
pub(crate) struct Grave {
    folder: File,
    next: u64,
}

impl Grave {
    pub(crate) fn open(path: &Path) -> Option<Self> {
        let name = CString::new(path.as_os_str().as_bytes()).ok()?;
        let folder = kernel::open(libc::AT_FDCWD, &name, libc::O_PATH | libc::O_DIRECTORY)?;
        Some(Self { folder, next: u64::from(std::process::id()) << 32 })
    }

    /// Takes what has this name, and says under which name it lies here.
    pub(crate) fn bury(&mut self, named: &Named) -> Result<CString, libc::c_int> {
        let name = CString::new(self.next.to_string()).unwrap_or_default();
        self.next += 1;
        let (from, to) = (named.folder.as_raw_fd(), self.folder.as_raw_fd());
        kernel::renameat(from, &named.name, to, &name, 0).map(|_| name)
    }

    fn give_back(&self, name: &CStr, to: &Named) {
        let _ = kernel::renameat(self.folder.as_raw_fd(), name, to.folder.as_raw_fd(), &to.name, 0);
    }

    /// Undoes a change. Where it cannot be undone, because the folder itself is undone already, there is nothing to do.
    pub(crate) fn undo(&mut self, what: What) {
        match what {
            What::Made(named) => drop(self.bury(&named)),
            What::Gone(named, name) => self.give_back(&name, &named),
            What::Moved { from, to, replaced } => {
                let _ = to.renamed(&from, libc::RENAME_NOREPLACE as libc::c_int);
                if let Some(name) = replaced {
                    self.give_back(&name, &to);
                }
            }
        }
    }

    /// Moves a file or folder over whatever has the other name.
    pub(crate) fn rename(&mut self, from: Named, to: Named, flags: libc::c_int) -> Result<What, libc::c_int> {
        let free = flags & libc::RENAME_NOREPLACE as libc::c_int != 0;
        let replaced = match to.exists() && !free && from.exists() {
            true => Some(self.bury(&to)?),
            false => None,
        };
        match from.renamed(&to, flags) {
            Ok(_) => Ok(What::Moved { from, to, replaced }),
            Err(error) => {
                if let Some(name) = replaced {
                    self.give_back(&name, &to);
                }
                Err(error)
            }
        }
    }

    /// Removes a name: a folder that is empty, or anything but a folder.
    pub(crate) fn remove(&mut self, named: Named, a_folder: bool) -> Result<What, libc::c_int> {
        let here = kernel::open(named.folder.as_raw_fd(), &named.name, libc::O_PATH | libc::O_NOFOLLOW);
        let about = here.as_ref().and_then(|here| here.metadata().ok()).ok_or(libc::ENOENT)?;
        match (about.is_dir(), a_folder) {
            (true, false) => return Err(libc::EISDIR),
            (false, true) => return Err(libc::ENOTDIR),
            (true, true) if !is_empty(&here) => return Err(libc::ENOTEMPTY),
            _ => {}
        }
        let name = self.bury(&named)?;
        Ok(What::Gone(named, name))
    }
}

fn is_empty(folder: &Option<File>) -> bool {
    let path = folder.as_ref().and_then(|folder| kernel::place(folder.as_raw_fd()));
    path.and_then(|path| std::fs::read_dir(path).ok()).is_some_and(|mut entries| entries.next().is_none())
}
