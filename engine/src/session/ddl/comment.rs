//! `COMMENT ON`.

use datafusion::sql::sqlparser::ast::{CommentObject, Ident, ObjectName, Statement};
use strata_catalog::Oid;
use strata_storage::ColumnId;

use super::Created;
use super::schema::schema_name;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::insert::folded;
use crate::session::outcome::Outcome;
use crate::session::planner::undefined_relation;
use crate::session::relations::Relation;

impl Session {
    pub(super) async fn comment(&self, statement: &Statement) -> Result<Outcome> {
        let Statement::Comment { object_type, object_name, comment, if_exists } = statement else {
            return Err(EngineError::Internal("not a COMMENT".into()));
        };
        let object = match object_type {
            CommentObject::Column => self.commented_column(object_name),
            CommentObject::Schema => self.commented_schema(object_name),
            CommentObject::Index => self.commented_index(object_name),
            CommentObject::Table | CommentObject::View => self.commented_relation(object_name).map(|oid| (oid, None)),
            other => Err(EngineError::Unsupported { message: format!("COMMENT ON {other} is not supported"), hint: None }),
        };
        match object {
            Ok((oid, column)) => self.engine.topics().set_comment(oid, column, comment.as_deref()).await?,
            Err(EngineError::Undefined { what, name, .. }) if *if_exists => {
                self.notice(format!("{what} \"{name}\" does not exist, skipping"), None);
            }
            Err(error) => return Err(error),
        }
        Ok(Outcome::done("COMMENT"))
    }

    fn commented_relation(&self, name: &ObjectName) -> Result<Oid> {
        match self.lookup(name)? {
            Some((_, _, Relation::Topic(topic))) => {
                let oid = topic.definition().oid();
                self.refuse_in_block("COMMENT", |made| matches!(made, Created::Topic(made, ..) if *made == oid))?;
                Ok(oid)
            }
            Some((schema, name, Relation::View(view))) => {
                let made = Created::View(schema, name);
                self.refuse_in_block("COMMENT", |created| *created == made)?;
                Ok(view.oid)
            }
            Some((schema, name, Relation::System)) => Err(EngineError::Refused {
                reason: Refusal::Privilege,
                message: format!("permission denied: \"{schema}.{name}\" is a system table"),
                hint: None,
            }),
            None => Err(undefined_relation(&name.to_string())),
        }
    }

    fn commented_column(&self, name: &ObjectName) -> Result<(Oid, Option<ColumnId>)> {
        let mut parts = name.0.clone();
        let column = parts.pop().as_ref().and_then(|part| part.as_ident()).map(folded).unwrap_or_default();
        if parts.is_empty() {
            return Err(EngineError::Syntax { message: "COMMENT ON COLUMN needs table.column".into(), position: None });
        }
        let relation = ObjectName(parts);
        let oid = self.commented_relation(&relation)?;
        let Some((_, _, Relation::Topic(topic))) = self.lookup(&relation)? else {
            return Err(EngineError::Unsupported { message: "columns of views have no comments".into(), hint: None });
        };
        let found = topic.definition().columns.columns().find(|known| known.name == column);
        let id = found.ok_or(EngineError::Undefined { what: ObjectClass::Column, name: column, hint: None })?.id;
        Ok((oid, Some(id)))
    }

    fn commented_schema(&self, name: &ObjectName) -> Result<(Oid, Option<ColumnId>)> {
        let name = schema_name(name)?;
        let made = Created::Schema(name.clone());
        self.refuse_in_block("COMMENT", |created| *created == made)?;
        let oid = self.engine.topics().schema_oid(&name);
        oid.map(|oid| (oid, None)).ok_or(EngineError::Undefined { what: ObjectClass::Schema, name, hint: None })
    }

    fn commented_index(&self, name: &ObjectName) -> Result<(Oid, Option<ColumnId>)> {
        let (schema, name) = self.find_index(name)?;
        let made = Created::Index(schema.clone(), name.clone());
        self.refuse_in_block("COMMENT", |created| *created == made)?;
        let topics = self.engine.topics().list();
        let definitions = topics.iter().map(|topic| topic.definition()).filter(|topic| topic.schema == schema);
        let oid = definitions.flat_map(|topic| topic.indexes.clone()).find(|index| index.name == name).map(|index| index.oid);
        oid.map(|oid| (oid, None)).ok_or(EngineError::Undefined {
            what: ObjectClass::Index,
            name: Ident::new(name).to_string(),
            hint: None,
        })
    }
}
