//! Runs of letters and digits: what `simple` and `cjk` have in common.
//!
//! A run ends at what is no letter or digit, and where CJK writing meets other letters. A run of other letters is one word in
//! lower case; a run of CJK writing is handed on.

use std::ops::Range;

use super::letters::is_cjk;

/// What a byte of ASCII text is to a run.
const OUTSIDE: u8 = 0;
const AS_IT_IS: u8 = 1;
const UPPER: u8 = 2;

const CLASSES: [u8; 256] = {
    let mut classes = [OUTSIDE; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_uppercase() {
            classes[byte as usize] = UPPER;
        } else if byte.is_ascii_alphanumeric() {
            classes[byte as usize] = AS_IT_IS;
        }
        byte += 1;
    }
    classes
};

/// Calls `found` for every word, and for a run of CJK writing `cut(run, its first byte, position of the word before, found)`,
/// which answers the position of its last word.
pub(super) fn split<F: FnMut(&str, Range<usize>, u32)>(
    text: &str,
    mut found: F,
    cut: impl FnMut(&str, usize, u32, &mut F) -> u32,
) {
    if text.is_ascii() {
        split_ascii(text, &mut found);
    } else {
        split_unicode(text, &mut found, cut);
    }
}

/// The quick way for text of ASCII alone; the same words as [`split_unicode`].
fn split_ascii(text: &str, found: &mut impl FnMut(&str, Range<usize>, u32)) {
    let bytes = text.as_bytes();
    let mut lowered = String::new();
    let (mut at, mut position) = (0, 0);
    loop {
        while at < bytes.len() && CLASSES[usize::from(bytes[at])] == OUTSIDE {
            at += 1;
        }
        if at == bytes.len() {
            return;
        }
        let (start, mut seen) = (at, 0);
        while at < bytes.len() && CLASSES[usize::from(bytes[at])] != OUTSIDE {
            seen |= CLASSES[usize::from(bytes[at])];
            at += 1;
        }
        position += 1;
        let word = &text[start..at];
        if seen & UPPER == 0 {
            found(word, start..at, position);
        } else {
            lowered.clear();
            lowered.push_str(word);
            lowered.make_ascii_lowercase();
            found(&lowered, start..at, position);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Outside,
    Letters,
    Cjk,
}

/// The way for any text.
pub(super) fn split_unicode<F: FnMut(&str, Range<usize>, u32)>(
    text: &str,
    found: &mut F,
    mut cut: impl FnMut(&str, usize, u32, &mut F) -> u32,
) {
    let mut lowered = String::new();
    let (mut run, mut start, mut position) = (Run::Outside, 0, 0);
    let mut letters = text.char_indices();
    loop {
        let (at, next) = letters.next().map_or((text.len(), Run::Outside), |(at, letter)| (at, class(letter)));
        if next != run {
            let whole = &text[start..at];
            match run {
                Run::Outside => {}
                Run::Letters => {
                    position += 1;
                    lower(whole, &mut lowered);
                    found(&lowered, start..at, position);
                }
                Run::Cjk => position = cut(whole, start, position, found),
            }
            (run, start) = (next, at);
        }
        if at == text.len() {
            return;
        }
    }
}

fn lower(word: &str, lowered: &mut String) {
    lowered.clear();
    if word.is_ascii() {
        lowered.push_str(word);
        lowered.make_ascii_lowercase();
    } else {
        lowered.extend(word.chars().flat_map(char::to_lowercase));
    }
}

fn class(letter: char) -> Run {
    match letter {
        '0'..='9' | 'a'..='z' | 'A'..='Z' => Run::Letters,
        // All of these are letters, and most of Chinese is here.
        '\u{4E00}'..='\u{9FFF}' => Run::Cjk,
        _ if letter.is_ascii() || !letter.is_alphanumeric() => Run::Outside,
        _ if is_cjk(letter) => Run::Cjk,
        _ => Run::Letters,
    }
}

/// Cuts a run that begins at byte `start` into overlapping pairs of characters; a single character stays one.
pub(super) fn pairs(run: &str, start: usize, mut position: u32, found: &mut impl FnMut(&str, Range<usize>, u32)) -> u32 {
    let mut ends = run.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let mut first = 0;
    let mut second = ends.next().unwrap_or(run.len());
    if second == run.len() {
        position += 1;
        found(run, start..start + run.len(), position);
    }
    for end in ends {
        position += 1;
        found(&run[first..end], start + first..start + end, position);
        (first, second) = (second, end);
    }
    position
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_character_has_its_class() {
        for letter in '\0'..=char::MAX {
            let expected = match (letter.is_alphanumeric(), is_cjk(letter)) {
                (false, _) => Run::Outside,
                (true, true) => Run::Cjk,
                (true, false) => Run::Letters,
            };
            assert!(class(letter) == expected, "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn ascii_text_has_the_same_words_either_way(text in "[ -~\\t\\n]{0,80}") {
            let (mut quick, mut slow) = (Vec::new(), Vec::new());
            split_ascii(&text, &mut |word, range, position| quick.push((word.to_owned(), range, position)));
            let mut see = |word: &str, range: Range<usize>, position: u32| slow.push((word.to_owned(), range, position));
            split_unicode(&text, &mut see, |_, _, position, _| position);
            prop_assert_eq!(quick, slow);
        }
    }
}
