//! Times and intervals by a template: `YYYY-MM-DD HH24:MI:SS`, `FMDay, DDth "of" Month`.

use std::fmt::Write as _;

use crate::dialect::function::extract::{iso_week, weekday};
use crate::dialect::function::template::{DAYS, MONTHS, pattern};
use crate::types::civil;

const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// What a template shows. Parts of an interval may be negative; a moment's are not, but for its year.
pub(super) struct Moment {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub time_us: i64,
    /// Days since 1970; an interval has no such day.
    pub days: Option<i64>,
    /// Abbreviation of the zone.
    pub zone: &'static str,
    /// Seconds east of UTC.
    pub offset: i64,
}

/// A template, read once for many moments.
pub(super) struct Template {
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    Field {
        /// The pattern as it is written, which says the case of names.
        word: String,
        upper: String,
        /// Whether numbers and names are as wide as the widest.
        filled: bool,
        /// `TH` or `th` behind a number.
        ordinal: Option<&'static str>,
    },
}

impl Template {
    pub fn parse(template: &str) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                let inner = &rest[1..];
                let end = inner.find('"').unwrap_or(inner.len());
                text.push_str(&inner[..end]);
                rest = inner.get(end + 1..).unwrap_or_default();
                continue;
            }
            let (filled, behind) = match rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
                Some(behind) => (false, behind),
                None => (true, rest),
            };
            if let Some(word) = pattern(behind) {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                rest = &behind[word.len()..];
                let ordinal = ["TH", "th"].into_iter().find(|ordinal| rest.starts_with(*ordinal));
                rest = &rest[ordinal.map_or(0, str::len)..];
                pieces.push(Piece::Field { word: word.to_owned(), upper: word.to_ascii_uppercase(), filled, ordinal });
                continue;
            }
            let first = behind.chars().next().unwrap_or(first);
            text.push(first);
            rest = behind.get(first.len_utf8()..).unwrap_or_default();
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Self { pieces }
    }

    /// Appends what the template shows of a moment.
    pub fn show(&self, moment: &Moment, out: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field { word, upper, filled, ordinal } => {
                    let start = out.len();
                    moment.field(word, upper, *filled, out);
                    let Some(ordinal) = ordinal else { continue };
                    // Behind what is no number they are letters.
                    let suffix = match out[start..].bytes().all(|byte| byte.is_ascii_digit()) {
                        true => suffix(&out[start..]),
                        false => ordinal,
                    };
                    out.push_str(&if *ordinal == "TH" { suffix.to_uppercase() } else { suffix.to_owned() });
                }
            }
        }
    }
}

/// Appends a number with leading zeros up to a width, or without.
fn number(value: i64, width: usize, filled: bool, out: &mut String) {
    if value < 0 {
        out.push('-');
    }
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value.unsigned_abs());
    if filled {
        out.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
    }
    out.push_str(digits);
}

