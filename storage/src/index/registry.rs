//! Which index files there are, what became of them, and how often they were asked.
//!
//! Filled from a listing of the store at start-up and kept up to date by whoever writes or finds fault with a file.
//!
//! **Invariant:** a file that failed its checksum is never asked again until it was built anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::{Index, IndexName, IndexSpec};
use crate::ids::{SegmentId, TopicId};

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexState {
    /// It is there, with so many bytes.
    Built(u64),
    /// It is damaged or gone, and can be built anew.
    Broken(String),
    /// This segment cannot have one.
    Refused(String),
}

/// How often the indexes of one definition were asked, and to what effect.
#[derive(Debug, Default)]
pub struct IndexCounts {
    /// Questions to the index of a segment.
    pub probes: AtomicU64,
    /// Of these, how many ruled the whole segment out.
    pub pruned: AtomicU64,
    /// What was last wrong with a file; kept when it was built anew.
    pub trouble: Mutex<Option<String>>,
}

impl IndexCounts {
    /// Counts a question.
    pub fn count(&self, ruled_out: bool) {
        self.probes.fetch_add(1, Ordering::Relaxed);
        self.pruned.fetch_add(u64::from(ruled_out), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Entry {
    name: Arc<IndexName>,
    state: IndexState,
    open: Option<Arc<dyn Index>>,
}

/// The index files of one store.
#[derive(Debug, Default)]
pub struct IndexRegistry {
    entries: Mutex<HashMap<SegmentId, Vec<Entry>>>,
    counts: Mutex<BTreeMap<(TopicId, IndexSpec), Arc<IndexCounts>>>,
}

impl IndexRegistry {
    /// A file is there.
    pub fn add(&self, name: IndexName, state: IndexState) {
        let mut entries = self.entries.lock();
        let of_segment = entries.entry(name.segment).or_default();
        of_segment.retain(|entry| entry.name.spec != name.spec);
        of_segment.push(Entry { name: Arc::new(name), state, open: None });
    }

    /// Files of a segment with their states.
    pub fn of_segment(&self, segment: SegmentId) -> Vec<(Arc<IndexName>, IndexState)> {
        let entries = self.entries.lock();
        let of_segment = entries.get(&segment).map_or(&[][..], Vec::as_slice);
        of_segment.iter().map(|entry| (entry.name.clone(), entry.state.clone())).collect()
    }

    /// The state of one index; `None` if it was not built.
    pub fn state(&self, segment: SegmentId, spec: &IndexSpec) -> Option<IndexState> {
        let entries = self.entries.lock();
        let entry = entries.get(&segment)?.iter().find(|entry| entry.name.spec == *spec)?;
        Some(entry.state.clone())
    }

    /// The open index, if it is.
    pub fn open(&self, segment: SegmentId, spec: &IndexSpec) -> Option<Arc<dyn Index>> {
        let entries = self.entries.lock();
        entries.get(&segment)?.iter().find(|entry| entry.name.spec == *spec)?.open.clone()
    }

    /// Keeps an open index.
    pub fn keep(&self, name: &IndexName, index: &Arc<dyn Index>) {
        let mut entries = self.entries.lock();
        let of_segment = entries.get_mut(&name.segment).map_or(&mut [][..], Vec::as_mut_slice);
        for entry in of_segment.iter_mut().filter(|entry| *entry.name == *name && matches!(entry.state, IndexState::Built(_))) {
            entry.open = Some(index.clone());
        }
    }

    /// A file cannot be used; false if that was known.
    pub fn mark_broken(&self, name: &IndexName, reason: String) -> bool {
        let mut entries = self.entries.lock();
        let of_segment = entries.get_mut(&name.segment).map_or(&mut [][..], Vec::as_mut_slice);
        let Some(entry) = of_segment.iter_mut().find(|entry| *entry.name == *name) else { return false };
        let is_new = matches!(entry.state, IndexState::Built(_));
        entry.state = IndexState::Broken(reason);
        entry.open = None;
        is_new
    }

    /// Forgets a segment; its files, which are to be deleted.
    pub fn remove_segment(&self, segment: SegmentId) -> Vec<Arc<IndexName>> {
        let removed = self.entries.lock().remove(&segment).unwrap_or_default();
        removed.into_iter().map(|entry| entry.name).collect()
    }

    /// Forgets one file.
    pub fn remove(&self, name: &IndexName) {
        if let Some(of_segment) = self.entries.lock().get_mut(&name.segment) {
            of_segment.retain(|entry| *entry.name != *name);
        }
    }

    /// Counters of a topic's index.
    pub fn counts(&self, topic: TopicId, spec: &IndexSpec) -> Arc<IndexCounts> {
        self.counts.lock().entry((topic, spec.clone())).or_default().clone()
    }
}
