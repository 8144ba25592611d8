//! Points in time: how RFC 3339 writes them, and how messages do.

const DAY: u64 = 86_400;

/// The days until 1970 from the first of March before the year -399: times of all years are positive numbers since then.
const BEFORE_1970: u64 = 146_097 + 719_468;

/// The seconds since 1970 of an RFC 3339 time such as `2027-01-15T08:00:00Z`; `None` for any other text and for times before
/// 1970. Fractions of a second are dropped. A leap second is the same as the second after it.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let mut rest = text.as_bytes();
    let mut pairs = [0; 7];
    read(&mut rest, b"  --T::", &[99, 99, 12, 31, 23, 59, 60], &mut pairs)?;
    let [century, year, month, day, hour, minute, second] = pairs;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = fraction.get(digits..).filter(|_| digits > 0)?;
    }
    let (mut ahead, mut behind) = ([0; 2], [0; 2]);
    if rest.eq_ignore_ascii_case(b"Z") {
        rest = &[];
    } else if rest.first() == Some(&b'-') {
        read(&mut rest, b"-:", &[23, 59], &mut behind)?;
    } else {
        read(&mut rest, b"+:", &[23, 59], &mut ahead)?;
    }
    let year = century * 100 + year;
    if !rest.is_empty() || month == 0 || day == 0 || day > length(year, month) {
        return None;
    }
    let seconds = |[hours, minutes]: [u64; 2]| hours * 3600 + minutes * 60;
    let local = days(year, month, day) * DAY + seconds([hour, minute]) + second;
    (local + seconds(behind)).checked_sub(BEFORE_1970 * DAY + seconds(ahead))
}

/// Reads numbers of two digits up to their limits, each after its separator; there is none for a space. RFC 3339 allows
/// either case.
fn read(rest: &mut &[u8], separators: &[u8], limits: &[u8], numbers: &mut [u64]) -> Option<()> {
    for ((number, limit), separator) in numbers.iter_mut().zip(limits).zip(separators) {
        if *separator != b' ' {
            *rest = rest.split_first().filter(|(byte, _)| byte.eq_ignore_ascii_case(separator))?.1;
        }
        let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', after @ ..] = *rest else { return None };
        let value = (tens - b'0') * 10 + (ones - b'0');
        if value > *limit {
            return None;
        }
        *number = value.into();
        *rest = after;
    }
    Some(())
}

/// The number of days in a month.
fn length(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days of a date since [`BEFORE_1970`].
/// Howard Hinnant: "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Of the year that begins in March, whose last day is a leap day.
    let year = year + 400 - u64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year
}

/// A time and how far it is from now: `2026-01-02 at 03:04 UTC, 40 days ago`.
pub(crate) fn when(seconds: u64, now: Option<u64>) -> String {
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    let time = format!("{} at {hour:02}:{minute:02} UTC", date(seconds));
    let Some(now) = now else { return time };
    let (unit, count) = match seconds.abs_diff(now) {
        far if far >= DAY => ("day", far / DAY),
        far if far >= 3600 => ("hour", far / 3600),
        near => ("minute", near.div_ceil(60).max(1)),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds > now {
        format!("{time}, in {count} {unit}{plural}")
    } else {
        format!("{time}, {count} {unit}{plural} ago")
    }
}

/// The day of a time, as `2026-11-24`.
/// Howard Hinnant: "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`
fn date(seconds: u64) -> String {
    let days = seconds / DAY + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
