//! Time: whole milliseconds since 1970, UTC.
//!
//! The core never asks what time it is. Times come from events and from the [`Clock`](crate::ports::Clock) port, so
//! that a judgement made today can be made again in ten years.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::read_str;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Finer fractions in an event's `time` are cut off here and
/// kept in the event itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// 2000-01-01T00:00:00Z.
const EARLIEST: Time = Time(946_684_800_000);
/// 2100-01-01T00:00:00Z, the first moment that is too late.
const TOO_LATE: Time = Time(4_102_444_800_000);

impl Time {
    /// A moment from milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This moment and `ms` milliseconds more.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Reads RFC 3339 with a zone; the result lies between 2000 and 2100.
    ///
    /// # Errors
    /// A sentence naming what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let looks_like_rfc3339 = text.is_ascii()
            && text.len() >= 20
            && matches!(text.as_bytes()[10], b'T' | b't' | b' ')
            && !text.contains('[');
        let stamp = match text.parse::<Timestamp>() {
            Ok(stamp) if looks_like_rfc3339 => stamp,
            _ => {
                return Err(format!(
                    "`{}` is not an RFC 3339 time with a zone, like 2026-01-02T03:04:05Z",
                    shorten(text)
                ));
            }
        };
        let time = Self(stamp.as_millisecond());
        if time < EARLIEST || time >= TOO_LATE {
            return Err(format!("`{text}` is not between the years 2000 and 2100"));
        }
        Ok(time)
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_str(deserializer, |text| match text.parse::<Timestamp>() {
            Ok(stamp) => Ok(Self(stamp.as_millisecond())),
            Err(why) => Err(why.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_and_prints_as_rfc_3339_in_utc() {
        for (text, prints) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.25Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
            ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123Z"),
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), prints);
        }
    }

    #[test]
    fn an_absurd_or_unzoned_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-02-30T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "9999999-01-01T00:00:00Z",
            "2026-01-02T03:04:05+02:00[Europe/Berlin]",
        ] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
    }
}
