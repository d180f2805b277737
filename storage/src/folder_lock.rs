//! Keeps a second process out of a data folder.
//!
//! The lock is the operating system's lock on an open file, so a killed process leaves none behind. The file's content,
//! the owner's process id, is for people only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::{Result, StorageError};

/// Name of the lock file in the data folder.
pub const LOCK_FILE: &str = "strata.lock";

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes `folder`, which must exist, without waiting.
    ///
    /// # Errors
    /// [`StorageError::Locked`] if another process, or this one, holds it; [`StorageError::Io`] if the folder is missing
    /// or cannot be written.
    pub fn acquire(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK_FILE);
        let fail = |source| StorageError::io(format!("lock {}", path.display()), source);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StorageError::Locked { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        file.set_len(0).map_err(fail)?;
        writeln!(file, "{}", std::process::id()).map_err(fail)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::acquire(folder.path()).unwrap();
        assert!(matches!(FolderLock::acquire(folder.path()), Err(StorageError::Locked { .. })));
        drop(lock);
        FolderLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(FolderLock::acquire(&folder.path().join("absent")), Err(StorageError::Io { .. })));
    }
}
