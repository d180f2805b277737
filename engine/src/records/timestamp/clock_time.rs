//! Times of day and their zones: `15:16:01`, `22:15:29:606`, `15.42.50.675872`, `08:10:40.5 PM +02:00`.

use super::cursor::Cursor;

/// Reads hours, minutes, perhaps seconds and a fraction, perhaps AM or PM; returns microseconds since midnight. A leap
/// second counts as the first of the next minute. Digits past microseconds are cut.
pub(super) fn time_of_day(cursor: &mut Cursor<'_>) -> Option<i64> {
    let hour = cursor.digits_up_to(2)?;
    let separator = cursor.byte_of(b":.")?;
    let minute = cursor.digits_up_to(2)?;
    let mut fraction_us = 0;
    let mut second = 0;
    if cursor.accept(separator) {
        second = cursor.digits_up_to(2)?;
        if let Some(point @ (b'.' | b',' | b':')) = cursor.peek()
            && cursor.peek_at(1).is_some_and(|byte| byte.is_ascii_digit())
        {
            cursor.skip(1);
            // Behind a colon stands a count of milliseconds, which has no zeros in front.
            fraction_us = if point == b':' { cursor.digits_up_to(3)? * 1_000 } else { fraction(cursor)? };
        }
    } else if separator == b'.' {
        return None;
    }
    let hour = half_day(cursor, hour)?;
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute, second, fraction_us) != (0, 0, 0)) {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us)
}

/// Six digits without separators.
pub(super) fn packed_time_of_day(cursor: &mut Cursor<'_>) -> Option<i64> {
    let (hour, minute, second) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    let mut fraction_us = 0;
    if let Some(b'.' | b',') = cursor.peek()
        && cursor.peek_at(1).is_some_and(|byte| byte.is_ascii_digit())
    {
        cursor.skip(1);
        fraction_us = fraction(cursor)?;
    }
    (hour <= 23 && minute <= 59 && second <= 60).then_some(((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us)
}

/// Digits behind the point as microseconds.
pub(super) fn fraction(cursor: &mut Cursor<'_>) -> Option<i64> {
    let (mut value, mut unit) = (0, 100_000);
    let mut some = false;
    while let Some(digit) = cursor.digit() {
        value += digit * unit;
        unit /= 10;
        some = true;
    }
    some.then_some(value)
}

fn half_day(cursor: &mut Cursor<'_>, hour: i64) -> Option<i64> {
    let start = cursor.clone();
    cursor.accept(b' ');
    let after = match cursor.word().as_deref() {
        Some("am") => 0,
        Some("pm") => 12,
        _ => {
            *cursor = start;
            return Some(hour);
        }
    };
    (1..=12).contains(&hour).then_some(hour % 12 + after)
}

/// Reads a zone and returns what is to be subtracted to get UTC, microseconds. No zone is UTC.
pub(super) fn zone(cursor: &mut Cursor<'_>) -> Option<i64> {
    let start = cursor.clone();
    let spaced = cursor.accept(b' ');
    match cursor.peek() {
        Some(b'Z' | b'z') if !cursor.peek_at(1).is_some_and(|byte| byte.is_ascii_alphanumeric()) => {
            cursor.skip(1);
            Some(0)
        }
        // After a space a minus is more often a dash between columns than the sign of a zone, unless four digits follow.
        Some(sign @ (b'+' | b'-')) if cursor.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) => {
            cursor.skip(1);
            match offset(cursor, spaced) {
                Some(offset_us) => Some(if sign == b'-' { -offset_us } else { offset_us }),
                None if spaced => {
                    *cursor = start;
                    Some(0)
                }
                None => None,
            }
        }
        Some(b'U' | b'G' | b'u' | b'g') => {
            let named = cursor.word().is_some_and(|word| matches!(word.as_str(), "utc" | "gmt"));
            if !named {
                *cursor = start;
                return Some(0);
            }
            match cursor.peek() {
                Some(b'+' | b'-') => zone(cursor),
                _ => Some(0),
            }
        }
        _ => {
            *cursor = start;
            Some(0)
        }
    }
}

/// `hh`, `hhmm` or `hh:mm`; only the longer two if `long`.
fn offset(cursor: &mut Cursor<'_>, long: bool) -> Option<i64> {
    let hours = cursor.digits(2)?;
    let colon = cursor.accept(b':');
    let minutes = match cursor.digits(2) {
        Some(minutes) => minutes,
        None if colon || long => return None,
        None => 0,
    };
    (hours <= 18 && minutes <= 59).then_some((hours * 60 + minutes) * 60_000_000)
}
