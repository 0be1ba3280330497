//! A disk that forgets: loaded into a process with `LD_PRELOAD`, it cuts that process's power.
//!
//! `kill -9` proves nothing about durability: what was written stays in the page cache and is there for the next
//! process, whether or not it was ever synced. So this library stands between a program and the C library. It keeps what
//! every write overwrote until the file is synced, and every name that was made, moved or removed until the folder is.
//! At the n-th call it puts back what is not synced, all of it or by throws of dice, and ends the process with SIGKILL.
//!
//! What is durable when, and so what a program may rely on:
//!
//! - A file's content and length, since its last `fsync` or `fdatasync` through any descriptor. `sync_file_range` makes
//!   nothing durable: its manual page says so.
//! - A name in a folder, since that folder's `fsync`. Syncing a file does not make its name durable.
//! - A sector of 512 bytes is written whole or not at all. Nothing else about order or size is promised.
//!
//! The real disk is not asked to sync. While a call is noted no other noted call runs, stdout included, so that what
//! was printed was printed before the power went.
//!
//! Not seen: writes through `mmap`, io_uring, stdio and bare system calls. The tests beside this package count what is
//! seen.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod calls;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod carried;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod cut;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod disk;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod files;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod kernel;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod names;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod wanted;
