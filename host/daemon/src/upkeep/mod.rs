//! Upkeep: what an operator does with a data directory while nobody uses it.

mod doctor;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use syndic_cli::args::{Backup, Restore};
use syndic_cli::{Failure, FailureKind};
use syndic_store::{CopyError, copy};

pub(crate) use self::doctor::doctor;
use crate::show::Show;
use crate::trouble;

/// `backup`: a copy of the data directory, verified.
pub(crate) fn backup(args: &Backup, show: &Show) -> Result<ExitCode, Failure> {
    let of = "stop the daemon first: `syndic backup` copies what is at rest";
    copied(&args.data.data, &args.to, of, show)
}

/// `restore`: the same the other way round.
pub(crate) fn restore(args: &Restore, show: &Show) -> Result<ExitCode, Failure> {
    copied(&args.from, &args.data.data, "a backup that is in use is somebody's data directory by now", show)
}

fn copied(from: &Path, to: &Path, busy: &str, show: &Show) -> Result<ExitCode, Failure> {
    let head = copy(from, to).map_err(|why| refused(&why, busy))?;
    let (receipts, root) = (head.frontier.size(), head.frontier.root().to_string());
    let told = json!({"from": from, "to": to, "receipts": receipts, "root_hash": root});
    show.result(&told, |_| format!("{} is whole: {receipts} receipts, root {root}", to.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn refused(why: &CopyError, busy: &str) -> Failure {
    let (kind, hint) = match why {
        CopyError::Source(error) => {
            let failure = trouble::store_did_not_open(error);
            return if matches!(error, syndic_store::OpenError::Busy { .. }) { failure.hint(busy) } else { failure };
        }
        CopyError::Taken { .. } => (FailureKind::Usage, "name a directory that is missing or empty"),
        CopyError::NotWhole { .. } => {
            (FailureKind::Corrupt, "what it was made from is damaged: `syndic doctor` says how")
        }
        CopyError::Io { .. } => (FailureKind::Unreachable, "check that there is room, and that it can be written"),
    };
    Failure::new(kind, "nothing was copied").because(why).hint(hint)
}
