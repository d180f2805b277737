//! Search over the bytes of many texts at once.
//!
//! The texts of a chunk lie one after the other. A literal is looked for in all of them in one sweep of SIMD search; the
//! row of a hit is found through the offsets, and a hit that reaches over the end of its row is none. What a literal
//! cannot decide alone, the rest of the pattern decides on the rows with a hit.

use std::ops::Range;

use arrow::array::BooleanBufferBuilder;
use arrow::array::{Array, StringArray};
use arrow::buffer::BooleanBuffer;
use memchr::memmem::Finder;
use regex::Regex;

use super::super::selection::Selection;
use super::literals;

/// Gaps of a selection up to this many rows are searched along, because starting a sweep costs more.
const GAP_ROWS_MAX: usize = 32;

/// A condition on a text that can be decided from its bytes. Never TRUE for NULL.
#[derive(Debug)]
pub(crate) struct TextSearch {
    /// Is in every text that matches.
    sweep: Option<Finder<'static>>,
    verify: Verify,
    negated: bool,
}

#[derive(Debug)]
enum Verify {
    /// A hit of the sweep is a match.
    Nothing,
    /// Parts of a LIKE pattern between its `%`.
    Parts { first: Vec<u8>, middle: Vec<Finder<'static>>, last: Vec<u8> },
    /// Literals in their order, then the expression.
    Regex { literals: Vec<Finder<'static>>, regex: Regex },
}

impl TextSearch {
    /// `contains(column, needle)`; `None` if a plain evaluation is as good.
    pub(crate) fn contains(needle: &str) -> Option<Self> {
        (!needle.is_empty()).then(|| Self { sweep: Some(finder(needle)), verify: Verify::Nothing, negated: false })
    }

    /// `column [NOT] LIKE pattern`; `None` for patterns with `_` or an escape.
    pub(crate) fn like(pattern: &str, negated: bool) -> Option<Self> {
        if pattern.contains(['_', '\\']) || !pattern.contains('%') {
            return None;
        }
        let parts: Vec<&str> = pattern.split('%').collect();
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return None };
        let middle: Vec<&str> = parts[1..parts.len() - 1].iter().copied().filter(|part| !part.is_empty()).collect();
        let longest = parts.iter().max_by_key(|part| part.len()).filter(|part| !part.is_empty())?;
        let verify = match middle.as_slice() {
            [_] if first.is_empty() && last.is_empty() => Verify::Nothing,
            _ => Verify::Parts {
                first: first.as_bytes().to_vec(),
                middle: middle.iter().map(|part| finder(part)).collect(),
                last: last.as_bytes().to_vec(),
            },
        };
        Some(Self { sweep: Some(finder(longest)), verify, negated })
    }

    /// `column ~ pattern` and its relatives; `None` if the pattern does not compile, so that the expression complains.
    pub(crate) fn regex(pattern: &str, case_insensitive: bool, negated: bool) -> Option<Self> {
        let pattern = if case_insensitive { format!("(?i){pattern}") } else { pattern.to_owned() };
        let regex = Regex::new(&pattern).ok()?;
        let literals = literals::required(&pattern);
        let sweep = literals.iter().max_by_key(|literal| literal.len()).map(|literal| Finder::new(literal).into_owned());
        let literals = literals.iter().map(|literal| Finder::new(literal).into_owned()).collect();
        Some(Self { sweep, verify: Verify::Regex { literals, regex }, negated })
    }

    /// Rough cost a row, comparable with other conditions.
    pub(crate) fn cost(&self) -> u32 {
        match (&self.verify, &self.sweep) {
            (Verify::Nothing, _) => 6,
            (Verify::Parts { .. }, _) => 7,
            (Verify::Regex { .. }, Some(_)) => 9,
            (Verify::Regex { .. }, None) => 60,
        }
    }

    /// The rows of `among` that match.
    pub(crate) fn select(&self, texts: &StringArray, among: &Selection) -> Selection {
        let mut hits = BooleanBufferBuilder::new(texts.len());
        hits.append_n(texts.len(), false);
        match &self.sweep {
            Some(sweep) => {
                for rows in spans(among) {
                    self.sweep_rows(sweep, texts, rows, &mut hits);
                }
            }
            None => {
                for row in among.ranges().flatten() {
                    if texts.is_valid(row) && self.matches(texts.value(row)) {
                        hits.set_bit(row, true);
                    }
                }
            }
        }
        self.finish(hits.finish(), texts, among)
    }

    fn finish(&self, hits: BooleanBuffer, texts: &StringArray, among: &Selection) -> Selection {
        let mut truth = if self.negated { !&hits } else { hits };
        if let Some(nulls) = texts.nulls() {
            truth = &truth & nulls.inner();
        }
        Selection::from_mask(truth).and(among)
    }

    fn sweep_rows(&self, sweep: &Finder<'_>, texts: &StringArray, rows: Range<usize>, hits: &mut BooleanBufferBuilder) {
        let offsets = texts.value_offsets();
        let bytes = texts.value_data();
        let end = position(offsets[rows.end]);
        let (mut at, mut row) = (position(offsets[rows.start]), rows.start);
        while let Some(found) = sweep.find(&bytes[at..end]) {
            let hit = at + found;
            row = row_at(offsets, row, hit);
            let row_end = position(offsets[row + 1]);
            if hit + sweep.needle().len() > row_end {
                // Reaches into the next row.
                at = hit + 1;
                continue;
            }
            if texts.is_valid(row) && self.verified(&bytes[position(offsets[row])..row_end], texts, row) {
                hits.set_bit(row, true);
            }
            at = row_end;
        }
    }

    /// Whether the text matches, negation apart.
    fn matches(&self, text: &str) -> bool {
        match &self.verify {
            Verify::Nothing => self.sweep.as_ref().is_some_and(|sweep| sweep.find(text.as_bytes()).is_some()),
            Verify::Parts { first, middle, last } => parts_match(text.as_bytes(), first, middle, last),
            Verify::Regex { literals, regex } => in_order(text.as_bytes(), literals) && regex.is_match(text),
        }
    }

    fn verified(&self, bytes: &[u8], texts: &StringArray, row: usize) -> bool {
        match &self.verify {
            Verify::Nothing => true,
            Verify::Parts { first, middle, last } => parts_match(bytes, first, middle, last),
            Verify::Regex { literals, regex } => in_order(bytes, literals) && regex.is_match(texts.value(row)),
        }
    }
}

fn finder(needle: &str) -> Finder<'static> {
    Finder::new(needle.as_bytes()).into_owned()
}

