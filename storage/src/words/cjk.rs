//! `cjk`: Chinese in words of a dictionary; all else as in `simple`.
//!
//! The likeliest cut of a run of Chinese characters into words is taken. A word of three or more characters also brings the
//! shorter words of the dictionary within it, at its own position, so that 云梦 is found in 云梦泽 if both are words. What the
//! dictionary does not know is cut into single characters: guessing new words from their neighbours would cut the same name
//! differently in a question and in a text.

use std::io::BufReader;
use std::ops::Range;
use std::sync::LazyLock;

use jieba_rs::Jieba;

use super::letters::is_han;
use super::runs;

/// About 350,000 words; read at the first use, in a few hundred milliseconds, and kept for the life of the process.
static DICTIONARY: LazyLock<Jieba> = LazyLock::new(|| {
    let packed = include_bytes!("../../dictionary/chinese.txt.zst").as_slice();
    let text = zstd::Decoder::new(packed).expect("the dictionary in the binary is a zstd frame");
    Jieba::with_dict(&mut BufReader::new(text)).expect("the dictionary in the binary is well formed")
});

/// See [`super::Tokenizer::split`].
pub(super) fn split(text: &str, found: impl FnMut(&str, Range<usize>, u32)) {
    runs::split(text, found, |run, start, mut position, found| {
        let mut at = 0;
        while at < run.len() {
            let rest = &run[at..];
            let chinese = rest.starts_with(is_han);
            let len = rest.find(|letter| is_han(letter) != chinese).unwrap_or(rest.len());
            let cut = if chinese { words } else { runs::pairs };
            position = cut(&rest[..len], start + at, position, found);
            at += len;
        }
        position
    });
}

/// Cuts Chinese characters that begin at byte `start`.
fn words<F: FnMut(&str, Range<usize>, u32)>(run: &str, start: usize, mut position: u32, found: &mut F) -> u32 {
    for token in DICTIONARY.cut(run, false) {
        position += 1;
        let word = token.word;
        let bounds: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        for (first, &from) in bounds.iter().enumerate() {
            // Single characters are words only where the best cut says so.
            for &to in bounds.iter().skip(first + 1) {
                let whole = to - from == word.len();
                if whole || (to > bounds[first + 1] && DICTIONARY.has_word(&word[from..to])) {
                    let at = start + token.byte_start;
                    found(&word[from..to], at + from..at + to, position);
                }
            }
        }
    }
    position
}
