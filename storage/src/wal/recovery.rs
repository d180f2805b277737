//! Reads the log back after a start: every complete group in order, a torn tail left out, corruption reported.
//!
//! The number of the next group is always known, so the first place where it is missing is either the end of a file, the
//! end of an epoch, the torn tail or corruption; what follows decides. `docs/formats/wal.md` has the table.
//!
//! **Invariant:** nothing is skipped: a frame is handed out only if everything before it was. Nothing is changed: the torn
//! tail ends to exist when the next epoch says, in its first file, where this one ended.

use std::path::Path;
use std::sync::Arc;

use super::file::{self, ALIGNMENT, EpochEnd, FileHeader, corrupt, path_of, round_up};
use super::frame::{self, FRAME_HEADER_BYTES};
use super::group::{GROUP_HEADER_BYTES, GroupHeader};
use super::window::Window;
use super::{BodyDecoder, Frame, RecoverySummary, WalFileInfo, WalPosition};
use crate::Result;
use crate::disk::Disk;

/// Who gets the recovered frames.
type Visit<'a> = dyn FnMut(WalPosition, Frame) -> Result<()> + 'a;

/// Reads all complete groups in log order and leaves out the torn tail.
///
/// Holds one frame and one piece of a file in memory at a time. Running it again before [`super::Wal::start`] gives the
/// same frames.
///
/// # Errors
/// [`crate::StorageError::CorruptLog`], the disk's errors, and those of `visit`, which end it.
pub fn recover(disk: &Arc<dyn Disk>, visit: &mut Visit<'_>) -> Result<RecoverySummary> {
    let numbers = file::list_numbers(&**disk)?;
    let (bodies, summary) = (BodyDecoder::default(), RecoverySummary::default());
    let mut reader = Reader { disk: &**disk, visit, bodies, summary, chain: None, stop: None, short: None };
    if !numbers.is_empty() {
        // Names that a killed process did not sync must not vanish after they were believed.
        disk.sync_folder(Path::new(file::FOLDER))?;
    }
    for (i, &number) in numbers.iter().enumerate() {
        if i > 0 && numbers[i - 1] + 1 != number {
            return Err(corrupt(numbers[i - 1] + 1, 0, "the file is missing"));
        }
        reader.read_file(number)?;
    }
    reader.finish()
}

/// How far the log has been read within an epoch.
#[derive(Debug, Clone, Copy)]
struct Chain {
    /// First file of the epoch that is left.
    first_file: u64,
    /// Whether files before it may have been trimmed, so that its first group may have any number.
    is_oldest: bool,
    /// Where reading stands. `last_group` is 0 before the first group.
    end: EpochEnd,
}

impl Chain {
    fn next_group(&self) -> Option<u64> {
        let is_anything = self.is_oldest && self.end.last_group == 0;
        (!is_anything).then_some(self.end.last_group + 1)
    }

    /// Whether this is all that the next epoch knows of this one.
    fn is_whole(&self, before: &EpochEnd) -> bool {
        let was_trimmed = self.is_oldest && self.end.last_group == 0 && before.file < self.first_file;
        self.end == *before || (was_trimmed && self.end.epoch == before.epoch)
    }
}

/// The place in the current epoch where the next group was not.
#[derive(Debug)]
struct Stop {
    file: u64,
    at: u64,
    /// Bytes from there to the last one that is not zero.
    garbage_bytes: u64,
    /// Whether this file has a group.
    has_groups: bool,
    /// Whether files of the epoch follow that have no group.
    has_followers: bool,
}

struct Reader<'a, 'v> {
    disk: &'a dyn Disk,
    visit: &'a mut Visit<'v>,
    bodies: BodyDecoder,
    summary: RecoverySummary,
    chain: Option<Chain>,
    stop: Option<Stop>,
    /// A file of this epoch that is shorter than it was made, and its length.
    short: Option<(u64, u64)>,
}

impl Reader<'_, '_> {
    fn read_file(&mut self, number: u64) -> Result<()> {
        let file = self.disk.open(&path_of(number))?;
        // A killed process may have left this in the page cache only.
        file.sync_data()?;
        let mut window = Window::on(file)?;
        let header = FileHeader::decode(window.get(0, ALIGNMENT)?).map_err(|reason| corrupt(number, 0, reason))?;
        if header.number != number {
            return Err(corrupt(number, 0, format!("the file calls itself number {}", header.number)));
        }
        let chain = self.enter_epoch(&header)?;
        self.chain = Some(chain);
        self.summary.epoch = header.epoch;
        if window.len() < header.len {
            self.short = Some((number, window.len()));
        }

        let mut at = ALIGNMENT;
        let mut has_groups = false;
        while let Some(group) = self.next_group(&mut window, &header, at)? {
            if !has_groups {
                self.leave_stop(group.number)?;
                has_groups = true;
            }
            self.read_frames(&mut window, number, at, &group)?;
            at = round_up(at + GROUP_HEADER_BYTES + group.payload_bytes, ALIGNMENT);
            let end = EpochEnd { epoch: header.epoch, last_group: group.number, file: number, byte: at };
            self.chain = self.chain.map(|chain| Chain { end, ..chain });
        }
        self.note_stop(&mut window, &header, at, has_groups)
    }

