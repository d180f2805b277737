//! `CREATE TABLE`: a new topic.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{CreateTable, CreateTableOptions, SqlOption};
use strata_catalog::{NewTopic, TopicOptions};
use strata_storage::ColumnId;
use strata_storage::schema::{Column, TopicSchema};

use super::{Created, columns, options};
use crate::Result;
use crate::error::{EngineError, ObjectClass};
use crate::session::Session;
use crate::session::outcome::Outcome;
use crate::topics::TopicState;

impl Session {
    pub(super) async fn create_table(&self, create: &CreateTable) -> Result<Outcome> {
        refuse_unknown(create)?;
        if !create.constraints.is_empty() {
            return Err(EngineError::Unsupported {
                message: "table constraints are not supported".into(),
                hint: Some(
                    "Topics keep whatever is sent; strata.producer and strata.sequence store records exactly once.".into(),
                ),
            });
        }
        let name = self.new_name(&create.name)?;
        let mut declared: Vec<Column> = Vec::with_capacity(create.columns.len());
        for (definition, id) in create.columns.iter().zip(1..) {
            declared.push(columns::column(definition, ColumnId(id))?);
        }
        self.create_topic(name, declared, with_options(create), create.if_not_exists).await?;
        Ok(Outcome::done("CREATE TABLE"))
    }

    /// Creates a topic; `None` if it is there and may be.
    pub(super) async fn create_topic(
        &self,
        (schema, name): (String, String),
        declared: Vec<Column>,
        with: &[SqlOption],
        if_not_exists: bool,
    ) -> Result<Option<Arc<TopicState>>> {
        columns::refuse_doubles(&declared)?;
        let mut columns = TopicSchema { declared, time_column: None, sort_by: Vec::new() };
        let mut options = TopicOptions::default();
        options::apply(with, &mut columns, &mut options)?;
        if self.relations.find(&schema, &name).is_some() {
            return self.there_already(name, if_not_exists);
        }
        let topic = NewTopic {
            schema: schema.clone(),
            name: name.clone(),
            columns,
            options,
            indexes: Vec::new(),
            created_at_us: self.engine.clock().now_us(),
        };
        match self.engine.topics().create_topic(topic).await {
            Ok(topic) => {
                self.created(Created::Topic(topic.definition().oid(), schema, name));
                Ok(Some(topic))
            }
            // Another session was faster.
            Err(EngineError::Catalog(error)) if error.kind() == strata_catalog::ErrorKind::Exists => {
                self.there_already(name, if_not_exists)
            }
            Err(error) => Err(error),
        }
    }

    fn there_already(&self, name: String, may_be: bool) -> Result<Option<Arc<TopicState>>> {
        if may_be {
            self.notice(format!("relation \"{name}\" already exists, skipping"), None);
            return Ok(None);
        }
        Err(EngineError::Duplicate { what: ObjectClass::Relation, name })
    }
}

/// The options in `WITH (...)`.
pub(super) fn with_options(create: &CreateTable) -> &[SqlOption] {
    match &create.table_options {
        CreateTableOptions::With(options) | CreateTableOptions::Options(options) | CreateTableOptions::Plain(options) => options,
        CreateTableOptions::TableProperties(options) => options,
        CreateTableOptions::None => &[],
    }
}

/// Refuses what `CREATE TABLE` can say elsewhere and means nothing here.
pub(super) fn refuse_unknown(create: &CreateTable) -> Result<()> {
    let refused = [
        (create.temporary, "temporary tables", "Use WITH, or a topic that you drop later."),
        (create.external, "external tables", "Use COPY to bring records in."),
        (create.or_replace, "CREATE OR REPLACE TABLE", "DROP TABLE IF EXISTS, then CREATE TABLE."),
        (create.like.is_some() || create.clone.is_some(), "CREATE TABLE LIKE", "Name the columns."),
        (create.inherits.is_some(), "inheritance", "Use one topic, or a view with UNION ALL."),
        (
            create.partition_by.is_some() || create.partition_of.is_some(),
            "partitions",
            "Topics are cut into segments by time without being told to.",
        ),
    ];
    match refused.into_iter().find(|(said, ..)| *said) {
        Some((_, what, hint)) => Err(EngineError::Unsupported {
            message: format!("{what} is not supported").replace("s is not", "s are not"),
            hint: Some(hint.into()),
        }),
        None => Ok(()),
    }
}
