//! Publishing: many topics gain and lose segments in one transaction, with the producers' numbers.

use rusqlite::Transaction;

use super::{garbage, producers, segments, topics};
use crate::{Publication, Result};

/// Applies one publication. Rules: [`Publication`].
pub(super) fn publish(transaction: &Transaction<'_>, publication: &Publication) -> Result<()> {
    let discard =
        || publication.added.iter().try_for_each(|added| garbage::add(transaction, &added.location, publication.now_us));
    let oid = topics::oid(publication.topic)?;
    let Some((first_offset, _)) = topics::offsets(transaction, oid)? else { return discard() };
    for &replaced in &publication.replaced {
        if !segments::is_live(transaction, oid, replaced)? {
            return discard();
        }
    }
    for &replaced in &publication.replaced {
        if let Some(location) = segments::remove(transaction, oid, replaced)? {
            garbage::add(transaction, &location, publication.now_us)?;
        }
    }
    for added in &publication.added {
        assert_eq!(added.topic, publication.topic, "a segment is published under its own topic");
        if added.last_offset < first_offset {
            garbage::add(transaction, &added.location, publication.now_us)?;
        } else if !segments::is_live(transaction, oid, added.id)? {
            segments::insert(transaction, oid, added)?;
        }
    }
    for (producer, ranges, last_seen_us) in &publication.producers {
        producers::merge(transaction, oid, producer, ranges, *last_seen_us)?;
    }
    topics::raise_offsets(transaction, oid, first_offset, publication.next_offset)
}
