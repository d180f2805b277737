//! `TRUNCATE`: forgets every record of a topic. Offsets go on from where they are.

use datafusion::sql::sqlparser::ast::Truncate;

use super::Created;
use crate::Result;
use crate::error::EngineError;
use crate::session::Session;
use crate::session::outcome::Outcome;

impl Session {
    pub(super) async fn truncate(&self, truncate: &Truncate) -> Result<Outcome> {
        let mut topics = Vec::new();
        for target in &truncate.table_names {
            match self.writable_topic(&target.name, "truncate") {
                Ok(topic) => topics.push(topic),
                Err(EngineError::Undefined { name, .. }) if truncate.if_exists => {
                    self.notice(format!("relation \"{name}\" does not exist, skipping"), None);
                }
                Err(error) => return Err(error),
            }
        }
        for topic in &topics {
            let oid = topic.oid();
            self.refuse_in_block("TRUNCATE", |made| matches!(made, Created::Topic(made, ..) if *made == oid))?;
        }
        for topic in topics {
            self.forget_staged(topic.id);
            self.engine.topics().truncate_topic(&topic.schema, &topic.name).await?;
        }
        Ok(Outcome::done("TRUNCATE TABLE"))
    }

    /// Drops the records of a topic that wait for COMMIT.
    pub(super) fn forget_staged(&self, topic: strata_storage::TopicId) {
        if let Some(block) = self.transaction.lock().block() {
            // Emptied and not removed: savepoints count the places.
            let schema = |append: &crate::session::write::StagedAppend| append.records.schema().clone();
            for append in block.staged.iter_mut().filter(|append| append.topic == topic) {
                append.records = self.spool(schema(append));
            }
        }
    }
}
