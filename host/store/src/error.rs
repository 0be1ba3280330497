//! Why a store does not open, in sentences for the one who named the directory.

use std::io;
use std::path::PathBuf;

/// Why a directory's store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory is something else, or nothing where something must be.
    #[error("{dir} is not a store of Syndic's: {why}")]
    NotAStore {
        /// The directory.
        dir: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// Another process has it open, or this one has already.
    #[error("another syndic{} is using {dir}: stop it, or name another directory", named(*.holder))]
    Busy {
        /// The directory.
        dir: PathBuf,
        /// The process that has it, as far as it said so.
        holder: Option<u32>,
    },
    /// A later version made it.
    #[error("{dir} was made by a newer syndic: it has store format {found}, and this one reads formats up to {known}")]
    NewerFormat {
        /// The directory.
        dir: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format this version reads.
        known: u64,
    },
    /// An earlier version made it, and nothing carries it over.
    #[error(
        "{dir} was made by an older syndic: it has store format {found}, and this one reads format {known} alone. Read it \
         with the syndic that made it, and let this one make its own store in another directory"
    )]
    OlderFormat {
        /// The directory.
        dir: PathBuf,
        /// Its format.
        found: u64,
        /// The format this version reads.
        known: u64,
    },
    /// It was made with another seed, so its commitments would not match.
    #[error("{dir} was made with {}, not with seed {wanted}: use that, or name another directory", made_with(*.kept))]
    OtherSeed {
        /// The directory.
        dir: PathBuf,
        /// The seed it was made with; none where its master is secret.
        kept: Option<u64>,
        /// The seed that was asked for.
        wanted: u64,
    },
    /// What it holds is damaged.
    #[error("the store in {dir} is damaged: {why}")]
    Corrupt {
        /// The directory.
        dir: PathBuf,
        /// How that shows.
        why: String,
    },
    /// The operating system refused something.
    #[error("the store in {dir} cannot be opened: {source}")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

fn named(holder: Option<u32>) -> String {
    holder.map_or_else(String::new, |pid| format!(", process {pid},"))
}

fn made_with(seed: Option<u64>) -> String {
    seed.map_or_else(|| "a secret of its own".to_owned(), |seed| format!("seed {seed}"))
}
