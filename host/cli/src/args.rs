//! Arguments: the verbs of the command line and the help that teaches them.

mod completions;
mod daemon;
mod governor;
mod slots;
mod upkeep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod case;
mod event;
mod net;
mod remote;
mod replay;

pub use case::{CaseVerb, CommandPlace, Held, Item, Order, Variable, WorkVerb};
pub use event::{About, EventVerb, Judges};
pub use net::{Format, NetVerb, Which};
pub use replay::{Backtest, Replay};

use crate::failure::{Failure, FailureKind};
use replay::REPLAY_HELP;

pub use completions::Completions;
pub use daemon::{ConfigVerb, Configured, Run};
pub use governor::{Bench, Build, Check, Dev, GovernorVerb, New, Sign, Test, Verify};
pub use remote::{Place, Server, There, TokenPlace, TokenVerb, TokenWish, Watched};
pub use slots::{Install, SlotVerb, Who};
pub use upkeep::{Backup, Restore};

/// The governors of a marketplace, run as sandboxed components: every customer event is judged all or nothing, and
/// every outcome has a receipt.
#[derive(Debug, Parser)]
#[command(
    name = "syndic",
    version,
    arg_required_else_help = true,
    after_help = "Begin with `syndic demo`. Then write an event to a file, one JSON per line, and `syndic play` it.\n\n\
                  Exit codes: 0 done, 1 the answer is no, 2 usage or unreadable input, 3 cannot reach or open, 4 corrupt."
)]
pub struct Cli {
    /// One JSON object per line on stdout; everything else on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a month of a small marketplace and print what happened
    Demo(Demo),
    /// Run events through an embedded host, deterministically, with no daemon
    #[command(after_help = PLAY_HELP)]
    Play(Play),
    /// Be the daemon: take events from whoever comes, until told to stop
    #[command(after_help = daemon::RUN_HELP)]
    Run(Run),
    /// What the daemon is told, and where it is told so
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Write governors: make one, build it, check it, test it, measure it
    #[command(subcommand)]
    Governor(GovernorVerb),
    /// Cases: a vendor, an order, a ticket, each on its way through a net
    #[command(subcommand)]
    Case(CaseVerb),
    /// Work items: what people do in cases
    #[command(subcommand)]
    Work(WorkVerb),
    /// Read, prove, draw, convert and load workflow nets
    #[command(subcommand)]
    Net(NetVerb),
    /// Look at events, and settle those that are not over
    #[command(subcommand)]
    Event(EventVerb),
    /// Look at what the host knows of a customer or a tenant
    #[command(subcommand)]
    Fact(FactVerb),
    /// Look at the ledger's receipts
    #[command(subcommand)]
    Receipt(ReceiptVerb),
    /// Judge again what receipts say was decided, and prove that it is decided alike, for the same fuel
    #[command(after_help = REPLAY_HELP)]
    Replay(Replay),
    /// Who may come in at the daemon: make tokens, list them, revoke them
    #[command(subcommand)]
    Token(TokenVerb),
    /// How a data directory or a daemon stands
    Stats(Watched),
    /// Look at everything a daemon stands on: configuration, governors, store, disk, clock, limits; or at one that runs
    #[command(after_help = upkeep::DOCTOR_HELP)]
    Doctor(TokenPlace),
    /// Copy what a daemon has while it runs, or a data directory at rest, and verify the copy
    #[command(after_help = upkeep::BACKUP_HELP)]
    Backup(Backup),
    /// Bring a backup back, and verify it
    Restore(Restore),
    /// What a shell needs to complete these verbs
    #[command(after_help = completions::COMPLETIONS_HELP)]
    Completions(Completions),
}

