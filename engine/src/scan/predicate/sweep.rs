//! One sweep over the bytes of many texts that lie one after the other.
//!
//! A needle is looked for in all of them at once; the row of a hit is found through the offsets, and a hit that reaches over
//! the end of its row is none.

use std::ops::Range;

use arrow::array::{Array, BooleanBufferBuilder, StringArray};
use arrow::buffer::BooleanBuffer;

use super::super::selection::Selection;
use super::needle::Needle;

/// Gaps of a selection up to this many rows are searched along, because starting a sweep costs more.
const GAP_ROWS_MAX: usize = 32;

/// A hit in a row.
pub(super) struct Hit<'a> {
    /// The text of the row.
    pub text: &'a str,
    /// The bytes of it that were found.
    pub at: Range<usize>,
}

/// What a hit says about its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It matches.
    Match,
    /// It does not, whatever else is in it.
    NoMatch,
    /// Another hit in it may tell.
    Next,
}

/// The rows of `among` in which `judge` finds a match. Where the needle cannot be searched for, `decide` is asked about every row
/// instead. NULLs never match.
pub(super) fn sweep(
    needle: &Needle,
    texts: &StringArray,
    among: &Selection,
    mut judge: impl FnMut(&Hit<'_>) -> Judgement,
    mut decide: impl FnMut(&str) -> bool,
) -> BooleanBuffer {
    let mut hits = BooleanBufferBuilder::new(texts.len());
    hits.append_n(texts.len(), false);
    let offsets = texts.value_offsets();
    let bytes = texts.value_data();
    for rows in spans(among) {
        let span = position(offsets[rows.start])..position(offsets[rows.end]);
        if needle.is_for_ascii() && !bytes[span.clone()].is_ascii() {
            for row in rows {
                if texts.is_valid(row) && decide(texts.value(row)) {
                    hits.set_bit(row, true);
                }
            }
            continue;
        }
        let (mut at, mut row) = (span.start, rows.start);
        while let Some(found) = needle.find(&bytes[at..span.end]) {
            let hit = at + found;
            row = row_at(offsets, row, hit);
            let (row_start, row_end) = (position(offsets[row]), position(offsets[row + 1]));
            if hit + needle.len() > row_end {
                // Reaches into the next row.
                at = hit + 1;
                continue;
            }
            if texts.is_null(row) {
                at = row_end;
                continue;
            }
            let of_row = hit - row_start..hit - row_start + needle.len();
            match judge(&Hit { text: texts.value(row), at: of_row }) {
                Judgement::Match => {
                    hits.set_bit(row, true);
                    at = row_end;
                }
                Judgement::NoMatch => at = row_end,
                Judgement::Next => at = hit + 1,
            }
        }
    }
    hits.finish()
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

/// The rows whose bit is set, or with `negated` those whose bit is not; of `among`, and never a NULL.
pub(super) fn finish(hits: BooleanBuffer, negated: bool, texts: &StringArray, among: &Selection) -> Selection {
    let mut truth = if negated { !&hits } else { hits };
    if let Some(nulls) = texts.nulls() {
        truth = &truth & nulls.inner();
    }
    Selection::from_mask(truth).and(among)
}

/// The rows of `among` that `decide` says yes to.
pub(super) fn one_by_one(texts: &StringArray, among: &Selection, mut decide: impl FnMut(&str) -> bool) -> BooleanBuffer {
    let mut hits = BooleanBufferBuilder::new(texts.len());
    hits.append_n(texts.len(), false);
    for row in among.ranges().flatten() {
        if texts.is_valid(row) && decide(texts.value(row)) {
            hits.set_bit(row, true);
        }
    }
    hits.finish()
}