    /// Checks that the file continues the log, and that an epoch that ended had the end that its successor saw.
    fn enter_epoch(&mut self, header: &FileHeader) -> Result<Chain> {
        let end = EpochEnd { epoch: header.epoch, ..EpochEnd::default() };
        let Some(chain) = self.chain else {
            return Ok(Chain { first_file: header.number, is_oldest: true, end });
        };
        if header.epoch == chain.end.epoch {
            return Ok(chain);
        }
        if header.epoch < chain.end.epoch {
            let reason = format!("epoch {} follows epoch {}", header.epoch, chain.end.epoch);
            return Err(corrupt(header.number, 24, reason));
        }
        let stop = self.stop.take();
        if !chain.is_whole(&header.before) {
            let (number, at) = stop.map_or((header.number, 40), |stop| (stop.file, stop.at));
            let EpochEnd { epoch, last_group, file, byte } = header.before;
            let reason = format!("the log of epoch {epoch} went on to group {last_group}, byte {byte} of file {file}");
            return Err(corrupt(number, at, reason));
        }
        // Files of an epoch that ended are shortened to what is used.
        self.short = None;
        Ok(Chain { first_file: header.number, is_oldest: false, end })
    }

    /// The next group of the chain, if it stands whole at `at`. Another group in its place is proof of corruption.
    fn next_group(&self, window: &mut Window, header: &FileHeader, at: u64) -> Result<Option<GroupHeader>> {
        let Some(group) = GroupHeader::decode(window.get(at, GROUP_HEADER_BYTES)?, header) else { return Ok(None) };
        if let Some(expected) = self.chain.and_then(|chain| chain.next_group())
            && group.number != expected
        {
            let (file, at) = self.stop.as_ref().map_or((header.number, at), |stop| (stop.file, stop.at));
            return Err(corrupt(file, at, format!("group {expected} is missing, group {} is there", group.number)));
        }
        let payload_at = at + GROUP_HEADER_BYTES;
        let whole = group.payload_bytes <= window.len().saturating_sub(payload_at)
            && window.checksum(payload_at, group.payload_bytes)? == group.payload_checksum;
        Ok(whole.then_some(group))
    }

    fn read_frames(&mut self, window: &mut Window, number: u64, group_at: u64, group: &GroupHeader) -> Result<()> {
        let mut at = group_at + GROUP_HEADER_BYTES;
        let end = at + group.payload_bytes;
        for _ in 0..group.frames {
            let fits = |bytes: &u64| *bytes <= end - at;
            let bytes = frame::framed_bytes(window.get(at, FRAME_HEADER_BYTES)?).filter(fits);
            let bytes = bytes.ok_or_else(|| corrupt(number, at, "no frame begins here"))?;
            let frame = frame::decode(window.get(at, bytes)?, &mut self.bodies).map_err(|reason| corrupt(number, at, reason))?;
            self.summary.frames += 1;
            self.summary.rows += frame.rows;
            (self.visit)(WalPosition { file: number, byte: at }, frame)?;
            at += bytes;
        }
        if at == end { Ok(()) } else { Err(corrupt(number, at, "a group is longer than its frames")) }
    }

    /// A file of the same epoch goes on with the right group: whatever stopped the file before it was its end.
    fn leave_stop(&mut self, first_group: u64) -> Result<()> {
        match self.stop.take() {
            // A file is begun only when the one before it has been used.
            Some(stop) if !stop.has_groups || stop.has_followers => {
                Err(corrupt(stop.file, stop.at, format!("group {first_group} follows in a later file, but none is here")))
            }
            _ => Ok(()),
        }
    }

