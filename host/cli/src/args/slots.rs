//! Arguments about slots: which version is in which, another one in its place, a trial of one, and the way back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use syndic_api::ALLOWED;

use super::Place;

/// `governor list` and all that changes what it lists.
#[derive(Debug, Subcommand)]
pub enum SlotVerb {
    /// Which version is in which slot, and which is on trial
    List {
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
    /// Every version a slot has had: from whom, when, as what, and why it left
    History {
        /// The slot
        slot: String,
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
    /// Put a component in a slot, to judge or on trial
    #[command(after_help = INSTALL_HELP)]
    Install(Install),
    /// What a trial has shown: how often it was asked, and where it decided otherwise
    Trial {
        /// The slot
        slot: String,
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
    /// Say why differences of a trial are all right
    Explain {
        /// The slot
        slot: String,
        /// Which difference, by its number
        #[arg(required_unless_present = "all", value_name = "N")]
        number: Option<u64>,
        /// All of them
        #[arg(long, conflicts_with = "number")]
        all: bool,
        /// Who says so
        #[command(flatten)]
        who: Who,
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
    /// Have the version on trial judge from now on; the one that did stays warm
    Promote {
        /// The slot
        slot: String,
        /// Whatever the trial has shown
        #[arg(long)]
        force: bool,
        /// Who does it
        #[command(flatten)]
        who: Who,
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
    /// End a trial; or, where there is none, have the version before judge again
    Revert {
        /// The slot
        slot: String,
        /// Who does it
        #[command(flatten)]
        who: Who,
        /// Where the slots are
        #[command(flatten)]
        place: Place,
    },
}

/// `governor install`
#[derive(Debug, Args)]
pub struct Install {
    /// The slot
    pub slot: String,
    /// The component
    pub file: PathBuf,
    /// Only ask it, beside the one that judges, and compare
    #[arg(long, conflicts_with = "canary")]
    pub shadow: bool,
    /// Have it judge for so many of a hundred customers, always the same ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub canary: Option<u8>,
    /// Its signature [default: FILE.sig, where there is one]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// Have it judge the last so many recorded decisions of its slot first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub backtest: Option<u64>,
    /// Install nothing where more of them than this are different
    #[arg(long, value_name = "N", requires = "backtest")]
    pub max_different: Option<u64>,
    /// Let through what is refused otherwise; repeatable
    #[arg(long, value_name = "WHAT", value_parser = ALLOWED)]
    pub allow: Vec<String>,
    /// For a directory: a configuration that says what the slot asks of a component, signatures and pins [default: nothing]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Who installs it
    #[command(flatten)]
    pub who: Who,
    /// Where the slot is
    #[command(flatten)]
    pub place: Place,
}

/// Who does something to a slot, and why.
#[derive(Debug, Args)]
pub struct Who {
    /// Why; kept with the receipt
    #[arg(long, value_name = "TEXT", default_value = "no reason was given")]
    pub reason: String,
    /// Who says so; kept with the receipt. A daemon knows by the token
    #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
    pub by: String,
}

const INSTALL_HELP: &str = "\
It is installed if every step says yes: its digest and signature, the loader, its semantic version,
what it may do, where its facts have another schema a dry run that carries some over and back, and
the last decisions of its slot, on none of which it may fail.
The first step that says no ends it, and nothing has changed.

Let through with --allow:
  wider      it may read, or ask services for, more than the version before
  downgrade  its semantic version is lower
  one-way    its facts cannot be carried back, so that there is no way back from it
  failing    it fails on what was decided before

A version that fails more often than its slot's budget allows (three times in a hundred calls) is
taken back by the host itself.

A daemon installs while it judges, and asks what its configuration says of the slot:
  syndic governor install billing new.wasm --shadow --server http://127.0.0.1:7070";
