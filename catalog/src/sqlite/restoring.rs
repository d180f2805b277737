//! Filling a blank catalog with what was read from segments.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::counters::{self, Counter};
use super::{garbage, indexes, objects, producers, segments, topics};
use crate::rebuild::Rebuilt;
use crate::{CatalogError, ObjectKind, Oid, Result};

/// Writes all of it, or refuses when a topic is there already.
pub(super) fn restore(transaction: &Transaction<'_>, rebuilt: &Rebuilt, now_us: i64) -> Result<()> {
    let blank: bool = transaction.query_row("SELECT NOT EXISTS (SELECT 1 FROM topics)", [], |row| row.get(0))?;
    if !blank {
        return Err(CatalogError::NotBlank);
    }
    let oids = rebuilt.topics.iter().flat_map(|topic| topic.indexes.iter().map(|index| index.oid).chain([topic.oid()]));
    if let Some(highest) = oids.max() {
        counters::raise(transaction, Counter::Oid, i64::from(highest) + 1)?;
    }
    let mut schemas: BTreeMap<&str, Oid> = BTreeMap::new();
    for topic in &rebuilt.topics {
        let schema = match (schemas.get(topic.schema.as_str()), objects::find(transaction, None, &topic.schema)?) {
            (Some(&oid), _) | (None, Some((oid, _))) => oid,
            (None, None) => objects::create(transaction, ObjectKind::Schema, None, &topic.schema)?,
        };
        schemas.insert(&topic.schema, schema);
        let oid = topics::oid(topic.id)?;
        objects::insert(transaction, oid, ObjectKind::Topic, Some(schema), &topic.name)?;
        topics::insert(transaction, oid, topic)?;
        for index in &topic.indexes {
            objects::insert(transaction, index.oid, ObjectKind::Index, Some(schema), &index.name)?;
            let definition = (index.name.as_str(), index.column, index.method.as_str(), &index.options);
            indexes::insert(transaction, index.oid, topic.id, definition)?;
        }
    }
    for segment in &rebuilt.segments {
        segments::insert(transaction, topics::oid(segment.topic)?, segment)?;
    }
    for producer in &rebuilt.producers {
        producers::merge(transaction, topics::oid(producer.topic)?, &producer.producer, &producer.ranges, producer.last_seen_us)?;
    }
    rebuilt.garbage.iter().try_for_each(|location| garbage::add(transaction, location, now_us))
}
