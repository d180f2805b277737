//! Dates, times and intervals as PostgreSQL writes them: `2026-03-01 08:00:00.5+08`, in JSON `2026-03-01T08:00:00.5+08:00`, and
//! `1 day 02:00:00`.
//!
//! The largest and the smallest number of a date or a timestamp stand for the two infinities. A time beyond the library's calendar has
//! no text.

use arrow::array::timezone::Tz;
use arrow::datatypes::IntervalMonthDayNano;
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset};

const DAY_SECONDS: i64 = 86_400;

/// Where a timestamp stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `2026-03-01 08:00:00+08`.
    Text,
    /// `2026-03-01T08:00:00+08:00`.
    Json,
}

/// `days` since 1970; `None` for a day that the calendar does not have.
pub(crate) fn date(days: i32) -> Option<String> {
    match days {
        i32::MAX => Some("infinity".to_owned()),
        i32::MIN => Some("-infinity".to_owned()),
        _ => {
            let midnight = DateTime::from_timestamp(i64::from(days) * DAY_SECONDS, 0)?.date_naive();
            Some(day(midnight) + era(midnight))
        }
    }
}

/// Microseconds since 1970, seen in `zone` and followed by its offset, if there is one; `None` for a time that the calendar does not have.
pub(crate) fn timestamp(us: i64, zone: Option<Tz>, form: Form) -> Option<String> {
    match us {
        i64::MAX => return Some("infinity".to_owned()),
        i64::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let utc = DateTime::from_timestamp_micros(us)?;
    let Some(zone) = zone else {
        let local = utc.naive_utc();
        return Some(local_text(local, form) + era(local.date()));
    };
    let offset = utc.with_timezone(&zone).offset().fix();
    let local = utc.naive_utc().checked_add_offset(offset)?;
    Some(local_text(local, form) + &offset_text(offset, form) + era(local.date()))
}

/// Microseconds since midnight, up to and with `24:00:00`.
pub(crate) fn time(us: i64) -> String {
    clock(us.unsigned_abs())
}

/// `1 year 2 mons -3 days +04:05:06.7`.
pub(crate) fn interval(value: IntervalMonthDayNano) -> String {
    let mut text = String::new();
    let mut after_negative = false;
    for (number, unit) in [(value.months / 12, "year"), (value.months % 12, "mon"), (value.days, "day")] {
        if number != 0 {
            let space = if text.is_empty() { "" } else { " " };
            let plus = if after_negative && number > 0 { "+" } else { "" };
            let plural = if number == 1 { "" } else { "s" };
            text.push_str(&format!("{space}{plus}{number} {unit}{plural}"));
            after_negative = number < 0;
        }
    }
    let us = value.nanoseconds / 1000;
    if text.is_empty() || us != 0 {
        let space = if text.is_empty() { "" } else { " " };
        let sign = if us < 0 { "-" } else { ["", "+"][usize::from(after_negative)] };
        text.push_str(&format!("{space}{sign}{}", clock(us.unsigned_abs())));
    }
    text
}

/// `10:00:00.5`: the fraction ends with a digit that counts.
fn clock(us: u64) -> String {
    let (seconds, fraction) = (us / 1_000_000, us % 1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return text;
    }
    format!("{text}.{}", format!("{fraction:06}").trim_end_matches('0'))
}

fn local_text(time: NaiveDateTime, form: Form) -> String {
    let us = time.and_utc().timestamp_micros().rem_euclid(DAY_SECONDS * 1_000_000);
    let separator = if form == Form::Json { 'T' } else { ' ' };
    format!("{}{separator}{}", day(time.date()), clock(us.unsigned_abs()))
}

/// `+00`, `-03:30`; in JSON `+00:00`, and seconds where there are any.
fn offset_text(offset: FixedOffset, form: Form) -> String {
    let seconds = offset.local_minus_utc();
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (hours, 0, _) if form == Form::Text => format!("{sign}{hours:02}"),
        (hours, minutes, seconds) if form == Form::Json && seconds != 0 => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
        (hours, minutes, _) => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

/// There is no year 0: before 1 comes 1 BC.
fn day(day: NaiveDate) -> String {
    let year = if day.year() > 0 { day.year() } else { 1 - day.year() };
    format!("{year:04}-{:02}-{:02}", day.month(), day.day())
}

/// What follows a day before the year 1.
fn era(day: NaiveDate) -> &'static str {
    if day.year() > 0 { "" } else { " BC" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (days, expected) in
            [(0, "1970-01-01"), (-1, "1969-12-31"), (i32::MAX, "infinity"), (i32::MIN, "-infinity"), (-719_163, "0001-12-31 BC")]
        {
            assert_eq!(date(days).unwrap(), expected);
        }
        assert!(date(i32::MAX - 1).is_none());
    }

    #[test]
    fn timestamps() {
        let second = 1_000_000;
        for (us, zone, expected) in [
            (1_772_359_200_680_170, None, "2026-03-01T10:00:00.68017"),
            (10 * second + 500_000, None, "1970-01-01T00:00:10.5"),
            (-1, None, "1969-12-31T23:59:59.999999"),
            (0, Some("+00:00"), "1970-01-01T00:00:00+00:00"),
            (0, Some("-03:30"), "1969-12-31T20:30:00-03:30"),
            (i64::MAX, None, "infinity"),
            (i64::MIN, Some("+00:00"), "-infinity"),
        ] {
            assert_eq!(timestamp(us, zone.map(|zone| zone.parse().unwrap()), Form::Json).unwrap(), expected);
        }
        assert!(timestamp(i64::MAX - 1, None, Form::Json).is_none());
    }

    #[test]
    fn fractions_and_offsets_are_short() {
        let time = |us| DateTime::from_timestamp_micros(us).unwrap().naive_utc();
        assert_eq!(local_text(time(0), Form::Text), "1970-01-01 00:00:00");
        assert_eq!(local_text(time(10_500_000), Form::Text), "1970-01-01 00:00:10.5");
        assert_eq!(local_text(time(600_000_001), Form::Text), "1970-01-01 00:10:00.000001");
        assert_eq!(offset_text(FixedOffset::east_opt(0).unwrap(), Form::Text), "+00");
        assert_eq!(offset_text(FixedOffset::west_opt(12_600).unwrap(), Form::Text), "-03:30");
    }

    #[test]
    fn times_of_day_and_intervals() {
        assert_eq!(time(36_000_500_000), "10:00:00.5");
        assert_eq!(time(86_400_000_000), "24:00:00");
        for ((months, days, us), expected) in [
            ((0, 0, 0), "00:00:00"),
            ((0, 1, 7_200_000_000), "1 day 02:00:00"),
            ((14, -3, 14_706_700_000), "1 year 2 mons -3 days +04:05:06.7"),
            ((-1, 1, -1_000_000), "-1 mons +1 day -00:00:01"),
        ] {
            assert_eq!(interval(IntervalMonthDayNano::new(months, days, us * 1000)), expected);
        }
    }
}
