//! What the environment asks for. Without [`BELOW`] this library does nothing.

use std::env;
use std::path::PathBuf;

/// The folder whose files are on the disk that forgets. The names below are known to the package beside this one too.
const BELOW: &str = "SYNDIC_CRASH_BELOW";
/// A folder on the same file system and not below the other, for what may have to come back.
const GRAVE: &str = "SYNDIC_CRASH_GRAVE";
/// What becomes of what is not synced: `drop`, `half`, `torn` or `carry`.
const LEAVES: &str = "SYNDIC_CRASH_LEAVES";
/// The number of the call before which the power goes. Where there are fewer, it goes when the process ends.
const AT: &str = "SYNDIC_CRASH_AT";
/// Decides the throws.
const SEED: &str = "SYNDIC_CRASH_SEED";
/// Set to `fdatasync`: a disk that says it synced, and did not.
const LIES: &str = "SYNDIC_CRASH_LIES";
/// A file for the counts.
const REPORT: &str = "SYNDIC_CRASH_REPORT";
/// A file for what a killed process leaves unsynced to the next.
const CARRIED: &str = "SYNDIC_CRASH_CARRIED";

/// What is left of what was not synced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Nothing.
    Drop,
    /// Every page of 4 KiB with an even chance; of the changes in a folder, the first few.
    Half,
    /// As `Half`, and some pages in part.
    Torn,
    /// All of it, and still not synced: the process is killed, and the power may go in the next one's life.
    Carry,
}

pub(crate) struct Wanted {
    pub(crate) below: PathBuf,
    pub(crate) grave: PathBuf,
    /// None for a process whose calls are only counted.
    pub(crate) leaves: Option<Leaves>,
    pub(crate) at: u64,
    pub(crate) seed: u64,
    pub(crate) fdatasync_lies: bool,
    pub(crate) report: Option<PathBuf>,
    pub(crate) carried: Option<PathBuf>,
}

impl Wanted {
    pub(crate) fn read() -> Option<Self> {
        let path = |name| env::var_os(name).map(PathBuf::from);
        let number = |name| env::var(name).ok().and_then(|number| number.parse().ok());
        Some(Self {
            below: path(BELOW)?,
            grave: path(GRAVE)?,
            leaves: env::var(LEAVES).ok().as_deref().and_then(leaves),
            at: number(AT).unwrap_or(u64::MAX),
            seed: number(SEED).unwrap_or(0),
            fdatasync_lies: env::var(LIES).is_ok_and(|call| call == "fdatasync"),
            report: path(REPORT),
            carried: path(CARRIED),
        })
    }
}

fn leaves(name: &str) -> Option<Leaves> {
    match name {
        "drop" => Some(Leaves::Drop),
        "half" => Some(Leaves::Half),
        "torn" => Some(Leaves::Torn),
        "carry" => Some(Leaves::Carry),
        _ => None,
    }
}
