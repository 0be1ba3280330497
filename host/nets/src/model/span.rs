//! Durations: how long a case may rest somewhere, in the words contracts use.
//!
//! A span stays as written, `3 bd` or `12 months`: how many seconds that is depends on a calendar and on the day it
//! begins, and only the one who sets the timer knows both.

use std::fmt;
use std::str::FromStr;

/// `24 h`, `3 bd`, `14 d since P_IdentityPassed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// How many, at least one.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
    /// Counted from the moment this condition was last reached; from the moment the task was enabled, if there is none.
    pub since: Option<String>,
}

/// What a span counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `s`
    Seconds,
    /// `min`
    Minutes,
    /// `h`
    Hours,
    /// `d`, of 24 hours
    Days,
    /// `bd`, days on which the case's calendar works
    BusinessDays,
    /// `months`
    Months,
}

/// When a timer is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// After the same time for every case.
    After(Span),
    /// After a time that a variable of the case decides; there is one span for each of its words.
    By {
        /// An enumeration.
        variable: String,
        /// A span for each word.
        spans: Vec<(String, Span)>,
    },
}

/// What is no span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no duration: write a number and one of s, min, h, d, bd, months, such as `3 bd`")]
pub struct NotASpan(pub String);

const UNITS: &[(&str, Unit)] = &[
    ("s", Unit::Seconds),
    ("min", Unit::Minutes),
    ("h", Unit::Hours),
    ("d", Unit::Days),
    ("bd", Unit::BusinessDays),
    ("months", Unit::Months),
];

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let wrong = || NotASpan(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let (count, unit, since) = match words[..] {
            [count, unit] => (count, unit, None),
            [count, unit, "since", place] => (count, unit, Some(place.to_owned())),
            _ => return Err(wrong()),
        };
        let count = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        let unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        Ok(Self { count, unit, since })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = UNITS.iter().find(|(_, unit)| unit == self).map_or("", |(name, _)| name);
        out.write_str(name)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.count, self.unit)?;
        self.since.as_ref().map_or(Ok(()), |place| write!(out, " since {place}"))
    }
}

impl fmt::Display for Due {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(span) => write!(out, "{span}"),
            Self::By { spans, .. } => {
                let each: Vec<String> = spans.iter().map(|(word, span)| format!("{word} {span}")).collect();
                out.write_str(&each.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_back_as_it_was_written() {
        for text in ["24 h", "3 bd", "12 months", "14 d since P_IdentityPassed"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_counts_nothing_or_in_no_unit_is_refused() {
        for text in ["", "0 h", "h", "3", "-1 d", "3 weeks", "3 d after P", "3 d since", "99999999999 s"] {
            assert_eq!(text.parse::<Span>(), Err(NotASpan(text.to_owned())));
        }
    }
}
