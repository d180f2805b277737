//! Layout `families`: patterns of constant words, and the pattern of each row.
//!
//! ```text
//! patterns section := words (u32) families (u32)
//!                     rows of each family (u32 each)
//!                     end of each family's pattern (u32 each), patterns: word numbers or GAP (u32 each)
//!                     end of each word's families (u32 each), families that have the word (u16 each)
//!                     end of each family's blocks (u32 each), blocks that have a row of the family (u16 each)
//! rows section     := per chunk: low bytes of the families of its rows, high bytes of them, compressed
//! ```
//!
//! Families are numbered by how many rows they have, so that high bytes are nearly all zero.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt16Array};
use hashbrown::{HashMap, HashTable};

use super::{FAMILIES_MAX, GAP, Layout, compress, decompress};
use crate::Result;
use crate::segment::{BLOCK_ROWS, CHUNK_ROWS};

/// Bytes of a patterns section, at most.
pub const PATTERNS_BYTES_MAX: usize = 256 << 20;

/// Patterns of rows as they are met: sequences of word numbers.
#[derive(Debug, Default)]
pub struct Patterns {
    table: HashTable<u32>,
    hashes: Vec<u64>,
    ends: Vec<u32>,
    words: Vec<u32>,
    counts: Vec<u32>,
    /// The pattern of each row.
    rows: Vec<u32>,
    null: Option<u32>,
}

impl Patterns {
    /// Adds a row.
    pub fn add(&mut self, row: &[u32], is_null: bool) {
        let pattern = if is_null { self.null_pattern() } else { self.pattern(row) };
        self.counts[pattern as usize] += 1;
        self.rows.push(pattern);
    }

    fn null_pattern(&mut self) -> u32 {
        if let Some(null) = self.null {
            return null;
        }
        let null = self.push(0, &[]);
        self.null = Some(null);
        null
    }

