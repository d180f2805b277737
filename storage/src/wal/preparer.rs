//! Makes the next file before it is needed and removes old ones, on a thread of its own, so that the log thread only ever
//! writes and syncs.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::file::{self, EpochEnd, FileHeader, path_of};
use super::space::{OpenFile, file_len};
use super::state::{PrepareFailure, Shared};
use crate::disk::Disk;
use crate::{Result, StorageError};

/// Work for the preparer.
#[derive(Debug)]
pub enum Task {
    /// A file with this capacity for groups, or one without groups made that large.
    Prepare {
        /// Bytes.
        capacity: u64,
    },
    /// These files, oldest first, are no longer needed.
    Remove {
        /// Their numbers.
        numbers: Vec<u64>,
    },
    /// The newest file, which has no groups, is larger than what is to come. The next that is made has the same number.
    Discard {
        /// Its number.
        number: u64,
    },
    /// The log is closed.
    Stop,
}

/// What it takes to make a file of this epoch.
#[derive(Debug)]
pub struct FileMaker {
    disk: Arc<dyn Disk>,
    epoch: u64,
    before: EpochEnd,
    salts: SmallRng,
    file_bytes_min: u64,
    free_bytes_min: u64,
}

impl FileMaker {
    /// A maker of files of `epoch`, which comes after `before`.
    pub fn new(disk: Arc<dyn Disk>, options: &super::WalOptions, epoch: u64, before: EpochEnd) -> Self {
        // Epochs differ, so that a fixed seed does not repeat its salts.
        let salts = SmallRng::seed_from_u64(options.salt_seed.wrapping_add(epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let (file_bytes_min, free_bytes_min) = (options.file_bytes_min.min(options.file_bytes), options.free_bytes_min);
        Self { disk, epoch, before, salts, file_bytes_min, free_bytes_min }
    }

    /// Makes file `number` with at least `capacity` bytes for groups, durable and reserved.
    ///
    /// # Errors
    /// [`StorageError::Full`] if that would leave less free space than must stay free; the disk's.
    pub fn make(&mut self, number: u64, capacity: u64) -> Result<OpenFile> {
        let len = file_len(capacity).max(self.file_bytes_min);
        self.check_free(len)?;
        let header = FileHeader { number, epoch: self.epoch, salt: self.salts.random(), before: self.before, len };
        Ok(OpenFile::new(header, file::create(&*self.disk, &header)?, len))
    }

    /// Enlarges `file` so that it has `capacity` bytes for groups.
    fn grow(&self, mut file: OpenFile, capacity: u64) -> Result<OpenFile> {
        let len = file_len(capacity);
        if len > file.len {
            self.check_free(len - file.len)?;
            file.file.preallocate(len)?;
            file.file.sync_data()?;
            file.len = len;
        }
        Ok(file)
    }

    fn check_free(&self, wanted: u64) -> Result<()> {
        let free = self.disk.free_bytes()?;
        if free < wanted.saturating_add(self.free_bytes_min) {
            let min = self.free_bytes_min;
            let what = format!("{wanted} more bytes of write-ahead log: {free} bytes are free and {min} must stay free");
            return Err(StorageError::Full { what });
        }
        Ok(())
    }
}

/// The thread. Ends with [`Task::Stop`]; files that are not removed by then are offered again after the next start.
pub fn run(shared: &Shared, mut maker: FileMaker, tasks: Receiver<Task>) {
    let mut doomed = VecDeque::new();
    for task in tasks {
        match task {
            Task::Stop => return,
            Task::Prepare { capacity } => prepare(shared, &mut maker, capacity),
            Task::Discard { number } => {
                // Should it stay, the next file that is made takes its place, and so does the next start.
                if let Err(error) = remove(&*maker.disk, &mut VecDeque::from([number])) {
                    tracing::warn!(%error, "a log file that is larger than needed stays for now");
                }
            }
            Task::Remove { numbers } => {
                doomed.extend(numbers);
                if let Err(error) = remove(&*maker.disk, &mut doomed) {
                    tracing::warn!(%error, "old log files stay for now");
                }
            }
        }
    }
}

fn prepare(shared: &Shared, maker: &mut FileMaker, capacity: u64) {
    let (unused, number) = {
        let state = shared.state.lock();
        (state.space.unused().cloned(), state.space.next_number())
    };
    let made = match unused {
        Some(unused) => maker.grow(unused, capacity),
        None => maker.make(number, capacity),
    };
    {
        let mut state = shared.state.lock();
        state.preparing = false;
        state.prepared += 1;
        state.prepare_failure = match made {
            Ok(made) => {
                state.space.add(made);
                None
            }
            Err(error) => {
                tracing::warn!(%error, "no new log file can be made");
                Some(PrepareFailure::of(&error))
            }
        };
    }
    shared.prepared.notify_waiters();
    shared.work.notify_all();
}

/// Strictly oldest first and with a sync after each, so that neither an error nor a crash leaves a hole in the row of files.
fn remove(disk: &dyn Disk, doomed: &mut VecDeque<u64>) -> Result<()> {
    while let Some(&number) = doomed.front() {
        disk.remove(&path_of(number))?;
        disk.sync_folder(Path::new(file::FOLDER))?;
        doomed.pop_front();
    }
    Ok(())
}
