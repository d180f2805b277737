//! Statements that define things. One file a kind; here are the way in and what they share: names and the rules of
//! transaction blocks.
//!
//! In a block `CREATE` takes effect at once and ROLLBACK drops what it made. Changing or dropping what was there before
//! could not be taken back, so it is refused; what the block itself made may be changed and dropped.

mod alter_table;
mod columns;
mod comment;
mod create_table;
mod create_table_as;
mod create_view;
mod dependency;
mod drop;
mod index;
mod options;
mod schema;
mod truncate;

pub(super) use self::schema::schema_name;
use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement};

use super::Session;
use super::execution::Running;
use super::outcome::Outcome;
use super::planner::table_reference;
use super::relations::Relation;
use super::transaction::Created;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};

/// Longest name in bytes, as in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;

impl Session {
    /// Runs a statement that defines something, or says why it cannot.
    pub(super) async fn define(&self, statement: &Statement, running: &Running) -> Result<Outcome> {
        match statement {
            Statement::Update(_) => Err(self.append_only(update_target(statement), "UPDATE")),
            Statement::Delete(_) => Err(self.append_only(update_target(statement), "DELETE from")),
            Statement::Merge(_) => Err(self.append_only(None, "MERGE into")),
            _ => {
                self.refuse_when_read_only(first_words(statement).as_str())?;
                self.define_checked(statement, running).await
            }
        }
    }

    async fn define_checked(&self, statement: &Statement, running: &Running) -> Result<Outcome> {
        match statement {
            Statement::CreateTable(create) => self.create_table(create).await,
            Statement::CreateView(create) => self.create_view(create, running).await,
            Statement::CreateSchema { schema_name, if_not_exists, .. } => self.create_schema(schema_name, *if_not_exists).await,
            Statement::CreateIndex(create) => self.create_index(create).await,
            Statement::AlterTable(alter) => self.alter_table(alter).await,
            Statement::Drop { .. } => self.drop_objects(statement).await,
            Statement::Truncate(truncate) => self.truncate(truncate).await,
            Statement::Comment { .. } => self.comment(statement).await,
            Statement::CreateExtension(extension) => {
                self.notice(format!("extension \"{}\" is not needed: there are no extensions", extension.name), None);
                Ok(Outcome::done("CREATE EXTENSION"))
            }
            Statement::Grant(_) | Statement::Revoke(_) => self.change_rights(statement).await,
            other => Err(EngineError::Unsupported { message: format!("{} is not supported", first_words(other)), hint: None }),
        }
    }

    fn append_only(&self, name: Option<ObjectName>, verb: &str) -> EngineError {
        let target = name.as_ref().map(ToString::to_string);
        if let Some(name) = &name {
            match self.lookup(name) {
                Ok(Some((_, _, Relation::Topic(_)))) | Err(_) => {}
                Ok(Some((schema, name, _))) => {
                    return EngineError::Refused {
                        reason: Refusal::WrongObjectType,
                        message: format!("cannot {verb} \"{schema}.{name}\": it is no table that can be written"),
                        hint: None,
                    };
                }
                Ok(None) => return super::planner::undefined_relation(&name.to_string()),
            }
        }
        EngineError::Refused {
            reason: Refusal::WrongObjectType,
            message: format!("cannot {verb} {}: topics are append-only", target.map_or("a topic".to_owned(), |name| format!("topic \"{name}\""))),
            hint: Some(
                "Records leave by retention (ALTER TABLE ... SET (retention = '30 days')), TRUNCATE or DROP TABLE; a view can hide or change them."
                    .into(),
            ),
        }
    }

    /// What a name means now.
    pub(super) fn lookup(&self, name: &ObjectName) -> Result<Option<(String, String, Relation)>> {
        self.relations.resolve(&table_reference(name)?, &self.info.search_path())
    }

