//! `to_date`, `to_timestamp` and `to_number`: text by a template of PostgreSQL's patterns.

use datafusion::common::Result;
use strata_engine::error::DataFault;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;
use crate::types::civil::{self, DAY_US};

/// Names of months.
pub(super) const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
/// Names of days.
pub(super) const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Patterns, those first that others begin with.
const PATTERNS: [&str; 54] = [
    "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "IDDD", "ID", "IW", "I", "MONTH", "MON", "MM", "MI", "MS", "DAY",
    "DDD", "DD", "DY", "D", "HH24", "HH12", "HH", "SSSSS", "SSSS", "SS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "A.M.",
    "P.M.", "AM", "PM", "A.D.", "B.C.", "AD", "BC", "CC", "WW", "W", "Q", "J", "RM", "TZH", "TZM", "TZ", "OF", "FX",
];

/// The pattern at the beginning of a template, as it is written there.
pub(super) fn pattern(template: &str) -> Option<&str> {
    PATTERNS.iter().find_map(|pattern| template.get(..pattern.len()).filter(|start| start.eq_ignore_ascii_case(pattern)))
}

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "to_date",
        overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Date, |row| {
            Ok(Value::Int(Fields::read(row.text(0), row.text(1))?.local_us()?.div_euclid(DAY_US)))
        })],
    },
    Function {
        name: "to_timestamp",
        overloads: &[
            Overload::new(&[Kind::Float], Kind::Timestamptz, seconds),
            Overload::new(&[Kind::Text, Kind::Text], Kind::Timestamptz, |row| {
                let local = Fields::read(row.text(0), row.text(1))?.local_us()?;
                row.style
                    .zone
                    .to_utc(local)
                    .map(Value::Int)
                    .ok_or_else(|| fault::data(DataFault::DatetimeOverflow, "timestamp out of range"))
            }),
        ],
    },
    Function { name: "to_number", overloads: &[Overload::new(&[Kind::Text, Kind::Text], Kind::Numeric, number)] },
];

