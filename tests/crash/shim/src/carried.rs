//! What a killed process leaves unsynced, handed to the next process on the same disk.
//!
//! `kill -9` loses nothing, but what was not synced then is still not synced when the next process reads it. A program
//! that takes what it reads for durable, and then tells of it, is found out when the power goes in the next life.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fmt::Write as _;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cut::write_file;
use crate::disk::Disk;
use crate::files::Kept;
use crate::kernel;
use crate::names::{Change, Named, What};

/// Stands where nothing was replaced.
const NOTHING: &str = "-";

impl Disk {
    /// Writes down what is not synced: one thing a line, its parts between tabs.
    pub(crate) fn hand_over(&self) {
        let Some(path) = self.wanted.carried.as_ref() else { return };
        let mut text = String::new();
        for file in self.files.values() {
            write_down_content(&mut text, file);
        }
        for Change { what, .. } in &self.changes {
            let _ = match what {
                What::Made(named) => writeln!(text, "made\t{}", place(named)),
                What::Gone(named, lies) => writeln!(text, "gone\t{}\t{}", place(named), lossy(lies)),
                What::Moved { from, to, replaced } => {
                    let replaced = replaced.as_ref().map_or(NOTHING.to_owned(), |lies| lossy(lies));
                    writeln!(text, "moved\t{}\t{}\t{replaced}", place(from), place(to))
                }
            };
        }
        write_file(path.as_os_str().as_bytes(), text.as_bytes());
    }

    /// Takes over what the process before this one left.
    pub(crate) fn take_over(&mut self) {
        let Some(path) = self.wanted.carried.as_ref() else { return };
        let name = CString::new(path.as_os_str().as_bytes()).ok();
        let Some(text) = name.and_then(|name| kernel::open(libc::AT_FDCWD, &name, libc::O_RDONLY)) else { return };
        let text = std::io::read_to_string(text).unwrap_or_default();
        let mut file = None;
        for line in text.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            match parts.as_slice() {
                ["file", path, length] => file = self.taken_over(path, length.parse().ok()),
                ["sector", number, hex] => {
                    let number = number.parse().unwrap_or(0);
                    file.iter().for_each(|id| self.keep(*id, |file| drop(file.sectors.insert(number, bytes(hex)))));
                }
                [kind, parts @ ..] => self.changes.extend(change(kind, parts)),
                [] => {}
            }
        }
    }

    fn taken_over(&mut self, path: &str, length: Option<u64>) -> Option<kernel::Id> {
        let path = CString::new(path).ok()?;
        let own = kernel::open(libc::AT_FDCWD, &path, libc::O_RDWR)?;
        let id = kernel::id(own.as_raw_fd())?;
        self.files.insert(id, Kept { own, length, sectors: BTreeMap::new() });
        Some(id)
    }
}

fn write_down_content(text: &mut String, file: &Kept) {
    let (Some(length), Some(path)) = (file.length, kernel::place(file.own.as_raw_fd())) else { return };
    let _ = writeln!(text, "file\t{}\t{length}", path.display());
    for (number, old) in &file.sectors {
        let _ = write!(text, "sector\t{number}\t");
        for byte in old {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
}

fn change(kind: &str, parts: &[&str]) -> Option<Change> {
    let what = match (kind, parts) {
        ("made", [folder, name]) => What::Made(named(folder, name)?),
        ("gone", [folder, name, lies]) => What::Gone(named(folder, name)?, CString::new(*lies).ok()?),
        ("moved", [from, old, to, new, replaced]) => {
            let replaced = Some(*replaced).filter(|lies| *lies != NOTHING).and_then(|lies| CString::new(lies).ok());
            What::Moved { from: named(from, old)?, to: named(to, new)?, replaced }
        }
        _ => return None,
    };
    let (What::Made(of) | What::Gone(of, _) | What::Moved { to: of, .. }) = &what;
    Some(Change { of: of.id(), what })
}

/// A folder, by where it is now, and a name in it.
fn place(named: &Named) -> String {
    let folder = kernel::place(named.folder.as_raw_fd()).unwrap_or_default();
    format!("{}\t{}", folder.display(), lossy(&named.name))
}

fn named(folder: &str, name: &str) -> Option<Named> {
    let folder = folder_at(Path::new(folder))?;
    Some(Named { folder, name: CString::new(name).ok()? })
}

fn folder_at(path: &Path) -> Option<File> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    kernel::open(libc::AT_FDCWD, &path, libc::O_PATH | libc::O_DIRECTORY)
}

fn lossy(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..hex.len() / 2).filter_map(|at| pair(at * 2)).collect()
}
