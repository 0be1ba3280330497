//! The disk that forgets: what is on it and not synced, and the count of calls at which its power goes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use libc::c_int;

use crate::files::Kept;
use crate::kernel::{self, Id};
use crate::names::{Change, Grave, Named, What};
use crate::wanted::Wanted;

/// Where a program tells its outcomes.
pub(crate) const STDOUT: RawFd = 1;

/// How a write to it is counted.
const TOLD: &str = "stdout";

/// One at a time: whoever holds this is the only one whose call goes on.
static DISK: LazyLock<Option<Mutex<Disk>>> = LazyLock::new(|| {
    let disk = Disk::new(Wanted::read()?)?;
    at_exit();
    Some(Mutex::new(disk))
});

/// The disk, held. None in a process that is not meant.
pub(crate) fn hold() -> Option<MutexGuard<'static, Disk>> {
    DISK.as_ref().map(|disk| disk.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(crate) struct Disk {
    pub(crate) wanted: Wanted,
    pub(crate) grave: Grave,
    pub(crate) files: BTreeMap<Id, Kept>,
    /// In the order in which they were made.
    pub(crate) changes: Vec<Change>,
    pub(crate) calls: u64,
    pub(crate) by_name: BTreeMap<&'static str, u64>,
    /// How many calls there were up to the last change of a name before anything was told: what opening takes.
    pub(crate) opening: u64,
}

impl Disk {
    fn new(wanted: Wanted) -> Option<Self> {
        let grave = Grave::open(&wanted.grave)?;
        let (files, by_name) = (BTreeMap::new(), BTreeMap::new());
        let mut disk = Self { wanted, grave, files, changes: Vec::new(), calls: 0, by_name, opening: 0 };
        disk.take_over();
        Some(disk)
    }

    /// Counts a call that is about to be made. It is not made where this is the one.
    pub(crate) fn count(&mut self, name: &'static str) {
        self.calls += 1;
        *self.by_name.entry(name).or_default() += 1;
        if self.calls == self.wanted.at {
            self.power_goes(name);
        }
    }

    /// Counts a call that changes a name.
    pub(crate) fn count_name(&mut self, name: &'static str) {
        self.count(name);
        if !self.by_name.contains_key(TOLD) {
            self.opening = self.calls;
        }
    }

    pub(crate) fn told(&mut self) {
        self.count(TOLD);
    }

    /// Keeps in mind the file of a descriptor that may be written through. What is in it counts as durable.
    pub(crate) fn meet(&mut self, fd: RawFd) -> Option<&mut Kept> {
        match self.files.entry(kernel::id(fd)?) {
            Entry::Occupied(met) => Some(met.into_mut()),
            Entry::Vacant(new) => Some(new.insert(Kept::of(fd)?)),
        }
    }

    /// Keeps all of a file that is about to be emptied.
    pub(crate) fn keep_all(&mut self, from: RawFd, path: &CStr) {
        if let Some(own) = kernel::open(from, path, libc::O_RDWR)
            && let Some(file) = self.meet(own.as_raw_fd())
        {
            file.keep_from(0);
        }
    }

    /// Whether the file of a descriptor is one of ours.
    pub(crate) fn knows(&self, fd: RawFd) -> Option<Id> {
        kernel::id(fd).filter(|id| self.files.contains_key(id))
    }

    pub(crate) fn keep(&mut self, id: Id, keep: impl FnOnce(&mut Kept)) {
        if let Some(file) = self.files.get_mut(&id) {
            keep(file);
        }
    }

    /// Whether a sync of this descriptor is for this disk to answer.
    pub(crate) fn has(&self, id: Id) -> bool {
        self.files.contains_key(&id) || self.changes.iter().any(|change| change.of == id)
    }

    /// What was written to this file, or done to the names of this folder, is durable now.
    pub(crate) fn settle(&mut self, id: Id) {
        self.keep(id, Kept::settle);
        self.changes.retain(|change| change.of != id);
    }

    pub(crate) fn watched(&self, from: RawFd, path: &CStr) -> Option<Named> {
        Named::watched(&self.wanted.below, from, path)
    }

    pub(crate) fn made(&mut self, named: Named) {
        self.changes.push(Change { of: named.id(), what: What::Made(named) });
    }

    pub(crate) fn remove(&mut self, named: Named, a_folder: bool) -> kernel::Answer {
        let of = named.id();
        let what = self.grave.remove(named, a_folder)?;
        self.changes.push(Change { of, what });
        Ok(0)
    }

    pub(crate) fn rename(&mut self, from: Named, to: Named, flags: c_int) -> kernel::Answer {
        let of = to.id();
        let what = self.grave.rename(from, to, flags)?;
        self.changes.push(Change { of, what });
        Ok(0)
    }
}

#[allow(unsafe_code, reason = "the C library is told whom to call when the process ends")]
fn at_exit() {
    extern "C" fn ends() {
        if let Some(mut disk) = hold() {
            disk.process_ends();
        }
    }
    // SAFETY: `ends` is a function without arguments that lives as long as the process.
    unsafe { libc::atexit(ends) };
}