impl Moment {
    /// Appends one field; the commonest patterns are looked for first.
    fn field(&self, word: &str, upper: &str, filled: bool, out: &mut String) {
        let (hours, minutes, seconds) =
            (self.time_us / 3_600_000_000, self.time_us / 60_000_000 % 60, self.time_us / 1_000_000 % 60);
        let fraction = self.time_us % 1_000_000;
        let days = self.days.unwrap_or_default();
        let shown_year = if self.days.is_some() && self.year <= 0 { 1 - self.year } else { self.year };
        let twelve = if hours % 12 == 0 { 12 } else { hours % 12 };
        let month = || usize::try_from(self.month - 1).ok();
        let week_day = || DAYS[usize::try_from(weekday(days) - 1).unwrap_or_default()];
        let (value, width) = match upper {
            "YYYY" => (shown_year, 4),
            "MM" => (self.month, 2),
            "DD" => (self.day, 2),
            "HH24" => (hours, 2),
            "MI" => (minutes, 2),
            "SS" => (seconds, 2),
            "MS" | "FF3" => (fraction / 1000, 3),
            "US" | "FF6" => (fraction, 6),
            "HH12" | "HH" => (twelve, 2),
            "YYY" => (shown_year % 1000, 3),
            "YY" => (shown_year % 100, 2),
            "Y" => (shown_year % 10, 1),
            "IYYY" => (iso_week(days).0, 4),
            "IYY" => (iso_week(days).0 % 1000, 3),
            "IY" => (iso_week(days).0 % 100, 2),
            "I" => (iso_week(days).0 % 10, 1),
            "DDD" if self.days.is_some() => (days - civil::days(self.year, 1, 1) + 1, 3),
            "DDD" => (self.year * 360 + self.month * 30 + self.day, 3),
            "IDDD" => ((iso_week(days).1 - 1) * 7 + weekday(days), 3),
            "D" => (weekday(days) % 7 + 1, 1),
            "ID" => (weekday(days), 1),
            "WW" => ((days - civil::days(self.year, 1, 1)) / 7 + 1, 2),
            "IW" => (iso_week(days).1, 2),
            "W" => ((self.day - 1) / 7 + 1, 1),
            "Q" => ((self.month - 1) / 3 + 1, 1),
            "J" => (days + 2_440_588, 1),
            "CC" => ((shown_year + 99) / 100, 2),
            "SSSS" | "SSSSS" => (self.time_us / 1_000_000, 1),
            "FF1" => (fraction / 100_000, 1),
            "FF2" => (fraction / 10_000, 2),
            "FF4" => (fraction / 100, 4),
            "FF5" => (fraction / 10, 5),
            _ => {
                let text = match upper {
                    "Y,YYY" => format!("{},{:03}", shown_year / 1000, shown_year % 1000),
                    "AM" | "PM" => cased(word, if hours % 24 < 12 { "am" } else { "pm" }),
                    "A.M." | "P.M." => cased(word, if hours % 24 < 12 { "a.m." } else { "p.m." }),
                    "AD" | "BC" => cased(word, if self.year > 0 { "ad" } else { "bc" }),
                    "A.D." | "B.C." => cased(word, if self.year > 0 { "a.d." } else { "b.c." }),
                    "MONTH" => {
                        month().and_then(|month| MONTHS.get(month)).map_or_else(String::new, |name| name_of(word, name, filled))
                    }
                    "MON" => month().and_then(|month| MONTHS.get(month)).map_or_else(String::new, |name| cased(word, &name[..3])),
                    "RM" => month().and_then(|month| ROMAN.get(month)).map_or_else(String::new, |name| {
                        let name = cased(word, &name.to_lowercase());
                        if filled { format!("{name:<4}") } else { name }
                    }),
                    "DAY" => name_of(word, week_day(), filled),
                    "DY" => cased(word, &week_day()[..3]),
                    "TZ" => cased(word, self.zone),
                    "OF" | "TZH" => {
                        let mut text = format!("{}{:02}", if self.offset < 0 { '-' } else { '+' }, self.offset.abs() / 3600);
                        if upper == "OF" && self.offset % 3600 != 0 {
                            write!(text, ":{:02}", self.offset.abs() / 60 % 60).unwrap_or_default();
                        }
                        text
                    }
                    "TZM" => format!("{:02}", self.offset.abs() / 60 % 60),
                    _ => word.to_owned(),
                };
                out.push_str(&text);
                return;
            }
        };
        number(value, width, filled, out);
    }
}

/// A name in the case of its pattern: `MONTH`, `Month`, `month`.
fn cased(word: &str, name: &str) -> String {
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    match (letters.next().is_some_and(char::is_uppercase), letters.next().is_some_and(char::is_uppercase)) {
        (true, true) => name.to_uppercase(),
        (true, false) => {
            let mut characters = name.chars();
            characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
        }
        _ => name.to_lowercase(),
    }
}

/// A name as wide as the widest.
fn name_of(word: &str, name: &str, filled: bool) -> String {
    let name = cased(word, name);
    if filled { format!("{name:<9}") } else { name }
}

fn suffix(digits: &str) -> &'static str {
    if digits.len() > 1 && digits.as_bytes()[digits.len() - 2] == b'1' {
        return "th";
    }
    match digits.as_bytes().last() {
        Some(b'1') => "st",
        Some(b'2') => "nd",
        Some(b'3') => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::super::at;
    use super::Template;

    #[test]
    fn templates_are_filled() {
        let check = |template: &str, expected: &str| {
            // 2024-02-29 12:34:56.
            let mut shown = String::new();
            Template::parse(template).show(&at(1_709_210_096_000_000, "UTC", 0), &mut shown);
            assert_eq!(shown, expected, "{template}");
        };
        check("YYYY-MM-DD HH24:MI:SS", "2024-02-29 12:34:56");
        check("Day, DD Month YYYY", "Thursday , 29 February  2024");
        check("FMDay, FMDD FMMonth", "Thursday, 29 February");
        check("HH12:MI AM, Dy Mon", "12:34 PM, Thu Feb");
        check("IYYY-IW-ID", "2024-09-4");
        check("DDD Q WW J", "060 1 09 2460370");
        check("DDth MON yy", "29th FEB 24");
        check("\"at\" HH24\"h\"", "at 12h");
        check("MS US SSSS TZ", "000 000000 45296 UTC");
    }
}
