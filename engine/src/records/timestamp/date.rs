//! Dates with their times, one function a family of spellings. Each reads from the start and leaves the rest.

use super::civil::{DAY_US, days, days_near};
use super::clock_time::{packed_time_of_day, time_of_day, zone};
use super::cursor::Cursor;

/// A reader of one family: a time in microseconds since 1970, or nothing. `now_us` gives a missing year.
type Family = fn(&mut Cursor<'_>, i64) -> Option<i64>;

/// The families in the order in which they are tried; a text fits at most one, but for the two-digit dates, where the year
/// first wins.
const FAMILIES: [Family; 9] =
    [year_first, packed, day_month_name, month_name, short_year_first, numbers_with_year_last, month_day, hdfs, glog];

/// The time that starts here, and is not part of a longer word.
pub(super) fn read(cursor: &mut Cursor<'_>, now_us: i64) -> Option<i64> {
    FAMILIES.iter().find_map(|family| {
        let mut attempt = cursor.clone();
        let us = family(&mut attempt, now_us)?;
        attempt.at_boundary().then(|| *cursor = attempt)?;
        Some(us)
    })
}

fn instant(days: i64, time_us: i64, zone_us: i64) -> Option<i64> {
    days.checked_mul(DAY_US)?.checked_add(time_us - zone_us)
}

/// `2026-03-01T00:00:00.301Z`, `2015-10-18 18:01:47,978`, `2005-06-03-15.42.50.675872`, `2026/03/01 1:02 +0200`,
/// `2005.06.03`: year, month, day with equal separators, then perhaps a time.
pub(super) fn year_first(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    let year = cursor.digits(4)?;
    let separator = cursor.byte_of(b"-/.")?;
    let month = cursor.digits_up_to(2)?;
    cursor.accept(separator).then_some(())?;
    let day = days(year, month, cursor.digits_up_to(2)?)?;
    let before_time = cursor.clone();
    if cursor.byte_of(b"Tt -_:,").is_some() {
        if before_time.peek() == Some(b',') {
            cursor.accept(b' ');
        }
        if let Some(time_us) = time_of_day(cursor) {
            return instant(day, time_us, zone(cursor)?);
        }
        let spaced = matches!(before_time.peek(), Some(b' ' | b','));
        *cursor = before_time;
        // A date alone is a time at midnight, but not if it runs on into something else.
        spaced.then_some(())?;
    }
    instant(day, 0, 0)
}

/// `20171223-22:15:29:606`, `20260301T120000Z`, `20260301120000`, `20260301 12:00:00`.
fn packed(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    let run = cursor.digit_run();
    if run != 8 && run != 14 {
        return None;
    }
    let (year, month, day) = (cursor.digits(4)?, cursor.digits(2)?, cursor.digits(2)?);
    let day = (1900..=2999).contains(&year).then(|| days(year, month, day))??;
    let time_us = if run == 14 {
        packed_time_of_day(cursor)?
    } else if cursor.byte_of(b"T- _").is_some() {
        let mut spaced = cursor.clone();
        match time_of_day(&mut spaced) {
            Some(time_us) => {
                *cursor = spaced;
                time_us
            }
            None => packed_time_of_day(cursor)?,
        }
    } else {
        0
    };
    instant(day, time_us, zone(cursor)?)
}

/// `10/Oct/2000:13:55:36 -0700`, `04-Dec-2005 04:47:44`, `Sun, 04 Dec 2005 04:47:44 +0000`.
pub(super) fn day_month_name(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    if cursor.peek()?.is_ascii_alphabetic() {
        is_weekday(&cursor.word()?).then_some(())?;
        cursor.accept(b',');
        cursor.skip_spaces();
    }
    let day = cursor.digits_up_to(2)?;
    let separator = cursor.byte_of(b"/- ")?;
    let month = month_number(&cursor.word()?)?;
    cursor.accept(separator).then_some(())?;
    let day = days(cursor.digits(4)?, month, day)?;
    cursor.byte_of(b": T")?;
    instant(day, time_of_day(cursor)?, zone(cursor)?)
}

/// `Jun 14 15:16:01`, `Jul  1 09:00:55.123`, `Sun Dec 04 04:47:44 2005`, `Dec 4 2005 04:47:44`, `Dec 04, 2005 4:47:44 AM`.
fn month_name(cursor: &mut Cursor<'_>, now_us: i64) -> Option<i64> {
    let mut word = cursor.word()?;
    if is_weekday(&word) {
        cursor.accept(b',');
        cursor.skip_spaces();
        word = cursor.word()?;
    }
    let month = month_number(&word)?;
    cursor.accept(b' ').then_some(())?;
    cursor.skip_spaces();
    let day = cursor.digits_up_to(2)?;
    cursor.accept(b',');
    cursor.accept(b' ').then_some(())?;
    if cursor.digit_run() == 4 {
        let day = days(cursor.digits(4)?, month, day)?;
        cursor.byte_of(b" ,")?;
        cursor.skip_spaces();
        return instant(day, time_of_day(cursor)?, zone(cursor)?);
    }
    let time_us = time_of_day(cursor)?;
    // Unix `date` puts a zone before the year.
    let zone_us = zone(cursor)?;
    let before_year = cursor.clone();
    if cursor.accept(b' ')
        && cursor.digit_run() == 4
        && let Some(year) = cursor.digits(4)
        && (1900..=2999).contains(&year)
        && cursor.at_boundary()
    {
        return instant(days(year, month, day)?, time_us, zone_us);
    }
    *cursor = before_year;
    instant(days_near(month, day, time_us, now_us)?, time_us, zone_us)
}

/// `17/06/09 20:10:40`, `17-06-09 20:10:40`: two digits of a year, 1970 to 2069.
fn short_year_first(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    let year = cursor.digits(2)?;
    let separator = cursor.byte_of(b"/-")?;
    let month = cursor.digits(2)?;
    cursor.accept(separator).then_some(())?;
    let day = days(full_year(year), month, cursor.digits(2)?)?;
    cursor.byte_of(b" T")?;
    instant(day, time_of_day(cursor)?, zone(cursor)?)
}

/// `06/09/2017 20:10:40` as month/day, `09.06.2017 20:10:40` as day.month, `15/06/2017` as day/month because no month is 15.
fn numbers_with_year_last(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    let first = cursor.digits_up_to(2)?;
    let separator = cursor.byte_of(b"/-.")?;
    let second = cursor.digits_up_to(2)?;
    cursor.accept(separator).then_some(())?;
    let year = cursor.digits(4)?;
    let (month, day) = if separator == b'/' && first <= 12 { (first, second) } else { (second, first) };
    let day = days(year, month, day)?;
    cursor.byte_of(b" T,:")?;
    cursor.skip_spaces();
    instant(day, time_of_day(cursor)?, zone(cursor)?)
}

/// `03-17 16:13:38.811`, `10.30 16:49:06`: no year.
fn month_day(cursor: &mut Cursor<'_>, now_us: i64) -> Option<i64> {
    let month = cursor.digits(2)?;
    cursor.byte_of(b"-./")?;
    let day = cursor.digits(2)?;
    cursor.accept(b' ').then_some(())?;
    let time_us = time_of_day(cursor)?;
    instant(days_near(month, day, time_us, now_us)?, time_us, zone(cursor)?)
}

/// `081109 203615`, `081109 20:36:15`: year, month and day in two digits each.
fn hdfs(cursor: &mut Cursor<'_>, _now_us: i64) -> Option<i64> {
    if cursor.digit_run() != 6 {
        return None;
    }
    let (year, month, day) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    let day = days(full_year(year), month, day)?;
    cursor.accept(b' ').then_some(())?;
    cursor.skip_spaces();
    let time_us = if cursor.digit_run() == 6 { packed_time_of_day(cursor)? } else { time_of_day(cursor)? };
    instant(day, time_us, 0)
}

/// `I0614 15:16:01.123456`: a letter of severity, month and day.
fn glog(cursor: &mut Cursor<'_>, now_us: i64) -> Option<i64> {
    cursor.byte_of(b"IWEFD")?;
    (cursor.digit_run() == 4).then_some(())?;
    let (month, day) = (cursor.digits(2)?, cursor.digits(2)?);
    cursor.accept(b' ').then_some(())?;
    let time_us = time_of_day(cursor)?;
    instant(days_near(month, day, time_us, now_us)?, time_us, 0)
}

fn full_year(two_digits: i64) -> i64 {
    if two_digits < 70 { 2000 + two_digits } else { 1900 + two_digits }
}

fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3 && NAMES.iter().any(|name| name.starts_with(word))
}

fn month_number(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let matches = |name: &&str| word.len() >= 3 && name.starts_with(word) || (word == "sept" && **name == *"september");
    (1..).zip(NAMES).find(|(_, name)| matches(name)).map(|(number, _)| number)
}
