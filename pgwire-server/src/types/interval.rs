//! `interval`: months, days and a time, which PostgreSQL keeps apart because neither has a fixed length in the others.

use bytes::{Buf, BufMut, BytesMut};
use strata_engine::Result;

use super::date::write_padded;
use super::time::write_fraction;
use super::{datetime_out_of_range, invalid_binary, invalid_datetime};

/// An interval; the parts may differ in sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub time_us: i64,
}

/// Appends the `postgres` style: `1 year 2 mons -3 days +04:05:06.7`.
pub fn write_text(interval: Interval, out: &mut BytesMut) {
    let mut empty = true;
    let mut after_negative = false;
    for (value, unit) in [(interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day")] {
        if value == 0 {
            continue;
        }
        if !empty {
            out.put_u8(b' ');
        }
        if after_negative && value > 0 {
            out.put_u8(b'+');
        }
        super::integer::write_text(i64::from(value), out);
        out.put_u8(b' ');
        out.put_slice(unit.as_bytes());
        if value != 1 {
            out.put_u8(b's');
        }
        empty = false;
        after_negative = value < 0;
    }
    if empty || interval.time_us != 0 {
        if !empty {
            out.put_u8(b' ');
        }
        if interval.time_us < 0 {
            out.put_u8(b'-');
        } else if after_negative {
            out.put_u8(b'+');
        }
        let time_us = interval.time_us.unsigned_abs();
        let seconds = i64::try_from(time_us / 1_000_000).unwrap_or(i64::MAX);
        write_padded(seconds / 3600, 2, out);
        out.put_u8(b':');
        write_padded(seconds / 60 % 60, 2, out);
        out.put_u8(b':');
        write_padded(seconds % 60, 2, out);
        write_fraction(i64::try_from(time_us % 1_000_000).unwrap_or_default(), out);
    }
}

/// Reads the `postgres` and `verbose` styles (`1 day 02:03`, `@ 1 hour ago`, `1.5 weeks`), ISO 8601 (`P1DT2H`) and a
/// plain number of seconds.
///
/// # Errors
/// No interval, or too long.
pub fn parse(text: &str) -> Result<Interval> {
    let trimmed = text.trim();
    let sum = match trimmed.strip_prefix('P') {
        Some(iso) => parse_iso(iso),
        None => parse_words(trimmed),
    };
    sum.ok_or_else(|| invalid_datetime("interval", text))?.finish().ok_or_else(|| datetime_out_of_range(text))
}

/// Sums in wide integers, so that only the total can overflow.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    time_us: i128,
}

impl Sum {
    /// Adds `number` (text with an optional sign and fraction) of `unit`.
    fn add(&mut self, number: &str, unit: Unit) -> Option<()> {
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || whole.len() > 18 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // Millionths of the unit, rounded.
        let mut millionths: i128 = 0;
        for at in 0..6 {
            millionths = millionths * 10 + fraction.as_bytes().get(at).map_or(0, |digit| i128::from(digit - b'0'));
        }
        millionths += i128::from(fraction.as_bytes().get(6).is_some_and(|digit| *digit >= b'5'));
        match unit {
            Unit::Months(each) => {
                let parts = millionths * i128::from(each);
                self.months += sign * (whole * i128::from(each) + parts / 1_000_000);
                // What is left of a month counts as 30 days of 24 hours.
                let day_millionths = parts % 1_000_000 * 30;
                self.days += sign * (day_millionths / 1_000_000);
                self.time_us += sign * (day_millionths % 1_000_000 * 86_400);
            }
            Unit::Days(each) => {
                let parts = millionths * i128::from(each);
                self.days += sign * (whole * i128::from(each) + parts / 1_000_000);
                self.time_us += sign * (parts % 1_000_000 * 86_400);
            }
            Unit::Micros(each) => self.time_us += sign * (whole * i128::from(each) + millionths * i128::from(each) / 1_000_000),
        }
        Some(())
    }

    fn finish(self) -> Option<Interval> {
        Some(Interval {
            months: i32::try_from(self.months).ok()?,
            days: i32::try_from(self.days).ok()?,
            time_us: i64::try_from(self.time_us).ok()?,
        })
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Months(i64),
    Days(i64),
    Micros(i64),
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word.to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" => Unit::Micros(1),
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" => Unit::Micros(1000),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Micros(1_000_000),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Micros(60_000_000),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Micros(3_600_000_000),
        "d" | "day" | "days" => Unit::Days(1),
        "w" | "week" | "weeks" => Unit::Days(7),
        "mon" | "mons" | "month" | "months" => Unit::Months(1),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        "decade" | "decades" | "dec" | "decs" => Unit::Months(120),
        "century" | "centuries" | "cent" | "c" => Unit::Months(1200),
        "millennium" | "millennia" | "mil" | "mils" => Unit::Months(12_000),
        _ => return None,
    })
}

