//! Room on disk: the file that is being written, the next one, and what has been promised of them.
//!
//! ```text
//!     active file                         spare file
//!     ┌────────────────────┬─────────┐    ┌─────────────────────────────┐
//!     │ groups             │ left    │    │ capacity                    │
//!     └────────────────────┴─────────┘    └─────────────────────────────┘
//!     promised = upper bound of what was admitted or queued and is not placed yet
//! ```
//!
//! The first file is small and each one after it larger, so that an idle server does not hold space that only a busy one
//! needs; when nothing in the log is needed any more, it begins anew with a small file.
//!
//! **Invariant:** `promised <= max(left, capacity)`. So what was promised fits: all of it into the active file, or, at
//! whatever point that file is left, the rest of it into the spare one.

use std::sync::Arc;

use super::file::{ALIGNMENT, EpochEnd, FileHeader, path_of, round_up};
use super::group::GROUP_HEADER_BYTES;
use super::{WalFileInfo, WalPosition};
use crate::disk::DiskFile;

/// Kept back in every file for the empty group that ends an epoch.
const END_GROUP_BYTES: u64 = ALIGNMENT;
/// How many times larger a file is than the one before, until it has the usual size.
const GROWTH: u64 = 2;

/// A file that groups are, or will be, written to.
#[derive(Debug, Clone)]
pub struct OpenFile {
    /// Its header.
    pub header: FileHeader,
    /// The file.
    pub file: Arc<dyn DiskFile>,
    /// Reserved bytes.
    pub len: u64,
    /// Where the next group goes.
    pub used: u64,
    /// First group in it.
    pub first_group: Option<u64>,
    /// Last group in it.
    pub last_group: Option<u64>,
}

impl OpenFile {
    /// A file without groups.
    pub fn new(header: FileHeader, file: Arc<dyn DiskFile>, len: u64) -> Self {
        Self { header, file, len, used: ALIGNMENT, first_group: None, last_group: None }
    }

    fn left(&self) -> u64 {
        self.len.saturating_sub(self.used + END_GROUP_BYTES)
    }

    fn capacity(&self) -> u64 {
        capacity(self.len)
    }

    fn info(&self) -> WalFileInfo {
        WalFileInfo {
            file: path_of(self.header.number),
            number: self.header.number,
            epoch: self.header.epoch,
            bytes: self.used,
            first_group: self.first_group,
            last_group: self.last_group,
        }
    }
}

/// Length of a file that has `capacity` bytes for groups.
pub fn file_len(capacity: u64) -> u64 {
    ALIGNMENT + capacity + END_GROUP_BYTES
}

fn capacity(len: u64) -> u64 {
    len.saturating_sub(file_len(0))
}

/// Upper bound of what `payload` bytes of frames take up, whatever group they end in.
pub fn bound(payload: u64) -> u64 {
    round_up(GROUP_HEADER_BYTES + payload, ALIGNMENT)
}

/// The files of the log.
#[derive(Debug)]
pub struct Space {
    /// Files that are no longer written, ascending.
    pub finished: Vec<WalFileInfo>,
    /// The file that is written. `None` while the disk was full from the start.
    pub active: Option<OpenFile>,
    /// The next one.
    pub spare: Option<OpenFile>,
    /// See the picture.
    promised: u64,
    /// Length of the first file, and of the usual one.
    lens: (u64, u64),
}

impl Space {
    /// A log that goes on after `finished`, with files of `len_min` to `len_max` bytes where no group needs more.
    pub fn after(finished: Vec<WalFileInfo>, len_min: u64, len_max: u64) -> Self {
        Self { finished, active: None, spare: None, promised: 0, lens: (len_min.min(len_max), len_max) }
    }

    /// Number of the file after all that exist.
    pub fn next_number(&self) -> u64 {
        let open = self.spare.as_ref().or(self.active.as_ref()).map(|file| file.header.number);
        open.or(self.finished.last().map(|file| file.number)).map_or(1, |number| number + 1)
    }

