//! All segments of a server: making, opening, listing, checking and removing them.

use std::sync::Arc;

use hashbrown::HashMap;
use object_store::ObjectStore;
use parking_lot::Mutex;

use super::file::{SegmentFiles, blocking, id_in};
use super::job::{MergeJob, SealJob};
use super::meta::SegmentMeta;
use super::reader::{self, SegmentReader};
use super::{merge, seal};
use crate::cache::ReadCache;
use crate::disk::Disk;
use crate::ids::SegmentId;
use crate::memory::Memory;
use crate::{Result, StorageError};

/// Tunables of a [`SegmentStore`].
#[derive(Debug, Clone)]
pub struct SegmentOptions {
    /// Bytes of decoded chunks that are kept, at most. The memory budget may leave less.
    pub cache_bytes_max: usize,
    /// Bytes of footers of open segments that are kept, at most, beside those in use.
    pub footer_bytes_max: usize,
}

impl SegmentOptions {
    /// Defaults for a memory budget of `memory_limit` bytes: half of it for decoded chunks, a sixteenth for footers.
    pub fn for_memory(memory_limit: usize) -> Self {
        Self { cache_bytes_max: memory_limit / 2, footer_bytes_max: memory_limit / 16 }
    }
}

/// The segments of one object store. Cheap to clone; all clones share caches.
#[derive(Debug, Clone)]
pub struct SegmentStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    files: Arc<SegmentFiles>,
    memory: Memory,
    cache: ReadCache,
    options: SegmentOptions,
    open: Mutex<OpenSegments>,
}

#[derive(Debug, Default)]
struct OpenSegments {
    readers: HashMap<SegmentId, Arc<SegmentReader>>,
    footer_bytes: usize,
}

impl OpenSegments {
    /// Keeps a reader, or gives the one that somebody else opened meanwhile.
    fn keep(&mut self, reader: Arc<SegmentReader>, footer_bytes_max: usize) -> Arc<SegmentReader> {
        if let Some(other) = self.readers.get(&reader.meta().id) {
            return other.clone();
        }
        if self.footer_bytes + reader.footer_bytes() > footer_bytes_max {
            // All that nobody holds: opening again costs one read of a tail.
            self.readers.retain(|_, reader| Arc::strong_count(reader) > 1);
            self.footer_bytes = self.readers.values().map(|reader| reader.footer_bytes()).sum();
        }
        self.footer_bytes += reader.footer_bytes();
        self.readers.insert(reader.meta().id, reader.clone());
        reader
    }

    fn remove(&mut self, id: SegmentId) {
        if let Some(reader) = self.readers.remove(&id) {
            self.footer_bytes -= reader.footer_bytes();
        }
    }
}

impl SegmentStore {
    /// Segments in `store`. With `disk`, the same folder as a local disk, files are written through it with every sync
    /// that durability needs; without, they are put into the remote store.
    pub fn new(store: Arc<dyn ObjectStore>, disk: Option<Arc<dyn Disk>>, memory: Memory, options: SegmentOptions) -> Self {
        let cache = ReadCache::new(&memory, options.cache_bytes_max);
        let files = Arc::new(SegmentFiles::new(store, disk));
        Self(Arc::new(Shared { files, memory, cache, options, open: Mutex::default() }))
    }

    /// Sorts, encodes and writes the records of a buffer; durable when it returns. The same job gives the same file.
    ///
    /// # Errors
    /// [`StorageError::Full`] and other errors of writing; nothing is visible then. [`StorageError::Internal`] if the
    /// offsets are not dense.
    pub async fn seal(&self, job: SealJob) -> Result<SegmentMeta> {
        let memory = self.0.memory.clone();
        let (meta, bytes) = blocking(move || seal::seal(job, &memory)).await?;
        self.0.files.put(&meta.location, bytes).await?;
        Ok(meta)
    }

    /// Makes one segment of neighbours; durable when it returns. The old ones stay.
    ///
    /// # Errors
    /// As for [`SegmentStore::seal`] and for reading.
    pub async fn merge(&self, job: MergeJob) -> Result<SegmentMeta> {
        let mut readers = Vec::with_capacity(job.segments.len());
        for meta in &job.segments {
            readers.push(self.open(meta).await?);
        }
        let (meta, bytes) = merge::merge(job, readers, &self.0.memory).await?;
        self.0.files.put(&meta.location, bytes).await?;
        Ok(meta)
    }

    /// Opens a segment, or gives the one that is open.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    pub async fn open(&self, meta: &Arc<SegmentMeta>) -> Result<Arc<SegmentReader>> {
        if let Some(reader) = self.0.open.lock().readers.get(&meta.id) {
            return Ok(reader.clone());
        }
        let reader = Arc::new(reader::open(&self.0.files, &self.0.cache, &self.0.memory, meta).await?);
        Ok(self.0.open.lock().keep(reader, self.0.options.footer_bytes_max))
    }

    /// Removes a segment's file and what the caches hold of it. Not an error if it is gone. Readers that are open fail at
    /// their next read.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn delete(&self, location: &str) -> Result<()> {
        self.forget(location);
        self.0.files.delete(location).await
    }

    /// Lets go of what the caches hold of a segment. Readers that are in use stay, and the file stays.
    pub fn forget(&self, location: &str) {
        if let Some(id) = id_in(location) {
            self.0.open.lock().remove(id);
            self.0.cache.forget(id);
        }
    }

    /// The facts of all segments, read from their footers.
    ///
    /// # Errors
    /// [`StorageError::BrokenSegments`] names every file that cannot be read; nothing is left out in silence.
    pub async fn list(&self) -> Result<Vec<SegmentMeta>> {
        let (mut metas, mut broken) = (Vec::new(), Vec::new());
        for (location, bytes) in self.0.files.list().await? {
            let Some(id) = id_in(&location) else {
                broken.push((location, "its name has no segment id".to_owned()));
                continue;
            };
            match reader::read_meta(&self.0.files, &location, bytes, id).await {
                Ok(meta) => metas.push(meta),
                Err(error) => broken.push((location, error.to_string())),
            }
        }
        if broken.is_empty() { Ok(metas) } else { Err(StorageError::BrokenSegments { files: broken }) }
    }

    /// Every file among the segments, known to the catalog or not: (location, bytes).
    ///
    /// # Errors
    /// The store's.
    pub async fn locations(&self) -> Result<Vec<(String, u64)>> {
        self.0.files.list().await
    }

    /// Removes what a crash left of segments that were being written, and says how many there were. Only while none is.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn remove_unfinished(&self) -> Result<usize> {
        self.0.files.remove_unfinished().await
    }

    /// The facts of one segment file, read from its footer.
    ///
    /// # Errors
    /// [`StorageError::BrokenSegments`] or [`StorageError::CorruptSegment`] if it is none; the store's.
    pub async fn read_meta(&self, location: &str, bytes: u64) -> Result<SegmentMeta> {
        let Some(id) = id_in(location) else {
            let files = vec![(location.to_owned(), "its name has no segment id".to_owned())];
            return Err(StorageError::BrokenSegments { files });
        };
        reader::read_meta(&self.0.files, location, bytes, id).await
    }

    /// Reads the whole file and compares it with its id.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`] if a single bit differs, [`StorageError::MissingSegment`], or the store's.
    pub async fn verify(&self, meta: &SegmentMeta) -> Result<()> {
        self.0.files.verify(&meta.location, meta.id).await
    }

    /// The cache of decoded chunks.
    pub fn cache(&self) -> &ReadCache {
        &self.0.cache
    }
}
