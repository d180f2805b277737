//! Method `bloom`: which blocks may hold a value. For identifiers, of which each row has another.
//!
//! Named after what users know for this purpose; the structure is that of [`super::fingerprints`], which needs one look
//! for a whole segment where a Bloom filter needs one a block.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt16Type};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::fingerprints::{BLOCKS_MAX, FingerprintBuilder, FingerprintShape};
use super::{Answer, Index, IndexBuilder, IndexFile, IndexMethod, IndexOptions, IndexParts, Question, Rows};
use crate::Result;
use crate::segment::BLOCK_ROWS;

/// Hexadecimal texts are hashed as the bytes that they stand for, apart from all other texts.
const HEX_SEED: u64 = 1;
/// Whole numbers are hashed as 64 bits.
const INTEGER_SEED: u64 = 2;
/// Bytes of a text up to which it is looked at as hexadecimal digits.
const HEX_DIGITS_MAX: usize = 64;

/// The method.
#[derive(Debug)]
pub struct Bloom;

impl IndexMethod for Bloom {
    fn name(&self) -> &'static str {
        "bloom"
    }

    fn options(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    fn takes(&self, data_type: &DataType) -> bool {
        matches!(
            data_type,
            DataType::Utf8View
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::Date32
                | DataType::Timestamp(TimeUnit::Microsecond, _)
        )
    }

    fn builder(&self, _options: &IndexOptions, rows: usize) -> Box<dyn IndexBuilder> {
        Box::new(BloomBuilder { pairs: FingerprintBuilder::default(), next_row: 0, rows })
    }

    fn open(&self, _options: &IndexOptions, file: Arc<IndexFile>) -> Result<Arc<dyn Index>> {
        let facts: Facts = file.facts()?;
        Ok(Arc::new(BloomIndex { shape: facts.fingerprints, file }))
    }
}

/// Sections are the parts of the fingerprints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    fingerprints: FingerprintShape,
}

#[derive(Debug)]
struct BloomBuilder {
    pairs: FingerprintBuilder,
    next_row: usize,
    rows: usize,
}

impl IndexBuilder for BloomBuilder {
    fn add(&mut self, piece: &ArrayRef) {
        for start in (0..piece.len()).step_by(BLOCK_ROWS) {
            let block = (self.next_row / BLOCK_ROWS).min(BLOCKS_MAX - 1) as u16;
            let values = piece.slice(start, BLOCK_ROWS.min(piece.len() - start));
            each_hash(&values, &mut |hash| self.pairs.add(hash, block));
            self.pairs.end_block();
            self.next_row += values.len();
        }
    }

    fn bytes(&self) -> usize {
        self.pairs.bytes()
    }

    fn finish(self: Box<Self>) -> Result<IndexParts> {
        let (fingerprints, sections) = self.pairs.finish(self.rows.div_ceil(BLOCK_ROWS));
        let facts = serde_json::to_value(Facts { fingerprints })
            .map_err(|error| crate::StorageError::Internal(format!("index facts: {error}")))?;
        Ok(IndexParts { facts, sections })
    }
}

#[derive(Debug)]
struct BloomIndex {
    shape: FingerprintShape,
    file: Arc<IndexFile>,
}

#[async_trait]
impl Index for BloomIndex {
    async fn probe(&self, question: &Question) -> Result<Answer> {
        let Question::Equals(values) = question else { return Ok(Answer::unknown()) };
        let mut hashes = Vec::with_capacity(values.len());
        if !each_hash(values, &mut |hash| hashes.push(hash)) {
            return Ok(Answer::unknown());
        }
        let mut found = Vec::new();
        for hash in hashes {
            let part = self.file.section(self.shape.part_of(hash)).await?;
            found.extend(self.shape.blocks_of(hash, part.values()).into_iter().map(usize::from));
        }
        Ok(match Rows::of_block_numbers(found, self.file.rows().div_ceil(BLOCK_ROWS)) {
            Rows::None => Answer::never(),
            rows => Answer { rows, is_exact: false, count: None },
        })
    }

    fn will_probe(&self, question: &Question) {
        let Question::Equals(values) = question else { return };
        let mut parts = Vec::with_capacity(values.len());
        if each_hash(values, &mut |hash| parts.push(self.shape.part_of(hash))) {
            self.file.will_need(parts);
        }
    }