    fn pattern(&mut self, row: &[u32]) -> u32 {
        let hash = row
            .iter()
            .fold(row.len() as u64, |hash, word| (hash.rotate_left(23) ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let hash = hash ^ hash >> 32;
        if let Some(pattern) = self.table.find(hash, |pattern| self.words_of(*pattern) == row) {
            return *pattern;
        }
        let pattern = self.push(hash, row);
        self.table.insert_unique(hash, pattern, |pattern| self.hashes[*pattern as usize]);
        pattern
    }

    fn push(&mut self, hash: u64, row: &[u32]) -> u32 {
        self.hashes.push(hash);
        self.words.extend(row);
        self.ends.push(self.words.len() as u32);
        self.counts.push(0);
        (self.hashes.len() - 1) as u32
    }

    /// Patterns so far.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The words of each row, and whether it is NULL.
    pub fn each_row(&self) -> impl Iterator<Item = (&[u32], bool)> {
        self.rows.iter().map(|pattern| (self.words_of(*pattern), self.null == Some(*pattern)))
    }

    fn words_of(&self, pattern: u32) -> &[u32] {
        let pattern = pattern as usize;
        let start = if pattern == 0 { 0 } else { self.ends[pattern - 1] as usize };
        &self.words[start..self.ends[pattern] as usize]
    }

    /// In how many rows each of `words` words is.
    pub fn rows_of_words(&self, words: usize) -> Vec<u32> {
        let mut rows = vec![0; words];
        let mut once: Vec<u32> = Vec::new();
        for pattern in 0..self.len() as u32 {
            once.clear();
            once.extend(self.words_of(pattern).iter().filter(|word| **word != GAP));
            once.sort_unstable();
            once.dedup();
            once.iter().for_each(|word| rows[*word as usize] += self.counts[pattern as usize]);
        }
        rows
    }

    /// (row, word) for every word that is not constant; `number` is [`GAP`] for these.
    pub fn rare<'a>(&'a self, number: &'a [u32]) -> impl Iterator<Item = (usize, u32)> + 'a {
        let is_rare = |word: &u32| *word != GAP && number[*word as usize] == GAP;
        let has_rare: Vec<bool> = (0..self.len() as u32).map(|pattern| self.words_of(pattern).iter().any(is_rare)).collect();
        let rows = self.rows.iter().enumerate().filter(move |(_, pattern)| has_rare[**pattern as usize]);
        rows.flat_map(move |(row, pattern)| {
            self.words_of(*pattern).iter().filter(move |word| is_rare(word)).map(move |word| (row, *word))
        })
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        (self.rows.capacity() + self.words.capacity() + self.len() * 6) * size_of::<u32>()
    }
}

/// The sections of this layout, if there are few enough families. `number` gives each word its number among the constant ones.
///
/// # Errors
/// When a section cannot be compressed.
pub fn encode(patterns: &Patterns, number: &[u32]) -> Result<Option<(Layout, Vec<Vec<u8>>)>> {
    let Some(families) = Families::of(patterns, number) else { return Ok(None) };
    let constant = number.iter().filter(|number| **number != GAP).count();
    let mut sections = vec![compress(&families.encode(constant, &patterns.rows))?];
    for rows in patterns.rows.chunks(CHUNK_ROWS) {
        let rows = rows.iter().map(|pattern| families.of_pattern[*pattern as usize]);
        let mut planes: Vec<u8> = rows.clone().map(|family| family as u8).collect();
        planes.extend(rows.map(|family| (family >> 8) as u8));
        sections.push(compress(&planes)?);
    }
    let null_family = patterns.null.map(|null| families.of_pattern[null as usize]);
    Ok(Some((Layout::Families { families: families.words.len(), null_family }, sections)))
}

/// Patterns without the words that are not constant.
struct Families {
    /// Constant words of each family, or [`GAP`].
    words: Vec<Vec<u32>>,
    rows: Vec<u32>,
    /// The family of each pattern.
    of_pattern: Vec<u16>,
}

impl Families {
    fn of(patterns: &Patterns, number: &[u32]) -> Option<Self> {
        let mut known: HashMap<(bool, Vec<u32>), usize> = HashMap::new();
        let mut found: Vec<(u64, usize)> = Vec::new();
        let mut of_pattern = Vec::with_capacity(patterns.len());
        for pattern in 0..patterns.len() as u32 {
            let words = patterns.words_of(pattern).iter();
            let words = words.map(|word| if *word == GAP { GAP } else { number[*word as usize] }).collect();
            let next = known.len();
            let family = *known.entry((patterns.null == Some(pattern), words)).or_insert(next);
            if family == next {
                found.push((0, family));
            }
            found[family].0 += u64::from(patterns.counts[pattern as usize]);
            of_pattern.push(family);
        }
        if known.len() > FAMILIES_MAX {
            return None;
        }
        let mut words = vec![Vec::new(); known.len()];
        let mut by_rows = found;
        by_rows.sort_unstable_by(|a, b| b.cmp(a));
        let mut rank = vec![0_u16; known.len()];
        for (at, (_, family)) in by_rows.iter().enumerate() {
            rank[*family] = at as u16;
        }
        for ((_, of_family), family) in known {
            words[usize::from(rank[family])] = of_family;
        }
        let rows = by_rows.iter().map(|(rows, _)| *rows as u32).collect();
        Some(Self { words, rows, of_pattern: of_pattern.into_iter().map(|family| rank[family]).collect() })
    }

    /// `rows` holds the pattern of each row.
    fn encode(&self, constant: usize, rows: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |number: u32| bytes.extend(number.to_le_bytes());
        put(constant as u32);
        put(self.words.len() as u32);
        self.rows.iter().for_each(|rows| put(*rows));
        let mut end = 0;
        for words in &self.words {
            end += words.len() as u32;
            put(end);
        }
        self.words.iter().flatten().for_each(|word| put(*word));
        let mut of_word: Vec<Vec<u16>> = vec![Vec::new(); constant];
        for (family, words) in self.words.iter().enumerate() {
            for word in words.iter().filter(|word| **word != GAP) {
                let families = &mut of_word[*word as usize];
                if families.last() != Some(&(family as u16)) {
                    families.push(family as u16);
                }
            }
        }
        end = 0;
        for families in &of_word {
            end += families.len() as u32;
            put(end);
        }
        bytes.extend(of_word.iter().flatten().flat_map(|family| family.to_le_bytes()));
        let blocks = self.blocks(rows);
        end = 0;
        for blocks in &blocks {
            end += blocks.len() as u32;
            bytes.extend(end.to_le_bytes());
        }
        bytes.extend(blocks.iter().flatten().flat_map(|block| block.to_le_bytes()));
        bytes
    }

    /// The blocks of each family, ascending.
    fn blocks(&self, rows: &[u32]) -> Vec<Vec<u16>> {
        let mut blocks: Vec<Vec<u16>> = vec![Vec::new(); self.words.len()];
        for (block, rows) in rows.chunks(BLOCK_ROWS).enumerate() {
            for pattern in rows {
                let blocks = &mut blocks[usize::from(self.of_pattern[*pattern as usize])];
                if blocks.last() != Some(&(block as u16)) {
                    blocks.push(block as u16);
                }
            }
        }
        blocks
    }
}

/// The families of the rows of a chunk.
///
/// # Errors
/// A reason, when the bytes are something else.
pub fn decode_rows(bytes: &[u8]) -> Result<ArrayRef, String> {
    let planes = decompress(bytes, 2 * CHUNK_ROWS)?;
    let (low, high) = planes.split_at(planes.len() / 2);
    Ok(Arc::new(low.iter().zip(high).map(|(low, high)| Some(u16::from_le_bytes([*low, *high]))).collect::<UInt16Array>()))
}

/// A patterns section, searched where it lies. Positions count u32 from its start.
#[derive(Debug, Clone, Copy)]
pub struct PatternTable<'a> {
    bytes: &'a [u8],
    words: usize,
    families: usize,
}

impl<'a> PatternTable<'a> {
    /// `None` if the bytes are something else.
    pub fn new(bytes: &'a [u8], families: usize) -> Option<Self> {
        let words = read(bytes, 0)? as usize;
        let table = Self { bytes, words, families };
        let last = table.block_ends() + families * 4;
        (read(bytes, 1)? as usize == families && bytes.len() >= last).then_some(table)
    }

