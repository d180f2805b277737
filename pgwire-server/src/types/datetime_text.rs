//! Reads dates and times as people and programs write them: ISO 8601 with its shortcuts, month names, `AM`/`PM`, `BC`,
//! zones. Shared by `date`, `time`, `timestamp` and `timestamptz`.
//!
//! A slash date is month first (`MM/DD/YYYY`), as PostgreSQL's default `DateStyle` has it.

use super::civil;
use super::zone::{Zone, parse_offset};

/// What a text says; missing parts are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Year (1 BC is 0), month, day: a day that exists.
    pub date: Option<(i64, u32, u32)>,
    /// Microseconds since midnight, up to and with 24:00.
    pub time_us: Option<i64>,
    /// The zone that is named.
    pub zone: Option<Zone>,
    /// A word that stands for a moment.
    pub special: Option<Special>,
}

/// Words that stand for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// `infinity`.
    Infinity,
    /// `-infinity`.
    MinusInfinity,
    /// 1970-01-01 00:00 UTC.
    Epoch,
}

/// Why a text is no date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not look like one.
    Syntax,
    /// It looks like one, but there is no such day or hour.
    Range,
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The Julian day of 1970-01-01.
const JULIAN_EPOCH_DAYS: i64 = 2_440_588;

/// Longest text that is looked at, in bytes.
const TEXT_BYTES_MAX: usize = 128;

/// Reads `text`.
///
/// # Errors
/// [`Fault`].
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
        return Err(Fault::Syntax);
    }
    let special = match text.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" | "inf" => Some(Special::Infinity),
        "-infinity" | "-inf" => Some(Special::MinusInfinity),
        "epoch" => Some(Special::Epoch),
        _ => None,
    };
    if special.is_some() {
        return Ok(Parsed { special, ..Parsed::default() });
    }
    if let Some(days) = julian(text) {
        return Ok(Parsed { date: Some(civil::date(days)), ..Parsed::default() });
    }
    let mut reader = Reader::default();
    let mut rest = text;
    while !rest.is_empty() {
        rest = reader.token(rest)?;
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
    }
    reader.finish()
}

