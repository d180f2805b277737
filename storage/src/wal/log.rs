//! The handle on a running log.

use std::collections::VecDeque;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, Semaphore, oneshot};

use super::file::{FOLDER, list_numbers, remove_unfinished};
use super::frame::frame_bytes;
use super::preparer::{self, FileMaker, Task};
use super::space::{Space, bound, epoch_end};
use super::state::{Pending, PrepareFailure, Shared, State};
use super::{Admission, Frame, GroupSink, RecoverySummary, Ticket, WalFileInfo, WalOptions, WalPosition, recovery, writer};
use crate::disk::Disk;
use crate::{Result, StorageError};

/// Upper bound, but for very long producer names, of what a transaction of bodies of `bytes` bytes takes up, if each counts
/// for 256 bytes at least: what a frame carries besides is about a hundred.
fn with_overhead(bytes: usize) -> u64 {
    bytes as u64 + bytes as u64 / 2 + 4096
}

/// A running log. One a process; share it by reference or in an `Arc`.
#[derive(Debug)]
pub struct Wal {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Wal {
    /// Reads all complete transactions in log order, without a torn tail. Call it before [`Wal::start`], in the same
    /// process that holds the folder's lock. One frame and 8 MiB of a file are in memory at a time.
    ///
    /// # Errors
    /// [`StorageError::CorruptLog`] if something that was acknowledged may be damaged; the disk's errors; those of
    /// `visit`, which end it.
    pub fn recover(disk: &Arc<dyn Disk>, visit: &mut dyn FnMut(WalPosition, Frame) -> Result<()>) -> Result<RecoverySummary> {
        recovery::recover(disk, visit)
    }