fn seconds(row: &Row) -> Result<Value> {
    let seconds = row.float(0);
    if seconds.is_nan() {
        return Err(fault::data(DataFault::DatetimeOverflow, "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        return Ok(Value::Int(if seconds > 0.0 { i64::MAX } else { i64::MIN }));
    }
    if seconds.abs() > 9e12 {
        return Err(fault::data(DataFault::DatetimeOverflow, format!("timestamp out of range: \"{seconds}\"")));
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked two lines above")]
    Ok(Value::Int((seconds * 1e6).round_ties_even() as i64))
}

/// What a text says by its template.
#[derive(Debug)]
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: Option<i64>,
    hour: i64,
    twelve: bool,
    afternoon: bool,
    minute: i64,
    second: i64,
    micros: i64,
    before_christ: bool,
}

impl Fields {
    fn read(text: &str, template: &str) -> Result<Self> {
        let mut fields = Self {
            year: 0,
            month: 1,
            day: 1,
            day_of_year: None,
            hour: 0,
            twelve: false,
            afternoon: false,
            minute: 0,
            second: 0,
            micros: 0,
            before_christ: false,
        };
        let (mut rest, mut template) = (text, template);
        while !template.is_empty() {
            let behind = template.strip_prefix("FM").or_else(|| template.strip_prefix("fm")).unwrap_or(template);
            if let Some(word) = pattern(behind) {
                template = &behind[word.len()..];
                // Where another number follows at once, this one has as many digits as its pattern.
                let tight = pattern(template).is_some();
                rest = fields.field(word, rest.trim_start(), tight)?;
                continue;
            }
            let mark = template.chars().next().unwrap_or_default();
            template = &template[mark.len_utf8()..];
            if mark == '"' {
                let end = template.find('"').unwrap_or(template.len());
                let skipped = template[..end].chars().count();
                rest = rest.char_indices().nth(skipped).map_or("", |(at, _)| &rest[at..]);
                template = template.get(end + 1..).unwrap_or_default();
            } else if let Some(first) = rest.chars().next().filter(|first| !first.is_alphanumeric()) {
                rest = &rest[first.len_utf8()..];
            }
        }
        Ok(fields)
    }

    fn field<'a>(&mut self, word: &str, text: &'a str, tight: bool) -> Result<&'a str> {
        let word = word.to_ascii_uppercase();
        let named = |names: &[&str], length: Option<usize>| {
            let found = names.iter().enumerate().find_map(|(nth, name)| {
                let name = &name[..length.unwrap_or(name.len())];
                text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|start| (nth, &text[start.len()..]))
            });
            found.ok_or_else(|| fault::data(DataFault::InvalidDatetime, format!("invalid value \"{text}\" for \"{word}\"")))
        };
        let index = |nth: usize| i64::try_from(nth).unwrap_or_default();
        match word.as_str() {
            "MONTH" => {
                let (nth, rest) = named(&MONTHS, None)?;
                self.month = index(nth) + 1;
                return Ok(rest);
            }
            "MON" => {
                let (nth, rest) = named(&MONTHS, Some(3))?;
                self.month = index(nth) + 1;
                return Ok(rest);
            }
            "DAY" => return Ok(named(&DAYS, None)?.1),
            "DY" => return Ok(named(&DAYS, Some(3))?.1),
            "AM" | "PM" => {
                let (nth, rest) = named(&["am", "pm"], None)?;
                (self.twelve, self.afternoon) = (true, nth == 1);
                return Ok(rest);
            }
            "AD" | "BC" => {
                let (nth, rest) = named(&["ad", "bc"], None)?;
                self.before_christ = nth == 1;
                return Ok(rest);
            }
            _ => {}
        }
        let width = match word.as_str() {
            "Y" | "Q" | "D" | "W" => 1,
            "YYY" | "DDD" | "MS" => 3,
            "YYYY" => 4,
            "US" => 6,
            "SSSS" | "SSSSS" => 5,
            _ => 2,
        };
        let most = if tight || word != "YYYY" { width } else { usize::MAX };
        let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let digits = &text[..end];
        let value: i64 = digits.parse().map_err(|_| {
            let shown: String = text.chars().take(width).collect();
            fault::data(DataFault::InvalidDatetime, format!("invalid value \"{shown}\" for \"{word}\""))
        })?;
        match word.as_str() {
            "YYYY" => self.year = value,
            // The nearest to 2020.
            "YY" | "YYY" | "Y" => {
                self.year = if value < 70 {
                    2000 + value
                } else if value < 100 {
                    1900 + value
                } else {
                    1000 + value
                }
            }
            "MM" => self.month = value,
            "DD" => self.day = value,
            "DDD" => self.day_of_year = Some(value),
            "HH24" => self.hour = value,
            "HH12" | "HH" => (self.hour, self.twelve) = (value, true),
            "MI" => self.minute = value,
            "SS" => self.second = value,
            "MS" => self.micros = scaled(digits, 3) * 1000,
            "US" => self.micros = scaled(digits, 6),
            _ => {}
        }
        Ok(&text[end..])
    }

    fn local_us(&self) -> Result<i64> {
        let out_of_range = || fault::data(DataFault::DatetimeOverflow, "date/time field value out of range");
        let year = match (self.before_christ, self.year) {
            (true, year) => 1 - year,
            // Without a year it is 1 BC.
            (false, year) => year,
        };
        let month = u32::try_from(self.month).ok().filter(|month| (1..=12).contains(month)).ok_or_else(out_of_range)?;
        let day = u32::try_from(self.day).ok().filter(|day| (1..=civil::month_days(year, month)).contains(day));
        let mut days = civil::days(year, month, day.ok_or_else(out_of_range)?);
        if let Some(day) = self.day_of_year {
            days = civil::days(year, 1, 1) + day - 1;
        }
        let hours = if self.twelve { 1..=12 } else { 0..=24 };
        if !hours.contains(&self.hour) || self.minute > 59 || self.second > 60 {
            return Err(out_of_range());
        }
        let hour = if self.twelve { self.hour % 12 + if self.afternoon { 12 } else { 0 } } else { self.hour };
        Ok(days * DAY_US + ((hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micros)
    }
}

/// Digits behind a point: `5` of three is 500.
fn scaled(digits: &str, width: usize) -> i64 {
    format!("{digits:0<width$}").parse().unwrap_or_default()
}

fn number(row: &Row) -> Result<Value> {
    let (text, template) = (row.text(0), row.text(1));
    let places = template.chars().skip_while(|c| !matches!(c, '.' | 'D' | 'd')).filter(|c| matches!(c, '9' | '0')).count();
    let negative = text.contains('-') || text.contains('<');
    let kept: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let (whole, fraction) = kept.split_once('.').unwrap_or((&kept, ""));
    let fraction = &fraction[..fraction.len().min(places)];
    if whole.is_empty() && fraction.is_empty() {
        return Err(fault::data(DataFault::InvalidText, format!("invalid input syntax for type numeric: \"{text}\"")));
    }
    let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| super::value::overflow())?;
    let scale = i8::try_from(fraction.len()).unwrap_or(i8::MAX);
    Ok(Value::Numeric(if negative { -digits } else { digits }, scale))
}
