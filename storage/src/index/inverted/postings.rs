//! Layout `postings`: the rows of each constant word, for text of which no two rows are alike.
//!
//! ```text
//! directory section := nulls: bits of the rows (bytes), if there are any;
//!                      per constant word: rows (u32) part (u32) bit in the part (u32)
//! part              := per word: Rice codes of the distances between its rows
//! ```
//!
//! With parameter 0, which the most frequent words get, the codes are a bitmap.

use arrow::buffer::BooleanBuffer;

use super::families::Patterns;
use super::{GAP, Layout, compress};
use crate::Result;
use crate::index::bits::{BitReader, BitWriter};

/// Bytes of a part from which on the next word begins another.
const PART_BYTES: u64 = 16 << 10;
/// Bytes of an entry of the directory.
const ENTRY_BYTES: usize = 12;
/// Bytes of a directory, at most.
pub const DIRECTORY_BYTES_MAX: usize = 512 << 20;

/// Words of rows as they are met.
#[derive(Debug, Default)]
pub struct RowWords {
    /// Word in the upper half, row in the lower.
    pairs: Vec<u64>,
    rows: u32,
    nulls: Vec<u32>,
}

impl RowWords {
    /// The same rows.
    pub fn from_patterns(patterns: &Patterns) -> Self {
        let mut words = Self::default();
        patterns.each_row().for_each(|(row, is_null)| words.add(row, is_null));
        words
    }

    /// Adds a row.
    pub fn add(&mut self, row: &[u32], is_null: bool) {
        if is_null {
            self.nulls.push(self.rows);
        }
        let number = u64::from(self.rows);
        self.pairs.extend(row.iter().filter(|word| **word != GAP).map(|word| u64::from(*word) << 32 | number));
        self.rows += 1;
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<u64>()
    }

    /// By word; `words` is how many there are.
    pub fn sorted(self, words: usize) -> SortedRows {
        let mut starts = vec![0_usize; words + 1];
        for pair in &self.pairs {
            starts[(pair >> 32) as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut by_word = vec![0_u32; self.pairs.len()];
        for pair in &self.pairs {
            let to = &mut next[(pair >> 32) as usize];
            by_word[*to] = *pair as u32;
            *to += 1;
        }
        drop(self.pairs);
        let mut rows = Vec::with_capacity(words);
        for bounds in starts.windows(2) {
            let mut of_word = by_word[bounds[0]..bounds[1]].to_vec();
            of_word.dedup();
            rows.push(of_word);
        }
        SortedRows { of_word: rows, rows: self.rows, nulls: self.nulls }
    }
}

/// Rows of each word, ascending.
#[derive(Debug)]
pub struct SortedRows {
    of_word: Vec<Vec<u32>>,
    rows: u32,
    nulls: Vec<u32>,
}

impl SortedRows {
    /// In how many rows each word is.
    pub fn rows_of_words(&self) -> Vec<u32> {
        self.of_word.iter().map(|rows| rows.len() as u32).collect()
    }

    /// (word, row) for every word that is not constant; `number` is [`GAP`] for these.
    pub fn rare<'a>(&'a self, number: &'a [u32]) -> impl Iterator<Item = (u32, u32)> + 'a {
        let rare = self.of_word.iter().zip(0..).filter(|(_, word)| number[*word as usize] == GAP);
        rare.flat_map(|(rows, word)| rows.iter().map(move |row| (word, *row)))
    }
}

/// The sections of this layout. `constant` are the constant words in their order.
///
/// # Errors
/// When a section cannot be compressed.
pub fn encode(rows: &SortedRows, constant: &[u32]) -> Result<(Layout, Vec<Vec<u8>>)> {
    let mut directory = Vec::new();
    if !rows.nulls.is_empty() {
        let mut nulls = vec![0_u8; (rows.rows as usize).div_ceil(8)];
        rows.nulls.iter().for_each(|row| nulls[*row as usize / 8] |= 1 << (row % 8));
        directory.extend(nulls);
    }
    let mut parts = Vec::new();
    let mut part = BitWriter::default();
    for word in constant {
        if part.position() >= PART_BYTES * 8 {
            parts.push(std::mem::take(&mut part).finish());
        }
        let of_word = &rows.of_word[*word as usize];
        for number in [of_word.len() as u32, parts.len() as u32, part.position() as u32] {
            directory.extend(number.to_le_bytes());
        }
        let k = rice_parameter(rows.rows as usize, of_word.len());
        let mut next = 0;
        for row in of_word {
            part.put_rice(row - next, k);
            next = row + 1;
        }
    }
    parts.push(part.finish());
    let mut sections = vec![compress(&directory)?];
    sections.extend(parts);
    Ok((Layout::Postings { words: constant.len(), nulls: rows.nulls.len() as u64 }, sections))
}

/// The best parameter for `found` rows that lie at random among `rows`: the logarithm of 0.69 times the distance.
fn rice_parameter(rows: usize, found: usize) -> u32 {
    (rows / found.max(1) * 11 / 16).max(1).ilog2()
}

/// A directory section, decompressed.
#[derive(Debug, Clone, Copy)]
pub struct Directory<'a> {
    nulls: &'a [u8],
    entries: &'a [u8],
    rows: usize,
}

/// Where the rows of a word lie.
#[derive(Debug, Clone, Copy)]
pub struct Posting {
    /// Number of the part.
    pub part: usize,
    rows: usize,
    bit: u64,
}

impl Posting {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl<'a> Directory<'a> {
    /// `None` if the bytes are something else.
    pub fn new(bytes: &'a [u8], rows: usize, words: usize, has_nulls: bool) -> Option<Self> {
        let null_bytes = if has_nulls { rows.div_ceil(8) } else { 0 };
        let (nulls, entries) = bytes.split_at_checked(null_bytes)?;
        (entries.len() == words * ENTRY_BYTES).then_some(Self { nulls, entries, rows })
    }

