//! Topics.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};
use strata_storage::schema::TopicSchema;
use strata_storage::{ColumnId, Offset, TopicId};

use super::{garbage, indexes, json, objects, segments};
use crate::{CatalogError, Index, NewTopic, ObjectKind, Oid, Result, Topic};

/// A topic's oid.
pub(super) fn oid(topic: TopicId) -> Result<Oid> {
    Oid::try_from(topic.0).map_err(|_| missing(topic))
}

/// The error for a topic that is not there.
pub(super) fn missing(topic: TopicId) -> CatalogError {
    CatalogError::NotFound { what: "topic", name: topic.to_string() }
}

/// Oid of the schema of a topic that exists.
pub(super) fn schema_of(transaction: &Transaction<'_>, topic: Oid) -> Result<Oid> {
    transaction
        .prepare_cached("SELECT schema_oid FROM objects WHERE oid = ?1 AND kind = 'topic'")?
        .query_row([topic], |row| row.get(0))
        .optional()?
        .ok_or_else(|| missing(TopicId(u64::from(topic))))
}

/// Offsets (first, next) of a topic; `None` if it is not there.
pub(super) fn offsets(transaction: &Transaction<'_>, topic: Oid) -> Result<Option<(Offset, Offset)>> {
    let found = transaction
        .prepare_cached("SELECT first_offset, next_offset FROM topics WHERE oid = ?1")?
        .query_row([topic], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}

/// All, by id.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Topic>> {
    let mut by_topic: BTreeMap<TopicId, Vec<Index>> = BTreeMap::new();
    for index in indexes::list(transaction)? {
        by_topic.entry(index.topic).or_default().push(index);
    }
    let mut statement = transaction.prepare_cached(
        "SELECT t.oid, s.name, o.name, t.columns, t.next_column_id, t.options, t.first_offset, t.next_offset, t.created_at_us
         FROM topics t JOIN objects o ON o.oid = t.oid JOIN objects s ON s.oid = o.schema_oid ORDER BY t.oid",
    )?;
    let mut rows = statement.query([])?;
    let mut topics = Vec::new();
    while let Some(row) = rows.next()? {
        let oid: Oid = row.get(0)?;
        let id = TopicId(u64::from(oid));
        topics.push(Topic {
            id,
            schema: row.get(1)?,
            name: row.get(2)?,
            columns: json::from_text("topics", oid, row.get_ref(3)?)?,
            next_column_id: row.get(4)?,
            options: json::from_text("topics", oid, row.get_ref(5)?)?,
            indexes: by_topic.remove(&id).unwrap_or_default(),
            first_offset: row.get(6)?,
            next_offset: row.get(7)?,
            created_at_us: row.get(8)?,
        });
    }
    Ok(topics)
}

/// Creates one with its indexes.
pub(super) fn create(transaction: &Transaction<'_>, new: NewTopic) -> Result<Topic> {
    let schema = objects::schema_oid(transaction, &new.schema)?;
    let oid = objects::create(transaction, ObjectKind::Topic, Some(schema), &new.name)?;
    let id = TopicId(u64::from(oid));
    let mut topic = Topic {
        id,
        schema: new.schema,
        name: new.name,
        next_column_id: next_column_id(&new.columns),
        columns: new.columns,
        options: new.options,
        indexes: Vec::with_capacity(new.indexes.len()),
        first_offset: 0,
        next_offset: 0,
        created_at_us: new.created_at_us,
    };
    insert(transaction, oid, &topic)?;
    for (name, column, method, options) in &new.indexes {
        topic.indexes.push(indexes::create(transaction, id, (name, *column, method, options))?);
    }
    Ok(topic)
}

fn next_column_id(columns: &TopicSchema) -> i32 {
    columns.declared.iter().map(|column| column.id.0).max().unwrap_or(0) + 1
}

/// Writes the row of a topic whose name is registered already; its indexes are not written.
pub(super) fn insert(transaction: &Transaction<'_>, oid: Oid, topic: &Topic) -> Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO topics (oid, columns, next_column_id, options, first_offset, next_offset, created_at_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            oid,
            json::to_text(&topic.columns)?,
            topic.next_column_id,
            json::to_text(&topic.options)?,
            topic.first_offset,
            topic.next_offset,
            topic.created_at_us,
        ))?;
    Ok(())
}

/// Replaces name, schema, columns and options; what hangs on columns that are gone goes with them.
pub(super) fn alter(transaction: &Transaction<'_>, topic: &Topic) -> Result<()> {
    let oid = oid(topic.id)?;
    let old_schema = schema_of(transaction, oid)?;
    let schema = objects::schema_oid(transaction, &topic.schema)?;
    objects::rename(transaction, oid, ObjectKind::Topic, schema, &topic.name)?;
    transaction.execute(
        "UPDATE topics SET columns = ?2, next_column_id = max(next_column_id, ?3), options = ?4 WHERE oid = ?1",
        (oid, json::to_text(&topic.columns)?, topic.next_column_id, json::to_text(&topic.options)?),
    )?;
    let gone = |column: ColumnId| column.0 > 0 && !topic.columns.declared.iter().any(|declared| declared.id == column);
    for index in indexes::of_topic(transaction, oid)? {
        if gone(index.column) {
            objects::delete(transaction, index.oid)?;
        } else if schema != old_schema {
            objects::rename(transaction, index.oid, ObjectKind::Index, schema, &index.name)?;
        }
    }
    let commented = transaction
        .prepare("SELECT column_id FROM comments WHERE object = ?1")?
        .query_map([oid], |row| row.get(0).map(ColumnId))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for column in commented.into_iter().filter(|&column| gone(column)) {
        transaction.execute("DELETE FROM comments WHERE object = ?1 AND column_id = ?2", (oid, column.0))?;
    }
    Ok(())
}

/// Drops one; its files become garbage.
pub(super) fn drop(transaction: &Transaction<'_>, topic: TopicId, now_us: i64) -> Result<()> {
    let oid = oid(topic)?;
    schema_of(transaction, oid)?;
    for location in segments::remove_below(transaction, oid, Offset::MAX)? {
        garbage::add(transaction, &location, now_us)?;
    }
    for index in indexes::of_topic(transaction, oid)? {
        objects::delete(transaction, index.oid)?;
    }
    transaction.execute("DELETE FROM producers WHERE topic = ?1", [oid])?;
    objects::delete(transaction, oid)
}

/// Forgets every record below `first_offset`.
pub(super) fn truncate(transaction: &Transaction<'_>, topic: TopicId, first_offset: Offset, now_us: i64) -> Result<()> {
    let oid = oid(topic)?;
    if offsets(transaction, oid)?.is_none() {
        return Err(missing(topic));
    }
    for location in segments::remove_below(transaction, oid, first_offset)? {
        garbage::add(transaction, &location, now_us)?;
    }
    raise_offsets(transaction, oid, first_offset, first_offset)
}

/// Raises the offsets; neither is ever lowered.
pub(super) fn raise_offsets(transaction: &Transaction<'_>, topic: Oid, first: Offset, next: Offset) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE topics SET first_offset = max(first_offset, ?2), next_offset = max(next_offset, ?3)
             WHERE oid = ?1 AND (first_offset < ?2 OR next_offset < ?3)",
        )?
        .execute((topic, first, next))?;
    Ok(())
}
