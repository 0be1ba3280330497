//! `governor …`: the verbs of an author, from an empty folder to a measured component.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use syndic_api::ALLOWED;

use super::replay::{BACKTEST_HELP, Backtest};
use super::slots::SlotVerb;

/// `governor …`
#[derive(Debug, Subcommand)]
pub enum GovernorVerb {
    /// What is in the slots of a host, and what is to be
    #[command(flatten)]
    Slot(SlotVerb),
    /// Make a folder with a governor that builds and tests green
    #[command(after_help = NEW_HELP)]
    New(New),
    /// Build a Rust crate as a governor's component, and check that the host would load it
    #[command(after_help = BUILD_HELP)]
    Build(Build),
    /// Say what a component is, whether the host would load it, and what it may do that the one in its slot may not
    #[command(after_help = CHECK_HELP)]
    Check(Check),
    /// Play a governor's stories in the real host, under the real limits
    #[command(after_help = TEST_HELP)]
    Test(Test),
    /// Measure a component on its stories or on a file of events: time, fuel, memory
    #[command(after_help = BENCH_HELP)]
    Bench(Bench),
    /// Build a crate again whenever it is saved, and show what the change would have decided
    #[command(after_help = DEV_HELP)]
    Dev(Dev),
    /// Sign a component with an OpenSSH key, into a file beside it
    #[command(after_help = SIGN_HELP)]
    Sign(Sign),
    /// Say whose a component is, by the signature beside it
    #[command(after_help = VERIFY_HELP)]
    Verify(Verify),
    /// Have a component judge what a slot's governors have decided, and show where it decides otherwise
    #[command(after_help = BACKTEST_HELP)]
    Backtest(Backtest),
}

/// `governor new`
#[derive(Debug, Args)]
pub struct New {
    /// The folder to make; its last part is the governor's name
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
}

/// `governor build`
#[derive(Debug, Args)]
pub struct Build {
    /// The crate's directory
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where to put the component [default: in DIR, named like the crate]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `governor check`
#[derive(Debug, Args)]
pub struct Check {
    /// The component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Compare it with the bundled governor of this slot
    #[arg(long, value_name = "SLOT")]
    pub slot: Option<String>,
    /// Exit 1 where it may do more than the one it is compared with
    #[arg(long, requires = "slot")]
    pub no_wider: bool,
}

/// `governor test`
#[derive(Debug, Args)]
pub struct Test {
    /// The crate's directory, which is built first; its stories are in `stories/`
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Play the stories on this component, and build nothing
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// A story, or a folder of stories [default: `stories` in DIR]
    #[arg(long, value_name = "PATH")]
    pub stories: Option<PathBuf>,
    /// The slot the governor stands in, for stories that name none [default: the governor's name]
    #[arg(long, value_name = "SLOT")]
    pub slot: Option<String>,
    /// Write into the stories what the governor says now
    #[arg(long)]
    pub bless: bool,
}

/// `governor bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// The component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A story, or a folder of stories [default: `stories` beside FILE]
    #[arg(long, value_name = "PATH")]
    pub stories: Option<PathBuf>,
    /// Events to judge as well, one CloudEvents JSON per line, on no facts
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// The slot the governor stands in, for stories that name none [default: the governor's name]
    #[arg(long, value_name = "SLOT")]
    pub slot: Option<String>,
    /// How often each question is asked
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub rounds: u32,
}

/// `governor dev`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("compared").args(["data", "server"])))]
pub struct Dev {
    /// The crate's directory
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where to put the component [default: in DIR, named like the crate]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Show what it would have decided otherwise of what is recorded in this data directory
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Try it as a shadow in this daemon, and show what it decides otherwise as events come in
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The token to do that with; in the environment, nobody sees it in the list of processes
    #[arg(long, value_name = "TOKEN", env = "SYNDIC_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What the daemon is to let through that it refuses otherwise; repeatable
    #[arg(long, value_name = "WHAT", requires = "server", value_parser = ALLOWED)]
    pub allow: Vec<String>,
    /// The slot whose decisions it is compared with [default: the governor's name]
    #[arg(long, value_name = "SLOT", requires = "compared")]
    pub slot: Option<String>,
    /// How many decisions, counted from the last
    #[arg(long, value_name = "N", requires = "data", default_value_t = 1_000)]
    pub last: u64,
    /// Build once, and end
    #[arg(long)]
    pub once: bool,
}

/// `governor sign`
#[derive(Debug, Args)]
pub struct Sign {
    /// The component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The private key: an Ed25519 one of OpenSSH, without a passphrase
    #[arg(long, value_name = "KEYFILE")]
    pub key: PathBuf,
    /// Where to put the signature [default: FILE.sig]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `governor verify`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("whose").required(true).multiple(true).args(["publisher", "publishers"])))]
pub struct Verify {
    /// The component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The signature [default: FILE.sig]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// A publisher, and their public key: its line, or its file (repeatable)
    #[arg(long, value_name = "NAME=PUBKEY")]
    pub publisher: Vec<String>,
    /// A file of publishers, in the form of OpenSSH's allowed_signers
    #[arg(long, value_name = "FILE")]
    pub publishers: Option<PathBuf>,
}

const NEW_HELP: &str = "\
Everything the governor needs comes with it: the SDK is in its folder `vendor`, and cargo fetches
what the SDK stands on, at the versions of `Cargo.lock`.

