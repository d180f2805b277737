//! Index files: names, the container of sections, and reading sections through the cache.
//!
//! ```text
//! file      := magic section* directory trailer
//! directory := JSON: version, segment, column, method, options, rows, facts, sections [[at, bytes, crc32c], ...]
//! trailer   := length of the directory (u32) crc32c of the directory (u32) magic
//! ```
//!
//! **Invariant:** no byte of a section or of the directory is believed before its checksum was compared.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt8Array};
use arrow::buffer::Buffer;
use arrow::datatypes::UInt8Type;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{IndexOptions, IndexSpec};
use crate::cache::{CachedColumn, ChunkKey, ReadCache};
use crate::ids::{ColumnId, SegmentId};
use crate::segment::{INDEX_SUFFIX as SUFFIX, SEGMENT_SUFFIX, SegmentFiles, id_of_location};
use crate::{Result, StorageError};

/// First and last bytes of a file.
const MAGIC: &[u8; 8] = b"STRAIDX1";
/// The version that this program reads and writes. A file of another one is built anew.
const VERSION: u32 = 2;
/// Length, checksum, magic.
const TRAILER_BYTES: usize = 4 + 4 + MAGIC.len();
/// Bytes that are read first: the directory of most files fits.
const TAIL_BYTES: u64 = 32 << 10;
/// Bytes of a directory, at most.
const DIRECTORY_BYTES_MAX: u64 = 16 << 20;

/// What a method puts into its file.
#[derive(Debug)]
pub struct IndexParts {
    /// What the method must know before it reads a section.
    pub facts: serde_json::Value,
    /// Contents, numbered from 0.
    pub sections: Vec<Vec<u8>>,
}

/// The name of an index file and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexName {
    /// Path in the store.
    pub location: String,
    /// The segment.
    pub segment: SegmentId,
    /// What is indexed, and how.
    pub spec: IndexSpec,
}

impl IndexName {
    /// For a segment at this path; `None` if that is no path of a segment.
    pub fn new(segment_location: &str, spec: &IndexSpec) -> Option<Self> {
        let segment = id_of_location(segment_location)?;
        let options: Vec<String> = spec.options.iter().map(|(name, value)| format!(",{name}={value}")).collect();
        let base = segment_location.strip_suffix(SEGMENT_SUFFIX)?;
        let location = format!("{base}.{}.{}{}{SUFFIX}", spec.column.0, spec.method, options.concat());
        Some(Self { location, segment, spec: spec.clone() })
    }

    /// Reads a path; `None` if it is not that of an index.
    pub fn parse(location: &str) -> Option<Self> {
        let (rest, what) = location.strip_suffix(SUFFIX)?.rsplit_once('.')?;
        let (base, column) = rest.rsplit_once('.')?;
        let mut what = what.split(',');
        let method = what.next()?.to_owned();
        let options = what.map(|option| option.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
        let spec = IndexSpec { column: ColumnId(column.parse().ok()?), method, options: options.collect::<Option<_>>()? };
        let segment = id_of_location(&format!("{base}{SEGMENT_SUFFIX}"))?;
        Some(Self { location: location.to_owned(), segment, spec })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    version: u32,
    segment: String,
    column: ColumnId,
    method: String,
    options: IndexOptions,
    rows: u64,
    facts: serde_json::Value,
    sections: Vec<(u64, u64, u32)>,
}

/// The bytes of a file.
///
/// # Errors
/// [`StorageError::Internal`] if the facts are no JSON.
pub fn assemble(name: &IndexName, rows: u64, parts: IndexParts) -> Result<Bytes> {
    let mut file = MAGIC.to_vec();
    file.reserve(parts.sections.iter().map(Vec::len).sum::<usize>() + TRAILER_BYTES + (4 << 10));
    let mut sections = Vec::with_capacity(parts.sections.len());
    for section in parts.sections {
        sections.push((file.len() as u64, section.len() as u64, crc32c::crc32c(&section)));
        file.extend(section);
    }
    let directory = Directory {
        version: VERSION,
        segment: name.segment.to_string(),
        column: name.spec.column,
        method: name.spec.method.clone(),
        options: name.spec.options.clone(),
        rows,
        facts: parts.facts,
        sections,
    };
    let directory = serde_json::to_vec(&directory)
        .map_err(|error| StorageError::Internal(format!("index directory cannot be written: {error}")))?;
    file.extend(&directory);
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(crc32c::crc32c(&directory).to_le_bytes());
    file.extend(MAGIC);
    Ok(file.into())
}

/// An open file.
#[derive(Debug)]
pub struct IndexFile {
    name: IndexName,
    directory: Directory,
    /// Its name in the keys of the cache.
    cached_as: Arc<str>,
    files: Arc<SegmentFiles>,
    cache: ReadCache,
}

impl IndexFile {
    /// Reads the directory of the index `name`, a file of `bytes` bytes over a segment of `rows` rows.
    ///
    /// # Errors
    /// [`StorageError::BrokenIndex`], or the store's.
    pub(crate) async fn open(
        files: &Arc<SegmentFiles>,
        cache: &ReadCache,
        name: IndexName,
        bytes: u64,
        rows: u64,
    ) -> Result<Self> {
        let directory = read_directory(files, &name.location, bytes).await?;
        let broken = |reason: String| StorageError::BrokenIndex { location: name.location.clone(), reason };
        if directory.version != VERSION {
            return Err(broken(format!("it has version {} and not {VERSION}", directory.version)));
        }
        let spec = &name.spec;
        let is_it = directory.segment == name.segment.to_string()
            && directory.column == spec.column
            && directory.method == spec.method
            && directory.options == spec.options
            && directory.rows == rows;
        if !is_it {
            return Err(broken("it is the index of something else".to_owned()));
        }
        let cached_as = name.location.rsplit('/').next().unwrap_or_default().into();
        Ok(Self { name, directory, cached_as, files: files.clone(), cache: cache.clone() })
    }

    /// Rows of the segment.
    pub fn rows(&self) -> usize {
        self.directory.rows as usize
    }

    /// What the method wrote about itself.
    ///
    /// # Errors
    /// [`StorageError::BrokenIndex`] if it is something else.
    pub fn facts<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.directory.facts).map_err(|error| self.broken(error.to_string()))
    }

