//! Arguments about cases and work items.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Place, Who};

/// `case …`
#[derive(Debug, Subcommand)]
pub enum CaseVerb {
    /// Begin a case on a net that is loaded
    #[command(after_help = LAUNCH_HELP)]
    Launch {
        /// The net
        net: String,
        /// What the case is called; once, for ever
        #[arg(long, value_name = "CASE")]
        id: String,
        /// Whose it is; at a daemon the token's own tenant, where it has one
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// What it knows from the beginning; repeatable
        #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
        set: Vec<Variable>,
        /// How the sandbox answers, as JSON: {"T_Pay": ["silence", {"payment": "declined"}]}
        #[arg(long, value_name = "JSON", value_parser = json)]
        rehearse: Option<Value>,
        /// Where
        #[command(flatten)]
        at: CommandPlace,
    },
    /// A case: where it is, what it knows, what is open and due, what has happened
    Show {
        /// The case
        id: String,
        /// Whose it is, where several tenants have one of that id
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Cases, by tenant and id
    List {
        /// Only those that are at this
        #[arg(long, value_name = "STATUS", value_parser = ["running", "suspended", "stopped", "completed", "cancelled"])]
        status: Option<String>,
        /// Only those on this net
        #[arg(long, value_name = "NET")]
        net: Option<String>,
        /// Only those of a tenant
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// End a case, and undo what it did, newest first
    Cancel(Order),
    /// Let nothing move in a case until it is resumed; deadlines run on
    Suspend(Order),
    /// Let a suspended case go on
    Resume(Order),
    /// Put right what stopped a case, so that it goes on
    #[command(after_help = REPAIR_HELP)]
    Repair {
        /// The case, and who
        #[command(flatten)]
        order: Order,
        /// A variable, and what it holds from now on; `null` takes its value away; repeatable
        #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
        set: Vec<Variable>,
        /// A task to try anew
        #[arg(long, value_name = "TASK")]
        retry: Option<String>,
        /// A transition to fire, whatever its guard says: T_VerifyIdentity.pass
        #[arg(long, value_name = "TRANSITION")]
        fire: Option<String>,
    },
}

/// Something that is ordered of a case.
#[derive(Debug, Args)]
pub struct Order {
    /// The case
    pub id: String,
    /// Whose it is, where several tenants have one of that id; at a daemon the token's own tenant, where it has one
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Who, and why
    #[command(flatten)]
    pub who: Who,
    /// Where
    #[command(flatten)]
    pub at: CommandPlace,
}

/// Where a command is carried out, and as of when.
#[derive(Debug, Args)]
pub struct CommandPlace {
    /// Where
    #[command(flatten)]
    pub place: Place,
    /// When it happens [default: of a directory, when it was last written to; at a daemon, now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// For a directory: a configuration whose calendars count [default: as it was last written]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What it is known by: sent again under the same name, it is done once [default: made of what is asked, and when]
    #[arg(long, value_name = "ID")]
    pub command: Option<String>,
}

/// A variable of a case, and a value.
pub type Variable = (String, Value);

/// `attempts=2` and `sent=true` are a number and a flag; what is no JSON is text.
fn variable(text: &str) -> Result<Variable, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), value))
        }
        _ => Err("write it as NAME=VALUE, like tier=premium".into()),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|why| format!("not JSON: {why}"))
}

