//! Times as people and programs write them, to microseconds since 1970, UTC.
//!
//! A time without a zone is UTC. A time without a year gets the latest year that puts it no more than a day after now. The
//! future and 1970 are times like others. What is not understood is `None`, never a guess.

mod civil;
mod clock_time;
mod cursor;
mod date;
mod epoch;
mod line;

use cursor::Cursor;

/// Reads times, and remembers the last day it saw, because the next line is most likely of the same day.
#[derive(Debug, Clone)]
pub struct TimeReader {
    now_us: i64,
    /// `2026-03-01` as it was written, and its midnight. Nothing yet if the text is all zeros.
    day: ([u8; 10], i64),
}

impl TimeReader {
    /// A reader that takes `now_us` for now.
    pub fn new(now_us: i64) -> Self {
        Self { now_us, day: ([0; 10], 0) }
    }

    /// Moves now.
    pub fn set_now(&mut self, now_us: i64) {
        self.now_us = now_us;
    }

    /// The time that is all of `text`, spaces aside. Digits alone are a count since 1970.
    #[inline]
    pub fn text(&mut self, text: &str) -> Option<i64> {
        self.rfc3339(text.as_bytes()).or_else(|| self.any_text(text))
    }

    /// A count since 1970 in seconds, milliseconds, microseconds or nanoseconds, whichever its size says.
    pub fn number(&self, text: &str) -> Option<i64> {
        epoch::count(text)
    }

    /// The time near the start of a raw line.
    pub fn line(&mut self, line: &[u8]) -> Option<i64> {
        line::read(line, self.now_us)
    }

    /// The usual case, `2026-03-01T00:00:00.301Z`, with the day remembered.
    #[inline]
    fn rfc3339(&mut self, text: &[u8]) -> Option<i64> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let (time, rest) = rest.split_first_chunk::<9>()?;
        let (fraction, zone) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        if zone != b"Z" || !matches!(time[0], b'T' | b' ') || time[3] != b':' || time[6] != b':' {
            return None;
        }
        let digit = |byte: u8| i64::from(byte.wrapping_sub(b'0'));
        let two = |at: usize| (digit(time[at]), digit(time[at + 1]));
        let ((h1, h2), (m1, m2), (s1, s2)) = (two(1), two(4), two(7));
        let (hour, minute, second) = (h1 * 10 + h2, m1 * 10 + m2, s1 * 10 + s2);
        let digits = [h1, h2, m1, m2, s1, s2].iter().all(|digit| *digit <= 9);
        if !digits || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut fraction_us = 0;
        if let Some((point, decimals)) = fraction.split_first() {
            let mut unit = 100_000;
            if *point != b'.' || decimals.is_empty() {
                return None;
            }
            for byte in decimals {
                if digit(*byte) > 9 {
                    return None;
                }
                fraction_us += digit(*byte) * unit;
                unit /= 10;
            }
        }
        if *date != self.day.0 {
            let mut cursor = Cursor::new(date);
            let year = cursor.digits(4)?;
            let month = cursor.accept(b'-').then(|| cursor.digits(2))??;
            let day = cursor.accept(b'-').then(|| cursor.digits(2))??;
            self.day = (*date, civil::days(year, month, day)? * civil::DAY_US);
        }
        Some(self.day.1 + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us)
    }

    #[cold]
    fn any_text(&self, text: &str) -> Option<i64> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let text = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
        let mut cursor = Cursor::new(text.as_bytes());
        if let Some(us) = date::read(&mut cursor, self.now_us)
            && cursor.rest().is_empty()
        {
            return Some(us);
        }
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')).then(|| epoch::count(text))?
    }
}

#[cfg(test)]
mod tests;
