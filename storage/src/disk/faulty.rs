//! A disk in memory that writes down everything done to it, breaks on demand, and shows what a crash would leave.
//!
//! For tests of this crate and of those above it; a server never uses it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::crash::{DiskState, Image, Op};
use super::sparse::SparseBytes;
use super::{Disk, DiskFile, inside};
use crate::{Result, StorageError};

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct FaultyDisk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    journal: Vec<Op>,
    names: DiskState,
    contents: Vec<SparseBytes>,
    folders: BTreeSet<PathBuf>,
    faults: Faults,
}

#[derive(Debug)]
struct Faults {
    capacity_bytes: u64,
    syncs_left: Option<u64>,
    writes_left: Option<u64>,
}

impl Default for FaultyDisk {
    fn default() -> Self {
        Self::holding(Image::new())
    }
}

impl FaultyDisk {
    /// A disk that starts with `image`, all of it durable.
    pub fn holding(image: Image) -> Self {
        let folders = image.keys().flat_map(|path| path.ancestors().skip(1)).map(Path::to_owned).collect();
        let contents = image.values().cloned().collect();
        let faults = Faults { capacity_bytes: u64::MAX, syncs_left: None, writes_left: None };
        Self(Arc::new(Mutex::new(Inner { journal: Vec::new(), names: DiskState::holding(image), contents, folders, faults })))
    }

    /// How many operations were done.
    pub fn journal_len(&self) -> usize {
        self.0.lock().journal.len()
    }

    /// Everything done since the start. Replay it on [`DiskState`] to crash at any point of it.
    pub fn journal(&self) -> Vec<Op> {
        self.0.lock().journal.clone()
    }

    /// The files as they are now.
    pub fn image(&self) -> Image {
        let inner = self.0.lock();
        inner.names.after_kill().into_keys().map(|path| (path.clone(), inner.contents[inner.file(&path)].clone())).collect()
    }

    /// Changes the size of the disk. What is stored counts against it; a smaller one makes the disk full.
    pub fn set_capacity(&self, bytes: u64) {
        self.0.lock().faults.capacity_bytes = bytes;
    }

    /// Bytes that the files take up.
    pub fn used_bytes(&self) -> u64 {
        self.0.lock().used_bytes()
    }

    /// Lets `n` more syncs of files succeed; all later ones fail.
    pub fn fail_syncs_after(&self, n: u64) {
        self.0.lock().faults.syncs_left = Some(n);
    }

    /// Lets `n` more writes succeed; the next one stops half way and all later ones fail.
    pub fn fail_writes_after(&self, n: u64) {
        self.0.lock().faults.writes_left = Some(n);
    }

    /// Changes stored bytes behind everybody's back: `flip` is XORed to the byte at `at`.
    ///
    /// # Panics
    /// If the file is not there or shorter.
    pub fn flip(&self, path: &Path, at: u64, flip: u8) {
        let mut inner = self.0.lock();
        let file = inner.file(path);
        let mut byte = [0];
        assert_eq!(inner.contents[file].read(at, &mut byte), 1, "byte {at} is past the end");
        inner.contents[file].write(at, &[byte[0] ^ flip]);
    }
}

impl Inner {
    fn file(&self, path: &Path) -> usize {
        self.names.file_at(path).map(|file| file as usize).unwrap_or_else(|| panic!("no file {}", path.display()))
    }

    fn used_bytes(&self) -> u64 {
        self.names.after_kill().keys().map(|path| self.contents[self.file(path)].len()).sum()
    }

    /// Only names are replayed live; contents are kept aside, so that the journal need not be.
    fn record(&mut self, op: Op) {
        if !matches!(op, Op::Write { .. } | Op::SetLen { .. } | Op::Sync { .. }) {
            self.names.apply(&op);
        }
        self.journal.push(op);
    }

