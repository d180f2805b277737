//! `sys.fields`: fields of `attrs` in the sealed segments of each topic.

use std::collections::BTreeMap;

use async_trait::async_trait;
use strata_storage::segment::SegmentMeta;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct FieldsTable;

/// What the segments of a topic say of one path together.
#[derive(Debug, Default)]
struct Field {
    types: Vec<String>,
    rows: u64,
    segments: u64,
    stored_as_column: u64,
}

#[async_trait]
impl SystemTable for FieldsTable {
    fn name(&self) -> &'static str {
        "fields"
    }

    fn comment(&self) -> &'static str {
        "One row a field of attrs that sealed segments know of."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name."),
            column("path", Kind::Texts, "Keys from the outside in."),
            column("types", Kind::Texts, "JSON types that were seen."),
            column("rows", Kind::Bigint, "Records that have it, in segments that list it."),
            column("segments", Kind::Bigint, "Segments that list it."),
            column("stored_as_column", Kind::Bigint, "Segments in which it is a column of its own."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        for topic in around.engine.topics().list() {
            let definition = topic.definition();
            let name = format!("{}.{}", definition.schema, definition.name);
            for (path, field) in fields(&topic.snapshot().segments) {
                rows.push(vec![
                    Value::text(&name),
                    Value::Texts(path),
                    Value::Texts(field.types),
                    Value::count(field.rows),
                    Value::count(field.segments),
                    Value::count(field.stored_as_column),
                ]);
            }
        }
        Ok(rows)
    }
}

fn fields(segments: &[std::sync::Arc<SegmentMeta>]) -> BTreeMap<Vec<String>, Field> {
    let mut fields: BTreeMap<Vec<String>, Field> = BTreeMap::new();
    for summary in segments.iter().flat_map(|segment| &segment.fields) {
        let field = fields.entry(summary.path.clone()).or_default();
        for name in &summary.types {
            if !field.types.contains(name) {
                field.types.push(name.clone());
            }
        }
        field.rows += summary.rows;
        field.segments += 1;
        field.stored_as_column += u64::from(summary.stored_as_column);
    }
    fields
}