    /// The bytes of a section.
    ///
    /// # Errors
    /// [`StorageError::BrokenIndex`] or the store's.
    pub async fn section(&self, number: usize) -> Result<UInt8Array> {
        let whole = |bytes: Bytes| Ok(Arc::new(UInt8Array::new(Buffer::from(bytes).into(), None)) as ArrayRef);
        let array = self.array(number, whole).await?;
        Ok(array.as_primitive::<UInt8Type>().clone())
    }

    /// A section in the form that `decode` gives it, which the cache keeps; always the same for one section.
    ///
    /// # Errors
    /// [`StorageError::BrokenIndex`], the store's, or those of `decode`, as a reason.
    pub async fn array(
        &self,
        number: usize,
        decode: impl Fn(Bytes) -> Result<ArrayRef, String> + Send + Sync,
    ) -> Result<ArrayRef> {
        let key = self.key(number);
        if let Some(array) = self.cache.get(&key) {
            return Ok(array);
        }
        let load = || async {
            let bytes = self.read(number).await?;
            let array = decode(bytes).map_err(|reason| self.broken(reason))?;
            self.cache.insert(key.clone(), array.clone());
            Ok(vec![array])
        };
        Ok(self.cache.flights().join(&key, load).await?.remove(0))
    }

    /// A section in the form that the cache keeps, if it does.
    pub fn cached(&self, number: usize) -> Option<ArrayRef> {
        self.cache.get(&self.key(number))
    }

    /// Sections will be asked for soon: those that the cache does not keep may be read now.
    pub fn will_need(&self, numbers: impl IntoIterator<Item = usize>) {
        let missing = numbers.into_iter().filter(|number| !self.cache.contains(&self.key(*number)));
        let range = |number: usize| self.directory.sections.get(number).map(|(at, bytes, _)| *at..at + bytes);
        let ranges: Vec<_> = missing.filter_map(range).collect();
        if !ranges.is_empty() {
            self.files.will_need(&self.name.location, &ranges);
        }
    }

    fn key(&self, number: usize) -> ChunkKey {
        ChunkKey { segment: self.name.segment, column: CachedColumn::Index(self.cached_as.clone()), chunk: number as u32 }
    }

    async fn read(&self, number: usize) -> Result<Bytes> {
        let section = self.directory.sections.get(number);
        let (at, bytes, crc) = *section.ok_or_else(|| self.broken(format!("it has no section {number}")))?;
        if bytes == 0 {
            return Ok(Bytes::new());
        }
        let read = self.files.get_ranges(&self.name.location, std::slice::from_ref(&(at..at + bytes))).await?.remove(0);
        if read.len() as u64 != bytes || crc32c::crc32c(&read) != crc {
            return Err(self.broken(format!("section {number} does not have its checksum")));
        }
        Ok(read)
    }

    /// The error of a file that does not hold what it should.
    pub fn broken(&self, reason: String) -> StorageError {
        StorageError::BrokenIndex { location: self.name.location.clone(), reason }
    }
}

async fn read_directory(files: &SegmentFiles, location: &str, bytes: u64) -> Result<Directory> {
    let broken = |reason: &str| StorageError::BrokenIndex { location: location.to_owned(), reason: reason.to_owned() };
    let range = |from: u64, to: u64| async move {
        let mut read = files.get_ranges(location, std::slice::from_ref(&(from..to))).await?;
        let read = read.remove(0);
        if read.len() as u64 == to - from { Ok(read) } else { Err(broken("the file is shorter than its size says")) }
    };
    let tail_start = bytes.saturating_sub(TAIL_BYTES);
    let tail = range(tail_start, bytes).await?;
    let Some((before, trailer)) = tail.split_last_chunk::<TRAILER_BYTES>() else { return Err(broken("it is too short")) };
    let [l0, l1, l2, l3, c0, c1, c2, c3, magic @ ..] = trailer;
    if magic != MAGIC {
        return Err(broken("it does not end as an index does"));
    }
    let length = u64::from(u32::from_le_bytes([*l0, *l1, *l2, *l3]));
    let crc = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
    let end = bytes - TRAILER_BYTES as u64;
    if length > end || length > DIRECTORY_BYTES_MAX {
        return Err(broken("its directory is longer than the file"));
    }
    let directory = match before.len().checked_sub(length as usize) {
        Some(start) => tail.slice(start..before.len()),
        None => range(end - length, end).await?,
    };
    if crc32c::crc32c(&directory) != crc {
        return Err(broken("its directory does not have its checksum"));
    }
    serde_json::from_slice(&directory).map_err(|error| broken(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let location = format!("segments/7/{:020}-{}.parquet", 5, SegmentId([3; 16]));
        let options = [("tokenizer".to_owned(), "simple".to_owned())];
        for options in [IndexOptions::new(), options.into_iter().collect()] {
            let spec = IndexSpec { column: ColumnId(5), method: "inverted".to_owned(), options };
            let name = IndexName::new(&location, &spec).unwrap();
            assert_eq!(IndexName::parse(&name.location), Some(name));
        }
        assert_eq!(IndexName::parse(&location), None);
        assert_eq!(IndexName::parse("segments/7/x.index"), None);
    }
}
