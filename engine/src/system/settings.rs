//! `sys.settings`: configuration parameters as this session sees them.

use async_trait::async_trait;

use super::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};
use crate::Result;
use crate::session::setting::registry;

#[derive(Debug)]
pub(super) struct SettingsTable;

#[async_trait]
impl SystemTable for SettingsTable {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn comment(&self) -> &'static str {
        "One row a configuration parameter, with this session's value."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("name", Kind::Text, "Name."),
            column("value", Kind::Text, "Value in this session."),
            column("unit", Kind::Text, "Unit of a bare number."),
            column("default", Kind::Text, "Value of a fresh session."),
            column("source", Kind::Text, "default, server, client or session: who set it."),
            column("description", Kind::Text, "What it does."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let settings = around.session.settings.lock();
        let known = registry::ALL.iter().map(|setting| {
            vec![
                Value::text(setting.name),
                settings.get(setting.name).into(),
                setting.unit.map(str::to_owned).into(),
                Value::text(setting.default),
                Value::text(settings.source(setting)),
                Value::text(setting.description),
            ]
        });
        let custom = settings.custom().into_iter().map(|(name, value)| {
            let description = Value::text("A parameter of the client's own.");
            vec![Value::Text(name), Value::Text(value), Value::Null, Value::Null, Value::text("session"), description]
        });
        Ok(known.chain(custom).collect())
    }
}
