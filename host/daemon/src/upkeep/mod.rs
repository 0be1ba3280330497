//! Upkeep: what an operator does to keep what a host knows.

mod doctor;
mod visit;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use syndic_cli::args::{Backup, Restore, There};
use syndic_cli::client::Remote;
use syndic_cli::{Failure, FailureKind};
use syndic_store::{CopyError, copy, receive};

pub(crate) use self::doctor::doctor;
use crate::show::Show;
use crate::trouble;

/// `backup`: a copy of what a daemon has, or of a data directory, verified.
pub(crate) fn backup(args: Backup, show: &Show) -> Result<ExitCode, Failure> {
    match args.place.there()? {
        There::Data(data) => {
            let busy =
                "`syndic backup DIR --server URL` takes one while the daemon runs; `--data` copies what is at rest";
            copied(&data, &args.to, busy, show)
        }
        There::Server(daemon) => streamed(&daemon, &args.to, show),
    }
}

/// The daemon tells, and what it tells is laid out and verified here.
fn streamed(daemon: &Remote, to: &Path, show: &Show) -> Result<ExitCode, Failure> {
    let taken = CopyError::Taken { dir: to.to_owned() };
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        // Before the daemon goes to the trouble.
        return Err(refused(&taken, ""));
    }
    let (place, mut stream) = daemon.stream("/v1/backup")?;
    let head = receive(&mut stream, to).map_err(|why| refused(&why, ""))?;
    let (receipts, root) = (head.frontier.size(), head.frontier.root().to_string());
    let act = place.as_deref().and_then(|place| place.rsplit('/').next()?.parse::<u64>().ok());
    let told = json!({"to": to, "receipts": receipts, "root_hash": root, "receipt": act});
    let act = act.map(|act| format!("; receipt {act} of the daemon's says so")).unwrap_or_default();
    show.result(&told, |_| format!("{} is whole: {receipts} receipts, root {root}{act}", to.display()))?;
    Ok(ExitCode::SUCCESS)
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
        CopyError::BrokenOff { .. } => (FailureKind::Unreachable, "take it again; the daemon's log says what it saw"),
        CopyError::NotWhole { .. } => {
            (FailureKind::Corrupt, "what it was made from is damaged: `syndic doctor` says how")
        }
        CopyError::Io { .. } => (FailureKind::Unreachable, "check that there is room, and that it can be written"),
    };
    Failure::new(kind, "nothing was copied").because(why).hint(hint)
}
