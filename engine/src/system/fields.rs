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
            column(
                "path",
                Kind::Text,
                "Keys from the outside in, with dots between; a key with a dot or a quote in it is quoted.",
            ),
            column("types", Kind::Texts, "JSON types that were seen."),
            column("rows", Kind::Bigint, "Records that have it, in segments that list it."),
            column("segments", Kind::Bigint, "Segments that list it."),
            column("stored_as_column", Kind::Bool, "Whether it is a column of its own in every segment that lists it."),
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
                    Value::Text(path_text(&path)),
                    Value::Texts(field.types),
                    Value::count(field.rows),
                    Value::count(field.segments),
                    Value::Bool(field.stored_as_column == field.segments),
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

/// `user.id`, `"a.b".c`.
fn path_text(path: &[String]) -> String {
    let plain = |key: &str| !key.is_empty() && !key.contains(['.', '"']);
    let key = |key: &String| if plain(key) { key.clone() } else { format!("\"{}\"", key.replace('"', "\"\"")) };
    path.iter().map(key).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_readable_and_unambiguous() {
        let text = |path: &[&str]| path_text(&path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(text(&["user", "id"]), "user.id");
        assert_eq!(text(&["a.b", "", "q\""]), "\"a.b\".\"\".\"q\"\"\"");
    }
}