    /// Rows that are not NULL.
    pub fn valid(&self) -> BooleanBuffer {
        BooleanBuffer::collect_bool(self.rows, |row| self.nulls.get(row / 8).is_none_or(|byte| byte >> (row % 8) & 1 == 0))
    }

    /// Where the rows of a word lie, and how many they are.
    pub fn posting(&self, word: usize) -> Option<Posting> {
        let (numbers, _) = self.entries.get(word * ENTRY_BYTES..(word + 1) * ENTRY_BYTES)?.as_chunks::<4>();
        let number = |at: usize| u32::from_le_bytes(numbers[at]);
        Some(Posting { rows: self.rows.min(number(0) as usize), part: number(1) as usize, bit: number(2).into() })
    }

    /// The rows of a word. A damaged part gives other rows, but never more than there are.
    pub fn rows(&self, posting: Posting, part: &[u8]) -> BooleanBuffer {
        let mut bits = vec![0_u64; self.rows.div_ceil(64)];
        let mut reader = BitReader::new(part, posting.bit);
        let k = rice_parameter(self.rows, posting.rows);
        let mut next = 0;
        for _ in 0..posting.rows {
            let row = next + reader.get_rice(k) as usize;
            if row >= self.rows {
                break;
            }
            bits[row / 64] |= 1 << (row % 64);
            next = row + 1;
        }
        BooleanBuffer::new(bits.into(), 0, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::index::inverted::decompress;

    proptest! {
        #[test]
        fn rows_are_read_back(rows in proptest::collection::vec(proptest::option::weighted(0.9, proptest::collection::vec(0_u32..5, 0..6)), 1..300)) {
            let mut words = RowWords::default();
            for row in &rows {
                words.add(row.as_deref().unwrap_or_default(), row.is_none());
            }
            let sorted = words.sorted(5);
            let (layout, sections) = encode(&sorted, &[4, 0, 1]).unwrap();
            let nulls = rows.iter().filter(|row| row.is_none()).count();
            prop_assert_eq!(layout, Layout::Postings { words: 3, nulls: nulls as u64 });
            let bytes = decompress(&sections[0], DIRECTORY_BYTES_MAX).unwrap();
            let directory = Directory::new(&bytes, rows.len(), 3, nulls > 0).unwrap();
            let valid: BooleanBuffer = rows.iter().map(Option::is_some).collect();
            prop_assert_eq!(directory.valid(), valid);
            for (at, word) in [4, 0, 1].iter().enumerate() {
                let posting = directory.posting(at).unwrap();
                let found = directory.rows(posting, &sections[1 + posting.part]);
                let wanted: BooleanBuffer = rows.iter().map(|row| row.as_ref().is_some_and(|row| row.contains(word))).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
