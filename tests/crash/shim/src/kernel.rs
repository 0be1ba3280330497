//! The kernel, asked directly.
//!
//! Whatever has a name that this library takes for itself must not be called by that name in here: it would come back
//! to us and wait for a lock that we hold. So those calls are made by number. What is not taken (stat, pread, readlink,
//! close) goes through the standard library as usual.

#![allow(unsafe_code, reason = "system calls are made by number, and answered in the C library's way")]

use std::ffi::CStr;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use libc::{c_int, c_long, mode_t};

/// What the kernel said: a number, or the number of an error.
pub(crate) type Answer = Result<c_long, c_int>;

/// A system call by its number.
macro_rules! ask {
    ($number:ident $(, $argument:expr)*) => {{
        // SAFETY: the arguments are those of the call of this number, in its order; pointers among them are our
        // caller's own, or borrowed for the length of the call.
        let told = unsafe { libc::syscall(libc::$number $(, $argument)*) };
        $crate::kernel::heard(told)
    }};
}
pub(crate) use ask;

/// An answer of `libc::syscall`.
pub(crate) fn heard(told: c_long) -> Answer {
    if told >= 0 {
        return Ok(told);
    }
    // SAFETY: the address of this thread's error number is always valid.
    Err(unsafe { *libc::__errno_location() })
}

/// Answers our caller as the C library would: a number, or -1 and an error number.
pub(crate) fn answer(told: Answer) -> c_long {
    told.unwrap_or_else(|error| {
        // SAFETY: the address of this thread's error number is always valid.
        unsafe { *libc::__errno_location() = error };
        -1
    })
}

/// The same, for what returns an `int`.
pub(crate) fn answer_int(told: Answer) -> c_int {
    c_int::try_from(answer(told)).unwrap_or(-1)
}

/// Which file a descriptor is of: device and inode.
pub(crate) type Id = (u64, u64);

/// A descriptor of our caller's, looked at.
pub(crate) fn id(fd: RawFd) -> Option<Id> {
    if fd < 0 {
        return None;
    }
    // SAFETY: it is looked at for one line, while our caller waits for us, and it is not closed here.
    let about = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) }).metadata().ok()?;
    Some((about.dev(), about.ino()))
}

/// Where the file of a descriptor is now.
pub(crate) fn place(fd: RawFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()
}

/// Where the next write through a descriptor goes.
pub(crate) fn position(fd: RawFd) -> u64 {
    // SAFETY: these look at a descriptor and change nothing.
    let (flags, at) = unsafe { (libc::fcntl(fd, libc::F_GETFL), libc::lseek(fd, 0, libc::SEEK_CUR)) };
    if flags >= 0 && flags & libc::O_APPEND != 0 {
        // SAFETY: with O_APPEND the position is of no consequence for writing, and it is put back.
        let end = unsafe { (libc::lseek(fd, 0, libc::SEEK_END), libc::lseek(fd, at, libc::SEEK_SET)).0 };
        return u64::try_from(end).unwrap_or(0);
    }
    u64::try_from(at).unwrap_or(0)
}

pub(crate) fn openat(folder: RawFd, path: &CStr, flags: c_int, mode: mode_t) -> Answer {
    ask!(SYS_openat, c_long::from(folder), path.as_ptr(), c_long::from(flags), c_long::from(mode))
}

/// Opens a file for ourselves.
pub(crate) fn open(folder: RawFd, path: &CStr, flags: c_int) -> Option<File> {
    let fd = openat(folder, path, flags | libc::O_CLOEXEC, 0o600).ok()?;
    // SAFETY: the kernel just made this descriptor, and nobody else knows it.
    Some(unsafe { File::from_raw_fd(RawFd::try_from(fd).ok()?) })
}

pub(crate) fn renameat(from: RawFd, old: &CStr, to: RawFd, new: &CStr, flags: c_int) -> Answer {
    let (from, to) = (c_long::from(from), c_long::from(to));
    ask!(SYS_renameat2, from, old.as_ptr(), to, new.as_ptr(), c_long::from(flags))
}

pub(crate) fn write_at(file: &File, bytes: &[u8], at: u64) {
    let _ = ask!(SYS_pwrite64, c_long::from(file.as_raw_fd()), bytes.as_ptr(), bytes.len(), at);
}

pub(crate) fn set_length(file: &File, length: u64) {
    let _ = ask!(SYS_ftruncate, c_long::from(file.as_raw_fd()), length);
}

/// Ends this process as the power's going would: at once.
pub(crate) fn die() -> ! {
    loop {
        // SAFETY: it ends this process; there is nothing after it to be unsound.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}
