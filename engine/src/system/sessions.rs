//! `sys.sessions`: who is connected.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct SessionsTable;

#[async_trait]
impl SystemTable for SessionsTable {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn comment(&self) -> &'static str {
        "One row a connection."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("id", Kind::Int, "Number of the session, which clients know as process id."),
            column("user", Kind::Text, "User name."),
            column("client", Kind::Text, "What the client calls itself (application_name)."),
            column("address", Kind::Text, "Address of the client."),
            column("started_at", Kind::Time, "When it connected."),
            column("state", Kind::Text, "active, idle, idle in transaction, idle in transaction (aborted)."),
            column("query", Kind::Text, "Text of the running or last statement."),
            column("state_since", Kind::Time, "When the state began."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let sessions = around.engine.sessions().list();
        let rows = sessions.iter().map(|session| {
            let activity = session.activity();
            vec![
                Value::Int(session.id),
                Value::text(&session.user),
                Value::Text(session.client()),
                Value::text(&session.address),
                Value::Time(session.started_at_us),
                Value::text(activity.state),
                Value::text(activity.query.as_ref()),
                Value::Time(activity.since_us),
            ]
        });
        Ok(rows.collect())
    }
}
