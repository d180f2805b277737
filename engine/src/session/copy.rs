//! `COPY topic FROM STDIN`, `COPY topic TO STDOUT`, `COPY (query) TO STDOUT`. The front end knows the formats' bytes.

mod options;
mod sink;

use datafusion::sql::sqlparser::ast::{CopySource, CopyTarget, Ident, ObjectName, Query, Statement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::Session;
use super::execution::Running;
use super::insert::folded;
use super::outcome::{CopyIn, Outcome};
use super::write::{columns_schema, target_columns};
use crate::Result;
use crate::error::{EngineError, Refusal};

impl Session {
    pub(super) async fn copy(&self, statement: &Statement, running: Running) -> Result<Outcome> {
        let Statement::Copy { source, to, target, options, legacy_options, .. } = statement else {
            return Err(EngineError::Internal("not a COPY".into()));
        };
        let options = options::read(options, legacy_options)?;
        match (target, to) {
            (CopyTarget::Stdin, false) | (CopyTarget::Stdout, true) => {}
            _ => {
                return Err(EngineError::Refused {
                    reason: Refusal::Privilege,
                    message: "COPY reads and writes the client's connection only, not files of the server".into(),
                    hint: Some("Use COPY ... FROM STDIN and TO STDOUT, or psql's \\copy.".into()),
                });
            }
        }
        match source {
            CopySource::Table { table_name, columns } if !to => self.copy_in(table_name, columns, options, running),
            CopySource::Table { table_name, columns } => {
                let query = select_from(table_name, columns, self)?;
                self.copy_out(query, options, running).await
            }
            CopySource::Query(query) => self.copy_out(query.clone(), options, running).await,
        }
    }

    fn copy_in(&self, name: &ObjectName, columns: &[Ident], options: super::CopyOptions, running: Running) -> Result<Outcome> {
        self.refuse_when_read_only("COPY FROM")?;
        let (topic, allowed) = self.appendable_topic(name, "copy into")?;
        let names: Vec<String> = columns.iter().map(folded).collect();
        let columns = target_columns(&topic, &names)?;
        let schema = columns_schema(&columns);
        let sink = sink::TopicSink::new(self, running, (topic, allowed), columns);
        Ok(Outcome::CopyIn(CopyIn { columns: schema, options, sink: Box::new(sink) }))
    }

    async fn copy_out(&self, query: Box<Query>, options: super::CopyOptions, running: Running) -> Result<Outcome> {
        let state = self.state();
        let plan = self.plan_query(&state, Statement::Query(query), &[], Vec::new());
        let plan = running.unless_stopped(plan).await?;
        let stream = running.into_rows(&state, &plan).await?;
        Ok(Outcome::CopyOut { columns: stream.schema(), stream, options })
    }
}

/// `COPY topic TO` sends the declared columns, as `COPY topic FROM` takes them, or those that are named.
fn select_from(name: &ObjectName, columns: &[Ident], session: &Session) -> Result<Box<Query>> {
    let list = if columns.is_empty() {
        let topic = session.writable_topic(name, "copy from")?;
        let declared = topic.columns.declared.iter().map(|column| Ident::with_quote('"', &column.name).to_string());
        declared.collect::<Vec<_>>()
    } else {
        columns.iter().map(ToString::to_string).collect()
    };
    let sql = format!("SELECT {} FROM {name}", list.join(", "));
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut parser| parser.parse_query());
    parsed.map_err(|error| EngineError::Internal(format!("{sql}: {error}")))
}
