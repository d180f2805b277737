//! One configuration parameter: its type, default, and the spelling of its values.
//!
//! Names and spellings are PostgreSQL's where PostgreSQL has them. A value is kept as its canonical text; what needs it
//! as a number or a duration asks [`Setting::number`].

pub mod registry;
mod time_zone;

pub use time_zone::canonical_time_zone;

use crate::Result;
use crate::error::{EngineError, Refusal};

/// Type of a parameter's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `on`, `off` and their spellings.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// Milliseconds within bounds; text may carry `us`, `ms`, `s`, `min`, `h`, `d`.
    Duration(i64, i64),
    /// Any text.
    Text,
    /// One of these, whatever the case.
    Word(&'static [&'static str]),
    /// A time zone: name, abbreviation or offset.
    TimeZone,
    /// Comma-separated schema names.
    SearchPath,
    /// `ISO, MDY` and its orders.
    DateStyle,
    /// `UTF8` and its spellings; nothing else.
    Encoding,
}

/// Who may change a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Any session, for itself.
    Session,
    /// Nobody while the server runs: it follows from the build or the configuration.
    Fixed,
}

/// Definition of a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name as PostgreSQL writes it; looked up whatever the case.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Value of a fresh session.
    pub default: &'static str,
    /// Unit of a bare number.
    pub unit: Option<&'static str>,
    /// Who may change it.
    pub scope: Scope,
    /// Whether clients are told of changes (`ParameterStatus`).
    pub reported: bool,
    /// One sentence for `sys.settings`.
    pub description: &'static str,
}

impl Setting {
    /// The canonical text of `value`.
    ///
    /// # Errors
    /// [`Refusal::InvalidParameter`] with the accepted values as a hint.
    pub fn parse(&self, value: &str) -> Result<String> {
        let trimmed = value.trim();
        match self.kind {
            Kind::Bool => boolean(trimmed)
                .map(|on| if on { "on" } else { "off" }.to_owned())
                .ok_or_else(|| self.invalid(value, Some("Use on or off.".into()))),
            Kind::Int(min, max) => {
                let number = trimmed.parse::<i64>().map_err(|_| self.invalid(value, None))?;
                self.within(number, min, max)?;
                Ok(number.to_string())
            }
            Kind::Duration(min, max) => {
                let ms = duration_ms(trimmed).ok_or_else(|| {
                    self.invalid(
                        value,
                        Some("Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".".into()),
                    )
                })?;
                self.within(ms, min, max)?;
                Ok(duration_text(ms))
            }
            Kind::Text => Ok(value.to_owned()),
            Kind::Word(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(trimmed))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| self.invalid(value, Some(format!("Available values: {}.", words.join(", "))))),
            Kind::TimeZone => canonical_time_zone(trimmed).ok_or_else(|| self.invalid(value, None)),
            Kind::SearchPath => Ok(trimmed.to_owned()),
            Kind::DateStyle => date_style(trimmed).ok_or_else(|| self.invalid(value, Some("Only ISO output is offered.".into()))),
            // Only letters and digits count, as in PostgreSQL; some clients send the name in quotes.
            Kind::Encoding => match trimmed.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "").as_str() {
                "utf8" | "unicode" => Ok("UTF8".to_owned()),
                // What psql asks for on a terminal without a locale: bytes as they are, and they are UTF-8.
                "sqlascii" => Ok("SQL_ASCII".to_owned()),
                _ => Err(self.invalid(value, Some("Only UTF8 is offered, and SQL_ASCII, which converts nothing.".into()))),
            },
        }
    }

    /// A canonical value as a number: of the unit, or 0 and 1 for booleans.
    pub fn number(&self, canonical: &str) -> Option<i64> {
        match self.kind {
            Kind::Bool => boolean(canonical).map(i64::from),
            Kind::Int(..) => canonical.parse().ok(),
            Kind::Duration(..) => duration_ms(canonical),
            _ => None,
        }
    }

    fn within(&self, number: i64, min: i64, max: i64) -> Result<()> {
        if (min..=max).contains(&number) {
            return Ok(());
        }
        Err(EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: format!("{number} is outside the valid range for parameter \"{}\" ({min} .. {max})", self.name),
            hint: None,
        })
    }

    fn invalid(&self, value: &str, hint: Option<String>) -> EngineError {
        EngineError::Refused {
            reason: Refusal::InvalidParameter,
            message: format!("invalid value for parameter \"{}\": \"{value}\"", self.name),
            hint,
        }
    }
}

/// PostgreSQL's spellings of a boolean, unique prefixes included.
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let starts = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if starts("true", 1) || starts("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if starts("false", 1) || starts("no", 1) || starts("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

fn duration_ms(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].trim().parse().ok()?;
    let factor = match text[digits..].trim() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1e3,
        "min" => 6e4,
        "h" => 3.6e6,
        "d" => 8.64e7,
        _ => return None,
    };
    let ms = (number * factor).round();
    #[allow(clippy::cast_possible_truncation, reason = "checked to be far inside of i64")]
    (ms.abs() < 1e15).then_some(ms as i64)
}

/// The largest unit that divides it, as PostgreSQL's `SHOW` does.
fn duration_text(ms: i64) -> String {
    for (factor, unit) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")] {
        if ms != 0 && ms % factor == 0 {
            return format!("{}{unit}", ms / factor);
        }
    }
    if ms == 0 { "0".to_owned() } else { format!("{ms}ms") }
}

fn date_style(text: &str) -> Option<String> {
    let mut order = "MDY";
    for word in text.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        match word.as_str() {
            "iso" | "" => {}
            "mdy" | "us" | "noneuro" | "noneuropean" => order = "MDY",
            "dmy" | "euro" | "european" => order = "DMY",
            "ymd" => order = "YMD",
            _ => return None,
        }
    }
    Some(format!("ISO, {order}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: Option<&str>) {
        let setting = registry::find(name).unwrap();
        assert_eq!(setting.parse(value).ok().as_deref(), expected, "{name} = {value}");
    }

    #[test]
    fn values_become_canonical() {
        check("statement_timeout", "90s", Some("90s"));
        check("statement_timeout", "120000", Some("2min"));
        check("statement_timeout", "1500", Some("1500ms"));
        check("statement_timeout", "0", Some("0"));
        check("statement_timeout", "-1", None);
        check("statement_timeout", "5 parsecs", None);
        check("extra_float_digits", "3", Some("3"));
        check("extra_float_digits", "4", None);
        check("standard_conforming_strings", "on", Some("on"));
        check("client_encoding", "utf-8", Some("UTF8"));
        check("client_encoding", "'utf-8'", Some("UTF8"));
        check("client_encoding", "sql_ascii", Some("SQL_ASCII"));
        check("client_encoding", "latin1", None);
        check("datestyle", "iso, dmy", Some("ISO, DMY"));
        check("datestyle", "german", None);
        check("timezone", "europe/berlin", Some("Europe/Berlin"));
    }

    #[test]
    fn every_default_is_canonical() {
        for setting in registry::ALL {
            assert_eq!(setting.parse(setting.default).ok().as_deref(), Some(setting.default), "{}", setting.name);
        }
    }
}
