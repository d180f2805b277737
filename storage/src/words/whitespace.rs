//! `whitespace`: what stands between white space, as it is written.

use std::ops::Range;

/// See [`super::Tokenizer::split`].
pub(super) fn split(text: &str, mut found: impl FnMut(&str, Range<usize>, u32)) {
    let mut at = 0;
    let mut position = 0;
    for word in text.split(char::is_whitespace) {
        let end = at + word.len();
        if !word.is_empty() {
            position += 1;
            found(word, at..end, position);
        }
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
    }
}
