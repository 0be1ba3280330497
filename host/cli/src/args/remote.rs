//! Arguments that say where to look, and those about tokens.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Configured;
use crate::client::Remote;
use crate::failure::{Failure, FailureKind};

/// A daemon to ask.
#[derive(Clone, Debug, Default, Args)]
pub struct Server {
    /// The daemon to ask, like `http://127.0.0.1:7070`
    #[arg(long, value_name = "URL", env = "SYNDIC_SERVER", hide_env_values = true)]
    pub server: Option<String>,
    /// The token to ask with; in the environment, nobody sees it in the list of processes
    #[arg(long, value_name = "TOKEN", env = "SYNDIC_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// Where to look: in a data directory that nobody serves, or at a daemon.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The daemon
    #[command(flatten)]
    pub server: Server,
}

/// Where to look, and for how long.
#[derive(Clone, Debug, Default, Args)]
pub struct Watched {
    /// Where
    #[command(flatten)]
    pub place: Place,
    /// Look again every second, until it is stopped; at a daemon
    #[arg(long, conflicts_with = "data")]
    pub watch: bool,
}

/// Where it is.
#[derive(Debug)]
pub enum There {
    /// In a directory.
    Data(PathBuf),
    /// At a daemon.
    Server(Remote),
}

impl Server {
    /// The daemon; none where none is named.
    ///
    /// # Errors
    /// That is not a URL of one.
    pub fn remote(&self) -> Result<Option<Remote>, Failure> {
        self.server.as_deref().map(|url| Remote::at(url, self.token.clone())).transpose()
    }
}

impl Place {
    /// Where to look. A directory that is named outweighs a daemon of the environment.
    ///
    /// # Errors
    /// Nothing is named.
    pub fn there(self) -> Result<There, Failure> {
        match (self.data, self.server.remote()?) {
            (Some(data), _) => Ok(There::Data(data)),
            (None, Some(remote)) => Ok(There::Server(remote)),
            (None, None) => Err(Failure::new(FailureKind::Usage, "it is not clear where to look")
                .because("neither a data directory nor a daemon is named")
                .hint("add `--data DIR`, or `--server URL` where a daemon serves it")),
        }
    }
}

/// Where tokens are.
#[derive(Clone, Debug, Args)]
pub struct TokenPlace {
    /// Where the configuration is of a daemon that is not running
    #[command(flatten)]
    pub configured: Configured,
    /// The daemon, where it runs
    #[command(flatten)]
    pub server: Server,
}

impl TokenPlace {
    /// The daemon; none where a directory is meant.
    ///
    /// # Errors
    /// That is not a URL of one.
    pub fn remote(&self) -> Result<Option<Remote>, Failure> {
        let directory = self.configured.data.is_some() || self.configured.config.is_some();
        if directory { Ok(None) } else { self.server.remote() }
    }
}

/// `token …`
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token; it is shown this once
    #[command(after_help = TOKEN_HELP)]
    Create {
        /// What it is for
        #[command(flatten)]
        wish: TokenWish,
        /// Where it is kept
        #[command(flatten)]
        place: TokenPlace,
        /// Who makes it, where no daemon knows; kept with the receipt
        #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
        by: String,
    },
    /// Tokens, without their secrets
    List {
        /// Where they are kept
        #[command(flatten)]
        place: TokenPlace,
    },
    /// Let a token in no more
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
        /// Where it is kept
        #[command(flatten)]
        place: TokenPlace,
        /// Who says so, where no daemon knows; kept with the receipt
        #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
        by: String,
    },
}

/// A token that is wanted.
#[derive(Clone, Debug, Args)]
pub struct TokenWish {
    /// Whose it is, as receipts will say
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it may do
    #[arg(long, value_name = "ROLE", value_parser = ["admin", "operator", "agent", "auditor", "ingest"])]
    pub role: String,
    /// The only tenant it may touch
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// A role of nets in which an agent may do work items; repeatable
    #[arg(long, value_name = "ROLE")]
    pub work_role: Vec<String>,
    /// For how many days it is good [default: 90]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
}

const TOKEN_HELP: &str = "\
  admin      hands out tokens, puts governors in slots, looks at everything
  operator   sends events, gives orders about what is not over, puts governors in slots, looks at everything
  agent      sends events, does work items in its work roles, looks at events, facts, cases and work
  auditor    looks at everything
  ingest     sends events, and hears what became of them

A work role is one of the `roles` that nets give their tasks. An agent's token without any does the items that are for
anybody; an operator acts in whatever role it names.

The first one is made where the data is, before the daemon starts; others at the daemon, with an admin's.

Examples:
  syndic token create --name ada --role admin --data data
  syndic token create --name shop --role ingest --tenant acme --server http://127.0.0.1:7070
  syndic token create --name vera --role agent --work-role support --work-role finance --data data";
