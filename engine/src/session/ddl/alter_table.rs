//! `ALTER TABLE`: columns come, go and are renamed; options change. Segments that exist stay as they are.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, Ident, ObjectName, RenameTableNameKind, SqlOption,
};
use strata_catalog::Topic;
use strata_storage::ColumnId;

use super::dependency::dependent_views;
use super::{Created, check_name, columns, options};
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;

impl Session {
    pub(super) async fn alter_table(&self, alter: &AlterTable) -> Result<Outcome> {
        let Some(topic) = self.altered_topic(&alter.name, alter.if_exists)? else {
            return Ok(Outcome::done("ALTER TABLE"));
        };
        let mut topic = topic;
        for operation in &alter.operations {
            self.alter(&topic, operation).await?;
            // The next operation sees the topic as this one left it, under a new name perhaps.
            topic = match self.engine.topics().by_id(topic.id) {
                Some(state) => state.definition(),
                None => return Err(super::super::planner::undefined_relation(&alter.name.to_string())),
            };
        }
        Ok(Outcome::done("ALTER TABLE"))
    }

    /// `ALTER TABLE ... SET (...)`, `RESET (...)`.
    pub(in crate::session) async fn set_storage_options(
        &self,
        name: &ObjectName,
        if_exists: bool,
        set: &[SqlOption],
        reset: &[Ident],
    ) -> Result<Outcome> {
        self.refuse_when_read_only("ALTER TABLE")?;
        let Some(topic) = self.altered_topic(name, if_exists)? else { return Ok(Outcome::done("ALTER TABLE")) };
        self.change(&topic, |topic| {
            let time_column = topic.columns.time_column;
            options::reset(reset, &mut topic.columns, &mut topic.options)?;
            options::apply(set, &mut topic.columns, &mut topic.options)?;
            if topic.columns.time_column == time_column { Ok(()) } else { Err(options::fixed_time_column()) }
        })
        .await?;
        Ok(Outcome::done("ALTER TABLE"))
    }

    fn altered_topic(&self, name: &ObjectName, if_exists: bool) -> Result<Option<Arc<Topic>>> {
        let topic = match self.writable_topic(name, "alter") {
            Err(EngineError::Undefined { name, .. }) if if_exists => {
                self.notice(format!("relation \"{name}\" does not exist, skipping"), None);
                return Ok(None);
            }
            other => other?,
        };
        let oid = topic.oid();
        self.refuse_in_block("ALTER TABLE", |made| matches!(made, Created::Topic(made, ..) if *made == oid))?;
        self.refuse_staged(&topic)?;
        Ok(Some(topic))
    }

    /// Records that wait for COMMIT have the columns of their statement's time.
    fn refuse_staged(&self, topic: &Topic) -> Result<()> {
        let mut transaction = self.transaction.lock();
        let staged = |append: &crate::session::write::StagedAppend| append.topic == topic.id && append.records.rows() > 0;
        if transaction.block().is_some_and(|block| block.staged.iter().any(staged)) {
            return Err(EngineError::Refused {
                reason: Refusal::ActiveTransaction,
                message: format!("cannot alter \"{}\" because records wait for COMMIT", topic.name),
                hint: Some("Alter it before the first INSERT or COPY of the block.".into()),
            });
        }
        Ok(())
    }

    async fn alter(&self, topic: &Topic, operation: &AlterTableOperation) -> Result<()> {
        match operation {
            AlterTableOperation::AddColumn { if_not_exists, column_def, .. } => {
                self.add_column(topic, column_def, *if_not_exists).await
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                for name in column_names {
                    self.drop_column(topic, &folded(name), *if_exists).await?;
                }
                Ok(())
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                self.rename_column(topic, &folded(old_column_name), folded(new_column_name)).await
            }
            AlterTableOperation::RenameTable { table_name: RenameTableNameKind::To(name) | RenameTableNameKind::As(name) } => {
                self.rename_topic(topic, name).await
            }
            AlterTableOperation::AlterColumn { column_name, op: AlterColumnOperation::DropNotNull } => {
                let name = folded(column_name);
                self.change(topic, |topic| {
                    let at = declared(topic, &name)?;
                    topic.columns.declared[at].nullable = true;
                    Ok(())
                })
                .await
            }
            AlterTableOperation::AlterColumn { .. } => Err(EngineError::Unsupported {
                message: "the type, default and NOT NULL of a column cannot be changed".into(),
                hint: Some("Add a new column, or cast in a view. DROP NOT NULL works.".into()),
            }),
            AlterTableOperation::OwnerTo { .. } => {
                self.notice("topics have no owners", None);
                Ok(())
            }
            other => Err(EngineError::Unsupported { message: format!("ALTER TABLE ... {other} is not supported"), hint: None }),
        }
    }

