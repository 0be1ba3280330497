//! Arguments about nets: what a file says, whether it holds, and how it looks.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `net …`
#[derive(Debug, Subcommand)]
pub enum NetVerb {
    /// Prove a net sound, or show the shortest story that goes wrong
    #[command(after_help = CHECK_HELP)]
    Check(Which),
    /// Print a net, or draw it
    #[command(after_help = SHOW_HELP)]
    Show {
        /// Which net
        #[command(flatten)]
        which: Which,
        /// As a picture to look at
        #[arg(long, conflicts_with = "dot")]
        svg: bool,
        /// As a graph for Graphviz
        #[arg(long)]
        dot: bool,
    },
    /// Print a net in another format
    Convert {
        /// Which net
        #[command(flatten)]
        which: Which,
        /// The format
        #[arg(long, value_name = "FORMAT")]
        to: Format,
    },
}

/// A net, and how much of it.
#[derive(Debug, Args)]
pub struct Which {
    /// A net file or a PNML file, or the name of one of the marketplace's nets
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// With its composite tasks replaced by the nets they stand for, which lie beside it as NAME.toml
    #[arg(long)]
    pub inline: bool,
}

/// How a net is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A net file, for people
    Toml,
    /// PNML, for other tools: places, transitions and arcs only
    Pnml,
}

const CHECK_HELP: &str = "\
A net is admitted if it is sound (every case can end, properly, and every task can happen), if exactly one outcome of
each task applies whatever the data, and if it keeps the properties written beside it.

Exit codes: 0 proved sound; 1 read, but not proved; 2 not readable as a net.

The marketplace's nets: vendor-onboarding, product-listing, customer-purchase, fulfillment, post-sales-support, and
marketplace, which joins them.

Examples:
  syndic net check customer-purchase
  syndic net check my-net.toml --json | jq .faults
  syndic net check marketplace --inline";

const SHOW_HELP: &str = "\
Examples:
  syndic net show fulfillment
  syndic net show fulfillment --svg > fulfillment.svg
  syndic net show theirs.pnml --dot | dot -Tpng > theirs.png";