const PLAY_HELP: &str = "\
An event is a CloudEvent, one JSON object per line:
  {\"specversion\":\"1.0\",\"id\":\"evt-1\",\"source\":\"/shop\",\"type\":\"marketplace.CustomerSubscribes\",
   \"tenant\":\"acme\",\"subject\":\"cust-1\",\"time\":\"2026-01-02T03:04:05Z\",\"data\":{\"sku\":\"pro\"}}

Commands to cases and work items are events too (`syndic.case.launch`, `syndic.work.complete`, …; the case's id, or
CASE/TASK/ATTEMPT, is the subject); `--net` loads the nets that cases begin on:
  {\"specversion\":\"1.0\",\"id\":\"l-1\",\"source\":\"/shop\",\"type\":\"syndic.case.launch\",\"tenant\":\"acme\",
   \"subject\":\"order-1\",\"time\":\"2026-01-02T03:04:05Z\",\"data\":{\"net\":\"fulfillment\",\"data\":{\"order_id\":\"o-1\"}}}

Event times drive the clock; timers fire when an event passes them. The same events, governors, calendars and seed give
the same receipts and the same root. A run that was killed is completed by running it again on its directory.

Examples:
  syndic play events.jsonl --data data
  syndic play events.jsonl --data data --json | jq 'select(.outcome == \"rolled-back\")'
  syndic play events.jsonl --data other --governor billing=my-billing.wasm
  syndic play cases.jsonl --data month --net fulfillment --net my-net.toml --until 2026-02-01T00:00:00Z
  syndic play cases.jsonl --data month --net fulfillment --config syndic.toml";

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// About how many events to play
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(200..=1_000_000))]
    pub events: u32,
    /// Decides what happens in the month, and the salts of the receipts
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Where to keep the data [default: a new folder among the temporary files]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write the month's events to a file too, to play them yourself
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// `play`
#[derive(Debug, Args)]
pub struct Play {
    /// The events, one JSON per line; `-` reads them from stdin
    #[arg(value_name = "FILE|-")]
    pub file: PathBuf,
    /// The data directory; made where it is missing
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Replace a bundled governor for this run; repeatable
    #[arg(long, value_name = "SLOT=FILE.wasm", value_parser = replacement)]
    pub governor: Vec<Replacement>,
    /// Load a net first, if it is not: a file, or the name of one of the marketplace's; repeatable
    #[arg(long, value_name = "FILE")]
    pub net: Vec<PathBuf>,
    /// Count business days and months by the calendars of a configuration [default: as the directory was last written]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Install a component when this line's turn comes; repeatable
    #[arg(long, value_name = "LINE:SLOT=FILE[:shadow|:canary=N]", value_parser = swap)]
    pub swap_at: Vec<Swap>,
    /// Let the governor in a slot import WASI, as JavaScript, Python and wasm32-wasip2 do: the clock is the event's,
    /// chance is seeded, and there are no files, no network and no environment; repeatable
    #[arg(long, value_name = "SLOT")]
    pub wasi: Vec<String>,
    /// Exit 1 unless every event completed
    #[arg(long)]
    pub strict: bool,
    /// Take events more than 400 days ahead of the clock
    #[arg(long)]
    pub jump: bool,
    /// After the last event, let time pass until then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Decides the salts of a new data directory's receipts [default: 0]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
}

/// A component to install in the middle of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Before this line is played.
    pub line: u64,
    /// The slot.
    pub slot: String,
    /// The file.
    pub file: PathBuf,
    /// Only to be asked beside the one that judges.
    pub shadow: bool,
    /// To judge for so many of a hundred customers.
    pub canary: Option<u8>,
}

fn swap(text: &str) -> Result<Swap, String> {
    let wrong =
        || "write it as LINE:SLOT=FILE, like 400:billing=new.wasm, with `:shadow` or `:canary=10` after it".to_owned();
    let (line, rest) = text.split_once(':').ok_or_else(wrong)?;
    let line = line.parse().map_err(|_| wrong())?;
    let (rest, shadow, canary) = match rest.rsplit_once(':') {
        Some((rest, "shadow")) => (rest, true, None),
        Some((before, mode)) => match mode.strip_prefix("canary=") {
            Some(percent) => {
                let percent = percent.parse().ok().filter(|percent| (1..=100).contains(percent));
                (before, false, Some(percent.ok_or_else(wrong)?))
            }
            None => (rest, false, None),
        },
        None => (rest, false, None),
    };
    let Replacement { slot, file } = replacement(rest).map_err(|_| wrong())?;
    Ok(Swap { line, slot, file, shadow, canary })
}

/// A component to use instead of a bundled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The slot.
    pub slot: String,
    /// The file.
    pub file: PathBuf,
}

fn replacement(text: &str) -> Result<Replacement, String> {
    match text.split_once('=') {
        Some((slot, file)) if !slot.is_empty() && !file.is_empty() => {
            Ok(Replacement { slot: slot.to_owned(), file: file.into() })
        }
        _ => Err("write it as SLOT=FILE.wasm, like billing=my-billing.wasm".into()),
    }
}

