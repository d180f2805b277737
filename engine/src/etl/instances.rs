//! `etl.instances`: the processes that sidecars look after, as they were last heard of.

use async_trait::async_trait;

use crate::Result;
use crate::system::table::{Kind, Surroundings, SystemColumn, SystemTable, Value, column};

#[derive(Debug)]
pub(super) struct InstancesTable;

#[async_trait]
impl SystemTable for InstancesTable {
    fn name(&self) -> &'static str {
        "instances"
    }

    fn comment(&self) -> &'static str {
        "One row an instance of a role."
    }

    fn columns(&self) -> &'static [SystemColumn] {
        const COLUMNS: &[SystemColumn] = &[
            column("role", Kind::Text, "Its role."),
            column("id", Kind::Text, "Its own name for itself, unique in the role."),
            column("address", Kind::Text, "Where it is."),
            column("version", Kind::Text, "Version of the software that it runs."),
            column("sync", Kind::Text, "synced, out_of_sync or unknown."),
            column("health", Kind::Text, "healthy, progressing, degraded or missing."),
            column("desired_hash", Kind::Text, "Hash of the files that it should have."),
            column("applied_hash", Kind::Text, "Hash of the files that it has."),
            column("last_error", Kind::Text, "The last thing that went wrong, in its own words."),
            column("last_seen", Kind::Time, "When it was last heard of."),
        ];
        COLUMNS
    }

    async fn rows(&self, around: &Surroundings) -> Result<Vec<Vec<Value>>> {
        let instances = around.engine.configuration().fleet().all();
        let rows = instances.iter().cloned().map(|found| {
            vec![
                Value::Text(found.role),
                Value::Text(found.id),
                Value::Text(found.address),
                Value::Text(found.version),
                Value::text(found.sync.name()),
                Value::text(found.health.name()),
                found.desired_hash.into(),
                found.applied_hash.into(),
                found.last_error.into(),
                Value::Time(found.last_seen_us),
            ]
        });
        Ok(rows.collect())
    }
}