fn parse_words(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut rest = text.strip_prefix('@').unwrap_or(text).trim_start();
    let mut ago = false;
    let mut parts = 0;
    while !rest.is_empty() {
        if rest.eq_ignore_ascii_case("ago") && parts > 0 {
            ago = true;
            break;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.' | ':')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        if number.is_empty() {
            return None;
        }
        let after = after.trim_start();
        if number.contains(':') {
            add_clock(&mut sum, number)?;
            rest = after;
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let (word, behind) = after.split_at(end);
            if let Some((years, months)) = number[1..].split_once('-').filter(|_| word.is_empty()) {
                // `1-2` is a year and two months, and so is `-1-2` with both below zero.
                let (sign, years) = (if number.starts_with('-') { "-" } else { "" }, &number[..years.len() + 1]);
                sum.add(years, Unit::Months(12))?;
                sum.add(&format!("{sign}{months}"), Unit::Months(1))?;
                rest = after;
            } else if word.is_empty() && after.find(' ').map_or(after, |end| &after[..end]).contains(':') {
                // A number before a clock is one of days.
                sum.add(number, Unit::Days(1))?;
                rest = after;
            } else if word.is_empty() || word.eq_ignore_ascii_case("ago") {
                sum.add(number, Unit::Micros(1_000_000))?;
                rest = after;
            } else {
                sum.add(number, unit(word)?)?;
                rest = behind.trim_start();
            }
        }
        parts += 1;
    }
    if ago {
        sum = Sum { months: -sum.months, days: -sum.days, time_us: -sum.time_us };
    }
    (parts > 0).then_some(sum)
}

/// `[-]HH:MM[:SS[.ffffff]]`.
fn add_clock(sum: &mut Sum, clock: &str) -> Option<()> {
    let (sign, clock) = match clock.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", clock.strip_prefix('+').unwrap_or(clock)),
    };
    let mut parts = clock.split(':');
    for each in [3_600_000_000, 60_000_000, 1_000_000] {
        match parts.next() {
            Some(part) if part.starts_with(['+', '-']) => return None,
            Some(part) => sum.add(&format!("{sign}{part}"), Unit::Micros(each))?,
            None => break,
        }
    }
    parts.next().is_none().then_some(())
}

/// What follows the `P`: `1Y2M3W4DT5H6M7.8S`.
fn parse_iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_time = true;
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let number = &rest[..end];
        let unit = match (rest.as_bytes()[end], in_time) {
            (b'Y', false) => Unit::Months(12),
            (b'M', false) => Unit::Months(1),
            (b'W', false) => Unit::Days(7),
            (b'D', false) => Unit::Days(1),
            (b'H', true) => Unit::Micros(3_600_000_000),
            (b'M', true) => Unit::Micros(60_000_000),
            (b'S', true) => Unit::Micros(1_000_000),
            _ => return None,
        };
        sum.add(number, unit)?;
        rest = &rest[end + 1..];
        parts += 1;
    }
    (parts > 0).then_some(sum)
}

/// The binary form: microseconds, days, months.
pub fn write_binary(interval: Interval, out: &mut BytesMut) {
    out.put_i64(interval.time_us);
    out.put_i32(interval.days);
    out.put_i32(interval.months);
}

/// Reads the binary form.
///
/// # Errors
/// A length other than 16.
pub fn from_binary(mut bytes: &[u8]) -> Result<Interval> {
    if bytes.len() != 16 {
        return Err(invalid_binary("interval"));
    }
    Ok(Interval { time_us: bytes.get_i64(), days: bytes.get_i32(), months: bytes.get_i32() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(interval: Interval) -> String {
        let mut out = BytesMut::new();
        write_text(interval, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn shown_as_postgresql_does() {
        for (text, expected) in [
            ("1 year 2 months 3 days 04:05:06.7", "1 year 2 mons 3 days 04:05:06.7"),
            ("-1 year 2 days", "-1 years +2 days"),
            ("-1 day 02:03", "-1 days +02:03:00"),
            ("1 day -02:03", "1 day -02:03:00"),
            ("@ 1 hour 30 mins ago", "-01:30:00"),
            ("1.5 days", "1 day 12:00:00"),
            ("1.5 months", "1 mon 15 days"),
            ("2 weeks", "14 days"),
            ("90", "00:01:30"),
            ("P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"),
            ("0", "00:00:00"),
            ("100:00", "100:00:00"),
        ] {
            assert_eq!(show(parse(text).unwrap()), expected, "{text}");
        }
        for text in ["", "day", "1 fortnight", "1 day day", "P", "PT", "P1H", "1:2:3:4", "ago"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("999999999999 years").unwrap_err().to_string().contains("out of range"));
    }

    proptest! {
        #[test]
        fn both_forms_come_back(months: i32, days: i32, time_us in -9_000_000_000_000_000i64..9_000_000_000_000_000) {
            let interval = Interval { months, days, time_us };
            prop_assert_eq!(parse(&show(interval)).unwrap(), interval);
            let mut out = BytesMut::new();
            write_binary(interval, &mut out);
            prop_assert_eq!(from_binary(&out).unwrap(), interval);
        }
    }
}
