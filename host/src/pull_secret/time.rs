//! When a credential ends: points in time, and spans from now.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike as _, Days, Months, TimeDelta, Utc};

/// A second of the years 0 to 9999, which RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(DateTime<Utc>);

impl Time {
    /// Seconds since 1970; `None` outside of the years that RFC 3339 has.
    pub fn of_unix(seconds: i64) -> Option<Self> {
        let time = DateTime::from_timestamp(seconds, 0)?;
        (0..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// The time of a clock, without fractions of a second; `None` outside of the years that RFC 3339 has.
    pub fn of_clock(time: SystemTime) -> Option<Self> {
        Self::of_unix(i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?)
    }

    /// Reads a text of RFC 3339, in any time zone. Fractions of a second are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_unix(DateTime::parse_from_rfc3339(text).ok()?.timestamp())
    }
}

impl Time {
    /// The seconds from an earlier time to this one; negative where that one is later.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_seconds()
    }
}

/// As RFC 3339, in UTC.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// When a credential ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At this time
    At(Time),
    /// It does not end
    Never,
    /// The source does not say
    Unknown,
}

impl End {
    /// The time, if there is one.
    pub fn time(self) -> Option<Time> {
        if let Self::At(time) = self { Some(time) } else { None }
    }
}

/// When a credential ends, as a user says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At this time
    At(Time),
    /// After a number of units from now
    In(u32, Unit),
    /// It does not end
    Never,
}

/// A unit of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Of the calendar: the same day of that year
    Year,
    /// Of the calendar: the same day of that month
    Month,
    /// Seven days
    Week,
    /// 24 hours
    Day,
    /// 60 minutes
    Hour,
}

/// Not a `Months`: `m` could be minutes.
const UNITS: [(&str, Unit); 5] =
    [("y", Unit::Year), ("mo", Unit::Month), ("w", Unit::Week), ("d", Unit::Day), ("h", Unit::Hour)];

/// Why a text does not say when something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// A day, on which it may end at any time
    #[error("a day needs a time: write {0}")]
    Day(Time),
    /// Another text
    #[error(
        "must be a time such as 2027-01-31T12:00:00Z, a span from now such as 1y, 6mo, 2w, 90d or 12h, or never"
    )]
    Other,
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Some(time) = Time::parse(text) {
            return Ok(Self::At(time));
        }
        if let Some(midnight) = Time::parse(&format!("{text}T00:00:00Z")) {
            return Err(WhenError::Day(midnight));
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(WhenError::Other)?;
        let (count, unit) = text.split_at_checked(unit_at).ok_or(WhenError::Other)?;
        let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(WhenError::Other)?;
        Ok(Self::In(count.parse().map_err(|_| WhenError::Other)?, unit))
    }
}

impl When {
    /// The end, given the time now; `None` if it is beyond the year 9999.
    pub fn end(self, now: Time) -> Option<End> {
        let (count, unit) = match self {
            Self::Never => return Some(End::Never),
            Self::At(time) => return Some(End::At(time)),
            Self::In(count, unit) => (count, unit),
        };
        let Time(now) = now;
        let end = match unit {
            Unit::Year => now.checked_add_months(Months::new(count.checked_mul(12)?)),
            Unit::Month => now.checked_add_months(Months::new(count)),
            Unit::Week => now.checked_add_days(Days::new(u64::from(count) * 7)),
            Unit::Day => now.checked_add_days(Days::new(u64::from(count))),
            Unit::Hour => now.checked_add_signed(TimeDelta::try_hours(i64::from(count))?),
        };
        Time::of_unix(end?.timestamp()).map(End::At)
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Time, When};

    #[test]
    fn times_are_written_in_utc_without_fractions() {
        for (text, written) in [
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00:00.987654Z", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00:00.123+02:00", "2027-01-31T10:00:00Z"),
            ("2027-01-31T23:00:00-05:30", "2027-02-01T04:30:00Z"),
            ("2027-01-31t12:00:00z", "2027-01-31T12:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(Time::parse(text).map(|time| time.to_string()).as_deref(), Some(written), "{text}");
        }
        for text in
            ["", "2027-01-31", "2027-01-31T12:00:00", "2027-02-30T12:00:00Z", "tomorrow", "1735689600"]
        {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_of_the_calendar() {
        let end = |when: &str, now: &str| {
            let end = when.parse::<When>().expect("a span").end(Time::parse(now).expect("a time"));
            end.and_then(End::time).map(|time| time.to_string())
        };
        let cases = [
            ("1y", "2026-11-29T08:00:00Z", "2027-11-29T08:00:00Z"),
            ("1y", "2028-02-29T08:00:00Z", "2029-02-28T08:00:00Z"),
            ("2y", "2026-11-29T08:00:00Z", "2028-11-29T08:00:00Z"),
            ("1mo", "2027-01-31T08:00:00Z", "2027-02-28T08:00:00Z"),
            ("2w", "2026-11-29T08:00:00Z", "2026-12-13T08:00:00Z"),
            ("90d", "2026-11-29T08:00:00Z", "2027-02-27T08:00:00Z"),
            ("3h", "2026-11-29T23:00:00Z", "2026-11-30T02:00:00Z"),
            ("2027-01-31T12:00:00+01:00", "2026-11-29T08:00:00Z", "2027-01-31T11:00:00Z"),
        ];
        for (when, now, ends) in cases {
            assert_eq!(end(when, now).as_deref(), Some(ends), "{when}");
        }
        for beyond in ["9999y", "4294967295y", "4294967295mo", "4294967295w", "4294967295d"] {
            assert_eq!(end(beyond, "2026-11-29T08:00:00Z"), None, "{beyond}");
        }
        assert_eq!("never".parse(), Ok(When::Never));
    }

    #[test]
    fn what_is_neither_a_time_nor_a_span_is_refused() {
        for text in [
            "",
            "1",
            "y",
            "1m",
            "1 y",
            "-1d",
            "+1d",
            "1.5y",
            "99999999999d",
            "2027-01-31",
            "1y6mo",
            "1Y",
            "é",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
