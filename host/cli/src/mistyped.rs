//! A command line that does not read, in the three lines of every failure: what, why, what now.
//!
//! clap says it in paragraphs: what is wrong, and below it what that is about; then a tip, or the usage.

use clap::Error;
use clap::error::ErrorKind;

use crate::failure::{Failure, FailureKind};

/// What clap says, as a failure; nothing where it is no failure but the help that was asked for.
pub fn mistyped(error: &Error) -> Option<Failure> {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    if [DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion].contains(&error.kind()) {
        return None;
    }
    let said = error.render().to_string();
    let mut lines = said.lines().map(str::trim);
    let what = lines.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what).trim_end_matches(':');
    // A value that a parser of ours refused brings its reason behind a colon.
    let (what, reason) = match what.split_once(": ") {
        Some((what, reason)) if error.kind() == ErrorKind::ValueValidation => (what, Some(reason.to_owned())),
        _ => (what, None),
    };
    let about: Vec<&str> =
        lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.trim_matches(['[', ']'])).collect();
    let rest: Vec<&str> = lines.collect();
    let after = |begin: &str| rest.iter().find_map(|line| line.strip_prefix(begin)).map(str::trim);
    let usage = after("Usage:").map(|usage| format!("it is written `{usage}`"));
    let about = (!about.is_empty()).then(|| about.join(", "));
    let cause = reason.or(about).or_else(|| usage.clone());
    let hint = match (after("tip:"), after("Usage:")) {
        (Some(tip), _) => tip.to_owned(),
        (None, Some(usage)) => format!("`{} --help` says how it is written", verb(usage)),
        (None, None) => "`--help` after the verb says what may be written there".to_owned(),
    };
    Some(Failure::new(FailureKind::Usage, what).because(cause.as_deref().unwrap_or("nothing reads it")).hint(hint))
}

/// The verb of a usage: its words up to the first that stands for something.
fn verb(usage: &str) -> String {
    let words: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['<', '[', '-'])).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Cli;

    fn told(line: &str) -> String {
        mistyped(&Cli::try_parse_from(line.split(' ')).unwrap_err()).expect("it is a failure").to_string()
    }

    #[test]
    fn what_does_not_read_is_told_in_three_lines() {
        for (line, what, hint) in [
            ("syndic evnt", "unrecognized subcommand 'evnt'", "event"),
            ("syndic restore x", "required arguments were not provided", "`syndic restore --help`"),
            ("syndic completions csh", "invalid value 'csh' for '<SHELL>'", "'zsh'"),
            ("syndic stats --dta d", "unexpected argument '--dta'", "--data"),
            ("syndic play x --data d --governor billing", "invalid value 'billing'", "--help"),
            ("syndic replay 1 --all", "cannot be used with", "`syndic replay --help`"),
        ] {
            let told = told(line);
            let lines: Vec<&str> = told.lines().collect();
            assert_eq!(lines.len(), 3, "{told}");
            assert!(lines[0].contains(what) && lines[2].contains(hint), "{told}");
            assert!(!lines[1].trim_start_matches("cause:").trim().is_empty(), "{told}");
        }
        assert!(told("syndic completions csh").contains("powershell"));
        assert!(told("syndic play x --data d --governor billing").contains("cause: write it as SLOT=FILE.wasm"));
    }

    #[test]
    fn help_that_was_asked_for_is_no_failure() {
        for line in ["syndic --help", "syndic", "syndic event", "syndic --version"] {
            assert!(mistyped(&Cli::try_parse_from(line.split(' ')).unwrap_err()).is_none(), "{line}");
        }
    }
}
