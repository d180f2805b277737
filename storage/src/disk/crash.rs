//! What a disk may hold after the power went: a replay of a journal of file operations, with everything that was not
//! synced lost, torn, reordered or there by luck.
//!
//! Test machinery. The model promises no more than POSIX does:
//! - bytes written since the file's last sync survive sector by sector, in any combination;
//! - a length set or reserved since then may be the old or the new one;
//! - names created, renamed or removed since the folder's last sync survive one by one, a rename as a whole; a folder whose
//!   name is lost takes everything in it along;
//! - a sync covers what was done before it began, and only once it has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rand::{Rng, RngExt};

use super::sparse::SparseBytes;

/// The unit that a disk writes whole or not at all, in bytes.
pub const SECTOR: u64 = 512;

/// One operation of the journal. Files are numbers, because names change; paths are relative to the root.
#[derive(Debug, Clone)]
pub enum Op {
    /// A new, empty file, or the same file under its first name.
    Create {
        /// The file.
        file: u64,
        /// Its name.
        path: PathBuf,
    },
    /// `bytes` at `at`.
    Write {
        /// The file.
        file: u64,
        /// Where.
        at: u64,
        /// What.
        bytes: Bytes,
    },
    /// Cut or extended to `len`.
    SetLen {
        /// The file.
        file: u64,
        /// New length.
        len: u64,
    },
    /// Everything written to the file until now is on stable storage.
    Sync {
        /// The file.
        file: u64,
    },
    /// A sync begins, of a file or of a folder. Other operations may come before its end.
    SyncBegin {
        /// Which sync.
        sync: u64,
        /// What is synced.
        of: SyncOf,
    },
    /// A sync ends: what was done before its begin is on stable storage.
    SyncEnd {
        /// Which sync.
        sync: u64,
    },
    /// A new, empty folder. The root is always there.
    CreateFolder {
        /// The folder.
        path: PathBuf,
    },
    /// `from` replaces `to`.
    Rename {
        /// Old name.
        from: PathBuf,
        /// New name.
        to: PathBuf,
    },
    /// The name is gone.
    Remove {
        /// The name.
        path: PathBuf,
    },
    /// Names in the folder are on stable storage.
    SyncFolder {
        /// The folder; the empty path is the root.
        folder: PathBuf,
    },
}

/// What a sync makes durable.
#[derive(Debug, Clone)]
pub enum SyncOf {
    /// A file's bytes and length.
    File(u64),
    /// The names in a folder.
    Folder(PathBuf),
}

/// Files by path.
pub type Image = BTreeMap<PathBuf, SparseBytes>;

#[derive(Debug, Clone)]
enum DataChange {
    Write { at: u64, bytes: Bytes },
    SetLen(u64),
}

#[derive(Debug, Clone)]
enum NameChange {
    Bind { path: PathBuf, file: u64 },
    Rename { from: PathBuf, to: PathBuf, file: u64 },
    Remove { path: PathBuf },
    CreateFolder { path: PathBuf },
}

impl NameChange {
    fn folder(&self) -> &Path {
        let path = match self {
            Self::Bind { path, .. } | Self::Remove { path } | Self::CreateFolder { path } => path,
            Self::Rename { to, .. } => to,
        };
        path.parent().unwrap_or(Path::new(""))
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Bind { path, file } => {
                names.insert(path.clone(), *file);
            }
            Self::Rename { from, to, file } => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
            Self::Remove { path } => {
                names.remove(path);
            }
            Self::CreateFolder { .. } => {}
        }
    }
}

#[derive(Debug, Clone, Default)]
struct FileState {
    durable: SparseBytes,
    /// Changes since the file was made that are in `durable`.
    settled: usize,
    pending: Vec<DataChange>,
}

impl FileState {
    fn settle(&mut self, until: usize) {
        let count = until.saturating_sub(self.settled).min(self.pending.len());
        for change in self.pending.drain(..count) {
            apply_whole(&mut self.durable, &change);
        }
        self.settled += count;
    }
}

/// What a sync that has begun will settle.
#[derive(Debug, Clone)]
enum SyncMark {
    File { file: u64, until: usize },
    Folder { folder: PathBuf, until: u64 },
}

/// The state of a disk between two operations: what is durable, and what might be.
#[derive(Debug, Clone, Default)]
pub struct DiskState {
    files: BTreeMap<u64, FileState>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// With the number of the change.
    pending_names: Vec<(u64, NameChange)>,
    name_changes: u64,
    live_names: BTreeMap<PathBuf, u64>,
    syncs: BTreeMap<u64, SyncMark>,
}

