//! Producers and the sequence numbers that published segments settle.

use rusqlite::{OptionalExtension, Transaction};
use strata_storage::{RangeSet, TopicId};

use super::{json, topics};
use crate::{Oid, Producer, Result};

/// All, by topic and name.
pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<Producer>> {
    let mut statement =
        transaction.prepare_cached("SELECT topic, producer, ranges, last_seen_us FROM producers ORDER BY topic, producer")?;
    let mut rows = statement.query([])?;
    let mut producers = Vec::new();
    while let Some(row) = rows.next()? {
        let producer: String = row.get(1)?;
        producers.push(Producer {
            topic: TopicId(u64::from(row.get::<_, Oid>(0)?)),
            ranges: json::from_text("producers", &producer, row.get_ref(2)?)?,
            producer,
            last_seen_us: row.get(3)?,
        });
    }
    Ok(producers)
}

/// Adds numbers to a producer of a topic that exists, and the producer if it is new.
pub(super) fn merge(
    transaction: &Transaction<'_>,
    topic: Oid,
    producer: &str,
    ranges: &RangeSet,
    last_seen_us: i64,
) -> Result<()> {
    let known: Option<Result<RangeSet>> = transaction
        .prepare_cached("SELECT ranges FROM producers WHERE topic = ?1 AND producer = ?2")?
        .query_row((topic, producer), |row| Ok(json::from_text("producers", producer, row.get_ref(0)?)))
        .optional()?;
    let mut settled = known.transpose()?.unwrap_or_default();
    settled.merge(ranges);
    transaction
        .prepare_cached(
            "INSERT INTO producers (topic, producer, ranges, last_seen_us) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (topic, producer)
             DO UPDATE SET ranges = excluded.ranges, last_seen_us = max(last_seen_us, excluded.last_seen_us)",
        )?
        .execute((topic, producer, json::to_text(&settled)?, last_seen_us))?;
    Ok(())
}

/// Forgets those of a topic that were not seen since `before_us`; how many.
pub(super) fn forget(transaction: &Transaction<'_>, topic: TopicId, before_us: i64) -> Result<u64> {
    let forgotten =
        transaction.execute("DELETE FROM producers WHERE topic = ?1 AND last_seen_us < ?2", (topics::oid(topic)?, before_us))?;
    Ok(forgotten as u64)
}