    fn room(&self) -> u64 {
        [&self.active, &self.spare].into_iter().flatten().map(OpenFile::left).max().unwrap_or(0)
    }

    /// Promises `bytes` if there is room for them.
    pub fn promise(&mut self, bytes: u64) -> bool {
        let fits = self.promised + bytes <= self.room();
        if fits {
            self.promised += bytes;
        }
        fits
    }

    /// Takes back a promise, kept or not.
    pub fn release(&mut self, bytes: u64) {
        assert!(bytes <= self.promised, "released {bytes} of {} promised bytes", self.promised);
        self.promised -= bytes;
    }

    /// Capacity that a file must have for `more` bytes on top of what is promised.
    pub fn capacity_for(&self, more: u64) -> u64 {
        self.promised + more
    }

    /// Capacity that the file after the active one should have.
    pub fn next_capacity(&self) -> u64 {
        let (min, max) = self.lens;
        capacity(self.active.as_ref().map_or(min, |active| active.len.saturating_mul(GROWTH).clamp(min, max)))
    }

    /// Capacity of a file for an idle log: the least, and what is promised.
    pub fn least_capacity(&self) -> u64 {
        self.capacity_for(0).max(capacity(self.lens.0))
    }

    /// Whether the spare file should be made now, so that it is there when the active one is full.
    pub fn wants_spare(&self) -> bool {
        self.spare.is_none() && self.active.as_ref().is_none_or(|active| active.left() < active.capacity() / 2)
    }

    /// Lets go of a spare file that is larger than an idle log needs, if what is promised fits into the active one. Its number.
    pub fn discard_spare(&mut self) -> Option<u64> {
        let active_left = self.active.as_ref().map_or(0, OpenFile::left);
        let is_large = |spare: &mut OpenFile| spare.len > self.lens.0 && self.promised <= active_left;
        self.spare.take_if(is_large).map(|spare| spare.header.number)
    }

    /// The file that has no groups yet. It must be used before another is made: recovery relies on it.
    pub fn unused(&self) -> Option<&OpenFile> {
        self.spare.as_ref().or(self.active.as_ref()).filter(|file| file.last_group.is_none())
    }

    /// Adds a file that was made, or notes that a file has grown.
    pub fn add(&mut self, made: OpenFile) {
        let number = made.header.number;
        if let Some(grown) = [&mut self.active, &mut self.spare].into_iter().flatten().find(|file| file.header.number == number) {
            grown.len = grown.len.max(made.len);
            return;
        }
        let place = if self.active.is_none() { &mut self.active } else { &mut self.spare };
        *place = Some(made);
    }

    /// The file for a group of `bytes`: the active one, or the spare one that becomes it. `None` if neither has room, which
    /// a promise excludes.
    pub fn place(&mut self, bytes: u64) -> Option<OpenFile> {
        let fits = |file: &Option<OpenFile>| file.as_ref().is_some_and(|file| bytes <= file.left());
        if !fits(&self.active) && fits(&self.spare) {
            self.turn();
        }
        self.active.clone().filter(|file| bytes <= file.left())
    }

    /// A group of `bytes` is durable in the active file, which keeps `promised` bytes of promises.
    pub fn settle(&mut self, group: u64, bytes: u64, promised: u64) {
        if let Some(active) = &mut self.active {
            active.used += bytes;
            active.first_group.get_or_insert(group);
            active.last_group = Some(group);
        }
        self.release(promised);
    }

    /// Whether nothing in the active file is needed, and it is so large or so full that leaving it is worth a new file.
    pub fn is_active_idle(&self, oldest_needed: Option<WalPosition>) -> bool {
        let unneeded = oldest_needed.is_none_or(|oldest| oldest >= self.end());
        let is_worth_it = |active: &OpenFile| active.len > self.lens.0 || active.used >= active.len / 4;
        unneeded && self.active.as_ref().is_some_and(|active| active.last_group.is_some() && is_worth_it(active))
    }

    /// Leaves the active file for the spare one, if the spare one holds everything that is promised.
    pub fn turn_early(&mut self) -> bool {
        let possible = self.spare.as_ref().is_some_and(|spare| self.promised <= spare.left());
        if possible {
            self.turn();
        }
        possible
    }

