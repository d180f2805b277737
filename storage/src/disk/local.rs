//! The operating system's file system below one folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{Advice, FallocateFlags, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::{Disk, DiskFile, inside};
use crate::{Result, StorageError};

/// Zeros are written in pieces of this size where the file system cannot reserve space.
const ZEROS_BYTES: usize = 1 << 20;

/// A folder of the local file system.
#[derive(Debug, Clone)]
pub struct LocalDisk {
    root: PathBuf,
}

impl LocalDisk {
    /// The tree below `root`, which must exist.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn resolve(&self, path: &Path) -> Result<PathBuf> {
        Ok(self.root.join(inside(path)?))
    }

    fn open_with(&self, path: &Path, options: &OpenOptions, verb: &str) -> Result<Arc<dyn DiskFile>> {
        let path = self.resolve(path)?;
        let file = options.open(&path).map_err(|e| StorageError::io(format!("{verb} {}", path.display()), e))?;
        Ok(Arc::new(LocalFile { file, path }))
    }
}

impl Disk for LocalDisk {
    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>> {
        self.open_with(path, OpenOptions::new().read(true).write(true).create_new(true), "create")
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>> {
        self.open_with(path, OpenOptions::new().read(true).write(true), "open")
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let folder = self.resolve(folder)?;
        let fail = |e| StorageError::io(format!("list {}", folder.display()), e);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(fail(e)),
        };
        let mut names =
            entries.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect::<io::Result<Vec<_>>>().map_err(fail)?;
        names.sort();
        Ok(names)
    }

    fn create_folder(&self, folder: &Path) -> Result<()> {
        let mut parent = PathBuf::new();
        for name in inside(folder)?.components() {
            let child = parent.join(name);
            let path = self.root.join(&child);
            match fs::create_dir(&path) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(StorageError::io(format!("create folder {}", path.display()), e));
                }
                // Synced even if it was there: whoever made it may have died before he could.
                _ => self.sync_folder(&parent)?,
            }
            parent = child;
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.resolve(from)?, self.resolve(to)?);
        fs::rename(&from, &to).map_err(|e| StorageError::io(format!("rename {} to {}", from.display(), to.display()), e))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let path = self.resolve(path)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StorageError::io(format!("remove {}", path.display()), e)),
            _ => Ok(()),
        }
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        let path = self.resolve(folder)?;
        File::open(&path)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| StorageError::io(format!("sync folder {}", path.display()), e))
    }

    fn read_at_hand(&self, path: &Path, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        // Whatever goes wrong goes wrong again where it is reported: on the way that waits.
        let file = File::open(self.resolve(path).ok()?).ok()?;
        ranges.iter().map(|range| read_cached(&file, range)).collect()
    }

    fn will_need(&self, path: &Path, ranges: &[Range<u64>]) {
        let Some(file) = self.resolve(path).ok().and_then(|path| File::open(path).ok()) else { return };
        for range in ranges {
            // Advice that is not taken only costs time.
            let _ = fadvise(&file, range.start, NonZeroU64::new(range.end.saturating_sub(range.start)), Advice::WillNeed);
        }
    }

    fn free_bytes(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|e| StorageError::io(format!("ask for free space at {}", self.root.display()), e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// A range of a file, if the page cache has all of it.
fn read_cached(file: &File, range: &Range<u64>) -> Option<Bytes> {
    let mut bytes = vec![0; usize::try_from(range.end.checked_sub(range.start)?).ok()?];
    let mut done = 0;
    while done < bytes.len() {
        let into = &mut [IoSliceMut::new(&mut bytes[done..])];
        match preadv2(file, into, range.start + done as u64, ReadWriteFlags::NOWAIT) {
            Ok(0) => return None,
            Ok(read) => done += read,
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(bytes.into())
}

#[derive(Debug)]
struct LocalFile {
    file: File,
    path: PathBuf,
}

impl LocalFile {
    fn named<T>(&self, verb: &str, result: io::Result<T>) -> Result<T> {
        result.map_err(|e| StorageError::io(format!("{verb} {}", self.path.display()), e))
    }

    /// For file systems without `fallocate`: real zeros.
    fn fill_with_zeros(&self, len: u64) -> io::Result<()> {
        let zeros = vec![0; ZEROS_BYTES];
        let mut at = self.file.metadata()?.len();
        while at < len {
            let piece = ZEROS_BYTES.min(usize::try_from(len - at).unwrap_or(ZEROS_BYTES));
            self.file.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        Ok(())
    }
}

impl DiskFile for LocalFile {
    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.named("write", self.file.write_all_at(bytes, at))
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.file.read_at(&mut into[done..], at + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return self.named("read", Err(e)),
            }
        }
        Ok(done)
    }

    fn len(&self) -> Result<u64> {
        self.named("ask for the length of", self.file.metadata().map(|metadata| metadata.len()))
    }

    fn preallocate(&self, len: u64) -> Result<()> {
        if len <= self.len()? {
            return Ok(());
        }
        let reserved = loop {
            match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, len) {
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::OPNOTSUPP) => break self.fill_with_zeros(len),
                done => break done.map_err(io::Error::from),
            }
        };
        self.named("reserve space for", reserved)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.named("set the length of", self.file.set_len(len))
    }

    fn sync_data(&self) -> Result<()> {
        self.named("sync", rustix::fs::fdatasync(&self.file).map_err(io::Error::from))
    }
}
