//! Cutting a whole array of texts into words, many bytes at a time.
//!
//! The texts of a block lie one after the other. They are lower-cased together, and two bits are made of every byte: part of a
//! word, digit. Words are then found by counting zeros and ones. This is the way of `simple` over ASCII; every other text goes
//! through the tokenizer itself, which is the reference.

use arrow::array::{Array, StringArray};
use xxhash_rust::xxh3::xxh3_64;

use super::has_digit;
use crate::words::Tokenizer;

/// What is found in the texts, row by row.
pub trait TokenSink {
    /// The next word of the row. `digit`: see [`has_digit`].
    fn word(&mut self, word: &[u8], hash: u64, digit: bool);
    /// The row has no more words. NULL has none and `is_null`.
    fn end_row(&mut self, is_null: bool);
}

/// The hash under which a word is looked up, here and among the fingerprints.
pub fn hash_of(word: &[u8]) -> u64 {
    xxh3_64(word)
}

/// Cuts texts.
#[derive(Debug)]
pub struct TokenScanner {
    tokenizer: Tokenizer,
    lowered: Vec<u8>,
    inside: Vec<u64>,
    digits: Vec<u64>,
}

impl TokenScanner {
    /// In the way of `tokenizer`.
    pub fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer, lowered: Vec::new(), inside: Vec::new(), digits: Vec::new() }
    }

    /// Finds the words of all rows.
    pub fn scan(&mut self, texts: &StringArray, sink: &mut impl TokenSink) {
        let offsets = texts.value_offsets();
        let (start, end) = (offsets[0] as usize, offsets[texts.len()] as usize);
        let bytes = &texts.value_data()[start..end];
        if self.tokenizer == Tokenizer::Simple && bytes.is_ascii() {
            self.mark(bytes);
            for row in 0..texts.len() {
                if texts.is_valid(row) {
                    self.row(offsets[row] as usize - start, offsets[row + 1] as usize - start, sink);
                }
                sink.end_row(texts.is_null(row));
            }
            return;
        }
        for row in 0..texts.len() {
            if texts.is_valid(row) {
                let found = |word: &str, _, _| sink.word(word.as_bytes(), hash_of(word.as_bytes()), has_digit(word));
                self.tokenizer.split(texts.value(row), found);
            }
            sink.end_row(texts.is_null(row));
        }
    }

    fn mark(&mut self, bytes: &[u8]) {
        self.lowered.clear();
        self.lowered.extend(bytes.iter().map(u8::to_ascii_lowercase));
        self.inside.clear();
        self.digits.clear();
        let (whole, rest) = self.lowered.as_chunks::<64>();
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        for chunk in whole.iter().chain([&last]) {
            let digits = bits(&chunk.map(|byte| u8::from(byte.is_ascii_digit())));
            self.inside.push(digits | bits(&chunk.map(|byte| u8::from(byte.is_ascii_lowercase()))));
            self.digits.push(digits);
        }
    }

    fn row(&self, start: usize, end: usize, sink: &mut impl TokenSink) {
        let mut at = start;
        loop {
            at = next(&self.inside, at, end, 0);
            if at >= end {
                return;
            }
            let stop = next(&self.inside, at, end, u64::MAX);
            let word = &self.lowered[at..stop];
            sink.word(word, hash_of(word), next(&self.digits, at, stop, 0) < stop);
            at = stop;
        }
    }
}

/// Bit n is byte n, which is 0 or 1.
fn bits(bytes: &[u8; 64]) -> u64 {
    /// Moves the lowest bit of byte n to bit 56 + n.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().enumerate().fold(0, |bits, (at, word)| bits | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (8 * at))
}

/// The first position from `at` on whose bit differs from those of `skipped` (all zeros or all ones); `end` if there is none.
fn next(bits: &[u64], at: usize, end: usize, skipped: u64) -> usize {
    let mut word = at / 64;
    let mut found = (bits[word] ^ skipped) & (u64::MAX << (at % 64));
    while found == 0 {
        word += 1;
        if word * 64 >= end {
            return end;
        }
        found = bits[word] ^ skipped;
    }
    end.min(word * 64 + found.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Words(Vec<Vec<(String, bool)>>, Vec<(String, bool)>);

    impl TokenSink for Words {
        fn word(&mut self, word: &[u8], hash: u64, digit: bool) {
            assert_eq!(hash, hash_of(word));
            self.1.push((String::from_utf8(word.to_vec()).unwrap(), digit));
        }

        fn end_row(&mut self, is_null: bool) {
            assert!(!is_null || self.1.is_empty());
            self.0.push(std::mem::take(&mut self.1));
        }
    }

    proptest! {
        #[test]
        fn finds_what_the_tokenizer_finds(
            texts in proptest::collection::vec(proptest::option::weighted(0.9, "[a-cA-C0-2 _.\\-]{0,90}"), 0..40),
            foreign in proptest::option::of("[aB云İ 1]{0,10}"),
        ) {
            let array = StringArray::from(texts.iter().cloned().chain([foreign]).collect::<Vec<_>>());
            // A slice, so that offsets do not begin at zero.
            let array = array.slice(array.len().min(1), array.len() - array.len().min(1));
            let mut found = Words::default();
            TokenScanner::new(Tokenizer::Simple).scan(&array, &mut found);
            let mut wanted = Words::default();
            for text in array.iter() {
                if let Some(text) = text {
                    Tokenizer::Simple.split(text, |word, _, _| wanted.word(word.as_bytes(), hash_of(word.as_bytes()), has_digit(word)));
                }
                wanted.end_row(text.is_none());
            }
            prop_assert_eq!(found, wanted);
        }
    }
}