#[allow(clippy::cast_sign_loss, reason = "offsets of an Arrow array are not negative")]
fn position(offset: i32) -> usize {
    offset as usize
}

/// The row that byte `hit` lies in, searched from `row` on in growing steps.
fn row_at(offsets: &[i32], row: usize, hit: usize) -> usize {
    let mut step = 1;
    let mut low = row;
    while low + step < offsets.len() && position(offsets[low + step]) <= hit {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(offsets.len());
    low + offsets[low..high].partition_point(|offset| position(*offset) <= hit) - 1
}

/// Ranges of rows to sweep: those selected, with small gaps included.
fn spans(among: &Selection) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for range in among.ranges() {
        match spans.last_mut() {
            Some(last) if range.start - last.end <= GAP_ROWS_MAX => last.end = range.end,
            _ => spans.push(range),
        }
    }
    spans
}

fn in_order(text: &[u8], literals: &[Finder<'_>]) -> bool {
    let mut at = 0;
    literals.iter().all(|literal| match literal.find(&text[at..]) {
        Some(found) => {
            at += found + literal.needle().len();
            true
        }
        None => false,
    })
}

fn parts_match(text: &[u8], first: &[u8], middle: &[Finder<'_>], last: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(first) else { return false };
    let Some(rest) = rest.strip_suffix(last) else { return false };
    in_order(rest, middle)
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Scalar};
    use arrow::compute::kernels::comparison::{like, nlike, regexp_is_match_scalar};
    use proptest::prelude::*;

    use super::super::super::selection::truth_mask;
    use super::*;

    fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
        proptest::collection::vec(proptest::option::weighted(0.9, "[ab云\n]{0,6}"), 0..80)
    }

    fn check(search: &TextSearch, texts: &StringArray, among: &Selection, expected: &BooleanArray) {
        let wanted = Selection::from_mask(truth_mask(expected)).and(among);
        assert_eq!(search.select(texts, among).mask(), wanted.mask(), "{search:?} over {texts:?}");
    }

    proptest! {
        #[test]
        fn finds_what_the_kernels_find(texts in texts(), pattern in "[ab云%]{1,5}", regex in prop_oneof!["[ab云.*]{1,4}", Just("^a.b".to_owned()), Just("(ab)+".to_owned())], keep in any::<u64>()) {
            let array = StringArray::from(texts);
            // A slice, so that offsets do not begin at zero.
            let array = array.slice(array.len().min(2), array.len() - array.len().min(2));
            let some = Selection::from_mask((0..array.len()).map(|row| keep >> (row % 64) & 1 == 1).collect());
            for among in [Selection::all(array.len()), some] {
                let scalar = Scalar::new(StringArray::from(vec![pattern.as_str()]));
                for negated in [false, true] {
                    if let Some(search) = TextSearch::like(&pattern, negated) {
                        let expected = if negated { nlike(&array, &scalar) } else { like(&array, &scalar) }.unwrap();
                        check(&search, &array, &among, &expected);
                    }
                }
                if let (Some(search), Ok(expected)) = (TextSearch::regex(&regex, false, false), regexp_is_match_scalar(&array, &regex, None)) {
                    check(&search, &array, &among, &expected);
                }
            }
        }
    }

    #[test]
    fn a_hit_over_the_end_of_a_row_is_none() {
        let array = StringArray::from(vec!["xa", "bx", "ab", "", "aab"]);
        let search = TextSearch::contains("ab").unwrap();
        assert_eq!(search.select(&array, &Selection::all(5)).indices(), [2, 4]);
    }
}
