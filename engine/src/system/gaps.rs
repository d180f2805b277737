//! `sys.gaps`: sequence numbers that a producer must have used and that are not stored.

use async_trait::async_trait;

use super::producers::gaps_text;
use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct GapsTable;

#[async_trait]
impl SystemTable for GapsTable {
    fn name(&self) -> &'static str {
        "gaps"
    }

    fn comment(&self) -> &'static str {
        "One row a producer that has sequence numbers missing between stored ones. No row: nothing is missing."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("topic", Kind::Text, "Schema and name."),
            column("producer", Kind::Text, "The producer's own name for itself."),
            column("missing", Kind::Text, "Sequence numbers that are missing: first-last, ..."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        for topic in around.engine.topics().list() {
            let definition = topic.definition();
            let mut producers = topic.producers();
            producers.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (name, producer) in producers {
                if let Some(missing) = gaps_text(&producer.numbers) {
                    let topic = format!("{}.{}", definition.schema, definition.name);
                    rows.push(vec![Value::Text(topic), Value::text(name.as_ref()), Value::Text(missing)]);
                }
            }
        }
        Ok(rows)
    }
}
