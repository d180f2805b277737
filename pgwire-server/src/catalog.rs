//! `pg_catalog` and `information_schema`: what clients ask a PostgreSQL server about itself.
//!
//! Tables are computed when they are scanned, from the topics, views and indexes as they are at that moment. Oids
//! are the catalog's own, so they are the same for every session and after a restart. Nothing is stored here.
//!
//! ```text
//! Extension ──registers──▶ PgSchema (pg_catalog)          ──▶ one Table a file
//!           │              PgSchema (information_schema)  ──▶ information_schema/
//!           ├─registers──▶ functions/                         format_type, pg_table_is_visible ...
//!           └─rewrites───▶ rewrite.rs                         what clients write and the planner does not read
//! ```

mod always_empty;
mod information_schema;
mod pg_am;
mod pg_attribute;
mod pg_auth_members;
mod pg_class;
mod pg_database;
mod pg_description;
mod pg_hba_file_rules;
mod pg_index;
mod pg_indexes;
mod pg_language;
mod pg_namespace;
pub(crate) mod pg_proc;
mod pg_roles;
mod pg_settings;
mod pg_stat_activity;
mod pg_tables;
mod pg_tablespace;
mod pg_ts_config;
mod pg_type;
mod pg_user;
mod pg_views;
mod provider;
mod rewrite;
mod statistics;
mod table;
pub(crate) mod world;

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::Result as PlanResult;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::Statement;
use strata_engine::extension::SessionExtension;
use strata_engine::session::SessionInfo;
use strata_engine::{Engine, EngineError};

use provider::SystemTable;
pub(crate) use rewrite::relations;
use table::Table;
use world::Source;

/// Gives every session `pg_catalog` and `information_schema`.
#[derive(Debug, Clone, Copy, Default)]
pub struct PgCatalog;

/// Tables of `pg_catalog` that may have rows.
const PG_CATALOG: &[&Table] = &[
    &pg_am::TABLE,
    &pg_attribute::TABLE,
    &pg_auth_members::TABLE,
    &pg_class::TABLE,
    &pg_database::TABLE,
    &pg_description::TABLE,
    &pg_hba_file_rules::TABLE,
    &pg_index::TABLE,
    &pg_indexes::TABLE,
    &pg_language::TABLE,
    &pg_namespace::TABLE,
    &pg_proc::TABLE,
    &pg_roles::TABLE,
    &pg_roles::AUTHID,
    &pg_settings::TABLE,
    &pg_stat_activity::TABLE,
    &pg_tables::TABLE,
    &pg_tablespace::TABLE,
    &pg_ts_config::TABLE,
    &pg_type::TABLE,
    &pg_user::TABLE,
    &pg_views::TABLE,
];

impl SessionExtension for PgCatalog {
    fn register(&self, context: &SessionContext, engine: &Arc<Engine>, session: &Arc<SessionInfo>) -> strata_engine::Result<()> {
        let database = context
            .catalog(&session.database)
            .ok_or_else(|| EngineError::Internal(format!("session without catalog \"{}\"", session.database)))?;
        let source = Source {
            engine: Arc::clone(engine),
            session: Arc::clone(session),
            // The catalog holds this schema, so this schema must not hold the catalog.
            catalog: Arc::downgrade(&database) as Weak<dyn CatalogProvider>,
            state: context.state_weak_ref(),
            planning_views: Arc::default(),
        };
        let schemas: [(&str, Vec<&'static Table>); 2] = [
            ("pg_catalog", PG_CATALOG.iter().copied().chain(always_empty()).collect()),
            ("information_schema", information_schema::TABLES.to_vec()),
        ];
        for (name, tables) in schemas {
            let schema = PgSchema { source: source.clone(), tables };
            database.register_schema(name, Arc::new(schema)).map_err(EngineError::from)?;
        }
        crate::functions::register(context, engine, session);
        crate::dialect::register(context)
    }

    fn rewrite(&self, statement: &mut Statement) {
        rewrite::statement(statement);
    }

    fn reword(&self, statement: &mut Statement) {
        crate::dialect::reword(statement);
    }
}

/// One of the two schemas.
#[derive(Debug)]
struct PgSchema {
    source: Source,
    tables: Vec<&'static Table>,
}

#[async_trait]
impl SchemaProvider for PgSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.iter().map(|table| table.name.to_owned()).collect()
    }

    async fn table(&self, name: &str) -> PlanResult<Option<Arc<dyn TableProvider>>> {
        let Some(table) = self.tables.iter().find(|table| table.name == name) else { return Ok(None) };
        Ok(Some(Arc::new(SystemTable::new(self.source.clone(), table))))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table.name == name)
    }
}

/// The tables that never have a row.
fn always_empty() -> impl Iterator<Item = &'static Table> {
    always_empty::TABLES.iter().chain(statistics::TABLES)
}

/// Whether a table of `pg_catalog` never has rows here.
pub(crate) fn is_always_empty(name: &str) -> bool {
    always_empty().any(|table| table.name == name)
}

/// The oid of a table of `pg_catalog`.
pub(crate) fn table_oid(name: &str) -> Option<u32> {
    PG_CATALOG.iter().copied().chain(always_empty()).find(|table| table.name == name).map(|table| table.oid)
}

/// Whether `pg_catalog` or `information_schema` has a table of that name.
pub(crate) fn is_system_table(name: &str) -> bool {
    is_always_empty(name) || PG_CATALOG.iter().any(|table| table.name == name)
}

/// Every fixed table: (schema oid, table).
pub(crate) fn fixed_tables() -> impl Iterator<Item = (u32, &'static Table)> {
    let pg = PG_CATALOG.iter().copied().chain(always_empty());
    let information = information_schema::TABLES.iter().copied();
    pg.map(|table| (world::PG_CATALOG_OID, table)).chain(information.map(|table| (world::INFORMATION_SCHEMA_OID, table)))
}
