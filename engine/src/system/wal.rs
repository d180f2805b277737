//! `sys.wal`: files of the write-ahead log.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct WalTable;

#[async_trait]
impl SystemTable for WalTable {
    fn name(&self) -> &'static str {
        "wal"
    }

    fn comment(&self) -> &'static str {
        "One row a file of the write-ahead log."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("file", Kind::Text, "Path in the data folder."),
            column("epoch", Kind::Bigint, "Start of the server that wrote it."),
            column("bytes", Kind::Bigint, "Bytes used, without what is reserved."),
            column("first_group", Kind::Bigint, "First group commit in it."),
            column("last_group", Kind::Bigint, "Last group commit in it."),
            column(
                "oldest_unpublished",
                Kind::Text,
                "Topic whose oldest unsealed record lies in it, if one does; it keeps the file.",
            ),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let topics = around.engine.topics().list();
        let oldest: Vec<_> = topics.iter().filter_map(|topic| Some((topic.oldest_position()?, topic))).collect();
        let rows = around.engine.wal().files().into_iter().map(|file| {
            let waiting =
                oldest.iter().filter(|(position, _)| position.file == file.number).min_by_key(|(position, _)| *position);
            let waiting = waiting.map(|(_, topic)| topic.definition());
            vec![
                Value::text(file.file.display().to_string()),
                Value::count(file.epoch),
                Value::count(file.bytes),
                file.first_group.map_or(Value::Null, Value::count),
                file.last_group.map_or(Value::Null, Value::count),
                waiting.map(|topic| format!("{}.{}", topic.schema, topic.name)).into(),
            ]
        });
        Ok(rows.collect())
    }
}
