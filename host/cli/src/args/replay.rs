//! `replay` and `governor backtest`: what was decided, decided again.

use std::path::PathBuf;

use clap::Args;

use super::{Data, Place};

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// The receipt
    #[arg(value_name = "SEQ", required_unless_present_any = ["all", "from", "to"], conflicts_with_all = ["all", "from", "to"])]
    pub sequence: Option<u64>,
    /// Every receipt of the ledger
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub all: bool,
    /// The first of several receipts [default: the ledger's first]
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// The last of them [default: the ledger's last]
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    /// Where the data is; of a daemon's, in a backup
    #[command(flatten)]
    pub place: Place,
}

/// `governor backtest`
#[derive(Debug, Args)]
pub struct Backtest {
    /// The slot whose decisions it judges
    #[arg(value_name = "SLOT")]
    pub slot: String,
    /// The component
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The last so many decisions of the slot [default: all of them]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub last: Option<u64>,
    /// Exit 1 where more decisions than this are different
    #[arg(long, value_name = "N", conflicts_with = "max_different_percent")]
    pub max_different: Option<u64>,
    /// Exit 1 where more of a hundred decisions are different
    #[arg(long, value_name = "P", value_parser = percent)]
    pub max_different_percent: Option<f64>,
    /// Exit 1 where the median of its fuel is over so many times the recorded version's
    #[arg(long, value_name = "R", value_parser = ratio)]
    pub max_fuel_ratio: Option<f64>,
    /// Let it import WASI, as `play --wasi SLOT` does
    #[arg(long)]
    pub wasi: bool,
    /// Where the data is
    #[command(flatten)]
    pub data: Data,
}

fn percent(text: &str) -> Result<f64, String> {
    number(text).filter(|percent| *percent <= 100.0).ok_or_else(|| "write it as a number from 0 to 100".into())
}

fn ratio(text: &str) -> Result<f64, String> {
    number(text).filter(|ratio| *ratio > 0.0).ok_or_else(|| "write it as a number above 0, like 1.2".into())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

pub(super) const REPLAY_HELP: &str = "\
Every governor of the receipt is asked again: the component that decided, with the event, the values
that it read and the answers that services gave it, as they are kept. Where its decision has the
hash that the ledger commits to, for the fuel that it commits to, it is equal. Else the first thing
that is not as it was is named. What the clock stopped cannot be repeated, and is said to be so.

Exit codes: 0 nothing is different, 1 something is, 2 there is no such receipt, 3 the data cannot be
opened, 4 the ledger is damaged.

Examples:
  syndic replay 17 --data data
  syndic replay --all --data data
  syndic replay --from 1000 --data data --json | jq 'select(.equal == false)'";

pub(super) const BACKTEST_HELP: &str = "\
The component judges every recorded event as it was judged then: the same event, time, configuration
and facts, the same answers of services. Where it reads a fact that nobody read then, it sees what
the fact was at that place of the ledger; where that is not known, the decision is not compared.
The first decision of each kind that differs is shown, part by part.

Exit codes: 0 done, 1 a gate (--max-…) holds it back, 2 the component cannot be loaded, 3 the data
cannot be opened, 4 the ledger is damaged.

Examples:
  syndic governor backtest quota-sla seat_limit.wasm --data data
  syndic governor backtest billing my-billing.wasm --data data --last 10000 --max-different 0
  syndic governor backtest billing my-billing.wasm --data data --max-fuel-ratio 1.2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cli;
    use clap::Parser;

    fn parses(args: &str) -> bool {
        Cli::try_parse_from(args.split(' ')).is_ok()
    }

    #[test]
    fn one_receipt_is_replayed_or_a_range_of_them() {
        for good in ["17", "--all", "--from 3", "--to 9", "--from 3 --to 9"] {
            assert!(parses(&format!("syndic replay {good} --data d")), "{good}");
        }
        for bad in ["", " 17 --all", " 17 --from 3", " --all --to 9", " x"] {
            assert!(!parses(&format!("syndic replay{bad} --data d")), "{bad}");
        }
    }

    #[test]
    fn gates_are_numbers_that_can_close() {
        for good in ["--max-different 0", "--max-different-percent 0.5", "--max-fuel-ratio 1.2 --last 5"] {
            assert!(parses(&format!("syndic governor backtest billing b.wasm --data d {good}")), "{good}");
        }
        for bad in ["--max-different -1", "--max-different-percent 101", "--max-fuel-ratio NaN", "--last 0"] {
            assert!(!parses(&format!("syndic governor backtest billing b.wasm --data d {bad}")), "{bad}");
        }
    }

    #[test]
    fn what_is_to_be_copied_is_not_broken_in_the_middle() {
        for line in REPLAY_HELP.lines().chain(BACKTEST_HELP.lines()) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
