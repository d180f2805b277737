//! What an index says: a set of rows of one segment.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanBufferBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::UInt16Type;
use futures::future::{BoxFuture, FutureExt};

use super::Index;
use crate::Result;
use crate::segment::{BLOCK_ROWS, CHUNK_ROWS};

/// Rows that may match.
#[derive(Debug, Clone)]
pub struct Answer {
    /// No row outside of them matches.
    pub rows: Rows,
    /// All of them match.
    pub is_exact: bool,
    /// How many rows match; known only if `is_exact`.
    pub count: Option<u64>,
}

impl Answer {
    /// Every row may match.
    pub fn unknown() -> Self {
        Self { rows: Rows::All, is_exact: false, count: None }
    }

    /// No row matches.
    pub fn never() -> Self {
        Self { rows: Rows::None, is_exact: true, count: Some(0) }
    }
}

/// A set of rows of a segment.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Every row.
    All,
    /// No row.
    None,
    /// The rows of these blocks of [`BLOCK_ROWS`] rows.
    Blocks(BooleanBuffer),
    /// These rows.
    Each(BooleanBuffer),
    /// The rows of these families, which [`Index::families`] tells.
    Families(Arc<[bool]>),
    /// Rows that are in all of these sets.
    And(Vec<Rows>),
    /// Rows that are in one of these sets.
    Or(Vec<Rows>),
}

impl Rows {
    /// Rows in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, rows) | (rows, Self::All) => rows,
            (Self::Blocks(a), Self::Blocks(b)) => Self::of_blocks(&a & &b),
            (Self::Each(a), Self::Each(b)) => Self::Each(&a & &b),
            (Self::Families(a), Self::Families(b)) => Self::of_families(a.iter().zip(b.iter()).map(|(a, b)| *a && *b).collect()),
            (Self::And(mut all), rows) | (rows, Self::And(mut all)) => {
                all.push(rows);
                Self::And(all)
            }
            (a, b) => Self::And(vec![a, b]),
        }
    }

    /// Rows in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, rows) | (rows, Self::None) => rows,
            (Self::Blocks(a), Self::Blocks(b)) => Self::Blocks(&a | &b),
            (Self::Each(a), Self::Each(b)) => Self::Each(&a | &b),
            (Self::Families(a), Self::Families(b)) => Self::of_families(a.iter().zip(b.iter()).map(|(a, b)| *a || *b).collect()),
            (Self::Or(mut any), rows) | (rows, Self::Or(mut any)) => {
                any.push(rows);
                Self::Or(any)
            }
            (a, b) => Self::Or(vec![a, b]),
        }
    }

    /// The rows of these families.
    pub fn of_families(families: Arc<[bool]>) -> Self {
        if families.contains(&true) { Self::Families(families) } else { Self::None }
    }

    /// The rows of these out of `blocks` blocks; numbers beyond are not those of a block and are passed over.
    pub fn of_block_numbers(numbers: impl IntoIterator<Item = usize>, blocks: usize) -> Self {
        let mut set = BooleanBufferBuilder::new(blocks);
        set.append_n(blocks, false);
        numbers.into_iter().filter(|block| *block < blocks).for_each(|block| set.set_bit(block, true));
        Self::of_blocks(set.finish())
    }

    /// The rows of these blocks.
    pub fn of_blocks(blocks: BooleanBuffer) -> Self {
        if blocks.count_set_bits() > 0 { Self::Blocks(blocks) } else { Self::None }
    }

    /// Blocks, out of `blocks`, that may hold one of the rows.
    pub fn blocks(&self, blocks: usize) -> BooleanBuffer {
        match self {
            Self::None => BooleanBuffer::new_unset(blocks),
            Self::All | Self::Families(_) => BooleanBuffer::new_set(blocks),
            Self::Blocks(set) => set.clone(),
            Self::Each(rows) => (0..blocks)
                .map(|block| {
                    let start = block * BLOCK_ROWS;
                    rows.slice(start, BLOCK_ROWS.min(rows.len() - start)).has_true()
                })
                .collect(),
            Self::And(parts) => parts.iter().fold(BooleanBuffer::new_set(blocks), |all, part| &all & &part.blocks(blocks)),
            Self::Or(parts) => parts.iter().fold(BooleanBuffer::new_unset(blocks), |any, part| &any | &part.blocks(blocks)),
        }
    }

    /// The rows among the `rows` rows of a chunk. Only those in `ranges`, ascending and disjoint, are looked for; the others
    /// are not in the answer.
    ///
    /// # Errors
    /// Those of [`Index::families`].
    pub fn in_chunk<'a>(
        &'a self,
        index: &'a dyn Index,
        chunk: usize,
        rows: usize,
        ranges: &'a [Range<usize>],
    ) -> BoxFuture<'a, Result<BooleanBuffer>> {
        async move {
            Ok(match self {
                Self::All => BooleanBuffer::new_set(rows),
                Self::None => BooleanBuffer::new_unset(rows),
                Self::Each(set) => set.slice(chunk * CHUNK_ROWS, rows),
                Self::Blocks(set) => {
                    let first = chunk * (CHUNK_ROWS / BLOCK_ROWS);
                    let mut found = BooleanBufferBuilder::new(rows);
                    for (block, start) in (0..rows).step_by(BLOCK_ROWS).enumerate() {
                        found.append_n(BLOCK_ROWS.min(rows - start), set.value(first + block));
                    }
                    found.finish()
                }
                Self::Families(wanted) => {
                    let families = index.families(chunk).await?;
                    let families = families.as_primitive::<UInt16Type>().values();
                    let is_wanted = |family: u16| wanted.get(usize::from(family)).copied().unwrap_or(false);
                    let mut found = BooleanBufferBuilder::new(rows);
                    for range in ranges {
                        let Some(families) = families.get(range.clone()) else { break };
                        found.append_n(range.start - found.len(), false);
                        found.append_buffer(&BooleanBuffer::collect_bool(families.len(), |row| is_wanted(families[row])));
                    }
                    // An index that knows fewer rows than the chunk has is found out by the length.
                    found.append_n(rows.min(families.len()).saturating_sub(found.len()), false);
                    found.finish()
                }
                Self::And(parts) => {
                    let mut all = BooleanBuffer::new_set(rows);
                    for part in parts {
                        all = &all & &part.in_chunk(index, chunk, rows, ranges).await?;
                    }
                    all
                }
                Self::Or(parts) => {
                    let mut any = BooleanBuffer::new_unset(rows);
                    for part in parts {
                        any = &any | &part.in_chunk(index, chunk, rows, ranges).await?;
                    }
                    any
                }
            })
        }
        .boxed()
    }
}
