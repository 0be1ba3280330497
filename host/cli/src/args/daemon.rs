//! Arguments of the daemon, and of its configuration.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) const RUN_HELP: &str = "\
Everything has a default; `syndic config docs` says what there is to set, `syndic config example` prints a file.

SIGTERM and SIGINT bring it down: what was taken is finished, for as long as `host.drain_ms` says, and what is left
then is finished after the next start. A second one ends it at once, and nothing that was acknowledged is lost.
SIGHUP has it read its configuration again.

Examples:
  syndic run --data data
  syndic run --config /etc/syndic.toml
  SYNDIC_LOG__FORMAT=json syndic run --data data";

/// Where the configuration is.
#[derive(Clone, Debug, Default, Args)]
pub struct Configured {
    /// The configuration, as TOML
    #[arg(long, value_name = "FILE", env = "SYNDIC_CONFIG")]
    pub config: Option<PathBuf>,
    /// The data directory (`host.data`)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Any key; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `run`
#[derive(Debug, Args)]
pub struct Run {
    /// Where the configuration is
    #[command(flatten)]
    pub configured: Configured,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Every value that holds, and where it comes from
    Show {
        /// Where the configuration is
        #[command(flatten)]
        configured: Configured,
    },
    /// Whether the daemon could run on it; everything that is wrong, at once
    Check {
        /// The configuration, as TOML
        file: Option<PathBuf>,
        /// Where the configuration is
        #[command(flatten)]
        configured: Configured,
    },
    /// Every key: what it means, what it may be, and what holds where nobody says anything
    Docs,
    /// A file to begin with: every key, commented out
    Example,
}
