//! Segments that left a topic and may still be read by running queries.

use std::collections::HashSet;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use strata_storage::segment::SegmentMeta;

/// Remembers who still holds a segment that was merged, expired, truncated or dropped. A query holds the segments of its
/// snapshot, so a file whose last holder is gone may be removed.
#[derive(Debug, Default)]
pub(super) struct Retired(Mutex<Vec<Weak<SegmentMeta>>>);

impl Retired {
    /// Takes note of segments that just left.
    pub fn add<'a>(&self, segments: impl IntoIterator<Item = &'a Arc<SegmentMeta>>) {
        self.0.lock().extend(segments.into_iter().map(Arc::downgrade));
    }

    /// Locations that somebody still holds.
    pub fn in_use(&self) -> HashSet<String> {
        let mut retired = self.0.lock();
        retired.retain(|segment| segment.strong_count() > 0);
        retired.iter().filter_map(Weak::upgrade).map(|segment| segment.location.clone()).collect()
    }
}
