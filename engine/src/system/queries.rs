//! `sys.queries`: statements that run now.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct QueriesTable;

#[async_trait]
impl SystemTable for QueriesTable {
    fn name(&self) -> &'static str {
        "queries"
    }

    fn comment(&self) -> &'static str {
        "One row a statement that runs now."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Bigint, "Identity, counted up since the server's start."),
            column("session", Kind::Int, "The session, as in sys.sessions."),
            column("query", Kind::Text, "Its text."),
            column("state", Kind::Text, "planning or running."),
            column("started_at", Kind::Time, "When it began."),
            column("rows", Kind::Bigint, "Rows sent so far."),
            column("bytes_scanned", Kind::Bigint, "Bytes that its scans read so far."),
            column("memory", Kind::Bigint, "Bytes of memory that its operators hold."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let queries = around.engine.sessions().queries().list();
        let rows = queries.iter().map(|query| {
            vec![
                Value::Bigint(query.id),
                Value::Int(query.session),
                Value::text(query.sql.as_ref()),
                Value::text(query.state()),
                Value::Time(query.started_at_us),
                Value::count(query.rows()),
                Value::count(query.bytes_scanned()),
                Value::count(query.memory()),
            ]
        });
        Ok(rows.collect())
    }
}