    /// Rows of a family.
    pub fn rows(&self, family: usize) -> u64 {
        self.at(2 + family).into()
    }

    /// Families that have a word.
    pub fn families_of(&self, word: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.list(self.word_ends() * 4, self.words, word)
    }

    /// Blocks that have a row of a family.
    pub fn blocks_of(&self, family: usize) -> impl Iterator<Item = usize> + use<'a> {
        self.list(self.block_ends(), self.families, family)
    }

    /// List `number` of `lists` lists of 16-bit numbers, whose ends begin at byte `at`.
    fn list(&self, at: usize, lists: usize, number: usize) -> impl Iterator<Item = usize> + use<'a> {
        let end = |list: usize| read_at(self.bytes, at + list * 4).unwrap_or(0) as usize;
        let start = if number == 0 { 0 } else { end(number - 1) };
        let first = at + lists * 4;
        let (pairs, _) = self.bytes.get(first + start * 2..first + end(number) * 2).unwrap_or_default().as_chunks::<2>();
        pairs.iter().map(|pair| usize::from(u16::from_le_bytes(*pair)))
    }

    /// The pattern of a family.
    pub fn pattern(&self, family: usize) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a> {
        let start = if family == 0 { 0 } else { self.at(self.pattern_ends() + family - 1) as usize };
        let end = self.at(self.pattern_ends() + family) as usize;
        let first = self.pattern_ends() + self.families;
        let (numbers, _) = self.bytes.get((first + start) * 4..(first + end) * 4).unwrap_or_default().as_chunks::<4>();
        numbers.iter().map(|number| u32::from_le_bytes(*number))
    }

    fn pattern_ends(&self) -> usize {
        2 + self.families
    }

    fn word_ends(&self) -> usize {
        let pattern_words = if self.families == 0 { 0 } else { self.at(self.pattern_ends() + self.families - 1) as usize };
        self.pattern_ends() + self.families + pattern_words
    }

    /// The byte at which the ends of the families' blocks begin.
    fn block_ends(&self) -> usize {
        let ends = self.word_ends();
        let families = if self.words == 0 { 0 } else { self.at(ends + self.words - 1) as usize };
        (ends + self.words) * 4 + families * 2
    }

    fn at(&self, position: usize) -> u32 {
        read(self.bytes, position).unwrap_or(0)
    }
}

fn read(bytes: &[u8], position: usize) -> Option<u32> {
    read_at(bytes, position * 4)
}

fn read_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Reads a section as it lies in the file.
///
/// # Errors
/// A reason, when the bytes are something else.
pub fn decode_patterns(bytes: &[u8]) -> Result<Vec<u8>, String> {
    decompress(bytes, PATTERNS_BYTES_MAX)
}
