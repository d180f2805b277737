//! Building: rows are cut into words once; patterns are collected as long as rows repeat them, then rows.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use hashbrown::HashTable;

use super::families::Patterns;
use super::postings::RowWords;
use super::tokens::{TokenScanner, TokenSink};
use super::{
    CONSTANT_ROWS_MIN, Facts, GAP, Layout, POSTING_ROWS_MIN, VOCABULARY_SECTION, compress, families, postings, vocabulary,
};
use crate::index::fingerprints::{BLOCKS_MAX, FingerprintBuilder};
use crate::index::{IndexBuilder, IndexParts};
use crate::segment::{BLOCK_ROWS, to_logical};
use crate::words::Tokenizer;
use crate::{Result, StorageError};

/// Patterns beyond which rows are no longer familyed, if there is one for every few rows.
const PATTERNS_TRIED: usize = 16_384;
/// Rows that a pattern must have on average.
const ROWS_A_PATTERN_MIN: usize = 8;

/// The words without digits of a segment, numbered as they are met.
#[derive(Debug, Default)]
pub struct Interner {
    table: HashTable<u32>,
    hashes: Vec<u64>,
    ends: Vec<u32>,
    text: Vec<u8>,
}

impl Interner {
    /// The number of a word.
    fn number(&mut self, word: &[u8], hash: u64) -> u32 {
        let Self { table, hashes, ends, text } = self;
        let word_at = |number: u32| &text[span(ends, number)];
        if let Some(number) = table.find(hash, |number| word_at(*number) == word) {
            return *number;
        }
        let number = hashes.len() as u32;
        table.insert_unique(hash, number, |number| hashes[*number as usize]);
        hashes.push(hash);
        text.extend(word);
        ends.push(text.len() as u32);
        number
    }

    /// Words.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Hash of a word.
    pub fn hash(&self, number: u32) -> u64 {
        self.hashes[number as usize]
    }

    /// A word.
    pub fn word(&self, number: u32) -> &str {
        std::str::from_utf8(&self.text[span(&self.ends, number)]).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        self.table.capacity() * size_of::<u32>()
            + self.hashes.capacity() * size_of::<u64>()
            + self.ends.capacity() * 4
            + self.text.capacity()
    }
}

fn span(ends: &[u32], number: u32) -> std::ops::Range<usize> {
    let number = number as usize;
    (if number == 0 { 0 } else { ends[number - 1] as usize })..ends[number] as usize
}

/// What is known about the rows so far.
#[derive(Debug)]
enum Rows {
    Patterns(Patterns),
    Words(RowWords),
}

/// The builder.
#[derive(Debug)]
pub struct InvertedBuilder {
    scanner: TokenScanner,
    collected: Collected,
    rows_expected: usize,
}

#[derive(Debug)]
struct Collected {
    words: Interner,
    rows: Rows,
    pairs: FingerprintBuilder,
    /// Words of the row that is being read; [`GAP`] for those with a digit.
    row: Vec<u32>,
    block: u16,
}

impl TokenSink for Collected {
    fn word(&mut self, word: &[u8], hash: u64, digit: bool) {
        if digit {
            self.pairs.add(hash, self.block);
            self.row.push(GAP);
        } else {
            self.row.push(self.words.number(word, hash));
        }
    }

    fn end_row(&mut self, is_null: bool) {
        match &mut self.rows {
            Rows::Patterns(patterns) => patterns.add(&self.row, is_null),
            Rows::Words(words) => words.add(&self.row, is_null),
        }
        self.row.clear();
    }
}

impl InvertedBuilder {
    /// Over `rows` rows.
    pub fn new(tokenizer: Tokenizer, rows: usize) -> Self {
        let collected = Collected {
            words: Interner::default(),
            rows: Rows::Patterns(Patterns::default()),
            pairs: FingerprintBuilder::default(),
            row: Vec::new(),
            block: 0,
        };
        Self { scanner: TokenScanner::new(tokenizer), collected, rows_expected: rows }
    }

    fn add_texts(&mut self, texts: &StringArray) {
        for start in (0..texts.len()).step_by(BLOCK_ROWS) {
            let block = texts.slice(start, BLOCK_ROWS.min(texts.len() - start));
            self.scanner.scan(&block, &mut self.collected);
            self.collected.end_block();
        }
    }
}