    /// Remembers where the groups of a file end. A later group after that place is proof of corruption.
    fn note_stop(&mut self, window: &mut Window, header: &FileHeader, at: u64, has_groups: bool) -> Result<()> {
        let (later, garbage_bytes) = search_rest(window, header, at)?;
        let expected = self.chain.map_or(1, |chain| chain.end.last_group + 1);
        if let Some(later) = later {
            let (number, at) =
                self.stop.as_ref().filter(|_| !has_groups).map_or((header.number, at), |stop| (stop.file, stop.at));
            return Err(corrupt(
                number,
                at,
                format!("group {expected} does not check out, but a later group, {later}, is there"),
            ));
        }
        match &mut self.stop {
            Some(stop) if garbage_bytes > 0 && stop.garbage_bytes > 0 => {
                let reason = format!("group {expected} does not check out, but file {} was begun after it", header.number);
                return Err(corrupt(stop.file, stop.at, reason));
            }
            Some(stop) if garbage_bytes == 0 => stop.has_followers = true,
            // No stop yet, or the file before ended properly and the first group of this one is torn.
            _ => self.stop = Some(Stop { file: header.number, at, garbage_bytes, has_groups, has_followers: false }),
        }
        Ok(())
    }

    /// What is left after the last group is the torn one, if anything.
    fn finish(mut self) -> Result<RecoverySummary> {
        if let Some((number, len)) = self.short {
            return Err(corrupt(number, len, "the file is shorter than it was made"));
        }
        if let Some(stop) = self.stop.filter(|stop| stop.garbage_bytes > 0) {
            self.summary.torn_bytes = stop.garbage_bytes;
            let (file, bytes) = (path_of(stop.file), stop.garbage_bytes);
            tracing::warn!(file = %file.display(), at = stop.at, bytes, "left out a torn group that was never acknowledged");
        }
        Ok(self.summary)
    }
}

/// Looks through the rest of a file: the number of a group that begins after `at`, and the bytes from `at` to the last one
/// that is not zero.
///
/// The group at `at` itself is damaged or absent. What counts is any header after it, for its group was begun only once
/// the one at `at` was synced.
fn search_rest(window: &mut Window, header: &FileHeader, at: u64) -> Result<(Option<u64>, u64)> {
    let mut garbage_bytes = 0;
    let mut sector = at;
    while sector < window.len() {
        let bytes = window.get(sector, ALIGNMENT)?;
        if let Some(last) = bytes.iter().rposition(|b| *b != 0) {
            garbage_bytes = sector + last as u64 + 1 - at;
            if sector > at
                && let Some(group) = GroupHeader::decode(bytes, header)
            {
                return Ok((Some(group.number), garbage_bytes));
            }
        }
        sector += ALIGNMENT;
    }
    Ok((None, garbage_bytes))
}

/// A file as [`super::Wal::start`] finds it: what `sys.wal` shows of it. Relies on [`recover`] having checked all of it, so
/// that only the last group can be torn, and hops from header to header.
///
/// # Errors
/// [`crate::StorageError::CorruptLog`] for a bad file header, and the disk's.
pub fn inspect(disk: &dyn Disk, number: u64) -> Result<WalFileInfo> {
    let mut window = Window::on(disk.open(&path_of(number))?)?;
    let header = FileHeader::decode(window.get(0, ALIGNMENT)?).map_err(|reason| corrupt(number, 0, reason))?;
    let empty =
        WalFileInfo { file: path_of(number), number, epoch: header.epoch, bytes: ALIGNMENT, first_group: None, last_group: None };
    let (mut before_last, mut info, mut last) = (empty.clone(), empty, None);
    while let Some(group) = GroupHeader::decode(window.get(info.bytes, GROUP_HEADER_BYTES)?, &header) {
        before_last = info.clone();
        last = Some(group);
        info.bytes = round_up(info.bytes + GROUP_HEADER_BYTES + group.payload_bytes, ALIGNMENT);
        info.first_group.get_or_insert(group.number);
        info.last_group = Some(group.number);
    }
    let Some(last) = last else { return Ok(info) };
    let payload_at = before_last.bytes + GROUP_HEADER_BYTES;
    let is_whole = last.payload_bytes <= window.len().saturating_sub(payload_at)
        && window.checksum(payload_at, last.payload_bytes)? == last.payload_checksum;
    Ok(if is_whole { info } else { before_last })
}

/// Shortens files of an epoch that ended to what is used, torn tail and reserved space gone. Only once the file that names
/// the end of that epoch is durable.
///
/// # Errors
/// Of the disk.
pub fn shorten(disk: &dyn Disk, files: &[WalFileInfo]) -> Result<()> {
    for info in files {
        let file = disk.open(&info.file)?;
        if file.len()? > info.bytes {
            file.set_len(info.bytes)?;
            file.sync_data()?;
        }
    }
    Ok(())
}
