//! Method `inverted`: words to rows.
//!
//! ```text
//! word with a digit, or in too few rows       ─▶ fingerprints: blocks that may hold it
//! every other word, "constant"
//!   ├─ rows repeat a few patterns (logs)      ─▶ families: word ─ families of rows; row ─ its family
//!   └─ every row is another (prose)           ─▶ postings: word ─ rows
//! ```
//!
//! In a log most rows are printed by few statements. The constant words of a row, in their order, with a gap for everything
//! else, are its *pattern*; rows of one pattern are a family. A word, an AND of words and a phrase of constant words are then
//! answered by looking at a few thousand patterns instead of at rows, and counted without looking at any row. Which of the two
//! layouts a segment gets is seen from its rows while it is built; answers never depend on it.
//!
//! **Invariant:** for a constant word the index knows exactly the rows that have it; for others, a superset.

mod build;
mod evaluate;
mod families;
mod postings;
mod tokens;
mod vocabulary;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use super::fingerprints::FingerprintShape;
use super::{Index, IndexBuilder, IndexFile, IndexMethod, IndexOptions};
use crate::Result;
use crate::words::Tokenizer;

/// Option that names the tokenizer.
const TOKENIZER: &str = "tokenizer";
/// Rows that a word must be in to be constant, where constant words make patterns: each rarer one would make more of them.
const CONSTANT_ROWS_MIN: u32 = 32;
/// The same where a word has its own list of rows, which says which rows of a block to look at.
const POSTING_ROWS_MIN: u32 = 4;
/// Families of a segment, at most: numbers of families are 16 bits.
const FAMILIES_MAX: usize = u16::MAX as usize;
/// In place of a word's number in a pattern: a word that is not constant.
const GAP: u32 = u32::MAX;

/// The method.
#[derive(Debug)]
pub struct Inverted;

impl IndexMethod for Inverted {
    fn name(&self) -> &'static str {
        "inverted"
    }

    fn options(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[(TOKENIZER, &["simple", "whitespace", "cjk", "ngram"])]
    }

    fn takes(&self, data_type: &DataType) -> bool {
        *data_type == DataType::Utf8View
    }

    fn builder(&self, options: &IndexOptions, rows: usize) -> Box<dyn IndexBuilder> {
        Box::new(build::InvertedBuilder::new(tokenizer(options), rows))
    }

    fn open(&self, options: &IndexOptions, file: Arc<IndexFile>) -> Result<Arc<dyn Index>> {
        let facts: Facts = file.facts()?;
        Ok(Arc::new(evaluate::InvertedIndex::new(tokenizer(options), facts, file)))
    }
}

/// The tokenizer of an index with these options, which were checked when it was defined.
fn tokenizer(options: &IndexOptions) -> Tokenizer {
    options.get(TOKENIZER).and_then(|name| Tokenizer::of_name(name)).unwrap_or_default()
}

/// What stands in the directory. Sections: vocabulary, then those of the layout, then the fingerprints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    layout: Layout,
    /// Section of the first part of the fingerprints.
    fingerprint_section: usize,
    fingerprints: FingerprintShape,
}

/// How the rows of constant words are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Layout {
    Families {
        /// Patterns.
        families: usize,
        /// The family of rows that are NULL.
        null_family: Option<u16>,
    },
    Postings {
        /// Constant words.
        words: usize,
        /// Rows that are NULL.
        nulls: u64,
    },
}

/// Section of the vocabulary.
const VOCABULARY_SECTION: usize = 0;
/// Section of what the layout keeps about words: patterns, or the directory of postings.
const WORDS_SECTION: usize = 1;
/// First section of what the layout keeps about rows.
const ROWS_SECTION: usize = 2;

/// Whether a word is looked for among the fingerprints whatever its frequency: numbers, addresses, identifiers.
fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

/// The length, then the bytes compressed.
fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    const LEVEL: i32 = 3;
    let compressed =
        zstd::bulk::compress(bytes, LEVEL).map_err(|error| crate::StorageError::Internal(format!("zstd: {error}")))?;
    Ok([&(bytes.len() as u32).to_le_bytes(), compressed.as_slice()].concat())
}

/// `bytes_max` bounds what a damaged length can make us allocate.
fn decompress(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, String> {
    let (length, compressed) = bytes.split_first_chunk().ok_or("it is too short")?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > bytes_max {
        return Err(format!("{length} bytes are more than it can have"));
    }
    let bytes = zstd::bulk::decompress(compressed, length).map_err(|error| error.to_string())?;
    if bytes.len() == length { Ok(bytes) } else { Err("it has another length".to_owned()) }
}

fn section_array(bytes: Vec<u8>) -> ArrayRef {
    Arc::new(arrow::array::UInt8Array::from(bytes))
}
