//! Arguments about events: what became of them, and what a person does about those that are not over.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Place, Replacement, Server, replacement};

/// `event …`
#[derive(Debug, Subcommand)]
pub enum EventVerb {
    /// Send events to a daemon, one CloudEvent per line; tells what became of each
    #[command(after_help = SUBMIT_HELP)]
    Submit {
        /// The events; `-` reads them from stdin
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Exit 1 unless every event completed
        #[arg(long)]
        strict: bool,
        /// The daemon
        #[command(flatten)]
        server: Server,
    },
    /// An event and its outcome
    Show {
        /// The event's id
        id: String,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Events and their outcomes, by id
    List {
        /// Only these: completed, refused, referred, rolled-back, stuck, invalid
        #[arg(long, value_name = "OUTCOME", value_parser = OUTCOMES)]
        outcome: Option<String>,
        /// Only a tenant's
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Judge a referred event again, on the facts of now
    #[command(after_help = RESOLVE_HELP)]
    Resolve {
        /// Which event, and why
        #[command(flatten)]
        about: About,
        /// The slot that is right, where slots disagree and the policy is that an operator decides
        #[arg(long, value_name = "SLOT", conflicts_with = "refuse")]
        winner: Option<String>,
        /// Refuse it, and ask no governor
        #[arg(long)]
        refuse: bool,
        /// Who judges
        #[command(flatten)]
        judges: Judges,
    },
    /// Judge a rolled-back event again
    Retry {
        /// Which event, and why
        #[command(flatten)]
        about: About,
        /// Who judges
        #[command(flatten)]
        judges: Judges,
    },
    /// Events of which something could not be undone
    #[command(after_help = STUCK_HELP)]
    Stuck {
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// End a stuck event: try its undo again now, or say that it was undone by hand
    #[command(after_help = STUCK_HELP)]
    Settle {
        /// Which event, and why
        #[command(flatten)]
        about: About,
        /// It was undone by hand, at the service itself
        #[arg(long, required_unless_present = "retry", conflicts_with = "retry")]
        undone: bool,
        /// Ask the service again
        #[arg(long)]
        retry: bool,
    },
    /// Deferred effects that nobody answered for as long as they were tried
    Undelivered {
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Try an effect that nobody answered again, under the same key
    Resend {
        /// Its number, as `event undelivered` shows it
        number: u64,
        /// Why; kept with the receipt
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who says so, where no daemon knows; kept with the receipt
        #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
        by: String,
        /// Who judges how it ended
        #[command(flatten)]
        judges: Judges,
        /// Where it is
        #[command(flatten)]
        place: Place,
    },
    /// Events that governors trapped on, and that they are not asked about any more
    Quarantined {
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Let a quarantined event through to its governors again; `event retry` has it judged then
    Release {
        /// Which event, and why
        #[command(flatten)]
        about: About,
        /// Who is installed
        #[command(flatten)]
        judges: Judges,
    },
}

const OUTCOMES: [&str; 6] = ["completed", "refused", "referred", "rolled-back", "stuck", "invalid"];

/// Which event is meant, and why something is done about it.
#[derive(Debug, Args)]
pub struct About {
    /// The event's id
    pub id: String,
    /// The tenant, where several have an event of that id
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// The source, where several sent an event of that id
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Why; kept with the receipt
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who says so, where no daemon knows; kept with the receipt
    #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
    pub by: String,
    /// Where it is
    #[command(flatten)]
    pub place: Place,
}

/// The governors of this run; a daemon has its own.
#[derive(Debug, Args)]
pub struct Judges {
    /// Replace a bundled governor for this run; repeatable
    #[arg(long, value_name = "SLOT=FILE.wasm", value_parser = replacement)]
    pub governor: Vec<Replacement>,
}

const SUBMIT_HELP: &str = "\
Events of one customer are judged in the order of the lines. An event that is sent again is not judged again, so
whatever breaks off can be sent again as a whole. What the queues have no room for is turned away as `Overloaded`.

Examples:
  syndic event submit events.jsonl --server http://127.0.0.1:7070
  generate | syndic event submit - --json | jq 'select(.outcome != \"completed\")'";

const RESOLVE_HELP: &str = "\
A referred event was decided by nobody yet. Say first what was decided, where governors ask for that: play an
OperatorDecided event. Then have the event judged again; its second receipt names the first.

Examples:
  syndic event list --outcome referred --data data
  syndic event resolve evt-7 --reason \"the customer showed the invoice\" --data data
  syndic event resolve evt-7 --refuse --reason \"14 days are over\" --server http://127.0.0.1:7070";

const STUCK_HELP: &str = "\
An event is stuck where it was stopped and a service did not undo what had been done for it. The host goes on trying
for a day, at growing intervals; in `play` as time passes. What is already undone is not undone again.

Examples:
  syndic event stuck --data data
  syndic event settle evt-9 --retry --reason \"the bank is back\" --data data
  syndic event settle evt-9 --undone --reason \"voided in the bank's console\" --data data";