/// Whether a text is a number that could be a day or a month, and nothing else.
pub fn is_lone_number(text: &str) -> bool {
    let text = text.trim();
    (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `J2451187`: days since the beginning of 4713 BC, as days since 1970.
fn julian(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['J', 'j']).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(digits.parse::<i64>().ok()? - JULIAN_EPOCH_DAYS)
}

/// Collects what the tokens say.
#[derive(Default)]
struct Reader {
    year: Option<i64>,
    year_digits: usize,
    month: Option<u32>,
    day: Option<u32>,
    time_us: Option<i64>,
    zone: Option<Zone>,
    afternoon: Option<bool>,
    before_christ: bool,
}

impl Reader {
    /// Reads the token at the start of `text`; what follows it.
    fn token<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let first = text.as_bytes()[0];
        if first.is_ascii_digit() {
            self.number(text)
        } else if first == b'+' || first == b'-' {
            let end = text[1..].find(|c: char| !c.is_ascii_digit() && c != ':').map_or(text.len(), |at| at + 1);
            if self.zone.is_some() || self.time_us.is_none() && self.day.is_none() {
                return Err(Fault::Syntax);
            }
            self.zone = Some(Zone::Fixed(parse_offset(&text[..end]).ok_or(Fault::Syntax)?));
            Ok(&text[end..])
        } else if first.is_ascii_alphabetic() {
            self.word(text)
        } else {
            Err(Fault::Syntax)
        }
    }

    fn number<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let separator = text.as_bytes().get(digits).copied();
        match separator {
            Some(b':') => self.clock(text),
            Some(b'-' | b'/' | b'.') if self.month.is_none() && self.time_us.is_none() => self.date(text),
            _ if self.date_is_known() && self.time_us.is_none() && matches!(digits, 4 | 6) => self.compact_clock(text, digits),
            _ if digits == 8 && self.month.is_none() => {
                self.set_year(&text[..4])?;
                self.month = Some(number(&text[4..6])?);
                self.day = Some(number(&text[6..8])?);
                Ok(&text[8..])
            }
            _ if digits <= 2 && self.day.is_none() => {
                self.day = Some(number(&text[..digits])?);
                Ok(&text[digits..])
            }
            _ if (3..=6).contains(&digits) && self.year.is_none() => {
                self.set_year(&text[..digits])?;
                Ok(&text[digits..])
            }
            _ => Err(Fault::Syntax),
        }
    }

    fn date_is_known(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    fn set_year(&mut self, digits: &str) -> Result<(), Fault> {
        let year: i64 = number(digits)?;
        self.year_digits = digits.len();
        self.year = Some(year);
        Ok(())
    }

    /// `2024-01-31`, `1/31/2024`, `31-Jan-2024`, `2024.01.31`.
    fn date<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let separator = text.bytes().find(|byte| !byte.is_ascii_digit()).ok_or(Fault::Syntax)?;
        let mut parts = Vec::with_capacity(3);
        let mut rest = text;
        loop {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            // The T that separates date and time belongs to neither.
            let part = &rest[..end];
            let end = match part.find(['T', 't']) {
                Some(at) if parts.len() == 2 && part.as_bytes()[..at].iter().all(u8::is_ascii_digit) => at,
                _ => end,
            };
            parts.push(&rest[..end]);
            rest = &rest[end..];
            if parts.len() == 3 || rest.as_bytes().first() != Some(&separator) {
                break;
            }
            rest = &rest[1..];
        }
        let [a, b, c] = parts[..] else { return Err(Fault::Syntax) };
        let (year, month, day) = if a.len() >= 3 {
            (a, b, c)
        } else if b.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
            (c, b, a)
        } else {
            (c, a, b)
        };
        self.set_year(year)?;
        self.month = Some(match month_number(month) {
            Some(month) => month,
            None => number(month)?,
        });
        self.day = Some(number(day)?);
        Ok(rest)
    }

    /// `12:34`, `12:34:56`, `12:34:56.789`.
    fn clock<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(text.len());
        let (clock, rest) = text.split_at(end);
        let mut parts = clock.split(':');
        let hour: i64 = number(parts.next().unwrap_or_default())?;
        let minute: i64 = number(parts.next().ok_or(Fault::Syntax)?)?;
        let (second, fraction_us) = match parts.next() {
            Some(seconds) => {
                let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
                (number(whole)?, fraction_us(fraction)?)
            }
            None => (0, 0),
        };
        if parts.next().is_some() {
            return Err(Fault::Syntax);
        }
        self.set_time(hour, minute, second, fraction_us)?;
        Ok(rest)
    }

    /// `123456`, `1234`, with a fraction.
    fn compact_clock<'a>(&mut self, text: &'a str, digits: usize) -> Result<&'a str, Fault> {
        let second = if digits == 6 { number(&text[4..6])? } else { 0 };
        let mut rest = &text[digits..];
        let mut micros = 0;
        if digits == 6 && rest.starts_with('.') {
            let end = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |at| at + 1);
            micros = fraction_us(&rest[1..end])?;
            rest = &rest[end..];
        }
        self.set_time(number(&text[..2])?, number(&text[2..4])?, second, micros)?;
        Ok(rest)
    }

    fn set_time(&mut self, hour: i64, minute: i64, second: i64, fraction_us: i64) -> Result<(), Fault> {
        if self.time_us.is_some() {
            return Err(Fault::Syntax);
        }
        // A leap second is read as the first of the next minute.
        let time_us = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us;
        if hour > 24 || minute > 59 || second > 60 || time_us > civil::DAY_US {
            return Err(Fault::Range);
        }
        self.time_us = Some(time_us);
        Ok(())
    }

    fn word<'a>(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let end = text.find(|c: char| !c.is_ascii_alphabetic() && c != '/' && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        if let Some(month) = month_number(word) {
            // `Jan 31`: a lone number before was the day.
            if self.month.replace(month).is_some() {
                return Err(Fault::Syntax);
            }
            return Ok(rest.trim_start_matches('-'));
        }
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "t" if self.date_is_known() && self.time_us.is_none() => {}
            "at" if self.time_us.is_none() => {}
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "bc" => self.before_christ = true,
            "ad" => {}
            _ if lower.len() >= 3 && DAYS.iter().any(|day| day.starts_with(&lower)) => {}
            _ if self.zone.is_none() && self.time_us.is_some() || self.date_is_known() => {
                // A zone's name may hold digits and signs (`Etc/GMT+1`), so take all up to the next space first.
                let whole = text.split([' ', ',']).next().unwrap_or(word);
                if self.zone.is_some() {
                    return Err(Fault::Syntax);
                }
                if let Some(zone) = Zone::parse(whole) {
                    self.zone = Some(zone);
                    return Ok(&text[whole.len()..]);
                }
                self.zone = Some(Zone::parse(word).ok_or(Fault::Syntax)?);
            }
            _ => return Err(Fault::Syntax),
        }
        Ok(rest)
    }

    fn finish(mut self) -> Result<Parsed, Fault> {
        if let (Some(afternoon), Some(time_us)) = (self.afternoon, self.time_us) {
            let hour_us = 3_600_000_000;
            if !(hour_us..13 * hour_us).contains(&time_us) {
                return Err(Fault::Range);
            }
            self.time_us = Some(time_us % (12 * hour_us) + if afternoon { 12 * hour_us } else { 0 });
        }
        let date = match (self.year, self.month, self.day) {
            (Some(mut year), Some(month), Some(day)) => {
                if self.before_christ {
                    year = 1 - year;
                    if year > 0 {
                        return Err(Fault::Range);
                    }
                } else if self.year_digits <= 2 {
                    year += if year < 70 { 2000 } else { 1900 };
                } else if year == 0 {
                    return Err(Fault::Range);
                }
                if !(1..=12).contains(&month) || day == 0 || day > civil::month_days(year, month) {
                    return Err(Fault::Range);
                }
                Some((year, month, day))
            }
            (None, None, None) => None,
            _ => return Err(Fault::Syntax),
        };
        if date.is_none() && self.time_us.is_none() {
            return Err(Fault::Syntax);
        }
        Ok(Parsed { date, time_us: self.time_us, zone: self.zone, special: None })
    }
}