/// Where the data is.
#[derive(Debug, Args)]
pub struct Data {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `fact …`
#[derive(Debug, Subcommand)]
pub enum FactVerb {
    /// Every fact of a customer, or with `--tenant-facts` of a tenant, one on a line
    #[command(after_help = FACT_LIST_HELP)]
    List {
        /// The tenant
        #[arg(required_unless_present = "tenant_facts", requires = "customer")]
        tenant: Option<String>,
        /// The customer
        customer: Option<String>,
        /// List the tenant's own facts instead
        #[arg(long, value_name = "TENANT", conflicts_with_all = ["tenant", "customer"])]
        tenant_facts: Option<String>,
        /// Only facts whose names begin so
        #[arg(long, value_name = "BEGINNING")]
        name: Option<String>,
        /// Each as a document, with everything in it
        #[arg(long)]
        long: bool,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// A fact as a document: an invoice, a subscription
    #[command(
        override_usage = "syndic fact show <TENANT> <CUSTOMER> <NAME> --data <DIR>\n       \
                          syndic fact show --tenant-facts <TENANT> <NAME> --data <DIR>",
        after_help = FACT_SHOW_HELP
    )]
    Show {
        /// The tenant, the customer, and the fact's name or how it begins; after `--tenant-facts` the name alone
        #[arg(value_names = ["TENANT", "CUSTOMER", "NAME"], num_args = 1..=3, required = true)]
        which: Vec<String>,
        /// Show a fact of the tenant's own
        #[arg(long, value_name = "TENANT")]
        tenant_facts: Option<String>,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
}

const FACT_LIST_HELP: &str = "\
A line has the fact's name, how often it was written, and what it comes to: where it stands, what
money is in it, and as much of the rest as fits. Long hashes are cut to their first eight digits.
With --json nothing is left out.

Examples:
  syndic fact list acme cust-1 --data data
  syndic fact list acme cust-1 --name billing. --long --data data
  syndic fact list --tenant-facts acme --data data
  syndic fact list acme cust-1 --data data --json | jq 'select(.name == \"shared.access\").value'";

const FACT_SHOW_HELP: &str = "\
A name may be left unfinished, or typed as the list shows it: every fact that begins so is shown.
What is still owed of an invoice is worked out here, as `open`. Times are UTC.

Examples:
  syndic fact show acme cust-1 billing.invoice.inv-1 --data data
  syndic fact show acme cust-1 subscription.sub --data data
  syndic fact show --tenant-facts acme product-catalog.sku.team --data data";

/// What a verb about facts asks.
#[derive(Debug)]
pub struct FactQuestion {
    /// The tenant.
    pub tenant: String,
    /// The customer; none for the tenant's own facts.
    pub customer: Option<String>,
    /// A fact's name, or how it begins.
    pub name: Option<String>,
    /// Whether as documents.
    pub long: bool,
    /// Where to look.
    pub place: Place,
}

impl FactVerb {
    /// What is asked.
    ///
    /// # Errors
    /// Where it is not said of whom.
    pub fn question(self) -> Result<FactQuestion, Failure> {
        let (mut words, tenant_facts, name, long, place) = match self {
            Self::List { tenant, customer, tenant_facts, name, long, place } => {
                (tenant.into_iter().chain(customer).collect(), tenant_facts, name, long, place)
            }
            Self::Show { mut which, tenant_facts, place } => {
                let name = which.pop();
                (which, tenant_facts, name, true, place)
            }
        };
        let (tenant, customer) = match (tenant_facts, words.len()) {
            (Some(tenant), 0) => (tenant, None),
            (None, 2) => (words.swap_remove(0), words.pop()),
            _ => {
                return Err(Failure::new(FailureKind::Usage, "it is not clear whose fact is meant")
                    .because("a tenant, a customer and a name are needed, or `--tenant-facts` and a name")
                    .hint("`syndic fact show acme cust-1 billing.invoice.inv-1` shows an invoice"));
            }
        };
        Ok(FactQuestion { tenant, customer, name, long, place })
    }
}

/// `receipt …`
#[derive(Debug, Subcommand)]
pub enum ReceiptVerb {
    /// Receipts, newest last
    List {
        /// The first to list
        #[arg(long, value_name = "SEQ", default_value_t = 1)]
        from: u64,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// One receipt: what the ledger commits to, and what was said beside it
    Show {
        /// Its sequence
        sequence: u64,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_replacement_names_a_slot_and_a_file() {
        let expected = Replacement { slot: "billing".into(), file: "b=c.wasm".into() };
        assert_eq!(replacement("billing=b=c.wasm"), Ok(expected));
        for bad in ["billing", "=x.wasm", "billing="] {
            assert!(replacement(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn facts_are_listed_for_a_customer_or_for_a_tenant_but_not_both() {
        let parse = |args: &str| Cli::try_parse_from(args.split(' ')).is_ok();
        assert!(parse("syndic fact list acme c1 --data d"));
        assert!(parse("syndic fact list --tenant-facts acme --data d"));
        assert!(!parse("syndic fact list acme --data d"));
        assert!(!parse("syndic fact list acme c1 --tenant-facts acme --data d"));
    }

    #[test]
    fn a_question_about_facts_says_whose_and_which() {
        let asked = |args: &str| {
            let Cli { command: Command::Fact(verb), .. } = Cli::try_parse_from(args.split(' ')).expect(args) else {
                panic!("`{args}` is about facts")
            };
            let asked = verb.question().map_err(|failure| failure.kind)?;
            Ok((asked.tenant, asked.customer.unwrap_or_default(), asked.name.unwrap_or_default(), asked.long))
        };
        let answer = |tenant: &str, customer: &str, name: &str, long| {
            Ok((tenant.to_owned(), customer.to_owned(), name.to_owned(), long))
        };
        assert_eq!(asked("syndic fact list acme c1 --data d"), answer("acme", "c1", "", false));
        assert_eq!(asked("syndic fact list acme c1 --name b. --long --data d"), answer("acme", "c1", "b.", true));
        assert_eq!(asked("syndic fact list --tenant-facts acme --data d"), answer("acme", "", "", false));
        assert_eq!(asked("syndic fact show acme c1 b.i --data d"), answer("acme", "c1", "b.i", true));
        assert_eq!(asked("syndic fact show --tenant-facts acme b.i --data d"), answer("acme", "", "b.i", true));
        for unclear in ["acme b.i", "b.i", "acme c1 b.i --tenant-facts acme", "acme b.i --tenant-facts acme"] {
            assert_eq!(asked(&format!("syndic fact show {unclear} --data d")), Err(FailureKind::Usage), "{unclear}");
        }
    }
}
