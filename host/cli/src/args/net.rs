//! Arguments about nets: what a file says, whether it holds, and how it looks.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Place, Who};

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
    /// Prove a net, and have cases begin on it from now on
    #[command(after_help = LOAD_HELP)]
    Load {
        /// A net file, or the name of one of the marketplace's nets
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Who loads it
        #[command(flatten)]
        who: Who,
        /// Where
        #[command(flatten)]
        place: Place,
    },
    /// The nets that cases may begin on
    List {
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Have no more cases begin on a net; those that run on it go on
    #[command(after_help = UNLOAD_HELP)]
    Unload {
        /// Its name
        #[arg(value_name = "NET")]
        name: String,
        /// Who unloads it
        #[command(flatten)]
        who: Who,
        /// Where
        #[command(flatten)]
        place: Place,
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

const LOAD_HELP: &str = "\
A net is loaded only if it is admitted, as `net check` says; if it is not, the report is printed. Composite tasks are
replaced by the nets they name, which have to be loaded before. Another net of the same name takes its place for cases
that begin from then on; a case that has begun stays on the net it began with.

At a daemon the proof takes as long as it takes beside the events, and the receipt has the name of the token.

Exit codes: 0 loaded, or there already; 1 not admitted; 2 not readable as a net; 3 the daemon is not reached.

Examples:
  syndic net load fulfillment --data data
  syndic net load my-net.toml --reason 'two tries, not three'   # at the daemon of SYNDIC_SERVER";

const UNLOAD_HELP: &str = "\
Examples:
  syndic net unload fulfillment --data data
  syndic net unload my-net --reason 'nobody sells it any more'   # at the daemon of SYNDIC_SERVER";

const SHOW_HELP: &str = "\
Examples:
  syndic net show fulfillment
  syndic net show fulfillment --svg > fulfillment.svg
  syndic net show theirs.pnml --dot | dot -Tpng > theirs.png";