impl DiskState {
    /// A disk that durably holds `image`.
    pub fn holding(image: Image) -> Self {
        let mut state = Self::default();
        for (file, (path, durable)) in (0..).zip(image) {
            state.files.insert(file, FileState { durable, ..FileState::default() });
            state.durable_names.insert(path.clone(), file);
            state.live_names.insert(path, file);
        }
        state
    }

    /// The file that `path` names now.
    pub fn file_at(&self, path: &Path) -> Option<u64> {
        self.live_names.get(path).copied()
    }

    /// Carries out one operation. One that makes no sense (a rename of nothing) changes nothing.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Create { file, path } => {
                self.files.entry(*file).or_default();
                self.change_name(NameChange::Bind { path: path.clone(), file: *file });
            }
            Op::Write { file, at, bytes } => self.change_data(*file, DataChange::Write { at: *at, bytes: bytes.clone() }),
            Op::SetLen { file, len } => self.change_data(*file, DataChange::SetLen(*len)),
            Op::Sync { file } => {
                if let Some(state) = self.files.get_mut(file) {
                    state.settle(usize::MAX);
                }
            }
            Op::SyncBegin { sync, of } => {
                let mark = match of {
                    SyncOf::File(file) => {
                        let until = self.files.get(file).map_or(0, |state| state.settled + state.pending.len());
                        SyncMark::File { file: *file, until }
                    }
                    SyncOf::Folder(folder) => SyncMark::Folder { folder: folder.clone(), until: self.name_changes },
                };
                self.syncs.insert(*sync, mark);
            }
            Op::SyncEnd { sync } => match self.syncs.remove(sync) {
                Some(SyncMark::File { file, until }) => {
                    if let Some(state) = self.files.get_mut(&file) {
                        state.settle(until);
                    }
                }
                Some(SyncMark::Folder { folder, until }) => self.settle_names(&folder, until),
                None => {}
            },
            Op::CreateFolder { path } => self.change_name(NameChange::CreateFolder { path: path.clone() }),
            Op::Rename { from, to } => {
                if let Some(file) = self.file_at(from) {
                    self.change_name(NameChange::Rename { from: from.clone(), to: to.clone(), file });
                }
            }
            Op::Remove { path } => self.change_name(NameChange::Remove { path: path.clone() }),
            Op::SyncFolder { folder } => self.settle_names(folder, self.name_changes),
        }
    }

    fn settle_names(&mut self, folder: &Path, until: u64) {
        let settled = |(number, change): &(u64, NameChange)| *number < until && change.folder() == folder;
        for (_, change) in self.pending_names.extract_if(.., |entry| settled(entry)) {
            change.apply(&mut self.durable_names);
        }
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.live_names);
        self.pending_names.push((self.name_changes, change));
        self.name_changes += 1;
    }

    fn change_data(&mut self, file: u64, change: DataChange) {
        if let Some(state) = self.files.get_mut(&file) {
            state.pending.push(change);
        }
    }

    /// What a killed process leaves: everything that the operating system was told.
    pub fn after_kill(&self) -> Image {
        let content = |file: &u64| {
            let state = &self.files[file];
            let mut content = state.durable.clone();
            state.pending.iter().for_each(|change| apply_whole(&mut content, change));
            content
        };
        self.live_names.iter().map(|(path, file)| (path.clone(), content(file))).collect()
    }

    /// What a power cut may leave, by the luck of `random`.
    pub fn after_power_loss(&self, random: &mut impl Rng) -> Image {
        let mut names = self.durable_names.clone();
        let luck = Luck::draw(random);
        let mut lost_folders = BTreeSet::new();
        for (_, change) in &self.pending_names {
            match change {
                change if luck.strikes(random) => change.apply(&mut names),
                NameChange::CreateFolder { path } => drop(lost_folders.insert(path)),
                _ => {}
            }
        }
        names.retain(|path, _| !path.ancestors().any(|folder| lost_folders.contains(&folder.to_owned())));
        let mut image = Image::new();
        for (path, file) in names {
            let state = &self.files[&file];
            let mut content = state.durable.clone();
            let luck = Luck::draw(random);
            for change in &state.pending {
                match change {
                    DataChange::Write { at, bytes } => write_some_sectors(&mut content, *at, bytes, luck, random),
                    DataChange::SetLen(_) if !luck.strikes(random) => {}
                    DataChange::SetLen(_) => apply_whole(&mut content, change),
                }
            }
            image.insert(path, content);
        }
        image
    }
}

/// How much of what was pending reached the disk.
#[derive(Debug, Clone, Copy)]
enum Luck {
    Nothing,
    Everything,
    Some(f64),
}

impl Luck {
    fn draw(random: &mut impl Rng) -> Self {
        match random.random_range(0..6) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => Self::Some(0.95),
            3 => Self::Some(0.05),
            _ => Self::Some(0.5),
        }
    }

    fn strikes(self, random: &mut impl Rng) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(probability) => random.random_bool(probability),
        }
    }
}

