//! The time at the start of a raw line, in the places where loggers put it.
//!
//! Tried in this order: at the very start; behind brackets or a syslog priority; in the second or third column; as a count
//! of seconds in the columns that cluster logs use; in the brackets of a web server's access log.

use super::cursor::Cursor;
use super::{date, epoch};

/// How far into a line a time is looked for, in bytes.
const REACH: usize = 256;
/// How many columns may stand before a count of seconds.
const EPOCH_COLUMNS: usize = 6;

/// The time of a line, if it has one where times usually are.
pub(super) fn read(line: &[u8], now_us: i64) -> Option<i64> {
    let head = &line[..line.len().min(REACH)];
    let start = undecorated(head);
    let mut cursor = Cursor::new(start);
    if let Some(us) = epoch::leading(&mut cursor) {
        return Some(us);
    }
    date::read(&mut cursor, now_us).or_else(|| epoch_column(head)).or_else(|| later_column(head)).or_else(|| access_log(head))
}

/// Without what loggers put around or before a time: spaces, a byte order mark, `[`, `(`, `"`, `<34>1 `.
fn undecorated(head: &[u8]) -> &[u8] {
    let mut head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if let Some(rest) = head.strip_prefix(b"<") {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>') {
            head = &rest[digits + 1..];
            head = head.strip_prefix(b"1 ").unwrap_or(head);
        }
    }
    let start = head.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'[' | b'(' | b'"' | b'\'')).count();
    &head[start..]
}

fn columns(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| matches!(byte, b' ' | b'\t')).filter(|column| !column.is_empty())
}

/// `- 1117838570 2005.06.03 ...` of BlueGene and Thunderbird, whose first column is an alert; `134681 node-246 ... 1077804742`,
/// whose first column is the number of the record.
fn epoch_column(head: &[u8]) -> Option<i64> {
    let seconds = |column: &[u8]| {
        let mut cursor = Cursor::new(column);
        let us = (column.len() == 10).then(|| epoch::leading(&mut cursor))??;
        cursor.rest().is_empty().then_some(us)
    };
    let is_date = |column: &[u8]| {
        let mut cursor = Cursor::new(column);
        date::year_first(&mut cursor, 0).is_some() && cursor.rest().is_empty()
    };
    let mut all = columns(head);
    let first = all.next()?;
    let second = all.next()?;
    if let Some(us) = seconds(second)
        && all.next().is_some_and(is_date)
    {
        return Some(us);
    }
    if !first.iter().all(u8::is_ascii_digit) {
        return None;
    }
    columns(head).skip(1).take(EPOCH_COLUMNS).find_map(seconds)
}

/// A full date in the second or third column, behind a file or host name.
fn later_column(head: &[u8]) -> Option<i64> {
    let mut rest = head;
    for _ in 0..2 {
        let column = rest.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
        rest = undecorated(&rest[column..]);
        let mut cursor = Cursor::new(rest);
        if let Some(us) = date::year_first(&mut cursor, 0).filter(|_| cursor.at_boundary() && rest.contains(&b':')) {
            return Some(us);
        }
    }
    None
}

/// `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET ..."`.
fn access_log(head: &[u8]) -> Option<i64> {
    let open = head.iter().position(|byte| *byte == b'[')?;
    date::day_month_name(&mut Cursor::new(&head[open + 1..]), 0)
}