    /// Schema and name for something new: the first schema of the search path that can hold it.
    fn new_name(&self, name: &ObjectName) -> Result<(String, String)> {
        let (schema, name) = match table_reference(name)? {
            TableReference::Bare { table } => {
                let path = self.info.search_path();
                let schema = path.iter().find(|schema| self.engine.topics().has_schema(schema));
                let schema = schema.ok_or_else(|| EngineError::Undefined {
                    what: ObjectClass::Schema,
                    name: path.iter().find(|schema| *schema != "pg_catalog").cloned().unwrap_or_default(),
                    hint: Some("Create it, or SET search_path to one that is there.".into()),
                })?;
                (schema.clone(), table.to_string())
            }
            TableReference::Partial { schema, table } => (schema.to_string(), table.to_string()),
            TableReference::Full { catalog, schema, table } if *catalog == *self.info.database => {
                (schema.to_string(), table.to_string())
            }
            other => {
                return Err(EngineError::Unsupported {
                    message: format!("cross-database references are not implemented: \"{other}\""),
                    hint: None,
                });
            }
        };
        if self.relations.is_system(&schema) {
            return Err(EngineError::Refused {
                reason: Refusal::Privilege,
                message: format!("permission denied to create \"{schema}.{name}\""),
                hint: Some(format!("Schema \"{schema}\" is the server's own.")),
            });
        }
        if !self.engine.topics().has_schema(&schema) {
            return Err(EngineError::Undefined { what: ObjectClass::Schema, name: schema, hint: None });
        }
        check_name(&name)?;
        Ok((schema, name))
    }

    /// Notes for ROLLBACK what CREATE made.
    fn created(&self, created: Created) {
        if let Some(block) = self.transaction.lock().block() {
            block.created.push(created);
        }
    }

    /// Refuses to change in a block what the block did not make.
    fn refuse_in_block(&self, verb: &str, made_here: impl Fn(&Created) -> bool) -> Result<()> {
        let mut transaction = self.transaction.lock();
        match transaction.block() {
            Some(block) if !block.created.iter().any(made_here) => Err(EngineError::Refused {
                reason: Refusal::ActiveTransaction,
                message: format!("{verb} of something that was there before cannot run inside a transaction block"),
                hint: Some("Run it outside of BEGIN and COMMIT; it takes effect at once and cannot be rolled back.".into()),
            }),
            _ => Ok(()),
        }
    }

    /// Drops what a block made, newest first. What went with something else is gone already.
    pub(super) async fn undo(&self, created: Vec<Created>) -> Result<()> {
        let topics = self.engine.topics();
        for made in created.into_iter().rev() {
            let undone = match made {
                Created::Topic(oid, ..) => {
                    match topics.by_id(strata_storage::TopicId(u64::from(oid))).map(|topic| topic.definition()) {
                        Some(topic) => topics.drop_topic(&topic.schema, &topic.name).await,
                        None => Ok(()),
                    }
                }
                Created::View(schema, name) => topics.drop_view(&schema, &name).await,
                Created::Schema(name) => topics.drop_schema(&name).await,
                Created::Index(schema, name) => topics.drop_index(&schema, &name).await.map(drop),
                Created::Gone => Ok(()),
            };
            match undone {
                Err(EngineError::Catalog(error)) if error.kind() == strata_catalog::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }
}

/// Refuses names that nothing can have.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(EngineError::Syntax { message: "zero-length delimited identifier".into(), position: None });
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(EngineError::Refused {
            reason: Refusal::LimitExceeded,
            message: format!("name \"{name}\" is longer than {NAME_BYTES_MAX} bytes"),
            hint: None,
        });
    }
    Ok(())
}

fn update_target(statement: &Statement) -> Option<ObjectName> {
    use datafusion::sql::sqlparser::ast::{FromTable, TableFactor};
    let factor = match statement {
        Statement::Update(update) => &update.table.relation,
        Statement::Delete(delete) => match &delete.from {
            FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables) => &tables.first()?.relation,
        },
        _ => return None,
    };
    match factor {
        TableFactor::Table { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// `CREATE FUNCTION`, `ALTER VIEW` ...: what people call a statement.
fn first_words(statement: &Statement) -> String {
    let text = statement.to_string();
    let words = text.split_whitespace().filter(|word| !matches!(*word, "OR" | "REPLACE" | "IF" | "NOT" | "EXISTS"));
    words.take(2).collect::<Vec<_>>().join(" ").to_uppercase()
}
