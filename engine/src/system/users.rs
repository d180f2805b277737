//! `sys.users`: who may connect.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;

#[derive(Debug)]
pub(super) struct UsersTable;

#[async_trait]
impl SystemTable for UsersTable {
    fn name(&self) -> &'static str {
        "users"
    }

    fn comment(&self) -> &'static str {
        "One row a user."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("name", Kind::Text, "Name."),
            column("login", Kind::Bool, "Whether one can connect as this user."),
            column("superuser", Kind::Bool, "Whether every right is his."),
            column("has_password", Kind::Bool, "Whether there is a password; without one nobody connects as this user."),
            column("valid_until", Kind::Time, "When the password stops being good; NULL for never."),
            column(
                "connection_limit",
                Kind::Bigint,
                "Connections at the same time, at most; NULL for as many as the server takes.",
            ),
            column("member_of", Kind::Texts, "Users whose place he may take with SET ROLE."),
            column("connections", Kind::Bigint, "Connections now."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let known = around.engine.users().known();
        let sessions = around.engine.sessions();
        let rows = known.users().iter().map(|user| {
            let above = known.memberships().iter().filter(|one| one.member == user.oid);
            let above = above.filter_map(|one| Some(known.with_oid(one.user)?.name.clone()));
            vec![
                Value::text(&user.name),
                Value::Bool(user.login),
                Value::Bool(user.superuser),
                Value::Bool(user.verifier.is_some()),
                user.valid_until_us.map(Value::Time).unwrap_or(Value::Null),
                user.connection_limit.map_or(Value::Null, Value::count),
                Value::Texts(above.collect()),
                Value::count(sessions.connections_of(&user.name)),
            ]
        });
        Ok(rows.collect())
    }
}
