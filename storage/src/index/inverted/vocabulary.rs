//! The constant words of a segment in byte order, searched where they lie.
//!
//! ```text
//! words (u32), end of each word in the text (u32 each), text
//! ```

/// Bytes of a vocabulary, at most.
pub const VOCABULARY_BYTES_MAX: usize = 256 << 20;

/// Writes sorted words.
pub fn encode<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = (words.len() as u32).to_le_bytes().to_vec();
    let mut text: Vec<u8> = Vec::new();
    for word in words {
        text.extend(word.as_bytes());
        bytes.extend((text.len() as u32).to_le_bytes());
    }
    bytes.extend(text);
    bytes
}

/// Reads them.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    bytes: &'a [u8],
    words: usize,
}

impl<'a> Vocabulary<'a> {
    /// `None` if the bytes are no vocabulary.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let words = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
        let text_start = words.checked_add(1)?.checked_mul(4)?;
        (bytes.len() >= text_start).then_some(Self { bytes, words })
    }

    /// The number of a word.
    pub fn find(&self, word: &str) -> Option<usize> {
        let at = self.first_not_below(word.as_bytes());
        (at < self.words && self.word(at) == word.as_bytes()).then_some(at)
    }

    fn first_not_below(&self, word: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.words);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.word(middle) < word {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn word(&self, at: usize) -> &'a [u8] {
        let text_start = (self.words + 1) * 4;
        let start = if at == 0 { 0 } else { self.end(at - 1) };
        self.bytes.get(text_start + start..text_start + self.end(at)).unwrap_or_default()
    }

    fn end(&self, at: usize) -> usize {
        let entry = self.bytes.get((at + 1) * 4..).and_then(|rest| rest.first_chunk::<4>());
        entry.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_found(words in proptest::collection::btree_set("[a-c云]{1,4}", 0..60), absent in "[a-d云]{0,3}") {
            let sorted: Vec<&str> = words.iter().map(String::as_str).collect();
            let bytes = encode(sorted.iter().copied());
            let vocabulary = Vocabulary::new(&bytes).unwrap();
            for (at, word) in sorted.iter().enumerate() {
                prop_assert_eq!(vocabulary.find(word), Some(at));
            }
            prop_assert_eq!(vocabulary.find(&absent), sorted.iter().position(|word| *word == absent));
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_harm() {
        for bytes in [&[][..], &[9, 0, 0, 0][..], &[1, 0, 0, 0, 200, 0, 0, 0, b'a'][..]] {
            if let Some(vocabulary) = Vocabulary::new(bytes) {
                assert_eq!(vocabulary.find("a"), None);
            }
        }
    }
}