    fn make_room(&self, file: usize, len: u64, what: &str) -> Result<()> {
        let more = len.saturating_sub(self.contents[file].len());
        if more > 0 && self.used_bytes().saturating_add(more) > self.faults.capacity_bytes {
            return Err(StorageError::io(what, io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }
}

fn absent(path: &Path) -> StorageError {
    StorageError::io(format!("open {}", path.display()), io::ErrorKind::NotFound.into())
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> Result<Arc<dyn DiskFile>> {
        let path = inside(path)?;
        let mut inner = self.0.lock();
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() && !inner.folders.contains(folder) {
            return Err(absent(path));
        }
        if inner.names.file_at(path).is_some() {
            return Err(StorageError::io(format!("create {}", path.display()), io::ErrorKind::AlreadyExists.into()));
        }
        let file = inner.contents.len();
        inner.contents.push(SparseBytes::default());
        inner.record(Op::Create { file: file as u64, path: path.to_owned() });
        Ok(Arc::new(FaultyFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> Result<Arc<dyn DiskFile>> {
        let path = inside(path)?;
        let file = self.0.lock().names.file_at(path).ok_or_else(|| absent(path))?;
        Ok(Arc::new(FaultyFile { disk: self.clone(), file: file as usize }))
    }

    fn list(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let folder = inside(folder)?;
        let inner = self.0.lock();
        let files = inner.names.after_kill();
        let children = files.keys().chain(&inner.folders).filter(|path| path.parent() == Some(folder));
        let names: BTreeSet<PathBuf> = children.filter_map(|path| path.file_name().map(PathBuf::from)).collect();
        Ok(names.into_iter().collect())
    }

    fn create_folder(&self, folder: &Path) -> Result<()> {
        let folder = inside(folder)?;
        self.0.lock().folders.extend(folder.ancestors().filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (inside(from)?, inside(to)?);
        let mut inner = self.0.lock();
        inner.names.file_at(from).ok_or_else(|| absent(from))?;
        inner.record(Op::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let path = inside(path)?;
        let mut inner = self.0.lock();
        if inner.names.file_at(path).is_some() {
            inner.record(Op::Remove { path: path.to_owned() });
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        let folder = inside(folder)?;
        let mut inner = self.0.lock();
        if !folder.as_os_str().is_empty() && !inner.folders.contains(folder) {
            return Err(absent(folder));
        }
        inner.record(Op::SyncFolder { folder: folder.to_owned() });
        Ok(())
    }

    fn free_bytes(&self) -> Result<u64> {
        let inner = self.0.lock();
        Ok(inner.faults.capacity_bytes.saturating_sub(inner.used_bytes()))
    }
}

#[derive(Debug)]
struct FaultyFile {
    disk: FaultyDisk,
    file: usize,
}

impl FaultyFile {
    fn set_len_recorded(&self, inner: &mut Inner, len: u64) {
        inner.contents[self.file].set_len(len);
        inner.record(Op::SetLen { file: self.file as u64, len });
    }
}

impl DiskFile for FaultyFile {
    fn write_at(&self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut inner = self.disk.0.lock();
        inner.make_room(self.file, at + bytes.len() as u64, "write")?;
        let fails = match &mut inner.faults.writes_left {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        let written = if fails { &bytes[..bytes.len() / 2] } else { bytes };
        inner.contents[self.file].write(at, written);
        inner.record(Op::Write { file: self.file as u64, at, bytes: Bytes::copy_from_slice(written) });
        if fails { Err(StorageError::io("write", io::Error::other("injected failure"))) } else { Ok(()) }
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<usize> {
        Ok(self.disk.0.lock().contents[self.file].read(at, into))
    }

    fn len(&self) -> Result<u64> {
        Ok(self.disk.0.lock().contents[self.file].len())
    }

    fn preallocate(&self, len: u64) -> Result<()> {
        let mut inner = self.disk.0.lock();
        if len > inner.contents[self.file].len() {
            inner.make_room(self.file, len, "reserve space")?;
            self.set_len_recorded(&mut inner, len);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut inner = self.disk.0.lock();
        inner.make_room(self.file, len, "set the length")?;
        self.set_len_recorded(&mut inner, len);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        let mut inner = self.disk.0.lock();
        if let Some(left) = &mut inner.faults.syncs_left {
            if *left == 0 {
                return Err(StorageError::io("sync", io::Error::other("injected failure")));
            }
            *left -= 1;
        }
        inner.record(Op::Sync { file: self.file as u64 });
        Ok(())
    }
}
