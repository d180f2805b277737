//! Segment files in the store: names, durable writing, reading of ranges.
//!
//! **Invariant:** a name under `segments/` that ends in `.parquet` is a whole file on stable storage; on a local disk a
//! file is written under another name, synced, renamed, and its folder synced.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::disk::Disk;
use crate::ids::{Offset, SegmentId, TopicId};
use crate::{Result, StorageError};

/// Folder of all segments.
const FOLDER: &str = "segments";
/// End of a segment's name.
pub(crate) const SUFFIX: &str = ".parquet";
/// End of an index file's name.
pub(crate) const INDEX_SUFFIX: &str = ".index";
/// End of the name of a file that is being written. Left behind by a crash until the next start; nothing refers to it.
const UNFINISHED: &str = ".unfinished";

/// Reads of more bytes than this always go to a thread that may wait.
const AT_HAND_BYTES_MAX: u64 = 1 << 20;

/// The store of segment files.
#[derive(Debug)]
pub struct SegmentFiles {
    store: Arc<dyn ObjectStore>,
    disk: Option<Arc<dyn Disk>>,
}

/// The path of a segment.
pub fn location(topic: TopicId, first_offset: Offset, id: SegmentId) -> String {
    format!("{FOLDER}/{topic}/{first_offset:020}-{id}{SUFFIX}")
}

/// The id of a segment whose file has this hash.
pub fn id_of(hash: &blake3::Hash) -> SegmentId {
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_bytes()[..16]);
    SegmentId(id)
}

/// The id in the path of a segment.
pub fn id_in(location: &str) -> Option<SegmentId> {
    location.strip_suffix(SUFFIX)?.rsplit_once('-')?.1.parse().ok()
}

impl SegmentFiles {
    /// Files of `store`. With `disk`, the same folder as a local disk, through which files are written.
    pub fn new(store: Arc<dyn ObjectStore>, disk: Option<Arc<dyn Disk>>) -> Self {
        Self { store, disk }
    }

    /// Writes a file; durable when it returns. Writing the same content again is harmless.
    ///
    /// # Errors
    /// The disk's or the store's. Whether a remote store has the file then is unknown.
    pub async fn put(&self, location: &str, bytes: Bytes) -> Result<()> {
        let Some(disk) = self.disk.clone() else {
            self.store.put(&StorePath::from(location), bytes.into()).await?;
            return Ok(());
        };
        let path = PathBuf::from(location);
        blocking(move || put_local(disk.as_ref(), &path, &bytes)).await
    }

    /// Reads ranges of a file; a range behind its end comes back shorter or fails.
    ///
    /// # Errors
    /// [`StorageError::MissingSegment`] if there is no such file, else the store's.
    pub async fn get_ranges(&self, location: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(read) = self.at_hand(location, ranges) {
            return Ok(read);
        }
        if ranges.len() > 1 {
            // They are read one after the other; the disk may fetch them all at once.
            self.will_need(location, ranges);
        }
        self.store.get_ranges(&StorePath::from(location), ranges).await.map_err(|error| missing(location, error))
    }

    /// The ranges, if they are small and the local disk need not be waited for: copying them costs less than asking another
    /// thread to.
    fn at_hand(&self, location: &str, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let bytes: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        if bytes > AT_HAND_BYTES_MAX { None } else { self.disk.as_ref()?.read_at_hand(Path::new(location), ranges) }
    }

    /// Ranges of a file will be read soon: a local disk may begin now.
    pub fn will_need(&self, location: &str, ranges: &[Range<u64>]) {
        if let Some(disk) = &self.disk {
            disk.will_need(Path::new(location), ranges);
        }
    }

    /// Bytes of a file.
    ///
    /// # Errors
    /// [`StorageError::MissingSegment`] if there is no such file, else the store's.
    pub async fn size(&self, location: &str) -> Result<u64> {
        let found = self.store.head(&StorePath::from(location)).await.map_err(|error| missing(location, error))?;
        Ok(found.size)
    }

    /// Hashes a file and compares it with its id.
    ///
    /// # Errors
    /// [`StorageError::CorruptSegment`] if they differ, [`StorageError::MissingSegment`], or the store's.
    pub async fn verify(&self, location: &str, id: SegmentId) -> Result<()> {
        let found = self.store.get(&StorePath::from(location)).await.map_err(|error| missing(location, error))?;
        let mut pieces = found.into_stream();
        let mut hasher = blake3::Hasher::new();
        while let Some(piece) = pieces.try_next().await? {
            hasher.update(&piece);
        }
        if id_of(&hasher.finalize()) == id {
            return Ok(());
        }
        Err(StorageError::CorruptSegment { id, reason: "its content does not have this hash".to_owned() })
    }

    /// Removes a file. Not an error if it is not there.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn delete(&self, location: &str) -> Result<()> {
        let Some(disk) = self.disk.clone() else {
            return match self.store.delete(&StorePath::from(location)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            };
        };
        let path = PathBuf::from(location);
        blocking(move || {
            disk.remove(&path)?;
            disk.sync_folder(path.parent().unwrap_or(Path::new("")))
        })
        .await
    }

    /// Locations and sizes of all segments, by name.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self) -> Result<Vec<(String, u64)>> {
        self.list_by(SUFFIX).await
    }

    /// The same for index files.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_indexes(&self) -> Result<Vec<(String, u64)>> {
        self.list_by(INDEX_SUFFIX).await
    }

    async fn list_by(&self, suffix: &str) -> Result<Vec<(String, u64)>> {
        let mut found = self.names_ending(suffix).await?;
        found.sort_unstable();
        Ok(found)
    }

    /// Removes what a crash left of files that were being written, and says how many there were. Only while none is.
    ///
    /// # Errors
    /// The disk's or the store's.
    pub async fn remove_unfinished(&self) -> Result<usize> {
        let found = self.names_ending(UNFINISHED).await?;
        for (location, _) in &found {
            self.delete(location).await?;
        }
        Ok(found.len())
    }

    async fn names_ending(&self, end: &str) -> Result<Vec<(String, u64)>> {
        let all = self.store.list(Some(&StorePath::from(FOLDER)));
        let mut found: Vec<(String, u64)> = all.map_ok(|object| (object.location.to_string(), object.size)).try_collect().await?;
        found.retain(|(location, _)| location.ends_with(end));
        Ok(found)
    }
}

fn put_local(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    disk.create_folder(folder)?;
    disk.remove(&unfinished)?;
    let written = (|| {
        let file = disk.create(&unfinished)?;
        file.write_at(0, bytes)?;
        file.sync_data()
    })();
    if let Err(error) = written {
        // The first error is the one to report; an unfinished file that stays is only wasted space.
        let _ = disk.remove(&unfinished);
        return Err(error);
    }
    disk.rename(&unfinished, path)?;
    disk.sync_folder(folder)
}

fn missing(location: &str, error: object_store::Error) -> StorageError {
    match error {
        object_store::Error::NotFound { .. } => StorageError::MissingSegment { location: location.to_owned() },
        error => error.into(),
    }
}

/// Runs what computes or waits for a disk outside the threads that must stay responsive.
///
/// # Errors
/// Those of `work`; [`StorageError::Internal`] if it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StorageError::Internal(format!("a storage task did not finish: {error}"))),
    }
}
