//! What other crates add to every session: schemas of system tables, functions, statement rewrites.
//!
//! `pgwire-server` brings `pg_catalog` and `information_schema` this way; the engine does not know them.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::Statement;

use crate::engine::Engine;
use crate::session::SessionInfo;

/// Something that every session gets.
pub trait SessionExtension: Send + Sync + std::fmt::Debug {
    /// Registers schemas, tables and functions in a new session's context (default catalog `strata`).
    ///
    /// # Errors
    /// DataFusion's, when a name clashes.
    fn register(&self, context: &SessionContext, engine: &Arc<Engine>, session: &Arc<SessionInfo>) -> crate::Result<()>;

    /// Changes a statement before it is planned, for what clients write and DataFusion does not plan.
    fn rewrite(&self, _statement: &mut Statement) {}

    /// Says in other words what DataFusion does not plan as PostgreSQL means it. The columns of all lists have their names already, so
    /// what is changed here is not seen in them.
    fn reword(&self, _statement: &mut Statement) {}
}
