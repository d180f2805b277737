//! How the columns of one segment lie in its file: the JSON behind the footer key `strata.layout`.
//!
//! It holds what a reader of Strata needs beyond Parquet's own metadata: which physical form a column was given, which
//! field of `attrs` it holds, and the checksum of every page. Foreign readers ignore it.

use serde::{Deserialize, Serialize};

use crate::ids::ColumnId;

/// Footer key of the [`Layout`].
pub const LAYOUT_KEY: &str = "strata.layout";
/// Footer key of the segment's facts.
pub const SEGMENT_KEY: &str = "strata.segment";
/// Version of the layout that is written, and the newest that is understood.
pub const VERSION: u32 = 1;

/// All columns of the file in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// [`VERSION`].
    pub version: u32,
    /// The columns.
    pub columns: Vec<ColumnLayout>,
    /// Whether every path of `attrs` in this segment is listed in the segment's `fields`.
    pub fields_complete: bool,
}

/// One column of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnLayout {
    /// What it holds.
    pub content: Content,
    /// How.
    pub form: Form,
    /// NULLs in it.
    pub nulls: u64,
    /// Bytes of all its chunks decoded, about.
    pub decoded_bytes: u64,
    /// Whether a floating-point column holds NaN, which Parquet's bounds leave out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_nan: bool,
    /// CRC32C of the dictionary page, if it has one, and of each data page, 8 hexadecimal digits each.
    pub checksums: String,
}

/// What a column of the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A declared column, `_offset`, `_ingested_at`, or what is left of `attrs`.
    Column(ColumnId),
    /// A field that was taken out of `attrs`.
    Field {
        /// Keys from the outside in.
        path: Vec<String>,
        /// Values of which kind.
        kind: FieldKind,
        /// Rows, at most, in which the path has a value that is not null and stayed in the rest of `attrs`.
        elsewhere: u64,
    },
}

/// Which values of a field its column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Strings, without quotes and escapes.
    Text,
    /// Numbers and booleans, as JSON writes them.
    Scalar,
}

/// Physical form of a column once decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The logical Arrow type.
    Native,
    /// `Dictionary(UInt16, Utf8)` with a sorted dictionary.
    Codes,
    /// Text of lower-case hexadecimal digits as `FixedSizeBinary`.
    Hex,
    /// `Utf8`.
    Text,
}
