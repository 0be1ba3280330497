//! Properties: what has to be true of every case, beside soundness.
//!
//! Two sentences have been enough for all that a marketplace promises: *no place without a task* (stock before an
//! order, access only after provisioning) and *never two places together* (confirmed and cancelled). Both are
//! questions about reachable markings, so they are answered by the prover and never by a running case.

use std::fmt;
use std::str::FromStr;

/// A named rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// What a report calls it.
    pub name: String,
    /// What it says.
    pub rule: Rule,
}

/// What a property says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// `no P_Confirmed without T_Check.reserved or T_Override`: a token never comes there unless one of these was done.
    Without {
        /// Where no token comes.
        place: String,
        /// Tasks, or single transitions of them.
        tasks: Vec<String>,
    },
    /// `never P_Confirmed with P_Cancelled`: no marking has a token on both.
    Together {
        /// The one.
        place: String,
        /// The other.
        other: String,
    },
}

/// What is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no property: write `no PLACE without TASK`, `no PLACE without TASK or TASK`, or `never PLACE with PLACE`"
)]
pub struct NotARule(pub String);

impl FromStr for Rule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["never", place, "with", other] => Ok(Self::Together { place: place.to_owned(), other: other.to_owned() }),
            ["no", place, "without", ref tasks @ ..] if tasks.len() % 2 == 1 => {
                let joined = tasks.iter().skip(1).step_by(2).all(|word| *word == "or");
                let tasks = tasks.iter().step_by(2).map(|task| (*task).to_owned()).collect();
                joined
                    .then(|| Self::Without { place: place.to_owned(), tasks })
                    .ok_or_else(|| NotARule(text.to_owned()))
            }
            _ => Err(NotARule(text.to_owned())),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Without { place, tasks } => write!(out, "no {place} without {}", tasks.join(" or ")),
            Self::Together { place, other } => write!(out, "never {place} with {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        for text in ["never P_A with P_B", "no P_A without T_X", "no P_A without T_X.ok or T_Y or T_Z"] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn half_a_sentence_is_no_rule() {
        for text in ["", "never P_A", "no P_A without", "no P_A without T_X or", "no P_A without T_X and T_Y"] {
            assert_eq!(text.parse::<Rule>(), Err(NotARule(text.to_owned())));
        }
    }
}
