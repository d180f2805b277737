//! Names of things inside storage: numbers and hashes, never text a user chose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Position of a record in its topic. Dense, from 0, never used twice. It is an `i64` because SQL shows it as `bigint`.
pub type Offset = i64;

/// A topic. The catalog hands these out; storage only compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicId(pub u64);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A column of a topic, the same for ever even when the column is renamed, and never used again after it is dropped.
///
/// Declared columns count up from 1. The three columns that every topic has are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ColumnId(pub i32);

impl ColumnId {
    /// `attrs jsonb`: every field that was sent and not declared.
    pub const ATTRS: Self = Self(-1);
    /// `_offset bigint`.
    pub const OFFSET: Self = Self(-2);
    /// `_ingested_at timestamptz`.
    pub const INGESTED_AT: Self = Self(-3);
}

/// Identity of a sealed segment: the first 16 bytes of the BLAKE3 hash of its file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub [u8; 16]);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentId({self})")
    }
}

/// A text that is not 32 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("a segment id has 32 hexadecimal digits")]
pub struct InvalidSegmentId;

impl FromStr for SegmentId {
    type Err = InvalidSegmentId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 || !text.is_ascii() {
            return Err(InvalidSegmentId);
        }
        let mut bytes = [0; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| InvalidSegmentId)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for SegmentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SegmentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_id_survives_its_text() {
        let id = SegmentId([7; 16]);
        assert_eq!(id.to_string().parse::<SegmentId>().ok(), Some(id));
        assert!("zz".repeat(16).parse::<SegmentId>().is_err());
    }
}