/// `work …`
#[derive(Debug, Subcommand)]
pub enum WorkVerb {
    /// Open work items, by tenant, case and task
    #[command(after_help = WORK_LIST_HELP)]
    List {
        /// Only those that this role may take
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// Only those of a tenant
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// Only those that somebody holds
        #[arg(long, value_name = "WHO")]
        holder: Option<String>,
        /// What is for others too, where a daemon shows an agent its own
        #[arg(long)]
        all: bool,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Where to look
        #[command(flatten)]
        place: Place,
    },
    /// Have an item, for as long as the lease lasts
    Take(Held),
    /// Begin with an item; whoever has not taken it takes it with that
    Start(Held),
    /// Say that it is still being done: the lease begins anew
    Heartbeat(Held),
    /// An item is done
    #[command(after_help = DONE_HELP)]
    Done {
        /// The item, and who
        #[command(flatten)]
        item: Item,
        /// What was found out; repeatable
        #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
        set: Vec<Variable>,
        /// The outcome, where no guard decides it
        #[arg(long, value_name = "OUTCOME")]
        outcome: Option<String>,
    },
    /// An item cannot be done
    Fail {
        /// The item, and who
        #[command(flatten)]
        item: Item,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Give an item back, to whoever may take it
    Release(Item),
    /// Lay an item aside
    Suspend(Item),
    /// Take an item up again
    Resume(Item),
    /// Give an item to somebody else
    Delegate {
        /// The item, and who
        #[command(flatten)]
        item: Item,
        /// To whom
        #[arg(long, value_name = "WHO")]
        to: String,
    },
    /// Say how urgent an item is: the higher, the sooner
    Prioritise {
        /// The item, and who
        #[command(flatten)]
        item: Item,
        /// The priority
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        priority: i32,
    },
}

/// An item, and who does something with it.
#[derive(Debug, Args)]
pub struct Item {
    /// The item: CASE/TASK/ATTEMPT, as `work list` shows it
    #[arg(value_name = "ITEM")]
    pub work: String,
    /// Whose case it is, where several tenants have one of that id; at a daemon the token's own tenant, where it has one
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Who does it, where no daemon knows
    #[arg(long, value_name = "WHO", env = "USER", hide_env_values = true, default_value = "operator")]
    pub by: String,
    /// A role in which it is done; at a daemon all that the token has, where none is named; repeatable
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// Where
    #[command(flatten)]
    pub at: CommandPlace,
}

/// An item that somebody has for some time.
#[derive(Debug, Args)]
pub struct Held {
    /// The item, and who
    #[command(flatten)]
    pub item: Item,
    /// For how many minutes, unless a heartbeat comes [default: 15]
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub lease: Option<u32>,
}

const LAUNCH_HELP: &str = "\
A case begins with one token in its net's source, and goes as far as it comes by itself. Its id is used once in a
tenant: letters, digits and `-_.:`.

Examples:
  syndic net load fulfillment --data data
  syndic case launch fulfillment --id order-1 --tenant acme --set order_id=o-1 --set tier=premium --data data
  syndic case launch fulfillment --id order-2 --tenant acme --set tier=standard --data data \\
    --rehearse '{\"T_CallVendorAPI\": [\"silence\", {\"vendor\": \"fail\"}]}'
  syndic case show order-2 --data data";

const REPAIR_HELP: &str = "\
What is said is done in this order: variables are set, a task is tried anew, a transition fires. Guards are not asked
when one fires, tokens are: nothing goes where the net does not lead.

Examples:
  syndic case repair order-2 --retry T_SetupBilling --reason 'the service is back' --data data
  syndic case repair order-2 --set billing=ok --fire T_SetupBilling --reason 'done by hand' --data data";

const WORK_LIST_HELP: &str = "\
A daemon shows an agent what it holds and what its work roles may take, unless a role, a holder or `--all` is named. To
everybody else, and in a data directory, it is all that is open.

Examples:
  syndic work list --role vendor --data data
  syndic work list --server http://127.0.0.1:7070";

const DONE_HELP: &str = "\
Examples:
  syndic work list --role vendor --data data
  syndic work take vendor-1/T_SetupBanking/1 --by ann --role vendor --data data
  syndic work done vendor-1/T_SetupBanking/1 --by ann --role vendor --data data
  syndic work done vendor-1/T_ReviewIdentity/1 --by ida --role identity-officer --set reviewer=accept --data data";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_json_where_it_reads_as_such_and_text_otherwise() {
        let value = |text: &str| variable(text).map(|(_, value)| value);
        assert_eq!(value("attempts=2"), Ok(json!(2)));
        assert_eq!(value("sent=true"), Ok(json!(true)));
        assert_eq!(value("kyc=pass"), Ok(json!("pass")));
        assert_eq!(value("zip=\"01099\""), Ok(json!("01099")));
        assert_eq!(value("gone=null"), Ok(Value::Null));
        assert_eq!(value("note=a=b"), Ok(json!("a=b")));
        for bad in ["kyc", "=pass"] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }
}
