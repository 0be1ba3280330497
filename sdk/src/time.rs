//! Time: milliseconds since 1970, UTC, and the little of the calendar that billing needs.
//!
//! A component has no clock and no time zones, so this is the arithmetic of the proleptic Gregorian calendar and
//! nothing else. It is ours because a calendar library weighs more than most governors; a test holds it against a
//! slower, more obvious calendar.
//!
//! Days are 86,400 seconds: UTC as computers keep it, without leap seconds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. On the wire RFC 3339 with `Z`, and with milliseconds only
/// where there are any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A text that is not an RFC 3339 date and time between the years 0000 and 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time")]
pub struct BadTime(String);

impl Time {
    /// A moment from milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Midnight UTC of a date. A day the month does not have is taken as the month's last.
    pub fn from_date(year: i64, month: u8, day: u8) -> Self {
        Self(days_from_civil(year, month, day.min(days_in_month(year, month))) * DAY)
    }

    /// Milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// An RFC 3339 time, in any offset; digits beyond milliseconds are dropped.
    ///
    /// # Errors
    /// Where the text is anything else.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        read(text.as_bytes()).map(Self).ok_or_else(|| BadTime(text.to_owned()))
    }

    /// Later by so many times 24 hours.
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_ms(days.saturating_mul(DAY))
    }

    /// Later by so many hours.
    pub const fn plus_hours(self, hours: i64) -> Self {
        self.plus_ms(hours.saturating_mul(HOUR))
    }

    /// Later by so many milliseconds.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Earlier by so many times 24 hours.
    pub const fn minus_days(self, days: i64) -> Self {
        self.plus_days(-days)
    }

    /// Earlier by so many hours.
    pub const fn minus_hours(self, hours: i64) -> Self {
        self.plus_hours(-hours)
    }

    /// Earlier by so many milliseconds.
    pub const fn minus_ms(self, ms: i64) -> Self {
        self.plus_ms(-ms)
    }

    /// Milliseconds from `earlier` to this moment; negative where `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same time of day so many calendar months later (or earlier), on `anchor_day` or, in a month without it, on
    /// the month's last day. The anchor is an argument because the day of a clamped date has forgotten it: 31 January,
    /// 28 February, 31 March.
    pub fn plus_months(self, months: i64, anchor_day: u8) -> Self {
        let (year, month, _) = self.date();
        let count = year * 12 + i64::from(month) - 1 + months;
        let (year, month) = (count.div_euclid(12), (count.rem_euclid(12) + 1) as u8);
        Self::from_date(year, month, anchor_day.max(1)).plus_ms(self.0.rem_euclid(DAY))
    }

    /// The day of the month, 1 to 31: a period's anchor.
    pub fn day(self) -> u8 {
        self.date().2
    }

    /// Year, month (1 to 12) and day of the month (1 to 31), UTC.
    pub fn date(self) -> (i64, u8, u8) {
        civil_from_days(self.0.div_euclid(DAY))
    }

    /// The calendar month as `YYYY-MM`.
    pub fn month(self) -> String {
        let (year, month, _) = self.date();
        format!("{year:04}-{month:02}")
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let ms = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (ms / HOUR, ms / (60 * SECOND) % 60, ms / SECOND % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match ms % SECOND {
            0 => f.write_str("Z"),
            ms => write!(f, ".{ms:03}Z"),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        Self::parse(text)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::text::deserialize(from)
    }
}

/// `YYYY-MM-DDTHH:MM:SS[.f…](Z|±HH:MM)`; none where it is anything else.
fn read(text: &[u8]) -> Option<i64> {
    let (head, tail) = text.split_at_checked(19)?;
    let shape = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if shape.iter().any(|&(at, mark)| head[at] != mark) || !matches!(head[10], b'T' | b't') {
        return None;
    }
    let (year, month, day) = (digits(&head[..4])?, digits(&head[5..7])?, digits(&head[8..10])?);
    let (hour, minute, second) = (digits(&head[11..13])?, digits(&head[14..16])?, digits(&head[17..])?);
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    let day = u8::try_from(day).ok().filter(|day| (1..=days_in_month(year, month)).contains(day))?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // RFC 3339 allows a leap second; a day of 86,400 seconds has no room for it and takes the second before.
    let seconds = hour * 3_600 + minute * 60 + second.min(59);
    let (fraction, offset) = read_fraction(tail)?;
    Some(days_from_civil(year, month, day) * DAY + seconds * SECOND + fraction - read_offset(offset)?)
}

/// Milliseconds of an optional fraction, and what comes after it.
fn read_fraction(tail: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = tail.strip_prefix(b".") else { return Some((0, tail)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let ms = (0..3).fold(0, |ms, at| ms * 10 + if at < length { i64::from(rest[at] - b'0') } else { 0 });
    Some((ms, &rest[length..]))
}

/// Milliseconds that an offset is ahead of UTC.
fn read_offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = *rest else { return None };
    let (hours, minutes) = (digits(&[h1, h2])?, digits(&[m1, m2])?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60 * SECOND)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year, and in cycles of
/// 400 years (146,097 days), after which the calendar repeats.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let cycle = year.div_euclid(400);
    let year_of_cycle = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    cycle * 146_097 + day_of_cycle - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let cycle = days.div_euclid(146_097);
    let day_of_cycle = days.rem_euclid(146_097);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    (year, month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn every_day_of_four_hundred_years_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1_800, 1, 1);
        for days in days_from_civil(1_800, 1, 1)..=days_from_civil(2_200, 12, 31) {
            assert_eq!(civil_from_days(days), (year, month, day));
            assert_eq!(days_from_civil(year, month, day), days);
            day += 1;
            if day > days_in_month(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!((days_in_month(1900, 2), days_in_month(2000, 2), days_in_month(2024, 2)), (28, 29, 29));
    }

    #[test]
    fn a_period_ends_on_the_anchor_day_or_the_months_last() {
        let months = |text, anchor, count| -> Vec<String> {
            (1..=count).map(|month| at(text).plus_months(month, anchor).to_string()[..10].to_owned()).collect()
        };
        assert_eq!(months("2026-01-31T10:00:00Z", 31, 3), ["2026-02-28", "2026-03-31", "2026-04-30"]);
        assert_eq!(months("2027-11-30T10:00:00Z", 30, 4), ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]);
        assert_eq!(at("2024-02-29T23:59:59.5Z").plus_months(12, 29), at("2025-02-28T23:59:59.5Z"));
        assert_eq!(at("2025-02-28T23:59:59.5Z").plus_months(36, 29), at("2028-02-29T23:59:59.5Z"));
        assert_eq!(at("2026-03-15T00:00:00Z").plus_months(-14, 31), at("2025-01-31T00:00:00Z"));
    }

    #[test]
    fn a_clamped_period_finds_its_anchor_again() {
        let february = at("2026-01-31T00:00:00Z").plus_months(1, 31);
        assert_eq!((february.day(), february.plus_months(1, 31).day()), (28, 31));
    }

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        let cases = [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02t03:04:05.120z", "2026-01-02T03:04:05.120Z"),
            ("2026-01-02T03:04:05.0009Z", "2026-01-02T03:04:05Z"),
            ("2026-01-01T00:30:00+02:00", "2025-12-31T22:30:00Z"),
            ("2025-12-31T23:30:00-01:45", "2026-01-01T01:15:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ];
        for (text, written) in cases {
            assert_eq!(at(text).to_string(), written);
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        let wrong = [
            "",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-1-02T03:04:05Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:60:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+0200",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02 03:04:05Z",
            "+026-01-02T03:04:05Z",
            "2026-01-02T03:04:05Zz",
            "２026-01-02T03:04:05Z",
        ];
        for text in wrong {
            assert_eq!(Time::parse(text), Err(BadTime(text.to_owned())), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            let time = Time::from_ms(ms);
            prop_assert_eq!(Time::parse(&time.to_string()), Ok(time));
            prop_assert_eq!(serde_json::from_str::<Time>(&serde_json::to_string(&time).unwrap()).unwrap(), time);
        }

        #[test]
        fn months_add_up_as_long_as_the_anchor_is_kept(
            ms in 946_684_800_000_i64..4_102_444_800_000,
            (first, second) in (0_i64..60, 0_i64..60),
            anchor in 1_u8..=31,
        ) {
            let start = Time::from_ms(ms).plus_months(0, anchor);
            prop_assert_eq!(start.plus_months(first, anchor).plus_months(second, anchor), start.plus_months(first + second, anchor));
            prop_assert!(start.plus_months(first + 1, anchor) > start.plus_months(first, anchor));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9TZtz:.+-]{0,30}|\\PC{0,30}") {
            let _ = Time::parse(&text);
        }
    }
}
