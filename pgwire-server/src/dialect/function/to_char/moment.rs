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
    pub zone: String,
    /// Seconds east of UTC.
    pub offset: i64,
}

impl Moment {
    /// The moment by a template.
    pub fn shown(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                let inner = &rest[1..];
                let end = inner.find('"').unwrap_or(inner.len());
                out.push_str(&inner[..end]);
                rest = inner.get(end + 1..).unwrap_or_default();
                continue;
            }
            let (filled, behind) = match rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
                Some(behind) => (false, behind),
                None => (true, rest),
            };
            if let Some(word) = pattern(behind) {
                let mut text = self.field(word, filled);
                rest = &behind[word.len()..];
                let ordinal = ["TH", "th"].iter().find(|ordinal| rest.starts_with(**ordinal));
                if let Some(ordinal) = ordinal.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())) {
                    let suffix = suffix(&text);
                    text.push_str(&if *ordinal == "TH" { suffix.to_uppercase() } else { suffix.to_owned() });
                    rest = &rest[2..];
                }
                out.push_str(&text);
                continue;
            }
            let first = behind.chars().next().unwrap_or(first);
            out.push(first);
            rest = behind.get(first.len_utf8()..).unwrap_or_default();
        }
        out
    }

    fn field(&self, word: &str, filled: bool) -> String {
        let number = |value: i64, width: usize| {
            let sign = if value < 0 { "-" } else { "" };
            let digits = value.unsigned_abs().to_string();
            if filled { format!("{sign}{digits:0>width$}") } else { format!("{sign}{digits}") }
        };
        let (hours, minutes, seconds) =
            (self.time_us / 3_600_000_000, self.time_us / 60_000_000 % 60, self.time_us / 1_000_000 % 60);
        let fraction = self.time_us % 1_000_000;
        let days = self.days.unwrap_or_default();
        let shown_year = if self.days.is_some() && self.year <= 0 { 1 - self.year } else { self.year };
        let twelve = if hours % 12 == 0 { 12 } else { hours % 12 };
        let (iso_year, week) = iso_week(days);
        let month = usize::try_from(self.month - 1).ok();
        match word.to_ascii_uppercase().as_str() {
            "YYYY" => number(shown_year, 4),
            "YYY" => number(shown_year % 1000, 3),
            "YY" => number(shown_year % 100, 2),
            "Y" => number(shown_year % 10, 1),
            "Y,YYY" => format!("{},{:03}", shown_year / 1000, shown_year % 1000),
            "IYYY" => number(iso_year, 4),
            "IYY" => number(iso_year % 1000, 3),
            "IY" => number(iso_year % 100, 2),
            "I" => number(iso_year % 10, 1),
            "MM" => number(self.month, 2),
            "DD" => number(self.day, 2),
            "DDD" if self.days.is_some() => number(days - civil::days(self.year, 1, 1) + 1, 3),
            "DDD" => number(self.year * 360 + self.month * 30 + self.day, 3),
            "IDDD" => number((week - 1) * 7 + weekday(days), 3),
            "D" => number(weekday(days) % 7 + 1, 1),
            "ID" => number(weekday(days), 1),
            "WW" => number((days - civil::days(self.year, 1, 1)) / 7 + 1, 2),
            "IW" => number(week, 2),
            "W" => number((self.day - 1) / 7 + 1, 1),
            "Q" => number((self.month - 1) / 3 + 1, 1),
            "J" => number(days + 2_440_588, 1),
            "CC" => number((shown_year + 99) / 100, 2),
            "HH24" => number(hours, 2),
            "HH12" | "HH" => number(twelve, 2),
            "MI" => number(minutes, 2),
            "SS" => number(seconds, 2),
            "SSSS" | "SSSSS" => number(self.time_us / 1_000_000, 1),
            "MS" | "FF3" => number(fraction / 1000, 3),
            "US" | "FF6" => number(fraction, 6),
            "FF1" => number(fraction / 100_000, 1),
            "FF2" => number(fraction / 10_000, 2),
            "FF4" => number(fraction / 100, 4),
            "FF5" => number(fraction / 10, 5),
            "AM" | "PM" => cased(word, if hours % 24 < 12 { "am" } else { "pm" }),
            "A.M." | "P.M." => cased(word, if hours % 24 < 12 { "a.m." } else { "p.m." }),
            "AD" | "BC" => cased(word, if self.year > 0 { "ad" } else { "bc" }),
            "A.D." | "B.C." => cased(word, if self.year > 0 { "a.d." } else { "b.c." }),
            "MONTH" => month.and_then(|month| MONTHS.get(month)).map_or_else(String::new, |name| name_of(word, name, filled)),
            "MON" => month.and_then(|month| MONTHS.get(month)).map_or_else(String::new, |name| cased(word, &name[..3])),
            "RM" => month.and_then(|month| ROMAN.get(month)).map_or_else(String::new, |name| {
                let name = cased(word, &name.to_lowercase());
                if filled { format!("{name:<4}") } else { name }
            }),
            "DAY" => name_of(word, DAYS[usize::try_from(weekday(days) - 1).unwrap_or_default()], filled),
            "DY" => cased(word, &DAYS[usize::try_from(weekday(days) - 1).unwrap_or_default()][..3]),
            "TZ" => cased(word, &self.zone),
            "OF" | "TZH" => {
                let mut text = format!("{}{:02}", if self.offset < 0 { '-' } else { '+' }, self.offset.abs() / 3600);
                if word.eq_ignore_ascii_case("OF") && self.offset % 3600 != 0 {
                    write!(text, ":{:02}", self.offset.abs() / 60 % 60).unwrap_or_default();
                }
                text
            }
            "TZM" => format!("{:02}", self.offset.abs() / 60 % 60),
            _ => word.to_owned(),
        }
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

    #[test]
    fn templates_are_filled() {
        let check = |template: &str, expected: &str| {
            // 2024-02-29 12:34:56.
            assert_eq!(at(1_709_210_096_000_000, "UTC".into(), 0).shown(template), expected, "{template}");
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