    async fn families(&self, _chunk: usize) -> Result<ArrayRef> {
        Err(self.file.broken("a bloom index has no families".to_owned()))
    }
}

/// Hashes of all values but NULLs; false if the type has none. The same value has the same hash in every physical type.
fn each_hash(values: &ArrayRef, found: &mut dyn FnMut(u64)) -> bool {
    match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().iter().flatten().for_each(|text| found(of_text(text))),
        DataType::Utf8View => values.as_string_view().iter().flatten().for_each(|text| found(of_text(text))),
        DataType::FixedSizeBinary(_) => {
            values.as_fixed_size_binary().iter().flatten().for_each(|bytes| found(xxh3_64_with_seed(bytes, HEX_SEED)));
        }
        DataType::Dictionary(key, _) if **key == DataType::UInt16 => {
            let codes = values.as_dictionary::<UInt16Type>();
            let mut hashes = Vec::with_capacity(codes.values().len());
            // NULL among the values of a dictionary has no hash, so positions would shift: there is none in a segment.
            each_hash(codes.values(), &mut |hash| hashes.push(hash));
            codes.keys().iter().flatten().filter_map(|code| hashes.get(usize::from(code))).for_each(|hash| found(*hash));
        }
        DataType::Int16 => values.as_primitive::<Int16Type>().iter().flatten().for_each(|value| found(of_integer(value.into()))),
        DataType::Int32 => values.as_primitive::<Int32Type>().iter().flatten().for_each(|value| found(of_integer(value.into()))),
        DataType::Int64 => values.as_primitive::<Int64Type>().iter().flatten().for_each(|value| found(of_integer(value))),
        DataType::Date32 => {
            values.as_primitive::<Date32Type>().iter().flatten().for_each(|value| found(of_integer(value.into())))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            values.as_primitive::<TimestampMicrosecondType>().iter().flatten().for_each(|value| found(of_integer(value)));
        }
        DataType::Null => {}
        _ => return false,
    }
    true
}

fn of_integer(value: i64) -> u64 {
    xxh3_64_with_seed(&value.to_le_bytes(), INTEGER_SEED)
}

/// A text of lower-case hexadecimal digits may be stored as bytes, so both have one hash.
fn of_text(text: &str) -> u64 {
    let digits = text.as_bytes();
    if !digits.is_empty() && digits.len().is_multiple_of(2) && digits.len() <= HEX_DIGITS_MAX {
        let mut bytes = [0; HEX_DIGITS_MAX / 2];
        let decoded = digits.chunks_exact(2).zip(&mut bytes).all(|(pair, byte)| {
            let value = crate::segment::hex_value(pair[0]).zip(crate::segment::hex_value(pair[1]));
            value.is_some_and(|(high, low)| {
                *byte = high << 4 | low;
                true
            })
        });
        if decoded {
            return xxh3_64_with_seed(&bytes[..digits.len() / 2], HEX_SEED);
        }
    }
    xxh3_64(digits)
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, FixedSizeBinaryArray, StringArray, StringViewArray};

    use super::*;

    fn hashes(array: ArrayRef) -> Vec<u64> {
        let mut hashes = Vec::new();
        assert!(each_hash(&array, &mut |hash| hashes.push(hash)));
        hashes
    }

    #[test]
    fn one_value_has_one_hash_in_every_form() {
        let hex = ["00ff12ab", "deadbeef"];
        let plain = hashes(Arc::new(StringArray::from(hex.to_vec())));
        let bytes = FixedSizeBinaryArray::try_from_iter([[0, 0xff, 0x12, 0xab], [0xde, 0xad, 0xbe, 0xef]].into_iter()).unwrap();
        assert_eq!(hashes(Arc::new(bytes)), plain);
        assert_eq!(hashes(Arc::new(StringViewArray::from(hex.to_vec()))), plain);
        let codes: DictionaryArray<UInt16Type> = hex.into_iter().collect();
        assert_eq!(hashes(Arc::new(codes)), plain);
        assert_ne!(hashes(Arc::new(StringArray::from(vec!["00FF12AB"]))), plain[..1]);
    }
}
