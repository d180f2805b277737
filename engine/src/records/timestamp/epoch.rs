//! Times as a count since 1970: seconds, milliseconds, microseconds or nanoseconds, told apart by size.

use super::cursor::Cursor;

/// A count below this is seconds (until the year 5138), as milliseconds it would be before 1973.
const SECONDS_BELOW: i128 = 100_000_000_000;
const MILLIS_BELOW: i128 = SECONDS_BELOW * 1_000;
const MICROS_BELOW: i128 = MILLIS_BELOW * 1_000;

/// The count `text` as microseconds since 1970, exact to the last digit. An exponent is understood as far as a float
/// carries it.
pub(super) fn count(text: &str) -> Option<i64> {
    let (digits, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 30 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        let value: f64 = text.parse().ok()?;
        if !value.is_finite() || !text.bytes().any(|byte| matches!(byte, b'e' | b'E')) || value.abs() > 1e24 {
            return None;
        }
        return count(&format!("{value:.6}"));
    }
    let whole: i128 = whole.parse().ok()?;
    let unit_ns: i128 = match whole {
        w if w < SECONDS_BELOW => 1_000_000_000,
        w if w < MILLIS_BELOW => 1_000_000,
        w if w < MICROS_BELOW => 1_000,
        _ => 1,
    };
    // Nine digits behind the point of a second are a nanosecond, which is finer than what is kept.
    let nanos = format!("{fraction:0<9.9}").parse::<i128>().ok()? * unit_ns / 1_000_000_000;
    let value = whole.checked_mul(unit_ns)? + nanos;
    let us = if negative { (-value).div_euclid(1_000) } else { value.div_euclid(1_000) };
    i64::try_from(us).ok()
}

/// A count at the start of a line: ten digits of seconds with or without a fraction, or 13, 16 or 19 digits.
pub(super) fn leading(cursor: &mut Cursor<'_>) -> Option<i64> {
    let run = cursor.digit_run();
    if !matches!(run, 10 | 13 | 16 | 19) {
        return None;
    }
    let rest = cursor.rest();
    let mut length = run;
    if run == 10 && rest.get(run) == Some(&b'.') {
        let fraction = rest[run + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        length += if fraction > 0 { 1 + fraction } else { 0 };
    }
    let us = count(std::str::from_utf8(&rest[..length]).ok()?)?;
    cursor.skip(length);
    cursor.at_boundary().then_some(us)
}
