//! The C library's names that this library takes for itself.
//!
//! Each looks whether the call concerns the disk that forgets, counts it, keeps what it is about to change, and lets the
//! kernel make it. Calls that concern other files are passed on at once. `open` and `openat` take a variable number of
//! arguments in C; on the machines this builds for, a third or fourth that is not there is read as rubbish and, as in
//! the C library, used only where O_CREAT says that it is there.

#![allow(unsafe_code, reason = "these functions stand in for the C library's")]

use std::ffi::CStr;
use std::os::fd::RawFd;

use libc::{AT_FDCWD, c_char, c_int, c_long, c_uint, c_void, iovec, mode_t, off64_t, size_t, ssize_t};

use crate::disk::{Disk, STDOUT, hold};
use crate::kernel::{self, Answer, answer, answer_int, ask};

/// One function of the C library's, or two where it has a second name for files over 2 GiB.
macro_rules! stands_for {
    ($name:ident or $second:ident $arguments:tt -> $returns:ty $body:block) => {
        stands_for! { $name $arguments -> $returns $body }
        stands_for! { $second $arguments -> $returns $body }
    };
    ($name:ident $arguments:tt -> $returns:ty $body:block) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name $arguments -> $returns $body
    };
}

// ── content ─────────────────────────────────────────────────────────────────────────────────────────────────────────

stands_for! { write(fd: c_int, bytes: *const c_void, count: size_t) -> ssize_t {
    writes("write", fd, None, count, || ask!(SYS_write, c_long::from(fd), bytes, count))
}}

stands_for! { pwrite or pwrite64(fd: c_int, bytes: *const c_void, count: size_t, at: off64_t) -> ssize_t {
    writes("pwrite", fd, Some(at), count, || ask!(SYS_pwrite64, c_long::from(fd), bytes, count, at))
}}

stands_for! { writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let bytes = total(parts, count);
    writes("writev", fd, None, bytes, || ask!(SYS_writev, c_long::from(fd), parts, c_long::from(count)))
}}

stands_for! { pwritev or pwritev64(fd: c_int, parts: *const iovec, count: c_int, at: off64_t) -> ssize_t {
    let bytes = total(parts, count);
    let (wide, high) = (c_long::from(count), 0 as c_long);
    writes("pwritev", fd, Some(at), bytes, || ask!(SYS_pwritev, c_long::from(fd), parts, wide, at, high))
}}

stands_for! { ftruncate or ftruncate64(fd: c_int, length: off64_t) -> c_int {
    let real = || ask!(SYS_ftruncate, c_long::from(fd), length);
    let Some(mut disk) = hold() else { return answer_int(real()) };
    if let Some(id) = disk.knows(fd) {
        disk.count("ftruncate");
        disk.keep(id, |file| file.keep_from(u64::try_from(length).unwrap_or(0)));
    }
    answer_int(real())
}}

stands_for! { fallocate or fallocate64(fd: c_int, mode: c_int, at: off64_t, count: off64_t) -> c_int {
    let real = || ask!(SYS_fallocate, c_long::from(fd), c_long::from(mode), at, count);
    let Some(mut disk) = hold() else { return answer_int(real()) };
    if let Some(id) = disk.knows(fd) {
        if mode & !(libc::FALLOC_FL_KEEP_SIZE | libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_ZERO_RANGE) != 0 {
            // To move a file's content up or down is more than is kept here. Few file systems can, so no program relies on it.
            return answer_int(Err(libc::EOPNOTSUPP));
        }
        disk.count("fallocate");
        let (at, count) = (u64::try_from(at).unwrap_or(0), u64::try_from(count).unwrap_or(0));
        let destroys = mode & (libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_ZERO_RANGE) != 0;
        disk.keep(id, |file| file.keep(at, if destroys { count } else { 0 }));
    }
    answer_int(real())
}}

// ── syncs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

stands_for! { fsync(fd: c_int) -> c_int {
    syncs("fsync", fd, |_| true, || ask!(SYS_fsync, c_long::from(fd)))
}}

stands_for! { fdatasync(fd: c_int) -> c_int {
    syncs("fdatasync", fd, |disk| !disk.wanted.fdatasync_lies, || ask!(SYS_fdatasync, c_long::from(fd)))
}}

stands_for! { sync_file_range(fd: c_int, at: off64_t, count: off64_t, flags: c_uint) -> c_int {
    let real = || ask!(SYS_sync_file_range, c_long::from(fd), at, count, c_long::from(flags));
    syncs("sync_file_range", fd, |_| false, real)
}}

// ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────

stands_for! { open or open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opens(AT_FDCWD, path, flags, mode)
}}

stands_for! { openat or openat64(from: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    opens(from, path, flags, mode)
}}

stands_for! { mkdir(path: *const c_char, mode: mode_t) -> c_int {
    makes_folder(AT_FDCWD, path, mode)
}}

stands_for! { mkdirat(from: c_int, path: *const c_char, mode: mode_t) -> c_int {
    makes_folder(from, path, mode)
}}

stands_for! { unlink(path: *const c_char) -> c_int {
    removes("unlink", AT_FDCWD, path, 0)
}}

