//! `DROP TABLE`, `DROP VIEW`, `DROP SCHEMA`, `DROP INDEX`.

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectType, Statement};
use strata_catalog::{Topic, View};

use super::Created;
use super::dependency::dependent_views;
use super::schema::schema_name;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::Session;
use crate::session::outcome::Outcome;
use crate::session::relations::Relation;

impl Session {
    pub(super) async fn drop_objects(&self, statement: &Statement) -> Result<Outcome> {
        let Statement::Drop { object_type, if_exists, names, cascade, .. } = statement else {
            return Err(EngineError::Internal("not a DROP".into()));
        };
        for name in names {
            let dropped = match object_type {
                ObjectType::Table => self.drop_relation(name, *cascade, true).await,
                ObjectType::View => self.drop_relation(name, *cascade, false).await,
                ObjectType::Schema => self.drop_schema(name, *cascade).await,
                ObjectType::Index => self.drop_index(name).await,
                other => Err(EngineError::Unsupported { message: format!("DROP {other} is not supported"), hint: None }),
            };
            match dropped {
                Err(EngineError::Undefined { what, name, .. }) if *if_exists => {
                    self.notice(format!("{what} \"{name}\" does not exist, skipping"), None);
                }
                other => other?,
            }
        }
        Ok(Outcome::done(format!("DROP {object_type}")))
    }

    async fn drop_relation(&self, name: &ObjectName, cascade: bool, table: bool) -> Result<()> {
        let Some((schema, found, relation)) = self.lookup(name)? else {
            return Err(super::super::planner::undefined_relation(&name.to_string()));
        };
        match relation {
            Relation::Topic(topic) if table => self.drop_topic(&topic.definition(), cascade).await,
            Relation::View(view) if !table => self.drop_view(&view, cascade).await,
            Relation::System => Err(EngineError::Refused {
                reason: Refusal::Privilege,
                message: format!("permission denied: \"{schema}.{found}\" is a system table"),
                hint: None,
            }),
            other => {
                let (is, right) = if table { ("table", "DROP VIEW") } else { ("view", "DROP TABLE") };
                debug_assert!(!matches!(other, Relation::System));
                Err(EngineError::Refused {
                    reason: Refusal::WrongObjectType,
                    message: format!("\"{found}\" is not a {is}"),
                    hint: Some(format!("Use {right} to remove it.")),
                })
            }
        }
    }

    async fn drop_topic(&self, topic: &Topic, cascade: bool) -> Result<()> {
        let oid = topic.oid();
        self.refuse_in_block("DROP TABLE", |made| matches!(made, Created::Topic(made, ..) if *made == oid))?;
        self.drop_dependents(&topic.schema, &topic.name, cascade).await?;
        self.forget_staged(topic.id);
        self.engine.topics().drop_topic(&topic.schema, &topic.name).await
    }

    async fn drop_view(&self, view: &View, cascade: bool) -> Result<()> {
        let made = Created::View(view.schema.clone(), view.name.clone());
        self.refuse_in_block("DROP VIEW", |created| *created == made)?;
        self.drop_dependents(&view.schema, &view.name, cascade).await?;
        self.engine.topics().drop_view(&view.schema, &view.name).await?;
        self.forget_created(&made);
        Ok(())
    }

    async fn drop_dependents(&self, schema: &str, name: &str, cascade: bool) -> Result<()> {
        let views = dependent_views(&self.engine, schema, name);
        if !views.is_empty() && !cascade {
            return Err(EngineError::Dependent { what: ObjectClass::Relation, name: name.to_owned() });
        }
        for view in views {
            // A view that stood on two of the others is gone already.
            if self.engine.topics().view(&view.schema, &view.name).is_some() {
                Box::pin(self.drop_view(&view, true)).await?;
                self.notice(format!("drop cascades to view {}.{}", view.schema, view.name), None);
            }
        }
        Ok(())
    }

    async fn drop_schema(&self, name: &ObjectName, cascade: bool) -> Result<()> {
        let name = schema_name(name)?;
        if self.relations.is_system(&name) || name == "logs" {
            return Err(EngineError::Refused {
                reason: Refusal::Privilege,
                message: format!("schema \"{name}\" cannot be dropped"),
                hint: Some("The server needs it.".into()),
            });
        }
        let topics = self.engine.topics();
        if !topics.has_schema(&name) {
            return Err(EngineError::Undefined { what: ObjectClass::Schema, name, hint: None });
        }
        let made = Created::Schema(name.clone());
        self.refuse_in_block("DROP SCHEMA", |created| *created == made)?;
        let inside: Vec<_> = topics.list().iter().map(|topic| topic.definition()).filter(|topic| topic.schema == name).collect();
        let views: Vec<_> = topics.views().into_iter().filter(|view| view.schema == name).collect();
        if !(cascade || inside.is_empty() && views.is_empty()) {
            return Err(EngineError::Dependent { what: ObjectClass::Schema, name });
        }
        for view in views {
            if topics.view(&view.schema, &view.name).is_some() {
                self.drop_view(&view, true).await?;
            }
        }
        for topic in inside {
            self.drop_topic(&topic, true).await?;
        }
        topics.drop_schema(&name).await?;
        self.forget_created(&made);
        Ok(())
    }

    async fn drop_index(&self, name: &ObjectName) -> Result<()> {
        let (schema, name) = self.find_index(name)?;
        let made = Created::Index(schema.clone(), name.clone());
        self.refuse_in_block("DROP INDEX", |created| *created == made)?;
        self.engine.topics().drop_index(&schema, &name).await?;
        self.engine.lifecycle().indexing.wake();
        self.forget_created(&made);
        Ok(())
    }

    /// What was dropped in the block that made it needs no dropping by ROLLBACK.
    fn forget_created(&self, made: &Created) {
        if let Some(block) = self.transaction.lock().block()
            && let Some(at) = block.created.iter().position(|created| created == made)
        {
            block.created[at] = Created::Gone;
        }
    }
}
