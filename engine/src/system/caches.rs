//! `sys.caches`: memory by who uses it, against the budget of the process.

use async_trait::async_trait;
use strata_storage::memory::Consumer;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct CachesTable;

#[async_trait]
impl SystemTable for CachesTable {
    fn name(&self) -> &'static str {
        "caches"
    }

    fn comment(&self) -> &'static str {
        "One row a user of the memory budget; hits and misses for those that are caches."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("name", Kind::Text, "Who uses the memory; total for all of them."),
            column("bytes", Kind::Bigint, "Bytes in use."),
            column("limit", Kind::Bigint, "Bytes that it may use; all share the budget of the process."),
            column("hits", Kind::Bigint, "Times that something was found; NULL for what is no cache."),
            column("misses", Kind::Bigint, "Times that something was not found."),
            column("evictions", Kind::Bigint, "Times that something was dropped for lack of room."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let memory = around.engine.memory();
        let stats = around.engine.segments().cache().stats();
        let row = |name: &str, bytes: usize| {
            vec![Value::text(name), Value::count(bytes), Value::count(memory.limit()), Value::Null, Value::Null, Value::Null]
        };
        let mut rows: Vec<Vec<Value>> = Vec::with_capacity(Consumer::ALL.len() + 1);
        for consumer in Consumer::ALL {
            let mut row = row(consumer.name(), memory.used_by(consumer));
            if consumer == Consumer::ReadCache {
                row[2] = Value::count(stats.limit);
                row[3..].clone_from_slice(&[stats.hits, stats.misses, stats.evictions].map(Value::count));
            }
            rows.push(row);
        }
        rows.push(row("total", memory.used()));
        Ok(rows)
    }
}
