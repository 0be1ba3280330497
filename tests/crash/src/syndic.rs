//! The binary under test, and the library that cuts its power: where they are, and how they are called.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What keeps the tool from working at all.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no binary to test.
    #[error("{} is not built; `cargo build --release` builds it, and SYNDIC_BIN names another", .0.display())]
    NoBinary(PathBuf),
    /// There is no library to cut the power with.
    #[error("{} is not built; `cargo build --release -p syndic-crash` builds it", .0.display())]
    NoShim(PathBuf),
    /// A file or process of our own.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        why: io::Error,
    },
    /// A run that nobody disturbed went wrong, so that there is nothing to compare with.
    #[error("the stream does not play even when nobody disturbs it: {0}")]
    Reference(String),
    /// The library was loaded and saw less than there is.
    #[error("the library that cuts the power does not see what the binary does: {0}")]
    Blind(String),
}

impl Trouble {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |why| Self::Io { what, why }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Syndic {
    binary: PathBuf,
    pub(crate) shim: PathBuf,
    /// Where compiled governors are kept, so that a start takes 50 ms.
    cache: PathBuf,
}

impl Syndic {
    /// The named binary, else the one this build made: `<profile>/syndic`, where this program is in `<profile>` or in
    /// `<profile>/deps`.
    pub(crate) fn find(binary: Option<&Path>, cache: PathBuf) -> Result<Self, Trouble> {
        let own = std::env::current_exe().map_err(Trouble::io("this program's own path"))?;
        let beside = own.parent().unwrap_or(Path::new("."));
        let profile = if beside.file_name() == Some(OsStr::new("deps")) { beside.join("..") } else { beside.into() };
        let binary = binary.map_or_else(|| profile.join("syndic"), Path::to_owned);
        // Cargo leaves a library that others depend on among the others' parts, without a hash in its name.
        let shim = profile.join("deps").join("libsyndic_crash_shim.so");
        if !binary.is_file() {
            return Err(Trouble::NoBinary(binary));
        }
        if !shim.is_file() {
            return Err(Trouble::NoShim(shim));
        }
        let whole = |path: PathBuf| path.canonicalize().map_err(Trouble::io(path.display().to_string()));
        Ok(Self { binary: whole(binary)?, shim: whole(shim)?, cache })
    }

    pub(crate) fn play(&self, lines: &Path, data: &Path, seed: u64) -> Command {
        let mut command = self.command(["play".as_ref(), lines.as_os_str(), "--data".as_ref(), data.as_os_str()]);
        command.args(["--json", "--seed", &seed.to_string()]);
        if seed.is_multiple_of(2) {
            // A short stream has many folds then; else it has one, when it ends.
            command.env("SYNDIC_FOLD_BYTES", "100000");
        }
        command
    }

    /// The receipts of a directory but for the first few, as they are printed; or what was said instead.
    pub(crate) fn receipts(&self, data: &Path, skipped: usize) -> Result<Vec<String>, String> {
        let from = (skipped + 1).to_string();
        let list = ["receipt", "list", "--json", "--limit", "1000000", "--from", &from, "--data"].map(OsStr::new);
        let mut command = self.command(list.into_iter().chain([data.as_os_str()]));
        let told = command.output().map_err(|why| format!("{command:?}: {why}"))?;
        match told.status.success() {
            true => Ok(String::from_utf8_lossy(&told.stdout).lines().map(str::to_owned).collect()),
            false => Err(format!("`receipt list`: {}: {}", told.status, String::from_utf8_lossy(&told.stderr).trim())),
        }
    }

    fn command<'a>(&self, args: impl IntoIterator<Item = &'a OsStr>) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).env("SYNDIC_CACHE", &self.cache).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }
}
