//! A segment while it is being made: columns are added one after the other, facts are gathered, the file is put together.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, TimeUnit};
use bytes::Bytes;

use super::attrs::{self, Census};
use super::building::BuildingIndexes;
use super::file::{id_of, location};
use super::layout::Content;
use super::meta::{Bound, ColumnSummary, FieldSummary, SegmentMeta, SegmentState};
use super::native;
use super::order::{Ranks, permutation};
use super::seal::column_data;
use super::text::{TextColumn, TextPart};
use super::write::{ColumnData, EncodedColumn, assemble, encode};
use crate::Result;
use crate::ids::{Offset, SegmentId, TopicId};
use crate::index::{IndexName, IndexSpec};
use crate::memory::{Consumer, Memory, Reservation};
use crate::range_set::RangeSet;
use crate::schema::{Column, TopicSchema};

/// What is known of a segment before its rows are looked at.
#[derive(Debug)]
pub struct Facts {
    /// See [`SegmentMeta`] for this and all others.
    pub topic: TopicId,
    pub schema: TopicSchema,
    pub state: SegmentState,
    pub first_offset: Offset,
    pub rows: usize,
    pub ingested_bounds_us: (i64, i64),
    pub created_at_us: i64,
    pub writer: String,
    pub producers: Vec<(String, RangeSet)>,
    pub topic_definition: String,
}

/// A segment that is being made.
#[derive(Debug)]
pub struct Build {
    facts: Facts,
    permutation: Vec<u32>,
    encoded: Vec<EncodedColumn>,
    summaries: Vec<ColumnSummary>,
    fields: Vec<FieldSummary>,
    fields_complete: bool,
    indexes: BuildingIndexes,
    memory: Reservation,
}

/// A segment that is complete, in memory.
#[derive(Debug)]
pub struct Built {
    /// Its facts.
    pub meta: SegmentMeta,
    /// Its file.
    pub file: Bytes,
    /// The files of its indexes.
    pub indexes: Vec<(IndexName, Bytes)>,
}

impl Build {
    /// Nothing yet.
    pub fn new(facts: Facts, indexes: Vec<IndexSpec>, memory: &Memory) -> Self {
        let indexes = BuildingIndexes::new(indexes, facts.rows, memory);
        let mut memory = memory.reservation(Consumer::Seal);
        memory.grow(facts.rows * size_of::<u32>());
        Self {
            permutation: (0..facts.rows as u32).collect(),
            facts,
            encoded: Vec::new(),
            summaries: Vec::new(),
            fields: Vec::new(),
            fields_complete: true,
            indexes,
            memory,
        }
    }

    /// Sets the order of the rows.
    pub fn sort(&mut self, columns: Vec<Ranks>) {
        self.permutation = permutation(columns, self.facts.rows);
    }

    /// Adds a column.
    ///
    /// # Errors
    /// Arrow's and Parquet's.
    pub fn add(&mut self, column: &Column, data: ColumnData) -> Result<()> {
        self.memory.grow(data.own_bytes());
        let look = |piece: &ArrayRef| self.indexes.add(column, piece);
        let encoded = encode(Content::Column(column.id), column.field(), &data, &self.permutation, look)?;
        self.memory.shrink(data.own_bytes());
        let bounds = match &data {
            ColumnData::Native(data) => native::bounds(data),
            ColumnData::Text(_) => encoded.text_bounds().map(|(min, max)| (Bound::Text(min), Bound::Text(max))),
        };
        self.memory.grow(encoded.bytes as usize);
        self.summaries.push(ColumnSummary { id: column.id, nulls: encoded.nulls(), bytes: encoded.bytes, bounds });
        self.encoded.push(encoded);
        Ok(())
    }

    /// Adds `attrs`: the rest as its column, and each field that occurs often as a column of its own.
    ///
    /// # Errors
    /// Arrow's and Parquet's.
    pub fn add_attrs(&mut self, parts: Vec<ArrayRef>) -> Result<()> {
        let attrs = Column::attrs();
        let parts = parts.iter().map(TextPart::of).collect::<Result<Vec<_>>>()?;
        let mut census = Census::of(&parts);
        let schema = &self.facts.schema;
        let taken = |path: &[String]| schema.declared.iter().any(|column| column.name == attrs::column_name(path));
        let chosen = census.choose(self.facts.rows, taken);
        self.fields = census.summaries();
        self.fields_complete = census.is_complete();
        if chosen.is_empty() {
            return self.add(&attrs, ColumnData::Text(TextColumn::of(parts)));
        }
        let split = attrs::split(&parts, &census, chosen.len());
        drop(parts);
        self.add(&attrs, column_data(&attrs, split.rest)?)?;
        let mut bytes = 0;
        for (field, values) in chosen.into_iter().zip(split.columns) {
            let name = Field::new(attrs::column_name(&field.path), DataType::Utf8, true);
            let elsewhere = field.rows - values.len() as u64 + census.unsound_rows();
            let content = Content::Field { path: field.path, kind: field.kind, elsewhere };
            let data = ColumnData::Text(TextColumn::of(values.parts(self.facts.rows)));
            let encoded = encode(content, name, &data, &self.permutation, |_| Ok(()))?;
            self.memory.grow(encoded.bytes as usize);
            bytes += encoded.bytes;
            self.encoded.push(encoded);
        }
        if let Some(summary) = self.summaries.last_mut() {
            *summary = ColumnSummary { nulls: census.nulls, bytes: summary.bytes + bytes, bounds: None, ..*summary };
        }
        Ok(())
    }

    /// The segment, complete.
    ///
    /// # Errors
    /// Parquet's.
    pub fn finish(self) -> Result<Built> {
        let facts = self.facts;
        let mut meta = SegmentMeta {
            id: SegmentId([0; 16]),
            topic: facts.topic,
            state: facts.state,
            location: String::new(),
            bytes: 0,
            rows: facts.rows as u64,
            first_offset: facts.first_offset,
            last_offset: facts.first_offset + facts.rows as i64 - 1,
            ts_bounds_us: time_bounds(&facts.schema, &self.summaries),
            ingested_bounds_us: facts.ingested_bounds_us,
            created_at_us: facts.created_at_us,
            writer: facts.writer,
            schema: facts.schema,
            columns: self.summaries,
            fields: self.fields,
            producers: facts.producers,
            topic_definition: facts.topic_definition,
        };
        let bytes = assemble(self.encoded, self.fields_complete, meta.to_footer()?)?;
        meta.id = id_of(&blake3::hash(&bytes));
        meta.bytes = bytes.len() as u64;
        meta.location = location(meta.topic, meta.first_offset, meta.id);
        let indexes = self.indexes.finish(&meta);
        Ok(Built { meta, file: bytes, indexes })
    }
}

/// Bounds of the time column, if it is one of microseconds.
fn time_bounds(schema: &TopicSchema, summaries: &[ColumnSummary]) -> Option<(i64, i64)> {
    let time = schema.columns().find(|column| column.id == schema.time_column())?;
    if !matches!(time.data_type, DataType::Timestamp(TimeUnit::Microsecond, _)) {
        return None;
    }
    match summaries.iter().find(|summary| summary.id == time.id)?.bounds {
        Some((Bound::Int(min), Bound::Int(max))) => Some((min, max)),
        _ => None,
    }
}
