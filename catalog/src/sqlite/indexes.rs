//! Index definitions of topics.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction};
use strata_storage::{ColumnId, TopicId};

use super::{json, objects, topics};
use crate::{Index, ObjectKind, Oid, Result};

/// A definition without identity and topic: name, column, method, options.
pub(super) type Definition<'a> = (&'a str, ColumnId, &'a str, &'a BTreeMap<String, String>);

const SELECT: &str =
    "SELECT i.oid, o.name, i.topic, i.column_id, i.method, i.options FROM indexes i JOIN objects o ON o.oid = i.oid";

/// All, by oid.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Index>> {
    read(transaction, &format!("{SELECT} ORDER BY i.oid"), [])
}

/// Those of one topic, by oid.
pub(super) fn of_topic(transaction: &Transaction<'_>, topic: Oid) -> Result<Vec<Index>> {
    read(transaction, &format!("{SELECT} WHERE i.topic = ?1 ORDER BY i.oid"), [topic])
}

fn read(transaction: &Transaction<'_>, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Index>> {
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut indexes = Vec::new();
    while let Some(row) = rows.next()? {
        indexes.push(from_row(row)?);
    }
    Ok(indexes)
}

fn from_row(row: &Row<'_>) -> Result<Index> {
    let oid = row.get(0)?;
    Ok(Index {
        oid,
        name: row.get(1)?,
        topic: TopicId(u64::from(row.get::<_, Oid>(2)?)),
        column: ColumnId(row.get(3)?),
        method: row.get(4)?,
        options: json::from_text("indexes", oid, row.get_ref(5)?)?,
    })
}

/// Creates one on a topic that exists.
pub(super) fn create(transaction: &Transaction<'_>, topic: TopicId, definition: Definition<'_>) -> Result<Index> {
    let topic_oid = topics::oid(topic)?;
    let schema = topics::schema_of(transaction, topic_oid)?;
    let oid = objects::create(transaction, ObjectKind::Index, Some(schema), definition.0)?;
    insert(transaction, oid, topic, definition)
}

/// Creates one whose name is registered already.
pub(super) fn insert(transaction: &Transaction<'_>, oid: Oid, topic: TopicId, definition: Definition<'_>) -> Result<Index> {
    let (name, column, method, options) = definition;
    transaction
        .prepare_cached("INSERT INTO indexes (oid, topic, column_id, method, options) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((oid, topics::oid(topic)?, column.0, method, json::to_text(options)?))?;
    Ok(Index { oid, name: name.to_owned(), topic, column, method: method.to_owned(), options: options.clone() })
}

/// Drops one by name.
pub(super) fn drop(transaction: &Transaction<'_>, schema: &str, name: &str) -> Result<Index> {
    let oid = objects::oid_of(transaction, ObjectKind::Index, schema, name)?;
    let index = transaction.query_row(&format!("{SELECT} WHERE i.oid = ?1"), [oid], |row| Ok(from_row(row)))??;
    objects::delete(transaction, oid)?;
    Ok(index)
}
