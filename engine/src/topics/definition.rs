//! Changes of what exists: each goes to the catalog, then to memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use strata_catalog::{Index, NewTopic, NewView, Oid, Schema, Topic, View};
use strata_storage::{ColumnId, Offset};

use super::producers::Producers;
use super::{TopicState, Topics};
use crate::Result;
use crate::error::{EngineError, ObjectClass};

impl Topics {
    /// Creates a schema.
    ///
    /// # Errors
    /// The catalog's: the name is taken.
    pub async fn create_schema(&self, name: &str) -> Result<Schema> {
        let _ddl = self.ddl.lock().await;
        let schema = self.catalog.create_schema(name).await?;
        self.names.write().schemas.insert(name.to_owned(), schema.clone());
        Ok(schema)
    }

    /// Drops an empty schema.
    ///
    /// # Errors
    /// The catalog's: not there, or not empty.
    pub async fn drop_schema(&self, name: &str) -> Result<()> {
        let _ddl = self.ddl.lock().await;
        self.catalog.drop_schema(name).await?;
        let mut names = self.names.write();
        if let Some(schema) = names.schemas.remove(name) {
            names.forget_comments(schema.oid);
        }
        Ok(())
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// The catalog's: the name is taken, the schema is not there.
    pub async fn create_topic(&self, topic: NewTopic) -> Result<Arc<TopicState>> {
        let _ddl = self.ddl.lock().await;
        let topic = Arc::new(self.catalog.create_topic(topic).await?);
        let state = Arc::new(TopicState::new(topic, Vec::new(), Producers::default(), &self.shared));
        self.names.write().insert(state.clone());
        Ok(state)
    }

    /// Changes a topic: `change` gets a copy of the definition and edits it.
    ///
    /// # Errors
    /// Those of `change`, and the catalog's.
    pub async fn alter_topic(
        &self,
        schema: &str,
        name: &str,
        change: impl FnOnce(&mut Topic) -> Result<()> + Send,
    ) -> Result<Arc<Topic>> {
        let _ddl = self.ddl.lock().await;
        let state = self.existing(schema, name)?;
        let before = state.definition();
        let mut topic = Topic::clone(&before);
        change(&mut topic)?;
        self.catalog.alter_topic(&topic).await?;
        let mut names = self.names.write();
        names.remove(&before);
        state.redefine(topic);
        names.insert(state.clone());
        Ok(state.definition())
    }

    /// Drops a topic and everything in it.
    ///
    /// # Errors
    /// Not there; the catalog's.
    pub async fn drop_topic(&self, schema: &str, name: &str) -> Result<()> {
        let _ddl = self.ddl.lock().await;
        let state = self.existing(schema, name)?;
        self.catalog.drop_topic(state.id()).await?;
        let topic = state.definition();
        let mut names = self.names.write();
        names.remove(&topic);
        names.forget_comments(topic.oid());
        topic.indexes.iter().for_each(|index| names.forget_comments(index.oid));
        drop(names);
        state.mark_dropped();
        Ok(())
    }

    /// Forgets every record that is visible now. Offsets go on from where they are.
    ///
    /// # Errors
    /// Not there; the catalog's.
    pub async fn truncate_topic(&self, schema: &str, name: &str) -> Result<Offset> {
        let _ddl = self.ddl.lock().await;
        let state = self.existing(schema, name)?;
        let first_offset = state.snapshot().next_offset;
        self.catalog.truncate_topic(state.id(), first_offset).await?;
        state.truncate(first_offset);
        Ok(first_offset)
    }

    /// Adds an index definition to a topic.
    ///
    /// # Errors
    /// Not there; the name is taken.
    pub async fn create_index(
        &self,
        schema: &str,
        topic: &str,
        name: &str,
        column: ColumnId,
        method: &str,
        options: BTreeMap<String, String>,
    ) -> Result<Index> {
        let _ddl = self.ddl.lock().await;
        let state = self.existing(schema, topic)?;
        let index = self.catalog.create_index(state.id(), name, column, method, options).await?;
        let mut definition = Topic::clone(&state.definition());
        definition.indexes.push(index.clone());
        state.redefine(definition);
        Ok(index)
    }

    /// Removes an index definition.
    ///
    /// # Errors
    /// Not there.
    pub async fn drop_index(&self, schema: &str, name: &str) -> Result<Index> {
        let _ddl = self.ddl.lock().await;
        let index = self.catalog.drop_index(schema, name).await?;
        if let Some(state) = self.by_id(index.topic) {
            let mut definition = Topic::clone(&state.definition());
            definition.indexes.retain(|other| other.oid != index.oid);
            state.redefine(definition);
        }
        self.names.write().forget_comments(index.oid);
        Ok(index)
    }

    /// Creates a view, or replaces it.
    ///
    /// # Errors
    /// The name is taken; the schema is not there.
    pub async fn create_view(&self, view: NewView, replace: bool) -> Result<Arc<View>> {
        let _ddl = self.ddl.lock().await;
        let view = Arc::new(self.catalog.create_view(view, replace).await?);
        self.names.write().views.insert((view.schema.clone(), view.name.clone()), view.clone());
        Ok(view)
    }

    /// Drops a view.
    ///
    /// # Errors
    /// Not there.
    pub async fn drop_view(&self, schema: &str, name: &str) -> Result<()> {
        let _ddl = self.ddl.lock().await;
        self.catalog.drop_view(schema, name).await?;
        let mut names = self.names.write();
        if let Some(view) = names.views.remove(&(schema.to_owned(), name.to_owned())) {
            names.forget_comments(view.oid);
        }
        Ok(())
    }

    /// Sets or removes a comment.
    ///
    /// # Errors
    /// The catalog's.
    pub async fn set_comment(&self, object: Oid, column: Option<ColumnId>, comment: Option<&str>) -> Result<()> {
        let _ddl = self.ddl.lock().await;
        self.catalog.set_comment(object, column, comment).await?;
        let mut names = self.names.write();
        match comment {
            Some(text) => names.comments.insert((object, column), text.to_owned()),
            None => names.comments.remove(&(object, column)),
        };
        Ok(())
    }

    fn existing(&self, schema: &str, name: &str) -> Result<Arc<TopicState>> {
        self.get(schema, name).ok_or_else(|| EngineError::Undefined {
            what: ObjectClass::Relation,
            name: format!("{schema}.{name}"),
            hint: None,
        })
    }
}
