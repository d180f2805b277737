//! Live segments: the whole description as JSON, and beside it what lookups need.

use rusqlite::{OptionalExtension, Transaction};
use strata_storage::segment::SegmentMeta;
use strata_storage::{Offset, SegmentId, TopicId};

use super::{garbage, json, topics};
use crate::{CatalogError, Oid, Result};

/// All, by topic and first offset.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<SegmentMeta>> {
    let mut statement = transaction.prepare_cached("SELECT location, meta FROM segments ORDER BY topic, first_offset")?;
    let mut rows = statement.query([])?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next()? {
        let location: String = row.get(0)?;
        segments.push(json::from_text("segments", location, row.get_ref(1)?)?);
    }
    Ok(segments)
}

/// Whether a topic has this segment.
pub(super) fn is_live(transaction: &Transaction<'_>, topic: Oid, segment: SegmentId) -> Result<bool> {
    let live = transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM segments WHERE id = ?1 AND topic = ?2)")?
        .query_row((segment.to_string(), topic), |row| row.get(0))?;
    Ok(live)
}

/// Adds one to a topic that exists.
///
/// # Errors
/// [`CatalogError::Overlap`] if a live segment holds some of its offsets.
pub(super) fn insert(transaction: &Transaction<'_>, topic: Oid, segment: &SegmentMeta) -> Result<()> {
    let overlapping: Option<String> = transaction
        .prepare_cached(
            "SELECT location FROM segments WHERE rowid = (
                 SELECT rowid FROM segments WHERE topic = ?1 AND first_offset <= ?3 ORDER BY first_offset DESC LIMIT 1)
             AND last_offset >= ?2",
        )?
        .query_row((topic, segment.first_offset, segment.last_offset), |row| row.get(0))
        .optional()?;
    if let Some(live) = overlapping {
        return Err(CatalogError::Overlap { topic: u64::from(topic), added: segment.location.clone(), live });
    }
    transaction
        .prepare_cached(
            "INSERT INTO segments (id, topic, first_offset, last_offset, location, meta) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            segment.id.to_string(),
            topic,
            segment.first_offset,
            segment.last_offset,
            &segment.location,
            json::to_text(segment)?,
        ))?;
    garbage::forget(transaction, &segment.location)
}

/// Removes one; where it lies, or `None` if it is not live.
pub(super) fn remove(transaction: &Transaction<'_>, topic: Oid, segment: SegmentId) -> Result<Option<String>> {
    let location = transaction
        .prepare_cached("DELETE FROM segments WHERE id = ?1 AND topic = ?2 RETURNING location")?
        .query_row((segment.to_string(), topic), |row| row.get(0))
        .optional()?;
    Ok(location)
}

/// Removes those of a topic that lie wholly below `first_offset`; where they lie.
pub(super) fn remove_below(transaction: &Transaction<'_>, topic: Oid, first_offset: Offset) -> Result<Vec<String>> {
    let mut statement =
        transaction.prepare_cached("DELETE FROM segments WHERE topic = ?1 AND last_offset < ?2 RETURNING location")?;
    let locations = statement.query_map((topic, first_offset), |row| row.get(0))?;
    Ok(locations.collect::<rusqlite::Result<_>>()?)
}

/// Removes whole segments for retention and raises the topic's first offset.
///
/// # Errors
/// [`CatalogError::NotFound`] if one of them is not live, because a merge took it: look again.
pub(super) fn expire(
    transaction: &Transaction<'_>,
    topic: TopicId,
    segments: &[SegmentId],
    first_offset: Offset,
    now_us: i64,
) -> Result<()> {
    let oid = topics::oid(topic)?;
    if topics::offsets(transaction, oid)?.is_none() {
        return Err(topics::missing(topic));
    }
    for &segment in segments {
        let location = remove(transaction, oid, segment)?
            .ok_or_else(|| CatalogError::NotFound { what: "segment", name: segment.to_string() })?;
        garbage::add(transaction, &location, now_us)?;
    }
    topics::raise_offsets(transaction, oid, first_offset, first_offset)
}
