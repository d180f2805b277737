//! All segments of a server: making, opening, listing, checking and removing them.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use object_store::ObjectStore;
use parking_lot::Mutex;

use super::build::Built;
use super::building::BuildingIndexes;
use super::file::{SegmentFiles, blocking, id_in};
use super::job::{MergeJob, SealJob};
use super::meta::SegmentMeta;
use super::reader::{self, ColumnRef, SegmentReader};
use super::{merge, seal};
use crate::cache::ReadCache;
use crate::disk::Disk;
use crate::ids::SegmentId;
use crate::index::{IndexName, IndexRegistry, IndexSpec, IndexState, Question};
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
    indexes: Arc<IndexRegistry>,
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
        Self(Arc::new(Shared { files, memory, cache, options, open: Mutex::default(), indexes: Arc::default() }))
    }

    /// Sorts, encodes and writes the records of a buffer; durable when it returns. The same job gives the same file.
    ///
    /// # Errors
    /// [`StorageError::Full`] and other errors of writing; nothing is visible then. [`StorageError::Internal`] if the
    /// offsets are not dense.
    pub async fn seal(&self, job: SealJob) -> Result<SegmentMeta> {
        let memory = self.0.memory.clone();
        let built = blocking(move || seal::seal(job, &memory)).await?;
        self.write(built).await
    }

    /// Indexes first, so that a segment that is there has what was built with it.
    async fn write(&self, built: Built) -> Result<SegmentMeta> {
        for (name, bytes) in built.indexes {
            self.write_index(name, bytes).await?;
        }
        self.0.files.put(&built.meta.location, built.file).await?;
        Ok(built.meta)
    }

    async fn write_index(&self, name: IndexName, bytes: Bytes) -> Result<()> {
        let size = bytes.len() as u64;
        self.0.files.put(&name.location, bytes).await?;
        self.0.indexes.add(name, IndexState::Built(size));
        Ok(())
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
        let built = merge::merge(job, readers, &self.0.memory).await?;
        self.write(built).await
    }

    /// Builds an index for a segment that is there, in place of one that was built before; durable when it returns.
    ///
    /// # Errors
    /// Those of reading and writing. [`StorageError::Internal`] for a method that has no files.
    pub async fn build_index(&self, meta: &Arc<SegmentMeta>, spec: &IndexSpec) -> Result<()> {
        let unknown = || StorageError::Internal(format!("indexes of method {} have no files", spec.method));
        let name = IndexName::new(&meta.location, spec).ok_or_else(unknown)?;
        let reader = self.open(meta).await?;
        let memory = self.0.memory.clone();
        let mut building = BuildingIndexes::new(vec![spec.clone()], reader.rows(), &memory);
        let column = meta.schema.columns().find(|column| column.id == spec.column);
        let pieces = reader.uncached_chunks(&ColumnRef::Column(spec.column)).await?;
        let (meta, segment) = (meta.clone(), meta.id);
        let files = blocking(move || {
            for piece in &pieces {
                // A column that was added later is NULL here.
                let Some(column) = &column else { break };
                building.add(column, piece)?;
            }
            Ok(building.finish(&meta))
        });
        match files.await?.pop() {
            Some((name, bytes)) => {
                self.write_index(name, bytes).await?;
                // What is cached of the file that it replaces may not fit to this one.
                self.0.cache.forget(segment);
                Ok(())
            }
            None => {
                self.0.indexes.add(name, IndexState::Refused("it cannot be built; the server's log tells why".to_owned()));
                Ok(())
            }
        }
    }

    /// Removes the index files of a definition from these segments. Not an error if there are none.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn delete_index(&self, segments: &[Arc<SegmentMeta>], spec: &IndexSpec) -> Result<()> {
        for meta in segments {
            if self.0.indexes.state(meta.id, spec).is_some()
                && let Some(name) = IndexName::new(&meta.location, spec)
            {
                self.0.indexes.remove(&name);
                self.0.files.delete(&name.location).await?;
            }
        }
        Ok(())
    }

    /// What is known of index files.
    pub fn indexes(&self) -> &IndexRegistry {
        &self.0.indexes
    }

    /// Looks which index files there are. Those of segments that `is_live` does not know are removed.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn find_indexes(&self, is_live: impl Fn(SegmentId) -> bool) -> Result<()> {
        for (location, bytes) in self.0.files.list_indexes().await? {
            match IndexName::parse(&location) {
                Some(name) if is_live(name.segment) => self.0.indexes.add(name, IndexState::Built(bytes)),
                Some(_) => self.0.files.delete(&location).await?,
                None => tracing::warn!(location, "an index file has a name that none has; it is left alone"),
            }
        }
        Ok(())
    }

    /// Opens a segment, or gives the one that is open.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`], [`StorageError::MissingSegment`], or the store's.
    pub async fn open(&self, meta: &Arc<SegmentMeta>) -> Result<Arc<SegmentReader>> {
        if let Some(reader) = self.0.open.lock().readers.get(&meta.id) {
            return Ok(reader.clone());
        }
        let reader = Arc::new(reader::open(&self.0.files, &self.0.cache, &self.0.memory, &self.0.indexes, meta).await?);
        Ok(self.0.open.lock().keep(reader, self.0.options.footer_bytes_max))
    }

    /// A question will soon be asked of a segment: what its indexes need is read ahead, if it is open.
    pub fn will_probe(&self, segment: SegmentId, column: &ColumnRef, question: &Question) {
        let reader = self.0.open.lock().readers.get(&segment).cloned();
        if let Some(reader) = reader {
            reader.will_probe(column, question);
        }
    }

    /// Opens a segment and its indexes before anybody asks.
    ///
    /// # Errors
    /// Those of [`SegmentStore::open`]. An index that cannot be read is noted as broken, as a query would.
    pub async fn warm_up(&self, meta: &Arc<SegmentMeta>) -> Result<()> {
        self.open(meta).await?.warm_up().await;
        Ok(())
    }

    /// Removes a segment's file and what the caches hold of it. Not an error if it is gone. Readers that are open fail at
    /// their next read.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn delete(&self, location: &str) -> Result<()> {
        self.forget(location);
        self.0.files.delete(location).await?;
        for name in id_in(location).map(|id| self.0.indexes.remove_segment(id)).unwrap_or_default() {
            self.0.files.delete(&name.location).await?;
        }
        Ok(())
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
