//! Lengths of time as people write them: `500ms`, `60s`, `5min`, `12h`, `7d`.
//!
//! **Invariant:** the text of a period reads back as the same period.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A length of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    /// Microseconds, never negative.
    pub us: i64,
}

/// Largest first.
const UNITS: [(&str, i64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

impl Period {
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self { us: seconds * 1_000_000 }
    }

    /// The same, as the standard library has it.
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(self.us.unsigned_abs())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| self.us % factor == 0).unwrap_or(("us", 1));
        if self.us == 0 { f.write_str("0s") } else { write!(f, "{}{unit}", self.us / factor) }
    }
}

/// Text that is no period.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a length of time; write a whole number and one of us, ms, s, min, h, d, such as 60s")]
pub struct InvalidPeriod(String);

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPeriod(text.to_owned());
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let number: i64 = trimmed[..digits].parse().map_err(|_| invalid())?;
        let unit = trimmed[digits..].trim();
        let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        number.checked_mul(factor).map(|us| Self { us }).ok_or_else(invalid)
    }
}

impl TryFrom<String> for Period {
    type Error = InvalidPeriod;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_as_they_are_written() {
        for (text, us) in
            [("0s", 0), ("7us", 7), ("500ms", 500_000), ("90s", 90_000_000), ("5min", 300_000_000), ("7d", 604_800_000_000)]
        {
            assert_eq!(text.parse(), Ok(Period { us }), "{text}");
            assert_eq!(Period { us }.to_string(), text);
        }
        assert_eq!("60 s".parse(), Ok(Period::seconds(60)));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in ["", "s", "12", "-1s", "1.5h", "1 week", "9223372036854775807d"] {
            assert_eq!(text.parse::<Period>(), Err(InvalidPeriod(text.to_owned())), "{text}");
        }
    }
}
