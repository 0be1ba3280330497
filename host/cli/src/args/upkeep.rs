//! Arguments of upkeep: what an operator does with a data directory while nobody uses it.

use std::path::PathBuf;

use clap::Args;

use super::Data;

pub(super) const BACKUP_HELP: &str = "\
The directory must not be in use: stop the daemon first. What is copied is verified whole, record by record, before
this says that it is done. A backup is a data directory like any other: `syndic stats --data DIR` looks into it.

Its `store` holds the master that salts receipts: keep a backup as secret as the directory itself.

Examples:
  syndic backup /backups/monday --data data
  syndic restore /backups/monday --data data";

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to: a directory that is missing or empty
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// Where the data is
    #[command(flatten)]
    pub data: Data,
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