    async fn change(&self, topic: &Topic, change: impl FnOnce(&mut Topic) -> Result<()> + Send) -> Result<()> {
        self.engine.topics().alter_topic(&topic.schema, &topic.name, change).await?;
        Ok(())
    }

    async fn add_column(&self, topic: &Topic, definition: &ColumnDef, if_not_exists: bool) -> Result<()> {
        let name = folded(&definition.name);
        if if_not_exists && topic.columns.declared.iter().any(|column| column.name == name) {
            self.notice(format!("column \"{name}\" of relation \"{}\" already exists, skipping", topic.name), None);
            return Ok(());
        }
        self.change(topic, |topic| {
            let column = columns::column(definition, ColumnId(topic.next_column_id))?;
            if !column.nullable {
                return Err(EngineError::Refused {
                    reason: Refusal::InvalidDefinition,
                    message: format!("column \"{}\" cannot be NOT NULL: records that exist have no value for it", column.name),
                    hint: Some("Leave NOT NULL out.".into()),
                });
            }
            topic.next_column_id += 1;
            topic.columns.declared.push(column);
            columns::refuse_doubles(&topic.columns.declared)
        })
        .await
    }

    async fn drop_column(&self, topic: &Topic, name: &str, if_exists: bool) -> Result<()> {
        if if_exists && !topic.columns.declared.iter().any(|column| column.name == name) {
            self.notice(format!("column \"{name}\" of relation \"{}\" does not exist, skipping", topic.name), None);
            return Ok(());
        }
        let id = topic.columns.declared[declared(topic, name)?].id;
        if topic.columns.time_column == Some(id) || topic.columns.sort_by.contains(&id) {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidDefinition,
                message: format!("cannot drop column \"{name}\": the topic is kept in order by it"),
                hint: Some("A column of sort_by can be dropped after ALTER TABLE ... RESET (sort_by).".into()),
            });
        }
        self.refuse_dependents(topic)?;
        for index in topic.indexes.iter().filter(|index| index.column == id) {
            self.engine.topics().drop_index(&topic.schema, &index.name).await?;
            self.notice(format!("drop cascades to index {}", index.name), None);
        }
        self.change(topic, |topic| {
            topic.columns.declared.retain(|column| column.id != id);
            Ok(())
        })
        .await
    }

    async fn rename_column(&self, topic: &Topic, old: &str, new: String) -> Result<()> {
        check_name(&new)?;
        columns::refuse_reserved(&new)?;
        self.refuse_dependents(topic)?;
        self.change(topic, |topic| {
            let at = declared(topic, old)?;
            topic.columns.declared[at].name = new;
            columns::refuse_doubles(&topic.columns.declared)
        })
        .await
    }

    async fn rename_topic(&self, topic: &Topic, name: &ObjectName) -> Result<()> {
        let [part] = name.0.as_slice() else {
            return Err(EngineError::Syntax { message: format!("RENAME TO takes a bare name, not {name}"), position: None });
        };
        let name = part.as_ident().map(folded).unwrap_or_default();
        check_name(&name)?;
        self.refuse_dependents(topic)?;
        if self.relations.find(&topic.schema, &name).is_some() {
            return Err(EngineError::Duplicate { what: ObjectClass::Relation, name });
        }
        self.change(topic, |topic| {
            topic.name = name;
            Ok(())
        })
        .await
    }

    /// The text of a view names columns and topics, so these keep their names while it is there.
    fn refuse_dependents(&self, topic: &Topic) -> Result<()> {
        match dependent_views(&self.engine, &topic.schema, &topic.name).first() {
            None => Ok(()),
            Some(view) => Err(EngineError::Refused {
                reason: Refusal::DependentView,
                message: format!(
                    "cannot rename or drop this because view {}.{} depends on \"{}\"",
                    view.schema, view.name, topic.name
                ),
                hint: Some("Drop the view, change the topic, create the view again.".into()),
            }),
        }
    }
}

fn declared(topic: &Topic, name: &str) -> Result<usize> {
    if matches!(name, "attrs" | "_offset" | "_ingested_at") {
        return Err(EngineError::Refused {
            reason: Refusal::GeneratedColumn,
            message: format!("column \"{name}\" belongs to every topic and cannot be changed"),
            hint: None,
        });
    }
    let at = topic.columns.declared.iter().position(|column| column.name == name);
    at.ok_or_else(|| EngineError::Undefined {
        what: ObjectClass::Column,
        name: name.to_owned(),
        hint: Some(format!("Topic \"{}\" has no such declared column.", topic.name)),
    })
}
