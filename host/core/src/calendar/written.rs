//! A calendar as it is written: in configuration, and in what receipts name.
//!
//! What is wrong with one is told part by part and all at once, so that whoever wrote it can be shown the place.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time as Clock};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Calendar, Day};

/// A calendar as it is written. What is left away is as nobody has said anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Written {
    /// The zone's name, as IANA has it: `Europe/Berlin`.
    pub zone: String,
    /// The days of the week on which there is work: `mon` to `sun`.
    pub working_days: Vec<String>,
    /// When work begins and ends on such a day; none: it is the whole day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Days on which there is none all the same: `2026-12-25`.
    pub holidays: Vec<String>,
}

/// The hours of a working day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// `09:00`.
    pub open: String,
    /// `17:00`; `24:00` is the end of the day.
    pub close: String,
}

/// What is wrong with a calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Of `zone`.
    #[error("`{0}` is no time zone, such as UTC or Europe/Berlin")]
    Zone(String),
    /// Of `working_days`.
    #[error("`{0}` is no day of the week, such as mon")]
    Weekday(String),
    /// Of `working_days`.
    #[error("a calendar needs a working day, or nothing is ever due in it")]
    NeverWorks,
    /// Of `hours`.
    #[error("`{0}` is no time of day, such as 09:00")]
    Clock(String),
    /// Of `hours`.
    #[error("{close} does not come after {open}")]
    Hours {
        /// When work would begin.
        open: String,
        /// When it would end.
        close: String,
    },
    /// Of `holidays`.
    #[error("`{0}` is no day, such as 2026-12-25")]
    Holiday(String),
}

/// The hour that ends a day, which no clock shows.
const MIDNIGHT: &str = "24:00";

/// Every zone there is, by its name.
pub fn zones() -> Vec<String> {
    jiff::tz::db().available().map(|zone| zone.to_string()).collect()
}

impl Calendar {
    /// The calendar that is written here.
    ///
    /// # Errors
    /// Everything that is wrong with it, at least one thing.
    pub fn of(written: &Written) -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let zone = TimeZone::get(&written.zone).unwrap_or_else(|_| {
            wrong.push(Wrong::Zone(written.zone.clone()));
            TimeZone::UTC
        });
        let days = good(&written.working_days, &mut wrong, Day::named, Wrong::Weekday);
        if written.working_days.is_empty() {
            wrong.push(Wrong::NeverWorks);
        }
        let hours = written.hours.as_ref().and_then(|hours| hours.read(&mut wrong));
        let holidays = good(&written.holidays, &mut wrong, day, Wrong::Holiday);
        if wrong.is_empty() { Ok(Self { zone, days, hours, holidays }) } else { Err(wrong) }
    }
}

/// What reads of these; the others are wrong.
fn good<T: Ord>(
    texts: &[String],
    wrong: &mut Vec<Wrong>,
    read: impl Fn(&str) -> Option<T>,
    what: impl Fn(String) -> Wrong,
) -> BTreeSet<T> {
    let mut all = BTreeSet::new();
    for text in texts {
        match read(text) {
            Some(one) => drop(all.insert(one)),
            None => wrong.push(what(text.clone())),
        }
    }
    all
}

/// A day, and nothing beside it: what has an hour too is no holiday.
fn day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

impl Hours {
    /// None where they are the whole day, or wrong.
    fn read(&self, wrong: &mut Vec<Wrong>) -> Option<(Clock, Option<Clock>)> {
        let clock = |text: &String, wrong: &mut Vec<Wrong>| {
            let read = Clock::strptime("%H:%M", text).ok();
            if read.is_none() {
                wrong.push(Wrong::Clock(text.clone()));
            }
            read
        };
        let open = clock(&self.open, wrong);
        if self.close == MIDNIGHT {
            return open.filter(|open| *open != Clock::midnight()).map(|open| (open, None));
        }
        let (open, close) = open.zip(clock(&self.close, wrong))?;
        if close <= open {
            wrong.push(Wrong::Hours { open: self.open.clone(), close: self.close.clone() });
        }
        Some((open, Some(close)))
    }
}

impl Default for Written {
    fn default() -> Self {
        Calendar::default().into()
    }
}

impl TryFrom<Written> for Calendar {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let told = |wrong: Vec<Wrong>| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Self::of(&written).map_err(told)
    }
}

impl From<Calendar> for Written {
    fn from(calendar: Calendar) -> Self {
        let show = |clock: Clock| clock.strftime("%H:%M").to_string();
        let hours = |(open, close): (Clock, Option<Clock>)| Hours {
            open: show(open),
            close: close.map_or_else(|| MIDNIGHT.to_owned(), show),
        };
        Self {
            zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            working_days: calendar.days.into_iter().map(|day| day.name().to_owned()).collect(),
            hours: calendar.hours.map(hours),
            holidays: calendar.holidays.iter().map(ToString::to_string).collect(),
        }
    }
}