impl Collected {
    fn end_block(&mut self) {
        self.pairs.end_block();
        self.block = self.block.saturating_add(1);
        if let Rows::Patterns(patterns) = &self.rows
            && patterns.len() > PATTERNS_TRIED
            && patterns.len() * ROWS_A_PATTERN_MIN > patterns.rows()
        {
            self.rows = Rows::Words(RowWords::from_patterns(patterns));
        }
    }

    /// Numbers of the words that are in `rows_min` rows at least, in the order of their text, and which number each word has among
    /// them.
    fn constant(&self, rows_of_word: &[u32], rows_min: u32) -> (Vec<u32>, Vec<u32>) {
        let all = 0..self.words.len() as u32;
        let mut constant: Vec<u32> = all.filter(|word| rows_of_word[*word as usize] >= rows_min).collect();
        constant.sort_unstable_by_key(|word| self.words.word(*word));
        let mut number = vec![GAP; self.words.len()];
        for (at, word) in constant.iter().enumerate() {
            number[*word as usize] = at as u32;
        }
        (constant, number)
    }

    fn finish(mut self, rows_expected: usize) -> Result<IndexParts> {
        if let Rows::Patterns(patterns) = &self.rows {
            let (constant, number) = self.constant(&patterns.rows_of_words(self.words.len()), CONSTANT_ROWS_MIN);
            match families::encode(patterns, &number)? {
                Some((layout, sections)) => {
                    for (row, word) in patterns.rare(&number) {
                        self.pairs.add(self.words.hash(word), (row / BLOCK_ROWS) as u16);
                    }
                    return self.parts(&constant, layout, sections, rows_expected);
                }
                None => self.rows = Rows::Words(RowWords::from_patterns(patterns)),
            }
        }
        let Rows::Words(rows) = std::mem::replace(&mut self.rows, Rows::Patterns(Patterns::default())) else {
            return Err(StorageError::Internal("an index is built from patterns or from rows".to_owned()));
        };
        let rows = rows.sorted(self.words.len());
        let (constant, number) = self.constant(&rows.rows_of_words(), POSTING_ROWS_MIN);
        for (word, row) in rows.rare(&number) {
            self.pairs.add(self.words.hash(word), (row as usize / BLOCK_ROWS) as u16);
        }
        let (layout, sections) = postings::encode(&rows, &constant)?;
        self.parts(&constant, layout, sections, rows_expected)
    }

    fn parts(self, constant: &[u32], layout: Layout, sections: Vec<Vec<u8>>, rows: usize) -> Result<IndexParts> {
        let vocabulary = vocabulary::encode(constant.iter().map(|word| self.words.word(*word)));
        let mut all = vec![compress(&vocabulary)?];
        debug_assert_eq!(all.len(), VOCABULARY_SECTION + 1);
        all.extend(sections);
        let (fingerprints, parts) = self.pairs.finish(rows.div_ceil(BLOCK_ROWS));
        let facts = Facts { layout, fingerprint_section: all.len(), fingerprints };
        all.extend(parts);
        let facts = serde_json::to_value(facts).map_err(|error| StorageError::Internal(format!("index facts: {error}")))?;
        Ok(IndexParts { facts, sections: all })
    }
}

impl IndexBuilder for InvertedBuilder {
    fn add(&mut self, piece: &ArrayRef) {
        if *piece.data_type() == DataType::Utf8 {
            self.add_texts(piece.as_string());
            return;
        }
        // Codes and hexadecimal texts: as texts, block by block, so that memory stays small.
        for start in (0..piece.len()).step_by(BLOCK_ROWS) {
            let block = piece.slice(start, BLOCK_ROWS.min(piece.len() - start));
            let texts = to_logical(&block, &DataType::Utf8View).ok();
            let texts: StringArray = texts.iter().flat_map(|texts| texts.as_string_view().iter()).collect();
            self.add_texts(&texts);
        }
    }

    fn bytes(&self) -> usize {
        let rows = match &self.collected.rows {
            Rows::Patterns(patterns) => patterns.bytes(),
            Rows::Words(words) => words.bytes(),
        };
        self.collected.words.bytes() + self.collected.pairs.bytes() + rows
    }

    fn finish(self: Box<Self>) -> Result<IndexParts> {
        let blocks = self.rows_expected.div_ceil(BLOCK_ROWS);
        if blocks > BLOCKS_MAX {
            return Err(StorageError::Internal(format!("a segment of {blocks} blocks is too large for an index")));
        }
        self.collected.finish(self.rows_expected)
    }
}