fn apply_whole(content: &mut SparseBytes, change: &DataChange) {
    match change {
        DataChange::Write { at, bytes } => content.write(*at, bytes),
        DataChange::SetLen(len) => content.set_len(*len),
    }
}

fn write_some_sectors(content: &mut SparseBytes, at: u64, bytes: &[u8], luck: Luck, random: &mut impl Rng) {
    let mut done = 0;
    while done < bytes.len() {
        let sector_end = (at + done as u64) / SECTOR * SECTOR + SECTOR;
        let end = bytes.len().min((sector_end - at) as usize);
        if luck.strikes(random) {
            content.write(at + done as u64, &bytes[done..end]);
        }
        done = end;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    fn write(at: u64, fill: u8, len: usize) -> Op {
        Op::Write { file: 1, at, bytes: Bytes::from(vec![fill; len]) }
    }

    fn read(image: &Image, path: &str) -> Option<Vec<u8>> {
        let content = image.get(Path::new(path))?;
        let mut bytes = vec![0; content.len() as usize];
        content.read(0, &mut bytes);
        Some(bytes)
    }

    #[test]
    fn synced_bytes_survive_and_others_may_not() {
        let mut state = DiskState::default();
        let folder = PathBuf::new();
        let create = Op::Create { file: 1, path: "a".into() };
        for op in [create, write(0, 1, 1024), Op::Sync { file: 1 }, Op::SyncFolder { folder }, write(0, 2, 1024)] {
            state.apply(&op);
        }
        let mut seen = [0; 4];
        for seed in 0..200 {
            let bytes = read(&state.after_power_loss(&mut SmallRng::seed_from_u64(seed)), "a").unwrap();
            assert!(bytes[..512].iter().all(|b| *b == bytes[0]) && bytes[512..].iter().all(|b| *b == bytes[512]));
            seen[usize::from(bytes[0] - 1) * 2 + usize::from(bytes[512] - 1)] += 1;
        }
        assert!(seen.iter().all(|n| *n > 0), "every combination of two sectors: {seen:?}");
        assert_eq!(read(&state.after_kill(), "a").unwrap(), [2; 1024]);
    }

    #[test]
    fn a_sync_covers_what_was_before_its_begin() {
        let mut state = DiskState::default();
        let folder = PathBuf::new();
        let begin = Op::SyncBegin { sync: 9, of: SyncOf::File(1) };
        let end = Op::SyncEnd { sync: 9 };
        let create = Op::Create { file: 1, path: "a".into() };
        for op in [create, Op::SyncFolder { folder }, write(0, 1, 512), begin, write(0, 2, 512)] {
            state.apply(&op);
        }
        let firsts = |state: &DiskState| -> BTreeSet<Option<u8>> {
            let images = (0..99).map(|seed| state.after_power_loss(&mut SmallRng::seed_from_u64(seed)));
            images.map(|image| read(&image, "a").unwrap().first().copied()).collect()
        };
        assert_eq!(firsts(&state), [None, Some(1), Some(2)].into());
        state.apply(&end);
        assert_eq!(firsts(&state), [Some(1), Some(2)].into());
    }

    #[test]
    fn a_lost_folder_takes_its_files_along() {
        let mut state = DiskState::default();
        state.apply(&Op::CreateFolder { path: "wal".into() });
        state.apply(&Op::Create { file: 1, path: "wal/a".into() });
        state.apply(&Op::SyncFolder { folder: "wal".into() });
        let there = |state: &DiskState| {
            (0..50).filter(|seed| !state.after_power_loss(&mut SmallRng::seed_from_u64(*seed)).is_empty()).count()
        };
        assert!((1..50).contains(&there(&state)));
        state.apply(&Op::SyncFolder { folder: PathBuf::new() });
        assert_eq!(there(&state), 50);
    }

    #[test]
    fn a_name_needs_its_folder_synced() {
        let mut state = DiskState::default();
        state.apply(&Op::Create { file: 1, path: "wal/a".into() });
        state.apply(&Op::Sync { file: 1 });
        state.apply(&Op::SyncFolder { folder: PathBuf::new() });
        let there = |state: &DiskState, path: &str| {
            let images = (0..50).map(|seed| state.after_power_loss(&mut SmallRng::seed_from_u64(seed)));
            images.filter(|image| image.contains_key(Path::new(path))).count()
        };
        assert!((1..50).contains(&there(&state, "wal/a")));
        state.apply(&Op::SyncFolder { folder: "wal".into() });
        assert_eq!(there(&state, "wal/a"), 50);
        state.apply(&Op::Rename { from: "wal/a".into(), to: "wal/b".into() });
        assert_eq!(there(&state, "wal/a") + there(&state, "wal/b"), 50);
    }
}