  syndic governor new seat-limit && cd seat-limit
  cargo test                              # natively, and the component in the real host
  syndic governor build                   # seat_limit.wasm
  syndic play events.jsonl --data data --governor quota-sla=seat_limit.wasm";

const BUILD_HELP: &str = "\
Needs cargo and rustup, and nothing else: a missing wasm32-unknown-unknown target is added, and the
component is encoded by this program. It is built for size, with one profile for everybody, and
without the paths of this machine: the same sources give the same digest elsewhere.

Then try it in the place of a bundled governor:
  syndic play events.jsonl --data data --governor quota-sla=seat_limit.wasm";

const CHECK_HELP: &str = "\
Exit codes: 0 the host would load it; 1 it would not, or with --no-wider may do more; 2 the file
cannot be read as a component.

Examples:
  syndic governor check seat_limit.wasm
  syndic governor check seat_limit.wasm --slot quota-sla --no-wider";

const TEST_HELP: &str = "\
A story is a JSON file:
  {
    \"story\": \"a large team needs a contract\",
    \"given\": {\"facts\": {\"seat-limit.most\": 20}},
    \"when\": {\"kind\": \"CustomerSubscribes\", \"data\": {\"sku\": \"pro\", \"seats\": 21}},
    \"then\": {\"verdict\": \"refuse\", \"code\": \"too-many-seats\"}
  }

given    slot, customer, now, facts, tenant_facts, config, limits {fuel, memory_bytes, deadline_ms}
when     kind, data, and time if it is not now; TimerFired and EffectSettled are kinds too
answers  what services say, by effect id: {\"auth\": {\"accepted\": false, \"body\": {}}}, or \"silence\";
         where a story says nothing, the sandbox answers
then     all that is decided: verdict, code, writes, effects, timers, raises; `undone`, the effects
         that the host undoes; or {\"failed\": \"out-of-fuel\"}. Sentences (message, note, reason) are
         compared where they are written
steps    several events in the place of one: a list of {when, answers, then}, each on what the one
         before left

You need not write `then`: with --bless the governor does, and you read whether it is right.

Every question is asked twice, and has to have the same answer for the same fuel.
Exit codes: 0 every story came true, 1 one did not, 2 a story or the component cannot be read.";

const BENCH_HELP: &str = "\
One question is one call as the host makes it: a fresh instance, the answer, and the end of the
instance. Memory is the least limit under which the answer is the same.

Examples:
  syndic governor bench seat_limit.wasm
  syndic governor bench seat_limit.wasm --events events.jsonl --rounds 10000";

const DEV_HELP: &str = "\
It builds as `governor build` does, and again whenever a file of the crate, or of a crate that it
depends on by path, is saved. What changes while it builds is built again. Where the crate does not
build, or the host would not load the component, the last good one stays where it is.

With --data, every component is asked about what was decided and recorded there, as `governor
backtest` does, and what it decides otherwise is shown. The directory is held only while it is read.

With --server, every component is put in its slot as a shadow: the daemon asks it beside the
governor that judges, about the same and on the same facts, and its answers come to nothing. What
differs is shown as events come in. The last one stays on trial when this ends.

  syndic governor dev seat-limit
  syndic governor dev seat-limit --data data --slot quota-sla
  syndic governor dev seat-limit --server http://127.0.0.1:7070 --slot quota-sla
  syndic governor revert quota-sla --server http://127.0.0.1:7070";

const SIGN_HELP: &str = "\
A signature is what ssh-keygen makes, for the namespace `syndic-governor`; it lies beside the
component, whose bytes and digest stay as they are. Where the key has a passphrase, or is in an
agent, ssh-keygen signs it as well:

  syndic governor sign seat_limit.wasm --key ~/.ssh/id_ed25519
  ssh-keygen -Y sign -n syndic-governor -f ~/.ssh/id_ed25519 seat_limit.wasm";

const VERIFY_HELP: &str = "\
Exit codes: 0 it is signed by one of them; 1 it is not; 2 a file or a key cannot be read.

Examples:
  syndic governor verify seat_limit.wasm --publisher acme=acme.pub
  syndic governor verify seat_limit.wasm --publisher \"acme=ssh-ed25519 AAAA…\"
  syndic governor verify seat_limit.wasm --publishers allowed_signers
  ssh-keygen -Y verify -n syndic-governor -I acme -f allowed_signers \\
             -s seat_limit.wasm.sig < seat_limit.wasm";

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the terminal's width is not known, clap breaks lines after a hundred columns, wherever that is.
    #[test]
    fn what_is_to_be_copied_is_not_broken_in_the_middle() {
        for help in [NEW_HELP, BUILD_HELP, CHECK_HELP, TEST_HELP, BENCH_HELP, DEV_HELP, SIGN_HELP, VERIFY_HELP] {
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }
}
