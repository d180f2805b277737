//! The indexes of a segment while it is made: each sees the pieces of its column as these are encoded.
//!
//! **Invariant:** an index that cannot be built costs its segment nothing: that is made all the same.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use bytes::Bytes;

use super::meta::SegmentMeta;
use super::to_logical;
use crate::Result;
use crate::index::{IndexBuilder, IndexName, IndexSpec, assemble};
use crate::memory::{Consumer, Memory, Reservation};
use crate::schema::Column;

/// Indexes that are being built.
#[derive(Debug)]
pub struct BuildingIndexes {
    indexes: Vec<(IndexSpec, Box<dyn IndexBuilder>)>,
    memory: Reservation,
}

impl BuildingIndexes {
    /// Over `rows` rows. Specifications whose method has no files are left out.
    pub fn new(specs: Vec<IndexSpec>, rows: usize, memory: &Memory) -> Self {
        let begin = |spec: IndexSpec| Some((spec.method()?.builder(&spec.options, rows), spec));
        let indexes = specs.into_iter().filter_map(begin).map(|(builder, spec)| (spec, builder)).collect();
        Self { indexes, memory: memory.reservation(Consumer::Seal) }
    }

    /// Adds rows of a column, in segment order and in the type of the file.
    ///
    /// # Errors
    /// Arrow's, if they have another type.
    pub fn add(&mut self, column: &Column, piece: &ArrayRef) -> Result<()> {
        let mut of_column = self.indexes.iter_mut().filter(|(spec, _)| spec.column == column.id).peekable();
        if of_column.peek().is_none() {
            return Ok(());
        }
        let piece = if column.data_type == DataType::Utf8View { piece.clone() } else { to_logical(piece, &column.data_type)? };
        of_column.for_each(|(_, builder)| builder.add(&piece));
        let held: usize = self.indexes.iter().map(|(_, builder)| builder.bytes()).sum();
        // Sorting needs the same again.
        let wanted = held * 2;
        let has = self.memory.bytes();
        if wanted > has {
            self.memory.grow(wanted - has)
        } else {
            self.memory.shrink(has - wanted)
        }
        Ok(())
    }

    /// The files.
    pub fn finish(self, segment: &SegmentMeta) -> Vec<(IndexName, Bytes)> {
        let mut files = Vec::with_capacity(self.indexes.len());
        for (spec, builder) in self.indexes {
            let Some(name) = IndexName::new(&segment.location, &spec) else { continue };
            match builder.finish().and_then(|parts| assemble(&name, segment.rows, parts)) {
                Ok(bytes) => files.push((name, bytes)),
                Err(error) => tracing::error!(index = name.location, %error, "an index cannot be built; queries do without it"),
            }
        }
        files
    }
}