fn number<T: std::str::FromStr>(digits: &str) -> Result<T, Fault> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Syntax);
    }
    digits.parse().map_err(|_| Fault::Range)
}

/// Microseconds of the digits behind the point, rounded.
fn fraction_us(digits: &str) -> Result<i64, Fault> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Syntax);
    }
    let mut micros = 0;
    for at in 0..6 {
        micros = micros * 10 + digits.as_bytes().get(at).map_or(0, |digit| i64::from(digit - b'0'));
    }
    Ok(micros + i64::from(digits.as_bytes().get(6).is_some_and(|digit| *digit >= b'5')))
}

fn month_number(word: &str) -> Option<u32> {
    let lower = word.to_ascii_lowercase();
    if lower.len() < 3 {
        return None;
    }
    let at = MONTHS.iter().position(|month| month.starts_with(&lower) || (lower == "sept" && *month == "september"))?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, date: Option<(i64, u32, u32)>, clock: Option<(i64, i64, i64)>, offset: Option<i32>) {
        let parsed = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert_eq!(parsed.date, date, "{text}");
        assert_eq!(parsed.time_us, clock.map(|(h, m, us)| (h * 60 + m) * 60_000_000 + us), "{text}");
        assert_eq!(parsed.zone.map(|zone| zone.offset_at(0)), offset, "{text}");
    }

    #[test]
    fn usual_forms() {
        let day = Some((2024, 1, 31));
        check("2024-01-31", day, None, None);
        check("20240131", day, None, None);
        check("1/31/2024", day, None, None);
        check("31-Jan-2024", day, None, None);
        check("Jan 31, 2024", day, None, None);
        check("January 31 2024", day, None, None);
        check("31 jan 2024", day, None, None);
        check("2024-01-31 12:34", day, Some((12, 34, 0)), None);
        check("2024-01-31T12:34:56.789Z", day, Some((12, 34, 56_789_000)), Some(0));
        check("2024-01-31 12:34:56.1234567+05:30", day, Some((12, 34, 56_123_457)), Some(19_800));
        check("2024-01-31 12:34:56 -08", day, Some((12, 34, 56_000_000)), Some(-28_800));
        check("2024-01-31 12:34:56 Europe/Berlin", day, Some((12, 34, 56_000_000)), Some(3600));
        check("20240131T123456Z", day, Some((12, 34, 56_000_000)), Some(0));
        check("Wed, 31 Jan 2024 12:34:56 GMT", day, Some((12, 34, 56_000_000)), Some(0));
        check("Wed Jan 31 12:34:56 2024 PST", day, Some((12, 34, 56_000_000)), Some(-28_800));
        check("1/31/2024 1:05 PM", day, Some((13, 5, 0)), None);
        check("12:05 am", None, Some((0, 5, 0)), None);
        check("2024-01-31 24:00:00", day, Some((24, 0, 0)), None);
        check("0044-03-15 BC", Some((-43, 3, 15)), None, None);
        check("294276-12-31 23:59:59", Some((294_276, 12, 31)), Some((23, 59, 59_000_000)), None);
        assert_eq!(parse("-infinity").unwrap().special, Some(Special::MinusInfinity));
    }

    #[test]
    fn faults() {
        for text in ["2023-02-29", "2024-13-01", "2024-00-01", "2024-01-31 25:00", "2024-01-31 12:60", "0000-01-01", "13:00 PM"] {
            assert_eq!(parse(text), Err(Fault::Range), "{text}");
        }
        for text in [
            "",
            "hello",
            "2024",
            "2024-01",
            "12",
            "2024-01-31 12:34:56 Mars/Olympus",
            "2024-01-31 12:34 12:35",
            "2024-01-31x",
            "+05",
            "٢",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