    fn turn(&mut self) {
        let left = std::mem::replace(&mut self.active, self.spare.take());
        self.finished.extend(left.map(|file| file.info()));
    }

    /// Takes out the finished files whose frames are all before `oldest_needed` (all of them if `None`), oldest first.
    pub fn trim(&mut self, oldest_needed: Option<WalPosition>) -> Vec<WalFileInfo> {
        let unneeded = |file: &WalFileInfo| oldest_needed.is_none_or(|oldest| file.number < oldest.file);
        let count = self.finished.iter().take_while(|file| unneeded(file)).count();
        self.finished.drain(..count).collect()
    }

    /// All files, ascending.
    pub fn files(&self) -> Vec<WalFileInfo> {
        let open = [&self.active, &self.spare].into_iter().flatten().map(OpenFile::info);
        self.finished.iter().cloned().chain(open).collect()
    }

    /// Where the next group would go if it fits.
    pub fn end(&self) -> WalPosition {
        match &self.active {
            Some(active) => WalPosition { file: active.header.number, byte: active.used },
            None => WalPosition { file: self.next_number(), byte: ALIGNMENT },
        }
    }
}

/// The end of the newest epoch, from the files that are left.
pub fn epoch_end(files: &[WalFileInfo]) -> EpochEnd {
    let epoch = files.last().map_or(0, |file| file.epoch);
    let last = files.iter().rfind(|file| file.epoch == epoch && file.last_group.is_some());
    let end =
        |file: &WalFileInfo| EpochEnd { epoch, last_group: file.last_group.unwrap_or(0), file: file.number, byte: file.bytes };
    last.map_or(EpochEnd { epoch, ..EpochEnd::default() }, end)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::disk::{Disk, FaultyDisk};

    fn open_file(number: u64, capacity: u64) -> OpenFile {
        let disk = FaultyDisk::default();
        let header = FileHeader { number, epoch: 1, salt: 0, before: Default::default(), len: 0 };
        OpenFile::new(header, disk.create(Path::new("f")).unwrap(), file_len(capacity))
    }

    proptest! {
        /// Whatever is promised finds a place, however transactions are grouped and whenever files are made.
        #[test]
        fn a_promise_is_kept(steps in prop::collection::vec((0u8..6, 1u64..6_000), 1..200)) {
            let mut space = Space::after(Vec::new(), file_len(8 << 10), file_len(16 << 10));
            let mut queue = std::collections::VecDeque::new();
            for (kind, size) in steps {
                match kind {
                    0 | 1 => if space.promise(bound(size)) { queue.push_back(size) },
                    2 => if space.wants_spare() { space.add(open_file(space.next_number(), space.next_capacity())) },
                    3 => { space.turn_early(); }
                    4 => { space.discard_spare(); }
                    _ => {
                        let group: Vec<u64> = queue.drain(..queue.len().min(3)).collect();
                        let bytes = bound(group.iter().sum());
                        if !group.is_empty() {
                            prop_assert!(space.place(bytes).is_some());
                            space.settle(1, bytes, group.iter().map(|size| bound(*size)).sum());
                        }
                    }
                }
                prop_assert!(space.promised <= space.room());
            }
        }
    }

    #[test]
    fn only_files_before_the_oldest_needed_frame_go() {
        let mut space = Space::after(Vec::new(), 4096, 4096);
        (1..=3).for_each(|number| {
            space.add(open_file(number, 4096));
            space.turn_early();
        });
        assert_eq!(space.finished.iter().map(|file| file.number).collect::<Vec<_>>(), [1, 2]);
        assert!(space.trim(Some(WalPosition { file: 1, byte: 9999 })).is_empty());
        assert_eq!(space.trim(Some(WalPosition { file: 2, byte: 512 })).len(), 1);
        assert_eq!(space.trim(None).len(), 1);
        assert_eq!(space.files().iter().map(|file| file.number).collect::<Vec<_>>(), [3]);
    }
}
