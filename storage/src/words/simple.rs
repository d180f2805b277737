//! `simple`: lower-cased runs of letters and digits; CJK writing in overlapping pairs, so that any two neighbours are found.

use std::ops::Range;

use super::runs;

/// See [`super::Tokenizer::split`].
pub(super) fn split(text: &str, found: impl FnMut(&str, Range<usize>, u32)) {
    runs::split(text, found, |run, start, position, found| runs::pairs(run, start, position, found));
}