    /// Begins a new file after all existing ones and starts the threads. `epoch` must be higher than every epoch before
    /// ([`RecoverySummary::epoch`] has the highest). A full disk is no error here: reading must go on, [`Wal::admit`]
    /// says it.
    ///
    /// # Errors
    /// [`StorageError::Internal`] for a used epoch; the disk's.
    pub fn start(disk: Arc<dyn Disk>, options: WalOptions, epoch: u64, sink: Arc<dyn GroupSink>) -> Result<Self> {
        disk.create_folder(Path::new(FOLDER))?;
        remove_unfinished(&*disk)?;
        let found = list_numbers(&*disk)?.into_iter().map(|number| recovery::inspect(&*disk, number));
        let found = found.collect::<Result<Vec<_>>>()?;
        let before = epoch_end(&found);
        if epoch <= before.epoch {
            let reason = format!("epoch {epoch} of the log is not after epoch {}", before.epoch);
            return Err(StorageError::Internal(reason));
        }
        let mut space = Space::after(found, options.file_bytes_min, options.file_bytes);
        let mut maker = FileMaker::new(disk.clone(), &options, epoch, before);
        let prepare_failure = match maker.make(space.next_number(), 0) {
            Ok(file) => {
                recovery::shorten(&*disk, &space.finished)?;
                space.add(file);
                None
            }
            Err(full @ StorageError::Full { .. }) => Some(PrepareFailure::of(&full)),
            Err(other) => return Err(other),
        };
        let state = State {
            queue: VecDeque::new(),
            space,
            next_group: 1,
            preparing: false,
            prepared: 0,
            prepare_failure,
            turn_wanted: false,
            closed: false,
            poison: None,
        };
        let (tasks, todo) = mpsc::channel();
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            prepared: Notify::new(),
            places: Arc::new(Semaphore::new(places(options.queue_bytes_max) as usize)),
            tasks,
            options,
        });
        let preparer = std::thread::Builder::new().name("strata-wal-files".to_owned());
        let preparer = preparer.spawn({
            let shared = shared.clone();
            move || preparer::run(&shared, maker, todo)
        });
        let preparer = preparer.map_err(|e| StorageError::io("start the thread for log files", e))?;
        let writer = writer::spawn(shared.clone(), sink)?;
        Ok(Self { shared, threads: Mutex::new(vec![writer, preparer]) })
    }

    /// Waits until a transaction whose bodies have `bytes` bytes, counting 256 for a smaller one, may be submitted: a place
    /// in the queue, first come first served, and reserved room on disk. One larger than the whole queue is let in alone.
    /// May be cancelled.
    ///
    /// # Errors
    /// [`StorageError::Full`] if the disk has no room; try again when it has. [`StorageError::Poisoned`] when the log is
    /// poisoned or closed.
    pub async fn admit(&self, bytes: usize) -> Result<Admission> {
        let shared = &self.shared;
        let wanted = places(bytes).min(places(shared.options.queue_bytes_max));
        let Ok(place) = shared.places.clone().acquire_many_owned(wanted).await else {
            shared.state.lock().check_open()?;
            return Err(StorageError::Internal("the queue of an open log is closed".to_owned()));
        };
        let promised_bytes = bound(with_overhead(bytes));
        let mut asked_at = None;
        loop {
            let mut prepared = pin!(shared.prepared.notified());
            prepared.as_mut().enable();
            {
                let mut state = shared.state.lock();
                state.check_open()?;
                if state.space.promise(promised_bytes) {
                    drop(state);
                    return Ok(Admission { shared: shared.clone(), place: Some(place), promised_bytes });
                }
                if asked_at.is_some_and(|asked_at| state.prepared > asked_at) {
                    if let Some(failure) = &state.prepare_failure {
                        return Err(failure.error());
                    }
                    asked_at = None;
                }
                if asked_at.is_none() {
                    asked_at = Some(state.prepared);
                    let capacity = state.space.capacity_for(promised_bytes).max(state.space.next_capacity());
                    shared.ask_for_file(&mut state, capacity);
                }
            }
            prepared.await;
        }
    }

    /// Queues a transaction: all of its frames will be recovered, or none. Never blocks on the disk. The order of calls
    /// is the order in the log, and in which the sink numbers the frames.
    ///
    /// # Errors
    /// [`StorageError::Full`] if it is larger than admitted and there is no room; [`StorageError::Poisoned`] when the log
    /// is poisoned or closed; [`StorageError::Internal`] for a transaction without frames or a frame without its body.
    /// Nothing was queued then, and the sink does not hear of it: what the caller claimed for it, the caller takes back.
    pub fn submit(&self, transaction: Vec<Frame>, admission: Admission) -> Result<Ticket> {
        let encoded = |frame: &Frame| (frame.rows == 0) == frame.body.is_empty();
        if transaction.is_empty() || !transaction.iter().all(encoded) {
            return Err(StorageError::Internal("a transaction has no frames, or a frame lacks its body".to_owned()));
        }
        let payload_bytes = transaction.iter().map(frame_bytes).sum();
        let frames = transaction.into_iter().map(|frame| (crc32c::crc32c(&frame.body), frame)).collect();
        let Some((place, mut promised_bytes)) = admission.take() else {
            return Err(StorageError::Internal("an admission was used twice".to_owned()));
        };
        let (ack, ticket) = oneshot::channel();
        let mut state = self.shared.state.lock();
        let needed = bound(payload_bytes);
        let mut enough = state.check_open();
        if enough.is_ok() && needed > promised_bytes {
            if state.space.promise(needed - promised_bytes) {
                promised_bytes = needed;
            } else {
                enough =
                    Err(StorageError::Full { what: format!("a transaction of {needed} bytes, {promised_bytes} were admitted") });
            }
        }
        if let Err(error) = enough {
            state.space.release(promised_bytes);
            return Err(error);
        }
        state.queue.push_back(Pending { frames, payload_bytes, promised_bytes, ack, _place: place });
        drop(state);
        self.shared.work.notify_all();
        Ok(Ticket(ticket))
    }

    /// Removes whole files whose frames are all before `oldest_needed`, oldest first, in the background.
    ///
    /// With `None`, nothing that the sink has ever got is needed. That is only true if no group can have become durable
    /// since the caller looked; otherwise pass what [`Wal::end`] said *before* looking.
    pub fn trim(&self, oldest_needed: Option<WalPosition>) {
        let mut state = self.shared.state.lock();
        let numbers: Vec<u64> = state.space.trim(oldest_needed).iter().map(|file| file.number).collect();
        if state.space.is_active_idle(oldest_needed) {
            // While the preparer is at work it may be the spare file that it works on.
            if !state.preparing
                && let Some(number) = state.space.discard_spare()
                && self.shared.tasks.send(Task::Discard { number }).is_err()
            {
                tracing::debug!("the log is closed, the spare file stays until the next start");
            }
            state.turn_wanted = true;
            self.shared.work.notify_all();
        }
        drop(state);
        if !numbers.is_empty() && self.shared.tasks.send(Task::Remove { numbers }).is_err() {
            tracing::debug!("the log is closed, old files stay until the next start");
        }
    }

    /// The files, oldest first: recovered ones, the active one, the one prepared next.
    pub fn files(&self) -> Vec<WalFileInfo> {
        self.shared.state.lock().space.files()
    }

    /// Bytes used in all files, without what is only reserved.
    pub fn bytes(&self) -> u64 {
        self.files().iter().map(|file| file.bytes).sum()
    }

    /// Where the next group goes. Every frame before it has been handed to the sink, every later one is at or after it.
    pub fn end(&self) -> WalPosition {
        self.shared.state.lock().space.end()
    }

    /// Why nothing can be acknowledged any more, if so.
    pub fn poisoned(&self) -> Option<String> {
        self.shared.state.lock().poison.clone()
    }

    /// Refuses new transactions, writes those that are queued, and returns when the threads have ended. Blocks. Calling it
    /// again does nothing.
    pub fn close(&self) {
        self.shared.state.lock().closed = true;
        self.shared.wake_all();
        if self.shared.tasks.send(Task::Stop).is_err() {
            tracing::debug!("the thread for log files has ended before");
        }
        for thread in self.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the log panicked");
            }
        }
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Permits of the queue for `bytes`: one a byte, as far as they can be counted.
fn places(bytes: usize) -> u32 {
    let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
    u32::try_from(bytes.clamp(1, most)).unwrap_or(u32::MAX)
}