stands_for! { rmdir(path: *const c_char) -> c_int {
    removes("rmdir", AT_FDCWD, path, libc::AT_REMOVEDIR)
}}

stands_for! { unlinkat(from: c_int, path: *const c_char, flags: c_int) -> c_int {
    removes(if flags & libc::AT_REMOVEDIR == 0 { "unlink" } else { "rmdir" }, from, path, flags)
}}

stands_for! { rename(old: *const c_char, new: *const c_char) -> c_int {
    renames(AT_FDCWD, old, AT_FDCWD, new, 0)
}}

stands_for! { renameat(from: c_int, old: *const c_char, to: c_int, new: *const c_char) -> c_int {
    renames(from, old, to, new, 0)
}}

stands_for! { renameat2(from: c_int, old: *const c_char, to: c_int, new: *const c_char, flags: c_uint) -> c_int {
    renames(from, old, to, new, c_int::try_from(flags).unwrap_or(0))
}}

// ── what they do ────────────────────────────────────────────────────────────────────────────────────────────────────

fn writes(name: &'static str, fd: RawFd, at: Option<off64_t>, count: size_t, real: impl Fn() -> Answer) -> ssize_t {
    let Some(mut disk) = hold() else { return written(real()) };
    if fd == STDOUT {
        disk.told();
        return written(real());
    }
    let Some(id) = disk.knows(fd) else {
        // Somebody else's file or pipe may make this wait, and the disk does not wait with it.
        drop(disk);
        return written(real());
    };
    disk.count(name);
    let at = at.map_or_else(|| kernel::position(fd), |at| u64::try_from(at).unwrap_or(0));
    disk.keep(id, |file| file.keep(at, count as u64));
    written(real())
}

fn written(told: Answer) -> ssize_t {
    ssize_t::try_from(answer(told)).unwrap_or(-1)
}

fn syncs(name: &'static str, fd: RawFd, makes_durable: impl Fn(&Disk) -> bool, real: impl Fn() -> Answer) -> c_int {
    let Some(mut disk) = hold() else { return answer_int(real()) };
    let Some(id) = kernel::id(fd).filter(|id| disk.has(*id)) else { return answer_int(real()) };
    disk.count(name);
    if makes_durable(&disk) {
        disk.settle(id);
    }
    0
}

fn opens(from: RawFd, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let path = text(path);
    let real = || kernel::openat(from, path, flags, mode);
    let writes = flags & (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC) != 0;
    let Some(mut disk) = writes.then(hold).flatten() else { return answer_int(real()) };
    let Some(named) = disk.watched(from, path) else { return answer_int(real()) };
    let is_new = !named.exists();
    if is_new && flags & libc::O_CREAT != 0 || flags & libc::O_TRUNC != 0 {
        disk.count_name("open");
    }
    if !is_new && flags & libc::O_TRUNC != 0 && flags & libc::O_EXCL == 0 {
        disk.keep_all(from, path);
    }
    let fd = answer_int(real());
    if fd >= 0 {
        if is_new {
            disk.made(named);
        }
        disk.meet(fd);
    }
    fd
}

fn makes_folder(from: RawFd, path: *const c_char, mode: mode_t) -> c_int {
    let path = text(path);
    let real = || ask!(SYS_mkdirat, c_long::from(from), path.as_ptr(), c_long::from(mode));
    let Some(mut disk) = hold() else { return answer_int(real()) };
    let Some(named) = disk.watched(from, path) else { return answer_int(real()) };
    disk.count_name("mkdir");
    let made = real();
    if made.is_ok() {
        disk.made(named);
    }
    answer_int(made)
}

fn removes(name: &'static str, from: RawFd, path: *const c_char, flags: c_int) -> c_int {
    let path = text(path);
    let real = || ask!(SYS_unlinkat, c_long::from(from), path.as_ptr(), c_long::from(flags));
    let Some(mut disk) = hold() else { return answer_int(real()) };
    let Some(named) = disk.watched(from, path) else { return answer_int(real()) };
    disk.count_name(name);
    answer_int(disk.remove(named, flags & libc::AT_REMOVEDIR != 0))
}

fn renames(from: RawFd, old: *const c_char, to: RawFd, new: *const c_char, flags: c_int) -> c_int {
    let (old, new) = (text(old), text(new));
    let real = || kernel::renameat(from, old, to, new, flags);
    let Some(mut disk) = hold() else { return answer_int(real()) };
    let (Some(source), Some(target)) = (disk.watched(from, old), disk.watched(to, new)) else {
        return answer_int(real());
    };
    disk.count_name("rename");
    answer_int(disk.rename(source, target, flags))
}

/// A path of our caller's.
fn text<'a>(path: *const c_char) -> &'a CStr {
    if path.is_null() {
        return c"";
    }
    // SAFETY: our caller owes the C library a path that ends in a zero, and keeps it until the call returns.
    unsafe { CStr::from_ptr(path) }
}

/// How many bytes the parts of a vectored write have.
fn total(parts: *const iovec, count: c_int) -> size_t {
    let count = usize::try_from(count).unwrap_or(0);
    if parts.is_null() {
        return 0;
    }
    // SAFETY: our caller owes the C library this many parts.
    unsafe { std::slice::from_raw_parts(parts, count) }.iter().map(|part| part.iov_len).sum()
}
