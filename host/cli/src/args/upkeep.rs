//! Arguments of upkeep: what an operator does to keep what a host knows.

use std::path::PathBuf;

use clap::Args;

use super::{Data, Place};

pub(super) const BACKUP_HELP: &str = "\
With `--server` of a daemon that runs, while events go on: it is as everything durably was at one moment, which the
daemon's ledger keeps in a receipt. DIR is on this machine, not on the daemon's. With `--data`, of a directory that
nobody is using. Either way all of it is verified, record by record, before this says that it is done. A backup is a
data directory like any other: `syndic stats --data DIR` looks into it.

Its `store` holds the master that salts receipts: keep a backup as secret as the directory itself.

Examples:
  syndic backup /backups/monday --server http://127.0.0.1:7070
  syndic backup /backups/monday --data data
  syndic restore /backups/monday --data data";

pub(super) const DOCTOR_HELP: &str = "\
With a directory, or a configuration, it looks at what a daemon would stand on here. With `--server` it asks one that
runs: whether it takes events, who is let in, its governors, its clock, and what waits for a person. Exit code 0:
nothing is ill; what is odd is told, and is no failure.

Examples:
  syndic doctor --config /etc/syndic.toml
  syndic doctor --server http://127.0.0.1:7070";

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to: a directory that is missing or empty
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// What of
    #[command(flatten)]
    pub place: Place,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "DIR")]
    pub from: PathBuf,
    /// Where the data is to be
    #[command(flatten)]
    pub data: Data,
}
