//! Sizes as people write them: `512kB`, `64MB`, `2GB`. Units count in 1024s, as PostgreSQL's do.
//!
//! **Invariant:** the text of a size reads back as the same size.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(pub u64);

/// Largest first, so that a size is written in the largest unit that divides it.
const UNITS: [(&str, u64); 5] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// The number as memory is counted; a size past this machine's address space becomes the largest there is.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| self.0.is_multiple_of(*factor)).unwrap_or(("B", 1));
        if self.0 == 0 { f.write_str("0B") } else { write!(f, "{}{unit}", self.0 / factor) }
    }
}

/// Text that is no size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a size; write a whole number and one of B, kB, MB, GB, TB, such as 64MB")]
pub struct InvalidByteSize(String);

impl FromStr for ByteSize {
    type Err = InvalidByteSize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidByteSize(text.to_owned());
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let number: u64 = trimmed[..digits].parse().map_err(|_| invalid())?;
        let unit = trimmed[digits..].trim();
        let (_, factor) = UNITS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(invalid)?;
        number.checked_mul(factor).map(Self).ok_or_else(invalid)
    }
}

impl TryFrom<String> for ByteSize {
    type Error = InvalidByteSize;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_they_are_written() {
        for (text, bytes) in
            [("0B", 0), ("1B", 1), ("1023B", 1023), ("1kB", 1024), ("64MB", 64 << 20), ("2GB", 2 << 30), ("3TB", 3 << 40)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
        assert_eq!("2 gb".parse(), Ok(ByteSize(2 << 30)));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MB", "12", "-1MB", "1.5GB", "1XB", "99999999TB", "18446744073709551616B"] {
            assert_eq!(text.parse::<ByteSize>(), Err(InvalidByteSize(text.to_owned())), "{text}");
        }
    }
}
