//! The local file system as the log and segment files use it: every write and every sync is a call here, so that tests
//! can lose, tear and reorder what was not synced.

pub mod crash;
pub mod faulty;
pub mod local;
pub mod sparse;

#[cfg(test)]
mod conformance;

use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

pub use faulty::FaultyDisk;
pub use local::LocalDisk;

use crate::{Result, StorageError};

/// A folder tree with explicit durability. Paths are relative to its root; `..` and absolute paths are refused.
pub trait Disk: Send + Sync + std::fmt::Debug {
    /// Creates `path` for writing; fails if it is there.
    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>>;
    /// Opens `path` for reading and writing.
    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>>;
    /// Names of files and folders in `folder`, sorted; empty if the folder is not there.
    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>>;
    /// Creates `folder` and its parents, durably.
    fn create_folder(&self, folder: &Path) -> Result<()>;
    /// Renames within the tree. Durable only after [`Disk::sync_folder`] of both folders.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Removes a file. Not an error if it is not there.
    fn remove(&self, path: &Path) -> Result<()>;
    /// Makes creations, renames and removals in `folder` durable.
    fn sync_folder(&self, folder: &Path) -> Result<()>;
    /// Ranges of a file, if all of them can be had without waiting for a device; `None` if not, or if nobody can tell.
    fn read_at_hand(&self, _path: &Path, _ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        None
    }
    /// Ranges of a file will be read soon. Does not wait for them, and may do nothing.
    fn will_need(&self, _path: &Path, _ranges: &[Range<u64>]) {}
    /// Bytes free for us.
    fn free_bytes(&self) -> Result<u64>;
}

/// An open file.
pub trait DiskFile: Send + Sync + std::fmt::Debug {
    /// Writes all of `bytes` at `at`.
    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()>;
    /// Reads up to `into.len()` bytes at `at`; fewer only at the end of the file.
    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<usize>;
    /// Length in bytes.
    fn len(&self) -> Result<u64>;
    /// Whether it holds nothing.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reserves space up to `len` bytes so that writes below it cannot meet a full disk. Extends the file with zeros.
    fn preallocate(&self, len: u64) -> Result<()>;
    /// Cuts or extends.
    fn set_len(&self, len: u64) -> Result<()>;
    /// `fdatasync`: returns when every earlier write is on stable storage.
    fn sync_data(&self) -> Result<()>;
}

/// Refuses paths that could leave the tree: absolute ones and those with `.` or `..` in them. The empty path is the root.
fn inside(path: &Path) -> Result<&Path> {
    if path.components().all(|component| matches!(component, Component::Normal(_))) {
        return Ok(path);
    }
    let reason = io::Error::new(io::ErrorKind::InvalidInput, "the path leaves the data folder");
    Err(StorageError::io(format!("use path {}", path.display()), reason))
}
