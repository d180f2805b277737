//! `ngram`: every piece of three characters, lower-cased, whatever the characters are. A text that is shorter is one piece.
//!
//! Position n is the piece that begins at the n-th character, so a phrase of neighbouring pieces is a substring.

use std::ops::Range;

/// Characters of a piece.
const PIECE: usize = 3;

/// See [`super::Tokenizer::split`].
pub(super) fn split(text: &str, mut found: impl FnMut(&str, Range<usize>, u32)) {
    if text.is_ascii() {
        split_ascii(text, &mut found);
    } else {
        split_unicode(text, &mut found);
    }
}

fn split_ascii(text: &str, found: &mut impl FnMut(&str, Range<usize>, u32)) {
    let lowered = text.to_ascii_lowercase();
    if lowered.len() < PIECE {
        if !lowered.is_empty() {
            found(&lowered, 0..text.len(), 1);
        }
        return;
    }
    for (start, position) in (0..=text.len() - PIECE).zip(1..) {
        found(&lowered[start..start + PIECE], start..start + PIECE, position);
    }
}

/// A character may become several in lower case, so the last [`PIECE`] characters are remembered with where each of them
/// came from and went to.
fn split_unicode(text: &str, found: &mut impl FnMut(&str, Range<usize>, u32)) {
    let mut lowered = String::with_capacity(text.len());
    // Per character in lower case: its first byte in `lowered`, the bytes of `text` it comes from.
    let mut letters: Vec<(usize, Range<usize>)> = Vec::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        for small in letter.to_lowercase() {
            letters.push((lowered.len(), at..at + letter.len_utf8()));
            lowered.push(small);
        }
    }
    for (piece, position) in letters.windows(PIECE.min(letters.len())).zip(1..) {
        let end = letters.get(position as usize - 1 + piece.len()).map_or(lowered.len(), |next| next.0);
        found(&lowered[piece[0].0..end], piece[0].1.start..piece[piece.len() - 1].1.end, position);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ascii_text_has_the_same_pieces_either_way(text in "[ -~]{1,12}") {
            let (mut quick, mut slow) = (Vec::new(), Vec::new());
            split_ascii(&text, &mut |word, range, position| quick.push((word.to_owned(), range, position)));
            split_unicode(&text, &mut |word, range, position| slow.push((word.to_owned(), range, position)));
            prop_assert_eq!(quick, slow);
        }
    }
}
