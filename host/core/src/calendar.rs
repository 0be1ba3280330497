//! Calendars: on which days a tenant works, and when a time that is counted in them is over.
//!
//! A business day is the time of one working day. What begins at ten on a Monday is one business day old at ten on
//! Tuesday; what begins on a Saturday begins on Monday morning, with everything else that waited. So `2 bd` are `1 bd`
//! and `1 bd`, the one who came first is never due last, and nothing is ever due on a holiday.
//!
//! Those three hold across changes of the clock too, which the usual rules do not give: a time that is skipped is over
//! when the clock skips, an hour that is lived twice counts once, and a day that a month lacks is over with the month.
//! The zones come with the program: a deadline is the same moment on every machine.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time as Clock, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::time::Time;

mod written;

pub use written::{Hours, Written, Wrong, zones};

/// When a tenant works. Without a word about it: Monday to Friday, all day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Calendar {
    zone: TimeZone,
    days: BTreeSet<Day>,
    hours: Option<(Clock, Option<Clock>)>,
    holidays: BTreeSet<Date>,
}

/// The calendars of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendars {
    /// Of everybody who has none of their own.
    pub everybody: Calendar,
    /// By tenant.
    pub tenants: BTreeMap<String, Calendar>,
}

/// What a span counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of time that passes everywhere alike.
    Seconds,
    /// Of 60 seconds.
    Minutes,
    /// Of 60 minutes.
    Hours,
    /// Of 24 hours, whatever the clock does.
    Days,
    /// Days on which the calendar works.
    BusinessDays,
    /// Calendar months, to the same hour of the same day.
    Months,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// 9990-01-01T00:00:00Z: what would be due later is due then. Zones are not asked about later years.
const LATEST: Time = Time::from_ms(253_086_854_400_000);

/// A calendar that rests longer than this at a stretch is taken to rest for ever.
const LONGEST_REST_DAYS: u32 = 3660;

impl Default for Calendar {
    fn default() -> Self {
        use Day::{Fri, Mon, Thu, Tue, Wed};
        let days = [Mon, Tue, Wed, Thu, Fri].into();
        Self { zone: TimeZone::UTC, days, hours: None, holidays: BTreeSet::new() }
    }
}

impl Calendars {
    /// Whether nobody has said anything about them. A configuration in which nobody has reads as it did before there was
    /// a choice.
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }

    /// The calendar of a tenant.
    pub fn of(&self, tenant: &str) -> &Calendar {
        self.tenants.get(tenant).unwrap_or(&self.everybody)
    }
}

impl Calendar {
    /// The moment so many units after another, at most the year 9990.
    pub fn due(&self, count: u32, unit: Unit, from: Time) -> Time {
        let seconds = |each: i64| from.plus_ms(i64::from(count) * each * 1000).min(LATEST);
        match unit {
            Unit::Seconds => seconds(1),
            Unit::Minutes => seconds(60),
            Unit::Hours => seconds(3_600),
            Unit::Days => seconds(86_400),
            Unit::Months => self.months(count, from).unwrap_or(LATEST),
            Unit::BusinessDays => self.business_days(count, from),
        }
    }

    /// Whether it works on the day that this moment is in.
    pub fn works_at(&self, at: Time) -> bool {
        self.civil(at).is_some_and(|local| self.works_on(local.date()))
    }

    fn business_days(&self, count: u32, from: Time) -> Time {
        let mut at = from;
        for _ in 0..count {
            match self.business_day(at) {
                Some(next) => at = next,
                None => return LATEST,
            }
        }
        at
    }

    /// One business day later; none where that is beyond all years.
    fn business_day(&self, from: Time) -> Option<Time> {
        let begun = self.working(self.civil(from)?)?;
        let next = self.works_from(begun.date().tomorrow().ok()?)?;
        self.moment(next.to_datetime(begun.time()))
    }

    /// This, where it is working time; or else when work begins next.
    fn working(&self, local: DateTime) -> Option<DateTime> {
        let (open, close) = self.hours.unwrap_or((Clock::midnight(), None));
        let over = close.is_some_and(|close| local.time() >= close);
        let today = if over { local.date().tomorrow().ok()? } else { local.date() };
        let day = self.works_from(today)?;
        let begins = day.to_datetime(open);
        Some(if day == local.date() { local.max(begins) } else { begins })
    }

    /// The first working day from this one on.
    fn works_from(&self, mut day: Date) -> Option<Date> {
        for _ in 0..LONGEST_REST_DAYS {
            if self.works_on(day) {
                return Some(day);
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn works_on(&self, day: Date) -> bool {
        self.days.contains(&Day::of(day.weekday())) && !self.holidays.contains(&day) && self.has(day)
    }

    /// Whether the zone lived that day: some left one out when they crossed the date line.
    fn has(&self, day: Date) -> bool {
        let begins = self.moment(day.to_datetime(Clock::midnight()));
        begins.and_then(|begins| self.civil(begins)).is_some_and(|local| local.date() == day)
    }

    fn months(&self, count: u32, from: Time) -> Option<Time> {
        let local = self.civil(from)?;
        let months = i64::from(local.month()) - 1 + i64::from(count);
        let year = i16::try_from(i64::from(local.year()) + months / 12).ok()?;
        let first = Date::new(year, i8::try_from(months % 12 + 1).ok()?, 1).ok()?;
        let there = Date::new(year, first.month(), local.day());
        self.moment(match there {
            Ok(day) => day.to_datetime(local.time()),
            Err(_) => first.last_of_month().tomorrow().ok()?.to_datetime(Clock::midnight()),
        })
    }

    /// What the clock on the wall shows. While an hour is lived for the second time it stands at that hour's end, so
    /// that it never goes back.
    fn civil(&self, at: Time) -> Option<DateTime> {
        let stamp = Timestamp::from_millisecond(at.min(LATEST).ms()).ok()?;
        let local = self.zone.to_datetime(stamp);
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Fold { before, .. } if ambiguous.later().ok() == Some(stamp) => {
                let after = stamp.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
                let turned = self.zone.preceding(after).next()?;
                Some(before.to_datetime(turned.timestamp()))
            }
            _ => Some(local),
        }
    }

    /// When the clock on the wall first shows this, or first shows a later time.
    fn moment(&self, local: DateTime) -> Option<Time> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let earlier = ambiguous.earlier().ok()?;
        let stamp = match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => self.zone.following(earlier).next()?.timestamp(),
            _ => earlier,
        };
        let at = Time::from_ms(stamp.as_millisecond());
        (at <= LATEST).then_some(at)
    }
}

impl Day {
    const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}
